"""/api/command and installs on the real worker: Wine's cmd.exe, a Windows build of CPython
(docs/platform/kudu.md 1, 4, 5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import made
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client

PYTHON = r"D:\home\python3119x64\python.exe"


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    """A local Azure with real workers."""
    with LocalAzure(tmp_path_factory.mktemp("azure"), made("PYTHONAPP_WINDOWS")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def site(azure: LocalAzure) -> Site:
    """The one app of this module."""
    return azure.add_site("app")


@pytest.fixture(scope="module")
def kudu(azure: LocalAzure, site: Site) -> Iterator[Client]:
    """A client of its SCM site; a Python 3.11.9 is installed there."""
    client = Client(azure, site.scm_host)
    assert client("PUT", "/api/siteextensions/Contoso-python3119x64").status_code == 200
    yield client
    client.close()


def run(kudu: Client, command: str, directory: str = "") -> Any:
    """The JSON of a command's answer."""
    return kudu("POST", "/api/command", json={"command": command, "dir": directory}).json()


def test_command_line_reaches_python_as_it_is(kudu: Client) -> None:
    answer = run(
        kudu,
        f'"{PYTHON}" -c "import os,sys; print(os.getcwd(), sys.argv[1:], file=sys.stderr); '
        'sys.exit(-5)" "flask>=2,<3" a^^b',
        "site\\wwwroot",
    )
    assert answer == {"Output": "", "Error": "D:\\home\\site\\wwwroot ['flask>=2,<3', 'ab']\r\n", "ExitCode": -5}


def test_home_is_the_drive_of_the_switch(kudu: Client, site: Site) -> None:
    site.switches.home_drive = "C:"
    try:
        answer = run(kudu, f'"C:{PYTHON[2:]}" -c "import os; print(os.environ.get(\'HOME\'), os.getcwd())"')
    finally:
        site.switches.home_drive = "D:"
    assert answer["Output"] == "C:\\home C:\\home\r\n"


def test_script_file_in_the_home(kudu: Client) -> None:
    kudu("PUT", "/api/vfs/data/a%20b.cmd", data=b"@echo off\r\necho %~n0\r\nexit /b 3\r\n")
    assert run(kudu, r'"D:\home\data\a b.cmd"') == {"Output": "a b\r\n", "Error": "", "ExitCode": 3}


def test_idle_command_is_killed(kudu: Client, site: Site) -> None:
    site.switches.idle_timeout = 1
    try:
        answer = run(kudu, f'"{PYTHON}" -c "import time; time.sleep(60)"')
    finally:
        site.switches.idle_timeout = 60
    assert (answer["ExitCode"], "no output nor CPU activity" in str(answer["Error"])) == (-1, True)
    assert kudu("GET", "/api/processes").json() == []


def test_restart_ends_the_command_and_what_it_detached(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/vfs/data/child.py", data=b"open(r'D:\\home\\data\\alive', 'w'); import time; time.sleep(99)")
    kudu("PUT", "/api/vfs/data/detach.py", data=b"import sys, subprocess as s; s.Popen([sys.executable, 'child.py'])")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(kudu, "POST", "/api/command", json={"command": f'"{PYTHON}" detach.py', "dir": "data"})
        deadline = time.monotonic() + 30
        while not (site.machine.home / "data" / "alive").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        running = [kudu("GET", f"/api/processes/{one['id']}").json() for one in kudu("GET", "/api/processes").json()]
        assert [one["command_line"].endswith("child.py") for one in running] == [True]
        site.restart()
        assert answer.result().status_code == 502
    assert kudu("GET", "/api/processes").json() == []
