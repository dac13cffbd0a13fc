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


# As in public repositories: '#' and '%' in addresses, letters whose other case is another number of letters or the same.
NAMES = ["#application.py", "docs/A Tutorial.ipynb", "100%.txt", "%41.txt", "%2e%2e.txt", "%HOME%.txt", "a+b&c;d=e.txt"]
NAMES += ["[x]{y}.txt", "it's.txt", "..two", " lead.txt", "a..b", "x.cshtml", "bin/x.cs", "web.config.bak", "x" * 180]
NAMES += [
    "\u00fcbersicht.txt",
    "u\u0308bersicht.txt",
    "\u65e5\u672c/\u8a9e.csv",
    "\U0001f600.txt",
    "\u00df.txt",
    "\u1e9e.txt",
]
NAMES += [
    "\u0130.txt",
    "i\u0307.txt",
    "\u0131.txt",
    "i.txt",
    "\u017f.txt",
    "s.txt",
    "\u212a.txt",
    "k.txt",
    "\u00a0x.txt",
]
NAMES += ["\u202ex.txt", "a\u2028b.txt", "\ufeffx.txt", "\uff0e\uff0e.txt"]


def test_odd_names_come_and_go_and_come_back(app, folder, root):
    for name in NAMES:
        folder[name] = f"one {name}"
    publish(app, folder)
    assert content_of(root) == {name: f"one {name}" for name in NAMES}
    assert planned(app, folder)[0].empty
    for name in NAMES:
        folder[name] = f"two {name}"
    publish(app, folder, change_id="20261126-120000-0002")
    assert content_of(root) == {name: f"two {name}" for name in NAMES}
    for name in NAMES[1:]:
        del folder[name]
    publish(app, folder, clean=True, change_id="20261126-120000-0003")
    assert list(content_of(root)) == [NAMES[0]]
