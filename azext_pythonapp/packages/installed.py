"""The packages in a site-packages folder, read off the names in its directory listing: one request, no Python."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

_PYTHON_TAG = re.compile(r"-py\d.*$")


def packages(names: Iterable[str]) -> dict[str, str]:
    """Version by canonical name. names: the entries of a site-packages folder; what is no package's is ignored.

    `Flask-2.0.3.dist-info` and `PyYAML-5.1-py3.6.egg-info` name their package; an editable one has a .dist-info as
    well, or an .egg-link of an old pip, which names no version and is passed over. A leading ~ is what pip leaves of a
    package whose files it could not delete (docs/platform/worker.md 5). An .egg-info without a version gives "".
    """
    found: dict[str, str] = {}
    for entry in metadata_names(names):
        if entry.lower().endswith(".egg-link"):
            continue
        stem = _PYTHON_TAG.sub("", entry.rpartition(".")[0])
        name, _, version = stem.rpartition("-")
        if not name or not version[:1].isdigit():
            name, version = stem, ""
        found[canonicalize_name(name)] = version.replace("_", "-")
    return found


def doubles(names: Iterable[str]) -> list[str]:
    """The entries that name a package which another entry names as well.

    An old pip that replaces itself leaves its empty .dist-info behind; which one is whole, the names do not tell.
    """
    by_package: dict[str, list[str]] = {}
    for entry in metadata_names(names):
        for name in packages([entry]):
            by_package.setdefault(name, []).append(entry)
    return [entry for entries in by_package.values() if len(entries) > 1 for entry in entries]


def digest(names: Iterable[str]) -> str:
    """SHA-256, in hex, of the package set: equal when the same packages in the same versions are there.

    names: the entries of a site-packages folder. The worker computes the very same
    (jobs/runner/site_packages.py).
    """
    return hashlib.sha256("\n".join(metadata_names(names)).encode("utf-8")).hexdigest()


def metadata_names(names: Iterable[str]) -> list[str]:
    """The entries that stand for an installed package, sorted."""
    return sorted(
        name
        for name in names
        if name.lower().endswith((".dist-info", ".egg-info", ".egg-link")) and not name.startswith("~")
    )
