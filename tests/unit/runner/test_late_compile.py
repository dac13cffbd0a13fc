"""Modules are compiled behind a job's end, and nothing waits for that or is hindered by it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import timedelta

import pytest

from azext_pythonapp.jobs.late_compile import MARKS, end_compiling, start_compiling
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER
from azext_pythonapp.jobs.store import show
from azext_pythonapp.packages.pip import JobFile, PipCommand, uninstall
from tests.unit.runner.compiled_modules import compiled, end, fresh, state
from tests.unit.runner.environments import Environments

MARK = f"{MARKS}/python311x64"
GATE = (
    "            if not is_compiled(source):\n",
    '            while self.may_go_on() and not os.path.exists(os.path.join(self.folder, "go")):\n'
    "                time.sleep(0.05)\n"
    "            if self.may_go_on() and not is_compiled(source):\n",
)


@pytest.fixture
def gated(runtime, monkeypatch):
    """The runtime, whose modules are compiled when the job's folder has a file `go`."""
    monkeypatch.setattr(runtime.site, "quick", [*runtime.site.quick, ("late_compile", *GATE)])
    return runtime


def until(true: object) -> None:
    """Wait for something."""
    late = time.monotonic() + 60
    while not true():  # type: ignore[operator]
        assert time.monotonic() < late
        time.sleep(0.02)


def test_a_job_ends_before_its_modules_are_compiled(gated):
    fresh(gated, "left.py")
    job = gated.install("left==1.0")
    assert (job.state, job.exit_code, job.compiled) == ("succeeded", 0, False)
    assert not (gated.site.home / "data/pythonapp/locks/python311x64.lock").exists()
    assert any(line.startswith("pip install --no-compile ") for line in gated.lines)
    until(lambda: show(gated.site, gated.job_id).phase == "compiling")
    before = state(gated)
    assert before["state"] == "succeeded" and not compiled(gated, "left.py")
    assert (gated.site.home / MARK).read_text("ascii") == gated.job_id
    (gated.job / "go").touch()
    end(gated)
    assert len(compiled(gated, "left.py")) == 1
    after = state(gated)
    assert (after["state"], after["phase"], after["compiled"], after["progress"]) == ("succeeded", "done", True, None)
    assert {name: after[name] for name in ("result", "finishedAt", "startedAt", "exitCode")} == {
        name: before[name] for name in ("result", "finishedAt", "startedAt", "exitCode")
    }
    assert (gated.site.home / MARK).read_text("ascii").strip() == ""
    assert not (gated.job / "compiled.pyc").exists()
    program = "import left, sys; sys.exit(left.VERSION != '1.0')"
    subprocess.run([gated.python, "-c", program], check=True)


def test_the_client_compiles_after_its_restart(runtime):
    fresh(runtime, "left.py")
    job = runtime.install("left==1.0", on_success=RESTART)
    end(runtime)
    assert (job.state, state(runtime)["phase"], state(runtime)["compiled"]) == ("succeeded", "done", False)
    assert not compiled(runtime, "left.py")
    assert start_compiling(runtime.site, runtime.job_id, sleep=lambda seconds: time.sleep(seconds / 3))
    end(runtime)
    assert compiled(runtime, "left.py") and state(runtime)["compiled"] is True
    asked = len(runtime.site.pending)
    assert not start_compiling(runtime.site, runtime.job_id)
    assert len(runtime.site.pending) == asked, "there is nothing left to do"


@pytest.mark.parametrize("marker", [None, RESTART_LATER])
def test_where_nobody_is_to_restart_the_runner_compiles(runtime, marker):
    fresh(runtime, "left.py")
    runtime.install("left==2.0", on_success=marker)
    end(runtime)
    assert compiled(runtime, "left.py")


def test_canceling_ends_the_compilation_and_nothing_else(gated):
    fresh(gated, "left.py")
    gated.install("left==1.0")
    until(lambda: show(gated.site, gated.job_id).phase == "compiling")
    end_compiling(gated.site, "python311x64", sleep=time.sleep)
    end(gated)
    assert not compiled(gated, "left.py")
    assert not (gated.site.home / MARK).exists()
    job = show(gated.site, gated.job_id)
    assert (job.state, job.phase, job.compiled) == ("succeeded", "done", False)


def test_ending_what_does_not_run_is_two_requests(runtime):
    asked = len(runtime.site.requests)
    end_compiling(runtime.site, "python311x64")
    assert runtime.site.requests[asked:] == [f"read {MARK}", f"read {MARKS}/environments"]


def test_that_of_an_environment_ends_for_its_runtime(gated):
    """It is the runtime's python.exe that compiles."""
    job = gated.follow(Environments(gated).launch("b", "left==1.0"))
    assert job.state == "succeeded", gated.lines
    until(lambda: show(gated.site, job.id).phase == "compiling")
    end_compiling(gated.site, "python311x64", sleep=time.sleep)
    end(gated)
    assert not (gated.site.home / f"{MARKS}/environments").exists()
    assert (state(gated)["state"], state(gated)["compiled"]) == ("succeeded", False)


