"""Clients of the local Azure: real az processes, forked from one that has az loaded, and ended by SIGKILL."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_azure import login

HOST = Path(__file__).resolve().with_name("az_host.py")
PRELOADED = (
    "azure.",
    "knack",
    "msal",
    "requests",
    "urllib3",
    "azext_pythonapp",
    "jwt",
    "cryptography",
    "http",
    "email",
)


@dataclass(frozen=True)
class Ended:
    """How a client ended. status: its exit code, or -9 when it was killed."""

    command: str
    status: int
    stdout: str
    stderr: str

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.status == -signal.SIGKILL

    @property
    def json(self) -> Any:
        """Its answer."""
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"$ az {self.command}    [{self.status}]\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}"


class Client:
    """An az that runs, or has ended."""

    def __init__(self, host: AzHost, pid: int, command: str, stdout: Path, stderr: Path):
        self.pid = pid
        self.command = command
        self._host, self._stdout, self._stderr = host, stdout, stderr

    def kill(self) -> None:
        """End it as a power failure does; returns when it is gone."""
        descriptor = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [])
        finally:
            os.close(descriptor)

    def wait(self) -> Ended:
        """Wait for its end."""
        status = self._host.ask({"wait": self.pid})["status"]
        texts = [path.read_text("utf-8", "replace") for path in (self._stdout, self._stderr)]
        return Ended(self.command, status, *texts)


class AzHost:
    """The process that az processes are forked from, signed in and with the extension; a context manager.

    az: the program az. environment: of a local Azure. wheel: the extension. folder: for its files.
    """

    def __init__(self, az: Path, environment: Mapping[str, str], wheel: Path, folder: Path):
        self._folder = folder
        self._number = 0
        self._lock = threading.Lock()
        extension = folder / "extensions" / "pythonapp"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(extension)
            own = [name[:-3].replace("/", ".") for name in archive.namelist() if name.endswith(".py")]
        self._own = [name for name in own if ".runner." not in name and ".import_program." not in name]
        self.environment = {
            **environment,
            "AZURE_CONFIG_DIR": str(folder / "config"),
            "AZURE_EXTENSION_DIR": str(extension.parent),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
        }
        self._process = subprocess.Popen(
            [str(az.parent / "python"), str(HOST)],
            env={**self.environment, "PYTHONPATH": str(extension)},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> AzHost:
        modules = self._folder / "modules.json"
        signing_in = (
            f"login --service-principal --username {login.CLIENT_ID} --password {login.CLIENT_SECRET} "
            f"--tenant {login.TENANT}"
        )
        for command in (signing_in, "webapp python show -g rg -n nothing-of-that-name"):
            ended = self.start(command, AZ_HOST_MODULES=str(modules)).wait()
            assert ended.status in (0, 3), str(ended)
            names = [name for name in json.loads(modules.read_bytes()) if name.startswith(PRELOADED)]
            self.ask({"load": names + self._own})
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Return the answer to a request."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(self, command: str, **variables: str) -> Client:
        """Start an az. command: the words after `az`. variables: more of its environment."""
        self._number += 1
        outputs = [self._folder / f"{self._number}.{name}" for name in ("out", "err")]
        pid = self.ask(
            {
                "arguments": shlex.split(command),
                "environment": {**self.environment, **variables},
                "folder": str(self._folder),
                "stdout": str(outputs[0]),
                "stderr": str(outputs[1]),
            }
        )["pid"]
        return Client(self, pid, command, *outputs)

    def run(self, command: str, expect: int | None = 0) -> Ended:
        """Run an az to its end. expect: the exit code that it must have; None for any."""
        ended = self.start(command).wait()
        assert expect is None or ended.status == expect, f"exit code {expect} was expected\n{ended}"
        return ended
