"""POST /api/command: a command line, run by cmd.exe through starter.cmd; its output comes only at its end.

docs/platform/kudu.md 1. Commands belong to the site, not to the request: they keep running when the client disconnects.
"""

from __future__ import annotations

import asyncio
import json
import ntpath
import re
import threading
import time
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from ..site import Site
    from ..windows.process import Process

_IDLE = (
    "Command 'starter.cmd {command}' was aborted due to no output nor CPU activity for {seconds:.0f} seconds. You "
    "can increase the SCM_COMMAND_IDLE_TIMEOUT app setting (or WEBJOBS_IDLE_TIMEOUT if this is a WebJob) if "
    "needed."
)
_BAD_DIRECTORY = (
    "System.ComponentModel.Win32Exception (0x80004005): The directory name is invalid\r\n"
    "   at System.Diagnostics.Process.StartWithCreateProcess(ProcessStartInfo startInfo)\r\n"
    "   at Kudu.Core.Commands.CommandExecutor.ExecuteCommandAsync(String command, String directory)"
)
_GONE = "<html><head><title>502 - Web server received an invalid response</title></head><body>502</body></html>"


# ERROR_COMMITMENT_LIMIT, as cmd.exe says it.
_SHORT = "The paging file is too small for this operation to complete.\r\n"


class Recycled(ConnectionError):
    """The SCM site ended while the command ran: there is no response."""


