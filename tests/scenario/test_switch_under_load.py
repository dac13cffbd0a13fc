"""Visitors of an app see no failed request while web.config goes back and forth between two environments."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.get_loop import GetLoop
from tests.scenario.test_environments import environments, hashes

SWITCHES = 20
# Its answer takes a while, so that at each switch some are under way.
APP = """\
import time

import six


def application(environ, start_response):
    time.sleep(0.1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [six.__version__.encode()]
"""


@pytest.mark.long
def test_no_visitor_sees_twenty_switches(az, azure, apps):
    site = apps.new(python="3.11.9")
    (web_root(site) / "app.py").write_text(APP, encoding="utf-8")
    (web_root(site) / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    moved = az("webapp python set-version --version 3.11 --packages-in environment", *naming(site)).json
    assert (moved["environment"], moved["verification"]["httpStatus"]) == ("a", 200)
    restarts = site.restarts

    with GetLoop(azure, site) as visitors:
        visitors.await_answer("1.16.0")
        change = az("webapp python package install --packages six==1.17.0", *naming(site)).json["changeId"]
        visitors.await_answer("1.17.0")
        for number in range(SWITCHES - 1):
            before = visitors.count
            back = az("webapp python rollback --yes --change-id", change, *naming(site))
            change = back.json["changeId"]
            visitors.await_answer(("1.16.0", "1.17.0")[number % 2])
            assert visitors.count > before
    assert visitors.failed == []
    assert set(visitors.answers) == {(200, "1.16.0"), (200, "1.17.0")}
    assert site.restarts == restarts


# It has a compiled module loaded, and says from where.
COMPILED = """\
import time
from importlib.metadata import version
from markupsafe import _speedups

VERSION = version("markupsafe")


def application(environ, start_response):
    time.sleep(0.1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [VERSION.encode(), b" ", _speedups.__file__.encode()]
"""
OLD, NEW = "3.0.2", "3.0.3"


def newer_wheel(windows: Path, folder: Path) -> None:
    """Make the next release of markupsafe, with the same compiled module in it."""
    (old,) = (windows / "index").glob(f"MarkupSafe-{OLD}-cp311-cp311-win_amd64.whl")
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(folder / old.name.replace(OLD, NEW), "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if ".dist-info/" in name:
                content = content.replace(OLD.encode(), NEW.encode())
            if name.endswith("/METADATA"):
                assert f"Version: {NEW}".encode() in content
            if name.endswith("/RECORD"):  # without hashes, which are no longer those
                content = re.sub(rb",sha256=[^,]*,\d+", b",,", content)
            made.writestr(name.replace(OLD, NEW), content)


def test_a_loaded_pyd_is_upgraded_while_visitors_come(az, azure, apps, windows, tmp_path):
    site = apps.new(python="3.11.9")
    (web_root(site) / "app.py").write_text(COMPILED, encoding="utf-8")
    (web_root(site) / "requirements.txt").write_text(f"markupsafe=={OLD}\n", encoding="utf-8")
    newer_wheel(windows, tmp_path)
    moved = az("webapp python set-version --version 3.11 --packages-in environment", *naming(site)).json
    assert (moved["environment"], moved["verification"]["httpStatus"]) == ("a", 200)
    restarts, used = site.restarts, hashes(environments(site) / "a")
    modules = r"D:\home\data\pythonapp\environments\{}\Lib\site-packages\markupsafe\_speedups.cp311-win_amd64.pyd"
    before, after = f"{OLD} {modules.format('a')}", f"{NEW} {modules.format('b')}"

    with GetLoop(azure, site) as visitors:
        visitors.await_answer(before)
        (web_root(site) / "requirements.txt").write_text(f"markupsafe=={NEW}\n", encoding="utf-8")
        upgraded = az("webapp python install-requirements --wheel-dir", tmp_path, *naming(site)).json
        visitors.await_answer(after)
    assert [(row["name"].lower(), row["before"], row["after"]) for row in upgraded["upgraded"]] == [
        ("markupsafe", OLD, NEW)
    ]
    assert visitors.failed == [] and set(visitors.answers) == {(200, before), (200, after)}
    assert site.restarts == restarts and hashes(environments(site) / "a") == used
