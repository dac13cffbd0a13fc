"""A local Azure whose workers run their commands in this machine's shell: all of HTTP, nothing of Windows."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from tests.local_azure import login
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import SUBSCRIPTION, Serving, Site
from tests.local_azure.windows.machine import Machine
from tests.local_azure.windows.process import Process, ProcessInfo

BEARER = {"Authorization": "Bearer " + login.issue_token("https://management.core.windows.net/", login.CLIENT_ID)}


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


class Greeting:
    """A front end that says one word, and counts what is done to it."""

    def __init__(self, settings: Mapping[str, str]):
        self.settings = settings
        self.done: list[str] = []

    async def answer(self, request: Request) -> Response:
        """The word, and the path."""
        return PlainTextResponse(f"hello {request.url.path}")

    def restart(self) -> None:
        """Note it."""
        self.done.append("restart")

    def detach(self) -> Callable[[], None]:
        """Stop at once."""
        self.stop()
        return lambda: None

    def stop(self) -> None:
        """Note it."""
        self.done.append("stop")


class LinuxAzure(LocalAzure):
    """A local Azure of such workers."""

    def make_machine(self, folder: Path, core: int) -> Machine:
        """A worker without a Windows."""
        return LinuxMachine(folder, self.folder / "cache")

    def make_front_end(self, machine: Machine, settings: Mapping[str, str]) -> Serving:
        """A front end that says one word."""
        return Greeting(settings)

    def serve(self, host: str, app: ASGIApp) -> None:
        """Let something else answer for a host."""
        self._apps[host] = app


class Client:
    """Requests to one host of a local Azure, through its proxy, with TLS verified and redirects not followed."""

    def __init__(self, azure: LocalAzure, host: str, headers: Mapping[str, str] | None = None):
        self.base = f"https://{host}"
        self.headers = dict(BEARER if headers is None else headers)
        self.proxies = {"https": azure.env["HTTPS_PROXY"]}
        self.verify = azure.env["REQUESTS_CA_BUNDLE"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.proxies, self._session.verify = self.proxies, self.verify
        self._session.headers.update(self.headers)

    def __call__(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self._session.request(method, self.base + path, allow_redirects=False, timeout=60, **arguments)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


def arm_path(site: Site, below: str = "") -> str:
    """The path of a resource below a site's, with its api-version."""
    return f"{site.address.resource_id}{below}?api-version=2025-05-01"


def group_path(below: str) -> str:
    """The path of something of Microsoft.Web in resource group rg."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Web/{below}?api-version=2025-05-01"
