"""--ids with the unmodified az: what becomes of each of many apps, and what they cost."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.local_azure import login

SHOW = "webapp python show"
SWITCH = "webapp python set-version --version 3.11 --yes"


def management(azure, number):
    """The requests to Resource Manager from the number-th on: "GET /subscriptions/…" without the query."""
    return [
        f"{one.method} {one.path.partition('?')[0]}"
        for one in azure.requests[number:]
        if one.host == "management.azure.com"
    ]


def statuses(answer):
    return [row["status"] for row in answer]


@pytest.fixture
def fleet(azure, request):
    """Makes a fleet of this test, and deletes it."""
    made = []

    def make(count, **options):
        made.append(azure.fleet(count, name=f"t{abs(hash(request.node.name)) % 10**8}x", **options))
        return made[-1]

    yield make
    for each in made:
        each.remove()


def test_each_app_has_a_row_in_the_order_given(az, fleet, tmp_path):
    apps = fleet(6, slots=("staging",))
    apps.fail("gone", 1)
    apps.fail("linux", 3)
    apps.fail("forbidden", 4)
    slot = apps.slot(5, "staging").address.resource_id
    wanted = [*apps.ids[4::-1], slot, apps.ids[0].upper()]
    (tmp_path / "apps.txt").write_text("# all of them\n" + "\n".join(wanted) + "\n", encoding="utf-8")
    result = az(SHOW, "--ids", "@apps.txt", expect=1)
    assert [row["id"] for row in result.json] == wanted[:-1]
    assert statuses(result.json) == ["failed", "failed", "succeeded", "failed", "succeeded", "succeeded"]
    assert [row["error"]["code"] for row in result.json if "error" in row] == [1, 1, 3]
    assert result.json[5]["app"]["slot"] == "staging" and result.json[5]["result"]["app"]["slot"] == "staging"
    assert result.json[2]["result"]["runtime"]["version"] == "3.8.10"
    name = apps[1].name
    # The seconds are told of work that took some.
    assert re.search(rf"^{name}: failed( after \d+ s)?: The app '{name}' was not found", result.stderr, re.MULTILINE)
    assert "6 apps: 3 succeeded, 3 failed." in result.stderr


def test_a_slot_is_changed_and_not_production(az, fleet):
    apps = fleet(1, slots=("staging",))
    answer = az(SWITCH, "--no-health-check", "--ids", apps.slot(0, "staging").address.resource_id).json
    assert answer[0]["result"]["runtime"]["version"] == "3.11.9"
    assert az(SHOW, "--ids", apps.ids[0]).json[0]["result"]["runtime"]["version"] == "3.8.10"


@pytest.mark.parametrize(
    "options, words",
    [
        (["--ids", "shop"], "'shop' is not the resource id"),
        (["--ids", "@missing.txt"], "cannot be read"),
        (["-g", "rg", "--ids"], "both name an app"),
        (["--parallel", "0", "--ids"], "--parallel 0"),
        (["--max-failures", "1", "-g", "rg", "-n", "shop"], "only for --ids"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_starts(az, azure, options, words):
    site = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
    number = len(azure.requests)
    result = az(SHOW, *options, *([site] if options[-1] == "--ids" else []), expect=2)
    assert words in result.stderr and len(azure.requests) == number


def test_names_out_of_the_configuration_do_not_count(az, fleet):
    apps = fleet(1)
    az("config set defaults.group=other defaults.web=another")
    assert statuses(az(SHOW, "--ids", *apps.ids).json) == ["succeeded"]


def test_a_hundred_apps_take_few_requests(az, azure, fleet):
    apps = fleet(100)
    number = len(azure.requests)
    result = az(SHOW, "--ids", *apps.ids)
    asked = management(azure, number)
    assert statuses(result.json) == ["succeeded"] * 100
    assert [row["id"] for row in result.json] == apps.ids
    assert len(asked) < 10, asked
    assert len([one for one in azure.requests[number:] if one.host == login.HOST]) <= 4


def test_one_list_is_read_page_by_page(az, azure, fleet):
    apps = fleet(7)
    azure.lists.page = 3
    try:
        number = len(azure.requests)
        answer = az("webapp python package list --ids", *apps.ids).json
    finally:
        azure.lists.page = 100
    assert statuses(answer) == ["succeeded"] * 7
    lists = [one for one in management(azure, number) if one.endswith("/providers/Microsoft.Web/sites")]
    assert 3 <= len(lists) <= 7


def test_a_dry_run_says_what_changes_in_how_many(az, fleet):
    apps = fleet(4)
    apps.fail("linux", 2)
    az(SWITCH, "--ids", apps.ids[0])
    result = az(f"{SWITCH} --dry-run --output table --ids", *apps.ids, expect=1)
    assert "2 apps: update web.config\n" in result.stderr and "1 app: unchanged" in result.stderr
    rows = [line.split(None, 1) for line in result.stdout.splitlines()]
    assert ["2", "update web.config"] in rows and ["1", "refused"] in rows and ["1", "unchanged"] in rows


def test_without_a_terminal_it_needs_yes(az, fleet):
    apps = fleet(2)
    result = az("webapp python set-version --version 3.11 --ids", *apps.ids, expect=1)
    assert "Change 2 of 2 apps? Cannot prompt" in result.stderr and "--yes" in result.stderr
    assert [row["result"]["runtime"]["version"] for row in az(SHOW, "--ids", *apps.ids).json] == ["3.8.10"] * 2


def test_after_so_many_failures_no_more_begin(az, fleet):
    apps = fleet(4)
    apps.fail("linux", 1)
    answer = az(f"{SWITCH} --parallel 1 --max-failures 1 --ids", *apps.ids, expect=1).json
    assert statuses(answer) == ["succeeded", "failed", "skipped", "skipped"]
    assert "Not started" in answer[2]["error"]["message"]


def test_what_was_switched_is_rolled_back(az, fleet):
    apps = fleet(3)
    assert statuses(az(SWITCH, "--ids", *apps.ids).json) == ["succeeded"] * 3
    answer = az("webapp python rollback --yes --ids", *apps.ids).json
    assert [row["result"]["runtime"]["version"] for row in answer] == ["3.8.10"] * 3


def test_work_is_started_everywhere_and_collected(az, fleet):
    apps = fleet(3, files={"requirements.txt": "six\n"})
    started = az("webapp python install-requirements --no-wait --ids", *apps.ids).json
    assert all(row["result"]["finishCommand"] for row in started)
    assert (
        apps[1].name in started[1]["result"]["finishCommand"] and "--ids" not in started[1]["result"]["finishCommand"]
    )
    waited = az("webapp python job wait --ids", *apps.ids).json
    assert [row["result"]["state"] for row in waited] == ["succeeded"] * 3
    again = az("webapp python install-requirements --ids", *apps.ids).json
    assert [row["result"]["changed"] for row in again] == [False] * 3


def test_logs_are_in_the_answer(az, fleet):
    apps = fleet(2, files={"requirements.txt": "six\n"})
    az("webapp python install-requirements --ids", *apps.ids)
    answer = az("webapp python job log --ids", *apps.ids).json
    assert all(any("six" in line for line in row["result"]) for row in answer)


def test_apps_of_several_subscriptions(az, azure, fleet):
    other = azure.subscriptions.add("Second")
    try:
        az(
            "login --service-principal --username",
            login.CLIENT_ID,
            "--password",
            login.CLIENT_SECRET,
            "--tenant",
            login.TENANT,
        )
        ids = [*fleet(2).ids, *azure_ids(azure, fleet, other)]
        assert statuses(az(SHOW, "--ids", *ids).json) == ["succeeded"] * 4
    finally:
        azure.subscriptions.remove(other)


def azure_ids(azure, fleet, subscription):
    return azure.fleet(2, name=f"o{time.monotonic_ns()}", resource_group="rg2", subscription=subscription).ids


def test_ctrl_c_starts_no_more_and_prints_the_answer(az, azure, fleet):
    apps = fleet(6)
    with azure.delayed(0.5):
        process = az.start(f"{SHOW} --parallel 2 --ids", *apps.ids)
        waiting = len(azure.requests)
        while process.poll() is None and not any("/api/" in one.path for one in azure.requests[waiting:]):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "will not be started" in stderr and '"skipped"' in stdout and '"succeeded"' in stdout


def test_what_is_wrong_with_each_app_is_told(az, fleet):
    apps = fleet(18)
    faults = ("gone", "forbidden", "linux", "container", "function", "cold")
    for place, fault in enumerate(faults):
        apps.fail(fault, 3 * place)
    apps.fail("unlisted", 1, 4)
    answer = az(SHOW, "--ids", *apps.ids, expect=1).json
    assert [row["id"] for row in answer] == apps.ids
    failed = [row for row in answer if row["status"] != "succeeded"]
    assert [apps.ids.index(row["id"]) for row in failed] == [0, 3, 6, 9, 12]
    words = ("was not found", "refused access", "runs on Linux", "runs a Windows container", "is a function app")
    for row, said in zip(failed, words):
        assert said in row["error"]["message"] and row["app"]["name"] in row["error"]["message"]


def test_apps_that_do_not_answer_as_before_are_put_back(az, fleet):
    apps = fleet(8)
    apps.fail("unhealthy", 1, 4, 6)
    answer = az(f"{SWITCH} --health-timeout 3 --parallel 4 --ids", *apps.ids, expect=1).json
    assert [number for number, row in enumerate(answer) if row["status"] == "failed"] == [1, 4, 6]
    shown = az(SHOW, "--ids", *apps.ids).json
    assert [row["result"]["runtime"]["version"] for row in shown] == [
        "3.8.10" if number in (1, 4, 6) else "3.11.9" for number in range(8)
    ]


def test_all_wait_when_resource_manager_says_so(az, azure, fleet):
    apps = fleet(3)
    usual = azure.arm_budget.writes
    azure.arm_budget.writes = type(usual)(1, 0.2)
    try:
        result = az(f"{SWITCH} --no-health-check --ids", *apps.ids)
    finally:
        azure.arm_budget.writes = usual
    assert statuses(result.json) == ["succeeded"] * 3
    assert azure.arm_budget.refused and result.stderr.count("limits the requests to subscription") == 1
