"""Paths of the worker's drive, as Windows and as Linux name them; and which build stands in for which Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.windows import runtimes
from tests.local_azure.windows.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A worker's drive; Wine is not started."""
    return Machine(tmp_path, tmp_path / "cache", {})


def test_a_path_is_found_without_regard_to_case(machine: Machine) -> None:
    (machine.home / "site" / "wwwroot" / "Web.config").write_text("x")
    expected = machine.home / "site" / "wwwroot" / "Web.config"
    for path in (
        r"D:\home\site\wwwroot\Web.config",
        r"d:\HOME\Site\wwwRoot\web.CONFIG",
        r"C:\home\site\wwwroot\web.config",
        "D:/home/site/wwwroot/web.config",
    ):
        assert machine.linux_path(path) == expected


def test_what_is_not_there_keeps_its_case(machine: Machine) -> None:
    assert machine.linux_path(r"D:\HOME\New\File.txt") == machine.home / "New" / "File.txt"


def test_of_two_names_the_exact_one_is_meant(machine: Machine) -> None:
    for name in ("A.txt", "a.txt"):
        (machine.home / name).write_text(name)
    assert machine.linux_path(r"D:\home\a.txt").read_text() == "a.txt"


@pytest.mark.parametrize("path", [r"C:\windows", r"home\site", r"D:home", r"\home", r"D:\home\..\local", "Z:\\etc"])
def test_other_places_have_no_path(machine: Machine, path: str) -> None:
    with pytest.raises(ValueError, match="not a full path on D:"):
        machine.linux_path(path)


def test_a_path_on_the_drive_in_windows_words(machine: Machine) -> None:
    assert machine.windows_path(machine.home / "site" / "x.py") == r"D:\home\site\x.py"
    assert machine.windows_path(machine.drive) == "D:\\"
    with pytest.raises(ValueError):
        machine.windows_path(Path("/etc"))


def test_the_starter_is_kudus(machine: Machine) -> None:
    assert machine.linux_path(machine.starter).read_bytes() == b"@%*"


@pytest.mark.parametrize(
    "version, build",
    [
        ("3.6.4", "3.8.10"),
        ("3.8.10", "3.8.10"),
        ("3.11.1", "3.11.9"),
        ("3.12.5", "3.12.9"),
        ("3.14.0", "3.13.2"),
        ("3.5.4", "3.8.10"),
    ],
)
def test_the_build_that_stands_in(version: str, build: str) -> None:
    assert runtimes.build_for(version) == build


@pytest.mark.parametrize("version, pip", [("3.5.1", "20.3.4"), ("3.6.4", "21.3.1"), ("3.13.2", "25.0.1")])
def test_the_last_pip_for_an_old_python(version: str, pip: str) -> None:
    assert runtimes.bundled(version)["pip"] == pip


@pytest.mark.parametrize("version", ["3.6", "python364x64", "3.6.4.4", ""])
def test_a_runtime_is_asked_for_by_a_whole_version(version: str) -> None:
    with pytest.raises(ValueError, match="not a version of three numbers"):
        runtimes.build_for(version)
