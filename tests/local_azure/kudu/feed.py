"""/api/extensionfeed: the gallery of site extensions as Kudu's V2 manager finds it (docs/platform/kudu.md 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..windows.gallery import PACKAGES, Package
from .answers import failure

GALLERY_URL = "https://www.nuget.org/api/v2/"


def version_key(version: str) -> tuple[int, ...]:
    """Return a key that sorts NuGet versions: 3.6.4.4 > 3.6.4; pre-release labels are ignored."""
    numbers = [int(number) for number in version.partition("-")[0].split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def is_site_extension(package: Package) -> bool:
    """Whether the package has the tag that Kudu requires."""
    return "azuresiteextension" in package.tags.lower().split()


def newest(packages: Iterable[Package]) -> Package | None:
    """Return the package with the highest version; None without packages."""
    return max(packages, key=lambda package: version_key(package.version), default=None)


def search(text: str = "") -> list[Package]:
    """The listed site extensions whose title holds `text`, one (the newest) of each id."""
    found: dict[str, Package] = {}
    for package in PACKAGES:
        if package.listed and is_site_extension(package) and text.lower() in package.title.lower():
            best = newest([package, found.get(package.id, package)])
            found[package.id] = best or package
    return list(found.values())


def find(package_id: str, version: str | None = None) -> Package | None:
    """The package that an install of `package_id` takes.

    Without a version: the newest of that very id (case-sensitive) among the listed, else the V1 feed, which knows
    unlisted packages too and no case (docs/platform/kudu.md 4.2, docs/platform/site-extensions.md 1.6).
    """
    same = [package for package in PACKAGES if package.id.lower() == package_id.lower() and is_site_extension(package)]
    if version is not None:
        return newest(package for package in same if version_key(package.version) == version_key(version))
    return newest(package for package in same if package.listed and package.id == package_id) or newest(same)


def gallery_info(package: Package) -> dict[str, object]:
    """Kudu's SiteExtensionInfo of a package in the gallery (docs/platform/kudu.md 4.1)."""
    return site_extension_info(package.id, package.version, package.title, package.description, package.authors)


def site_extension_info(
    identity: str, version: str, title: str, description: str, authors: str, **more: object
) -> dict[str, object]:
    """All fields of Kudu's SiteExtensionInfo; authors: with commas, as in a .nuspec; more: what the gallery lacks."""
    return {
        "id": identity,
        "title": title,
        "type": "Gallery",
        "summary": None,
        "description": description,
        "version": version,
        "extension_url": None,
        "project_url": "http://www.python.org/",
        "icon_url": None,
        "license_url": None,
        "feed_url": GALLERY_URL,
        "authors": [name.strip() for name in authors.split(",")],
        "installer_command_line_params": None,
        "published_date_time": None,
        "download_count": 0,
        "local_is_latest_version": None,
        "local_path": None,
        "installed_date_time": None,
        "provisioningState": None,
        "comment": None,
        "packageUri": None,
    } | more


class Feed:
    """The gallery's part of an SCM site."""

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [
            Route("/api/extensionfeed", self._all, methods=["GET"]),
            Route("/api/extensionfeed/{id}", self._one, methods=["GET"]),
        ]

    async def _all(self, request: Request) -> Response:
        return JSONResponse([gallery_info(package) for package in search(request.query_params.get("filter", ""))])

    async def _one(self, request: Request) -> Response:
        package = find(request.path_params["id"], request.query_params.get("version"))
        return JSONResponse(gallery_info(package)) if package else failure(404, request.path_params["id"])
