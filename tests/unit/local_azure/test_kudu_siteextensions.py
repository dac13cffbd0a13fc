"""/api/siteextensions, /api/extensionfeed, settings, environment, processes, and the sign-in
(docs/platform/kudu.md 4-6)."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.local_azure import login
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.local_azure.windows import runtimes
from tests.unit.local_azure.linux_azure import BEARER, Client

WEB_LOG = "/api/siteextensions/Contoso.WebLog"
NEW, OLD = "azureappservice-python364x64", "python364x64"


@pytest.fixture(autouse=True)
def small_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runtimes of one file, for none is started here."""
    tree = tmp_path / "runtime"
    tree.mkdir()
    (tree / "python.exe").write_bytes(b"MZ")
    monkeypatch.setattr(runtimes, "runtime", lambda cache, version, architecture: tree)


def ids(kudu: Client) -> list[str]:
    """What is installed."""
    return [entry["id"] for entry in kudu("GET", "/api/siteextensions").json()]


def test_install_is_synchronous_and_does_not_restart(kudu: Client, site: Site) -> None:
    assert ids(kudu) == []
    answer = kudu("PUT", "/api/siteextensions/" + NEW)
    info = answer.json()
    assert (answer.status_code, info["id"], info["version"]) == (200, NEW, "3.6.4.4")
    assert info["provisioningState"] == "Succeeded"
    assert info["local_path"] == rf"D:\home\SiteExtensions\{NEW}"
    assert info["authors"] == ["Microsoft"]
    assert (site.machine.home / "python364x64" / "python.exe").exists()
    assert (ids(kudu), site.restarts) == ([NEW], 0)


def test_old_ids_are_redirected_by_put_only(kudu: Client) -> None:
    assert kudu("PUT", "/api/siteextensions/" + OLD.upper(), json={}).json()["id"] == NEW
    assert kudu("GET", "/api/extensionfeed/" + OLD).status_code == 404


@pytest.mark.parametrize(
    ("package", "body", "status"),
    [
        ("python361x64", {}, 404),
        ("nothing", {}, 404),
        (NEW, {"version": "9.9"}, 404),
        ("azureappservice-python362x86", {}, 200),
        ("AZUREAPPSERVICE-python364x64", {}, 200),
        (NEW, {"version": "3.6.4.4"}, 200),
    ],
)
def test_what_can_be_installed(kudu: Client, package: str, body: dict[str, str], status: int) -> None:
    answer = kudu("PUT", "/api/siteextensions/" + package, json=body)
    assert (answer.status_code, "Message" in answer.json()) == (status, status != 200)


def test_look_up_by_id_is_a_search_in_the_text(kudu: Client) -> None:
    kudu("PUT", WEB_LOG)
    answer = kudu("GET", "/api/siteextensions/Python 3.6.4 x64")
    assert (answer.status_code, answer.json()["id"]) == (200, "Contoso.WebLog")
    assert kudu("GET", "/api/siteextensions/contoso.weblog").status_code == 200
    assert kudu("GET", "/api/siteextensions/PYTHON 3.6.4").status_code == 404


