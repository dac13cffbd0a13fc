"""What Azure does to an installation of a site extension, each trap with the switch of the local Azure that provokes it.

A gateway that gives up, an install that fails with status 200 or 400, and one that is interrupted are in
test_runtimes.py; an install without a body, which this product never sends, is in the unit tests of the local Azure.
"""

from __future__ import annotations

import json
import shutil
import threading
import time

from tests.local_azure.windows import gallery, runtimes
from tests.scenario.apps import naming, record_of, records_of, web_root
from tests.scenario.unchanged import unchanged

OFFICIAL = "azureappservice-python364x64"
INSTALL = ("webapp python install --extension-id", OFFICIAL)
MENTIONS_IT = gallery.Package(
    id="Abacus.Monitor",
    version="1.0.0",
    title="Abacus Monitor",
    authors="Abacus",
    tags="monitor AzureSiteExtension",
    description=f"Watches the processes of {OFFICIAL} and of python364x86.",
    listed=True,
    in_gallery=True,
    folder="",
    python_version="",
    architecture="",
)
"""An extension whose text Kudu finds before the real one, when asked for either id."""


def statuses(azure, since: int) -> list[tuple[str, int]]:
    """Method and status of the requests about one site extension."""
    return [
        (request.method, request.status) for request in azure.requests[since:] if "/siteextensions/" in request.path
    ]


def changes(answer) -> list[tuple[str, str, str | None, str | None]]:
    """The changes of an answer, short."""
    return [(row["target"], row["action"], row["before"], row["after"]) for row in answer["changes"]]


def extensions(site) -> set[str]:
    """The ids of what is installed."""
    return {one.text("id") for one in site.extensions.installed()}


def test_throttled_busy_and_empty_answers_are_retried(az, azure, apps):
    site = apps.new()
    site.switches.arm_429_times = site.switches.arm_busy_times = site.switches.arm_empty_times = 1
    before = len(azure.requests)
    done = az(*INSTALL, *naming(site))
    answer = done.json
    assert answer["changed"] is True and answer["runtime"]["version"] == "3.6.4"
    assert [request.status for request in azure.requests[before:]].count(429) == 1
    assert f"az webapp python set-version -g rg -n {site.name} --version 3.6.4" in done.stderr, done
    assert statuses(azure, before) == [("PUT", 201), ("GET", 409), ("GET", 200), ("GET", 200)]
    assert site.restarts == 1, "Azure restarts the app for the first who asks after success"


def test_package_that_mentions_the_id_is_another_package(az, apps):
    site = apps.new()
    gallery.lay_down(site.machine, MENTIONS_IT)
    answer = az(*INSTALL, *naming(site)).json
    assert answer["runtime"]["extensionId"] == OFFICIAL and site.restarts == 1
    assert extensions(site) == {MENTIONS_IT.id, OFFICIAL}
    other = az("webapp python uninstall --extension-id python364x86 --yes", *naming(site)).json
    assert other["changed"] is False
    assert extensions(site) == {MENTIONS_IT.id, OFFICIAL}
    gone = az("webapp python uninstall --version 3.6 --yes", *naming(site)).json
    assert changes(gone)[0] == (f"siteextensions/{OFFICIAL}", "uninstall", "3.6.4.4", None)
    assert extensions(site) == {MENTIONS_IT.id}


def test_ignored_package_version_is_an_error(az, apps):
    site = apps.new()
    older = (*INSTALL, "--package-version", "3.6.4.3", *naming(site))
    site.switches.extension_version_ignored = True
    failed = az(*older, expect=1)
    assert f"Azure installed {OFFICIAL} 3.6.4.4" in failed.stderr and "3.6.4.3 was asked for" in failed.stderr, failed
    site.switches.extension_version_ignored = False
    answer = az(*older).json
    assert changes(answer) == [(f"siteextensions/{OFFICIAL}", "downgrade", "3.6.4.4", "3.6.4.3")]
    assert answer["runtime"]["packageVersion"] == "3.6.4.3"


def test_no_wait_and_the_command_that_finishes_it(az, azure, apps, monkeypatch):
    site = apps.new()
    real, may_end = runtimes.runtime, threading.Event()
    monkeypatch.setattr(runtimes, "runtime", lambda *which: may_end.wait(300) and real(*which))
    started = az("webapp python install --version 3.6 --no-wait", *naming(site))
    answer = started.json
    assert answer["changed"] is True and answer["remaining"] == ["wait for the installation", "restart the app"]
    assert answer["finishCommand"] in started.stderr
    again = az("webapp python install --version 3.6 --no-wait", *naming(site), expect=1)
    assert "is already being installed" in again.stderr and answer["finishCommand"] in again.stderr, again
    assert site.restarts == 0 and record_of(site, answer["changeId"])["finish"] == answer["finishCommand"]
    finishing = az.start(answer["finishCommand"].removeprefix("az "))
    for line in finishing.stderr:
        if "is already being installed" in line:
            break
    else:
        raise AssertionError("it ended before it said that it waits")
    may_end.set()
    stdout, stderr = finishing.communicate(timeout=300)
    assert finishing.returncode == 0, stderr
    assert json.loads(stdout)["runtime"]["version"] == "3.6.4" and site.restarts == 1
    with unchanged(azure, site):
        assert az(answer["finishCommand"].removeprefix("az ")).json["changed"] is False
    assert site.restarts == 1 and [each["state"] for each in records_of(site)] == ["succeeded"]


def test_no_wait_and_a_later_finish_restarts_the_app(az, apps):
    site = apps.new()
    answer = az("webapp python install --version 3.6 --no-wait", *naming(site)).json
    while site.extensions.is_installing():
        time.sleep(0.1)
    assert site.restarts == 0
    assert az(answer["finishCommand"].removeprefix("az ")).json["runtime"]["version"] == "3.6.4"
    assert site.restarts == 1


def test_what_azure_calls_installed_is_asked_for_its_version(az, apps, monkeypatch, tmp_path):
    """The package brings another Python than it says, then a python.exe that is none."""
    site = apps.new()
    real = runtimes.runtime
    monkeypatch.setattr(runtimes, "runtime", lambda cache, version, architecture: real(cache, "3.8.10", "x64"))
    wrong = az(*INSTALL, *naming(site), expect=1)
    assert "says that it is Python 3.8.10, not 3.6.4" in wrong.stderr and f"'{site.name}'" in wrong.stderr, wrong

    tree = tmp_path / "runtime"
    tree.mkdir()
    (tree / "python.exe").write_bytes(b"MZ")
    monkeypatch.setattr(runtimes, "runtime", lambda cache, version, architecture: tree)
    broken = az("webapp python install --extension-id Contoso-python3119x64", *naming(site), expect=1)
    assert "its Python does not answer" in broken.stderr and "Traceback" not in broken.stderr, broken


def test_a_runtime_whose_python_is_gone_is_installed_again(az, azure, apps):
    """Azure would do nothing: the package is there, in its newest version."""
    site = apps.prepared("wsgi_hello")
    shutil.rmtree(site.machine.home / "python3810x64")
    config = (web_root(site) / "web.config").read_bytes()
    command = ("webapp python install --version 3.8", *naming(site))
    answer = az(*command).json
    assert changes(answer) == [("siteextensions/Contoso-python3810x64", "update", "3.8.10", "3.8.10")]
    assert (web_root(site) / "web.config").read_bytes() == config
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text
    with unchanged(azure, site):
        assert az(*command).json["changed"] is False
