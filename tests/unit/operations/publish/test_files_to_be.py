"""An app's files as they will be, for a plan that is made before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.wwwroot import LocalFiles
from azext_pythonapp.operations.publish.files_to_be import FilesToBe
from azext_pythonapp.operations.web_config.entry_point import find_start
from azext_pythonapp.source.folder import read_source
from tests.unit.source.folders import made

APP = b"from flask import Flask\napp = Flask(__name__)\n"


class OnApp(LocalFiles):
    """A folder that stands for an app's, with the paths of an app's."""

    def shown(self, name: str) -> str:
        """Return the path below %HOME%."""
        return f"site/wwwroot/{name}"


@pytest.fixture
def folders(tmp_path):
    """The folder that stands for the app's, and the one that is published."""
    made(tmp_path / "app", {"app.py": "old", "Web/old.py": "old", "logs/x.log": "", "web.config": "<configuration/>"})
    made(tmp_path / "src", {"app.py": APP, "web/new.py": "new", "libs/a/b.whl": "", "web.config": "<other/>"})
    return tmp_path


def to_be(folders: Path, gone: tuple[str, ...] = ()) -> FilesToBe:
    """Return the view."""
    return FilesToBe(OnApp(folders / "app"), read_source(folders / "src").files, gone)


def test_local_files_are_over_those_of_the_app(folders):
    files = to_be(folders)
    assert files.state("app.py").content == files.state("APP.py").content == APP
    assert files.state("Web/old.py").content == b"old"
    assert files.state("no.py").content is None
    assert files.label == OnApp(folders / "app").label


def test_folders_have_the_entries_of_both(folders):
    files = to_be(folders)
    assert files.list_folder("") == [
        ("Web", True),
        ("app.py", False),
        ("libs", True),
        ("logs", True),
        ("web.config", False),
    ]
    assert files.list_folder("Web") == [("new.py", False), ("old.py", False)]
    assert files.list_folder("libs/a") == [("b.whl", False)]
    with pytest.raises(NotFound):
        files.list_folder("nowhere")


def test_file_of_another_case_has_the_new_name(folders):
    made(folders / "src", {"web/Old.py": "newer"})
    files = to_be(folders)
    assert files.list_folder("Web") == [("Old.py", False), ("new.py", False)]
    assert files.state("Web/old.py").content == b"newer"


def test_files_that_will_be_deleted_are_gone(folders):
    files = to_be(folders, ("web/OLD.py", "app.py"))
    assert files.list_folder("Web") == [("new.py", False)]
    assert files.state("Web/old.py").content is None
    assert files.state("app.py").content == APP


def test_web_config_of_the_root_is_the_apps(folders):
    made(folders / "src", {"Web.Config": "<other/>", "web/web.config": "<nested/>"})
    files = to_be(folders)
    assert files.state("web.config").content == b"<configuration/>"
    assert files.state("web/web.config").content == b"<nested/>"
    written = files.write("web.config", b"<new/>", files.state("web.config").etag)
    assert files.state("web.config").etag == written
    assert (folders / "src" / "web.config").read_bytes() == b"<other/>"


def test_reader_takes_paths_below_home(folders):
    made(folders / "src", {"requirements.txt": "flask\n"})
    asked = []

    def remote(path: str) -> bytes:
        asked.append(path)
        return b"remote"

    read = to_be(folders, ("web/old.py",)).reader(remote)
    assert read("site/wwwroot/requirements.txt") == b"flask\n"
    assert read("SITE/wwwroot/Requirements.TXT") == b"flask\n"
    assert asked == []
    assert read("site/wwwroot/other.txt") == read("data/x.txt") == read("site/wwwroot2/app.py") == b"remote"
    assert asked == ["site/wwwroot/other.txt", "data/x.txt", "site/wwwroot2/app.py"]
    with pytest.raises(NotFound):
        read("site/wwwroot/Web/old.py")


def test_files_and_folders_that_are_coming(folders):
    assert to_be(folders).coming == {
        "site/wwwroot/app.py",
        "site/wwwroot/libs",
        "site/wwwroot/libs/a",
        "site/wwwroot/libs/a/b.whl",
        "site/wwwroot/web",
        "site/wwwroot/web/new.py",
    }


def test_everything_is_the_apps_after_the_upload(folders):
    files = to_be(folders, ("web/old.py",))
    files.arrived()
    assert files.state("app.py").content == b"old"
    assert ("old.py", False) in files.list_folder("Web")
    assert files.coming == frozenset()


def test_entry_point_is_found_in_what_will_be_there(folders):
    said = []
    start = find_start(to_be(folders), None, None, said.append, {})
    assert start.entry is not None
    assert (start.entry.spec, start.entry.framework) == ("app:app", "flask")
