"""A worker for the unit tests of the front end: a folder as drive D:, Linux processes, scripted FastCGI processes."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from starlette.responses import Response

from tests.local_azure.frontend.site_request import SiteRequest
from tests.local_azure.frontend.worker_process import WorkerProcess

GONE = (b"gone", b"")


class ScriptedFastCgi:
    """A FastCGI process that answers with what it was given.

    An answer None means that it goes away with the request; GONE, that it was gone before. `held` holds its answers back.
    """

    def __init__(self, answers: list[tuple[bytes, bytes] | None]) -> None:
        self.answers = answers
        self.alive = True
        self.held = threading.Event()
        self.held.set()
        self.closed = False
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def request(self, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        self.seen.append((dict(params), body))
        answer = self.answers.pop(0)
        assert self.held.wait(10)
        if answer is GONE:
            self.alive = False
            raise BrokenPipeError("gone before")
        if answer is None or self.closed:
            self.alive = False
            raise EOFError("gone")
        return answer

    def close(self) -> None:
        self.closed = True
        self.alive = False


class LinuxProcess:
    """A Linux process with the interface of the worker's Process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def lines(self) -> Iterator[tuple[Literal["out", "err"], bytes]]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield "out", line.rstrip()

    def poll(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class FakeWorker:
    """Drive D: is the folder `drive`; `fastcgi` hands out the processes of `scripted` in turn."""

    def __init__(self, drive: Path) -> None:
        self.home = drive / "home"
        self.wwwroot = self.home / "site" / "wwwroot"
        self.wwwroot.mkdir(parents=True)
        self.drive = drive
        self.scripted: list[ScriptedFastCgi] = []
        self.fastcgi_starts: list[tuple[str, str, dict[str, str]]] = []
        self.spawned: list[tuple[str, LinuxProcess]] = []

    def linux_path(self, windows_path: str) -> Path:
        if not windows_path.startswith("D:\\"):
            raise ValueError(windows_path)
        path = self.drive
        for name in windows_path[3:].split("\\"):
            there = [entry for entry in path.glob("*") if entry.name.lower() == name.lower()]
            path = there[0] if there else path / name
        return path

    def windows_path(self, path: Path) -> str:
        return "D:\\" + "\\".join(path.relative_to(self.drive).parts)

    def fastcgi(self, full_path: str, arguments: str, environment: Mapping[str, str]) -> ScriptedFastCgi:
        self.fastcgi_starts.append((full_path, arguments, dict(environment)))
        if not self.scripted:
            raise FileNotFoundError(full_path)
        return self.scripted.pop(0)

    def spawn(
        self, command_line: str, *, directory: str, environment: Mapping[str, str] | None, capture: bool
    ) -> LinuxProcess:
        output = subprocess.PIPE if capture else subprocess.DEVNULL
        process = LinuxProcess(
            subprocess.Popen(
                shlex.split(command_line),
                cwd=self.linux_path(directory),
                env=dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        )
        self.spawned.append((command_line, process))
        return process

    def put(self, path: str, content: str | bytes) -> Path:
        """Writes a file below %HOME%; `path` has slashes."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file


def get(
    worker_process: WorkerProcess,
    target: str = "/",
    method: str = "GET",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """Sends one request to the worker process."""
    path, _, query = target.partition("?")
    return worker_process.respond(
        SiteRequest(method, "app.azurewebsites.net", path, query, (("host", "app.azurewebsites.net"), *headers), body)
    )


def text(response: Response) -> str:
    """The body of a response."""
    return bytes(response.body).decode()
