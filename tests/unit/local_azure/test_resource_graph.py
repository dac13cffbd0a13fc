"""Resource Graph of the local Azure: its language, its pages, its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.local_azure import kql
from tests.local_azure.fleet import Fleet
from tests.local_azure.kql import InvalidQuery
from tests.local_azure.resource_graph import MOST_ROWS
from tests.local_azure.site import SUBSCRIPTION
from tests.unit.local_azure.linux_azure import Client, LinuxAzure

PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
ROWS = [
    {"id": "/3", "name": "Shop", "kind": "app", "tags": {"env": "prod"}, "properties": {"state": "Running"}},
    {"id": "/1", "name": "shop/staging", "kind": "app", "tags": None, "properties": {"state": "Stopped"}},
    {"id": "/2", "name": "site", "kind": "app,linux", "tags": {"env": "test"}, "properties": {"state": "Running"}},
]


@pytest.fixture
def fleet(azure: LinuxAzure) -> Iterator[Fleet]:
    """Ten apps with a slot each, and a clock that stands still."""
    with azure.fleet(10, name="graph", resource_group="Graph", slots=("staging",), tags={"env": "prod"}) as made:
        azure.resource_graph.now = lambda: 0.0
        azure.resource_graph.quota = 1000
        yield made
        azure.resource_graph.__init__(azure.directory)  # type: ignore[misc]


def asked(management: Client, query: str, **more: Any) -> requests.Response:
    """The answer to a query; more: of the request's body, and options."""
    options = {
        f"${name}" if name != "resultFormat" else name: more.pop(name)
        for name in ("top", "skipToken", "skip", "resultFormat")
        if name in more
    }
    return management("POST", PATH, json={"query": query, "options": options, **more})


def selected(query: str) -> list[Any]:
    """The ids that a query gives of ROWS."""
    return [row["id"] for row in kql.run("resources | " + query, {"resources": ROWS}).rows]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("order by id asc", ["/1", "/2", "/3"]),
        ("order by kind, id asc", ["/2", "/1", "/3"]),
        ("where name =~ 'shop'", ["/3"]),
        ("where name == 'shop'", []),
        ("where name startswith 'SHOP' and not(name contains '/')", ["/3"]),
        ("where name has 'staging' or kind has 'linux'", ["/1", "/2"]),
        ("where kind !contains 'linux' | where name !has 'staging'", ["/3"]),
        ("where name in~ ('SHOP', 'SITE')", ["/3", "/2"]),
        ("where name !in ('Shop')", ["/1", "/2"]),
        ("where tags['env'] =~ 'PROD'", ["/3"]),
        ("where tags.env != 'prod' and isnotempty(tags.env)", ["/2"]),
        ("where properties.state == 'Stopped'", ["/1"]),
        ("where tolower(tostring(properties.state)) == 'running' | top 1 by id asc", ["/2"]),
        ("where (kind == 'app' or false) and true | limit 1", ["/3"]),
        ("extend state = tostring(properties.state) | where state =~ 'stopped' | project id, state", ["/1"]),
        ("// a note\n| order by id desc", []),
    ],
)
def test_the_language(query: str, ids: list[str]) -> None:
    if not query.startswith("//"):
        assert selected(query) == ids
    else:
        assert [row["id"] for row in kql.run("resources\n" + query, {"resources": ROWS}).rows] == ["/3", "/2", "/1"]


def test_columns_and_counts() -> None:
    def rows(query: str) -> list[kql.Row]:
        return kql.run("Resources | " + query, {"resources": ROWS}).rows

    assert rows("where id == '/1' | project id, App = name") == [{"id": "/1", "App": "shop/staging"}]
    assert rows("count") == [{"Count": 3}]
    assert rows("summarize count() by kind") == [{"kind": "app", "count_": 2}, {"kind": "app,linux", "count_": 1}]
    assert rows("summarize many = count()") == [{"many": 3}]
    assert rows("distinct kind") == [{"kind": "app"}, {"kind": "app,linux"}]
    assert list(rows("project-away properties, tags")[0]) == ["id", "name", "kind"]


