"""A pip that fails: what it has changed is told, put back, and the restart that it takes is noted."""

from __future__ import annotations

import os
import signal

import pytest

from azext_pythonapp.jobs.request import Restore
from azext_pythonapp.jobs.state import PackageVersion, VersionChange
from azext_pythonapp.packages import installed, record
from azext_pythonapp.packages.pip import JobFile, PipOptions, install
from tests.unit.runner.job_runtime import Index

SPOILED = {"directory": JobFile(""), "record": record.to_json("abc", {})}


def test_a_pip_that_fails_half_way_tells_what_it_changed(runtime):
    runtime.install("left==1.0")
    job = runtime.install("spoiled", **SPOILED)
    assert job.state == "failed"
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),)
    assert PackageVersion("middle", "1.0") in job.result.installed
    assert runtime.record() is None


@pytest.mark.parametrize("file_names_the_source", [False, True])
def test_what_a_failing_pip_has_changed_is_put_back(runtime, file_names_the_source):
    runtime.install("left==1.0")
    arguments = ("--no-index", "--find-links", JobFile("wheels"))
    restore = Restore(arguments)
    text, pip = "spoiled\n", None
    if file_names_the_source:
        text = "--no-index\n--find-links wheels\nspoiled\n"
        restore = Restore((), (("--no-index", ""), ("--find-links", "wheels")))
        pip = install(JobFile("requirements.txt"), PipOptions())
    job = runtime.install(text, restore=restore, **SPOILED, **({"pip": pip} if pip else {}))
    assert job.state == "failed", runtime.lines
    assert "; what it had changed was put back (3 packages)" in job.error
    assert not job.result.changed
    assert installed.packages(os.listdir(runtime.packages)).get("left") == "1.0"
    assert "middle" not in installed.packages(os.listdir(runtime.packages))
    assert not (runtime.job / "restore.txt").exists()


def test_what_could_not_be_put_back_is_told(runtime):
    runtime.install("left==1.0")
    job = runtime.install("spoiled", restore=Restore(("--no-index",)), **SPOILED)
    assert "putting back what it had changed did not fully succeed" in job.error
    assert job.result.upgraded == (VersionChange("left", "1.0", "2.0"),)
    assert PackageVersion("middle", "1.0") not in job.result.installed


def test_second_attempt_restores_the_state_before_the_first(runtime):
    runtime.install("left==1.0")
    runtime.install("spoiled", restore=Restore(("--no-index",)), **SPOILED)
    first = runtime.job_id
    again = Restore(("--no-index", "--find-links", JobFile("wheels")), since=first)
    job = runtime.install("nosuchpackage", restore=again)
    assert "; what it had changed was put back" in job.error, runtime.lines
    assert installed.packages(os.listdir(runtime.packages)).get("left") == "1.0"
    job = runtime.install("left", restore=Restore((), since="20260101-000000-dead"))
    assert job.state == "failed" and "before.json of the job cannot be read" in job.error and not job.result


def notes(runtime):
    folder = runtime.site.home / "data/pythonapp/left"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_package_change_leaves_a_restart_marker(runtime):
    assert runtime.install("left==1.0").result.changed and notes(runtime) == []
    runtime.install("left==2.0", on_success="restart")
    changed = f"{runtime.job_id}.restart"
    assert notes(runtime) == [changed]
    assert not runtime.install("left==2.0", on_success="restart").result.changed and notes(runtime) == [changed]
    assert runtime.install("nosuchpackage", on_success="restart").state == "failed" and notes(runtime) == [changed]
    assert runtime.install("spoiled", on_success="restart-later", **SPOILED).result.changed
    assert notes(runtime) == [changed, f"{runtime.job_id}.restart-later"]


def test_a_killed_job_has_noted_the_restart_before_it_called_pip(runtime):
    index = Index()
    launched = runtime.launch("left", pip=runtime.from_index(index), on_success="restart")
    assert index.entered.wait(60)
    os.killpg(runtime.site.pending[0].process.pid, signal.SIGKILL)
    assert runtime.follow_in_haste(launched).state == "lost"
    assert notes(runtime) == [f"{runtime.job_id}.restart"]


HOLDS_A_FILE = """
import os
import shutil

move = shutil.move


def move_unless_held(source, target, *more):
    held = os.path.join({folder!r}, "held.py")
    if source.rstrip(os.sep) == {folder!r}:
        shutil.copytree(source, target)
        os.unlink(os.path.join(source, "first.py"))
    if held.startswith(source):
        raise OSError(13, "Access is denied", held)
    return move(source, target, *more)


shutil.move = move_unless_held
"""


def present_names(runtime):
    """What is in site-packages, but for the compiled modules: a job compiles them behind its end."""
    return sorted(set(os.listdir(runtime.packages)) - {"__pycache__"})


def test_a_package_with_a_file_that_is_held_stays_whole(runtime):
    """shutil.move on Windows copies a folder that it cannot rename, and then deletes what it can of it; a pip before 19
    moves file by file."""
    runtime.install("boxed==1.0")
    files = {path: path.read_bytes() for path in runtime.packages.rglob("*boxed*/**/*.py")}
    names = present_names(runtime)
    assert len(files) >= 2 and "boxed.py" in names
    # A sitecustomize of its own comes before one of site-packages, as in Debian's Python.
    (runtime.packages / "holds_a_file.py").write_text(HOLDS_A_FILE.format(folder=str(runtime.packages / "boxed")))
    (runtime.packages / "holds_a_file.pth").write_text("import holds_a_file\n")
    try:
        job = runtime.install("boxed==2.0")
    finally:
        for path in runtime.packages.glob("holds_a_file.p*"):
            path.unlink()
    assert job.state == "failed" and any("held.py" in line for line in runtime.lines) and not job.result.changed
    assert present_names(runtime) == names
    assert {path: path.read_bytes() for path in runtime.packages.rglob("*boxed*/**/*.py")} == files
    job = runtime.install("boxed==2.0")
    assert job.result.upgraded == (VersionChange("boxed", "1.0", "2.0"),), runtime.lines
