"""/api/siteextensions: installed extensions, direct (synchronous) installs, uninstalls (docs/platform/kudu.md 4.3, 4.4).

Every folder of %HOME%\\SiteExtensions is an installed extension; its .nupkg contains the .nuspec.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..windows import gallery
from .answers import failure
from .feed import find, newest, site_extension_info, version_key

if TYPE_CHECKING:
    from ..site import Site

_REDIRECTED = re.compile(r"python(2714|353|354|362|364)x(64|86)", re.IGNORECASE)


@dataclass
class Install:
    """A running or finished install. state: Created, Succeeded, Failed or Canceled, as `provisioningState`."""

    id: str
    version: str | None
    state: str = "Created"
    status: int = 200
    comment: str | None = None
    done: threading.Event = field(default_factory=threading.Event)
    canceled: threading.Event = field(default_factory=threading.Event)

    def finish(self, state: str, status: int = 200, comment: str | None = None) -> None:
        """Record how it ended."""
        self.state, self.status, self.comment = state, status, comment
        self.done.set()


@dataclass(frozen=True)
class Installed:
    """A folder of %HOME%\\SiteExtensions, as its .nuspec describes it."""

    folder: Path
    nuspec: str

    def text(self, element: str) -> str:
        """The text of one element of the .nuspec's metadata."""
        found = ElementTree.fromstring(self.nuspec).find(f"./{{*}}metadata/{{*}}{element}")
        return (found.text or "") if found is not None else ""

    def holds(self, term: str) -> bool:
        """Kudu's look-up by id: the id in any case, or `term` anywhere in the file (FeedExtensionsV2.cs)."""
        return f"<id>{term}</id>".lower() in self.nuspec.lower() or term in self.nuspec


class Busy(Exception):
    """The same id is already being installed."""


