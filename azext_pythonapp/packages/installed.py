"""The packages in a site-packages folder, by the names in its directory listing: one request, without Python."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

_PYTHON_TAG = re.compile(r"-py\d.*$")


def packages(names: Iterable[str]) -> dict[str, str]:
    """Return versions by canonical name. names: the entries of a site-packages folder; others are ignored.

    `Flask-2.0.3.dist-info` and `PyYAML-5.1-py3.6.egg-info` name their package. An editable one has a .dist-info as
    well, or an .egg-link of an old pip, which has no version and is ignored. pip leaves entries with a leading ~ when
    it cannot delete a package's files (docs/platform/worker.md 5). An .egg-info without a version gives "".
    """
    found: dict[str, str] = {}
    for entry in metadata_names(names):
        if entry.lower().endswith(".egg-link"):
            continue
        stem, _, kind = entry.rpartition(".")
        if kind.lower() != "dist-info":  # only the others have it, and a name may look like one
            stem = _PYTHON_TAG.sub("", stem)
        name, _, version = stem.rpartition("-")
        if not name or not version[:1].isdigit():
            name, version = stem, ""
        found[canonicalize_name(name)] = version.replace("_", "-")
    return found


def every_version(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return each package that an entry names, with its version, sorted: two where one is there in two versions.

    names: the entries of a site-packages folder. Unlike `packages`, this has the `.egg` folders and files of
    easy_install, and "" as the version of an .egg-link that no other entry tells of.
    """
    found: set[tuple[str, str]] = set()
    links: set[str] = set()
    for entry in names:
        kind = entry.rpartition(".")[2].lower()
        if kind == "egg-link":
            links.add(str(canonicalize_name(entry.rpartition(".")[0])))
        elif kind == "egg" or metadata_names([entry]):
            found.update(packages([f"{entry}-info" if kind == "egg" else entry]).items())
    return sorted(found | {(name, "") for name in links - {name for name, _ in found}})


def doubles(names: Iterable[str]) -> list[str]:
    """Return the entries that name the same package as another entry.

    An old pip that replaces itself leaves its empty .dist-info behind; the names do not show which one is complete.
    """
    by_package: dict[str, list[str]] = {}
    for entry in metadata_names(names):
        for name in packages([entry]):
            by_package.setdefault(name, []).append(entry)
    return [entry for entries in by_package.values() if len(entries) > 1 for entry in entries]


def digest(names: Iterable[str]) -> str:
    """Return the SHA-256, in hex, of the package set: equal when the same versions of the same packages are installed.

    names: the entries of a site-packages folder. The worker computes the same (jobs/runner/site_packages.py).
    """
    return hashlib.sha256("\n".join(metadata_names(names)).encode("utf-8")).hexdigest()


def metadata_names(names: Iterable[str]) -> list[str]:
    """Return the entries that stand for an installed package, sorted."""
    return sorted(
        name
        for name in names
        if name.lower().endswith((".dist-info", ".egg-info", ".egg-link")) and not name.startswith("~")
    )
