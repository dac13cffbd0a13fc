"""The unmodified az sees a fleet of the local Azure as it sees one of Azure."""

from __future__ import annotations

from tests.local_azure.cloud import LocalAzure
from tests.scenario.az import Az


def test_az_lists_and_shows_a_fleet(az: Az, azure: LocalAzure) -> None:
    with azure.fleet(120, name="listed", resource_group="fleet") as fleet:
        fleet.fail("gone", 1)
        names = [site.name for site in fleet if site is not fleet[1]]
        assert sorted(row["name"] for row in az("webapp list -g fleet").json) == names
        shown = az("webapp show --ids", fleet.ids[0], fleet.ids[2]).json
        assert [row["name"] for row in shown] == [fleet[0].name, fleet[2].name]
        assert "was not found" in az("webapp show --ids", fleet.ids[1], expect=3).stderr
