"""CPython's builds on python.org: the feed of the Python install manager (docs/platform/python-org.md 1).

Its pages list zip files with their SHA-256; each names the next one. Only the plain builds for x64 and x86 are taken:
no free-threaded, embeddable and ARM64 ones, and none with the test suite. Older entries name packages of NuGet without
a hash; those are `nuget`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.runtimes.cpython import CPythonBuild, Release
from azext_pythonapp.runtimes.versions import Numbers, minor, package_order, package_version, python_version
from azext_pythonapp.url_secrets import masked

HOST = "www.python.org"
FOLDER = "/ftp/python/"
FEED = f"https://{HOST}{FOLDER}index-windows.json"
# The first release that the feed has a zip file of (docs/platform/python-org.md 1.4).
OLDEST: Numbers = (3, 10)
COMPANY = "PythonCore"
# The id of a plain build, and the architectures by the last part of it.
_ID = re.compile(r"pythoncore-(?P<minor>[0-9]+\.[0-9]+)-(?P<bits>64|32)")
_ARCHITECTURES = {"64": "x64", "32": "x86"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What can lead out of a folder.
_ELSEWHERE = re.compile(r"\.\.|[%\\]")
_SCHEMA = 1
# The real feed has three pages.
_MAX_PAGES = 10


def fetch_releases(get_json: Callable[[str], Any]) -> list[Release]:
    """Return every release of CPython that python.org has a zip file of, newest first, with pre-releases.

    get_json: takes an https address and returns the decoded JSON; its exceptions are not caught.
    Raises PlatformFailed when the feed is not one, does not end, or names a file that is not python.org's own.
    """
    found: dict[tuple[str, str], Release] = {}
    for address, entry in _entries(get_json):
        build = _build(address, entry)
        if build is not None:
            found.setdefault((build.package_version, build.architecture), Release(build))
    if not found:
        raise PlatformFailed(f"python.org's feed ({FEED}) contains no release of Python.")
    return sorted(
        found.values(),
        key=lambda each: (package_order(each.runtime.package_version), each.runtime.architecture),
        reverse=True,
    )


def read_manifest(manifest: Any) -> CPythonBuild | None:
    """Return the build that an entry of the feed, or the file `__install__.json` of a zip file, describes.

    Without an address and a hash. Returns None for anything else than a plain build for x64 or x86.
    """
    if not isinstance(manifest, Mapping) or manifest.get("schema") != _SCHEMA or manifest.get("company") != COMPANY:
        return None
    named, version = _ID.fullmatch(str(manifest.get("id"))), python_version(str(manifest.get("sort-version")))
    if named is None or version is None or minor(version) != named["minor"]:
        return None
    return CPythonBuild(named[0], package_version(version), _ARCHITECTURES[named["bits"]])


def _entries(get_json: Callable[[str], Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the entries of all pages, each with the address of its page."""
    address, seen = FEED, set[str]()
    while address not in seen and len(seen) < _MAX_PAGES:
        seen.add(address)
        page = get_json(address)
        entries = page.get("versions") if isinstance(page, Mapping) else None
        if not isinstance(entries, list):
            raise PlatformFailed(f"python.org's feed ({address}) has no 'versions'.")
        for entry in entries:
            if isinstance(entry, Mapping):
                yield address, entry
        following = page.get("next")
        if not following:
            return
        address = _own(address, str(following))
    raise PlatformFailed(f"python.org's feed does not end: it has more than {len(seen)} pages, or names one twice.")


def _build(page: str, entry: Mapping[str, Any]) -> CPythonBuild | None:
    """Return the build of an entry; None for one that is not taken."""
    plain, hashes = read_manifest(entry), entry.get("hash")
    sha256 = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    if plain is None or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256.lower()):
        return None
    address = _own(page, str(entry.get("url") or ""))
    if not urlsplit(address).path.endswith(".zip"):
        return None
    return CPythonBuild(
        plain.package_id, plain.package_version, plain.architecture, address=address, sha256=sha256.lower()
    )


def _own(page: str, reference: str) -> str:
    """Return the address that a page names, where it is python.org's own. Raises PlatformFailed for any other."""
    with suppress(ValueError):
        address = urljoin(page, reference)
        parts = urlsplit(address)
        own = (parts.scheme, parts.netloc.lower(), parts.query, parts.fragment) == ("https", HOST, "", "")
        if own and parts.path.startswith(FOLDER) and not _ELSEWHERE.search(parts.path):
            return address
    raise PlatformFailed(
        f"python.org's feed names {masked(reference)[:200]!r}, which is not below https://{HOST}{FOLDER}, so nothing "
        "of the feed is used."
    )
