"""Files reach an app by one upload, complete and newer than those that they replace."""

from __future__ import annotations

import os
import zipfile

import pytest

from azext_pythonapp.errors import Conflict, InvalidInput, UnknownOutcome
from azext_pythonapp.operations.files import upload
from azext_pythonapp.operations.files.exchange import NewFile
from azext_pythonapp.operations.files.manifest import PATH
from azext_pythonapp.operations.files.upload import file_opener
from tests.unit.operations.files.conftest import Local, content_of
from tests.unit.operations.files.exchanges import begun, planned, publish, writes


def test_a_held_file_leaves_everything_as_it_was(app, folder, root, site):
    (root / "app.py").write_text("old")
    (root / "lib.pyd").write_text("held")
    folder["app.py"], folder["lib.pyd"] = "new", "other"
    site.switches.held_file = "lib.pyd"
    _, exchange = planned(app, folder)
    with begun(app, exchange), pytest.raises(Conflict) as caught:
        exchange.keep()
        exchange.send()
    assert content_of(root) == {"app.py": "old", "lib.pyd": "held"}, "what may be held goes first"
    assert r"D:\home\site\wwwroot\lib.pyd" in caught.value.message and "az webapp stop" in caught.value.recommendation
    with begun(app, exchange):
        assert exchange.put_back() == "The files of app 'shop' were put back as they were."
    assert not (site.machine.home / PATH).exists(), "nothing was changed after all"


def test_a_replaced_file_never_has_the_time_of_the_old_one(app, folder, root):
    folder["app.py"] = "1"
    publish(app, folder)
    times = [int((root / "app.py").stat().st_mtime)]
    for number in (2, 3):
        folder["app.py"] = str(number)
        publish(app, folder, change_id=f"20261126-120000-000{number}")
        times.append(int((root / "app.py").stat().st_mtime))
    assert len(set(times)) == 3 and times == sorted(times), "Python compares size and time, in seconds"


def test_a_time_that_did_not_change_is_mended(app, folder, root, monkeypatch):
    folder["app.py"] = "1"
    publish(app, folder)
    before = (root / "app.py").stat().st_mtime - 100
    os.utime(root / "app.py", (before, before))
    real = app.kudu.upload_archive

    def in_another_zone(*arguments):
        real(*arguments)
        os.utime(root / "app.py", (before, before))

    monkeypatch.setattr(app.kudu, "upload_archive", in_another_zone)
    folder["app.py"] = "2"
    publish(app, folder, change_id="20261126-120000-0002")
    assert content_of(root) == {"app.py": "2"} and int((root / "app.py").stat().st_mtime) != int(before)
    assert planned(app, folder)[0].empty


def test_a_cut_connection_is_waited_for(app, folder, root, site, monkeypatch):
    monkeypatch.setattr(upload, "POLL_SECONDS", 0.05)
    (root / "app.py").write_text("old")
    folder["app.py"], folder["more.py"] = "new", "more"
    site.switches.archive_cut_times, site.switches.extract_seconds = 1, 0.3
    publish(app, folder)
    assert content_of(root) == {"app.py": "new", "more.py": "more"} and planned(app, folder)[0].empty
    assert any("cut after" in line or "Waiting for it" in line for line in app.progress.said)


def test_an_upload_that_never_arrives_is_unknown(app, folder, root, monkeypatch):
    monkeypatch.setattr(upload, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(upload, "ARRIVAL_SECONDS", 0.02)
    folder["app.py"] = "new"

    def lost(root, told):
        while told.read(1 << 16):
            pass
        raise UnknownOutcome("The connection was cut.")

    monkeypatch.setattr(app.kudu, "upload_archive", lost)
    _, exchange = planned(app, folder)
    with begun(app, exchange), pytest.raises(UnknownOutcome, match="0 of 1 are there"):
        exchange.keep()
        exchange.send()


def test_a_file_that_changes_meanwhile_is_not_sent(azure, app, folder, root):
    folder["app.py"] = "one"
    _, exchange = planned(app, folder)
    folder["app.py"] = "two"
    number = len(azure.mutating_requests())
    with begun(app, exchange), pytest.raises(InvalidInput, match="changed while it was read"):
        exchange.keep()
        exchange.send()
    assert writes(azure, number) == [] and content_of(root) == {}


def test_the_upload_is_shown(app, folder):
    folder["app.py"] = "x" * 1000
    publish(app, folder)
    assert "app 'shop': extracting" in app.progress.statuses


def test_a_large_upload_is_sent_in_chunks_with_a_bar(app, folder):
    (folder.path / "big.bin").write_bytes(os.urandom(1 << 20))
    publish(app, folder)
    counts = [done for _, done, _ in app.progress.transfers]
    assert len(counts) >= 3 and counts == sorted(counts) and app.progress.transfers[0][0].startswith("uploading to")


def test_the_archive_has_the_files(tmp_path):
    (tmp_path / "a.py").write_text("a")
    files = [Local(name, tmp_path / "a.py") for name in ("z.py", "b.txt", "c.PYD")]
    write = [NewFile(file.path, file.size, file.sha256, file_opener(file.file)) for file in files]
    upload.pack(tmp_path / "x.zip", write, upload.entry_time(None, []))
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        assert packed.namelist() == ["c.PYD", "b.txt", "z.py"]
