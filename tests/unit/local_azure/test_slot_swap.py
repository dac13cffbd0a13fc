"""A swap of slots: host names lead to the other app, whose files and settings come with it."""

from __future__ import annotations

import time
from typing import cast

import requests

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client, Greeting, arm_path, group_path


def swap(management: Client, source: Site, target: str) -> requests.Response:
    """Swap, and wait for its end as az does; the last answer."""
    answer = management("POST", arm_path(source, "/slotsswap"), json={"targetSlot": target, "preserveVnet": True})
    deadline = time.monotonic() + 60
    while answer.status_code == 202 and time.monotonic() < deadline:
        path = answer.headers["Location"].removeprefix(management.base)
        time.sleep(0.01)
        answer = management("GET", path)
    return answer


def with_slot(azure: LocalAzure, site: Site) -> Site:
    """A slot of the app, with a file in each that says whose it is."""
    slot = azure.add_site(site.name, slot="staging")
    for one, text in ((site, "production"), (slot, "staging")):
        Client(azure, one.scm_host)("PUT", "/api/vfs/data/pythonapp/history/who.txt", data=text.encode())
        one.app_settings["WHO"] = text
    return slot


def test_all_of_home_comes_with_the_swap(azure: LocalAzure, management: Client, site: Site) -> None:
    slot = with_slot(azure, site)
    scm = (site.scm_host, slot.scm_host)
    answer = swap(management, slot, "production")
    assert answer.status_code == 200 and answer.json()["name"] == f"{site.name}/staging"
    texts = [Client(azure, host)("GET", "/api/vfs/data/pythonapp/history/who.txt").text for host in scm]
    assert texts == ["staging", "production"]
    for place, who in (("", "staging"), ("/slots/staging", "production")):
        path = group_path(f"sites/{site.name}{place}/config/appsettings/list")
        assert management("POST", path).json()["properties"]["WHO"] == who


def test_the_objects_follow_their_content(azure: LocalAzure, management: Client, site: Site) -> None:
    slot = with_slot(azure, site)
    hosts, passwords = (site.host, slot.host), (site.publishing_password, slot.publishing_password)
    assert swap(management, slot, "production").status_code == 200
    assert (site.slot, slot.slot) == ("staging", None) and (slot.host, site.host) == hosts
    assert (slot.publishing_password, site.publishing_password) == passwords, "they belong to the slot"
    assert swap(management, slot, "staging").status_code == 200, "production can be the source"
    assert (site.slot, slot.slot) == (None, "staging")


def test_only_what_left_production_is_restarted(azure: LocalAzure, management: Client, site: Site) -> None:
    slot = with_slot(azure, site)
    assert swap(management, slot, "production").status_code == 200
    assert cast(Greeting, slot.front_end).done == [], "it was warm"
    assert cast(Greeting, site.front_end).done == ["restart"] and site.slot == "staging"


def test_a_slot_that_is_not_there(azure: LocalAzure, management: Client, site: Site) -> None:
    slot = with_slot(azure, site)
    assert swap(management, slot, "blue").status_code == 404
    assert swap(management, slot, "staging").status_code == 404
    assert (site.slot, slot.slot) == (None, "staging")
