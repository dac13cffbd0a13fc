"""Wait for the app's page after a restart, and judge the last answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from azext_pythonapp.appservice.page import FETCH_SECONDS, Page

# An error of the app itself may come from the old process, or from the first moments of the new one. It counts after
# SETTLED_SECONDS; after NEW_PROCESS_SECONDS when it names the new Python, so that it comes from the new process.
SETTLED_SECONDS, NEW_PROCESS_SECONDS = 20.0, 6.0
FEWEST_TRIES = 3
PAUSES = (1.0, 2.0, 2.0, 3.0, 5.0)

Outcome = Literal["good", "asBefore", "bad", "notReached"]


@dataclass(frozen=True)
class Verdict:
    """What is known of an app's page.

    outcome: good; asBefore: the same error as before the change; bad; notReached: nothing is known about the app,
    because the request never reached it.
    """

    page: Page
    outcome: Outcome


def fetch_before(
    fetch: Callable[[float], Page],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Page:
    """Fetch the page before anything is changed; fetch it again while a transient error, as of a restart, is there.

    fetch: gets the page within that many seconds. seconds: for everything.
    """
    deadline = clock() + seconds
    for pause in (*PAUSES[: FEWEST_TRIES - 1], None):
        page = fetch(max(1.0, min(FETCH_SECONDS, deadline - clock())))
        if pause is None or not (page.is_transient or page.not_reached) or clock() + pause >= deadline:
            break
        sleep(pause)
    return page


def wait_for_page(
    fetch: Callable[[float], Page],
    before: Page | None,
    seconds: float,
    is_new: Callable[[Page], bool] = lambda page: False,
    on_transient: Callable[[Page], None] = lambda page: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Fetch the page after a restart until it is good, or until its error is certain; return the verdict.

    fetch: gets the page within that many seconds. before: the page before the change; None when it was not fetched.
    seconds: for everything; a transient error counts only at the end.
    is_new: returns whether a page certainly comes from the new process. on_transient: called with each answer that is
    not final.
    """
    wait = _Wait(before, is_new, clock)
    deadline = clock() + seconds
    for number in range(1, 1 << 30):
        left = deadline - clock()
        page = fetch(max(1.0, min(left, max(FETCH_SECONDS, left / 2))))
        verdict = wait.take(page)
        if verdict is not None:
            return verdict
        pause = PAUSES[min(number, len(PAUSES)) - 1]
        if clock() + pause >= deadline:
            break
        if not page.not_reached:
            on_transient(page)
        sleep(pause)
    return wait.end()


def is_good(page: Page, before: Page | None) -> bool:
    """Return whether an answer is good: 2xx, 3xx on the same host, or what a working app answered before.

    A server error that was there before is not good, because it may be transient.
    """
    if page.is_success:
        return True
    if before is None or page.status is None or before.status is None or page.status >= 500:
        return False
    return page.status == before.status or (page.elsewhere is not None and page.elsewhere == before.elsewhere)


def judge_unchanged(page: Page) -> Verdict:
    """Return the verdict on the page of an app that was not changed."""
    if page.not_reached:
        return Verdict(page, "notReached")
    return Verdict(page, "good" if is_good(page, page) else "asBefore")


class _Wait:
    """The pages so far, and the verdict on them."""

    def __init__(self, before: Page | None, is_new: Callable[[Page], bool], clock: Callable[[], float]):
        self._before = before
        self._is_new = is_new
        self._clock = clock
        self._last: Page | None = None
        self._unreached = 0
        self._status: int | None = None
        self._since = 0.0
        self._tries = 0

    def take(self, page: Page) -> Verdict | None:
        """Add one more page; return None while no verdict is certain."""
        if is_good(page, self._before):
            return Verdict(page, "good")
        self._unreached = self._unreached + 1 if page.not_reached else 0
        if page.status is not None or page.not_reached or self._last is None:
            self._last = page
        if self._unreached >= FEWEST_TRIES or (page.not_reached is None and self._is_settled(page)):
            return self.end()
        return None

    def end(self) -> Verdict:
        """Return the verdict on the last page, when the time is over."""
        assert self._last is not None
        if self._last.not_reached:
            return Verdict(self._last, "notReached")
        before = self._before
        same = before is not None and before.not_reached is None and before.status == self._last.status
        return Verdict(self._last, "asBefore" if same else "bad")

    def _is_settled(self, page: Page) -> bool:
        """Return whether this error comes from the app itself and has been there for long enough."""
        if page.is_transient:
            self._status = None
            return False
        now = self._clock()
        if page.status != self._status:
            self._status, self._since, self._tries = page.status, now, 0
        self._tries += 1
        enough = NEW_PROCESS_SECONDS if self._is_new(page) else SETTLED_SECONDS
        return self._tries >= FEWEST_TRIES and now - self._since >= enough


def fetch_instance(fetch: Callable[..., Page], instance: str, seconds: float) -> Page:
    """Fetch the page from one instance; it counts as not reached when another instance answered."""
    page = fetch(seconds, instance=instance)
    if page.instance is not None and page.instance.lower() != instance.lower():
        return replace(page, status=None, not_reached="the front end sent the request to another instance")
    return page
