"""HttpPlatformHandler: starts the app's own web server on a loopback port and passes requests on to it."""

from __future__ import annotations

import http.client
import ntpath
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from starlette.responses import Response

from . import cgi, pages
from .sections import HttpPlatform
from .site_request import SiteRequest
from .web_root import Files, WebRoot, expand


class Process(Protocol):
    """The part of a Machine's Process that this handler uses."""

    pid: int

    def lines(self) -> Iterator[tuple[Literal["out", "err"], bytes]]:
        """The output as it comes, line by line without line ends."""

    def poll(self) -> int | None:
        """The exit code, None while it runs."""

    def kill(self) -> None:
        """Ends the process with its children."""


class Worker(Files, Protocol):
    """The part of a Machine that this handler uses."""

    def spawn(
        self, command_line: str, *, directory: str, environment: Mapping[str, str] | None, capture: bool
    ) -> Process:
        """Starts a raw Windows command line."""


class StartFailure(Exception):
    """The app's server did not listen; the text says what it did instead."""


class HttpPlatformApplication:
    """The server of one `httpPlatform` section: one process, started by the first request and again after it ended.

    startupRetryCount and rapidFailsPerMinute are not followed: each request makes one attempt.
    """

    def __init__(self, worker: Worker, root: WebRoot, section: HttpPlatform, settings: Mapping[str, str]) -> None:
        self._worker = worker
        self._root = root
        self._section = section
        self._settings = dict(settings)
        self._starting = threading.Lock()
        self._process: Process | None = None
        self._port = 0
        self._closed = False

    def respond(self, request: SiteRequest) -> Response:
        """Passes a request on; 502.5 when the server does not start, 502.3 when it does not answer."""
        try:
            port = self._listening_port()
        except StartFailure as failure:
            return pages.error(
                "502.5", "Bad Gateway", f"HttpPlatformHandler could not start a process: {failure}", "0x80070102"
            )
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._section.request_timeout or None)
        try:
            connection.putrequest(
                request.method,
                request.target + ("?" + request.query if request.query else ""),
                skip_host=True,
                skip_accept_encoding=True,
            )
            for name, value in _forwarded(request):
                connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            return cgi.passed_on(answer.status, answer.getheaders(), answer.read(), request.method)
        except TimeoutError:
            return pages.error("502.3", "Bad Gateway", "The operation timed out", "0x80072ee2")
        except (OSError, http.client.HTTPException) as error:
            return pages.error(
                "502.3",
                "Bad Gateway",
                f"There was a connection error while trying to route the request: {error}",
                "0x80072efe",
            )
        finally:
            connection.close()

    def close(self) -> None:
        """Ends the process; a start that is under way fails."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()

    def _listening_port(self) -> int:
        with self._starting:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return self._port

    def _start(self) -> None:
        port = _free_port()
        section = self._section
        variables = {**self._root.variables(), **self._settings, "HTTP_PLATFORM_PORT": str(port)}
        program = self._root.absolute(expand(section.process_path, variables))
        # The handler expands nothing else in a value (docs/platform/site-extensions.md 2.3).
        own = {name: expand(value, {"HTTP_PLATFORM_PORT": str(port)}) for name, value in section.environment}
        log = self._log_file(expand(section.stdout_log_file, variables)) if section.stdout_log_enabled else None
        try:
            process = self._worker.spawn(
                f'"{program}" {expand(section.arguments, variables)}'.rstrip(),
                directory=self._root.windows,
                environment={**self._settings, "HTTP_PLATFORM_PORT": str(port), **own},
                capture=log is not None,
            )
        except OSError as error:
            raise StartFailure(f"{program} cannot be started: {error}") from error
        if log is not None:
            moment = datetime.now()
            stamp = f"{moment.year}{moment.month}{moment.day}{moment.hour}{moment.minute}{moment.second}"
            file = log.with_name(f"{log.name}_{process.pid}_{stamp}.log")
            threading.Thread(target=_copy_output, args=(process, file), daemon=True).start()
        self._process, self._port = process, port
        self._wait(process, port)

    def _wait(self, process: Process, port: int) -> None:
        limit = self._section.startup_time_limit
        deadline = time.monotonic() + limit
        while True:
            exit_code = process.poll()
            if exit_code is not None:
                raise StartFailure(f"it ended with exit code {exit_code} before it listened on port {port}")
            if self._closed:
                process.kill()
                raise StartFailure("the site restarted")
            if _listens(port):
                return
            if time.monotonic() > deadline:
                process.kill()
                raise StartFailure(f"it did not listen on port {port} within {limit} seconds (startupTimeLimit)")
            time.sleep(0.1)

    def _log_file(self, path: str) -> Path | None:
        """The log without its suffix; None when its folder is not there: the handler then runs without a log."""
        path = self._root.absolute(path)
        if not ntpath.isabs(path):
            path = ntpath.join(self._root.windows, path)
        try:
            folder = self._worker.linux_path(ntpath.dirname(path))
        except ValueError:  # outside of %HOME%, where an app may not write
            return None
        return folder / ntpath.basename(path) if folder.is_dir() else None


def _forwarded(request: SiteRequest) -> Iterator[tuple[str, str]]:
    """The headers for the app's server: those of the client, and what App Service's front ends add."""
    dropped = (
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
    )
    yield from ((name, value) for name, value in request.headers if name.lower() not in dropped)
    yield "Connection", "close"
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        yield "Content-Length", str(len(request.body))
    yield "X-Forwarded-For", request.client
    yield "X-Forwarded-Proto", "https"
    yield "X-Forwarded-Host", request.host


def _copy_output(process: Process, file: Path) -> None:
    with file.open("ab", buffering=0) as log:
        for _, line in process.lines():
            log.write(line + b"\r\n")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
