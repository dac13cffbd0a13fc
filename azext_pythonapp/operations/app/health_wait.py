"""How long an answer of the app counts as that of a restart which goes on, and what it means in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from azext_pythonapp.appservice.page import FETCH_SECONDS, Page

# An error of the app's own may come from the old process, or from the first moments of the new one: it counts when it
# was there for so long, or for the shorter time when it names the new Python, so that it is the new process's.
SETTLED_SECONDS, NEW_PROCESS_SECONDS = 20.0, 6.0
FEWEST_TRIES = 3
PAUSES = (1.0, 2.0, 2.0, 3.0, 5.0)

Outcome = Literal["good", "asBefore", "bad", "notReached"]


@dataclass(frozen=True)
class Verdict:
    """What became of an app's page.

    outcome: good; asBefore: an error, but the very one that was there before; bad; notReached: nothing is known about
    the app, because the request never reached it.
    """

    page: Page
    outcome: Outcome


def look_before(
    fetch: Callable[[float], Page],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Page:
    """The page before anything is changed; what passes, such as the end of an earlier restart, is given some seconds.

    fetch: gets the page within so many seconds. seconds: for everything.
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
    on_passing: Callable[[Page], None] = lambda page: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Get the page after a restart until it is good, or until what it says instead is sure.

    fetch: gets the page within so many seconds. before: what it was before; None when nobody looked.
    seconds: for everything; what a restart may answer counts only then.
    is_new: whether a page surely is the new process's. on_passing: called with each answer that may pass.
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
            on_passing(page)
        sleep(pause)
    return wait.end()


def is_good(page: Page, before: Page | None) -> bool:
    """Whether an answer is good beyond doubt: 2xx, 3xx on the same host, or what a working app gave before.

    Servers' errors that were there before are not meant: they may pass.
    """
    if page.is_success:
        return True
    if before is None or page.status is None or before.status is None or page.status >= 500:
        return False
    return page.status == before.status or (page.elsewhere is not None and page.elsewhere == before.elsewhere)


def as_it_is(page: Page) -> Verdict:
    """What the page of an app that nothing was done to means."""
    if page.not_reached:
        return Verdict(page, "notReached")
    return Verdict(page, "good" if is_good(page, page) else "asBefore")


class _Wait:
    """The pages so far, and what they add up to."""

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
        """Look at one more page; None while nothing is sure."""
        if is_good(page, self._before):
            return Verdict(page, "good")
        self._unreached = self._unreached + 1 if page.not_reached else 0
        if page.status is not None or page.not_reached or self._last is None:
            self._last = page
        if self._unreached >= FEWEST_TRIES or (page.not_reached is None and self._is_settled(page)):
            return self.end()
        return None

    def end(self) -> Verdict:
        """What the last page means when there is no more waiting."""
        assert self._last is not None
        if self._last.not_reached:
            return Verdict(self._last, "notReached")
        before = self._before
        same = before is not None and before.not_reached is None and before.status == self._last.status
        return Verdict(self._last, "asBefore" if same else "bad")

    def _is_settled(self, page: Page) -> bool:
        """Whether this is an answer of the app's own that has been there for long enough."""
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
    """The page as one instance gives it; not reached when the front end says that another one has answered."""
    page = fetch(seconds, instance=instance)
    if page.instance is not None and page.instance.lower() != instance.lower():
        return replace(page, status=None, not_reached="the front end sent the request to another instance")
    return page
