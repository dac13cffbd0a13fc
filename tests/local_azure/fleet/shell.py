"""A worker without a Windows: its drive is a folder, and its commands are lines of this machine's shell."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.local_azure.windows.machine import Machine
from tests.local_azure.windows.process import Process, ProcessInfo


class ShellProcess(Process):
    """A process of this machine with the face of one on the worker, and without this machine's settings of pip."""

    # pylint: disable-next=super-init-not-called
    def __init__(self, command: str, directory: Path, environment: Mapping[str, str]):
        self._popen = subprocess.Popen(
            ["sh", "-c", command],
            cwd=directory,
            env={**{name: value for name, value in os.environ.items() if name[:4] != "PIP_"}, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self.cpu = 0.0
        self._printed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for name, stream in (("out", self._popen.stdout), ("err", self._popen.stderr)):
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()

    def _read(self, name: str, stream: Any) -> None:
        for line in stream:
            self._printed.put((name, line.rstrip(b"\n")))
        stream.close()
        self._printed.put(None)

    def lines(self) -> Iterator[Any]:
        """Both streams' lines until both have ended."""
        for _ in range(2):
            while (item := self._printed.get()) is not None:
                yield item

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        return self._popen.wait(timeout)

    def kill(self) -> None:
        """End it with its children."""
        if self._popen.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)

    def cpu_seconds(self) -> float:
        """What the test says."""
        return self.cpu


class LinuxMachine(Machine):
    """The drive of a worker without a Windows: commands are lines of sh. variables: of each of them."""

    def __init__(self, folder: Path, cache: Path, variables: Mapping[str, str] | None = None):
        super().__init__(folder, cache, {})
        self._variables = variables or {}
        self._spawned: list[ShellProcess] = []

    def boot(self) -> None:
        """There is nothing to boot."""

    def shutdown(self) -> None:
        """End what runs."""
        self.end_processes()

    def end_processes(self) -> None:
        """End what runs."""
        for process in self._spawned:
            process.kill()

    def spawn(
        self,
        command_line: str,
        *,
        directory: str = "D:\\home",
        environment: Mapping[str, str] | None = None,
        capture: bool = True,
    ) -> Process:
        """Run what follows the starter with sh."""
        starter = f'"{self.starter}" '
        assert command_line.startswith(starter) and capture
        line = self.shell_line(command_line.removeprefix(starter))
        process = ShellProcess(line, self.linux_path(directory), {**(environment or {}), **self._variables})
        self._spawned.append(process)
        return process

    def shell_line(self, command: str) -> str:
        """The line of sh that runs a command."""
        return command

    def processes(self) -> list[ProcessInfo]:
        """None that anybody sees."""
        return []

    def kill_image(self, name: str) -> None:
        """Nothing of that name runs."""
