"""Whatever fails while an environment is built, and wherever the job is killed, the other one is as it was."""

from __future__ import annotations

import builtins
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.jobs.runner import environment, file_access
from azext_pythonapp.jobs.runner.errors import JobFailed
from azext_pythonapp.jobs.runner.request import JobRequest
from azext_pythonapp.runtimes.environment import DESCRIPTION, FOLDER, parse
from tests.unit.runner.environments import content_hash

JOB = "20260101-000000-4f2a"
BUILD = {"requirements": None, "digest": None, "added": [], "removed": [], "webConfigs": [], "compared": None}
# What changes files, as the runner calls it.
CHANGES = [(os, name) for name in ("mkdir", "rename", "replace", "symlink", "utime", "rmdir", "unlink", "remove")]
CHANGES += [(shutil, name) for name in ("copyfile", "copytree")]


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    monkeypatch.setattr(file_access.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(environment, "needed_packages", lambda folder: ["iniconfig"])


def plant(home: Path) -> None:
    """An app with a complete a, which it uses, and a complete b of before."""
    for letter in "ab":
        packages = home / FOLDER / letter / "Lib/site-packages"
        packages.mkdir(parents=True)
        (packages / "left.py").write_text(letter)
        fields = {"format": 1, "base": {"pythonPath": "p", "version": "3.11.9", "architecture": "x64"}}
        fields.update(requirements=None, digest=None, added=[], removed=[], installer="pip 1", job=JOB)
        (home / FOLDER / letter / DESCRIPTION).write_text(json.dumps({**fields, "builtAt": "", "packages": {}}))
    (home / "data/pythonapp/jobs" / JOB).mkdir(parents=True)


def build(home: Path, fill: Callable[[environment.Environment], None] | None = None) -> environment.Environment:
    """Build b, as a job does."""
    request = JobRequest(str(home / "data/pythonapp/jobs" / JOB))
    request.fields = {"environment": "b", "build": BUILD, "python": "D:\\home\\python3119x64\\python.exe"}
    state = SimpleNamespace(fields={"id": JOB}, set=lambda **fields: None, pause=lambda seconds: None)
    made = environment.Environment(request, state, SimpleNamespace(line=lambda text: None))

    def install() -> None:
        if fill is not None:
            fill(made)
        with open(os.path.join(made.target.packages, "left.py"), "w", encoding="ascii") as stream:
            stream.write("new")
        made.describe({"left": ("left", "2.0", "")})

    made.run(install)
    return made


def snapshot(home: Path, name: str) -> dict[str, str]:
    folder = home / FOLDER / name
    return {str(path.relative_to(folder)): content_hash(path) for path in sorted(folder.rglob("*"))}


@contextmanager
def counted(at: int, happens: Callable[[], None], lasting: bool = False) -> Iterator[list[str]]:
    """Let something happen before a change of files: the one of this number, or, lasting, it and all writing after."""
    done: list[str] = []
    kept = [(place, name, getattr(place, name)) for place, name in CHANGES]
    own_open = builtins.open

    def step(name: str) -> None:
        done.append(name)
        writes = name in ("mkdir", "symlink", "copyfile", "copytree", "open")
        if len(done) == at + 1 or (lasting and writes and len(done) > at):
            happens()

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            step(name)
            return call(*arguments, **options)

        return run

    def watched_open(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if "w" in mode:
            step("open")
        return own_open(path, mode, *arguments, **options)

    try:
        for place, name, call in kept:
            setattr(place, name, watched(name, call))
        builtins.open = watched_open  # type: ignore[assignment]
        yield done
    finally:
        builtins.open = own_open
        for place, name, call in kept:
            setattr(place, name, call)


def raising(number: int) -> Callable[[], None]:
    def happens() -> None:
        raise OSError(number, os.strerror(number))

    return happens


def changes_of_a_build(tmp_path: Path) -> int:
    home = tmp_path / "count"
    plant(home)
    with counted(-1, lambda: None) as done:
        build(home)
    assert len(done) > 10
    return len(done)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("lasting", [False, True])
def test_no_failing_change_leaves_anything_else(tmp_path, number, lasting):
    for at in range(changes_of_a_build(tmp_path)):
        home = tmp_path / str(at)
        plant(home)
        before = snapshot(home, "a"), snapshot(home, "b")
        with counted(at, raising(number), lasting) as done:
            try:
                finished = build(home).complete
            except JobFailed:
                finished = False
        assert snapshot(home, "a") == before[0], done[at]
        if finished:
            assert parse((home / FOLDER / "b" / DESCRIPTION).read_bytes()).packages == {"left": "2.0"}, done[at]
        else:
            assert snapshot(home, "b") in (before[1], {}), done[at]
            assert snapshot(home, "b") or (home / FOLDER / "b.old-4f2a" / DESCRIPTION).exists(), done[at]


def test_no_kill_leaves_a_half_environment_in_use(tmp_path):
    for at in range(changes_of_a_build(tmp_path)):
        home = tmp_path / str(at)
        plant(home)
        before = snapshot(home, "a"), snapshot(home, "b")
        child = os.fork()
        if child == 0:
            with counted(at, lambda: os._exit(9)):
                build(home)
            os._exit(0)
        os.waitpid(child, 0)
        assert snapshot(home, "a") == before[0]
        described = home / FOLDER / "b" / DESCRIPTION
        if described.exists() and snapshot(home, "b") != before[1]:
            assert parse(described.read_bytes()).packages == {"left": "2.0"}, "it was complete"
            continue
        with pytest.raises(JobFailed):
            build(home, fails)
        assert (snapshot(home, "a"), snapshot(home, "b")) == before, "the next one puts back what was moved aside"


def fails(made: environment.Environment) -> None:
    raise JobFailed("no")


def test_a_folder_that_windows_does_not_rename_is_left(tmp_path, monkeypatch):
    plant(tmp_path)
    before = snapshot(tmp_path, "a"), snapshot(tmp_path, "b")
    monkeypatch.setattr(os, "rename", lambda *paths: raising(errno.EACCES)())
    with pytest.raises(JobFailed, match="environment b cannot be replaced, because a process still uses it"):
        build(tmp_path)
    assert (snapshot(tmp_path, "a"), snapshot(tmp_path, "b")) == before


def test_a_process_that_ends_is_waited_for(tmp_path, monkeypatch):
    plant(tmp_path)
    running = [True, True, False]
    monkeypatch.setattr(environment, "is_running", lambda program: running.pop(0))
    assert build(tmp_path).complete and not running


def test_what_cannot_be_deleted_is_deleted_later(tmp_path, monkeypatch):
    plant(tmp_path)
    made = build(tmp_path)
    own, held = os.remove, "left.py"
    monkeypatch.setattr(os, "remove", lambda path: raising(errno.EACCES)() if path.endswith(held) else own(path))
    made.delete_old()
    left = tmp_path / FOLDER / "b.old-4f2a"
    assert left.is_dir() and not (left / DESCRIPTION).exists()
    monkeypatch.undo()
    monkeypatch.setattr(environment, "needed_packages", lambda folder: [])
    build(tmp_path).delete_old()
    assert sorted(os.listdir(tmp_path / FOLDER)) == ["a", "b"]


def test_an_old_one_whose_description_is_held_stays_whole(tmp_path, monkeypatch):
    plant(tmp_path)
    before = snapshot(tmp_path, "b")
    made = build(tmp_path)
    own = os.remove
    monkeypatch.setattr(os, "remove", lambda path: raising(errno.EACCES)() if path.endswith(DESCRIPTION) else own(path))
    made.delete_old()
    assert snapshot(tmp_path, "b.old-4f2a") == before, "a later job may take it for one that was moved aside"


def test_one_that_cannot_be_put_back_hinders_no_build(tmp_path, monkeypatch):
    plant(tmp_path)
    before = snapshot(tmp_path, "b")
    (tmp_path / FOLDER / "b").rename(tmp_path / FOLDER / "b.old-0000")
    own = os.rename
    monkeypatch.setattr(
        os, "rename", lambda old, new: raising(errno.EACCES)() if old.endswith("0000") else own(old, new)
    )
    with pytest.raises(JobFailed, match="^no$"):
        build(tmp_path, fails)
    assert snapshot(tmp_path, "b.old-0000") == before
    assert build(tmp_path).complete


@pytest.mark.parametrize("place", ["b", "b/Lib", "b/Lib/site-packages", "b/Lib/site-packages/own", "b.old-0000"])
@pytest.mark.parametrize("succeeds", [True, False])
def test_what_a_link_leads_to_is_not_deleted(tmp_path, place, succeeds):
    plant(tmp_path)
    kept = tmp_path / "site/wwwroot"
    for name in ("site-packages/package/module.py", "Lib/site-packages/package/module.py", DESCRIPTION):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_text("mine")
    link = tmp_path / FOLDER / place
    shutil.rmtree(link, ignore_errors=True)
    link.symlink_to(kept, target_is_directory=True)
    for _ in range(2):
        if succeeds:
            build(tmp_path).delete_old()
        else:
            with pytest.raises(JobFailed):
                build(tmp_path, fails)
    assert len([path for path in kept.rglob("*") if path.is_file()]) == 3


def test_a_link_that_was_made_while_building(tmp_path):
    plant(tmp_path)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()

    def link(made: environment.Environment) -> None:
        os.symlink(tmp_path / "kept", os.path.join(made.target.packages, "linked"))
        raise JobFailed("no")

    before = snapshot(tmp_path, "b")
    with pytest.raises(JobFailed):
        build(tmp_path, link)
    assert snapshot(tmp_path, "b") == before and (tmp_path / "kept/file").exists()


def test_packages_are_copied_without_programs(tmp_path):
    plant(tmp_path)
    made = build(tmp_path)
    names = os.listdir(made.target.packages)
    assert "iniconfig" in names and any(name.startswith("iniconfig-") for name in names)
    assert not list(Path(made.target.packages).rglob("*.pyc"))


def test_certifi_comes_where_sitecustomize_imports_it(tmp_path, monkeypatch):
    monkeypatch.undo()
    packages = tmp_path / "site-packages"
    (packages / "pip-24.0.dist-info").mkdir(parents=True)
    module = tmp_path / "sitecustomize.py"
    module.write_text("import certifi\n")
    monkeypatch.setitem(environment.sys.modules, "sitecustomize", SimpleNamespace(__file__=str(module)))
    assert environment.needed_packages(str(packages)) == ["certifi"]
    module.write_text("import os\n")
    assert environment.needed_packages(str(packages)) == []
    inside = packages / "sitecustomize.py"
    inside.write_text("import certifi\n")
    monkeypatch.setitem(environment.sys.modules, "sitecustomize", SimpleNamespace(__file__=str(inside)))
    assert environment.needed_packages(str(packages)) == [], "an environment does not see it"
    (packages / "pip-24.0.dist-info").rename(packages / "pip-9.0.1-py3.6.egg-info")
    assert environment.needed_packages(str(packages)) == ["setuptools", "wheel"]
    assert environment.version_of_pip(str(packages)) == "9.0.1"


def test_python_2_is_refused(tmp_path, monkeypatch):
    plant(tmp_path)
    before = snapshot(tmp_path, "b")
    monkeypatch.setattr(environment.sys, "version_info", (2, 7, 18, "final", 0))
    with pytest.raises(JobFailed, match=r"Python 2\.7 does not read pyvenv\.cfg"):
        build(tmp_path)
    assert snapshot(tmp_path, "b") == before
