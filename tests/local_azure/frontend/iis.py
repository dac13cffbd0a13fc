"""The front end of one site: passes each request to the current worker process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from . import pages, site_request
from .site_request import SiteRequest
from .web_root import DEFAULT_APPLICATIONS
from .worker_process import AppSettings, Worker, WorkerProcess


class FrontEnd:
    r"""IIS for one site: web.config decides, request by request, who answers.

    `worker` is the site's Machine; `app_settings` gives the app settings of the moment, which become environment
    variables of the app's processes; `applications` gives its path mappings. They and the FastCGI applications of the
    installed site extensions are read when the front end is made and at each restart, never in between.
    """

    def __init__(self, worker: Worker, app_settings: AppSettings = dict) -> None:
        self.applications: Callable[[], Iterable[tuple[str, str]]] = lambda: DEFAULT_APPLICATIONS
        self._worker = worker
        self._app_settings = app_settings
        self._lock = threading.Lock()
        self._running: WorkerProcess | None = WorkerProcess(worker, app_settings)

    async def answer(self, request: Request) -> Response:
        """Answers a request to the site; a stopped site gives App Service's 403."""
        return await run_in_threadpool(self._respond, await site_request.read(request))

    def restart(self) -> None:
        """Ends the app's processes and starts afresh (also a stopped site); new registrations take effect.

        Blocks until the processes are gone.
        """
        self._replace(WorkerProcess(self._worker, self._app_settings, self.applications()))

    def stop(self) -> None:
        """Ends the app's processes; the site answers 403 until the next restart. Blocks until they are gone."""
        self.detach()()

    def detach(self) -> Callable[[], None]:
        """The site answers 403 from now on; returns what ends the app's processes, which go on until then."""
        with self._lock:
            old, self._running = self._running, None
        return old.close if old is not None else lambda: None

    def _respond(self, request: SiteRequest) -> Response:
        with self._lock:
            running = self._running
        return pages.site_stopped() if running is None else running.respond(request)

    def _replace(self, new: WorkerProcess | None) -> None:
        with self._lock:
            old, self._running = self._running, new
        if old is not None:
            old.close()
