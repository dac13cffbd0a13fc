"""Where uv cannot be used, or means something else, pip takes over: that is said once, and nothing of uv's stays."""

from __future__ import annotations

import sys
import threading

import pytest

from azext_pythonapp.jobs.runner.uv import Unusable, Uv
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED
from tests.unit.runner.environments import Environments
from tests.unit.runner.fake_uv import ARGUMENTS, said, uv_in_place, uv_install
from tests.unit.runner.job_runtime import WHEELS, wheel


@pytest.fixture
def environments(runtime):
    return Environments(runtime)


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


def test_a_setting_without_an_equal_leaves_the_job_to_pip(runtime):
    runtime.site.environment["PIP_PREFER_BINARY"] = "1"
    job = runtime.install("right\n", uv=uv_install(uv_in_place(runtime)))
    assert job.state == SUCCEEDED and said(runtime) == ["PIP_PREFER_BINARY has no equal in uv."]
    assert not (runtime.site.home / ARGUMENTS).exists()


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


def test_uv_does_not_change_a_python_of_another_folder(environments):
    """A Python that does not take the folder for its environment, such as one that reads no pyvenv.cfg."""
    quick = [*environments.runtime.site.quick, ("environment", '"pyvenv.cfg"), text', '"other.cfg"), text')]
    environments.runtime.site.quick = quick
    job = environments.build("b", "left", uv=uv_install(uv_in_place(environments.runtime)))
    assert job.state == FAILED and " is a Python of " in job.error, environments.runtime.lines
    assert len(said(environments.runtime)) == 1 and not (environments.runtime.site.home / ARGUMENTS).exists()
    assert environments.names() == [] and not list(environments.runtime.packages.glob("left*"))
