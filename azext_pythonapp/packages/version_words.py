"""Versions in sentences: which Pythons a package needs, and which versions are near one that does not exist."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

_CLAUSE = re.compile(r"(?P<operator>===|~=|==|!=|<=|>=|<|>)?\s*(?P<version>[\w.*+!-]+)")
_WORDS = {">=": "{} or newer", ">": "newer than {}", "<": "older than {}", "<=": "{} or older", "==": "{}"}
_NEAREST = 5


def python_words(required: str) -> str:
    """Return a Requires-Python in words: ">=3.9,<3.13" becomes "3.9 or newer, older than 3.13".

    Versions that are left out (!=3.0.*) are not named, unless nothing else is.
    """
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in required.strip(" '\"").split(",") if part.strip()]
    known = [each for each in clauses if each is not None and each["operator"] in _WORDS]
    if not known or any(each is None for each in clauses):
        return required.strip(" '\"")
    return ", ".join(
        dict.fromkeys(_WORDS[each["operator"]].format(each["version"].removesuffix(".*")) for each in known)
    )


def satisfying(requirement: str, versions: Sequence[str]) -> str | None:
    """Return the newest of some versions that a requirement allows; None for none, or for what is no requirement."""
    try:
        specifier = Requirement(re.sub(r"\s*\(from .*", "", requirement)).specifier
        allowed = [Version(each) for each in versions if specifier.contains(Version(each), prereleases=True)]
    except (InvalidRequirement, InvalidVersion):
        return None
    return next((each for each in versions if Version(each) == max(allowed)), None) if allowed else None


def pinned_version(requirement: str) -> str | None:
    """Return the one version that a requirement allows; None when it allows several or cannot be read."""
    found = re.fullmatch(r"[^=<>!~;]+===?\s*(?P<version>[^\s,;*]+)\s*(?:[;(].*)?", requirement)
    return found["version"] if found else None


def nearest(versions: Sequence[str], wanted: str | None) -> list[str]:
    """Return a few versions, oldest first: those around a wanted one, else the newest.

    Versions are in the order of pip, oldest first.
    """
    place = len(versions)
    try:
        if wanted is not None:
            place = sum(Version(each) < Version(wanted) for each in versions)
    except InvalidVersion:
        pass
    begin = max(0, min(place - _NEAREST // 2 - 1, len(versions) - _NEAREST))
    return list(versions[begin : begin + _NEAREST])
