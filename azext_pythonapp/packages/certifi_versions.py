"""Which certifi is too old: its versions are dates, and each old Python has a last one."""

from __future__ import annotations

from datetime import date, timedelta

from packaging.version import InvalidVersion, Version

CERTIFI = "certifi"
# From Requires-Python of certifi's own releases (docs/platform/site-extensions.md 4.6). Newer Pythons get new ones.
LAST_CERTIFI = {"2.7": date(2021, 10, 8), "3.4": date(2021, 10, 8), "3.5": date(2021, 10, 8), "3.6": date(2025, 4, 26)}
_THREE_YEARS = timedelta(days=1096)


def too_old(version: str, minor: str, today: date) -> bool:
    """Return whether a certifi is more than three years older than the last one for its Python, or than today.

    version: of the installed one. minor: of the Python, such as "3.6". A version that is no date is not too old.
    """
    released = _released(version)
    newest = LAST_CERTIFI.get(minor, today)
    return released is not None and newest - released > _THREE_YEARS


def _released(version: str) -> date | None:
    try:
        year, month, day = (*Version(version).release, 1, 1)[:3]
        return date(year, max(month, 1), max(day, 1))
    except (InvalidVersion, ValueError):
        return None
