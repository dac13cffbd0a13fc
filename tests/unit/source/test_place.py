"""The folder that --src names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.place import require_folder
from tests.unit.source.folders import made


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder of its own."""
    place = tmp_path / "me"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    return place


def test_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    made(tmp_path, ["app/x.py"])
    monkeypatch.chdir(tmp_path)
    assert require_folder(Path("app")) == tmp_path / "app"
    assert require_folder(Path("app/../app/.")) == tmp_path / "app"


def test_tilde_is_the_home_folder(home, monkeypatch):
    made(home, ["shop/x.py", "elsewhere/~/shop/y.py"])
    assert require_folder(Path("~/shop")) == home / "shop"
    monkeypatch.chdir(home / "elsewhere")
    assert require_folder(Path("~/shop")) == home / "elsewhere" / "~" / "shop"


@pytest.mark.parametrize("name", ["", " ", '"'])
def test_empty_name_is_not_the_current_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(made(tmp_path, ["app.py"]))
    with pytest.raises(InvalidInput, match="--src was given an empty name"):
        require_folder(name)


def test_quote_of_cmd_is_taken_off(tmp_path):
    assert require_folder(f'{made(tmp_path, ["app.py"])}"') == tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no", "There is no folder '{place}' on this machine."),
        ("app.zip", "'{place}' is a file, and publish sends the files of a folder."),
        ("app.py", "'{place}' is a file"),
        ("empty", "The folder '{place}' is empty."),
        ("gone", "'{place}' is a broken symbolic link."),
    ],
)
def test_what_is_no_folder_with_files(name, message, tmp_path):
    made(tmp_path, ["app.zip", "app.py", "empty/"])
    os.symlink("nowhere", tmp_path / "gone")
    with pytest.raises(InvalidInput) as caught:
        require_folder(tmp_path / name)
    assert caught.value.message.startswith(message.format(place=tmp_path / name))
    assert ("Unpack it" in caught.value.recommendation) == (name == "app.zip")


@pytest.mark.parametrize(
    ("place", "what"),
    [("~", "your home folder"), ("/", "the root of a disk"), ("/home", "the folder of all home folders")],
)
def test_whole_homes_and_disks_are_refused(place, what, home):
    made(home, ["app.py"])
    if not Path(place).expanduser().is_dir():
        pytest.skip(f"there is no {place}")
    with pytest.raises(InvalidInput, match=f"is {what}, not the folder of an app"):
        require_folder(Path(place))


def test_home_folder_behind_a_link_is_refused(home, tmp_path):
    made(home, ["app.py"])
    os.symlink(home, tmp_path / "link")
    with pytest.raises(InvalidInput, match="your home folder"):
        require_folder(tmp_path / "link")


def test_folder_above_a_home_in_a_build_is_taken(home, tmp_path):
    made(tmp_path, ["app.py"])
    assert require_folder(tmp_path) == tmp_path
