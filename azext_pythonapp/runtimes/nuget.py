"""CPython's own packages in the NuGet gallery, for the versions that no site extension brings.

python.org publishes every release for Windows there as well: the package `python` for x64, `pythonx86` for x86
(PC/layout/support/nuspec.py in python/cpython). They are no site extensions; `nuget_package` makes one of them.

The protocol is NuGet's v3 (https://learn.microsoft.com/nuget/api/overview): the service index names the flat container
(PackageBaseAddress), which lists a package's versions and serves its file, and the registrations, whose catalog entry
names the file's SHA-512.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.errors import NotFound, PlatformFailed
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX, first_that_answers, service_addresses
from azext_pythonapp.runtimes.identity import Identity
from azext_pythonapp.runtimes.versions import VersionWish, distance, numbers, package_order

PACKAGE_IDS = {"x64": "python", "x86": "pythonx86"}
DEFAULT_ARCHITECTURE = "x64"
EXTENSION_PREFIX = "pythonapp-"
_CONTENT_TYPES = ("PackageBaseAddress/3.0.0",)
_REGISTRATION_TYPES = ("RegistrationsBaseUrl/3.6.0", "RegistrationsBaseUrl/3.4.0", "RegistrationsBaseUrl",
                       "RegistrationsBaseUrl/3.0.0-rc", "RegistrationsBaseUrl/3.0.0-beta")
_RELEASE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?")
_NEAREST = 5


@dataclass(frozen=True)
class NugetRuntime:
    r"""A package of CPython, and the runtime that is made of it.

    package_id, package_version: such as "python" and "3.13.2"; NuGet allows a fourth number for a package that was
        built again.
    architecture: "x64" or "x86".
    address: where its file can be had, sha512: the file's hash, in base64; None for one that is given as a file.
    """

    package_id: str
    package_version: str
    architecture: str
    address: str | None = None
    sha512: str | None = None

    @property
    def version(self) -> str:
        """The Python version, of three numbers."""
        return ".".join(str(number) for number in numbers(self.package_version)[:3])

    @property
    def folder(self) -> str:
        """Its folder in %HOME%, named as Microsoft's packages name theirs (facts/python-site-extensions.md 1.4)."""
        return f"python{self.version.replace('.', '')}{self.architecture}"

    @property
    def extension_id(self) -> str:
        """The id of the site extension that it becomes."""
        return EXTENSION_PREFIX + self.folder

    @property
    def identity(self) -> Identity:
        """Where the runtime is, and how it registers itself."""
        return Identity(self.version, self.architecture, self.extension_id, self.folder)

    @property
    def source(self) -> str:
        """How messages name where it comes from: "NuGet package python 3.13.2"."""
        return f"NuGet package {self.package_id} {self.package_version}"


def find_runtime(get_json: Callable[[str], Any], wish: VersionWish, architecture: str | None) -> NugetRuntime:
    """The newest release that a wish means; pre-releases and withdrawn (unlisted) packages are passed over.

    get_json: takes an https address and returns the decoded JSON found there; what it raises is passed on.
    architecture: "x64" or "x86"; None for x64.
    An exact version is taken although it is unlisted: the owner only hid it, and the user named it.
    Raises NotFound, with the nearest choices, and PlatformFailed when the answers are not what the protocol says.
    """
    chosen = architecture or DEFAULT_ARCHITECTURE
    package_id = PACKAGE_IDS[chosen]
    index = get_json(SERVICE_INDEX)
    contents, registrations = _addresses(index, _CONTENT_TYPES), _addresses(index, _REGISTRATION_TYPES)
    versions = first_that_answers(contents, lambda content: _releases(get_json(f"{content}{package_id}/index.json")))
    pages = first_that_answers(registrations, lambda base: _pages(get_json(f"{base}{package_id}/index.json")))
    for version in (each for each in versions if wish.matches(each)):
        leaf = _leaf(get_json, pages, version)
        entry = leaf["catalogEntry"]
        if entry.get("listed") is False and not wish.is_exact:
            continue
        return NugetRuntime(package_id, version, chosen,
                            address=f"{contents[0]}{package_id}/{version}/{package_id}.{version}.nupkg",
                            sha512=_hash(get_json(_https(entry.get("@id"))), package_id, version))
    nearest = sorted(versions, key=lambda version: distance(version, wish))[:_NEAREST]
    raise NotFound(f"NuGet has no package of Python {wish} {chosen}.",
                   f"The nearest it has: {', '.join(nearest)}." if nearest else None)


def _addresses(index: Any, kinds: Sequence[str]) -> list[str]:
    """All addresses of a service, with a slash at their ends."""
    found = [address.rstrip("/") + "/" for address in service_addresses(index, kinds)]
    if not found:
        raise PlatformFailed(f"NuGet's index ({SERVICE_INDEX}) names no {kinds[0]}.")
    return found


def _releases(answer: Any) -> list[str]:
    """The versions that the flat container lists, newest first, without pre-releases."""
    versions = answer.get("versions") if isinstance(answer, Mapping) else None
    if not isinstance(versions, list):
        raise PlatformFailed("NuGet's list of package versions is none.")
    return sorted((str(version) for version in versions if _RELEASE.fullmatch(str(version))), key=package_order,
                  reverse=True)


def _pages(registration: Any) -> list[Mapping[str, Any]]:
    pages = list(_objects(registration, "items"))
    if not pages:
        raise PlatformFailed("NuGet's registration of the package holds no pages.")
    return pages


def _leaf(get_json: Callable[[str], Any], pages: Sequence[Mapping[str, Any]], version: str) -> Mapping[str, Any]:
    """The registration of one version: in a page of the index or, for packages of many versions, in a document that
    the page names (https://learn.microsoft.com/nuget/api/registration-base-url-resource)."""
    wanted = package_order(version)
    for page in pages:
        lower, upper = str(page.get("lower") or ""), str(page.get("upper") or "")
        if not package_order(lower) <= wanted <= package_order(upper):
            continue
        held = page if isinstance(page.get("items"), list) else get_json(_https(page.get("@id")))
        for leaf in _objects(held, "items"):
            entry = leaf.get("catalogEntry")
            if isinstance(entry, Mapping) and package_order(str(entry.get("version") or "")) == wanted:
                return leaf
    raise PlatformFailed(f"NuGet lists version {version} of the package, but has no registration of it.")


def _hash(entry: Any, package_id: str, version: str) -> str:
    """The SHA-512 in a catalog entry, base64 (https://learn.microsoft.com/nuget/api/catalog-resource)."""
    if isinstance(entry, Mapping) and str(entry.get("packageHashAlgorithm") or "").upper() == "SHA512":
        value = entry.get("packageHash")
        if isinstance(value, str) and value:
            return value
    raise PlatformFailed(f"NuGet names no SHA-512 of {package_id} {version}, so its file could not be verified.")


def _https(address: Any) -> str:
    if isinstance(address, str) and address.startswith("https://"):
        return address
    raise PlatformFailed(f"NuGet named {address!r} where the address of a document belongs.")


def _objects(document: Any, key: str) -> Iterator[Mapping[str, Any]]:
    rows = document.get(key) if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise PlatformFailed(f"NuGet's answer has no '{key}'.")
    yield from (row for row in rows if isinstance(row, Mapping))
