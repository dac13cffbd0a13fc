"""A fleet of scripted apps: what they answer, what they cost, and how each can be made to fail."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local_azure.fleet import Fleet
from tests.local_azure.site import SUBSCRIPTION, Site
from tests.unit.local_azure.linux_azure import Client, LinuxAzure, arm_path

NUMBERS = itertools.count(1)


@pytest.fixture
def fleet(azure: LinuxAzure) -> Iterator[Fleet]:
    """Six apps with a slot each, in a resource group of their own."""
    number = next(NUMBERS)
    with azure.fleet(6, name=f"f{number}-", resource_group=f"Group{number}", slots=("staging",)) as made:
        yield made


def names(management: Client, path: str) -> list[str]:
    """The names in a list, with all of its pages."""
    found: list[str] = []
    following: str | None = path
    while following:
        page = management("GET", following).json()
        found += [row["name"] for row in page["value"]]
        following = page["nextLink"] and page["nextLink"].removeprefix(management.base)
    return found


def group_list(fleet: Fleet, more: str = "") -> str:
    """The path of the list of the fleet's resource group."""
    return fleet.ids[0].rpartition("/")[0] + f"?api-version=2025-05-01{more}"


def of(azure: LinuxAzure, host: str, method: str, path: str, **arguments: Any) -> Any:
    """What a host answers to one request."""
    client = Client(azure, host)
    try:
        return client(method, path, **arguments)
    finally:
        client.close()


