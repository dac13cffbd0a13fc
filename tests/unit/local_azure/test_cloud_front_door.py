"""The edge: TLS, names that are not served, the record of requests, apps' own pages, and how fast it all ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from tests.local_azure import login
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.machine_pip import on_drive_z, pip_variables
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client, LinuxAzure, arm_path


def test_other_names_are_refused_and_recorded(azure: LocalAzure) -> None:
    with pytest.raises(requests.exceptions.ProxyError):
        Client(azure, "example.com")("GET", "/")
    assert "CONNECT example.com:443" in azure.refused


def test_tls_is_verified(azure: LocalAzure, site: Site) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{site.host}/", proxies={"https": azure.env["HTTPS_PROXY"]}, timeout=10, verify=True)


def test_app_and_its_record(azure: LocalAzure, site: Site, kudu: Client, management: Client) -> None:
    begin, mutations = len(azure.requests), len(azure.mutating_requests())
    app = Client(azure, site.host, {})
    assert app("POST", "/page?a=1").text == "hello /page"
    app.close()
    kudu("GET", "/api/environment")
    management("POST", arm_path(site, "/config/appsettings/list"))
    kudu("POST", "/api/command", json={"command": "true"})
    assert len(azure.mutating_requests()) == mutations
    kudu("PUT", "/api/vfs/data/a%20b.txt", data=b"")
    management("POST", arm_path(site, "/restart"))
    assert [(one.method, one.host, one.auth, one.status) for one in azure.requests[begin:]] == [
        ("POST", site.host, None, 200),
        ("GET", site.scm_host, "Bearer", 200),
        ("POST", "management.azure.com", "Bearer", 200),
        ("POST", site.scm_host, "Bearer", 200),
        ("PUT", site.scm_host, "Bearer", 201),
        ("POST", "management.azure.com", "Bearer", 200),
    ]
    assert (azure.requests[begin].path, azure.requests[begin + 4].path) == ("/page?a=1", "/api/vfs/data/a%20b.txt")
    assert [one.method for one in azure.mutating_requests()[mutations:]] == ["PUT", "POST"]


def test_unknown_app_and_hosts(azure: LocalAzure, site: Site) -> None:
    for host in ("nowhere.azurewebsites.net", f"{site.name}.scm.azurewebsites.net"):
        client = Client(azure, host)
        assert client("GET", "/").status_code == 404
        client.close()
    plain = azure.add_site(f"{site.name}-plain", unique_scm_host=False)
    client = Client(azure, f"{plain.name}.scm.azurewebsites.net")
    assert client("GET", "/api/environment").status_code == 200
    client.close()


def test_sign_in(azure: LocalAzure) -> None:
    client = Client(azure, login.HOST, {})
    found = client("GET", f"/{login.TENANT}/v2.0/.well-known/openid-configuration").json()["token_endpoint"]
    form = {
        "client_id": login.CLIENT_ID,
        "client_secret": login.CLIENT_SECRET,
        "grant_type": "client_credentials",
        "scope": "https://management.core.windows.net//.default",
    }
    path = found.removeprefix(client.base)
    assert login.accepts(client("POST", path, data=form).json()["access_token"])
    assert client("POST", path, data=form | {"client_secret": "wrong"}).status_code == 401
    client.close()


def test_it_ends_quickly_with_a_command_running(tmp_path: Path) -> None:
    with LinuxAzure(tmp_path, tmp_path / "cache") as azure:
        site = azure.add_site("app")
        client = Client(azure, site.scm_host)
        client("GET", "/api/environment")
        command = site.commands.start("sleep 30", "")
        while command.pid is None:
            time.sleep(0.01)
        begun = time.monotonic()
    assert time.monotonic() - begun < 3
    client.close()


def test_machine_pip() -> None:
    listing = "\n".join(
        [
            ":env:.cert='/etc/ca.crt'",
            "global.index-url='https://mirror/simple'",
            "global.cert='/old.crt'",
            "global.find-links='\\n/opt/a\\n/opt/b'",
            "install.no-cache-dir='true'",
            ":env:.default-timeout='9'",
        ]
    )
    assert pip_variables(listing) == {
        "PIP_CERT": "/etc/ca.crt",
        "PIP_INDEX_URL": "https://mirror/simple",
        "PIP_FIND_LINKS": "/opt/a /opt/b",
        "PIP_TIMEOUT": "9",
    }
    assert on_drive_z("/opt/a https://mirror/simple file:///b") == r"Z:\opt\a https://mirror/simple file:///Z:/b"
