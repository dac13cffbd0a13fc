"""A job with uv: it is called as pip would be, and where it cannot be used pip takes over, which is said once."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from azext_pythonapp.jobs.runner.uv import Unusable, Uv
from azext_pythonapp.jobs.state import CANCELED, FAILED, SUCCEEDED
from azext_pythonapp.packages.pip import JobFile
from tests.unit.runner import fake_uv
from tests.unit.runner.environments import Environments
from tests.unit.runner.fake_pip import fake_pip
from tests.unit.runner.fake_uv import ARGUMENTS, CHECK, called_with, starters, uv_in_place, uv_install
from tests.unit.runner.job_runtime import WHEELS, wheel

TAKES_OVER = "pip is used instead of uv: "


def said(runtime):
    return [line.removeprefix(TAKES_OVER) for line in runtime.lines if line.startswith(TAKES_OVER)]


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


@pytest.mark.parametrize(
    "program, reason",
    [
        ("#!{python}\nraise SystemExit(3)\n", "it does not start on the worker (exit code 3)."),
        ("#!{python}\nprint('This program is blocked.')\n", "it does not start on the worker (exit code 0)."),
        ("MZ is no program here", "it does not start on the worker ("),
        (
            "#!{python}\nimport os, sys\nprint('uv 0.13.9', flush=True)\n"
            "if sys.argv[1] == 'pip': os.kill(os.getpid(), 9)\n",
            "Windows has ended it (exit code 0x",
        ),
    ],
)
def test_pip_takes_over_from_a_uv_that_does_not_start(runtime, program, reason):
    job = runtime.install("right\n", uv=uv_install(uv_in_place(runtime, program)))
    assert job.state == SUCCEEDED and {each.name for each in job.result.installed} == {"left", "right"}
    assert len(said(runtime)) == 1 and said(runtime)[0].startswith(reason) and job.installer is None


@pytest.mark.parametrize("damage", ["half", "other", "no marker", "nothing"])
def test_a_uv_that_is_not_as_it_was_made_is_never_started(runtime, damage):
    build = uv_in_place(runtime, whole=damage != "no marker")
    path = runtime.site.home / build.program.path
    content = path.read_bytes()
    if damage == "nothing":
        path.unlink()
    elif damage != "no marker":
        path.write_bytes(content[: len(content) // 2] if damage == "half" else content.replace(b"5ms", b"6ms"))
    job = runtime.install("right\n", uv=uv_install(build))
    assert job.state == SUCCEEDED and said(runtime) == ["it is not on the app, or is damaged there."]
    assert not (runtime.site.home / ARGUMENTS).exists()
    if damage in ("half", "other"):
        assert not path.exists() and not (path.parent / build.marker).exists()


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


def test_a_setting_without_an_equal_leaves_the_job_to_pip(runtime):
    runtime.site.environment["PIP_PREFER_BINARY"] = "1"
    job = runtime.install("right\n", uv=uv_install(uv_in_place(runtime)))
    assert job.state == SUCCEEDED and said(runtime) == ["PIP_PREFER_BINARY has no equal in uv."]
    assert not (runtime.site.home / ARGUMENTS).exists()


@pytest.fixture
def environments(runtime):
    return Environments(runtime)


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


class Doubted(Uv):
    """One whose trial fails, after something has happened meanwhile."""

    def __init__(self, meanwhile):
        self.tried = self.speaks = False
        self.refused, self.stopped = None, 0
        self.pip = self
        self.meanwhile = meanwhile

    def trial(self):
        self.meanwhile(self)
        raise Unusable("it does not start")

    def stop(self):
        self.stopped += 1


def test_uv_that_says_nothing_and_does_not_start_is_ended():
    uv = Doubted(lambda uv: None)
    uv.doubt(threading.Event())
    assert (uv.refused, uv.stopped) == ("it does not start", 1)


def test_uv_that_has_spoken_meanwhile_goes_on():
    uv = Doubted(lambda uv: setattr(uv, "speaks", True))
    uv.doubt(threading.Event())
    assert (uv.refused, uv.stopped) == (None, 0)


def test_a_late_trial_does_not_end_the_pip_that_took_over():
    ended = threading.Event()
    uv = Doubted(lambda uv: ended.set())
    uv.doubt(ended)
    assert (uv.refused, uv.stopped) == (None, 0)


HANGS = "#!{python}\nimport time\ntime.sleep(300)\n"


def test_pip_takes_over_from_a_uv_that_hangs_when_it_is_started(environments):
    runtime = environments.runtime
    runtime.site.quick = [*runtime.site.quick, ("uv", "TRIAL_SECONDS = 120\n", "TRIAL_SECONDS = 1\n")]
    job = environments.build("b", "right", uv=uv_install(uv_in_place(runtime, HANGS)))
    assert job.state == SUCCEEDED and job.installer is None, runtime.lines
    assert len(said(runtime)) == 1 and said(runtime)[0].startswith("it does not start on the worker (exit code ")


def test_an_environment_without_packages_needs_no_uv(environments):
    job = environments.build("b", None, uv=uv_install(uv_in_place(environments.runtime)))
    assert job.state == SUCCEEDED and job.installer is None and said(environments.runtime) == []
    assert environments.description("b").installer.startswith("pip ")


FAILS = """#!{python}
import subprocess, sys
if sys.argv[1] == "pip":
    {does}
    print("error: Failed to write to the cache\\n  cause: No space left on device (os error 28)")
    sys.exit(2)
