"""The worker itself: Wine, with real Windows programs on it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import made
from tests.local_azure.windows import gallery, runtimes
from tests.local_azure.windows.index import PackageIndex
from tests.local_azure.windows.machine import Machine
from tests.local_azure.windows.process import StartFailure

RUNTIME = r"D:\home\python364x64"
PYTHON = RUNTIME + r"\python.exe"
NEWEST = r"D:\home\python3132x64\python.exe"
APPLICATION = """
import os, sys

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return [("%s %s %d" % (sys.version.split()[0], os.environ["PYTHONHOME"], len(body))).encode("ascii")]
"""
CONFIG = '<configuration><appSettings><add key="WSGI_HANDLER" value="app.app"/></appSettings></configuration>'


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A worker on which Python 3.6.4 and 3.13.2 are installed, with a package index."""
    cache = made("PYTHONAPP_WINDOWS")
    with PackageIndex(cache / "index") as index:
        with Machine(tmp_path_factory.mktemp("worker"), cache, {"PIP_INDEX_URL": index.url, "COLOR": "blue"}) as worker:
            gallery.lay_down(worker, gallery.find("azureappservice-python364x64"))
            shutil.copytree(runtimes.runtime(cache, "3.13.2", "x64"), worker.home / "python3132x64")
            yield worker


def output(machine: Machine, command_line: str, **options: object) -> tuple[int, list[str]]:
    """Run a command to its end: its exit code and what it printed."""
    process = machine.spawn(command_line, **options)  # type: ignore[arg-type]
    lines = [line.decode("cp437") for _, line in process.lines()]
    return process.wait(60), lines


def gone(machine: Machine, pid: int) -> bool:
    return pid not in {process.pid for process in machine.processes()}


def test_command_has_folder_variables_and_exit_code(machine: Machine) -> None:
    code, lines = output(
        machine,
        f'"{machine.starter}" echo %CD% %HOME% %COLOR% %SIZE%& exit /b -3',
        directory=r"D:\home\site\wwwroot",
        environment={"size": "XL"},
    )
    assert (code, lines) == (-3, [r"D:\home\site\wwwroot D:\home blue XL"])


def test_output_comes_while_it_runs(machine: Machine) -> None:
    code = "import sys, time; print('first'); time.sleep(2); print('second', file=sys.stderr); sys.exit(300)"
    process = machine.spawn(f'"{PYTHON}" -u -c "{code}"')
    lines = process.lines()
    assert next(lines) == ("out", b"first")
    assert process.poll() is None
    assert list(lines) == [("err", b"second")]
    assert process.wait(10) == 300


def test_killing_takes_the_children_along(machine: Machine) -> None:
    code = "print(1); sum(range(10**7)); import time; time.sleep(99)"
    process = machine.spawn(f'"{machine.starter}" "{PYTHON}" -u -c "{code}"')
    assert next(process.lines()) == ("out", b"1")
    found = {entry.parent: entry for entry in machine.processes()}
    child = found[process.pid]
    assert (child.name, "time.sleep(99)" in child.command_line) == ("python.exe", True)
    deadline = time.monotonic() + 30
    while process.cpu_seconds() < 0.2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    assert process.wait(10) == 1
    assert gone(machine, child.pid)


def test_ending_every_python_leaves_the_worker_alive(machine: Machine) -> None:
    process = machine.spawn(f'"{PYTHON}" -c "import time; time.sleep(99)"', capture=False)
    machine.kill_image("PYTHON.EXE")
    assert process.wait(10) == 1
    assert output(machine, "cmd.exe /c echo alive") == (0, ["alive"])


def test_a_program_that_is_not_there(machine: Machine) -> None:
    with pytest.raises(StartFailure) as caught:
        machine.spawn(r"D:\home\nosuch.exe")
    assert caught.value.windows_error == 2


def test_c_home_is_d_home(machine: Machine) -> None:
    command = r"if exist C:\home\python364x64\python.exe echo yes"
    assert output(machine, f'"{machine.starter}" {command}') == (0, ["yes"])


def test_the_runtime_says_that_it_is_what_its_package_says(machine: Machine) -> None:
    assert output(machine, f'"{PYTHON}" -V') == (0, ["Python 3.6.4"])
    code = (
        "import sys, platform, sysconfig; print(sys.version.split()[0], sys.version_info[:3], hex(sys.hexversion),"
        " platform.python_version(), sysconfig.get_python_version(), sysconfig.get_platform())"
    )
    said = "3.6.4 (3, 6, 4) 0x30604f0 3.6.4 3.6 win-amd64"
    for options in ("", "-I ", "-E -s "):
        assert output(machine, f'"{PYTHON}" {options}-c "{code}"') == (0, [said])


