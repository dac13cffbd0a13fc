"""A job with uv: it is called as pip would be, in a runtime and in an environment, and ends with the job."""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from azext_pythonapp.jobs.state import CANCELED, FAILED, SUCCEEDED
from azext_pythonapp.packages.pip import JobFile
from tests.unit.runner import fake_uv
from tests.unit.runner.environments import Environments
from tests.unit.runner.fake_pip import fake_pip
from tests.unit.runner.fake_uv import CHECK, called_with, said, starters, uv_in_place, uv_install
from tests.unit.runner.job_runtime import wheel


@pytest.fixture
def environments(runtime):
    return Environments(runtime)


def test_uv_is_called_in_place_of_pip(runtime):
    job = runtime.install("right\n", uv=uv_install(uv_in_place(runtime)))
    assert job.state == SUCCEEDED and {each.name for each in job.result.installed} == {"left", "right"}
    assert job.installer == "uv 0.13.9"
    arguments, environment = called_with(runtime)
    assert arguments[:3] == ["pip", "install", "--python"]
    for option, value in [
        ("--python", runtime.python),
        ("--cache-dir", str(runtime.site.home / "data/pythonapp/tools/uv-cache")),
        ("--link-mode", "copy"),
        ("--index-strategy", "unsafe-best-match"),
        ("-r", "requirements.txt"),
    ]:
        assert arguments[arguments.index(option) + 1] == value
    assert "--no-config" in arguments and "--no-index" in arguments
    assert not [name for name in environment if name.startswith("PIP_")]
    assert said(runtime) == [] and not any(line.startswith("pip install") for line in runtime.lines)
    assert "Resolved 2 packages in 5ms" in runtime.lines


def test_a_failure_of_uv_is_one_of_the_job(runtime):
    job = runtime.install("broken\n", uv=uv_install(uv_in_place(runtime)))
    assert (job.state, job.exit_code, job.installer) == (FAILED, 1, "uv 0.13.9")
    assert job.error.startswith(
        "uv ended with exit code 1: No solution found when resolving dependencies: Because absent was not found"
    )
    assert job.error.endswith("depend on absent, we can conclude that your requirements are unsatisfiable.")
    assert said(runtime) == []


def wheel_of(runtime, build):
    """The wheel of uv with the program that is on the app, which is removed there: (its build, the file)."""
    path = runtime.site.home / build.program.path
    content = path.read_bytes()
    path.unlink()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr(build.member, content)
    return replace(build, wheel_sha256=sha256(archive.getvalue()).hexdigest()), archive.getvalue()


@pytest.mark.parametrize("wrong", ["", "wheel", "program", "refused"])
def test_the_workers_pip_can_bring_uv(runtime, wrong):
    build, wheel = wheel_of(runtime, uv_in_place(runtime, whole=False))
    if wrong == "wheel":
        build = replace(build, wheel_sha256="0" * 64)
    if wrong == "program":
        build = replace(build, sha256="0" * 64)
    (runtime.site.home / "uv-from-index").write_bytes(wheel)
    pip = f"""
import json, os, shutil, sys
home = {str(runtime.site.home)!r}
if sys.argv[1] == "download":
    json.dump(sys.argv[1:], open(home + "/pip-arguments.json", "w"))
    if {wrong == "refused"}:
        raise SystemExit(1)
    folder = sys.argv[sys.argv.index("--dest") + 1]
    os.makedirs(folder, exist_ok=True)
    shutil.copy(home + "/uv-from-index", folder + "/uv.whl")
"""
    with fake_pip(runtime, pip):
        job = runtime.install("right\n", uv=uv_install(build, fetched=True))
    assert "uv==0.13.9" in (runtime.site.home / "pip-arguments.json").read_text()
    path = runtime.site.home / build.program.path
    assert job.state == SUCCEEDED and not (runtime.job / "uv").exists()
    if wrong:
        assert len(said(runtime)) == 1 and not path.exists() and not (path.parent / build.marker).exists()
    else:
        # Nothing on this system makes the extracted file a program, as its name does on Windows.
        assert path.read_bytes() == (runtime.site.home / build.program.path).read_bytes()
        assert (path.parent / build.marker).exists()


