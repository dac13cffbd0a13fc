"""Files become folders, folders become files, and folders come and go with the files in them."""

from __future__ import annotations

import json
import shutil

import pytest

from azext_pythonapp.errors import Conflict, Refused
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files import exchange
from azext_pythonapp.operations.files.exchange import exchange_back
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import read_manifest
from azext_pythonapp.operations.files.since import changed_since
from tests.unit.operations.files.conftest import ROOT, content_of
from tests.unit.operations.files.exchanges import begun, planned, publish

SECOND, THIRD, FOURTH = (f"20261126-120000-000{number}" for number in (2, 3, 4))


def undone(app, published, change_id):
    """Undo what a record says; return what that did."""
    record = Published.from_dict(json.loads(json.dumps(published.to_dict())))
    with kept_files(app, record.archive) as kept, kept_files(app, None) as mine:
        back = exchange_back(app, record, kept)
        back.note(change_id, mine, None)
        back.keep(), back.send(), back.complete(), back.remember()
    return back.published


def folders_of(root):
    """The folders of the app, without what Python compiled."""
    found = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()]
    return sorted(name for name in found if "__pycache__" not in name)


def compiled(root, name):
    """Let Python have compiled a module of a folder."""
    path = root / name / "__pycache__" / "mod.cpython-38.pyc"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"compiled")


FILE, FOLDER = {"x": "file", "y": "same"}, {"x/a.py": "a", "x/deep/b.py": "b", "y": "same"}


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("before, after", [(FILE, FOLDER), (FOLDER, FILE)])
def test_a_kind_changes_is_undone_and_made_again(app, folder, root, before, after, clean):
    for name, text in before.items():
        folder[name] = text
    publish(app, folder)
    if "x/a.py" in before:
        compiled(root, "x")
        compiled(root, "x/deep")
    shutil.rmtree(folder.path)
    for name, text in after.items():
        folder[name] = text
    found, published = publish(app, folder, clean, SECOND)
    assert content_of(root) == after and sorted(found.delete) == sorted(set(before) - {"y"})
    again, _ = planned(app, folder, clean)
    assert again.empty and not again.adopted and changed_since(app, published) == []
    redo = undone(app, published, THIRD)
    assert content_of(root) == before and changed_since(app, redo) == []
    undone(app, redo, FOURTH)
    assert content_of(root) == after and planned(app, folder, clean)[0].empty


@pytest.mark.parametrize("before, after", [(FILE, FOLDER), (FOLDER, FILE)])
def test_a_kind_that_half_changed_is_put_back(app, folder, root, site, before, after):
    """The upload fails behind the deletion of what was in the way."""
    for name, text in {**before, "z.py": "old"}.items():
        folder[name] = text
    publish(app, folder)
    shutil.rmtree(folder.path)
    for name, text in {**after, "z.py": "new!"}.items():
        folder[name] = text
    _, made = planned(app, folder)
    site.switches.held_file = "z.py"
    with begun(app, made, change_id=SECOND):
        made.keep()
        with pytest.raises(Conflict):
            made.send()
        site.switches.held_file = None
        made.put_back()
    assert content_of(root) == {**before, "z.py": "old"}
    shutil.rmtree(folder.path)
    for name, text in {**before, "z.py": "old"}.items():
        folder[name] = text
    assert planned(app, folder, True)[0].empty, "the manifest is as it was"


def test_an_interrupted_change_of_a_kind_is_continued(app, folder, root, site):
    folder["x"], folder["z.py"] = "file", "old"
    publish(app, folder)
    shutil.rmtree(folder.path)
    folder["x/a.py"], folder["z.py"] = "a", "new!"
    _, first = planned(app, folder)
    site.switches.held_file = "z.py"
    with begun(app, first, change_id=SECOND), pytest.raises(Conflict):
        first.keep()
        first.send()
    site.switches.held_file = None
    _, second = planned(app, folder)
    with begun(app, second, first.published, SECOND):
        second.keep(), second.send(), second.complete(), second.remember()
    assert content_of(root) == {"x/a.py": "a", "z.py": "new!"}
    undone(app, second.published, THIRD)
    assert content_of(root) == {"x": "file", "z.py": "old"}


