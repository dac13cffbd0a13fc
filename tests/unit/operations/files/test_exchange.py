"""Files of an app are replaced, and come back as they were."""

from __future__ import annotations

import json
import zipfile

import pytest

from azext_pythonapp.errors import Conflict, PlatformFailed
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files.exchange import exchange_back, following
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import read_manifest
from azext_pythonapp.operations.files.since import changed_since, lost
from tests.unit.operations.files.conftest import ROOT, age, content_of
from tests.unit.operations.files.exchanges import CHANGE, begun, planned, publish


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


def undone(app, published, change_id):
    """Undo an exchange; return what that did."""
    with kept_files(app, published.archive) as kept, kept_files(app, None) as mine:
        back = exchange_back(app, published, kept)
        back.note(change_id, mine, None)
        back.keep(), back.send(), back.complete(), back.remember()
    return back.published


def exchanged(app, folder, root):
    """Publish twice: the second time a file of somebody else is replaced, one is deleted and one is new."""
    (root / "theirs.py").write_text("theirs")
    folder["app.py"], folder["gone.py"] = "old", "gone"
    publish(app, folder)
    folder["app.py"], folder["new.py"], folder["theirs.py"] = "new", "new", "not theirs"
    del folder["gone.py"]
    return publish(app, folder, clean=True, change_id="20261126-120000-0002")[1]


def test_an_exchange_is_undone_once(app, folder, root):
    published = exchanged(app, folder, root)
    undone(app, published, "20261126-120000-0003")
    assert content_of(root) == {"app.py": "old", "gone.py": "gone", "theirs.py": "theirs"}
    with kept_files(app, published.archive) as kept:
        again = exchange_back(app, published, kept)
        assert again.empty and again.settled, again.published


def test_files_put_back_by_hand_are_as_before(app, folder, root):
    """Their times are others, so their bytes tell; what is known of published files is still to be put back."""
    published, before = exchanged(app, folder, root), {"app.py": "old", "gone.py": "gone", "theirs.py": "theirs"}
    (root / "new.py").unlink()
    for name, text in before.items():
        (root / name).write_text(text)
        age(root / name)
    with kept_files(app, published.archive) as kept, kept_files(app, None) as mine:
        back = exchange_back(app, published, kept)
        assert back.empty and not back.settled
        back.note("20261126-120000-0003", mine, None)
        back.keep(), back.send(), back.complete(), back.remember()
        assert exchange_back(app, published, kept).settled
    assert content_of(root) == before
    assert sorted(row.name for row in read_manifest(app.kudu, ROOT).rows.values()) == ["app.py", "gone.py"]


def test_files_that_the_exchange_left_are_not_read(app, folder, root, azure):
    folder["a.py"], folder["b.py"] = "one", "one"
    publish(app, folder)
    folder["a.py"], folder["b.py"] = "two", "two"
    _, published = publish(app, folder, change_id="20261126-120000-0002")
    with kept_files(app, published.archive) as kept:
        number = len(azure.requests)
        assert len(exchange_back(app, published, kept).published.replaced) == 2
    assert [one.path for one in azure.requests[number:] if one.path.endswith(".py")] == []


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


def test_what_was_changed_without_kept_bytes_is_named(app, folder, root):
    """After a failure whose undo failed, somebody may have deleted what was kept."""
    (root / "app.py").write_text("old")
    folder["app.py"], folder["more.py"] = "new", "more"
    _, exchange = planned(app, folder)
    with begun(app, exchange):
        exchange.keep()
        archive = root.parent.parent / exchange.published.archive
        with kept_files(app, exchange.published.archive) as kept:
            assert lost(app, exchange.published, kept) == []
        content = archive.read_bytes()
        archive.unlink()
        with kept_files(app, exchange.published.archive) as kept:
            assert lost(app, exchange.published, kept) == [], "no file was changed yet, so nothing is missed"
        exchange.send()
        with kept_files(app, exchange.published.archive) as kept:
            assert lost(app, exchange.published, kept) == ["app.py", "more.py"]
        archive.write_bytes(content)
        with kept_files(app, exchange.published.archive) as kept:
            assert lost(app, exchange.published, kept) == []