@pytest.mark.parametrize(
    "query",
    [
        "sites",
        "resources | where",
        "resources | mv-expand x",
        "resources | where soundex(name) == 'x'",
        "resources | where nam == 'x'",
    ],
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(InvalidQuery):
        kql.run(query, {"resources": ROWS})


def test_apps_and_slots_of_all_subscriptions(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    second = azure.subscriptions.add("Graph too")
    query = "resources | where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots') | order by id asc"
    try:
        with azure.fleet(1, name="elsewhere", subscription=second):
            everything = asked(management, query).json()
            assert everything["totalRecords"] == everything["count"] == 21
            some = asked(management, query + " | project id, name, type", subscriptions=[second]).json()
    finally:
        azure.subscriptions.remove(second)
    place = f"/subscriptions/{second}/resourceGroups/rg/providers/Microsoft.Web/sites/elsewhere0"
    assert some["data"] == [{"id": place, "name": "elsewhere0", "type": "microsoft.web/sites"}]
    assert (some["resultTruncated"], "$skipToken" in some) == ("false", False)
    row = next(row for row in everything["data"] if row["name"] == "graph0/staging")
    assert (row["type"], row["resourceGroup"], row["tags"]) == ("microsoft.web/sites/slots", "graph", {"env": "prod"})
    assert row["properties"]["siteConfig"] is None and row["location"] == "westeurope"


def test_pages(management: Client, fleet: Fleet) -> None:
    query = "resources | where type == 'microsoft.web/sites' | order by id asc | project id"
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = asked(management, query, top=4, **token).json()
        found += [row["id"] for row in page["data"]]
        if "$skipToken" not in page:
            break
        assert page["resultTruncated"] == "true"
        token = {"skipToken": page["$skipToken"]}
    assert found == fleet.ids and page["resultTruncated"] == "false" and page["totalRecords"] == 10


def test_no_second_page_without_the_id(management: Client, fleet: Fleet) -> None:
    page = asked(management, "resources | order by id asc | project name", top=4).json()
    assert (page["count"], page["resultTruncated"], "$skipToken" in page) == (4, "true", False)


def test_without_an_order_it_differs_each_time(management: Client, fleet: Fleet) -> None:
    orders = {tuple(row["id"] for row in asked(management, "resources | project id").json()["data"]) for _ in range(8)}
    assert len(orders) > 1


def test_throttling(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    azure.resource_graph.quota = 2
    moment = [10.0]
    azure.resource_graph.now = lambda: moment[0]
    first = asked(management, "resources | count")
    assert first.headers["x-ms-user-quota-remaining"] == "1"
    moment[0] += 2
    assert asked(management, "resources | count").headers["x-ms-user-quota-resets-after"] == "00:00:03"
    refused = asked(management, "resources | count")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RateLimiting")
    assert refused.headers["x-ms-user-quota-remaining"] == "0" and "Retry-After" not in refused.headers
    moment[0] += 3
    assert asked(management, "resources | count").status_code == 200


def test_refusals(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    nothing = asked(management, "resources", subscriptions=["00000000-0000-0000-0000-000000000009"])
    assert (nothing.status_code, nothing.json()["error"]["details"][0]["code"]) == (
        400,
        "NoValidSubscriptionsInQueryRequest",
    )
    wrong = asked(management, "resources | where")
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["code"]) == (400, "InvalidQuery")
    assert asked(management, "resources", top=MOST_ROWS + 1).status_code == 400
    azure.resource_graph.refused = True
    refused = asked(management, "resources", subscriptions=[SUBSCRIPTION])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AuthorizationFailed")


def test_what_it_shows_of_apps_that_fail(management: Client, fleet: Fleet) -> None:
    fleet.fail("gone", 0)
    fleet.fail("forbidden", 1)
    rows = asked(management, "resources | where type == 'microsoft.web/sites' | order by id asc").json()["data"]
    assert [row["name"] for row in rows] == [f"graph{number}" for number in range(2, 10)]
