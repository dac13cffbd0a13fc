"""The app's files as they will be, before they are."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.operations.publish.laid_over import LaidOver
from azext_pythonapp.source.folder import read_source
from tests.unit.operations.files.conftest import ROOT


@pytest.fixture
def laid_over(app, folder, root):
    """A folder with two files, over an app with three, of which one is going to be deleted."""
    folder["app.py"], folder["static/web.config"], folder["web.config"] = "new", "<new/>", "<ours/>"
    for name, text in (("APP.py", "old"), ("other.py", "theirs"), ("gone.py", "gone"), ("web.config", "<theirs/>")):
        (root / name).write_text(text)
    (root / "docs").mkdir()
    files = [file for file in read_source(folder.path).files if file.path != "web.config"]
    return LaidOver(app, ROOT, files, ["gone.py"])


def test_the_folders_files_come_first(laid_over):
    assert laid_over.list_folder("") == [
        ("app.py", False),
        ("docs", True),
        ("other.py", False),
        ("static", True),
        ("web.config", False),
    ]
    assert laid_over.list_folder("STATIC") == [("web.config", False)] and laid_over.list_folder("docs") == []
    with pytest.raises(NotFound):
        laid_over.list_folder("none")
    assert laid_over.state("App.py") == FileState(b"new", None)
    assert laid_over.state("other.py").content == b"theirs" and laid_over.state("gone.py") == FileState(None, None)
    assert laid_over.state("web.config").content == b"<theirs/>", "the root's is edited on the app"
    assert laid_over.state("static/web.config").content == b"<new/>"


def test_files_are_read_by_their_path_on_the_app(laid_over):
    assert laid_over.read("site/wwwroot/app.py") == b"new" and laid_over.read("SITE/wwwroot/other.py") == b"theirs"
    for name in ("site/wwwroot/gone.py", "site/wwwroot/none.py", "data/none"):
        with pytest.raises(NotFound):
            laid_over.read(name)
    assert "site/wwwroot/app.py" in laid_over.paths and laid_over.shown("x.py") == "site/wwwroot/x.py"


def test_after_the_upload_the_app_has_them(laid_over, root):
    laid_over.landed = True
    (root / "app.py").unlink(missing_ok=True)
    assert laid_over.state("static/web.config") == FileState(None, None), "it did not arrive after all"
    assert ("gone.py", False) in laid_over.list_folder("") and laid_over.read("site/wwwroot/gone.py") == b"gone"


def test_what_is_written_goes_to_the_app(laid_over, root):
    etag = laid_over.write("static/new.txt", b"1", None)
    assert (root / "static" / "new.txt").read_bytes() == b"1"
    laid_over.delete("static/new.txt", etag)
    assert not (root / "static" / "new.txt").exists()
