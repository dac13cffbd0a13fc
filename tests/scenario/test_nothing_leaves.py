"""TLS is verified, and nothing but the local Azure is reached."""

from __future__ import annotations

import certifi
import pytest
import requests

from tests.local_azure import arm, login
from tests.local_azure.cloud import LocalAzure
from tests.scenario.apps import naming


def test_az_fails_when_it_does_not_trust_the_certificate(az, apps):
    site = apps.new()
    failed = az("webapp python show", *naming(site), expect=None, REQUESTS_CA_BUNDLE=certifi.where())
    assert failed.returncode != 0, failed
    assert "CERTIFICATE_VERIFY_FAILED" in failed.stderr, failed


def test_the_same_az_succeeds_when_it_does(az, apps):
    site = apps.new()
    assert az("webapp python show", *naming(site)).json["app"]["name"] == site.name


def test_the_proxy_lets_nothing_out_and_remembers_what_was_asked(tmp_path, windows):
    """What the check at the end of the fixture `azure` relies on."""
    with LocalAzure(tmp_path, windows) as other:
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            requests.get("https://elsewhere.invalid/", timeout=10, proxies={"https": other.env["HTTPS_PROXY"]})
        assert other.refused == ["CONNECT elsewhere.invalid:443"]


def test_az_asks_only_the_local_azure(azure, az, apps):
    site = apps.new()
    before = len(azure.requests)
    az("webapp python show", *naming(site))
    hosts = {exchange.host for exchange in azure.requests[before:]}
    assert {arm.HOST, site.scm_host} <= hosts <= {login.HOST, arm.HOST, site.scm_host}