def test_undoing_keeps_what_others_put_into_a_new_folder(app, folder, root):
    folder["x"] = "file"
    publish(app, folder)
    shutil.rmtree(folder.path)
    folder["x/a.py"] = "a"
    _, published = publish(app, folder, change_id=SECOND)
    (root / "x" / "upload.png").write_text("a user's")
    with pytest.raises(Refused, match="x/upload.png"):
        undone(app, published, THIRD)
    assert content_of(root) == {"x/a.py": "a", "x/upload.png": "a user's"}


def test_folders_that_publish_made_go_with_their_last_file(azure, app, folder, root):
    (root / "theirs").mkdir()
    (root / "media").mkdir()
    for name in ("app.py", "theirs/a.py", "own/deep/b.py", "own/c.py", "kept/d.py", "App_Data/e.txt", "media/f.png"):
        folder[name] = name
    publish(app, folder)
    compiled(root, "own")
    compiled(root, "own/deep")
    (root / "kept" / "upload.png").write_text("a user's")
    for name in ("theirs/a.py", "own/deep/b.py", "own/c.py", "kept/d.py", "App_Data/e.txt"):
        del folder[name]
    _, published = publish(app, folder, True, SECOND)
    assert folders_of(root) == ["App_Data", "kept", "media", "theirs"] and not (root / "own").exists()
    assert sorted(read_manifest(app.kudu, ROOT).folders.values()) == ["App_Data", "kept"]
    undone(app, published, THIRD)
    assert folders_of(root) == ["App_Data", "kept", "media", "own", "own/deep", "theirs"]
    publish(app, folder, True, FOURTH)
    assert folders_of(root) == ["App_Data", "kept", "media", "theirs"], "they are still publish's own"


def test_a_folder_goes_after_an_interruption_as_well(app, folder, root, monkeypatch):
    """The first client is killed between the deletion of the last file and that of its folder."""
    folder["app.py"], folder["own/a.py"] = "app", "a"
    publish(app, folder)
    del folder["own/a.py"]
    _, first = planned(app, folder, True)
    monkeypatch.setattr(exchange, "leave_folders", lambda *arguments: [])
    with begun(app, first, change_id=SECOND):
        first.keep(), first.send(), first.complete()
    monkeypatch.undo()
    _, second = planned(app, folder, True)
    assert second.empty and folders_of(root) == ["own"]
    with begun(app, second, first.published, SECOND):
        second.keep(), second.send(), second.complete(), second.remember()
    assert folders_of(root) == [] and not read_manifest(app.kudu, ROOT).folders
    undone(app, second.published, THIRD)
    assert content_of(root) == {"app.py": "app", "own/a.py": "a"}


def test_an_empty_folder_of_others_stays_in_an_own_one(app, folder, root):
    folder["own/a.py"] = "a"
    publish(app, folder)
    (root / "own" / "uploads").mkdir()
    del folder["own/a.py"]
    folder["app.py"] = "app"
    publish(app, folder, True, SECOND)
    assert folders_of(root) == ["own", "own/uploads"]


def test_folders_of_a_publish_that_is_undone_go(app, folder, root, site):
    folder["app.py"] = "app"
    publish(app, folder)
    folder["new/deep/a.py"], folder["new/z.py"] = "a", "z"
    _, published = publish(app, folder, change_id=SECOND)
    assert sorted(published.folders) == ["new", "new/deep"]
    undone(app, published, THIRD)
    assert folders_of(root) == []
    site.switches.held_file = "app.py"
    folder["app.py"] = "new!"
    _, made = planned(app, folder)
    with begun(app, made, change_id=FOURTH):
        made.keep()
        with pytest.raises(Conflict):
            made.send()
        made.put_back()
    assert folders_of(root) == [] and content_of(root) == {"app.py": "app"}


def test_a_folder_that_is_used_again_meanwhile_stays(app, folder, root, monkeypatch):
    folder["app.py"], folder["own/a.py"] = "app", "a"
    publish(app, folder)
    del folder["own/a.py"]
    real = app.kudu.delete_directory

    def late(path, recursive=True):
        (root / "own" / "just-written.txt").write_text("x")
        real(path, recursive)

    monkeypatch.setattr(app.kudu, "delete_directory", late)
    publish(app, folder, True, SECOND)
    assert content_of(root) == {"app.py": "app", "own/just-written.txt": "x"}