def test_an_app_answers_at_all_its_hosts(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    site = fleet[3]
    assert management("GET", arm_path(site)).json()["properties"]["state"] == "Running"
    page = of(azure, site.host, "GET", "/")
    assert (page.status_code, page.text) == (200, "hello on Python 3.8.10")
    folders = of(azure, site.scm_host, "GET", "/api/vfs/").json()
    assert {row["name"] for row in folders} >= {"site", "SiteExtensions", "python3810x64", "python3119x64"}
    said = of(azure, site.scm_host, "POST", "/api/command", json={"command": "echo %CD%", "dir": "site"}).json()
    assert said == {"Output": "D:\\home\\site\r\n", "Error": "", "ExitCode": 0}


def test_another_python_in_web_config_is_served(azure: LinuxAzure, fleet: Fleet) -> None:
    site = fleet[0]
    assert of(azure, site.host, "GET", "/").text == "hello on Python 3.8.10"
    config = site.machine.home / "site/wwwroot/web.config"
    config.write_text(config.read_text("utf-8").replace("python3810x64", "python3119x64"), "utf-8")
    assert of(azure, site.host, "GET", "/").text == "hello on Python 3.11.9"


def test_nothing_is_laid_out_before_it_is_asked_for(azure: LinuxAzure, fleet: Fleet) -> None:
    folder = azure.folder / "fleet"
    of(azure, fleet[1].host, "GET", "/")
    assert [path.name for path in folder.iterdir() if path.name in {site.name for site in fleet}] == [fleet[1].name]


def test_a_removed_fleet_is_gone(azure: LinuxAzure, management: Client) -> None:
    with azure.fleet(2, name="gone", resource_group="gone") as fleet:
        of(azure, fleet[0].host, "GET", "/")
        path = arm_path(fleet[0])
    assert management("GET", path).status_code == 404
    assert list((azure.folder / "fleet").glob("gone*")) == []
    azure.fleet(2, name="gone", resource_group="gone").remove()


def test_a_taken_name_is_refused(azure: LinuxAzure, fleet: Fleet) -> None:
    with pytest.raises(ValueError, match="there is an app"):
        azure.fleet(1, name=fleet[0].name[:-1])


def test_lists_have_pages(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    azure.lists.page = 4
    try:
        first = management("GET", group_list(fleet)).json()
        assert len(first["value"]) == 4 and "api-version=2025-05-01" in first["nextLink"]
        assert names(management, group_list(fleet)) == [site.name for site in fleet]
    finally:
        azure.lists.page = 100


def test_lists_have_slots_only_where_they_are_asked_for(management: Client, fleet: Fleet) -> None:
    everything = names(management, f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web/sites?api-version=1")
    assert [name for name in everything if name.startswith(fleet[0].name[:-1])] == [site.name for site in fleet]
    with_slots = names(management, group_list(fleet, "&includeSlots=true"))
    assert len(with_slots) == 12 and f"{fleet[0].name}/staging" in with_slots
    assert names(management, arm_path(fleet[2], "/slots")) == [f"{fleet[2].name}/staging"]


def test_several_subscriptions(azure: LinuxAzure, management: Client) -> None:
    second = azure.subscriptions.add("Second")
    try:
        with azure.fleet(3, name="other", subscription=second) as fleet:
            assert fleet.ids[0].startswith(f"/subscriptions/{second}/resourceGroups/rg/")
            path = f"/subscriptions/{second}/providers/Microsoft.Web/sites?api-version=1"
            assert names(management, path) == ["other0", "other1", "other2"]
            assert not set(names(management, path.replace(second, SUBSCRIPTION))) & {"other0", "other1", "other2"}
            assert management("GET", fleet.ids[1] + "?api-version=1").status_code == 200
            elsewhere = fleet.ids[1].replace(second, SUBSCRIPTION)
            assert management("GET", elsewhere + "?api-version=1").status_code == 404
            known = management("GET", "/subscriptions?api-version=2022-12-01").json()["value"]
            assert [row["displayName"] for row in known] == ["Local Azure", "Second"]
    finally:
        azure.subscriptions.remove(second)
    answer = management("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SubscriptionNotFound")


def kind_of(management: Client, site: Site) -> tuple[Any, ...]:
    """What ARM says of a site's kind."""
    answer = management("GET", arm_path(site)).json()
    properties = answer["properties"]
    return answer["kind"], properties["reserved"], properties["isXenon"], properties["hyperV"]


def test_gone(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    fleet.fail("gone", 1, 4)
    assert [management("GET", f"{each}?api-version=1").status_code for each in fleet.ids] == [200, 404, 200] * 2
    assert len(names(management, group_list(fleet))) == 4
    assert of(azure, fleet[1].scm_host, "GET", "/api/vfs/").status_code == 404


def test_forbidden(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    fleet.fail("forbidden", 2)
    answer = management("GET", arm_path(fleet[2]))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (403, "AuthorizationFailed")
    assert "perform action 'Microsoft.Web/sites/read' over scope '/subscriptions/" in error["message"]
    settings = management("POST", arm_path(fleet[2], "/config/appsettings/list")).json()["error"]["message"]
    assert "'Microsoft.Web/sites/config/appsettings/list/action'" in settings
    assert fleet[2].name not in names(management, group_list(fleet))
    assert of(azure, fleet[2].scm_host, "GET", "/api/vfs/").status_code == 401


def test_kinds_of_apps(management: Client, fleet: Fleet) -> None:
    fleet.fail("linux", 0)
    fleet.fail("container", 1)
    fleet.fail("function", 2)
    assert kind_of(management, fleet[0]) == ("app,linux", True, False, False)
    assert kind_of(management, fleet[1]) == ("app,container,windows", False, True, True)
    assert kind_of(management, fleet[2]) == ("functionapp", False, False, False)
    assert kind_of(management, fleet[3]) == ("app", False, False, False)


def test_stopped(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    fleet.fail("stopped", 5)
    assert management("GET", arm_path(fleet[5])).json()["properties"]["state"] == "Stopped"
    assert of(azure, fleet[5].host, "GET", "/").status_code == 403
    assert of(azure, fleet[5].scm_host, "GET", "/api/vfs/").status_code == 200
    assert management("POST", arm_path(fleet[5], "/start")).status_code == 200
    assert of(azure, fleet[5].host, "GET", "/").status_code == 200


def test_unlisted(azure: LinuxAzure, management: Client, fleet: Fleet) -> None:
    fleet.fail("unlisted", 0)
    assert fleet[0].name not in names(management, group_list(fleet))
    assert management("GET", arm_path(fleet[0])).status_code == 200
    body = {"query": f"resources | where name == '{fleet[0].name}'"}
    graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
    assert management("POST", graph, json=body).json()["count"] == 1


def test_cold_and_hanging_scm_sites(azure: LinuxAzure, fleet: Fleet) -> None:
    fleet.fail("cold", 0)
    assert [of(azure, fleet[0].scm_host, "GET", "/api/vfs/").status_code for _ in range(4)] == [503, 503, 503, 200]
    fleet.fail("hang", 1)
    fleet[1].switches.front_end_limit = 0.2
    answer = of(azure, fleet[1].scm_host, "GET", "/api/vfs/")
    assert (answer.status_code, "The request timed out" in answer.text) == (500, True)
    assert of(azure, fleet[1].host, "GET", "/").status_code == 200


def test_unhealthy(azure: LinuxAzure, fleet: Fleet) -> None:
    fleet.fail("unhealthy", 0)
    assert of(azure, fleet[0].host, "GET", "/").status_code == 200
    config = fleet[0].machine.home / "site/wwwroot/web.config"
    before = config.read_text("utf-8")
    config.write_text(before.replace("python3810x64", "python3119x64"), "utf-8")
    answer = of(azure, fleet[0].host, "GET", "/")
    assert (answer.status_code, answer.text[:20]) == (500, "Error occurred while")
    config.write_text(before, "utf-8")
    assert of(azure, fleet[0].host, "GET", "/").status_code == 200
