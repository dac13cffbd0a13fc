"""`doctor` through az: faults of packages, logs, secrets and of what killed commands left, each before and after its fix."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.scenario.az import Az
from tests.scenario.held_index import HeldIndex

GROUP = "doctor-more"
PACKAGES = "python3119x64/Lib/site-packages"
LOG = """{at}.1: wfastcgi.py 3.0.0 initializing
{at}.2: Error occurred while reading WSGI handler:

Traceback (most recent call last):
  File "D:\\home\\python3119x64\\wfastcgi.py", line 793, in main
    env, handler = read_wsgi_handler(response.physical_path)
  File "D:\\home\\site\\wwwroot\\app.py", line 1, in <module>
    import toml
ModuleNotFoundError: No module named 'toml'

{at}.3: wfastcgi.py 3.0.0 closed
"""
OF_PACKAGES = {"pip-check", "requirements", "pip-version", "certifi", "server-log", "web-config-secrets"}


@pytest.fixture
def site(azure: LocalAzure) -> Iterator[Site]:
    """A clean app; only Python 3.11 gets fixes still."""
    with azure.fleet(1, name="more", resource_group=GROUP, python="3.11.9", installed=("3.11.9",), own=True) as made:
        made[0].machine.touch()
        yield made[0]


def bad(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The checks of an answer that do not pass, by their ids."""
    return {row["id"]: row for row in answer["checks"] if row["status"] != "pass"}


def distribution(home: Path, name: str, version: str, *requires: str) -> None:
    """Put the metadata of a package into site-packages."""
    folder = home / PACKAGES / f"{name}-{version}.dist-info"
    folder.mkdir()
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {r}\n" for r in requires)]
    (folder / "METADATA").write_text("".join(lines), "utf-8")
    (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n{folder.name}/RECORD,,\n", "utf-8")


def test_faults_of_packages_log_and_secrets(az: Az, site: Site) -> None:
    home, name = site.machine.home, ("-g", GROUP, "-n", site.name)
    (pip,) = (home / PACKAGES).glob("pip-*.dist-info")
    shutil.rmtree(pip)
    distribution(home, "pip", "9.0.1")
    distribution(home, "needy", "1.0", "six>=1.17")
    distribution(home, "certifi", "2018.1.18")
    (home / "site/wwwroot/requirements.txt").write_text("needy\nbottle==0.13.4\n", "utf-8")
    web_config = home / "site/wwwroot/web.config"
    settings = (
        '<add key="WSGI_LOG" value="D:\\home\\LogFiles\\wfastcgi.log" />\n    <add key="API_KEY" value="geheim" />'
    )
    web_config.write_text(web_config.read_text("utf-8").replace("</appSettings>", f"  {settings}\n  </appSettings>"))
    now = time.time()
    site.worker_started = datetime.fromtimestamp(now - 3600, timezone.utc)
    for file in (home / "site/wwwroot").iterdir():
        os.utime(file, (now - 3600, now - 3600))
    (home / "LogFiles").mkdir(exist_ok=True)
    written = datetime.fromtimestamp(now - 60, timezone.utc)
    (home / "LogFiles/wfastcgi.log").write_text(LOG.format(at=f"{written:%Y-%m-%d %H:%M:%S}"), "utf-8")

    found = az("webapp python doctor", *name, expect=1)
    rows = bad(found.json)
    assert set(rows) == OF_PACKAGES, rows
    assert {check for check, row in rows.items() if row["status"] == "fail"} == {"server-log"}
    assert "needy 1.0 requires six>=1.17, which is not installed" in rows["pip-check"]["evidence"]
    assert "requirements.txt:2 asks for bottle==0.13.4" in rows["requirements"]["evidence"]
    assert "No module named 'toml' (D:\\home\\site\\wwwroot\\app.py, line 1)" in rows["server-log"]["evidence"]
    assert "API_KEY" in rows["web-config-secrets"]["evidence"] and "geheim" not in found.stdout + found.stderr

    for check in ("pip-version", "certifi", "pip-check", "requirements", "server-log"):
        az(*shlex.split(rows[check]["fix"])[1:])
    left = bad(az("webapp python doctor", *name).json)
    assert set(left) == {"web-config-secrets"}, left
    before = web_config.read_bytes()
    fixed = az(*shlex.split(rows["web-config-secrets"]["fix"])[1:])
    assert fixed.json["summary"]["warn"] == 0 and "geheim" not in fixed.stdout + fixed.stderr
    assert [row["target"] for row in fixed.json["changes"]] == ["settings/API_KEY", "site/wwwroot/web.config"]
    assert site.app_settings["API_KEY"] == "geheim" and b"API_KEY" not in web_config.read_bytes()
    assert bad(az("webapp python doctor", *name).json) == {}
    az("webapp python rollback --yes", "--change-id", fixed.json["changeId"], *name)
    assert web_config.read_bytes() == before and site.app_settings["API_KEY"] == "geheim"


def test_what_a_killed_command_left(az: Az, site: Site, windows: Path, tmp_path: Path) -> None:
    home, name = site.machine.home, ("-g", GROUP, "-n", site.name)
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n", "utf-8")
    with HeldIndex(windows / "index") as index:
        asked = ("--index-url", index.url, "-r", tmp_path / "requirements.txt", *name)
        running = az.start("webapp python install-requirements --stop-app always", *asked)
        while not index.asked.wait(0.2):
            assert running.poll() is None, running.communicate()
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert "stopped-for-job" not in bad(az("webapp python doctor", *name, expect=1).json), "its job is at work"
        site.recycle_scm()
        (state,) = (home / "data/pythonapp/jobs").glob("*/state.json")
        state.write_text(json.dumps(json.loads(state.read_text()) | {"heartbeatAt": "2026-01-01T00:00:00Z"}), "ascii")
        lease = home / "data/pythonapp/lease.json"
        lease.write_text(json.dumps(json.loads(lease.read_text()) | {"expiresAt": "2026-01-01T00:00:00Z"}), "ascii")

        rows = bad(az("webapp python doctor", *name, expect=1).json)
        assert set(rows) == {"site-state", "stopped-for-job", "unfinished-change", "lost-jobs"}, rows
        assert {check for check, row in rows.items() if row["status"] == "fail"} == {"site-state", "stopped-for-job"}
        assert rows["unfinished-change"]["fix"] == rows["lost-jobs"]["fix"]
        index.release()
        az(
            *shlex.split(rows["stopped-for-job"]["fix"])[1:], expect=1
        )  # it starts the app, and says that the job is lost
        assert site.state == "Running"
        assert set(bad(az("webapp python doctor", *name).json)) == {"unfinished-change", "lost-jobs"}
        az(*shlex.split(rows["unfinished-change"]["fix"])[1:])
        assert bad(az("webapp python doctor", *name).json) == {}