def test_pip_installs_what_its_python_wants(machine: Machine) -> None:
    code, lines = output(machine, f'"{PYTHON}" -m pip install --progress-bar off flask')
    assert code == 0, lines
    assert lines[-1].startswith("Successfully installed ")
    assert {"flask-2.0.3", "dataclasses-0.8", "colorama-0.4.5", "MarkupSafe-2.0.1"} <= set(lines[-1].split())
    assert output(machine, f'"{PYTHON}" -m pip check') == (0, ["No broken requirements found."])


def test_a_windows_query_does_not_hold_the_output_open(machine: Machine) -> None:
    started = time.monotonic()
    code, lines = output(machine, f'"{NEWEST}" -c "import platform; print(platform.platform())"')
    assert (code, len(lines)) == (0, 1)
    assert time.monotonic() - started < 60


def test_the_shims_work(machine: Machine) -> None:
    code = (
        "import ctypes; z = (ctypes.c_double * 2)(1.5, 2.5); f = ctypes.CDLL('ucrtbase').cimag;"
        " f.restype = ctypes.c_double; b = ctypes.create_string_buffer(16);"
        " ctypes.WinDLL('bcryptprimitives').ProcessPrng(b, 16); print(f(ctypes.byref(z)), b.raw != bytes(16))"
    )
    assert output(machine, f'"{NEWEST}" -c "{code}"') == (0, ["2.5 True"])


def test_wfastcgi_serves_and_ends_on_a_change(machine: Machine) -> None:
    web_root = machine.home / "site" / "wwwroot"
    (web_root / "app.py").write_text(APPLICATION)
    (web_root / "web.config").write_text(CONFIG)
    params = {
        "SCRIPT_NAME": "/",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "REQUEST_METHOD": "POST",
        "SERVER_NAME": "app",
        "SERVER_PORT": "443",
        "APPL_PHYSICAL_PATH": "D:\\home\\site\\wwwroot\\",
    }
    process = machine.fastcgi(PYTHON, RUNTIME + r"\wfastcgi.py", {"PYTHONHOME": RUNTIME})
    for size in (0, 200_000):
        out, err = process.request({**params, "CONTENT_LENGTH": str(size)}, b"x" * size)
        assert out.endswith(f"\r\n\r\n3.6.4 {RUNTIME} {size}".encode("ascii")), (out, err)
    assert process.alive
    (web_root / "other.py").write_text("X = 1\n")
    deadline = time.monotonic() + 20
    while process.alive:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(BrokenPipeError):
        process.request(params, b"")
    process.close()


def test_closing_ends_the_fastcgi_process(machine: Machine) -> None:
    process = machine.fastcgi(PYTHON, RUNTIME + r"\wfastcgi.py", {"PYTHONHOME": RUNTIME})
    assert not gone(machine, process.pid)
    process.close()
    deadline = time.monotonic() + 20
    while not gone(machine, process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_reinstallation_wipes_what_was_installed(machine: Machine) -> None:
    added = machine.linux_path(RUNTIME) / "Lib" / "site-packages" / "added.py"
    added.write_text("")
    process = machine.spawn(f'"{NEWEST}" -c "import time; time.sleep(99)"')
    gallery.lay_down(machine, gallery.find("azureappservice-python364x64"))
    assert not added.exists()
    assert process.wait(10) == 1
    assert output(machine, f'"{PYTHON}" -V') == (0, ["Python 3.6.4"])


def test_a_cleared_worker_is_as_new_and_still_booted(tmp_path: Path) -> None:
    with Machine(tmp_path, made("PYTHONAPP_WINDOWS"), {}) as machine:
        machine.boot()
        profile = files(tmp_path / "prefix" / "drive_c" / "users")
        drive = files(machine.drive)
        code, _ = output(
            machine, "cmd.exe /c mkdir %APPDATA%\\cache & echo x > %APPDATA%\\cache\\x & echo x > D:\\home\\x"
        )
        assert code == 0 and files(machine.drive) != drive
        assert files(tmp_path / "prefix" / "drive_c" / "users") != profile
        process = machine.spawn("cmd.exe /c start /b cmd.exe /c pause")

        machine.clear()
        assert machine.processes() == [] and process.wait(10) is not None
        assert files(machine.drive) == drive
        assert files(tmp_path / "prefix" / "drive_c" / "users") == profile
        assert output(machine, "cmd.exe /c cd") == (0, [r"D:\home"])


def files(folder: Path) -> set[Path]:
    """Everything below a folder."""
    return set(folder.rglob("*"))


def test_a_shutdown_ends_every_process(tmp_path: Path) -> None:
    machine = Machine(tmp_path, made("PYTHONAPP_WINDOWS"), {})
    process = machine.spawn("cmd.exe /c pause")
    machine.shutdown()
    process.wait(10)
    prefix = f"WINEPREFIX={tmp_path / 'prefix'}".encode()
    assert not [path for path in Path("/proc").glob("[0-9]*/environ") if prefix in environment_of(path)]
    assert machine.spawn("cmd.exe /c exit 4").wait(60) == 4
    machine.shutdown()


def environment_of(path: Path) -> bytes:
    """A process's variables as Linux shows them; nothing of one that has ended or is the kernel's."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
