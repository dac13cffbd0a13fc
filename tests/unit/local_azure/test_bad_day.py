"""The answers that are not Kudu's or Resource Manager's own, one switch each."""

from __future__ import annotations

import pytest
import requests

from tests.local_azure.site import Site

from .linux_azure import Client, arm_path

NEW = "azureappservice-python364x64"


def test_a_recycling_scm_site_says_500_then_503_then_answers(kudu: Client, site: Site) -> None:
    site.switches.cold_scm_500_times, site.switches.cold_scm_503_times, site.switches.scm_retry_after = 1, 2, 7
    answers = [kudu("GET", "/api/environment") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 503, 503, 200]
    assert "pre-application start initialization" in answers[0].text
    assert "HTTP Error 503. The service is unavailable." in answers[1].text and answers[1].headers["Retry-After"] == "7"
    assert answers[1].headers["Content-Type"] == "text/html; charset=us-ascii"
    assert len(answers[1].content) == 326


@pytest.mark.parametrize("cut", [500, 502, 504])
def test_a_lost_answer_is_one_of_what_was_done(kudu: Client, site: Site, cut: int) -> None:
    site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut  # type: ignore[assignment]
    assert kudu("PUT", "/api/vfs/file.txt", data=b"1").status_code == cut
    assert kudu("GET", "/api/vfs/file.txt").content == b"1"


def test_the_front_ends_500_is_a_page(kudu: Client, site: Site) -> None:
    site.switches.scm_lost_times = 1
    assert "<title>500 - The request timed out.</title>" in kudu("PUT", "/api/vfs/file.txt", data=b"1").text


def test_a_lost_answer_can_be_a_closed_connection(kudu: Client, site: Site) -> None:
    site.switches.scm_lost_times, site.switches.front_end_cut = 1, "closed"
    with pytest.raises(requests.ConnectionError):
        kudu("PUT", "/api/vfs/file.txt", data=b"1")
    assert kudu("GET", "/api/vfs/file.txt").content == b"1"


def test_a_body_ends_in_the_middle(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/vfs/file.txt", data=b"12345678")
    site.switches.scm_cut_body_times = 1
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        kudu("GET", "/api/vfs/file.txt")
    assert kudu("GET", "/api/vfs/file.txt").content == b"12345678"


def test_trouble_is_only_where_it_is_wanted(kudu: Client, site: Site) -> None:
    site.switches.scm_404_times, site.switches.trouble_at, site.switches.trouble_methods = 1, "/api/vfs/", ("PUT",)
    assert kudu("GET", "/api/environment").status_code == 200
    assert kudu("GET", "/api/vfs/").status_code == 200
    assert "404 Web Site not found" in kudu("PUT", "/api/vfs/file.txt", data=b"1").text


def test_locked_site_refuses_changes(management: Client, site: Site) -> None:
    site.switches.arm_locked_times = 1
    assert management("GET", arm_path(site)).status_code == 200
    assert management("POST", arm_path(site, "/config/appsettings/list")).status_code == 200
    answer = management("POST", arm_path(site, "/restart"))
    assert (answer.status_code, set(answer.json())) == (429, {"Code", "Message", "Target", "Details", "Innererror"})
    assert answer.json()["Details"][2]["ErrorEntity"]["ExtendedCode"] == "59206" and site.restarts == 0


def test_a_change_whose_answer_is_lost_was_made(management: Client, site: Site) -> None:
    site.switches.arm_lost_times = 1
    assert management("POST", arm_path(site, "/stop")).status_code == 504
    assert management("GET", arm_path(site)).json()["properties"]["state"] == "Stopped"


def test_a_second_install_can_be_429(management: Client, site: Site) -> None:
    site.switches.install_seconds, site.switches.arm_taken_status = 1, 429
    path = arm_path(site, f"/siteextensions/{NEW}")
    assert [management("PUT", path, json={}).status_code for _ in range(2)] == [201, 429]


def test_a_quick_failure_is_an_envelope_with_its_comment(management: Client, site: Site) -> None:
    answer = management("PUT", arm_path(site, "/siteextensions/nothing-like-it"), json={})
    assert answer.status_code == 404 and answer.json()["name"] == f"{site.name}/nothing-like-it"
    assert answer.json()["properties"]["provisioningState"] == "Failed" and answer.json()["properties"]["comment"]


def test_an_exception_in_kudu_comes_through_with_its_reason(management: Client, site: Site) -> None:
    site.switches.arm_500_times = 1
    answer = management("GET", arm_path(site, f"/siteextensions/{NEW}"))
    assert answer.status_code == 500 and "being used by another process" in answer.json()["ExceptionMessage"]