class SiteExtensions:
    """The site extensions of one site."""

    def __init__(self, site: Site):
        self._site = site
        self._lock = threading.Lock()
        self._installs: dict[str, Install] = {}

    def installed(self) -> list[Installed]:
        """Everything installed, by folder name; one package without `<folder>.nuspec` fails the whole request: KeyError."""
        root = self._site.linux_path(self._site.windows_path("SiteExtensions"))
        found = []
        for folder in sorted(root.iterdir(), key=lambda path: path.name.lower()) if root.is_dir() else ():
            for package in sorted(folder.glob("*.nupkg"))[:1]:
                with zipfile.ZipFile(package) as archive:
                    found.append(Installed(folder, archive.read(f"{folder.name}.nuspec").decode("utf-8-sig")))
        return found

    def look_up(self, term: str) -> Installed | None:
        """Return what GET and DELETE by id refer to: the first package whose .nuspec contains `term`
        (docs/platform/kudu.md 4.4)."""
        return next((one for one in self.installed() if one.holds(term)), None)

    def info(self, one: Installed) -> dict[str, object]:
        """Kudu's SiteExtensionInfo of an installed package."""
        identity, version = one.text("id"), one.text("version")
        remote = find(identity)
        laid_down = datetime.fromtimestamp(one.folder.stat().st_mtime, timezone.utc)
        return site_extension_info(
            identity,
            version,
            one.text("title"),
            one.text("description"),
            one.text("authors"),
            local_path=self._site.windows_path(f"SiteExtensions/{one.folder.name}"),
            local_is_latest_version=remote is None or version_key(remote.version) <= version_key(version),
            installed_date_time=laid_down.strftime("%Y-%m-%dT%H:%M:%SZ"),
            provisioningState="Succeeded",
        )

    def begin(self, package_id: str, version: str | None) -> Install:
        """Start an install in a thread of its own; old ids are redirected, here only. Raises Busy."""
        if _REDIRECTED.fullmatch(package_id):
            package_id = "azureappservice-" + package_id.lower()
        with self._lock:
            before = self._installs.get(package_id.lower())
            if before is not None and not before.done.is_set():
                raise Busy(package_id)
            install = self._installs[package_id.lower()] = Install(package_id, version)
        self._site.work.submit(self._run, install)
        return install

    def last_install(self, package_id: str) -> Install | None:
        """Return the last install of that id whose outcome was not reported yet."""
        with self._lock:
            return self._installs.get(package_id.lower())

    def is_installing(self) -> bool:
        """Whether any install is running."""
        with self._lock:
            return any(not install.done.is_set() for install in self._installs.values())

    def forget_successes(self) -> None:
        """Do what the first GET through ARM after a success does: further GETs cause no restart."""
        with self._lock:
            self._installs = {name: one for name, one in self._installs.items() if one.state != "Succeeded"}

    def cancel(self) -> None:
        """Cancel installs that have not begun to write, as the end of the SCM site does
        (docs/platform/az-extension.md 4.5)."""
        with self._lock:
            for install in self._installs.values():
                install.canceled.set()

    def uninstall(self, term: str) -> bool | None:
        """Remove what the look-up of `term` finds; None when there is nothing, else whether it is gone now."""
        one = self.look_up(term)
        if one is None:
            return None
        gallery.remove(self._site.machine, one.text("id"))
        with self._lock:
            self._installs.pop(one.text("id").lower(), None)
        return self.look_up(term) is None

    def _run(self, install: Install) -> None:
        switches = self._site.switches
        if install.canceled.wait(switches.install_seconds):
            install.finish("Canceled")
            return
        package = find(install.id, None if switches.extension_version_ignored else install.version)
        if package is None:
            install.finish("Failed", 404, f"Could not find '{install.id}' version '{install.version or 'latest'}'.")
            return
        folder = self._site.linux_path(self._site.windows_path(f"SiteExtensions/{package.id}"))
        try:
            if switches.install_fails is not None:
                raise OSError(switches.install_fails)
            if not self._is_up_to_date(package):
                gallery.lay_down(self._site.machine, package)
        except (OSError, ValueError) as error:  # ValueError: there is no build of that Python
            # Also the version that was there before (docs/platform/kudu.md 4.3).
            shutil.rmtree(folder, ignore_errors=True)
            install.finish("Failed", 400, str(error))
        else:
            install.finish("Succeeded")

    def _is_up_to_date(self, package: gallery.Package) -> bool:
        """Kudu's "already installed": the newest remote is no newer than the local, whatever version was asked for."""
        local = next((one for one in self.installed() if one.text("id") == package.id), None)
        latest = find(package.id) or newest([package])
        if local is None or latest is None:
            return False
        return version_key(latest.version) <= version_key(local.text("version"))

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [
            Route("/api/siteextensions", self._all, methods=["GET"]),
            Route("/api/siteextensions/{id}", self._one, methods=["GET", "PUT", "DELETE"]),
        ]

    async def _all(self, request: Request) -> Response:
        text = request.query_params.get("filter", "").lower()
        found = await asyncio.to_thread(self.installed)
        return JSONResponse([self.info(one) for one in found if text in one.nuspec.lower()])

    async def _one(self, request: Request) -> Response:
        term = request.path_params["id"]
        if request.method == "PUT":
            content = await request.body()
            return await self._put(term, json.loads(content) if content else {})
        if request.method == "DELETE":
            removed = await asyncio.to_thread(self.uninstall, term)
            return failure(404, term) if removed is None else JSONResponse(removed)
        one = await asyncio.to_thread(self.look_up, term)
        return failure(404, term) if one is None else JSONResponse(self.info(one))

    async def _put(self, package_id: str, body: dict[str, str]) -> Response:
        try:
            install = self.begin(package_id, body.get("version"))
        except Busy as busy:
            return failure(409, str(busy))
        await asyncio.to_thread(install.done.wait)
        if install.state != "Succeeded":
            return failure(install.status if install.status >= 400 else 400, install.comment or install.state)
        # No restart: the caller of the direct form has to ask for it (docs/platform/kudu.md 4.3).
        self.forget_successes()
        one = await asyncio.to_thread(self._of, install.id)
        return JSONResponse(self.info(one))

    def _of(self, package_id: str) -> Installed:
        return next(one for one in self.installed() if one.text("id").lower() == package_id.lower())