print("uv 0.13.9")
"""
INSTALLS_LEFT = """
    words = sys.argv[1:]
    python, links = (words[words.index(option) + 1] for option in ("--python", "--find-links"))
    call = [sys.executable, "-m", "pip", "--python", python, "-q", "install", "--no-index", "--find-links", links]
    subprocess.check_call(call + ["left"], stdout=subprocess.DEVNULL)
"""


@pytest.mark.parametrize("or_pip", [True, False])
def test_pip_tries_what_uv_could_not_unless_it_was_asked_for(environments, or_pip):
    runtime = environments.runtime
    cache = runtime.site.home / "data/pythonapp/tools/uv-cache"
    cache.mkdir(parents=True)
    program = FAILS.replace("{does}", "pass")
    job = environments.build("b", "right", uv=uv_install(uv_in_place(runtime, program), or_pip=or_pip))
    assert not cache.exists(), runtime.lines
    if or_pip:
        assert job.state == SUCCEEDED and said(runtime) == ["it ended with exit code 2."] and job.installer is None
        assert environments.description("b").installer.startswith("pip ")
    else:
        assert job.state == FAILED and "No space left on device" in job.error and environments.names() == []


def test_pip_begins_from_nothing_where_uv_stopped_half_way(environments):
    program = FAILS.replace("{does}", INSTALLS_LEFT.strip())
    uv = uv_install(uv_in_place(environments.runtime, program), or_pip=True)
    job = environments.build("b", "tall", uv=uv, files=dict([wheel("tall", "1.0")]))
    assert job.state == SUCCEEDED and said(environments.runtime) == ["it ended with exit code 2."]
    assert environments.packages("b") == {"tall": "1.0"} and job.installer is None


def test_pip_does_not_go_on_where_uv_has_changed_a_runtime(runtime):
    program = FAILS.replace("{does}", INSTALLS_LEFT.strip())
    job = runtime.install("right\n", uv=uv_install(uv_in_place(runtime, program), or_pip=True))
    assert job.state == FAILED and said(runtime) == []


IGNORES_THE_PYTHON = (
    FAILS.replace("{does}", INSTALLS_LEFT.strip())
    .replace('["left"]', '["--ignore-requires-python", "-r", words[-1]]')
    .replace('    print("error', '    sys.exit(0)\n    print("error')
)


def bounded(name, version, requires_python, requires=()):
    """A wheel that says for which Pythons it is."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: {requires_python}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    return wheel(name, version, more={f"{name}-{version}.dist-info/METADATA": metadata})


@pytest.mark.parametrize("bound", [">=3.6,<3.8", ">=3.6, !=%d.%d.*" % sys.version_info[:2]])
def test_no_package_that_is_for_other_pythons_stays(environments, bound):
    """uv passes over the upper bounds of Requires-Python, pip takes an older version."""
    files = dict([wheel("tall", "1.0"), bounded("tall", "2.0", bound, ["left"])])
    uv = uv_install(uv_in_place(environments.runtime, IGNORES_THE_PYTHON))
    job = environments.build("b", "tall", uv=uv, files=files)
    assert job.state == SUCCEEDED and job.installer is None, environments.runtime.lines
    assert environments.packages("b") == {"tall": "1.0"}
    assert [each.split(", and not ")[0] for each in said(environments.runtime)] == [
        f"it has installed tall 2.0, which needs Python {bound}"
    ]


def test_a_runtime_does_not_keep_what_is_for_other_pythons(runtime, monkeypatch):
    for name, content in (wheel("tall", "1.0"), bounded("tall", "2.0", ">=3.6,<3.8")):
        monkeypatch.setitem(WHEELS, name, content)
    job = runtime.install("tall\n", uv=uv_install(uv_in_place(runtime, IGNORES_THE_PYTHON)))
    assert job.state == SUCCEEDED and len(said(runtime)) == 1, runtime.lines
    assert {each.name: each.version for each in job.result.installed} == {"tall": "1.0"}


def test_problems_of_packages_are_told_as_pip_tells_them(environments):
    uv = uv_install(uv_in_place(environments.runtime), no_deps=True)
    job = environments.build("b", "lonely", uv=uv, files=dict([wheel("lonely", "1.0", ["absent"])]))
    assert job.state == SUCCEEDED and job.installer == "uv 0.13.9"
    assert job.result.problems == ("lonely 1.0 requires absent, which is not installed.",)


def test_uv_does_not_change_a_python_of_another_folder(environments):
    """A Python that does not take the folder for its environment, such as one that reads no pyvenv.cfg."""
    quick = [*environments.runtime.site.quick, ("environment", '"pyvenv.cfg"), text', '"other.cfg"), text')]
    environments.runtime.site.quick = quick
    job = environments.build("b", "left", uv=uv_install(uv_in_place(environments.runtime)))
    assert job.state == FAILED and " is a Python of " in job.error, environments.runtime.lines
    assert len(said(environments.runtime)) == 1 and not (environments.runtime.site.home / ARGUMENTS).exists()
    assert environments.names() == [] and not list(environments.runtime.packages.glob("left*"))


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