def test_the_next_job_does_not_wait_for_it(gated):
    fresh(gated, "left.py", "right.py")
    gated.install("left==1.0")
    first = gated.job
    until(lambda: show(gated.site, first.name).phase == "compiling")
    job = gated.install("left==2.0")
    assert job.state == "succeeded"
    found = json.loads((first / "state.json").read_text())
    assert (found["state"], found["phase"], found["compiled"]) == ("succeeded", "done", False)
    (gated.job / "go").touch()
    end(gated)
    program = "import left, sys; sys.exit(left.VERSION != '2.0')"
    subprocess.run([gated.python, "-c", program], check=True)


def test_a_killed_compilation_is_no_lost_job(gated):
    gated.install("left==1.0")
    first = gated.job_id
    until(lambda: show(gated.site, first).phase == "compiling")
    for pending in gated.site.pending:
        if pending.process.poll() is None:
            os.killpg(pending.process.pid, signal.SIGKILL)
    end(gated)
    told = gated.site.clock
    assert show(gated.site, first).state == "succeeded"
    gated.site.clock = lambda: told() + timedelta(seconds=70)
    job = show(gated.site, first)
    assert (job.state, job.phase, job.progress) == ("succeeded", "done", None)
    gated.site.clock = told
    assert gated.install("left==2.0").state == "succeeded"
    assert not any("Waiting until" in line for line in gated.lines), "a process that was killed hinders nobody"
    (gated.job / "go").touch()
    (gated.site.home / f"data/pythonapp/jobs/{first}/go").touch()
    end(gated)
    assert start_compiling(gated.site, first, sleep=lambda seconds: time.sleep(seconds / 3))
    end(gated)
    assert json.loads((gated.site.home / f"data/pythonapp/jobs/{first}/state.json").read_text())["compiled"] is True


def test_a_runtime_that_is_moved_meanwhile_ends_it(gated):
    """Linux and Wine rename a folder with a running program in it."""
    fresh(gated, "left.py")
    gated.install("left==1.0")
    until(lambda: show(gated.site, gated.job_id).phase == "compiling")
    away = gated.packages.with_name("away")
    gated.packages.rename(away)
    try:
        end(gated)
        assert not gated.packages.exists(), "nothing is made anew in its place"
        assert (state(gated)["state"], state(gated)["phase"]) == ("succeeded", "done")
        assert state(gated)["compiled"] is False
    finally:
        away.rename(gated.packages)


def test_a_job_that_is_deleted_meanwhile_stays_deleted(gated):
    gated.install("left==1.0")
    until(lambda: show(gated.site, gated.job_id).phase == "compiling")
    shutil.rmtree(gated.job)
    end(gated)
    assert not gated.job.exists()
    assert (gated.site.home / MARK).read_text("ascii").strip() == ""


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"state": "succeeded", "comp',
        "[]",
        '{"state": "succeeded", "compiled": false, "result": {"installed": [7]}}',
    ],
)
def test_a_state_that_others_have_spoiled_ends_it(runtime, content):
    """Whoever can write it can make the phase end, and nothing else."""
    job = runtime.install("left==1.0", on_success=RESTART)
    assert job.state == "succeeded"
    fresh(runtime, "left.py")
    (runtime.job / "state.json").write_text(content)
    command = [runtime.python, "-u", "-B", "-E", "-s", "runner/__main__.py", "compile"]
    ended = subprocess.run(command, cwd=runtime.job, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    assert b"The packages were not compiled: " in ended.stdout and b"Traceback" not in ended.stdout
    assert not compiled(runtime, "left.py")
    mark = runtime.site.home / MARK
    assert not mark.exists() or mark.read_text("ascii").strip() == ""


def test_a_job_that_removes_compiles_nothing(runtime):
    runtime.install("left")
    end(runtime)
    job = runtime.install("left", pip=uninstall(JobFile("requirements.txt")))
    end(runtime)
    assert job.state == "succeeded" and job.compiled is None


def test_a_full_disk_ends_it(runtime, monkeypatch):
    fresh(runtime, "left.py", "right.py")
    broken = (
        "    target = compiled_path(source)\n",
        "    import errno\n    raise IOError(errno.ENOSPC, 'No space left')\n",
    )
    monkeypatch.setattr(runtime.site, "quick", [*runtime.site.quick, ("bytecode", *broken)])
    assert runtime.install("right").state == "succeeded"
    end(runtime)
    assert not compiled(runtime, "left.py") and not compiled(runtime, "right.py")
    assert state(runtime)["compiled"] is False and state(runtime)["phase"] == "done"


def test_a_command_without_packages_has_no_such_phase(runtime):
    job = runtime.install("", pip=PipCommand(("list",)), exclusive=False)
    end(runtime)
    assert job.state == "succeeded" and job.compiled is None
