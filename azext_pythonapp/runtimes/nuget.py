"""CPython's own packages in the NuGet gallery, for versions without a site extension.

python.org publishes every release for Windows there as well: the package `python` for x64, `pythonx86` for x86
(PC/layout/support/nuspec.py in python/cpython). They are not site extensions; `nuget_package` turns them into one.

The protocol is NuGet's v3 (https://learn.microsoft.com/nuget/api/overview): the service index names the registrations,
which list a package's versions and whether they are listed, and the flat container (PackageBaseAddress), which serves
their files; the catalog entry of each version has its file's SHA-512. (docs/platform/recorded-traffic.md 6)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX, first_that_answers, service_addresses
from azext_pythonapp.runtimes.identity import Identity
from azext_pythonapp.runtimes.official import CPYTHON_PACKAGES, MADE_HERE
from azext_pythonapp.runtimes.versions import package_order, python_version

PACKAGE_IDS = CPYTHON_PACKAGES
DEFAULT_ARCHITECTURE = "x64"
EXTENSION_PREFIX = MADE_HERE
_CONTENT_TYPES = ("PackageBaseAddress/3.0.0",)
_REGISTRATION_TYPES = (
    "RegistrationsBaseUrl/3.6.0",
    "RegistrationsBaseUrl/Versioned",
    "RegistrationsBaseUrl/3.4.0",
    "RegistrationsBaseUrl",
    "RegistrationsBaseUrl/3.0.0-rc",
    "RegistrationsBaseUrl/3.0.0-beta",
)


@dataclass(frozen=True)
class NugetRuntime:
    r"""A CPython package, and the runtime that is built from it.

    package_id, package_version: such as "python" and "3.13.2"; NuGet allows a fourth number for a rebuilt package.
    architecture: "x64" or "x86".
    address: of its file; catalog: of the document that has the file's hash; None for a local package file.
    """

    package_id: str
    package_version: str
    architecture: str
    address: str | None = None
    catalog: str | None = None

    @property
    def version(self) -> str:
        """Return the Python version in Python's own spelling: "3.13.2", "3.14.0rc1"."""
        return python_version(self.package_version) or self.package_version

    @property
    def folder(self) -> str:
        """Return its folder in %HOME%, named as Microsoft's packages do (docs/platform/site-extensions.md 1.4)."""
        return f"python{self.version.replace('.', '')}{self.architecture}"

    @property
    def extension_id(self) -> str:
        """Return the id of the site extension that it becomes."""
        return EXTENSION_PREFIX + self.folder

    @property
    def identity(self) -> Identity:
        """Return the runtime's folder and FastCGI registration."""
        return Identity(self.version, self.architecture, self.extension_id, self.folder)

    @property
    def source(self) -> str:
        """Return the name of its source for messages: "NuGet package python 3.13.2"."""
        return f"NuGet package {self.package_id} {self.package_version}"


@dataclass(frozen=True)
class Release:
    """One version of a CPython package in the gallery.

    listed: False for a version that its owner has withdrawn. deprecated: whether its owner has deprecated it.
    """

    runtime: NugetRuntime
    listed: bool
    deprecated: bool


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
        runtime = NugetRuntime(package_id, version, architecture, address, str(entry.get("@id") or ""))
        found[version] = Release(runtime, listed, bool(entry.get("deprecation")))
    if not found:
        raise PlatformFailed(f"NuGet's registration of the package {package_id} contains no release of Python.")
    return [found[version] for version in sorted(found, key=package_order, reverse=True)]


def fetch_hash(get_json: Callable[[str], Any], runtime: NugetRuntime) -> str:
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
