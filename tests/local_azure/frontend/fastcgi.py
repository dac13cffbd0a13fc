"""IIS's FastCGI module: a few processes of one registered application, each serving one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.responses import Response

from . import cgi, pages
from .site_request import SiteRequest
from .web_root import WebRoot

MAXIMUM_INSTANCES = 2  # the packages say 16; two show that requests run side by side


class Process(Protocol):
    """The part of a Machine's FastCgiProcess that a pool uses."""

    @property
    def alive(self) -> bool:
        """Whether it can be sent a request."""

    def request(self, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Sends one request; returns what came on stdout and stderr; BrokenPipeError when the process had gone before it
        got any of it, EOFError when it went away with the request in its hands."""

    def close(self) -> None:
        """Ends the process."""


class FastCgiPool:
    """The processes of one application, started when they are needed and again after they went away.

    wfastcgi ends itself whenever a .py or .config file below the root changes (docs/platform/site-extensions.md 3.4).
    """

    def __init__(self, start: Callable[[], Process]) -> None:
        self._start = start
        self._free = threading.BoundedSemaphore(MAXIMUM_INSTANCES)
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._all: list[Process] = []
        self._closed = False

    def request(self, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Has a process answer; returns its stdout and stderr.

        Raises EOFError when a process goes away with the request in its hands, since IIS gives a request to one process
        only (docs/platform/site-extensions.md 2.7), OSError when none can be started.
        """
        with self._free:
            while (waiting := self._waiting()) is not None:
                try:
                    return self._exchange(waiting, params, body)
                except BrokenPipeError:
                    pass  # it ended between two requests: another process shall answer
            try:
                return self._exchange(self._new(), params, body)
            except BrokenPipeError as error:
                raise EOFError("a new process ended at once") from error

    def close(self) -> None:
        """Ends all processes, those in the middle of a request too."""
        with self._lock:
            self._closed = True
            processes, self._all, self._idle = self._all, [], []
        for process in processes:
            process.close()

    def _waiting(self) -> Process | None:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                self._all.remove(process)
                process.close()
        return None

    def _new(self) -> Process:
        if not self._closed:
            process = self._start()
            with self._lock:
                if not self._closed:
                    self._all.append(process)
                    return process
            process.close()
        raise EOFError("the site restarted")

    def _exchange(self, process: Process, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        try:
            answer = process.request(params, body)
        except (EOFError, BrokenPipeError):
            with self._lock:
                if process in self._all:
                    self._all.remove(process)
            process.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(process)
        return answer


def respond(pool: FastCgiPool, request: SiteRequest, root: WebRoot) -> Response:
    """Answers a request by FastCGI. What a process wrote to stderr becomes the 500 page, since the packages leave
    stderrMode at IIS's ReturnStdErrIn500 (docs/platform/site-extensions.md 2.1)."""
    try:
        stdout, stderr = pool.request(cgi.parameters(request, root), request.body)
        if stderr:
            return pages.error("500.0", "Internal Server Error", stderr.decode("utf-8", "replace"))
        return cgi.response(stdout, request.method)
    except OSError as error:
        return pages.error(
            "500.0", "Internal Server Error", f"The FastCGI executable cannot be started: {error}", "0x80070002"
        )
    except EOFError:
        return pages.error("500.0", "Internal Server Error", "The FastCGI process exited unexpectedly", "0x80070001")
    except cgi.IncompleteAnswer as error:
        return pages.error(
            "500.0",
            "Internal Server Error",
            f"The FastCGI process returned an incomplete answer: {error}",
            "0x8007000d",
        )
