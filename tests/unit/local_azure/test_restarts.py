"""Restarts as Azure makes them: asynchronous, on every instance or not, with pages of IIS and of the front end between."""

from __future__ import annotations

import time
from typing import cast

import pytest

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client, Greeting, arm_path

SYNCHRONOUS = "&synchronous=true"


def restart(management: Client, site: Site, how: str = "") -> int:
    """Restart through ARM; its status."""
    return management("POST", arm_path(site, "/restart") + how).status_code


def done(site: Site) -> list[list[str]]:
    """What was done to each instance."""
    return [cast(Greeting, instance.front_end).done for instance in site.instances]


def page(azure: LocalAzure, site: Site, instance: str | None = None) -> tuple[int, str, str]:
    """Status, text and cookie of the app's page."""
    client = Client(azure, site.host, {"Cookie": f"ARRAffinity={instance}"} if instance else {})
    answer = client("GET", "/")
    client.close()
    return answer.status_code, answer.text, answer.headers.get("Set-Cookie", "")


def test_the_old_process_answers_until_a_restart_is_done(azure: LocalAzure, management: Client, site: Site) -> None:
    site.switches.restart_seconds = 3600
    assert restart(management, site) == 200 and (site.restarts, done(site)) == (1, [[]])
    assert page(azure, site)[0] == 200
    site.switches.restart_seconds = 0
    assert restart(management, site) == 200
    deadline = time.monotonic() + 60
    while not done(site)[0] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert done(site) == [["restart"]]


def test_a_synchronous_restart_is_done_when_it_is_answered(management: Client, site: Site) -> None:
    before = site.worker_started
    assert restart(management, site, SYNCHRONOUS) == 200 and done(site) == [["restart"]]
    assert site.worker_started > before
    site.switches.restart_overlap = 3600
    assert restart(management, site, SYNCHRONOUS) == 200 and (site.restarts, done(site)) == (2, [["restart"]])


def test_arm_may_give_up_on_a_restart_that_goes_on(management: Client, site: Site) -> None:
    site.switches.restart_cut = True
    assert restart(management, site, SYNCHRONOUS) == 504 and done(site) == [["restart"]]
    assert restart(management, site) == 200


def test_a_stop_ends_a_restart_that_is_still_to_be_done(management: Client, site: Site) -> None:
    site.switches.restart_seconds = 3600
    restart(management, site)
    management("POST", arm_path(site, "/stop"))
    site.close()
    assert "restart" not in done(site)[0]


def test_the_first_requests_after_a_restart_meet_other_pages(azure: LocalAzure, management: Client, site: Site) -> None:
    site.switches.restart_pages = ("500.0", "502.5", "503")
    restart(management, site, SYNCHRONOUS)
    pages = [page(azure, site) for _ in range(4)]
    assert [status for status, _, _ in pages] == [500, 502, 503, 200]
    assert "could not be found in <fastCGI>" in pages[0][1].replace("&lt;", "<").replace("&gt;", ">")
    assert "HTTP Error 502.5" in pages[1][1] and "HTTP Error 503" in pages[2][1]


def test_the_app_s_process_is_number_minus_one(kudu: Client, site: Site) -> None:
    found = kudu("GET", "/api/processes/-1").json()
    assert (found["name"], found["is_scm_site"], found["start_time"]) == (
        "w3wp",
        False,
        site.worker_started.isoformat(),
    )
    site.stop()
    assert kudu("GET", "/api/processes/-1").status_code == 404


def test_instances(azure: LocalAzure, management: Client) -> None:
    site = azure.add_site("scaled", instances=2)
    rows = management("GET", arm_path(site, "/instances")).json()["value"]
    ids = [row["name"] for row in rows]
    assert ids == [instance.id for instance in site.instances] and len(set(ids)) == 2
    assert rows[0]["id"] == f"{site.address.resource_id}/instances/{ids[0]}"

    cookies = [page(azure, site)[2] for _ in range(2)]
    assert [
        f"ARRAffinity={one};" in cookie and f"ARRAffinitySameSite={one};" in cookie for one, cookie in zip(ids, cookies)
    ] == [True, True]
    assert page(azure, site, ids[1])[2] == ""
    assert "ARRAffinity=" in page(azure, site, "an-instance-that-is-gone")[2]

    site.switches.stale_instances = 1
    restart(management, site, SYNCHRONOUS)
    assert done(site) == [["restart"], []]
    site.client_affinity = False
    assert page(azure, site, ids[1])[2] == ""
    azure.remove_site(site)


@pytest.mark.parametrize(
    "state, forbidden, words",
    [
        ("QuotaExceeded", False, "<h1>Error 403 - This web app is stopped.</h1>"),
        ("Running", True, "<h1>Error 403 - Forbidden</h1>"),
    ],
)
def test_pages_of_the_front_end(azure: LocalAzure, site: Site, state: str, forbidden: bool, words: str) -> None:
    site.state, site.switches.ip_forbidden = state, forbidden  # type: ignore[assignment]
    status, text, cookie = page(azure, site)
    assert (status, cookie) == (403, "") and words in text and "The web app you have attempted to reach" in text
