"""`pip check` runs behind pip in the same process, unless a new process could say something else."""

from __future__ import annotations

import importlib.metadata
import json
import os

import pytest

from azext_pythonapp.jobs.runner.check_after import look_again
from azext_pythonapp.packages.pip import JobFile, PipCommand, PipOptions, install, uninstall
from tests.unit.runner.fake_pip import fake_pip

# It notes its process at each call. CHANGE runs at the end of the first one; it exits with 0 then.
FAKE = """\
import io, json, os, sys
own = os.path.dirname(os.path.abspath(__file__))
packages = os.path.dirname(own)
log = os.path.join(own, "calls")
with io.open(log, "ab") as stream:
    stream.write((json.dumps([os.getpid()] + sys.argv[1:2]) + "\\n").encode("ascii"))
with io.open(log, "rb") as stream:
    calls = [json.loads(line.decode("ascii")) for line in stream.read().splitlines()]
{}
sys.exit(0)
"""
NOTHING = ""
OUT_OF_ORDER = """\
if sys.argv[1] == "check" and calls[0][0] == os.getpid():
    print("It cannot be run twice.")
    sys.exit(2)
"""
PROBLEM = """\
if sys.argv[1] == "check":
    print("left 1.0 requires right, which is not installed.")
    sys.exit(1)
"""
NO_LINE_END = """\
if sys.argv[1] != "check":
    sys.stdout.write("half a line")
    sys.stdout.flush()
"""
PTH_FILE = """\
if len(calls) == 1:
    open(os.path.join(packages, "left.pth"), "w").close()
"""
ITSELF = """\
if len(calls) == 1:
    os.rename(os.path.join(own, "__init__.py"), os.path.join(own, "before.py"))
    with open(os.path.join(own, "__init__.py"), "w") as stream:
        stream.write("new = True")
"""
EMPTY_METADATA = """\
if len(calls) == 1:
    os.mkdir(os.path.join(packages, "left-1.0.dist-info"))
"""


@pytest.fixture
def called(runtime):
    """Run a job with a fake pip: the job, and (command, number of the process) for each call of pip."""

    def called(change, **spec):
        with fake_pip(runtime, FAKE.format(change)):
            job = runtime.install("left", **spec)
            rows = [json.loads(line) for line in (runtime.packages / "pip/calls").read_text().splitlines()]
        ids = list(dict.fromkeys(row[0] for row in rows))
        return job, [(row[1], ids.index(row[0])) for row in rows]

    yield called
    for path in runtime.packages.glob("left*.pth"):
        path.unlink()


def test_the_check_runs_in_the_process_of_pip(runtime, called):
    job, calls = called(NOTHING)
    assert calls == [("install", 0), ("check", 0)]
    assert (job.state, job.exit_code, job.result.check_ok) == ("succeeded", 0, True)


@pytest.mark.parametrize("change", [PTH_FILE, ITSELF, EMPTY_METADATA], ids=["pth file", "pip itself", "empty metadata"])
def test_a_new_process_is_asked_where_it_would_see_other_things(called, change):
    job, calls = called(change)
    assert calls[0] == ("install", 0) and calls[-1] == ("check", 1)
    assert (job.state, job.result.check_ok) == ("succeeded", True)


def test_a_check_that_fails_in_the_same_process_is_run_anew(runtime, called):
    job, calls = called(OUT_OF_ORDER)
    assert calls == [("install", 0), ("check", 0), ("check", 1)]
    assert (job.state, job.exit_code, job.result.check_ok) == ("succeeded", 0, True)
    assert "It cannot be run twice." not in runtime.lines


def test_problems_are_told_once_in_the_words_of_pip(runtime, called):
    job, _ = called(PROBLEM)
    problem = "left 1.0 requires right, which is not installed."
    assert (job.state, job.result.check_ok, list(job.result.problems)) == ("succeeded", False, [problem])
    assert [line for line in runtime.lines if problem in line] == ["pip check: " + problem]


def test_a_problem_is_none_of_a_pip_that_ends_within_a_line(runtime, called):
    job, _ = called(NO_LINE_END + PROBLEM)
    assert (job.state, job.exit_code, job.result.check_ok) == ("succeeded", 0, False), runtime.lines
    assert "half a line" in runtime.lines


def test_a_folder_is_listed_anew_whatever_its_time_says(tmp_path):
    def add(name):
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        (tmp_path / f"{name}-1.0.dist-info/METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")

    def names():
        return sorted(each.metadata["Name"] for each in importlib.metadata.distributions(path=[str(tmp_path)]))

    add("left")
    status = tmp_path.stat()
    assert names() == ["left"]
    add("right")
    os.utime(tmp_path, ns=(status.st_atime_ns, status.st_mtime_ns))
    look_again()
    assert names() == ["left", "right"]


def test_without_a_check_pip_is_called_once(called):
    _, calls = called(NOTHING, checked=False)
    assert calls == [("install", 0)]


def test_only_the_last_call_is_followed_by_a_check(called):
    _, calls = called(NOTHING, preparation=install(JobFile("requirements.txt"), PipOptions()))
    assert calls == [("install", 0), ("install", 1), ("check", 1)]


def test_the_check_sees_what_pip_has_just_changed(runtime):
    """A pip that still saw the packages of its start would find nothing wrong with the first two sets."""
    alone = ("install", "--no-index", "--no-deps", "--find-links", JobFile("wheels"), "-r", JobFile("requirements.txt"))
    for name, problem in (("broken", "broken 1.0 requires absent"), ("right", "right 1.5 requires left")):
        found = runtime.install(name, pip=PipCommand(alone))
        assert found.state == "succeeded" and found.result.check_ok is False
        # Beside a warning of old pips that Python 2.7 is too old.
        assert [line for line in found.result.problems if line.startswith(problem)]
    assert runtime.install("broken\nright", pip=uninstall(JobFile("requirements.txt"))).result.check_ok is True


def test_all_is_well_is_not_told_in_the_log(runtime):
    assert runtime.install("left").result.check_ok is True
    assert not [line for line in runtime.lines if "broken requirements" in line]
