"""What one command finds on the worker: it is what the listings and files there are, and forgotten with any change."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from azext_pythonapp.appservice.snapshot import LARGEST_FILE, MOST_LISTINGS, Snapshot, look_command
from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.probe import survey_command
from azext_pythonapp.windows import MAX_COMMAND_LENGTH
from tests.local_azure import login
from tests.local_azure.site import Site

HOME = r"D:\home"


def command() -> str:
    return look_command("site/wwwroot", ["site", "left"], [("site/wwwroot", ".txt"), ("records", ".json")], ["static"])


def output(home: Path) -> str:
    """What a Python prints that runs the program of the command in a folder."""
    found = re.search(r' -c "(.+)" && set ', command())
    assert found
    done = subprocess.run([sys.executable, "-c", found[1]], cwd=home, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def kudu(site: Site, session: requests.Session) -> Kudu:
    """A client of the local Azure's SCM site, whose %HOME% is another one than `home`."""
    token = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
    return Kudu(session, site.scm_host, ScmCredentials(site.scm_host, lambda: token, lambda: None), "app 'shop'")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, content in {
        "site/wwwroot/app.py": b"app = 1\r\n",
        "site/wwwroot/web.config": b"<configuration/>",
        "site/wwwroot/requirements.txt": b"fl\xc3\xa4sk\n",
        "site/wwwroot/shop/wsgi.py": b"wsgi",
        "site/wwwroot/shop/deeper/views.py": b"views",
        "site/wwwroot/static/tool.py": b"not the app's",
        "site/wwwroot/media/pictures/one.png": b"",
        "site/wwwroot/large.py": b"#" * (LARGEST_FILE + 1),
        "records/python3810x64.json": b"{}",
        "python3810x64/Lib/site-packages/flask-2.dist-info/METADATA": b"",
        "SiteExtensions/Contoso-python3810x64/applicationHost.xdt": b"<xdt/>",
        "SiteExtensions/other/applicationHost.xdt": b"<xdt/>",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


@pytest.fixture
def snapshot(home: Path) -> Snapshot:
    found = Snapshot.parse("pythonapp-home D:\\home\n" + output(home).replace("\n", "\r\n"))
    assert found is not None
    return found


def test_files_are_what_they_are(snapshot: Snapshot) -> None:
    assert snapshot.content("site/wwwroot/requirements.txt") == b"fl\xc3\xa4sk\n"
    assert snapshot.content("Site/WwwRoot/App.py") == b"app = 1\r\n", "Windows ignores case"
    assert snapshot.content("site/wwwroot/shop/deeper/views.py") == b"views"
    assert snapshot.content("records/python3810x64.json") == b"{}"
    assert snapshot.content("SiteExtensions/Contoso-python3810x64/applicationHost.xdt") == b"<xdt/>"


@pytest.mark.parametrize(
    "path",
    [
        "site/wwwroot/web.config",
        "site/wwwroot/large.py",
        "site/wwwroot/static/tool.py",
        "SiteExtensions/other/applicationHost.xdt",
        "elsewhere/file",
    ],
)
def test_what_was_not_read_is_not_known(snapshot: Snapshot, path: str) -> None:
    assert snapshot.content(path) is None


@pytest.mark.parametrize("path", ["site/wwwroot/none.py", "left/a.restart", "site/wwwroot/shop/none.py"])
def test_what_is_certainly_not_there_is_not_found(snapshot: Snapshot, path: str) -> None:
    with pytest.raises(NotFound):
        snapshot.content(path)


def test_listings(snapshot: Snapshot, home: Path) -> None:
    os.utime(home / "site/wwwroot/app.py", (0, 1700000000.25))
    again = Snapshot.parse(output(home))
    assert again is not None
    entries = {entry.name: entry for entry in again.entries("site/wwwroot/", HOME) or []}
    assert set(entries) == {each.name for each in (home / "site/wwwroot").iterdir()}
    app = entries["app.py"]
    assert (app.path, app.size, app.is_directory) == (r"D:\home\site\wwwroot\app.py", 9, False)
    assert app.modified == "2023-11-14T22:13:20.250000+00:00" and entries["shop"].is_directory
    packages = again.entries("python3810x64/Lib/site-packages", HOME) or []
    assert [entry.name for entry in packages] == ["flask-2.dist-info"]
    assert snapshot.entries("site/wwwroot/media/pictures", HOME) is None, "no Python file leads there"
    with pytest.raises(NotFound):
        snapshot.entries("left", HOME)


def test_a_large_tree_is_not_listed_whole(home: Path) -> None:
    for number in range(3 * MOST_LISTINGS):
        folder = home / f"site/wwwroot/part{number}"
        folder.mkdir()
        (folder / "a.py").write_bytes(b"")
    found = Snapshot.parse(output(home))
    assert found is not None
    listed = [number for number in range(3 * MOST_LISTINGS) if found.entries(f"site/wwwroot/part{number}", HOME)]
    assert 0 < len(listed) <= MOST_LISTINGS


def test_what_did_not_arrive_whole_is_not_believed(home: Path) -> None:
    text = output(home)
    assert Snapshot.parse(text) is not None
    assert Snapshot.parse("") is None
    assert Snapshot.parse(text[: len(text) // 2]) is None
    assert Snapshot.parse("pythonapp-look " + base64.b64encode(b"nonsense").decode()) is None


def test_the_command_is_one_for_cmd() -> None:
    whole = f"{survey_command()} & {command()}"
    assert len(whole) < MAX_COMMAND_LENGTH - 1000
    program = command().partition(' -c "')[2].partition('" && ')[0]
    assert not set(program) & set('"%<>|&^!\r\n')


def test_what_is_remembered_is_forgotten_with_the_first_change(kudu, site, snapshot: Snapshot) -> None:
    kudu.list_directory("")
    kudu.memory.remember(snapshot)
    assert kudu.read("site/wwwroot/app.py").content == b"app = 1\r\n"
    assert {entry.name for entry in kudu.list_directory("site/wwwroot")} >= {"app.py", "shop"}
    other = kudu.retrying_for(1)
    other.write("data/mark", b"x")
    assert "app.py" not in {entry.name for entry in kudu.list_directory("site/wwwroot")}, "the site's own answer"
    with pytest.raises(NotFound):
        kudu.read("site/wwwroot/app.py")


def test_a_folder_with_a_link_to_nothing_is_not_called_absent(home: Path) -> None:
    (home / "site/wwwroot/gone").symlink_to(home / "nowhere")
    found = Snapshot.parse(output(home))
    assert found is not None
    assert found.entries("site/wwwroot", HOME) is None, "not known, so it is asked for"
    assert found.content("site/wwwroot/requirements.txt") is None
    with pytest.raises(NotFound):
        found.entries("left", HOME)


@pytest.mark.parametrize("seconds", [-11644473600, 0.5, 1e18, -1e18])
def test_any_time_of_a_file_is_taken(seconds: float) -> None:
    entries = Snapshot({"site": [["a", False, 1, seconds]]}, {}).entries("site", HOME)
    assert entries is not None and entries[0].name == "a"
