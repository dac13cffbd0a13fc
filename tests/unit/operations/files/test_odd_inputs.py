"""What programs of the app, other deployments and other file systems leave to be compared."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from azext_pythonapp.operations.files.compare import left_the_folder
from azext_pythonapp.operations.files.manifest import Manifest, Row, parse
from azext_pythonapp.operations.files.present import PresentFile
from azext_pythonapp.operations.files.upload import entry_time
from tests.unit.operations.files.conftest import ROOT, content_of
from tests.unit.operations.files.exchanges import planned, publish

GOOD = {"format": 1, "root": ROOT, "webConfig": None, "files": {"app.py": ["00", 1, "2026"]}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0",
        b"null",
        b"[" * 100_000,
        b'{"files": ' * 50_000,
        json.dumps({**GOOD, "files": {"app.py": ["00", 1e999, "2026"]}}).replace("Infinity", "1e999").encode(),
        json.dumps({**GOOD, "files": {"app.py": {"sha256": "00"}}}).encode(),
        json.dumps({**GOOD, "files": ["app.py"]}).encode(),
        json.dumps({**GOOD, "format": 2}).encode(),
        json.dumps({key: value for key, value in GOOD.items() if key != "format"}).encode(),
        json.dumps(GOOD).encode()[:-9],
    ],
)
def test_what_is_no_manifest_says_nothing(content):
    assert parse(json.dumps(GOOD).encode(), ROOT).get("APP.py").size == 1
    found = parse(content, ROOT)
    assert (found.rows, found.web_config, found.readable) == ({}, None, False)


@pytest.mark.parametrize(
    "name", ["x" * 300, "a/" * 3000 + "b", "\0", "\ud800.py", "../../etc/passwd", "/etc/passwd", ""]
)
def test_a_name_that_is_no_path_here_deletes_nothing(app, folder, root, name):
    folder["app.py"] = "app"
    publish(app, folder)
    file = root.parent.parent / "data" / "pythonapp" / "publish" / "manifest.json"
    found = json.loads(file.read_bytes())
    found["files"][name] = ["00", 1, "2026"]
    file.write_text(json.dumps(found))
    before = content_of(root)
    publish(app, folder, clean=True, change_id="20261126-120000-0002")
    assert content_of(root) == before


def test_a_closed_folder_may_hold_a_file(monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)
    manifest = Manifest(ROOT).having([Row("media/a.png", "00", 1, "2026")])
    assert left_the_folder(manifest, [], Path("/nowhere")) == []


@pytest.mark.parametrize("year", [1601, 1979, 2108, 2200, 9999])
def test_a_time_that_no_archive_knows_is_replaced(app, folder, root, year):
    (root / "app.py").write_text("old")
    moment = datetime(year, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    there = PresentFile("app.py", 3, moment.strftime("%Y-%m-%dT%H:%M:%S") + "+00:00")
    assert 1980 <= entry_time(None, [there]).year <= 2107
    assert 1980 <= entry_time(moment, [there]).year <= 2107
    if 1979 <= year <= 2200:
        os.utime(root / "app.py", (moment.timestamp(), moment.timestamp()))
    folder["app.py"] = "new"
    publish(app, folder)
    assert content_of(root) == {"app.py": "new"} and planned(app, folder)[0].empty
