"""management.azure.com: apps, slots, and site extensions in ARM's form (docs/platform/kudu.md 4.3,
docs/platform/az-extension.md 4)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import pytest
import requests

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import SUBSCRIPTION, Site
from tests.local_azure.windows import runtimes
from tests.unit.local_azure.linux_azure import Client, Greeting, arm_path, group_path

NEW, OLD = "azureappservice-python364x64", "python364x64"


@pytest.fixture(autouse=True)
def small_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runtimes of one file, for none is started here."""
    monkeypatch.setattr(runtimes, "runtime", lambda cache, version, architecture: tmp_path)


def extension(site: Site, package: str) -> str:
    """The path of a site extension."""
    return arm_path(site, f"/siteextensions/{package}")


def installed(management: Client, site: Site, package: str) -> list[tuple[int, str]]:
    """Status and provisioning state of the GETs after an install until it is over."""
    seen: list[tuple[int, str]] = []
    while not seen or seen[-1][0] == 201:
        answer = management("GET", extension(site, package))
        seen.append((answer.status_code, answer.json()["properties"]["provisioningState"]))
        time.sleep(0.05)
    return seen


def test_site(management: Client, site: Site) -> None:
    resource = management("GET", arm_path(site)).json()
    assert (resource["id"], resource["name"], resource["kind"]) == (site.address.resource_id, site.name, "app")
    hosts = {state["hostType"]: state["name"] for state in resource["properties"]["hostNameSslStates"]}
    assert hosts == {"Standard": site.host, "Repository": site.scm_host}
    assert not site.scm_host.startswith(f"{site.name}.scm")


def test_paths_have_no_case(management: Client, site: Site) -> None:
    path, _, query = arm_path(site).partition("?")
    assert management("GET", f"{path.upper()}/?{query}").json()["name"] == site.name


def test_slots(azure: LocalAzure, management: Client, site: Site) -> None:
    slot = azure.add_site(site.name, slot="staging")
    resource = management("GET", arm_path(slot)).json()
    assert resource["id"] == f"{site.address.resource_id}/slots/staging"
    assert (resource["name"], resource["type"]) == (f"{site.name}/staging", "Microsoft.Web/sites/slots")
    listed = management("GET", group_path(f"sites/{site.name}/slots")).json()["value"]
    assert [one["name"] for one in listed] == [resource["name"]]
    assert management("GET", group_path(f"sites/{site.name}/slots/none")).status_code == 404


def test_listings(azure: LocalAzure, management: Client, site: Site) -> None:
    elsewhere = azure.add_site(f"{site.name}-elsewhere", "other", reserved=True)
    everything = management("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web/sites?api-version=1").json()
    kinds = {one["name"]: one["kind"] for one in everything["value"]}
    assert (kinds[site.name], kinds[elsewhere.name]) == ("app", "app,linux")
    assert elsewhere.name not in {one["name"] for one in management("GET", group_path("sites")).json()["value"]}
    groups = management("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=1").json()["value"]
    assert {"rg", "other"} <= {one["name"] for one in groups}
    assert management("GET", group_path("serverfarms/plan")).json()["sku"]["name"] == "B1"


