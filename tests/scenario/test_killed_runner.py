"""A runner that is killed alone takes its pip with it: by its job object, and where there is none by pip's own watch."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.local_azure.site import Site
from tests.local_azure.windows.process import ProcessInfo
from tests.scenario.apps import naming
from tests.scenario.held_index import HeldIndex

pytestmark = pytest.mark.costly

PYTHON = "D:\\home\\python3810x64\\python.exe"
PIP = "\\runner\\__main__.py pip "
TERMINATE = "import ctypes; k = ctypes.windll.kernel32; k.TerminateProcess(k.OpenProcess(1, 0, {pid}), 1)"
WITHOUT_JOB_OBJECT = """\
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from runner import pip_process, process_tree, target
process_tree.ProcessTree.job_object = lambda self: None
pip = pip_process.Pip(target.own_target(), {})
pip.run(['download', '--no-deps', '-i', sys.argv[1], '-d', 'D:\\\\home\\\\x', 'six'], 'D:\\\\home', print)
"""


def running(site: Site, word: str) -> list[ProcessInfo]:
    """The worker's processes with a word on their command line."""
    return [process for process in site.machine.processes() if word in process.command_line]


def kill_alone(site: Site, process: ProcessInfo) -> None:
    """End a process and none of its children."""
    site.machine.spawn(f'{PYTHON} -c "{TERMINATE.format(pid=process.pid)}"').wait()
    until_gone(site, process.command_line)


def until_gone(site: Site, word: str) -> None:
    """Wait until nothing with a word on its command line runs any more."""
    until = time.monotonic() + 120
    while running(site, word):
        assert time.monotonic() < until, running(site, word)
        time.sleep(0.2)


@pytest.fixture
def index(windows: Path):
    """An index that makes pip wait until it is released."""
    with HeldIndex(windows / "index") as held:
        yield held


def test_a_killed_runner_takes_pip_with_it(az, apps, index, tmp_path):
    site = apps.prepared("wsgi_hello")
    (tmp_path / "requirements.txt").write_text("six==1.16.0\n", encoding="utf-8")
    az(
        "webapp python install-requirements --no-wait --index-url",
        index.url,
        "-r",
        tmp_path / "requirements.txt",
        *naming(site),
    )
    assert index.asked.wait(120) and running(site, PIP)
    (runner,) = [
        process for process in running(site, " runner/__main__.py") if "cmd.exe" not in process.command_line.lower()
    ]
    kill_alone(site, runner)
    until_gone(site, PIP)
    assert not (site.machine.home / "python3810x64/Lib/site-packages/six.py").exists()

    (job,) = (site.machine.home / "data/pythonapp/jobs").iterdir()
    tried = site.machine.home / "tried"
    shutil.copytree(job / "runner", tried / "runner")
    (tried / "alone.py").write_text(WITHOUT_JOB_OBJECT, encoding="utf-8")
    index.asked.clear()
    site.machine.spawn(f"{PYTHON} -E -s D:\\home\\tried\\alone.py {index.url}", capture=False)
    assert index.asked.wait(120) and running(site, PIP)
    (alone,) = running(site, "alone.py")
    kill_alone(site, alone)
    until_gone(site, PIP)