def test_delete_removes_the_match_and_leaves_the_runtime(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/siteextensions/" + NEW)
    kudu("PUT", WEB_LOG)
    answer = kudu("DELETE", "/api/siteextensions/python364")
    assert (answer.status_code, answer.json()) == (200, True)
    assert ids(kudu) == ["Contoso.WebLog"]
    assert (site.machine.home / "python364x64" / "python.exe").exists()
    assert kudu("DELETE", "/api/siteextensions/python364").status_code == 404


def test_install_of_what_is_up_to_date_changes_nothing(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/siteextensions/" + NEW)
    marker = site.machine.home / "python364x64" / "installed-by-pip.txt"
    marker.touch()
    assert kudu("PUT", "/api/siteextensions/" + NEW).status_code == 200
    assert marker.exists()
    kudu("DELETE", "/api/siteextensions/" + NEW)
    kudu("PUT", "/api/siteextensions/" + NEW)
    assert not marker.exists()


def test_same_id_twice_at_once_is_409(kudu: Client, site: Site) -> None:
    site.switches.install_seconds = 1
    with ThreadPoolExecutor() as pool:
        first = pool.submit(kudu, "PUT", WEB_LOG)
        while not site.extensions.is_installing():
            assert not first.done()
        assert kudu("PUT", WEB_LOG).status_code == 409
        assert first.result().status_code == 200


def test_failed_install_takes_the_folder_with_it(kudu: Client, site: Site) -> None:
    kudu("PUT", WEB_LOG)
    site.switches.install_fails = "install.cmd exited with 1"
    answer = kudu("PUT", WEB_LOG)
    assert (answer.status_code, answer.json()["Message"]) == (400, "install.cmd exited with 1")
    assert ids(kudu) == []


def test_feed(kudu: Client) -> None:
    titles = {entry["id"]: entry["title"] for entry in kudu("GET", "/api/extensionfeed?filter=python").json()}
    assert titles[NEW] == "Python 3.6.4 x64"
    assert not {"azureappservice-python362x86", "python361x64", "Contoso.WebLog"} & set(titles)
    assert "Contoso.WebLog" in {entry["id"] for entry in kudu("GET", "/api/extensionfeed").json()}
    assert kudu("GET", "/api/extensionfeed/" + NEW).json()["version"] == "3.6.4.4"


def test_settings(kudu: Client, site: Site) -> None:
    site.app_settings |= {"A": "1", "B": "2"}
    assert kudu("POST", "/api/settings", json={"B": "3"}).status_code == 204
    assert kudu("GET", "/api/settings").json() == {"A": "1", "B": "3"}
    assert kudu("DELETE", "/api/settings/B").status_code == 204
    assert (kudu("GET", "/api/settings/B").json(), kudu("GET", "/api/settings/C").status_code) == ("2", 404)


def test_environment_and_processes(kudu: Client) -> None:
    assert set(kudu("GET", "/api/environment").json()) == {"version", "siteLastModified"}
    assert kudu("GET", "/api/processes").json() == []
    assert kudu("GET", "/api/processes/0").json()["is_scm_site"] is True
    assert [kudu(method, "/api/processes/4711").status_code for method in ("GET", "DELETE")] == [404, 404]
    assert kudu("DELETE", "/api/processes/0").status_code == 204


def test_unknown_route(kudu: Client) -> None:
    answer = kudu("GET", "/api/vfszip/site/")
    assert (answer.status_code, answer.text) == (404, "No route registered for '/api/vfszip/site/'")


def status_with(azure: LocalAzure, site: Site, authorization: str | None) -> int:
    """The status of a GET with that Authorization header."""
    client = Client(azure, site.scm_host, {} if authorization is None else {"Authorization": authorization})
    try:
        return client("GET", "/api/environment").status_code
    finally:
        client.close()


def test_sign_in(azure: LocalAzure, site: Site) -> None:
    credentials = f"{site.publishing_user}:{site.publishing_password}".encode()
    basic = "Basic " + base64.b64encode(credentials).decode()
    wrong = "Basic " + base64.b64encode(credentials + b"x").decode()
    graph = "Bearer " + login.issue_token("https://graph.microsoft.com/", login.CLIENT_ID)
    bearer = BEARER["Authorization"]
    statuses = [status_with(azure, site, one) for one in (None, bearer, bearer + "x", graph, basic)]
    assert statuses == [401, 200, 401, 401, 401]
    site.basic_auth_allowed = site.switches.bearer_refused = True
    assert [status_with(azure, site, one) for one in (bearer, basic, wrong)] == [401, 200, 401]


def test_affinity_and_cold_start(kudu: Client, site: Site) -> None:
    site.switches.cold_scm_503_times = 2
    answers = [kudu("GET", "/api/environment") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[2].cookies["ARRAffinity"] == site.instance
