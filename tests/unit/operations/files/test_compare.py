"""Which files of a folder differ from those of an app, and which of the app's may go."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.files.compare import left_the_folder
from azext_pythonapp.operations.files.exchange import exchange_back
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import PATH, read_manifest
from tests.unit.operations.files.conftest import ROOT, age, content_of
from tests.unit.operations.files.exchanges import planned, publish, writes


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


@pytest.mark.parametrize(
    "name", ["web.config", "static/Web.config", "App_Data/jobs/run.cmd", "portal/App_Data/jobs/run.cmd"]
)
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


def test_a_folder_with_files_of_others_is_no_files_place(app, folder, root):
    (root / "lib").mkdir()
    (root / "lib" / "upload.png").write_text("a user's")
    folder["lib"] = "x"
    with pytest.raises(
        Refused, match="'lib' is a file here, and a folder on app 'shop', with files .*: lib/upload.png"
    ):
        planned(app, folder)
    del folder["lib"]
    (root / "App_Data").mkdir()
    folder["App_Data"] = "x"
    with pytest.raises(Refused, match="'App_Data' is a file here"):
        planned(app, folder)


def test_what_was_changed_in_the_place_of_a_folder_is_told(app, folder, root):
    folder["x/a.py"], folder["x/b.py"] = "a", "b"
    publish(app, folder)
    (root / "x" / "b.py").write_text("edited in the portal")
    del folder["x/a.py"]
    del folder["x/b.py"]
    (folder.path / "x").rmdir()
    folder["x"] = "x"
    for clean in (False, True):
        found, _ = planned(app, folder, clean)
        assert sorted(found.delete) == ["x/a.py", "x/b.py"] and found.changed_there == ["x/b.py"] and not found.kept


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


@pytest.mark.parametrize("name", ["db.sqlite3", "instance/Shop.DB", "App_Data/counter.txt", "portal/app_data/x.json"])
def test_data_that_the_app_has_changed_stays(app, folder, root, name):
    folder["app.py"], folder[name] = "app", "of the repository"
    publish(app, folder)
    (root / name).write_text("what customers entered")
    age(root / name)
    folder["app.py"] = "app 2"
    found, _ = publish(app, folder, change_id="20261126-120000-0002")
    assert (found.data, found.changed_there, [file.path for file in found.send]) == ([name], [], ["app.py"])
    assert content_of(root) == {"app.py": "app 2", name: "what customers entered"}
    folder[name] = "a new one of the repository"
    found, _ = publish(app, folder, change_id="20261126-120000-0003")
    assert (found.data, found.changed_there) == ([], [name])
    assert content_of(root)[name] == "a new one of the repository"
