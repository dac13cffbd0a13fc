"""The public gallery of site extensions, for commands without an app.

Site extensions are packages of nuget.org with the tag AzureSiteExtension; Kudu's own feed is the same search
(docs/platform/kudu.md 4.2). The protocol is NuGet's v3: the service index names the search service
(https://learn.microsoft.com/nuget/api/service-index), which answers `{"totalHits", "data": [{"id", "version", "title",
"description", "authors", "tags", "versions": [{"version"}]}]}`, one page at a time
(https://learn.microsoft.com/nuget/api/search-query-service-resource). It never shows unlisted packages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from azext_pythonapp.errors import PlatformFailed

Answer = TypeVar("Answer")

SERVICE_INDEX = "https://api.nuget.org/v3/index.json"
TAG = "AzureSiteExtension"
PAGE_SIZE = 100
# nuget.org does not allow a search to skip more than 3000 packages.
_MAX_SKIP = 3000
# The packageType parameter of the newest one is not used: older site extensions have only the tag
# (docs/platform/site-extensions.md 1.1).
_SEARCH_TYPES = (
    "SearchQueryService/3.5.0",
    "SearchQueryService",
    "SearchQueryService/3.0.0-rc",
    "SearchQueryService/3.0.0-beta",
)


def fetch_public_gallery(get_json: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Return every version of every listed site extension for Python.

    get_json: takes an https address and returns the decoded JSON; its exceptions are not caught.
    Returns entries for `catalogue.gallery_offers`: `id, title, description, version, authors, tags`, one per package
    version. Title and description are those of the package's newest version; the search returns no others.
    Raises PlatformFailed when the gallery's answers do not follow the protocol.
    """
    searches = service_addresses(get_json(SERVICE_INDEX), _SEARCH_TYPES)
    if not searches:
        raise PlatformFailed(f"The public gallery's index ({SERVICE_INDEX}) names no search service.")
    packages = first_that_answers(searches, lambda search: _packages(search, get_json))
    if packages is None:
        raise PlatformFailed(
            f"The public gallery's search does not end: it found more than {_MAX_SKIP} site extensions for Python."
        )
    return [entry for package in packages if _is_site_extension(package) for entry in _entries(package)]


def service_addresses(index: Any, kinds: Sequence[str]) -> list[str]:
    """Return the addresses of a service in NuGet's service index, of the first kind in `kinds` that the index has.

    A service with more than one host has several; the index lists them in order of preference
    (https://learn.microsoft.com/nuget/api/service-index, docs/platform/recorded-traffic.md 6).
    """
    resources = index.get("resources") if isinstance(index, Mapping) else None
    addresses: dict[str, list[str]] = {}
    for resource in resources if isinstance(resources, list) else ():
        for kind in _strings(resource.get("@type")) if isinstance(resource, Mapping) else ():
            address = str(resource.get("@id") or "")
            if address.startswith("https://") and address not in addresses.setdefault(kind, []):
                addresses[kind].append(address)
    return next((addresses[kind] for kind in kinds if addresses.get(kind)), [])


def first_that_answers(addresses: Sequence[str], ask: Callable[[str], Answer]) -> Answer:
    """Return the answer of the first address that works. Raises the PlatformFailed of the first when none does."""
    failure: PlatformFailed | None = None
    for address in addresses:
        try:
            return ask(address)
        except PlatformFailed as error:
            failure = failure or error
    raise failure or PlatformFailed("The service has no address.")


def _packages(search: str, get_json: Callable[[str], Any]) -> list[Mapping[str, Any]] | None:
    """Return all packages that a search finds; None when the search does not end."""
    found: list[Mapping[str, Any]] = []
    skip = 0
    while skip <= _MAX_SKIP:
        page = get_json(_page_address(search, skip))
        data = page.get("data") if isinstance(page, Mapping) else None
        total = page.get("totalHits") if isinstance(page, Mapping) else None
        if not isinstance(data, list) or not isinstance(total, int):
            raise PlatformFailed("The public gallery's search did not return search results.")
        found.extend(package for package in data if isinstance(package, Mapping))
        skip += len(data)
        if not data or skip >= total:
            return found
    return None


def _page_address(search: str, skip: int) -> str:
    query = urlencode(
        {"q": f"tags:{TAG} python", "prerelease": "true", "semVerLevel": "2.0.0", "skip": skip, "take": PAGE_SIZE}
    )
    return f"{search}{'&' if '?' in search else '?'}{query}"


def _is_site_extension(package: Mapping[str, Any]) -> bool:
    """Return whether a search result has the tag: search services interpret queries freely."""
    return any(tag.lower() == TAG.lower() for tags in _strings(package.get("tags")) for tag in tags.split())


def _entries(package: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    versions = package.get("versions")
    listed = (
        [str(each["version"]) for each in versions if isinstance(each, Mapping) and each.get("version")]
        if isinstance(versions, list)
        else []
    )
    for version in listed or [str(package.get("version") or "")]:
        yield {
            "id": package.get("id"),
            "title": package.get("title"),
            "description": package.get("description"),
            "version": version.split("+", 1)[0],
            "authors": _strings(package.get("authors")),
            "tags": _strings(package.get("tags")),
        }


def _strings(value: Any) -> list[str]:
    """Return a value that may be one string or a list of them, according to the protocol, as a list."""
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if isinstance(value, list) else []
