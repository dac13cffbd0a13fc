"""Until when python.org supports a version of Python.

Source of the dates below: https://peps.python.org/api/release-cycle.json, which https://devguide.python.org/versions/
shows; a copy of it is in tests/unit/runtimes/release-cycle.json (docs/platform/python-org.md 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from azext_pythonapp.runtimes.versions import Numbers, is_prerelease, numbers

# When the dates were compared with their source; there is a new feature release each October (PEP 602).
AS_OF = date(2026, 8, 13)
_OLD = timedelta(days=365)

State = Literal["prerelease", "active", "security", "endOfLife"]


@dataclass(frozen=True)
class Support:
    """python.org's support of a version.

    state: "prerelease" (an alpha, a beta or a release candidate), "active" (bug fixes), "security" (security fixes
        only) or "endOfLife" (no fixes).
    end_of_life: the day on which support ends or ended; None where it is not known.
    """

    state: State
    end_of_life: date | None


@dataclass(frozen=True)
class _Cycle:
    """first_release, end_of_life: as in the source; for a month without a day, its last day."""

    first_release: date
    end_of_life: date


_CYCLES: dict[Numbers, _Cycle] = {
    (2, 6): _Cycle(date(2008, 10, 1), date(2013, 10, 29)),  # PEP 361
    (2, 7): _Cycle(date(2010, 7, 3), date(2020, 1, 1)),  # PEP 373
    (3, 2): _Cycle(date(2011, 2, 20), date(2016, 2, 20)),  # PEP 392
    (3, 3): _Cycle(date(2012, 9, 29), date(2017, 9, 29)),  # PEP 398
    (3, 4): _Cycle(date(2014, 3, 16), date(2019, 3, 18)),  # PEP 429
    (3, 5): _Cycle(date(2015, 9, 13), date(2020, 9, 30)),  # PEP 478
    (3, 6): _Cycle(date(2016, 12, 23), date(2021, 12, 23)),  # PEP 494
    (3, 7): _Cycle(date(2018, 6, 27), date(2023, 6, 27)),  # PEP 537
    (3, 8): _Cycle(date(2019, 10, 14), date(2024, 10, 7)),  # PEP 569
    (3, 9): _Cycle(date(2020, 10, 5), date(2025, 10, 31)),  # PEP 596
    (3, 10): _Cycle(date(2021, 10, 4), date(2026, 10, 31)),  # PEP 619
    (3, 11): _Cycle(date(2022, 10, 24), date(2027, 10, 31)),  # PEP 664
    (3, 12): _Cycle(date(2023, 10, 2), date(2028, 10, 31)),  # PEP 693
    (3, 13): _Cycle(date(2024, 10, 7), date(2029, 10, 31)),  # PEP 719
    (3, 14): _Cycle(date(2025, 10, 7), date(2030, 10, 31)),  # PEP 745
    (3, 15): _Cycle(date(2026, 10, 1), date(2031, 10, 31)),  # PEP 790
    (3, 16): _Cycle(date(2027, 10, 6), date(2032, 10, 31)),  # PEP 826
}


def support(version: str, today: date) -> Support:
    """Return python.org's support of a version on a day.

    version: "3.6.4", "3.6" or "3.14.0rc1".
    A version newer than the data counts as active, with no known end: each is supported for five years (PEP 602). An
    older one that is not in the data ended long ago, on an unknown day.
    """
    feature = numbers(version)[:2]
    cycle = _CYCLES.get(feature)
    if is_prerelease(version):
        return Support("prerelease", cycle.end_of_life if cycle else None)
    if cycle is None:
        return Support("active" if feature > max(_CYCLES) else "endOfLife", None)
    if today > cycle.end_of_life:
        return Support("endOfLife", cycle.end_of_life)
    return Support("active" if today < _security_only_from(feature, cycle) else "security", cycle.end_of_life)


def age_warning(today: date) -> str | None:
    """Return what to tell a person who relies on the dates when they are older than a year; None before that."""
    if today - AS_OF <= _OLD:
        return None
    return (
        f"Warning: What this extension knows of the support of Python versions is of {AS_OF}, more than a year ago. "
        "Update it, or see https://devguide.python.org/versions/."
    )


def support_words(state: State, end_of_life: date | str | None) -> str:
    """Return a version's support in words: "end of life 2024-10-07", "supported until 2029-10-31".

    end_of_life: a date, also as ISO 8601; None where it is not known.
    """
    if state == "endOfLife":
        return f"end of life {end_of_life}" if end_of_life else "no longer supported"
    words = "pre-release, " if state == "prerelease" else ""
    words += "security fixes only, " if state == "security" else ""
    return f"{words}supported until {end_of_life}" if end_of_life else f"{words}supported"


def _security_only_from(feature: Numbers, cycle: _Cycle) -> date:
    """Return when bug fixes end: 18 months after the first release, 24 months from 3.13 on (source: its status key)."""
    months = cycle.first_release.month - 1 + (24 if feature >= (3, 13) else 18)
    return cycle.first_release.replace(year=cycle.first_release.year + months // 12, month=months % 12 + 1)


@dataclass(frozen=True)
class Life:
    """The time that python.org supports a feature release, "3.13": bug fixes, then security fixes only, then none."""

    version: str
    first_release: date
    security_from: date
    end_of_life: date


def lives() -> list[Life]:
    """Return the time of every feature release that is known, oldest first."""
    return [
        Life(".".join(map(str, feature)), cycle.first_release, _security_only_from(feature, cycle), cycle.end_of_life)
        for feature, cycle in sorted(_CYCLES.items())
    ]
