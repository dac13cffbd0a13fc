"""The network's and the platform's worst day, seen through az: cold sites, cuts, lost answers, locks, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import certifi
import pytest

from tests.local_azure import nuget
from tests.scenario.apps import bytes_before, naming, web_root

OFFICIAL = "azureappservice-python364x64"


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """A requirements file."""
    file = tmp_path / "requirements.txt"
    file.write_text("six==1.16.0\n", encoding="utf-8")
    return file


def test_show_survives_a_recycling_scm_site(az, apps):
    site = apps.prepared("wsgi_hello")
    expected = az("webapp python show", *naming(site)).json
    # Two requests meet them at the same time.
    site.switches.cold_scm_500_times, site.switches.cold_scm_503_times = 1, 8
    site.switches.scm_cut_body_times = site.switches.scm_404_times = 2
    site.switches.scm_429_times, site.switches.scm_retry_after = 1, 4
    shown = az("webapp python show", *naming(site))
    assert shown.json == expected
    assert shown.stderr.count("Waiting for the SCM site of app") >= 1, shown


def test_404_of_the_front_end_is_no_missing_file(az, apps):
    site = apps.prepared("wsgi_hello")
    site.switches.scm_404_times = 10_000
    failed = az("webapp python package uninstall --packages six --yes", *naming(site), expect=1)
    assert "404" in failed.stderr and "Traceback" not in failed.stderr, failed


@pytest.mark.parametrize("cut", [500, "closed"])
def test_a_web_config_whose_answer_was_lost_was_written_by_us(az, apps, cut):
    site = apps.prepared("wsgi_hello")
    before = (web_root(site) / "web.config").read_bytes()
    site.switches.scm_lost_times, site.switches.front_end_cut = 1, cut
    site.switches.trouble_at, site.switches.trouble_methods = "/web.config", ("PUT",)
    answer = az("webapp python web-config set --env A=1", *naming(site))
    assert answer.json["changed"] is True and site.switches.scm_lost_times == 0, answer
    assert bytes_before(site, answer.json["changeId"]) == before
    assert (web_root(site) / "web.config").read_bytes() != before


def test_a_locked_site_and_lost_answers_of_resource_manager(az, azure, apps):
    site = apps.new()
    site.switches.arm_locked_times, site.switches.arm_lost_times, site.switches.arm_500_times = 2, 1, 2
    site.switches.install_seconds = 3
    done = az("webapp python install --extension-id", OFFICIAL, *naming(site))
    assert done.json["changed"] is True and done.json["runtime"]["version"] == "3.6.4", done
    site.switches.arm_lost_times = 1
    gone = az("webapp python uninstall --version 3.6 --yes", *naming(site))
    assert gone.json["changed"] is True, gone
    assert site.extensions.installed() == []
    deletions = [request for request in azure.requests if request.method == "DELETE" and OFFICIAL in request.path]
    assert [request.status for request in deletions] == [504], "what was done is not asked for twice"


def test_an_install_that_fails_at_once_says_kudus_comment(az, apps):
    site = apps.new()
    site.switches.install_fails = "System.IO.IOException: There is not enough space on the disk."
    failed = az("webapp python install --extension-id", OFFICIAL, *naming(site), expect=1)
    assert "There is not enough space on the disk." in failed.stderr, failed


def test_packages_on_a_bad_day(az, apps, six):
    """The command that starts the job is cut, looks are refused, and the restart meets a lock."""
    site = apps.prepared("wsgi_hello")
    site.switches.front_end_limit = 3
    site.switches.scm_401_times = site.switches.scm_403_times = 2
    site.switches.trouble_at = "/state.json"
    site.switches.arm_locked_times = 2
    done = az("webapp python install-requirements -r", six, *naming(site))
    assert done.json["installed"] == [{"name": "six", "version": "1.16.0"}], done
    assert {"target": "app", "action": "restart", "before": None, "after": None} in done.json["changes"]


def test_a_start_that_meets_a_cold_site_still_gives_the_job(az, apps, six):
    site = apps.prepared("wsgi_hello")
    site.switches.cold_scm_503_times, site.switches.trouble_at = 3, "/state.json"
    answer = az("webapp python install-requirements --no-wait -r", six, *naming(site)).json
    assert answer["job"]["id"] and answer["job"]["id"] in answer["finishCommand"]
    assert az(*answer["finishCommand"].removeprefix("az ").split()).json["state"] == "succeeded"


def test_disabled_tls_verification_wins_over_a_ca_bundle(az, apps):
    site = apps.prepared("wsgi_hello")
    az("webapp python show", *naming(site))  # MSAL, too, prefers the bundle to az's setting: the token must be there
    other = {"REQUESTS_CA_BUNDLE": certifi.where(), "CURL_CA_BUNDLE": certifi.where()}
    refused = az("webapp python show", *naming(site), expect=1, **other)
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr, refused
    shown = az("webapp python show", *naming(site), AZURE_CLI_DISABLE_CONNECTION_VERIFICATION="1", **other)
    assert json.loads(shown.stdout)["runtime"]["version"] == "3.8.10"
    assert az("webapp python list-versions", AZURE_CLI_DISABLE_CONNECTION_VERIFICATION="1", **other).json


def test_the_gallerys_second_host(az, azure):
    azure.nuget.search_away = {nuget.SEARCH_HOSTS[0]}
    try:
        assert az("webapp python list-versions").json
    finally:
        azure.nuget.search_away = set()
