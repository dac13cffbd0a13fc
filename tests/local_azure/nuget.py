"""api.nuget.org and the search hosts that its index names, by NuGet's v3 protocol: what the products of both ask it.

Served: `/v3/index.json`; the search for site extensions, `/query` with q (words, `tags:`, `title:`, `id:`, `packageid:`),
skip, take; and for the packages of CPython the flat container (versions and files), the registrations and the catalog.
Unlisted packages are never found by a search, but can be downloaded, as on nuget.org.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import shlex
from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from .kudu.feed import version_key
from .windows import cpython_packages
from .windows.cpython_packages import CPythonPackage
from .windows.gallery import PACKAGES, Package

HOST = "api.nuget.org"
# Primary and secondary; the index names both for every kind (docs/platform/recorded-traffic.md 6).
SEARCH_HOSTS = ("azuresearch-usnc.nuget.org", "azuresearch-ussc.nuget.org")
_SEARCH = (
    "SearchQueryService",
    "SearchQueryService/3.0.0-beta",
    "SearchQueryService/3.0.0-rc",
    "SearchQueryService/3.5.0",
)
_CONTENT = f"https://{HOST}/v3-flatcontainer/"
_REGISTRATIONS = f"https://{HOST}/v3/registration5-gz-semver2/"
_CATALOG = f"https://{HOST}/v3/catalog0/data/2026.11.22.12.00.00/"


class PackageContent:
    """The packages of CPython at api.nuget.org.

    cache: where their files are kept, and made from. Tests may set:
    wrong_hashes   the catalog gives a hash that no file has
    away           every request is answered 503
    search_away    the hosts among SEARCH_HOSTS that answer 503
    deprecated     versions that their owner advises against
    """

    def __init__(self, cache: Path):
        self._cache = cache
        self.wrong_hashes = False
        self.away = False
        self.search_away: set[str] = set()
        self.deprecated: set[str] = set()

    def search_app(self, host: str) -> Starlette:
        """The ASGI app of a search host."""

        async def query(request: Request) -> Response:
            if self.away or host in self.search_away:
                return Response("The service is unavailable.", 503)
            return await _query(request)

        return Starlette(routes=[Route("/query", query)])

    def index_app(self) -> Starlette:
        """The ASGI app of api.nuget.org."""
        return Starlette(
            routes=[
                Route("/v3/index.json", self._index),
                Route("/v3-flatcontainer/{id}/index.json", self._versions),
                Route("/v3-flatcontainer/{id}/{version}/{file}", self._file),
                Route("/v3/registration5-gz-semver2/{id}/index.json", self._registration),
                Route("/v3/registration5-gz-semver2/{id}/page/{lower}/{upper}.json", self._page),
                Route("/v3/catalog0/data/{moment}/{file}.json", self._catalog),
            ]
        )

    async def _index(self, _: Request) -> Response:
        if self.away:
            return Response("The service is unavailable.", 503)
        rows = [(kind, f"https://{host}/query") for kind in _SEARCH for host in SEARCH_HOSTS]
        rows += [
            ("PackageBaseAddress/3.0.0", _CONTENT),
            ("LegacyGallery", "https://www.nuget.org/api/v2"),
            ("RegistrationsBaseUrl/3.6.0", _REGISTRATIONS),
            ("RegistrationsBaseUrl/Versioned", _REGISTRATIONS),
        ]
        return JSONResponse(
            {
                "version": "3.0.0",
                "resources": [{"@id": address, "@type": kind, "comment": ""} for kind, address in rows],
            }
        )

    async def _versions(self, request: Request) -> Response:
        versions = [package.version for package in _of(request)]
        return JSONResponse({"versions": versions}) if versions else Response(status_code=404)

    async def _file(self, request: Request) -> Response:
        for package in _of(request):
            if (package.version, package.file_name) == (request.path_params["version"], request.path_params["file"]):
                return FileResponse(await asyncio.to_thread(cpython_packages.path_of, self._cache, package))
        return Response(status_code=404)

    async def _registration(self, request: Request) -> Response:
        """The index: a package of many versions has pages of their own, one of few has them all in it."""
        packages = _of(request)
        if not packages:
            return Response(status_code=404)
        half = len(packages) // 2
        pages = [packages[:half], packages[half:]] if half > 1 else [packages]
        rows = [_page_of(page, inline=len(pages) == 1, deprecated=self.deprecated) for page in pages]
        return _zipped({"@id": str(request.url), "count": len(rows), "items": rows})

    async def _page(self, request: Request) -> Response:
        versions = [package.version for package in _of(request)]
        first, last = versions.index(request.path_params["lower"]), versions.index(request.path_params["upper"])
        return _zipped(_page_of(_of(request)[first : last + 1], inline=True, deprecated=self.deprecated))

    async def _catalog(self, request: Request) -> Response:
        for package in cpython_packages.PACKAGES:
            if request.path_params["file"] == f"{package.id}.{package.version}":
                path = await asyncio.to_thread(cpython_packages.path_of, self._cache, package)
                digest = await asyncio.to_thread(cpython_packages.sha512, path)
                return JSONResponse(
                    {
                        "@id": _catalog_address(package),
                        "@type": ["PackageDetails", "catalog:Permalink"],
                        "id": package.id,
                        "version": package.version,
                        "isPrerelease": "-" in package.version,
                        "packageHashAlgorithm": "SHA512",
                        "packageHash": digest[::-1] if self.wrong_hashes else digest,
                        "packageSize": path.stat().st_size,
                    }
                )
        return Response(status_code=404)


def _of(request: Request) -> list[CPythonPackage]:
    """All versions of the package in the path, in ascending order."""
    return [package for package in cpython_packages.PACKAGES if package.id == request.path_params["id"]]


def _page_of(packages: list[CPythonPackage], inline: bool, deprecated: Collection[str]) -> dict[str, object]:
    """A page of registrations; without its leaves unless `inline`."""
    lower, upper = packages[0].version, packages[-1].version
    page: dict[str, object] = {
        "@id": f"{_REGISTRATIONS}{packages[0].id}/page/{lower}/{upper}.json",
        "@type": "catalog:CatalogPage",
        "count": len(packages),
        "lower": lower,
        "upper": upper,
    }
    if inline:
        page["items"] = [_leaf(package, package.version in deprecated) for package in packages]
    return page


def _leaf(package: CPythonPackage, deprecated: bool) -> dict[str, object]:
    """As recorded (docs/platform/recorded-traffic.md 6): an unlisted package is dated to 1900."""
    content = f"{_CONTENT}{package.id}/{package.version}/{package.file_name}"
    entry: dict[str, object] = {
        "@id": _catalog_address(package),
        "@type": "PackageDetails",
        "authors": "Python Software Foundation",
        "id": package.id,
        "language": "",
        "listed": package.listed,
        "minClientVersion": "",
        "packageContent": content,
        "published": "2026-10-01T12:00:00+00:00" if package.listed else "1900-01-01T00:00:00+00:00",
        "requireLicenseAcceptance": False,
        "summary": "",
        "title": "Python",
        "version": package.version,
    }
    if deprecated:
        entry["deprecation"] = {"@type": "deprecation", "reasons": ["CriticalBugs"]}
    return {
        "@id": f"{_REGISTRATIONS}{package.id}/{package.version}.json",
        "@type": "Package",
        "packageContent": content,
        "registration": f"{_REGISTRATIONS}{package.id}/index.json",
        "catalogEntry": entry,
    }


def _catalog_address(package: CPythonPackage) -> str:
    return f"{_CATALOG}{package.id}.{package.version}.json"


def _zipped(document: dict[str, object]) -> Response:
    return Response(
        gzip.compress(json.dumps(document).encode("utf-8")),
        media_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )


async def _query(request: Request) -> JSONResponse:
    terms = shlex.split(request.query_params.get("q", ""))
    found: dict[str, list[Package]] = {}
    for package in PACKAGES:
        if package.listed and package.in_gallery and all(_matches(package, term.lower()) for term in terms):
            found.setdefault(package.id, []).append(package)
    rows = [_row(sorted(versions, key=lambda package: version_key(package.version))) for versions in found.values()]
    skip, take = int(request.query_params.get("skip", 0)), int(request.query_params.get("take", 20))
    return JSONResponse({"totalHits": len(rows), "data": rows[skip : skip + take]})


def _matches(package: Package, term: str) -> bool:
    field, colon, value = term.partition(":")
    if colon and field in ("tag", "tags"):
        return value in package.tags.lower().split()
    if colon and field == "packageid":
        return value == package.id.lower()
    if colon and field in ("id", "title"):
        return value in (package.id if field == "id" else package.title).lower()
    return term in f"{package.id} {package.title} {package.description} {package.tags}".lower()


def _row(versions: list[Package]) -> dict[str, object]:
    """One search result; `versions` is in ascending order, the last one describes the package."""
    package = versions[-1]
    base = f"https://{HOST}/v3/registration5-semver1/{package.id.lower()}"
    return {
        "@id": f"{base}/index.json",
        "@type": "Package",
        "registration": f"{base}/index.json",
        "id": package.id,
        "version": package.version,
        "title": package.title,
        "description": package.description,
        "summary": "",
        "authors": package.authors.split(", "),
        "tags": package.tags.split(),
        "owners": [],
        "totalDownloads": 0,
        "verified": False,
        "packageTypes": [{"name": "AzureSiteExtension"}],
        "versions": [{"@id": f"{base}/{one.version}.json", "version": one.version, "downloads": 0} for one in versions],
    }
