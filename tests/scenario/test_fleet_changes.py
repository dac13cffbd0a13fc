"""Changes of many apps with --ids: what fails is put back, jobs are collected later, and two controllers share a fleet."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import pytest

SWITCH = "webapp python set-version --version 3.11 --yes --no-health-check"
CHECKED = "webapp python set-version --version 3.11 --yes --health-timeout 3"
UNHEALTHY = (2, 11, 17)


@pytest.fixture
def fleet(azure, request):
    """Makes a fleet of this test, and deletes it."""
    made = []

    def make(count, **options):
        made.append(azure.fleet(count, name=f"c{abs(hash(request.node.name)) % 10**8}x", **options))
        return made[-1]

    yield make
    for each in made:
        each.remove()


def versions(az, apps):
    """The Python of each app, by what `show` says."""
    answer = az("webapp python show --ids", *apps.ids).json
    return [row["result"]["runtime"]["version"] for row in answer]


def records(apps, number):
    """(command, state) of each change that is recorded on an app."""
    files = (apps[number].machine.home / "data/pythonapp/history").glob("*-*.json")
    found = [json.loads(path.read_text("utf-8")) for path in sorted(files)]
    return [(each["command"], each["state"]) for each in found]


def writes(azure, begin):
    """How often each app's web.config was written, by host, since a request's number."""
    return Counter(
        one.host
        for one in azure.requests[begin:]
        if one.method == "PUT" and one.path.endswith("/site/wwwroot/web.config")
    )


def test_three_of_twenty_are_put_back_and_named(az, fleet):
    apps = fleet(20)
    apps.fail("unhealthy", *UNHEALTHY)
    result = az(f"{CHECKED} --ids", *apps.ids, expect=1)
    answer = result.json
    assert [row["id"] for row in answer] == apps.ids
    failed = [number for number, row in enumerate(answer) if row["status"] == "failed"]
    assert failed == [*UNHEALTHY] and {row["status"] for row in answer} == {"failed", "succeeded"}
    named = [line.partition(":")[0] for line in result.stderr.splitlines() if ": failed" in line]
    assert sorted(named) == sorted(apps[number].name for number in UNHEALTHY)
    assert all(apps[number].name in answer[number]["error"]["message"] for number in UNHEALTHY)
    assert "20 apps: 17 succeeded, 3 failed." in result.stderr
    assert versions(az, apps) == ["3.8.10" if number in UNHEALTHY else "3.11.9" for number in range(20)]


def test_jobs_are_started_everywhere_and_one_fails(az, fleet):
    apps = fleet(4, files={"requirements.txt": "six\n"})
    apps[2].machine.touch()
    (apps[2].machine.home / "site/wwwroot/requirements.txt").write_text("no-such-package-here\n", "utf-8")
    started = az("webapp python install-requirements --no-wait --ids", *apps.ids).json
    assert [row["status"] for row in started] == ["succeeded"] * 4
    waited = az("webapp python job wait --ids", *apps.ids, expect=1).json
    assert [row["id"] for row in waited] == apps.ids
    assert [row["status"] for row in waited] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert "no-such-package-here" in waited[2]["error"]["message"]
    listed = az("webapp python package list --ids", *apps.ids).json
    assert ["six" in [each["name"] for each in row["result"]] for row in listed] == [True, True, False, True]


def test_two_controllers_at_once_switch_each_app_once(az, fleet):
    apps = fleet(6)
    first = az.start(f"{SWITCH} --parallel 2 --ids", *apps.ids)
    second = az(f"{SWITCH} --parallel 2 --ids", *apps.ids, expect=None)
    stdout, stderr = first.communicate(timeout=300)
    answers = [json.loads(stdout), second.json]
    for number, rows in enumerate(zip(*answers)):
        assert [row["id"] for row in rows] == [apps.ids[number]] * 2
        done = [row["result"] for row in rows if row["status"] == "succeeded"]
        # A restart that was pending as a command looked may be made by both; web.config is switched by one.
        switched = [each for one in done for each in one["changes"] if each["target"].endswith("web.config")]
        assert len(switched) == 1, rows
        for row in rows:
            if row["status"] == "failed":
                assert row["app"]["name"] in row["error"]["message"]
        assert records(apps, number) == [("set-version", "succeeded")]
    assert [first.returncode, second.returncode] == [
        0 if all(row["status"] == "succeeded" for row in rows) else 1 for rows in answers
    ]
    assert versions(az, apps) == ["3.11.9"] * 6


def test_a_second_controller_finishes_what_a_killed_one_began(az, azure, fleet):
    apps = fleet(6)
    begin = len(azure.requests)
    first = az.start(f"{SWITCH} --parallel 2 --ids", *apps.ids)
    said = ""
    while "succeeded" not in said:
        line = first.stderr.readline()
        assert line, said
        said += line
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    done = [number for number in range(6) if f"{apps[number].name}: succeeded" in said]
    before = writes(azure, begin)
    answer = az(f"{SWITCH} --ids", *apps.ids).json
    assert [row["id"] for row in answer] == apps.ids
    assert [row["status"] for row in answer] == ["succeeded"] * 6
    assert done and not any(answer[number]["result"]["changed"] for number in done)
    assert all(writes(azure, begin)[apps[number].scm_host] == before[apps[number].scm_host] for number in done)
    for number in range(6):
        assert {state for _, state in records(apps, number)} == {"succeeded"}, records(apps, number)
    shown = az("webapp python show --ids", *apps.ids)
    assert "is not finished" not in shown.stderr
    assert [row["result"]["runtime"]["version"] for row in shown.json] == ["3.11.9"] * 6
