"""az is killed in the middle of a change; the next command says so, and both ways on that it names work.

Each request of each command: tests/unit/kill_matrix. Here are a few, with a real Windows Python and real pip.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import naming, web_root

pytestmark = pytest.mark.costly

PATIENCE = 120
LEFT = re.compile(r"^Change (\S+) of .* is not finished: `az ([^`]+)` finishes it, `az ([^`]+)` undoes it\.$", re.M)


def killed(az, command: tuple[object, ...], reached: Callable[[], bool]) -> None:
    """Start az and kill it once it has come to a point."""
    running = az.start(*command)
    until = time.monotonic() + PATIENCE
    while not reached():
        assert running.poll() is None and time.monotonic() < until, "it did not come so far"
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def requested(azure, site: Site, request: str) -> Callable[[], bool]:
    """Whether a request has reached the SCM site since now: "PUT /api/vfs/site/wwwroot/web.config"."""
    known = len(azure.requests)
    return lambda: any(
        each.host == site.scm_host and f"{each.method} {each.path}".startswith(request)
        for each in azure.requests[known:]
    )


def ways_on(az, site: Site) -> tuple[str, str, str]:
    """The change that was interrupted, and the two commands, as a reader names them in one sentence."""
    said = LEFT.findall(az("webapp python show", *naming(site)).stderr)
    assert len(said) == 1, said
    return said[0]


def state_of(site: Site, change: str) -> str:
    """The state of a change, as the app has it."""
    record = json.loads((site.machine.home / "data/pythonapp/history" / f"{change}.json").read_bytes())
    return str(record["state"])


def packages(site: Site) -> list[str]:
    """The packages of the Python that the app runs at first, as their metadata names them."""
    folder = site.machine.home / "python3810x64/Lib/site-packages"
    return sorted(path.name for path in folder.glob("*.dist-info"))


@pytest.mark.parametrize("way", ["again", "back"])
def test_a_killed_switch(az, azure, apps, way):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    before = (web_root(site) / "web.config").read_bytes()
    switch = ("webapp python set-version --version 3.11", *naming(site))
    killed(az, switch, requested(azure, site, "PUT /api/vfs/site/wwwroot/web.config"))
    change, again, back = ways_on(az, site)
    az(again if way == "again" else back)
    assert ("3.11.9" if way == "again" else "3.8.10") in apps.get(site).text
    if way == "again":
        assert state_of(site, change) == "succeeded"
    else:
        assert (web_root(site) / "web.config").read_bytes() == before


@pytest.mark.parametrize("way", ["again", "back"])
def test_a_killed_installation_of_packages(az, azure, apps, tmp_path, way):
    site = apps.prepared("wsgi_hello")
    before = packages(site)
    (tmp_path / "six.txt").write_text("six==1.16.0\n", encoding="utf-8")
    install = ("webapp python install-requirements -r", tmp_path / "six.txt", *naming(site))
    killed(az, install, lambda: any(site.machine.home.glob("data/pythonapp/jobs/*/log.txt")))
    change, again, back = ways_on(az, site)
    az(again if way == "again" else back)
    if way == "again":
        assert state_of(site, change) == "succeeded" and "six-1.16.0.dist-info" in packages(site)
    else:
        assert packages(site) == before
    assert apps.get(site).status_code == 200


@pytest.mark.parametrize("way", ["again", "back"])
def test_a_killed_publish(az, azure, apps, tmp_path, way):
    site = apps.prepared("wsgi_hello")
    before = {path.name: path.read_bytes() for path in web_root(site).iterdir() if path.is_file()}
    folder = tmp_path / "shop"
    folder.mkdir()
    page = before["app.py"].decode("utf-8").replace("Hello from WSGI", "Published")
    (folder / "app.py").write_text(page, encoding="utf-8")
    (folder / "more.py").write_text("MORE = 1\n", encoding="utf-8")
    publish = ("webapp python publish --src", folder, *naming(site))
    killed(az, publish, requested(azure, site, "PUT /api/zip/site/wwwroot"))
    change, again, back = ways_on(az, site)
    az(again if way == "again" else back)
    if way == "again":
        assert state_of(site, change) == "succeeded" and "Published" in apps.get(site).text
    else:
        assert {path.name: path.read_bytes() for path in web_root(site).iterdir() if path.is_file()} == before
        assert "Hello from WSGI" in apps.get(site).text