def test_uv_builds_an_environment(environments):
    runtime = environments.runtime
    job = environments.build("b", "right", uv=uv_install(uv_in_place(runtime), or_pip=True))
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9" and job.result.check_ok, runtime.lines
    arguments, _ = called_with(runtime)
    assert arguments[arguments.index("--python") + 1] == str(environments.parent / "b/bin/python")
    made = environments.description("b")
    assert environments.packages("b") == {"left": "2.0", "right": "1.5"} and made.installer == "uv 0.13.9"
    assert not list(runtime.packages.glob("left*")) and said(runtime) == []
    assert (runtime.site.home / CHECK).exists(), "uv has checked its own work"


def test_uv_is_called_once_for_each_call_of_pip(environments):
    uv = uv_install(uv_in_place(environments.runtime), or_pip=True)
    first = tuple(
        JobFile("wheels/first.txt") if isinstance(each, JobFile) and each.path != "wheels" else each
        for each in uv.calls[0]
    )
    uv = replace(uv, calls=(first, *uv.calls))
    job = environments.build("b", "right", uv=uv, files={"first.txt": b"left==1.0"})
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9", environments.runtime.lines
    assert environments.packages("b") == {"left": "1.0", "right": "1.5"}
    started = [line for line in environments.runtime.lines if line.startswith("uv pip ")]
    assert [line.rpartition(" ")[2].rpartition("/")[2] for line in started] == ["first.txt", "requirements.txt"]
    assert len(set(starters(environments.runtime))) == 1, "one process makes all calls"


def together(build, first):
    """How a job is told to try first.txt with requirements.txt in one call, before it makes the calls one by one."""
    uv = uv_install(build, or_pip=True)
    (call,) = uv.calls
    names = {"requirements.txt": JobFile("wheels/first.txt")}
    alone = tuple(names.get(each.path, each) if isinstance(each, JobFile) else each for each in call)
    return replace(uv, calls=(alone, call), together=(*call, "-r", JobFile("wheels/first.txt"))), {"first.txt": first}


@pytest.mark.parametrize("first, fits", [(b"left==2.0", True), (b"left==1.0", False)])
def test_one_call_is_tried_before_several(environments, first, fits):
    """right 1.5 needs the newer left: where an older one stays, it is installed first, by itself, as pip would."""
    uv, files = together(uv_in_place(environments.runtime), first)
    job = environments.build("b", "right>=1.5\nleft>=2.0", uv=uv, files=files)
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9" and job.result.check_ok, environments.runtime.lines
    assert environments.packages("b") == {"left": "2.0", "right": "1.5"}
    assert len(starters(environments.runtime)) == (1 if fits else 3)
    assert len(set(starters(environments.runtime))) == 1, "one process makes all calls"
    started = [line for line in environments.runtime.lines if line.startswith("uv pip install")]
    assert len(started) == (1 if fits else 3) and started[0].endswith("first.txt")
    assert (environments.runtime.site.home / CHECK).exists() is not fits, "a solution of all of it needs no check"
    assert ("What stays does not fit what is asked for" in "".join(environments.runtime.lines)) is not fits


def test_the_last_of_the_calls_says_why_it_failed(environments):
    uv, files = together(uv_in_place(environments.runtime), b"left==2.0")
    job = environments.build("b", "broken", uv=replace(uv, or_pip=False), files=files)
    assert job.state == FAILED and job.error.startswith("uv ended with exit code 1: No solution found")
    assert len(starters(environments.runtime)) == 3 and environments.names() == []


def test_a_call_that_fails_is_the_last(environments):
    uv = uv_install(uv_in_place(environments.runtime))
    job = environments.build("b", "broken", uv=replace(uv, calls=uv.calls * 2))
    assert job.state == FAILED and job.error.startswith("uv ended with exit code 1: No solution found")
    assert len(starters(environments.runtime)) == 1 and environments.names() == []


