"""Files of an app are replaced by one upload, and come back as they were."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import contextmanager
from functools import partial

import pytest

from azext_pythonapp.errors import Conflict, InvalidInput, PlatformFailed, Refused, UnknownOutcome
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files import upload
from azext_pythonapp.operations.files.compare import compare, left_the_folder
from azext_pythonapp.operations.files.exchange import Exchange, NewFile, changed_since, exchange_back, following
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import PATH, read_manifest
from azext_pythonapp.operations.files.present import folders_of, hashes_of, list_present
from azext_pythonapp.operations.files.upload import file_opener
from tests.unit.operations.files.conftest import ROOT, age, content_of

CHANGE = "20261126-120000-0001"


def planned(app, folder, clean=False):
    """The comparison of a folder with the app, and the exchange that makes the app like it."""
    manifest = read_manifest(app.kudu, ROOT)
    gone = left_the_folder(manifest, folder.files, folder.path) if clean else []
    present = list_present(app, ROOT, folders_of([*(file.path for file in folder.files), *gone]))
    found = compare(app.site.label, folder.files, present, manifest, partial(hashes_of, app, ROOT), gone)
    write = [NewFile(file.path, file.size, file.sha256, file_opener(file.file)) for file in found.send]
    return found, Exchange(app, ROOT, present, manifest, write, found.delete, adopted=found.adopted)


@contextmanager
def begun(app, exchange, earlier=None, change_id=CHANGE):
    """An exchange that is noted, so that it can be made."""
    with kept_files(app, earlier.archive if earlier else None) as kept:
        exchange.note(change_id, kept, earlier)
        yield exchange


def publish(app, folder, clean=False, change_id=CHANGE):
    """Make the app like a folder; return what was done."""
    found, exchange = planned(app, folder, clean)
    with begun(app, exchange, change_id=change_id):
        exchange.keep()
        exchange.send()
        exchange.complete()
        exchange.remember()
    return found, exchange.published


def writes(azure, number):
    """The requests that changed something, from the number-th on."""
    return [f"{one.method} {one.path.partition('/api/')[2]}" for one in azure.mutating_requests()[number:]]


def test_a_folder_is_published_and_then_unchanged(azure, app, folder, root):
    folder["app.py"], folder["lib/mod.py"] = "app", "mod"
    number = len(azure.mutating_requests())
    found, published = publish(app, folder)
    assert content_of(root) == {"app.py": "app", "lib/mod.py": "mod"}
    assert writes(azure, number) == ["PUT zip/site/wwwroot/", f"PUT vfs/{PATH}"], "nothing was there to be kept"
    assert published.archive is None and sorted(published.created) == ["app.py", "lib/mod.py"]
    again, exchange = planned(app, folder)
    assert again.empty and exchange.empty and len(again.unchanged) == 2
    folder["lib/mod.py"] = "mod 2"
    edited, _ = planned(app, folder)
    assert [file.path for file in edited.send] == ["lib/mod.py"] and edited.different and not edited.changed_there


def test_files_of_another_deployment_are_compared_by_content(azure, app, folder, root):
    for name, text in (("app.py", "same"), ("other.py", "else")):
        (root / name).write_text(text)
    folder["app.py"], folder["other.py"] = "same", "mine"
    found, _ = planned(app, folder)
    assert [file.path for file in found.unchanged] == ["app.py"] and [file.path for file in found.different] == [
        "other.py"
    ]
    assert not found.changed_there, "it was not published before"
    publish(app, folder)
    manifest = read_manifest(app.kudu, ROOT)
    assert manifest.get("APP.PY").size == 4 and manifest.get("other.py") is not None
    number = len(azure.requests)
    assert planned(app, folder)[0].empty
    assert not any(one.path.endswith("app.py") for one in azure.requests[number:]), "its size and time tell"


def test_old_files_are_kept_before_any_is_replaced(app, folder, root):
    (root / "app.py").write_text("old")
    folder["app.py"] = "new"
    _, exchange = planned(app, folder)
    with begun(app, exchange):
        exchange.keep()
        assert content_of(root) == {"app.py": "old"}
        with kept_files(app, exchange.published.archive) as kept:
            assert kept.names == ["app.py"] and kept.content("APP.py") == b"old"


def test_what_was_published_comes_back(app, folder, root):
    folder["app.py"], folder["gone.py"], folder["same.py"] = "old", "gone", "same"
    publish(app, folder)
    folder["app.py"], folder["new/x.py"] = "new", "x"
    del folder["gone.py"]
    found, published = publish(app, folder, clean=True, change_id="20261126-120000-0002")
    assert found.delete == ["gone.py"] and content_of(root) == {"app.py": "new", "new/x.py": "x", "same.py": "same"}
    assert changed_since(app, published) == []
    with kept_files(app, published.archive) as kept, kept_files(app, None) as mine:
        back = exchange_back(app, Published.from_dict(json.loads(json.dumps(published.to_dict()))), kept)
        redo = back.note("20261126-120000-0003", mine, None)
        back.keep(), back.send(), back.complete(), back.remember()
    assert content_of(root) == {"app.py": "old", "gone.py": "gone", "same.py": "same"}
    manifest = read_manifest(app.kudu, ROOT)
    assert sorted(row.name for row in manifest.rows.values()) == ["app.py", "gone.py", "same.py"]
    folder["app.py"], folder["gone.py"] = "old", "gone"
    del folder["new/x.py"]
    assert planned(app, folder, clean=True)[0].empty, "the manifest tells of the files as they are again"
    assert changed_since(app, back.published) == []
    with kept_files(app, redo.archive) as kept, kept_files(app, None) as mine:
        again = exchange_back(app, back.published, kept)
        again.note("20261126-120000-0004", mine, None)
        again.keep(), again.send(), again.complete(), again.remember()
    assert content_of(root) == {"app.py": "new", "new/x.py": "x", "same.py": "same"}


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


def test_a_part_that_was_written_is_put_back(app, folder, root, site):
    (root / "a.py").write_text("old")
    (root / "z.py").write_text("held")
    folder["a.py"], folder["b.py"], folder["z.py"] = "new", "made", "other"
    site.switches.held_file = "z.py"
    _, exchange = planned(app, folder)
    with begun(app, exchange):
        exchange.keep()
        with pytest.raises(Conflict):
            exchange.send()
        assert content_of(root) == {"a.py": "new", "b.py": "made", "z.py": "held"}
        assert exchange.put_back()
    assert content_of(root) == {"a.py": "old", "z.py": "held"}, "the held file was not touched, so it need not be"


def test_a_deletion_that_fails_is_undone(app, folder, root, site):
    folder["app.py"], folder["held.py"], folder["more.py"] = "app", "held", "more"
    publish(app, folder)
    folder["app.py"] = "new"
    del folder["held.py"]
    del folder["more.py"]
    site.switches.held_file = "held.py"
    _, exchange = planned(app, folder, clean=True)
    with begun(app, exchange):
        exchange.keep()
        exchange.send()
        with pytest.raises(Conflict):
            exchange.complete()
        exchange.put_back()
    assert content_of(root) == {"app.py": "app", "held.py": "held", "more.py": "more"}


def test_a_file_that_somebody_else_changed_is_kept_and_told(app, folder, root):
    folder["app.py"], folder["gone.py"] = "mine", "published"
    publish(app, folder)
    (root / "app.py").write_text("edited in the portal")
    (root / "gone.py").write_text("edited too")
    del folder["gone.py"]
    found, _ = planned(app, folder, clean=True)
    assert found.changed_there == ["app.py"] and found.kept == ["gone.py"] and found.delete == []
    _, published = publish(app, folder, clean=True, change_id="20261126-120000-0002")
    assert content_of(root) == {"app.py": "mine", "gone.py": "edited too"}
    with kept_files(app, published.archive) as kept:
        assert kept.content("app.py") == b"edited in the portal"


def test_a_touched_file_is_not_called_changed(app, folder, root):
    folder["app.py"], folder["gone.py"] = "mine", "gone"
    publish(app, folder)
    age(root / "app.py"), age(root / "gone.py")
    del folder["gone.py"]
    found, _ = planned(app, folder, clean=True)
    assert not found.send and found.delete == ["gone.py"] and not found.kept
    folder["app.py"] = "new!"
    assert planned(app, folder)[0].changed_there == []


@pytest.mark.parametrize("name", ["web.config", "static/Web.config", "App_Data/jobs/run.cmd"])
def test_some_files_are_never_deleted(app, folder, root, name):
    folder["app.py"], folder[name] = "app", "x"
    publish(app, folder)
    del folder[name]
    assert planned(app, folder, clean=True)[0].empty and (root / name).exists()


def test_only_what_was_published_is_deleted(app, folder, root):
    folder["app.py"], folder["left-out.py"] = "app", "x"
    publish(app, folder)
    (root / "upload.png").write_text("a user's")
    files = [file for file in folder.files if file.path != "left-out.py"]
    manifest = read_manifest(app.kudu, ROOT)
    assert left_the_folder(manifest, files, folder.path) == [], "a file that is there was only left out this time"
    assert planned(app, folder, clean=True)[0].empty


def test_a_folders_web_config_is_replaced_only_by_a_new_one(app, folder, root):
    folder["static/web.config"] = "<configuration/>"
    publish(app, folder)
    (root / "static" / "web.config").write_text("<configuration>of the app</configuration>")
    assert planned(app, folder)[0].empty
    folder["static/web.config"] = "<configuration>new</configuration>"
    assert [file.path for file in planned(app, folder)[0].different] == ["static/web.config"]


def test_a_name_in_another_case_is_the_same_file(app, folder, root):
    (root / "APP.py").write_text("old")
    (root / "Lib").mkdir()
    (root / "Lib" / "x.txt").write_text("x")
    folder["app.py"], folder["lib/x.txt"] = "new", "x"
    found, _ = planned(app, folder)
    assert [file.path for file in found.different] == ["app.py"] and [file.path for file in found.unchanged] == [
        "lib/x.txt"
    ]
    _, published = publish(app, folder)
    assert content_of(root) == {"app.py": "new", "Lib/x.txt": "x"}, "Python finds a module only by its own case"
    with kept_files(app, published.archive) as kept:
        back = exchange_back(app, published, kept)
        back.send(), back.complete(), back.remember()
    assert content_of(root) == {"APP.py": "old", "Lib/x.txt": "x"}


def test_a_file_that_differs_only_in_case_is_renamed(app, folder, root):
    (root / "Views.py").write_text("same")
    folder["views.py"] = "same"
    assert [file.path for file in planned(app, folder)[0].different] == ["views.py"]
    publish(app, folder)
    assert content_of(root) == {"views.py": "same"} and planned(app, folder)[0].empty


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


def test_kept_files_that_did_not_arrive_change_nothing(app, folder, root, site):
    (root / "app.py").write_text("old")
    folder["app.py"] = "new"
    _, exchange = planned(app, folder)
    site.switches.home_full = True
    with begun(app, exchange), pytest.raises(Conflict):
        exchange.keep()
    site.switches.home_full = False
    with begun(app, exchange), pytest.raises(PlatformFailed) as caught:
        real = app.kudu.list_directory
        app.kudu.list_directory = lambda path: [] if path.endswith("kept") else real(path)
        exchange.keep()
    assert "no file was changed" in caught.value.message and content_of(root) == {"app.py": "old"}


def test_an_interrupted_exchange_is_continued(app, folder, root, site):
    """What was there before the first run comes back, not what that run left half done."""
    (root / "a.py").write_text("old a")
    (root / "z.py").write_text("old z")
    folder["a.py"], folder["b.py"], folder["z.py"] = "new a", "new b", "new z"
    _, first = planned(app, folder)
    site.switches.held_file = "z.py"
    with begun(app, first), pytest.raises(Conflict):
        first.keep()
        first.send()
    site.switches.held_file = None
    found, second = planned(app, folder)
    assert [file.path for file in found.send] == ["z.py"]
    with begun(app, second, first.published):
        second.keep()
        second.send()
        second.complete()
        assert content_of(root) == {"a.py": "new a", "b.py": "new b", "z.py": "new z"}
        second.put_back()
    assert content_of(root) == {"a.py": "old a", "z.py": "old z"}


def test_without_kept_files_nothing_was_changed_yet(app, folder, root):
    (root / "app.py").write_text("old")
    folder["app.py"] = "new"
    _, first = planned(app, folder)
    with begun(app, first):
        earlier = first.published
    with kept_files(app, earlier.archive) as kept:
        back = exchange_back(app, earlier, kept)
        assert back.empty
    folder_of_archive = root.parent.parent / "data" / "pythonapp" / "kept"
    folder_of_archive.mkdir(parents=True)
    (folder_of_archive / f"{CHANGE}.zip").write_bytes(b"PK\x03\x04 and no more")
    with kept_files(app, earlier.archive) as kept:
        assert exchange_back(app, earlier, kept).empty
    _, second = planned(app, folder)
    with begun(app, second, earlier):
        second.keep(), second.send(), second.complete()
        second.put_back()
    assert content_of(root) == {"app.py": "old"}


def test_a_file_in_the_place_of_a_folder_is_refused(app, folder, root):
    (root / "lib").mkdir()
    (root / "pkg").write_text("a file")
    folder["lib"] = "x"
    with pytest.raises(Refused, match="'lib' is a file here, and a folder on app 'shop'"):
        planned(app, folder)
    del folder["lib"]
    folder["pkg/mod.py"] = "x"
    with pytest.raises(Refused, match="'pkg' is a folder here, and a file on app 'shop'"):
        planned(app, folder)


def test_two_exchanges_are_one():
    first = Published(ROOT, "x.zip", ["new"], ["old"], ["gone"], {"old": {"size": 1}}, {"old": {"size": 2}})
    second = Published(ROOT, None, ["other"], ["NEW", "old", "more"], [], {"old": {"size": 2}}, {"more": {"size": 9}})
    both = following(second, first)
    assert sorted(both.created) == ["new", "other"]
    assert sorted(both.replaced) == ["more", "old"] and both.deleted == ["gone"]
    assert both.before["old"] == {"size": 1} and set(both.after) == {"old", "more"}


def test_what_somebody_else_changed_since_is_named(app, folder, root):
    (root / "app.py").write_text("old")
    folder["app.py"], folder["more.py"] = "new", "more"
    _, published = publish(app, folder)
    age(root / "more.py")
    assert changed_since(app, published) == [], "the same bytes"
    (root / "app.py").write_text("theirs")
    assert changed_since(app, published) == ["app.py"]
    (root / "app.py").write_text("old")
    assert changed_since(app, published) == [], "as before: it is what undoing would make of it"
    (root / "more.py").unlink()
    assert changed_since(app, published) == []


def test_the_upload_is_shown(app, folder):
    folder["app.py"] = "x" * 1000
    publish(app, folder)
    assert "app 'shop': extracting" in app.progress.statuses


def test_a_large_upload_is_sent_in_chunks_with_a_bar(app, folder):
    (folder.path / "big.bin").write_bytes(os.urandom(1 << 20))
    publish(app, folder)
    counts = [done for _, done, _ in app.progress.transfers]
    assert len(counts) >= 3 and counts == sorted(counts) and app.progress.transfers[0][0].startswith("uploading to")


def test_the_manifest_that_cannot_be_read_is_no_manifest(app, folder, root, site):
    folder["app.py"], folder["gone.py"] = "app", "gone"
    publish(app, folder)
    (site.machine.home / PATH).write_bytes(b'{"format": 1, "files": {"a"')
    del folder["gone.py"]
    assert read_manifest(app.kudu, ROOT).readable is False
    assert planned(app, folder, clean=True)[0].empty, "then nothing is deleted, and contents are compared"


def test_another_root_has_another_manifest(app, folder):
    folder["app.py"] = "app"
    publish(app, folder)
    assert read_manifest(app.kudu, "site/other").rows == {}


def test_the_archive_has_the_files(tmp_path):
    (tmp_path / "a.py").write_text("a")
    from tests.unit.operations.files.conftest import Local

    files = [Local(name, tmp_path / "a.py") for name in ("z.py", "b.txt", "c.PYD")]
    write = [NewFile(file.path, file.size, file.sha256, file_opener(file.file)) for file in files]
    upload.pack(tmp_path / "x.zip", write, upload.entry_time(None, []))
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        assert packed.namelist() == ["c.PYD", "b.txt", "z.py"]


def test_kept_files_are_opened_once_for_all(app, folder, root, monkeypatch):
    """Opening an archive reads all of its names, so that once for each of some thousand files takes minutes."""
    for number in range(20):
        (root / f"{number}.txt").write_text("old")
        folder[f"{number}.txt"] = "new"
    _, exchange = planned(app, folder)
    opened = []
    with begun(app, exchange):
        exchange.keep(), exchange.send(), exchange.complete()
        real = zipfile.ZipFile.__init__
        monkeypatch.setattr(
            zipfile.ZipFile,
            "__init__",
            lambda self, *more, **how: (opened.append(more[0]), real(self, *more, **how))[1],
        )
        exchange.put_back()
    assert set(content_of(root).values()) == {"old"}
    kept = [path for path in opened if str(path).endswith("kept.zip")]
    assert len(kept) == 1, opened
