"""Clients of the local Azure: real az processes, forked from one that has az loaded, and ended by SIGKILL."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_azure import login
from tests.scenario.forked import ForkedAz, ForkingAz


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

    def __init__(self, command: str, running: ForkedAz):
        self._command = command
        self._running = running

    def kill(self) -> None:
        """End it as a power failure does; returns when it is gone."""
        descriptor = os.pidfd_open(self._running.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [])
        finally:
            os.close(descriptor)

    def wait(self) -> Ended:
        """Wait for its end."""
        done = self._running.wait()
        return Ended(self._command, done.returncode, done.stdout, done.stderr)


class AzHost:
    """An az that is loaded once, signed in and with the extension; it makes clients.

    az: the program az. environment: of a local Azure. wheel: the extension. folder: for its files.
    """

    def __init__(self, az: Path, environment: Mapping[str, str], wheel: Path, folder: Path):
        self._folder = folder
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "extensions" / "pythonapp")
        places = {"AZURE_CONFIG_DIR": str(folder / "config"), "AZURE_EXTENSION_DIR": str(folder / "extensions")}
        self._loaded = ForkingAz(az, {**environment, **places})
        self.run(
            f"login --service-principal --username {login.CLIENT_ID} --password {login.CLIENT_SECRET} "
            f"--tenant {login.TENANT}"
        )

    def start(self, command: str) -> Client:
        """Start an az. command: the words after `az`."""
        return Client(command, self._loaded.start(shlex.split(command), self._folder))

    def run(self, command: str, expect: int | None = 0) -> Ended:
        """Run an az to its end. expect: the exit code that it must have; None for any."""
        ended = self.start(command).wait()
        assert expect is None or ended.status == expect, f"exit code {expect} was expected\n{ended}"
        return ended
