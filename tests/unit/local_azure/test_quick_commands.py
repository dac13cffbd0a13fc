"""Commands of a fleet that run without a process print what they would print with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azext_pythonapp.appservice.snapshot import look_command
from azext_pythonapp.runtimes.probe import survey_command
from azext_pythonapp.windows import python_command, quote_command
from tests.local_azure.fleet import quick
from tests.local_azure.fleet.machine import FleetMachine
from tests.local_azure.fleet.worker import WorkerMachine
from tests.local_azure.site import Site
from tests.local_azure.windows.process import Process
from tests.unit.local_azure.linux_azure import LinuxAzure

PYTHON = r"D:\home\python3119x64\python.exe"
LOOK = look_command("site/wwwroot", ["", "site", "SiteExtensions", "gone"], [("site/wwwroot", ".config")], ["static"])


@pytest.fixture(scope="module")
def site(azure: LinuxAzure) -> Iterator[Site]:
    """An app of a fleet."""
    with azure.fleet(1, name="quick") as fleet:
        yield fleet[0]


def printed(process: Process) -> tuple[int, list[tuple[str, bytes]]]:
    """How a process ended, and what it printed, by stream."""
    lines = sorted(process.lines(), key=lambda line: line[0])
    return process.wait(60), lines


@pytest.mark.parametrize(
    "command",
    [
        f"{survey_command()} & {LOOK}",
        quote_command(PYTHON, "-E", "-B", "-c", "import sys;sys.stdout.write(sys.version+sys.argv[1]+chr(10))", "a b"),
        'type "site\\wwwroot\\web.config" & dir /-C /A:D "D:\\home\\site" & type "nothing"',
        "echo %CD% & echo %NAME%",
        '"D:\\home\\nothing.exe" -c "import sys"',
    ],
)
def test_a_quick_command_prints_the_same(site: Site, command: str) -> None:
    machine = site.machine
    assert isinstance(machine, FleetMachine)
    line, variables = f'"{machine.starter}" {command}', {"NAME": "value"}
    quickly = machine.spawn(line, directory="D:\\home", environment=variables)
    assert isinstance(quickly, quick.QuickProcess)
    assert printed(quickly) == printed(WorkerMachine.spawn(machine, line, directory="D:\\home", environment=variables))


@pytest.mark.parametrize(
    "command",
    [
        'move "D:\\home\\site\\a" "D:\\home\\site\\b"',
        quote_command(PYTHON, "-u", "-B", "-E", "-s", "runner/__main__.py"),
        python_command(PYTHON, "import subprocess", {}),
        python_command(PYTHON, "import os; os.remove('a')", {}),
        python_command(PYTHON, "open('made', 'w')", {}),
        python_command(PYTHON, "from shutil import rmtree", {}),
        "what is this",
    ],
)
def test_anything_else_is_a_process(site: Site, command: str) -> None:
    machine = site.machine
    with pytest.raises(quick.NotQuick):
        quick.run(machine.drive, machine.home, {}, command)
    assert not (machine.home / "made").exists() and not Path("made").exists()


def test_a_program_that_fails_runs_as_a_process(site: Site) -> None:
    process = site.machine.spawn(f'"{site.machine.starter}" {python_command(PYTHON, "1 / 0", {})}')
    code, lines = printed(process)
    assert code == 1 and any(b"ZeroDivisionError" in line for _, line in lines)
