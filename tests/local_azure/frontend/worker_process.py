"""The life of a site between two restarts: what w3wp.exe knows and which processes it started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from starlette.responses import Response

from . import configuration, fastcgi, http_platform, pages, rewrite, static_files
from .applications import Applications
from .handlers import Handler, choose
from .registration import FastCgiApplication, registered
from .sections import ConfigurationError, HttpPlatform
from .site_request import SiteRequest
from .web_root import DEFAULT_APPLICATIONS, WebRoot, is_acceptable

AppSettings = Callable[[], Mapping[str, str]]

LINGER_SECONDS = 2.0
"""How long the processes of an earlier web.config live after their last request. FastCGI's idleTimeout is 300 s or more
(docs/platform/site-extensions.md 2.1, 2.7), but wfastcgi ends itself when web.config changes."""


class Worker(http_platform.Worker, Protocol):
    """The part of a Machine that the front end uses."""

    def fastcgi(self, full_path: str, arguments: str, environment: Mapping[str, str]) -> fastcgi.Process:
        """Starts a FastCGI program with a duplex pipe as stdin."""


class WorkerProcess:
    """Answers the requests of one site with the FastCGI registrations and the app settings of its own start."""

    def __init__(
        self, worker: Worker, app_settings: AppSettings, applications: Iterable[tuple[str, str]] = DEFAULT_APPLICATIONS
    ) -> None:
        self._worker = worker
        self._root = WebRoot(worker, applications)
        self._settings = dict(app_settings())
        self._broken: ConfigurationError | None = None
        self._registered: list[FastCgiApplication] = []
        try:
            self._registered = registered(worker.home, self._settings)
        except ConfigurationError as error:
            self._broken = error
        self._lock = threading.Lock()
        self._web_config = configuration.root_content(self._root)
        self._current = Applications()
        self._retired: list[Applications] = []
        self.linger = LINGER_SECONDS

    def respond(self, request: SiteRequest) -> Response:
        """Answers one request; blocks until the app did."""
        applications = self._of_now()
        with applications.entered():
            return self._respond(applications, request)

    def _respond(self, applications: Applications, request: SiteRequest) -> Response:
        if self._broken is not None:
            return _invalid(self._broken)
        if not is_acceptable(request.segments):
            return pages.not_found()
        if static_files.is_hidden(request.segments):
            return pages.error(
                "404.8",
                "Not Found",
                "The request filtering module is configured to deny a path in the "
                "URL that contains a hiddenSegment section.",
            )
        try:
            request = rewrite.rewritten(configuration.rules(self._root), request, self._root)
            found = configuration.read(self._root, request.segments)
        except ConfigurationError as error:
            return _invalid(error)
        resource = self._root.path(request.segments)
        handler = choose(found.handlers, request.method, request.segments, resource)
        if handler is None:
            return pages.error(
                "404.4",
                "Not Found",
                "The resource you are looking for does not have a handler associated with it.",
                "0x8007007b",
            )
        if handler.uses("FastCgiModule"):
            return self._by_fastcgi(applications, handler, request)
        if handler.uses("httpPlatformHandler"):
            return self._by_platform(applications, found.http_platform, request)
        if handler.uses("StaticFileModule"):
            return static_files.respond(request, resource)
        return pages.error(
            "500.21",
            "Internal Server Error",
            f'Handler "{handler.name}" has a bad module "{handler.modules}" in its module list',
            "0x8007000d",
        )

    def close(self) -> None:
        """Ends every process of the app."""
        with self._lock:
            ending = [*self._retired, self._current]
            self._current, self._retired = Applications(), []
        for applications in ending:
            applications.close()

    def _by_fastcgi(self, applications: Applications, handler: Handler, request: SiteRequest) -> Response:
        application = next((one for one in self._registered if one.is_named(handler.script_processor)), None)
        if application is None:
            return pages.not_registered()
        environment = {**self._settings, **dict(application.environment)}
        root = self._root.of(request.segments)
        pool = applications.pool(
            (application, root.windows),
            lambda: fastcgi.FastCgiPool(
                lambda: self._worker.fastcgi(application.full_path, application.arguments, environment)
            ),
        )
        return fastcgi.respond(pool, request, root)

    def _by_platform(self, applications: Applications, section: HttpPlatform | None, request: SiteRequest) -> Response:
        if section is None:
            return pages.error(
                "500.19",
                "Internal Server Error",
                "httpPlatformHandler has no httpPlatform section: Required attribute 'processPath' not found",
                "0x8007000d",
            )
        root = self._root.of(request.segments)
        platform = applications.platform(
            (section, root.windows),
            lambda: http_platform.HttpPlatformApplication(self._worker, root, section, self._settings),
        )
        return platform.respond(request)

    def _of_now(self) -> Applications:
        """The processes for a request that comes now, which is counted.

        IIS restarts the app on any change of the root's web.config, but keeps the registrations that it has read
        (docs/platform/site-extensions.md 2.6); requests that the old processes have begun are finished (2.7).
        """
        content = configuration.root_content(self._root)
        with self._lock:
            old = None
            if content != self._web_config:
                self._web_config = content
                old, self._current = self._current, Applications()
                self._retired.append(old)
            current = self._current
            current.enter()
        if old is not None:
            old.retire(self.linger)
        return current


def _invalid(error: ConfigurationError) -> Response:
    return pages.error(
        "500.19",
        "Internal Server Error",
        "The requested page cannot be accessed because the "
        "related configuration data for the page is invalid.\nConfig Error: "
        f"{error.message}\nConfig File: \\\\?\\{error.file}",
        error.error_code,
    )
