"""Modules are compiled behind a job's end, and nothing waits for that or is hindered by it."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.late_compile import MARKS, end_compiling, start_compiling
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER
from azext_pythonapp.jobs.runner import bytecode
from azext_pythonapp.jobs.runner.record import configured
from azext_pythonapp.jobs.store import show
from azext_pythonapp.packages.pip import JobFile, PipCommand, PipOptions, install, uninstall
from tests.unit.runner.environments import Environments
from tests.unit.runner.job_runtime import WHEELS, Runtime, wheel

MARK = f"{MARKS}/python311x64"
GATE = (
    "            if not is_compiled(source):\n",
    '            while self.may_go_on() and not os.path.exists(os.path.join(self.folder, "go")):\n'
    "                time.sleep(0.05)\n"
    "            if self.may_go_on() and not is_compiled(source):\n",
)
ODD = wheel(
    "boxed",
    "3.0",
    (),
    {
        "boxed/good.py": "VALUE = '\\d'\n",
        "boxed/old.py": "print 'of Python 2'\nexec 'x' in {}\n",
        "boxed/template.py": "{{ name }} = {% if x %}\n",
        "boxed/nothing.py": "\0",
    },
)


@pytest.fixture
def gated(runtime, monkeypatch):
    """The runtime, whose modules are compiled when the job's folder has a file `go`."""
    monkeypatch.setattr(runtime.site, "quick", [*runtime.site.quick, ("late_compile", *GATE)])
    return runtime


def compiled(runtime: Runtime, module: str) -> list[str]:
    """The .pyc files of a module: in __pycache__, or beside it."""
    path = runtime.packages / module
    found = [*path.parent.glob(f"__pycache__/{path.stem}.*"), *path.parent.glob(f"{path.name}c")]
    return [each.name for each in found]


def state(runtime: Runtime) -> dict[str, object]:
    found: dict[str, object] = json.loads((runtime.job / "state.json").read_text())
    return found


def end(runtime: Runtime) -> None:
    """Wait until no process of a job runs any more."""
    for pending in runtime.site.pending:
        pending.thread.join(60)
        assert not pending.thread.is_alive()


def until(true: object) -> None:
    """Wait for something."""
    late = time.monotonic() + 60
    while not true():  # type: ignore[operator]
        assert time.monotonic() < late
        time.sleep(0.02)


def fresh(runtime: Runtime, *modules: str) -> None:
    """Delete the .pyc files that an earlier test has left."""
    for module in modules:
        for name in compiled(runtime, module):
            for path in (runtime.packages / "__pycache__" / name, runtime.packages / name):
                path.unlink(missing_ok=True)


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


def test_what_cannot_be_compiled_is_passed_over_in_silence(runtime, monkeypatch):
    monkeypatch.setitem(WHEELS, *ODD)
    assert runtime.install("boxed==3.0").state == "succeeded"
    end(runtime)
    assert state(runtime)["compiled"] is True
    assert compiled(runtime, "boxed/good.py")
    for module in ("old", "template", "nothing"):
        assert not compiled(runtime, f"boxed/{module}.py") or module == "old"
    said = "".join(pending.answer.output + pending.answer.error for pending in runtime.site.pending)
    assert "Error" not in said and "Warning" not in said, said


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


@pytest.mark.parametrize(
    "variable, value, wanted",
    [("PIP_COMPILE", "perhaps", True), ("PIP_COMPILE", "0", None), ("PIP_NO_COMPILE", "1", None)],
)
def test_settings_of_the_user(runtime, variable, value, wanted):
    fresh(runtime, "left.py")
    runtime.site.environment[variable] = value
    job = runtime.install("left==1.0")
    assert job.state == "succeeded", runtime.lines
    end(runtime)
    assert state(runtime).get("compiled") is wanted
    assert bool(compiled(runtime, "left.py")) is bool(wanted)


@pytest.mark.parametrize("option, pips_own, late", [("--no-compile", False, None), ("--compile", True, True)])
def test_arguments_of_the_user(runtime, option, pips_own, late):
    fresh(runtime, "left.py")
    options = PipOptions(no_index=True, wheel_dir=JobFile("wheels"), more=(option,))
    job = runtime.install("left==1.0", pip=install(JobFile("requirements.txt"), options), on_success=RESTART)
    end(runtime)
    assert job.state == "succeeded"
    assert bool(compiled(runtime, "left.py")) is pips_own
    assert state(runtime).get("compiled") is (None if late is None else False)


def test_pip_removes_what_was_compiled(runtime):
    before = {path for path in runtime.packages.rglob("*") if "__pycache__" not in path.parts}
    runtime.install("right\nboxed")
    end(runtime)
    assert compiled(runtime, "right.py") and compiled(runtime, "boxed/first.py")
    runtime.install("right\nleft\nboxed", pip=uninstall(JobFile("requirements.txt")))
    after = {path for path in runtime.packages.rglob("*") if "__pycache__" not in path.parts}
    assert not after - before
    assert not any(compiled(runtime, f"{name}.py") for name in ("left", "right"))
    assert not (runtime.packages / "boxed").exists()