class Command:
    """A running command; `answer` becomes Kudu's JSON, or Recycled."""

    def __init__(self, site: Site, text: str, directory: str):
        self.text = text
        self.directory = directory
        self.answer: Future[dict[str, object]] = Future()
        self.pid: int | None = None
        self._site = site
        self._process: Process | None = None
        self._recycled = False
        self._printed: dict[str, list[str]] = {"out": [], "err": []}
        self._active = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True, name="command")

    def start(self) -> None:
        """Run it in a thread of its own."""
        self._thread.start()

    def kill(self) -> None:
        """End it with its children, as a recycle of the SCM site does: there is no response."""
        self._recycled = True
        if self._process is not None:
            self._process.kill()

    def wait(self, seconds: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        self.answer.set_running_or_notify_cancel()  # a request that ends must not cancel it
        try:
            answer = self._execute()
        except OSError as error:
            answer = _failed(f"System.ComponentModel.Win32Exception (0x80004005): {error}")
        if self._recycled:
            self.answer.set_exception(Recycled("the SCM site was recycled"))
        else:
            self.answer.set_result(answer)

    def _execute(self) -> dict[str, object]:
        site = self._site
        try:
            exists = site.linux_path(self.directory).is_dir()
        except ValueError:  # no such drive
            exists = False
        if not exists:
            return _failed(_BAD_DIRECTORY)
        if site.switches.command_short_at in self.text and site.switches.use_up("command_short_times"):
            return {"Output": "", "Error": _SHORT, "ExitCode": 1}
        line = f'"{site.machine.starter}" {self.text}'
        self._process = site.machine.spawn(line, directory=self.directory, environment=site.environment())
        self.pid = self._process.pid
        if self._recycled:
            self._process.kill()
        reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        reader.start()
        idle = self._wait(self._process, float(site.setting("SCM_COMMAND_IDLE_TIMEOUT") or site.switches.idle_timeout))
        if idle is not None:
            return _failed(_IDLE.format(command=self.text, seconds=idle))
        # A child with the pipes holds it back (docs/platform/kudu.md 1.4).
        while reader.is_alive() and not self._recycled:
            reader.join(0.05)
        code = self._process.wait(10)
        return {
            "Output": self._with_free_bytes(_joined(self._printed["out"])),
            "Error": _joined(self._printed["err"]),
            "ExitCode": 0 if site.switches.command_race_exit_zero else code,
        }

    def _with_free_bytes(self, output: str) -> str:
        r"""Correct the free bytes in `dir`'s output: 0 when the quota is used up or a package is mounted.

        So it was seen on App Service: `Directory of D:\home\site\wwwroot … 0 bytes free` of an app that runs from a
        package, beside `10,737,332,224 bytes free` elsewhere in its home.
        """
        folder, lines = "", []
        for line in output.split("\n"):
            folder = line.partition("irectory of ")[2].strip() or folder
            if folder and line.rstrip().endswith("bytes free") and self._site.refusal(folder) is not None:
                line = re.sub(r"\d[\d,. ]*(?= bytes free)", "0", line)
            lines.append(line)
        return "\n".join(lines)

    def _read(self, process: Process) -> None:
        for stream, line in process.lines():
            self._active = time.monotonic()
            self._printed[stream].append(line.decode("utf-8", "replace"))

    def _wait(self, process: Process, timeout: float) -> float | None:
        """Wait for the end; the seconds of idleness when it was killed for it.

        Only when the time-out is over is the CPU time looked at, and the first look counts as activity: a silent
        sleeper dies after twice the time-out (IdleManager.cs; docs/platform/kudu.md 1.4).
        """
        cpu: float | None = None
        self._active = time.monotonic()
        while process.poll() is None and not self._recycled:
            idle = time.monotonic() - self._active
            if idle >= timeout:
                used = round(process.cpu_seconds(), 2)
                if used == cpu:
                    process.kill()
                    return idle
                cpu, self._active = used, time.monotonic()
            time.sleep(min(0.05, timeout / 10))
        return None


class Commands:
    """The commands of one SCM site."""

    def __init__(self, site: Site):
        self._site = site
        self._lock = threading.Lock()
        self.started: list[Command] = []

    def start(self, text: str, directory: str) -> Command:
        """Start one; `directory` is relative to %HOME%, absolute, or holds %VAR%, as the request's `dir`."""
        home = self._site.home
        expanded = _expand(directory, self._site.environment())
        command = Command(self._site, text, ntpath.normpath(ntpath.join(home, expanded)))
        with self._lock:
            self.started.append(command)
        command.start()
        return command

    def running(self) -> list[Command]:
        """Return the commands without a response."""
        with self._lock:
            return [command for command in self.started if not command.answer.done()]

    def kill(self) -> None:
        """End them all, with the processes that they started, as far as parent pids lead there."""
        running = self.running()
        for command in running:
            command.kill()
        for pid in self._left_behind():
            self._site.machine.kill(pid)
        for command in running:
            command.wait(10)

    def sweep(self, moment: datetime) -> None:
        """End every process on the worker that is older than `moment` (UTC): one job object holds them all, also those
        that were detached (docs/platform/kudu.md 5.2)."""
        if self.started:
            for process in self._site.machine.processes():
                if process.started < moment:
                    self._site.machine.kill(process.pid)

    def _left_behind(self) -> set[int]:
        """Return the descendants of every command so far, also of those that have ended."""
        with self._lock:
            family = {command.pid for command in self.started if command.pid is not None}
        if not family:
            return set()
        left = {process.pid: process.parent for process in self._site.machine.processes()}
        found: set[int] = set()
        while children := {pid for pid, parent in left.items() if parent in family | found} - found:
            found |= children
        return found

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [Route("/api/command", self._post, methods=["POST"])]

    async def _post(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            return Response(status_code=400)
        if not isinstance(body, dict):
            return Response(status_code=400)
        command = await asyncio.to_thread(self.start, body.get("command") or "", body.get("dir") or "")
        try:
            return JSONResponse(await asyncio.wrap_future(command.answer))
        except Recycled:
            return HTMLResponse(_GONE, 502)


def _failed(message: str) -> dict[str, object]:
    return {"Output": None, "Error": message, "ExitCode": -1}


def _joined(lines: list[str]) -> str:
    return "".join(line + "\r\n" for line in lines)


def _expand(text: str, environment: dict[str, str]) -> str:
    values = {name.lower(): value for name, value in environment.items()}
    return re.sub("%([^%]+)%", lambda match: values.get(match[1].lower(), match[0]), text)
