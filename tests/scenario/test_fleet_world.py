"""The unmodified az sees a fleet of the local Azure as it sees one of Azure."""

from __future__ import annotations

import json

from tests.local_azure.cloud import LocalAzure
from tests.scenario.az import Az

GRAPH = "https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"


def test_az_lists_and_shows_a_fleet(az: Az, azure: LocalAzure) -> None:
    with azure.fleet(120, name="listed", resource_group="fleet") as fleet:
        fleet.fail("gone", 1)
        names = [site.name for site in fleet if site is not fleet[1]]
        assert sorted(row["name"] for row in az("webapp list -g fleet").json) == names
        shown = az("webapp show --ids", fleet.ids[0], fleet.ids[2]).json
        assert sorted(row["name"] for row in shown) == [fleet[0].name, fleet[2].name]  # in no order of az's own
        assert "was not found" in az("webapp show --ids", fleet.ids[1], expect=3).stderr


def test_az_rest_asks_resource_graph_page_by_page(az: Az, azure: LocalAzure) -> None:
    query = (
        "resources | where type =~ 'Microsoft.Web/sites' and resourceGroup =~ 'Asked' | project id | order by id asc"
    )
    with azure.fleet(5, name="asked", resource_group="Asked") as fleet:
        found: list[str] = []
        options: dict[str, object] = {"$top": 3}
        while options:
            body = json.dumps({"query": query, "options": options})
            page = az("rest --method post --url", GRAPH, "--body", body).json
            found += [row["id"] for row in page["data"]]
            options = {"$top": 3, "$skipToken": page["$skipToken"]} if "$skipToken" in page else {}
        assert found == fleet.ids and (page["count"], page["totalRecords"]) == (2, 5)


def test_az_knows_a_subscription_after_it_has_signed_in(az: Az, azure: LocalAzure) -> None:
    second = azure.subscriptions.add("Second")
    try:
        with azure.fleet(1, name="second", subscription=second) as fleet:
            az.sign_in()
            assert az("webapp show --ids", *fleet.ids).json["id"] == fleet.ids[0]
            assert (
                az("webapp python show -g rg -n second0 --subscription", second).json["runtime"]["version"] == "3.8.10"
            )
    finally:
        azure.subscriptions.remove(second)
