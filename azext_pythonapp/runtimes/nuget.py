"""CPython's builds in the NuGet gallery, for versions without a site extension.

python.org publishes its releases for Windows there as well: the package `python` for x64, `pythonx86` for x86
(PC/layout/support/nuspec.py in python/cpython).

The protocol is NuGet's v3 (https://learn.microsoft.com/nuget/api/overview): the service index names the registrations,
which list a package's versions and whether they are listed, and the flat container (PackageBaseAddress), which serves
their files; the catalog entry of each version has its file's SHA-512. (docs/platform/recorded-traffic.md 6)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.runtimes.cpython import CPythonBuild, Release
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX, first_that_answers, service_addresses
from azext_pythonapp.runtimes.official import CPYTHON_PACKAGES
from azext_pythonapp.runtimes.versions import package_order, python_version

PACKAGE_IDS = CPYTHON_PACKAGES
_CONTENT_TYPES = ("PackageBaseAddress/3.0.0",)
_REGISTRATION_TYPES = (
    "RegistrationsBaseUrl/3.6.0",
    "RegistrationsBaseUrl/Versioned",
    "RegistrationsBaseUrl/3.4.0",
    "RegistrationsBaseUrl",
    "RegistrationsBaseUrl/3.0.0-rc",
    "RegistrationsBaseUrl/3.0.0-beta",
)


def fetch_releases(get_json: Callable[[str], Any], architecture: str) -> list[Release]:
    """Return every CPython release in the gallery for an architecture, newest first.

    Pre-releases and unlisted ones are included. architecture: "x64" or "x86".
    get_json: takes an https address and returns the decoded JSON; its exceptions are not caught.
    Raises PlatformFailed when the answers do not follow the protocol.
    """
    package_id = PACKAGE_IDS[architecture]
    index = get_json(SERVICE_INDEX)
    content, registrations = _addresses(index, _CONTENT_TYPES)[0], _addresses(index, _REGISTRATION_TYPES)
    found = {}
    entries = first_that_answers(
        registrations, lambda base: list(_entries(get_json, get_json(f"{base}{package_id}/index.json")))
    )
    for entry in entries:
        version = str(entry.get("version") or "").partition("+")[0]
        if python_version(version) is None or str(entry.get("id") or package_id).lower() != package_id:
            continue
        # nuget.org also dates an unlisted version to 1900 (docs/platform/recorded-traffic.md 6).
        listed = entry.get("listed") is not False and not str(entry.get("published") or "").startswith("1900-")
        address = f"{content}{package_id}/{version.lower()}/{package_id}.{version.lower()}.nupkg"
        runtime = CPythonBuild(package_id, version, architecture, address, str(entry.get("@id") or ""))
        found[version] = Release(runtime, listed, bool(entry.get("deprecation")))
    if not found:
        raise PlatformFailed(f"NuGet's registration of the package {package_id} contains no release of Python.")
    return [found[version] for version in sorted(found, key=package_order, reverse=True)]


def fetch_hash(get_json: Callable[[str], Any], runtime: CPythonBuild) -> str:
    """Return the SHA-512 of a package's file in base64, from its catalog entry.

    Source: https://learn.microsoft.com/nuget/api/catalog-resource. Raises PlatformFailed when there is none: a file
    without a hash must not be installed.
    """
    entry = get_json(_https(runtime.catalog))
    if isinstance(entry, Mapping) and str(entry.get("packageHashAlgorithm") or "").upper() == "SHA512":
        value = entry.get("packageHash")
        if isinstance(value, str) and value:
            return value
    raise PlatformFailed(
        f"NuGet has no SHA-512 of {runtime.package_id} {runtime.package_version}, so its file cannot be verified."
    )


def _addresses(index: Any, kinds: Sequence[str]) -> list[str]:
    """Return all addresses of a service, each with a trailing slash."""
    found = [address.rstrip("/") + "/" for address in service_addresses(index, kinds)]
    if not found:
        raise PlatformFailed(f"NuGet's index ({SERVICE_INDEX}) names no {kinds[0]}.")
    return found


def _entries(get_json: Callable[[str], Any], registration: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the catalog entries of a registration.

    They are in its pages or, for packages with many versions, in a document that the page names
    (https://learn.microsoft.com/nuget/api/registration-base-url-resource).
    """
    for page in _objects(registration, "items"):
        full = page if isinstance(page.get("items"), list) else get_json(_https(page.get("@id")))
        for leaf in _objects(full, "items"):
            entry = leaf.get("catalogEntry")
            if isinstance(entry, Mapping):
                yield entry


def _https(address: Any) -> str:
    if isinstance(address, str) and address.startswith("https://"):
        return address
    raise PlatformFailed(f"NuGet returned {address!r} instead of an https address.")


def _objects(document: Any, key: str) -> Iterator[Mapping[str, Any]]:
    rows = document.get(key) if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise PlatformFailed(f"NuGet's answer has no '{key}'.")
    yield from (row for row in rows if isinstance(row, Mapping))
