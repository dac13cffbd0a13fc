"""Modules of packages are compiled behind a command's end, by a Windows Python, while the app answers."""

from __future__ import annotations

import json
import time

import pytest

from tests.scenario.apps import await_compiled, jobs_started, naming, web_root
from tests.unit.runner.job_runtime import wheel

pytestmark = pytest.mark.costly

MODULES = 150
CODE = "".join(f"def f{number}(a, b):\n    return [a + {number}, b, {{'x': a}}]\n\n\n" for number in range(400))


def wheels_of(folder, code):
    """A folder with a wheel of many modules, and the requirements that name it."""
    files = {f"large/m{number}.py": code for number in range(MODULES)}
    name, content = wheel("large", "1.0", (), {"large/__init__.py": "", "large/old.py": "print 'two'\n", **files})
    folder.mkdir()
    (folder / name).write_bytes(content)
    (folder / "requirements.txt").write_text("large\n", encoding="utf-8")
    return folder


@pytest.fixture
def wheels(tmp_path):
    """Modules that take some seconds."""
    return wheels_of(tmp_path / "some", CODE)


@pytest.fixture
def slow_wheels(tmp_path):
    """Modules that take ten times as long, which is longer than the few commands of a test."""
    return wheels_of(tmp_path / "many", CODE * 10)


def install(az, site, wheels, *more):
    options = ("--wheel-dir", wheels, "--no-index", "-r", wheels / "requirements.txt")
    return az("webapp python install-requirements", *options, *naming(site), *more).json


def show(az, site, job_id):
    return az("webapp python job show --job-id", job_id, *naming(site)).json


def compiled(site):
    return list((site.machine.home / "python3810x64/Lib/site-packages/large").glob("__pycache__/*.pyc"))


def state_of(site, job_id):
    return json.loads((site.machine.home / f"data/pythonapp/jobs/{job_id}/state.json").read_bytes())


def test_the_command_returns_while_modules_are_compiled(az, apps, wheels):
    site = apps.prepared("wsgi_hello")
    answer = install(az, site, wheels)
    job_id = answer["job"]["id"]
    assert answer["job"]["state"] == "succeeded" and answer["changes"][-1]["action"] == "restart"
    state = state_of(site, job_id)
    assert (state["state"], state["phase"], state["compiled"]) == ("succeeded", "compiling", False)
    assert len(compiled(site)) < MODULES
    assert apps.get(site).ok
    shown = show(az, site, job_id)
    assert (shown["state"], shown["phase"]) == ("succeeded", "compiling"), state_of(site, job_id)
    assert az("webapp python show", *naming(site)).json["runningJob"] is None
    await_compiled(site)
    assert len(compiled(site)) == MODULES + 1  # and __init__.py; the module of Python 2 is none
    shown = show(az, site, job_id)
    assert (shown["state"], shown["phase"]) == ("succeeded", "done")
    az("webapp python package uninstall --yes --packages large", *naming(site))
    assert not (site.machine.home / "python3810x64/Lib/site-packages/large").exists()


def test_a_runtime_can_be_uninstalled_meanwhile(az, apps, slow_wheels):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    az("webapp python set-version --version 3.11 --no-health-check", *naming(site))
    await_compiled(site)
    job_id = install(az, site, slow_wheels, "--no-restart")["job"]["id"]
    assert state_of(site, job_id)["phase"] == "compiling"
    az("webapp python set-version --version 3.8 --no-restart --no-health-check", *naming(site))
    begun = time.monotonic()
    answer = az("webapp python uninstall --version 3.11 --yes", *naming(site)).json
    assert answer["changed"] is True and not (site.machine.home / "python3119x64").exists()
    assert time.monotonic() - begun < 60 and state_of(site, job_id)["compiled"] is False
    assert len(jobs_started(site)) == 1 and web_root(site).exists()
