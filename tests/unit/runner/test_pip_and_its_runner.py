"""What pip's process is given, and what becomes of it when its runner is killed."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from azext_pythonapp.jobs.runner import pip_process
from tests.unit.runner.fake_pip import fake_pip
from tests.unit.runner.job_runtime import Index

SAYS_ITS_SETTINGS = """\
from __future__ import print_function
import json, os, sys
names = ("GIT_TERMINAL_PROMPT", "GCM_INTERACTIVE", "GIT_SSH_COMMAND", "GIT_SSH", "SVN_SSH", "PIP_NO_INPUT")
print(json.dumps({name: os.environ.get(name) for name in names}))
print("read", repr(sys.stdin.read()))
"""


def test_a_runner_that_is_killed_takes_pip_with_it(runtime):
    index = Index()
    runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    runner = json.loads((runtime.job / "state.json").read_bytes())["pid"]
    pip = children(runner)
    assert pip
    os.kill(runner, signal.SIGKILL)
    until = time.monotonic() + 60
    while any(alive(each) for each in pip):
        assert time.monotonic() < until, "pip goes on without its lock"
        time.sleep(0.05)


def children(pid):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(name))
    return found


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "given, ssh",
    [
        ({}, "ssh -oBatchMode=yes"),
        ({"GIT_SSH_COMMAND": "ssh -i D:\\home\\.ssh\\id"}, "ssh -i D:\\home\\.ssh\\id -oBatchMode=yes"),
        (
            {"GIT_SSH_COMMAND": '"C:\\Program Files\\Git\\usr\\bin\\ssh.exe" -4'},
            '"C:\\Program Files\\Git\\usr\\bin\\ssh.exe" -4 -oBatchMode=yes',
        ),
        ({"GIT_SSH_COMMAND": "ssh -o batchmode=no"}, "ssh -o batchmode=no"),
        ({"GIT_SSH_COMMAND": "plink -batch"}, "plink -batch"),
        ({"GIT_SSH": "C:\\tools\\plink.exe"}, None),
    ],
)
def test_nothing_that_pip_starts_can_ask_anybody(runtime, given, ssh):
    runtime.site.environment.update(given)
    with fake_pip(runtime, SAYS_ITS_SETTINGS):
        runtime.install("left", checked=False)
    lines = [line for line in runtime.lines if line.startswith(("{", "read "))]
    settings = json.loads(lines[0])
    assert (settings["GIT_TERMINAL_PROMPT"], settings["GCM_INTERACTIVE"], settings["PIP_NO_INPUT"]) == (
        "0",
        "never",
        "1",
    )
    assert settings["GIT_SSH_COMMAND"] == ssh and settings["SVN_SSH"] == "ssh -oBatchMode=yes"
    assert settings["GIT_SSH"] == given.get("GIT_SSH")
    assert lines[1] == "read ''"


@pytest.mark.parametrize(
    "command, expected",
    [
        ("ssh", True),
        ("'/usr/bin/ssh' -v", True),
        ("C:/x/SSH.EXE -v", True),
        ("plink -ssh", False),
        ("", False),
        ('"', False),
    ],
)
def test_openssh_is_known_by_its_program(command, expected):
    assert pip_process.is_openssh(command) is expected


class Starts:
    """Starts a process, once the worker can."""

    def __init__(self, *codes):
        self.codes = list(codes)

    def __call__(self):
        if not self.codes:
            return "started"
        error = OSError("busy")
        error.winerror = self.codes.pop(0)
        raise error


@pytest.mark.parametrize("codes", [(), (1359,), (8, 1450, 1455)])
def test_a_worker_that_is_too_busy_is_asked_again(codes, monkeypatch):
    pauses = []
    monkeypatch.setattr(pip_process.time, "sleep", pauses.append)
    assert pip_process.started(Starts(*codes)) == "started"
    assert pauses == [1, 2, 4][: len(codes)]


@pytest.mark.parametrize("codes", [(5,), (2,), (1359, 1359, 1359, 1359)])
def test_other_failures_to_start_are_raised(codes, monkeypatch):
    monkeypatch.setattr(pip_process.time, "sleep", lambda seconds: None)
    starts = Starts(*codes)
    with pytest.raises(OSError):
        pip_process.started(starts)
    assert starts.codes == []
