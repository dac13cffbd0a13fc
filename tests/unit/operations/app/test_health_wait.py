"""How long an answer counts as that of a restart, and what counts in the end. No real clock: `Time` is one."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.page import Page
from azext_pythonapp.operations.app.health_wait import (
    FEWEST_TRIES,
    SETTLED_SECONDS,
    fetch_before,
    fetch_instance,
    judge_unchanged,
    wait_for_page,
)

GOOD, NOT_FOUND, SIGN_IN = Page(200, ""), Page(404, "no"), Page(302, "", elsewhere="login.example")
IIS_500, IIS_502 = Page(500, "x", "HTTP Error 500.0 - Internal Server Error"), Page(502, "HTTP Error 502.5")
UNAVAILABLE, SILENT = Page(503, "Service Unavailable"), Page(None, "no answer")
OWN_500 = Page(500, "ValueError: x", 'Traceback (most recent call last):\nFile "D:\\home\\python311x64\\wfastcgi.py"')
STOPPED = Page(None, "stopped", not_reached="the app is stopped")


class Time:
    """A clock that goes on by each sleep, and by a second with each page. pages: the last one is repeated."""

    def __init__(self, *pages):
        self.now, self.pages, self.fetched = 1000.0, list(pages), 0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def fetch(self, seconds):
        assert seconds > 0
        self.now += 1
        self.fetched += 1
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def outcome(time, before=GOOD, seconds=120.0, **options):
    verdict = wait_for_page(time.fetch, before, seconds, clock=time.clock, sleep=time.sleep, **options)
    return verdict.outcome, verdict.page.status


@pytest.mark.parametrize(
    "page, before",
    [
        (GOOD, None),
        (GOOD, Page(500, "")),
        (Page(302, ""), GOOD),
        (NOT_FOUND, NOT_FOUND),
        (Page(401, ""), Page(401, "")),
        (Page(400, ""), Page(400, "")),
        (Page(405, ""), Page(405, "")),
        (Page(429, ""), Page(429, "")),
        (SIGN_IN, SIGN_IN),
        (Page(301, "", elsewhere="login.example"), SIGN_IN),
    ],
)
def test_good_at_once(page, before):
    time = Time(page)
    assert outcome(time, before) == ("good", page.status) and time.fetched == 1


@pytest.mark.parametrize(
    "page, before",
    [
        (NOT_FOUND, GOOD),
        (NOT_FOUND, None),
        (Page(401, ""), Page(403, "")),
        (SIGN_IN, GOOD),
        (Page(302, "", elsewhere="other.example"), GOOD),
        (OWN_500, GOOD),
    ],
)
def test_another_error_than_before_is_bad_when_it_has_settled(page, before):
    time = Time(page)
    assert outcome(time, before) == ("bad", page.status)
    assert time.fetched >= FEWEST_TRIES and SETTLED_SECONDS <= time.now - 1000 <= SETTLED_SECONDS + 12


@pytest.mark.parametrize(
    "pages",
    [
        [IIS_500] * 9,
        [IIS_502] * 9,
        [UNAVAILABLE] * 9,
        [SILENT] * 9,
        [OWN_500] * 4,
        [IIS_500, IIS_502, UNAVAILABLE, SILENT, NOT_FOUND, OWN_500, IIS_500],
        [STOPPED] * 2,
    ],
)
def test_what_passes_is_waited_for(pages):
    assert outcome(Time(*pages, GOOD)) == ("good", 200)


@pytest.mark.parametrize("page", [IIS_500, IIS_502, UNAVAILABLE, SILENT])
@pytest.mark.parametrize("seconds", [30.0, 300.0])
def test_it_counts_when_the_wait_is_over(page, seconds):
    time = Time(page)
    assert outcome(time, seconds=seconds) == ("bad", page.status)
    assert seconds - 10 <= time.now - 1000 <= seconds + 1


def test_an_error_that_names_the_new_python_counts_sooner():
    time = Time(OWN_500)
    assert outcome(time, is_new=lambda page: "python311x64" in page.text) == ("bad", 500)
    assert time.fetched >= FEWEST_TRIES and time.now - 1000 < SETTLED_SECONDS


@pytest.mark.parametrize("page", [OWN_500, IIS_500, UNAVAILABLE, SILENT])
def test_an_app_that_was_broken_before_is_as_before(page):
    assert outcome(Time(page), before=page) == ("asBefore", page.status)


@pytest.mark.parametrize("before", [None, STOPPED, GOOD])
def test_what_nobody_saw_before_is_not_as_before(before):
    assert outcome(Time(SILENT), before=before) == ("bad", None)


def test_a_page_that_is_not_reached_is_no_verdict():
    time = Time(STOPPED)
    assert outcome(time) == ("notReached", None) and time.fetched == FEWEST_TRIES
    assert outcome(Time(STOPPED), seconds=1.0) == ("notReached", None)
    assert outcome(Time(IIS_500, STOPPED)) == ("notReached", None)


def test_a_single_failed_request_does_not_hide_what_answered():
    assert outcome(Time(UNAVAILABLE, SILENT), seconds=3.0) == ("bad", 503)


def test_error_count_restarts_after_another_error():
    time = Time(*[OWN_500] * 4, IIS_500, *[OWN_500] * 4, GOOD)
    assert outcome(time) == ("good", 200)


@pytest.mark.parametrize(
    "pages, status, fetched",
    [
        ([GOOD], 200, 1),
        ([NOT_FOUND], 404, 1),
        ([OWN_500], 500, 1),
        ([UNAVAILABLE, GOOD], 200, 2),
        ([STOPPED, SILENT, GOOD], 200, 3),
        ([UNAVAILABLE], 503, 3),
    ],
)
def test_fetching_before(pages, status, fetched):
    time = Time(*pages)
    page = fetch_before(time.fetch, 120.0, time.clock, time.sleep)
    assert (page.status, time.fetched) == (status, fetched)


def test_fetching_before_keeps_to_its_time():
    time = Time(UNAVAILABLE)
    fetch_before(time.fetch, 1.5, time.clock, time.sleep)
    assert time.fetched == 1


@pytest.mark.parametrize(
    "page, expected",
    [
        (GOOD, "good"),
        (NOT_FOUND, "good"),
        (SIGN_IN, "good"),
        (OWN_500, "asBefore"),
        (SILENT, "asBefore"),
        (STOPPED, "notReached"),
    ],
)
def test_where_nothing_was_changed(page, expected):
    assert judge_unchanged(page).outcome == expected


@pytest.mark.parametrize("answered, status", [("ab12", 200), ("AB12", 200), (None, 200), ("ffff", None)])
def test_another_instance_s_page_is_not_this_one_s(answered, status):
    page = fetch_instance(lambda seconds, instance: Page(200, "", instance=answered), "ab12", 1.0)
    assert page.status == status and bool(page.not_reached) == (status is None)
