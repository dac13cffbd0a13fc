"""Errors of this machine's files while libraries are vendored: clear sentences, nothing half-done, never a traceback."""

from __future__ import annotations

import errno
import io
import zipfile
from pathlib import Path

import pytest

from azext_pythonapp.errors import InvalidInput, RemoteFailed
from azext_pythonapp.packages.local_errors import clear_errors, explained
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.vendoring import read_marker, too_long, unpack_all, workplace
from tests.unit.packages.test_vendoring import NAME, wheel_of

PYTHON = TargetEnvironment("3.6.4", "x64")


def unpack(tmp_path: Path, wheels: dict[str, bytes]) -> Path:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as outer:
        for name, content in wheels.items():
            outer.writestr(name, content)
    folder = tmp_path / "new"
    folder.mkdir()
    unpack_all(archive, {name: len(content) for name, content in wheels.items()}, folder, PYTHON)
    return folder


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="too long") as error:
        read_marker(tmp_path / ("x" * 300))
    assert "--target" in (error.value.recommendation or "")
    with pytest.raises(InvalidInput, match="too long"):
        with workplace(tmp_path / ("x" * 300) / "lib"):
            pass


def test_a_name_that_only_just_fits(tmp_path: Path) -> None:
    with workplace(tmp_path / ("x" * 250)) as new:
        assert new.is_dir()


def test_a_file_where_the_folder_is_to_be(tmp_path: Path) -> None:
    file = tmp_path / "lib"
    file.write_text("mine")
    with pytest.raises(InvalidInput, match="is a file"):
        read_marker(file)
    with pytest.raises(InvalidInput, match="there is a file in place of a folder"):
        with workplace(file / "sub"):
            pass
    assert file.read_text() == "mine"


def test_packages_that_are_in_each_others_way(tmp_path: Path) -> None:
    other = "Other-1.0-py3-none-any.whl"
    with pytest.raises(RemoteFailed) as error:
        unpack(tmp_path, {other: wheel_of({"shared": "a file"}), NAME: wheel_of({"shared/x.py": "1"})})
    assert NAME in error.value.message and "shared/x.py" in error.value.message


def test_a_folder_in_a_files_way(tmp_path: Path) -> None:
    other = "Other-1.0-py3-none-any.whl"
    with pytest.raises(RemoteFailed, match="a file or folder of another package"):
        unpack(tmp_path, {other: wheel_of({"shared/x.py": "1"}), NAME: wheel_of({"shared": "a file"})})


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(InvalidInput, match="the disk is full") as error, clear_errors(tmp_path):
        unpack(tmp_path, {NAME: wheel_of({"a.py": "1"})})
    assert "another disk" in (error.value.recommendation or "")


@pytest.mark.parametrize(
    "error, words",
    [
        (OSError(errno.ENOENT, "No such file", "C:\\" + "x" * 270), "260 unless long paths are enabled"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), "too long (300 characters"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "x"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "'x' cannot be read or written: Permission denied"),
        (OSError(errno.ENOENT, "No such file", "short"), "No such file"),
    ],
)
def test_what_windows_means(error: OSError, words: str) -> None:
    assert words in explained(error, Path("lib"), windows=True).message


def test_errors_of_the_network_go_on(tmp_path: Path) -> None:
    for raised in (ConnectionResetError(errno.ECONNRESET, "reset"), OSError("no number")):
        with pytest.raises(type(raised)) as error, clear_errors(tmp_path):
            raise raised
        assert error.value is raised


def test_a_damaged_wheel_is_said_to_be_one(tmp_path: Path) -> None:
    content = wheel_of({"a.py": "1" * 2000})
    with pytest.raises(RemoteFailed, match="is incomplete"):
        unpack(tmp_path, {NAME: content[: len(content) // 2]})


def test_a_record_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(RemoteFailed, match="is incomplete"):
        unpack(tmp_path, {NAME: wheel_of({"a.py": "1"}, record=b"\xff\xfe,sha256=x,1")})


def test_paths_that_windows_refuses_on_the_worker(tmp_path: Path) -> None:
    (tmp_path / ("p" * 100)).mkdir()
    (tmp_path / ("p" * 100) / ("m" * 140)).write_text("")
    assert too_long(tmp_path, r"D:\home\site\wwwroot\lib") == 1
    assert too_long(tmp_path, "D:\\home") == 0
    assert too_long(tmp_path / "absent", "D:\\home") == 0
