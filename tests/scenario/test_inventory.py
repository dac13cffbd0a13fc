"""`inventory` through az: fleets of several subscriptions, Resource Graph and its refusal, the report and the matrix."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.local_azure import arm, login
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.fleet import Fleet
from tests.scenario.az import Az

GROUP = "inventory"


@pytest.fixture
def fleet(azure: LocalAzure, az: Az) -> Iterator[Fleet]:
    """Twelve apps, each with a slot, in a group of their own."""
    azure.resource_graph.page, azure.lists.page = 10, 5
    with azure.fleet(12, name="kept", resource_group=GROUP, slots=("staging",), tags={"team": "shop"}) as made:
        yield made
    azure.resource_graph.page, azure.lists.page = 1000, 100
    azure.resource_graph.refused = False


def arm_requests(azure: LocalAzure, before: int) -> list[str]:
    """What was asked of Resource Manager since then."""
    return [f"{one.method} {one.path.partition('?')[0]}" for one in azure.requests[before:] if one.host == arm.HOST]


def test_every_app_and_slot_has_a_row(az, azure, fleet):
    fleet.fail("linux", 0)
    fleet.fail("stopped", 3)
    fleet[5].switches.bearer_refused = True
    before = len(azure.requests)
    found = az(f"webapp python inventory -g {GROUP}")
    rows = {(row["name"], row["slot"]): row for row in found.json}
    assert len(found.json) == 23 and [row["id"] for row in found.json] == sorted(row["id"] for row in found.json)
    asked = arm_requests(azure, before)
    graph = [each for each in asked if "ResourceGraph" in each]
    others = [each for each in asked if each not in graph and fleet[5].name not in each]
    assert len(graph) == 3 and others == [], "none for an app"
    good = rows[fleet[1].name, "staging"]
    assert good["runtime"] == {"version": "3.8.10", "support": "endOfLife", "endOfLife": "2024-10-07"}
    assert (good["handler"], good["error"]) == ("fastCgi", None)
    assert good["entryPoint"]
    assert good["packages"] is not None
    assert rows[fleet[3].name, None]["state"] == "Stopped"
    assert rows[fleet[3].name, None]["runtime"] == good["runtime"], "its SCM site answers"
    error = rows[fleet[5].name, None]["error"]
    assert error["code"] == 1 and f"'{fleet[5].name}'" in error["message"] and "401" in error["message"]
    assert sum(row["error"] is not None for row in found.json) == 1
    assert "Left out: 1 Linux app;" in found.stderr
    assert "23 apps and slots: 22 run Python, 22 of them a version without fixes; 1 could not be read" in found.stderr


def test_what_show_says_is_what_the_inventory_says(az, fleet):
    shown = az(f"webapp python show -g {GROUP} -n {fleet[2].name}").json
    row = next(
        row
        for row in az(f"webapp python inventory -g {GROUP}").json
        if (row["name"], row["slot"]) == (fleet[2].name, None)
    )
    assert row["runtime"]["version"] == shown["runtime"]["version"]
    assert [row[key] for key in ("handler", "entryPoint", "state", "warnings")] == [
        shown[key] for key in ("handler", "entryPoint", "state", "warnings")
    ]
    packages = az(f"webapp python package list -g {GROUP} -n {fleet[2].name}").json
    assert row["packages"] == packages


def test_without_resource_graph_the_lists_are_read(az, azure, fleet):
    azure.resource_graph.refused = True
    found = az(f"webapp python inventory -g {GROUP} --no-details")
    assert len(found.json) == 24
    assert found.stderr.count("Resource Graph was not used") == 1
    assert all(row["runtime"] is None and row["packages"] is None for row in found.json)


def test_filters_narrow_the_selection(az, azure, fleet):
    with azure.fleet(2, name="other", resource_group=GROUP, python="3.11.9") as others:
        none = az(f"webapp python inventory -g {GROUP} --no-details --tag team=shop --tag stage").json
        assert none == []
        kept = az(f"webapp python inventory -g {GROUP} --no-details --tag TEAM=shop --output tsv --query [].name")
        assert set(kept.stdout.split()) == {site.name for site in fleet}
        ended = az(f"webapp python inventory -g {GROUP} --end-of-life").json
        assert {row["name"] for row in ended} == {site.name for site in fleet}
        assert {site.name for site in others}.isdisjoint(row["name"] for row in ended)


def test_the_throttled_graph_is_waited_for(az, azure, fleet):
    azure.resource_graph.page, azure.resource_graph.quota, azure.resource_graph.window = 2, 3, 1
    try:
        assert len(az(f"webapp python inventory -g {GROUP} --no-details").json) == 24
    finally:
        azure.resource_graph.quota, azure.resource_graph.window = 15, 5


def test_a_matrix_is_for_a_pipeline(az, fleet):
    found = az(f"webapp python inventory -g {GROUP} --matrix 4").json
    ids = [each.split() for each in (shard["ids"] for shard in found["include"])]
    assert sorted(map(len, ids)) == [6, 6, 6, 6]
    assert all(len({i.partition("/slots/")[0] for i in shard}) == 3 for shard in ids), "apps and slots stay together"
    table = az(f"webapp python inventory -g {GROUP} --matrix 4 --output table").stdout.splitlines()
    assert len(table) == 6


def test_a_report_is_one_page(az, fleet, tmp_path):
    path = tmp_path / "report.html"
    found = az(f"webapp python inventory -g {GROUP} --output table --output-file", path)
    assert len(found.stdout.splitlines()) == 26
    text = path.read_text(encoding="utf-8")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["rows"]) == 24 and list(data["subscriptions"].values()) == ["Local Azure"]
    assert "src=" not in text.partition("<script>")[0] and "http" not in text.partition("</head>")[0].replace(
        "http-equiv", ""
    )
    assert found.stderr.rstrip().endswith(f"Report: {path}")


def test_a_subscription_that_cannot_be_read_is_told(az, azure, fleet):
    second = azure.subscriptions.add("Second")
    sign_in = ("--username", login.CLIENT_ID, "--password", login.CLIENT_SECRET, "--tenant", login.TENANT)
    az("login --service-principal", *sign_in)
    with azure.fleet(2, name="second", resource_group=GROUP, subscription=second):
        both = az(f"webapp python inventory -g {GROUP} --no-details").json
        assert len(both) == 26 and len({row["subscription"] for row in both}) == 2
        named = az(f"webapp python inventory -g {GROUP} --no-details --subscriptions second").json
        assert {row["subscription"] for row in named} == {second} and len(named) == 2
        shards = az(f"webapp python inventory -g {GROUP} --matrix 3").json["include"]
        assert [each["count"] for each in shards if each["subscription"] == second] == [2]
    azure.subscriptions.remove(second)
    found = az(f"webapp python inventory -g {GROUP} --no-details", expect=1)
    assert len(json.loads(found.stdout)) == 24, "the answer is there all the same"
    assert f"Subscription {second} could not be read" in found.stderr
    assert "So there may be more apps than these." in found.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--matrix 257", "256"),
        ("--matrix 2 --output-file a.html", "exclude each other"),
        ("--end-of-life --no-details", "exclude each other"),
        ("--output-file report.txt", ".html"),
        ("--subscriptions nowhere", "no subscription 'nowhere'"),
        ("--tag =x", "names no tag"),
        ("--parallel 0", "between 1 and"),
    ],
)
def test_wrong_options_ask_nothing(az, azure, options, words):
    before = len(azure.requests)
    assert words in az(f"webapp python inventory {options}", expect=2).stderr
    assert arm_requests(azure, before) == []
