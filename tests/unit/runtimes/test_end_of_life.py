"""Until when python.org supports a version.

release-cycle.json: https://peps.python.org/api/release-cycle.json, which devguide shows, of August 2026, when 3.15 was
a pre-release.
"""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path

import pytest

from azext_pythonapp.runtimes.end_of_life import AS_OF, age_warning, lives, support, support_words

CYCLES = json.loads((Path(__file__).parent / "release-cycle.json").read_text(encoding="utf-8"))
STATES = {"bugfix": "active", "security": "security", "end-of-life": "endOfLife"}


def last_day(text):
    """The day that "2031-10-31" or "2031-10" ends with."""
    year, month, *day = map(int, text.split("-"))
    return date(year, month, *(day or [monthrange(year, month)[1]]))


@pytest.mark.parametrize("minor", CYCLES)
def test_dates_and_states_are_those_of_devguide(minor):
    cycle = CYCLES[minor]
    found = support(minor, AS_OF)
    if minor in ("3.0", "3.1"):  # no Windows builds of them are left
        assert found.state == "endOfLife"
        return
    (life,) = [life for life in lives() if life.version == minor]
    assert life.first_release == date.fromisoformat(cycle["first_release"])
    assert found.end_of_life == life.end_of_life == last_day(cycle["end_of_life"])
    if cycle["status"] in STATES:
        assert found.state == STATES[cycle["status"]]


def test_no_version_is_known_that_devguide_does_not_have():
    assert {life.version for life in lives()} <= set(CYCLES)


def test_old_dates_are_said_to_be_old():
    assert age_warning(AS_OF + timedelta(days=365)) is None
    assert f"is of {AS_OF}, more than a year ago" in str(age_warning(AS_OF + timedelta(days=366)))


@pytest.mark.parametrize(
    "version, today, state, end",
    [
        ("2.7.14", date(2019, 12, 31), "security", date(2020, 1, 1)),
        ("2.7.14", date(2020, 1, 2), "endOfLife", date(2020, 1, 1)),
        ("3.4.1", date(2026, 11, 22), "endOfLife", date(2019, 3, 18)),
        ("3.6.4", date(2018, 3, 7), "active", date(2021, 12, 23)),
        ("3.6.4", date(2021, 12, 23), "security", date(2021, 12, 23)),
        ("3.6.4", date(2021, 12, 24), "endOfLife", date(2021, 12, 23)),
        ("3.10.11", date(2026, 10, 31), "security", date(2026, 10, 31)),
        ("3.10.11", date(2026, 11, 1), "endOfLife", date(2026, 10, 31)),
        ("3.12.5", date(2025, 4, 1), "active", date(2028, 10, 31)),
        ("3.12.5", date(2025, 4, 2), "security", date(2028, 10, 31)),
        ("3.13.1", date(2026, 10, 6), "active", date(2029, 10, 31)),
        ("3.13.1", date(2026, 10, 7), "security", date(2029, 10, 31)),
        ("3.14", date(2026, 11, 22), "active", date(2030, 10, 31)),
    ],
)
def test_dates(version, today, state, end):
    found = support(version, today)
    assert (found.state, found.end_of_life) == (state, end)


@pytest.mark.parametrize("minor", ["2.7", *(f"3.{number}" for number in range(4, 15))])
def test_every_version_that_could_be_met_is_known(minor):
    assert support(minor, date(2026, 1, 1)).end_of_life


@pytest.mark.parametrize(
    "version, state",
    [("3.99.0", "active"), ("4.0", "active"), ("2.5", "endOfLife"), ("3.1.5", "endOfLife"), ("3", "endOfLife")],
)
def test_versions_without_known_dates(version, state):
    found = support(version, date(2026, 1, 1))
    assert (found.state, found.end_of_life) == (state, None)


@pytest.mark.parametrize(
    "version, expected",
    [
        ("3.8.10", "end of life 2024-10-07"),
        ("3.12.1", "security fixes only, supported until 2028-10-31"),
        ("3.14.2", "supported until 2030-10-31"),
        ("3.15.0b1", "pre-release, supported until 2031-10-31"),
        ("2.5.6", "no longer supported"),
        ("3.99.0", "supported"),
    ],
)
def test_support_in_words(version, expected):
    known = support(version, date(2026, 11, 26))
    assert support_words(known.state, known.end_of_life) == expected