def test_uv_may_end_within_a_line(environments):
    program = fake_uv.PROGRAM.replace(
        'print("Installed 2 packages in 5ms")', 'sys.stdout.write("Installed 2 packages")'
    )
    program = program.replace("sys.exit(subprocess.call(", "sys.exit(bool(")  # uv finds a problem
    uv = uv_install(uv_in_place(environments.runtime, program))
    job = environments.build("b", "right", uv=replace(uv, calls=uv.calls * 2))
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9", environments.runtime.lines
    assert environments.runtime.lines.count("Installed 2 packages") == 2 and job.result.check_ok


def test_what_uv_has_emptied_does_not_fail_its_check(environments):
    """uv leaves a folder of metadata in which it did not know each file, and then counts it as an installation."""
    left = 'import glob\nfolder = glob.glob(os.path.dirname(python) + "/../lib/*/site-packages")[0]\n'
    program = fake_uv.PROGRAM.replace(
        'print("Installed 2 packages in 5ms")', left + 'os.mkdir(folder + "/gone-1.0.dist-info")\nprint("Installed 2")'
    ).replace(
        '    json.dump(sys.argv[1:], open(here + "/{check}", "w"))\n',
        f"    {left.strip().replace(chr(10), '; ')}\n"
        '    json.dump(os.listdir(folder), open(here + "/{check}", "w"))\n',
    )
    job = environments.build("b", "right", uv=uv_install(uv_in_place(environments.runtime, program)))
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9", environments.runtime.lines
    seen = json.loads((environments.runtime.site.home / CHECK).read_text())
    assert "right-1.5.dist-info" in seen and "gone-1.0.dist-info" not in seen


def test_an_environment_without_packages_needs_no_uv(environments):
    job = environments.build("b", None, uv=uv_install(uv_in_place(environments.runtime)))
    assert job.state == SUCCEEDED and job.installer is None and said(environments.runtime) == []
    assert environments.description("b").installer.startswith("pip ")


def test_problems_of_packages_are_told_as_pip_tells_them(environments):
    uv = uv_install(uv_in_place(environments.runtime), no_deps=True)
    job = environments.build("b", "lonely", uv=uv, files=dict([wheel("lonely", "1.0", ["absent"])]))
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9"
    assert job.result.problems == ("lonely 1.0 requires absent, which is not installed.",)


SLEEPS = """#!{python}
import os, sys, time
print("uv 0.13.9", flush=True)
if sys.argv[1] == "pip":
    open({here!r} + "/pid", "w").write(str(os.getpid()))
    time.sleep(300)
"""


def await_program(runtime):
    path = runtime.site.home / "pid"
    for _ in range(600):
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.1)
    raise AssertionError("uv was not called")


def is_running(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process_id}/stat", encoding="ascii") as stream:
        return stream.read().rpartition(")")[2].split()[0] != "Z"


def await_end(process_id):
    for _ in range(300):
        if not is_running(process_id):
            return
        time.sleep(0.1)
    raise AssertionError("uv runs on")


def test_uv_ends_with_a_job_that_is_canceled(runtime):
    launched = runtime.launch("right\n", uv=uv_install(uv_in_place(runtime, SLEEPS)))
    process_id = await_program(runtime)
    runtime.cancel()
    job = runtime.follow(launched)
    assert job.state == CANCELED and said(runtime) == []
    await_end(process_id)


def test_uv_ends_with_a_runner_that_is_killed(runtime):
    runtime.launch("right\n", uv=uv_install(uv_in_place(runtime, SLEEPS)))
    process_id = await_program(runtime)
    with open(f"/proc/{process_id}/stat", encoding="ascii") as stream:
        starter = int(stream.read().rpartition(")")[2].split()[1])
    with open(f"/proc/{starter}/stat", encoding="ascii") as stream:
        runner = int(stream.read().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    await_end(process_id)
