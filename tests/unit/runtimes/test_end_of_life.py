"""Until when python.org supports a version."""

from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.runtimes.end_of_life import support, support_words


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
