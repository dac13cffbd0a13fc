"""az is killed at random moments of an install-requirements; the person runs it again, and nothing is missing."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import Apps, naming, web_root
from tests.scenario.az import Az

pytestmark = pytest.mark.costly

SEED, KILLS = 20261122, 6
VERSIONS = ("1.16.0", "1.17.0")
SAYS_SIX = """\
import six


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [six.__version__.encode()]
"""


def jobs(site: Site) -> set[str]:
    """The ids of the app's jobs."""
    return {path.name for path in (site.machine.home / "data/pythonapp/jobs").glob("*")}


def changing(site: Site, ids: set[str]) -> list[str]:
    """Those of the jobs in which packages became others."""
    states = [site.machine.home / "data/pythonapp/jobs" / name / "state.json" for name in sorted(ids)]
    found = [json.loads(path.read_bytes()) for path in states if path.exists()]
    return [
        state["id"]
        for state in found
        if any((state.get("result") or {}).get(key) for key in ("installed", "upgraded", "removed"))
    ]


def again(az: Az, command: tuple[object, ...]) -> list[str]:
    """What a person does after az has died: run the same command, and wait for the job that goes on when it says so."""
    said = []
    for _ in range(4):
        result = az(*command, expect=None)
        said.append(str(result))
        if result.returncode == 0:
            return said
        advised = re.search(r"Wait for that job: `az (webapp python job wait [^`]+)`", result.stderr)
        assert advised or "was lost" in result.stderr, "\n".join(said)
        if advised:
            said.append(str(az(advised[1], expect=None)))
    raise AssertionError("it never ended well:\n" + "\n".join(said))


def check(site: Site, apps: Apps, version: str, made: set[str]) -> None:
    """That the app runs with the version, that one job installed it, and that nothing is left of the others."""
    home = site.machine.home
    assert [path.name for path in sorted((home / "python3810x64/Lib/site-packages").glob("*six*"))] == [
        f"six-{version}.dist-info",
        "six.py",
    ]
    assert len(changing(site, made)) == 1
    logs = [home / "data/pythonapp/jobs" / name / "log.txt" for name in made]
    assert sum(log.read_text(encoding="utf-8").count("Successfully installed") for log in logs if log.exists()) == 1
    assert not [*(home / "data/pythonapp/locks").iterdir(), *(home / "data/pythonapp/left").iterdir()]
    assert site.state == "Running" and apps.get(site).text == version


@pytest.mark.long
def test_killing_az_neither_loses_nor_repeats_work(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    (web_root(site) / "app.py").write_text(SAYS_SIX, encoding="utf-8")
    commands = []
    for version, stop in zip(VERSIONS, ("auto", "always")):
        (tmp_path / f"{version}.txt").write_text(f"six=={version}\n", encoding="utf-8")
        commands.append(
            ("webapp python install-requirements --stop-app", stop, "-r", tmp_path / f"{version}.txt", *naming(site))
        )
    az(*commands[0])
    undisturbed = az(*commands[1]).seconds
    chance = random.Random(SEED)
    for number in range(KILLS):
        command, version = commands[number % 2], VERSIONS[number % 2]
        assert apps.get(site).text != version, "the app has the other one loaded"
        known, moment = jobs(site), chance.uniform(number, number + 1) * undisturbed / KILLS
        running = az.start(*command)
        time.sleep(moment)
        os.killpg(running.pid, signal.SIGKILL)
        _, last_words = running.communicate()
        said = [f"seed {SEED}, kill {number + 1}: {moment:.2f} s of {undisturbed:.2f} s", last_words]
        try:
            said += again(az, command)
            check(site, apps, version, jobs(site) - known)
            assert az(*command).json["changed"] is False
        except AssertionError as error:
            raise AssertionError("\n".join([*said, str(error)])) from error