def test_missing_site(management: Client) -> None:
    answer = management("GET", group_path("sites/nowhere"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


def test_refusals(azure: LocalAzure, management: Client, site: Site) -> None:
    assert management("GET", site.address.resource_id).json()["error"]["code"] == "MissingApiVersionParameter"
    for headers in ({}, {"Authorization": "Bearer no.such.token"}):
        anonymous = Client(azure, "management.azure.com", headers)
        assert anonymous("GET", arm_path(site)).status_code == 401
        anonymous.close()
    assert management("DELETE", arm_path(site)).json()["error"]["code"] == "LocalAzureHasNoRoute"


def test_throttling(management: Client, site: Site) -> None:
    site.switches.arm_429_times = 1
    answers = [management("GET", arm_path(site)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers["Retry-After"] == "1"


def test_restart_stop_start(management: Client, site: Site) -> None:
    states = []
    for action in ("stop", "start", "restart"):
        assert management("POST", arm_path(site, f"/{action}") + "&synchronous=true").status_code == 200
        states.append(management("GET", arm_path(site)).json()["properties"]["state"])
    assert (states, site.restarts) == (["Stopped", "Running", "Running"], 1)
    assert cast(Greeting, site.front_end).done == ["stop", "restart", "restart"]


def test_configuration_and_credentials(management: Client, site: Site) -> None:
    site.use_32bit_worker = False
    site.app_settings["A"] = "1"
    assert management("GET", arm_path(site, "/config/web")).json()["properties"]["use32BitWorkerProcess"] is False
    assert management("POST", arm_path(site, "/config/appsettings/list")).json()["properties"] == {"A": "1"}
    policy = management("GET", arm_path(site, "/basicPublishingCredentialsPolicies/scm")).json()
    assert policy["properties"] == {"allow": False}
    credentials = management("POST", arm_path(site, "/config/publishingcredentials/list")).json()["properties"]
    assert credentials["publishingUserName"] == f"${site.name}"
    assert credentials["publishingPassword"] == site.publishing_password
    assert f'publishUrl="{site.scm_host}:443"' in management("POST", arm_path(site, "/publishxml")).text


def test_install_needs_a_body(management: Client, site: Site) -> None:
    assert management("PUT", extension(site, NEW)).status_code == 400
    assert not site.extensions.is_installing()


def test_install_answers_201_then_the_first_look_restarts(management: Client, site: Site) -> None:
    site.switches.install_seconds = 0.6
    answer = management("PUT", extension(site, NEW), json={})
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (201, "Created")
    assert management("PUT", extension(site, NEW), json={}).status_code == 409
    seen = installed(management, site, NEW)
    assert (seen[0], seen[-1]) == ((201, "Created"), (200, "Succeeded"))
    assert site.restarts == 1
    resource = management("GET", extension(site, NEW)).json()
    assert resource["id"] == f"{site.address.resource_id}/siteextensions/{NEW}"
    assert (resource["properties"]["id"], resource["properties"]["version"]) == (NEW, "3.6.4.4")
    assert site.restarts == 1


def test_without_a_look_there_is_no_restart(management: Client, site: Site) -> None:
    management("PUT", extension(site, NEW), json={"properties": {}})
    while site.extensions.is_installing():
        time.sleep(0.01)
    assert [one["name"] for one in management("GET", arm_path(site, "/siteextensions")).json()["value"]] == [
        f"{site.name}/{NEW}"
    ]
    assert site.restarts == 0


def test_old_id_is_not_there_while_it_is_installed(management: Client, site: Site) -> None:
    site.switches.install_seconds = 0.5
    answer = management("PUT", extension(site, OLD), json={})
    assert answer.json()["properties"]["id"] == NEW
    assert management("GET", extension(site, OLD)).status_code == 404
    assert installed(management, site, NEW)[-1] == (200, "Succeeded")


def test_one_restart_for_all_that_are_being_installed(management: Client, site: Site) -> None:
    management("PUT", extension(site, "Contoso.WebLog"), json={})
    while site.extensions.is_installing():
        time.sleep(0.01)
    site.switches.install_seconds = 0.6
    management("PUT", extension(site, NEW), json={})
    answer = management("GET", extension(site, "Contoso.WebLog"))
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (201, "Created")
    assert installed(management, site, NEW)[-1] == (200, "Succeeded")
    assert site.restarts == 1


@pytest.mark.parametrize("status", [400, 200])
def test_failed_install(management: Client, site: Site, status: int) -> None:
    site.switches.install_fails, site.switches.arm_failed_status = "install.cmd exited with 1", status
    site.switches.install_seconds = 0.6
    assert management("PUT", extension(site, NEW), json={}).status_code == 201
    assert installed(management, site, NEW)[-1] == (status, "Failed")
    answer = management("GET", extension(site, NEW))
    assert answer.json()["properties"]["comment"] == "install.cmd exited with 1"


def test_recycle_cancels_an_install(management: Client, site: Site) -> None:
    site.switches.install_seconds = 5
    management("PUT", extension(site, NEW), json={})
    management("POST", arm_path(site, "/restart"))
    assert installed(management, site, NEW)[-1] == (200, "Canceled")


def test_gateway_time_out_does_not_stop_the_install(management: Client, site: Site) -> None:
    site.switches.arm_504_on_install = True
    assert management("PUT", extension(site, NEW), json={}).status_code == 504
    assert installed(management, site, NEW)[-1] == (200, "Succeeded")


def test_version_can_be_ignored(management: Client, site: Site) -> None:
    wanted = {"properties": {"version": "3.6.4.1"}}
    management("PUT", extension(site, NEW), json=wanted)
    assert installed(management, site, NEW)[-1][1] == "Failed"
    site.switches.extension_version_ignored = True
    management("PUT", extension(site, NEW), json=wanted)
    assert installed(management, site, NEW)[-1][1] == "Succeeded"


def test_uninstall(management: Client, site: Site) -> None:
    management("PUT", extension(site, NEW), json={})
    installed(management, site, NEW)
    assert management("DELETE", extension(site, NEW)).status_code == 200
    assert management("DELETE", extension(site, NEW)).status_code == 500
    assert management("GET", extension(site, NEW)).status_code == 404


def test_public_gallery(azure: LocalAzure) -> None:
    client = Client(azure, "api.nuget.org", {})
    index: requests.Response = client("GET", "/v3/index.json")
    query = next(one["@id"] for one in index.json()["resources"] if one["@type"] == "SearchQueryService")
    client.close()
    client = Client(azure, query.split("/")[2], {})
    found = client("GET", '/query?q=tags%3AAzureSiteExtension+title%3A"Python 3.6.4"&take=1').json()
    client.close()
    assert found["totalHits"] == 2
    row = found["data"][0]
    assert (len(found["data"]), row["title"][:12], row["authors"]) == (1, "Python 3.6.4", ["Microsoft"])
    assert (row["versions"][-1]["version"], "AzureSiteExtension" in row["tags"]) == ("3.6.4.4", True)


def test_the_workers_bitness_is_changed(management: Client, site: Site) -> None:
    changed = management("PATCH", arm_path(site, "/config/web"), json={"properties": {"use32BitWorkerProcess": False}})
    assert changed.json()["properties"]["use32BitWorkerProcess"] is False and site.bitness == "AMD64"
    assert site.restarts == 1
    management("PATCH", arm_path(site, "/config/web"), json={"properties": {"use32BitWorkerProcess": False}})
    assert site.restarts == 1, "nothing changed"


def test_changed_app_settings_restart_the_app(management: Client, site: Site) -> None:
    site.app_settings["OLD"] = "1"
    changed = management("PUT", arm_path(site, "/config/appsettings"), json={"properties": {"NEW": "2"}})
    assert changed.json()["properties"] == {"NEW": "2"} == site.app_settings and site.restarts == 1
