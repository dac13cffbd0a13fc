"""Ids sort by the second that they were made in, and can be moved behind another one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from azext_pythonapp.ids import ID, id_after, new_id, time_of

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
MIDDLE = "20261126-120000-8000"


def test_an_id_tells_its_time():
    made = new_id(NOW)
    assert ID.fullmatch(made) and time_of(made) == NOW


@pytest.mark.parametrize("odd", ["", "20261341-120000-8000", "20261126-12", "lease"])
def test_no_time_of_what_is_no_id(odd):
    assert time_of(odd) is None


@pytest.mark.parametrize("other", ["20261126-120000-7fff", "20261126-115959-ffff", "", "lease"])
def test_an_id_that_sorts_behind_stays(other):
    assert id_after(MIDDLE, other) == MIDDLE


@pytest.mark.parametrize("other", [MIDDLE, "20261126-120000-ffff", "20261126-121500-0000"])
def test_an_id_is_moved_behind_another(other):
    """Ids of one second sort by chance, and a worker's clock may have been set back."""
    moved = id_after(MIDDLE, other)
    last = time_of(other)
    assert moved > other and last is not None and time_of(moved) == last + timedelta(seconds=1)


def test_an_id_is_not_moved_into_another_year():
    """The other one's clock was wrong; every id from now on would be."""
    assert id_after(MIDDLE, "20991231-235959-0000") == MIDDLE
