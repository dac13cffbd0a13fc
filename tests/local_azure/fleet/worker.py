"""A worker that runs the product's own commands without a Windows.

cmd_exe.py stands for cmd.exe and python_exe.py for python.exe, with real pip.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.local_azure.fleet.shell import LinuxMachine
from tests.local_azure.windows.machine import Machine

HERE = Path(__file__).resolve().parent
PYTHON = (sys.executable, "-I", "-S")
WFASTCGI = b"# the real one runs on Windows only\n"


class AppProcess:
    """A process of the app: it imports app.py once, when it starts, and its page is what `PAGE` says there.

    Its python.exe has to be there.
    """

    def __init__(self, machine: Machine, full_path: str, environment: Mapping[str, str]):
        program = machine.linux_path(full_path)
        claim = (program.parent / "claim").read_text("ascii").strip()
        source = machine.home / "site/wwwroot/app.py"
        scope: dict[str, object] = {}
        exec(source.read_text("utf-8"), scope)  # pylint: disable=exec-used
        self.version = claim
        page = f"{scope['PAGE']} on Python {claim}"
        self.answer = f"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n{page}".encode()
        self._environment = dict(environment)
        self.alive = True

    def request(self, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Answer with the page."""
        return self.answer, b""

    def close(self) -> None:
        """End it."""
        self.alive = False


class WorkerMachine(LinuxMachine):
    """A worker on which the product's commands run. index_url: where its pip finds packages."""

    def __init__(self, folder: Path, cache: Path, index_url: str):
        variables = {"PIP_INDEX_URL": index_url, "PIP_CONFIG_FILE": "/dev/null"}
        variables["PIP_FIND_LINKS"] = ""  # one of this machine's would keep the runner from leaving its record
        super().__init__(folder, cache, variables)

    def shell_line(self, command: str) -> str:
        """The line that runs a command with cmd_exe.py."""
        return f"exec {shlex.join([*PYTHON, str(HERE / 'cmd_exe.py'), str(self.drive), command])}"

    def fastcgi(self, full_path: str, arguments: str, environment: Mapping[str, str]) -> AppProcess:  # type: ignore[override]
        """Start a process of the app."""
        return AppProcess(self, full_path, environment)


def lay_out_runtime(folder: Path, version: str) -> None:
    """Make the folder of a Python that claims to be of a version."""
    packages = folder / "Lib/site-packages"
    packages.mkdir(parents=True)
    spec = importlib.util.find_spec("pip")
    assert spec is not None and spec.origin is not None
    pip = Path(spec.origin).parent
    shared = folder.parent / "pip"
    if not shared.exists():
        shared.mkdir()
        (shared / "pip").symlink_to(pip)
    name = f"pip-{importlib.metadata.version('pip')}.dist-info"
    (packages / name).mkdir()
    for file in ("METADATA", "RECORD", "INSTALLER", "WHEEL"):
        shutil.copy(pip.parent / name / file, packages / name / file)
    (folder / "claim").write_text(version, "ascii")
    (folder / "pip").write_text(str(shared), "utf-8")
    (folder / "wfastcgi.py").write_bytes(WFASTCGI)
    program = folder / "python.exe"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*PYTHON, str(HERE / "python_exe.py")])} "$0" "$@"\n', "utf-8")
    program.chmod(0o755)
