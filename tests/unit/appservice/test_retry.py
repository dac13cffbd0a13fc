"""For how long a request is repeated, and what the person hears."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from azext_pythonapp.appservice.retry import Outage, Retry, retry_after_seconds


class Clock:
    def __init__(self):
        self.now, self.said = 0.0, []
        self.outage = Outage("the SCM site", self.said.append, lambda: self.now, self.sleep)

    def sleep(self, seconds):
        self.now += seconds


def test_pauses_grow_and_end_with_the_time():
    clock = Clock()
    retry, moments = Retry(clock.outage, 60), []
    while retry.again("503"):
        moments.append(clock.now)
    pauses = [after - before for before, after in zip([0.0, *moments], moments)]
    assert pauses[:5] == sorted(pauses[:5]) and max(pauses) == 10 and moments[-1] == 60


def test_lesser_trouble_has_a_limit_of_its_own():
    clock = Clock()
    retry = Retry(clock.outage, 240)
    while clock.now < 100:
        assert retry.again("503")
    begun = clock.now
    while retry.again("404", limit=30):
        pass
    assert clock.now - begun == pytest.approx(30)
    assert retry.again("503")
    assert retry.again("404", limit=30)


def test_wait_is_reported_once_per_trouble():
    clock = Clock()
    for _ in range(2):
        for _ in range(2):  # two requests meet the same trouble
            retry = Retry(clock.outage)
            while clock.now % 1000 < 40:
                retry.again("it answers 503")
        assert len(clock.said) == 1
        clock.outage.over()
        clock.now, clock.said[:] = 1000.0, []


def test_nothing_is_said_of_short_trouble():
    clock = Clock()
    retry = Retry(clock.outage)
    retry.again("503")
    retry.again("503")
    assert clock.said == []
    retry.again("503", retry_after=30)
    assert len(clock.said) == 1


@pytest.mark.parametrize(
    "value, seconds",
    [
        ("17", 17),
        (" 0 ", 0),
        ("-3", 0),
        ("Thu, 26 Nov 2026 12:00:20 GMT", 20),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        (None, None),
        ("1e9999", None),
    ],
)
def test_retry_after_in_either_form(value, seconds):
    now = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
    assert retry_after_seconds(value, lambda: now) == seconds