def test_a_job_that_removes_compiles_nothing(runtime):
    runtime.install("left")
    end(runtime)
    job = runtime.install("left", pip=uninstall(JobFile("requirements.txt")))
    end(runtime)
    assert job.state == "succeeded" and job.compiled is None


def put(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_only_what_lies_in_site_packages(tmp_path):
    folder = tmp_path / "site-packages"
    record = 'one.py,,\none/a.py,,\n"one/with, comma.py",,\n../../Scripts/x.py,,\none/data.txt,,\n/etc/x.py,,\n'
    put(
        folder,
        {
            "One-1.0.dist-info/METADATA": "Name: One\nVersion: 1.0\n",
            "One-1.0.dist-info/RECORD": record + "linked/b.py,,\n",
            "two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n",
            "two-2.0-py2.7.egg-info/installed-files.txt": "../two.py\n../../../up.py\nPKG-INFO\n",
            "other-1.0.dist-info/METADATA": "Name: other\nVersion: 1.0\n",
            "other-1.0.dist-info/RECORD": "other.py,,\n",
        },
    )
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    found = bytecode.sources(str(folder), ["one", "TWO"])
    assert [os.path.relpath(path, folder) for path in found] == ["one.py", "one/a.py", "one/with, comma.py", "two.py"]


def test_a_source_that_changes_meanwhile_keeps_its_own_code(tmp_path, monkeypatch):
    source, aside = tmp_path / "module.py", tmp_path / "aside"
    source.write_text("VALUE = 1\n")
    own = bytecode.code_of

    def slow(path):
        code = own(path)
        source.write_text("VALUE = 'another one'\n")
        return code

    monkeypatch.setattr(bytecode, "code_of", slow)
    assert not bytecode.compile_module(str(source), str(aside), lambda: True)
    assert not (tmp_path / "__pycache__").exists()
    monkeypatch.setattr(bytecode, "code_of", own)
    assert bytecode.compile_module(str(source), str(aside), lambda: True) and bytecode.is_compiled(str(source))


def test_a_module_written_in_part_is_not_put_in_place(tmp_path):
    source, aside = tmp_path / "module.py", tmp_path / "aside"
    source.write_text("".join(f"VALUE_{number} = {number}\n" for number in range(4000)))
    own = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, own[1]))  # as on a full disk, a part of what is written stays
    try:
        with pytest.raises(OSError, match="only in part") as caught:
            bytecode.compile_module(str(source), str(aside), lambda: True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, own)
        signal.signal(signal.SIGXFSZ, before)
    assert caught.value.errno == errno.ENOSPC and aside.stat().st_size == 20000
    assert not (tmp_path / "__pycache__").exists()


def test_settings_of_pip_with_either_delimiter(tmp_path, monkeypatch):
    (tmp_path / "pip.ini").write_text("[install]\nno-compile: yes\nconstraint = https://host/a\nupgrade: a=b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.ini"))
    found = configured(("no-compile", "constraint", "upgrade"), str(tmp_path))
    assert [row[:2] for row in found] == [("no-compile", "yes"), ("constraint", "https://host/a"), ("upgrade", "a=b")]


def test_lists_of_files_keep_names_in_a_code_page(tmp_path, monkeypatch):
    name = "two-2.0-py2.7.egg-info/installed-files.txt"
    put(tmp_path, {"two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n", name: ""})
    (tmp_path / name).write_bytes(b"../gr\xf6n.txt\n../two.py\n")
    monkeypatch.setattr(bytecode, "sys", SimpleNamespace(version_info=(2, 7)))
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_bytes().splitlines() == [b"../gr\xf6n.txt", b"../two.py", b"../two.pyc"]


def test_lists_of_files_are_completed_for_python_2(tmp_path, monkeypatch):
    name = "two-2.0-py2.7.egg-info/installed-files.txt"
    files = {"two-2.0-py2.7.egg-info/PKG-INFO": "Name: two\nVersion: 2.0\n", name: "../two.py\n../b.py\n../b.pyc\nx\n"}
    put(tmp_path, files)
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_text() == files[name], "pip for Python 3 knows where compiled modules are"
    monkeypatch.setattr(bytecode, "sys", SimpleNamespace(version_info=(2, 7)))
    bytecode.list_compiled(str(tmp_path), ["two"])
    assert (tmp_path / name).read_text().splitlines() == ["../two.py", "../b.py", "../b.pyc", "x", "../two.pyc"]


@pytest.mark.parametrize(
    "entry, arguments, expected",
    [
        ("pip-9.0.1.dist-info", ["install", "-r", "x"], ["install", "--no-compile", "-r", "x"]),
        ("pip-1.4.1-py2.7.egg-info", ["install", "x"], ["install", "x"]),
        ("setuptools-1.0.dist-info", ["install", "x"], ["install", "x"]),
        ("pip-25.0.1.dist-info", ["uninstall", "-y", "x"], ["uninstall", "-y", "x"]),
        ("pip-25.0.1.dist-info", ["install", "x", "--no-compile"], ["install", "x", "--no-compile"]),
    ],
)
def test_pips_that_know_the_option(tmp_path, entry, arguments, expected):
    (tmp_path / entry).mkdir()
    assert bytecode.without_compiling(arguments, str(tmp_path)) == expected


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
