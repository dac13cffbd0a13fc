"""www.python.org: the feed of the Python install manager and its zip files (docs/platform/python-org.md 1).

Three pages, each naming the next one: the newest patch of each feature release from 3.11 on, the other patches of
those, and what is older. Among them are the builds that are of no use on a worker, as on python.org.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from .windows import python_org_packages
from .windows.python_org_packages import PythonOrgPackage

HOST = "www.python.org"
PAGES = ("index-windows.json", "index-windows-recent.json", "index-windows-legacy.json")
_NEWEST = ("3.14.0rc1", "3.13.2", "3.12.9", "3.11.9")
_OTHERS = ("3.13.1",)
_OF_NO_USE = (("arm64", ""), ("64", "t"), ("64", "embed"), ("64", "test"))


class Feed:
    """The feed, and the files. cache: where they are kept, and made from. Tests may set:

    away        every request is answered 503
    left_out    versions that the feed does not have
    documents   what pages are instead, by name
    moved       the address that a request for a file is redirected to
    """

    def __init__(self, cache: Path):
        self._cache = cache
        self._published: list[PythonOrgPackage] = []
        self.away = False
        self.left_out: set[str] = set()
        self.documents: dict[str, Any] = {}
        self.moved: str | None = None

    def publish(self, version: str, bits: str = "64") -> Path:
        """Make the file of a version, so that it can be downloaded with the hash that the feed gives; the file.

        The others are in the feed only: making each takes some seconds.
        """
        package = PythonOrgPackage(version, bits)
        if package not in self._published:
            self._published.append(package)
        return python_org_packages.path_of(self._cache, package)

    def withdraw(self) -> None:
        """Take back what `publish` has added."""
        self._published.clear()

    def app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/ftp/python/{name}.json", self._page),
                Route("/ftp/python/{version}/windows-{release}.json", self._release),
                Route("/ftp/python/{version}/{file}.zip", self._file),
            ]
        )

    async def _page(self, request: Request) -> Response:
        name = f"{request.path_params['name']}.json"
        if self.away:
            return Response("Backend fetch failed", 503)
        if name in self.documents:
            return JSONResponse(self.documents[name])
        if name not in PAGES:
            return Response(status_code=404)
        number = PAGES.index(name)
        entries = await asyncio.to_thread(self._entries, number)
        following = {"next": PAGES[number + 1]} if number + 1 < len(PAGES) else {}
        return JSONResponse({"versions": entries, **following})

    async def _release(self, request: Request) -> Response:
        version = request.path_params["release"]
        entries = [each for number in (0, 1) for each in self._entries(number) if each["sort-version"] == version]
        return JSONResponse({"versions": entries}) if entries and not self.away else Response(status_code=404)

    async def _file(self, request: Request) -> Response:
        if self.moved is not None:
            return RedirectResponse(self.moved)
        path = self._cache / "pythonorg" / f"{request.path_params['file']}.zip"
        return FileResponse(path) if path.is_file() and not self.away else Response(status_code=404)

    def _entries(self, number: int) -> list[dict[str, Any]]:
        """The entries of a page, newest first."""
        if PAGES[number] == PAGES[2]:
            return [_of_nuget("3.10.11"), _of_nuget("3.9.13")]
        added = {package.version for package in self._published} - {*_NEWEST, *_OTHERS} if number == 0 else ()
        versions = [each for each in (*added, *(_NEWEST, _OTHERS)[number]) if each not in self.left_out]
        packages = [PythonOrgPackage(version) for version in versions]
        if number == 0 and "3.13.2" in versions:
            packages.append(PythonOrgPackage("3.13.2", "32"))
        packages += [PythonOrgPackage(version, *kind) for version in versions for kind in _OF_NO_USE]
        return [self._entry(package) for package in packages]

    def _entry(self, package: PythonOrgPackage) -> dict[str, Any]:
        path = self._cache / "pythonorg" / package.file_name
        if path.is_file() and not package.kind:
            return {**package.manifest(), "hash": {"sha256": python_org_packages.sha256(path)}}
        return entry(package.version, package.bits, package.kind)


def entry(version: str, bits: str = "64", kind: str = "") -> dict[str, Any]:
    """An entry of the feed, with the hash of a file that nobody can download."""
    package = PythonOrgPackage(version, bits, kind)
    return {**package.manifest(), "hash": {"sha256": hashlib.sha256(package.url.encode("ascii")).hexdigest()}}


def _of_nuget(version: str) -> dict[str, Any]:
    """An entry of a release that python.org has no zip file of: a package of NuGet, without a hash."""
    entry = PythonOrgPackage(version).manifest()
    return {**entry, "url": f"https://api.nuget.org/v3-flatcontainer/python/{version}/python.{version}.nupkg"}
