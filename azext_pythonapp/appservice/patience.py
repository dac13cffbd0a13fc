"""How long a request that met trouble is repeated, and when the person hears of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import chain, repeat

# A cold SCM site takes up to so long (docs/platform/kudu.md 6); nothing is repeated for longer.
TOTAL_SECONDS = 240.0
# Whoever waits so long wants to know why.
SILENT_SECONDS = 10.0
PAUSES = (1.0, 2.0, 3.0, 5.0, 8.0)
LONGEST_PAUSE = 10.0


class Trouble:
    """One service's present trouble, shared by all that ask it: the person is told of it once, until it is over.

    subject: how the message names the service: "the SCM site of app 'shop'". say: takes one line for the person.
    clock: seconds, monotonic. sleep: passes so many seconds.
    """

    def __init__(
        self,
        subject: str,
        say: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.clock = clock
        self.sleep = sleep
        self._subject = subject
        self._say = say
        self._since: float | None = None
        self._told = False

    def met(self, reason: str, pause: float, left: float) -> None:
        """Take note of trouble, before a pause of so many seconds; `left`: for how long it is going to be tried."""
        now = self.clock()
        if self._since is None:
            self._since = now
        if not self._told and now + pause - self._since >= SILENT_SECONDS:
            self._told = True
            self._say(f"Waiting for {self._subject}, for at most {left:.0f} s more: {reason}.")

    def over(self) -> None:
        """The service answered as it should."""
        self._since = None
        self._told = False


class Retry:
    """The tries of one request.

    total: seconds from now on until there is no further try. sleep: instead of the trouble's own.
    """

    def __init__(self, trouble: Trouble, total: float = TOTAL_SECONDS, sleep: Callable[[float], None] | None = None):
        self._trouble = trouble
        self._total = total
        self._sleep = sleep or trouble.sleep
        self._begun = trouble.clock()
        self._worth: tuple[float, float] | None = None
        self._pauses: Iterator[float] = chain(PAUSES, repeat(LONGEST_PAUSE))

    @property
    def seconds(self) -> float:
        """How long it has been tried."""
        return self._trouble.clock() - self._begun

    def again(self, reason: str, retry_after: float | None = None, total: float | None = None) -> bool:
        """Wait, and say whether to try once more; False, without a wait, when the time is up.

        reason: what the trouble is, in a few words. retry_after: the pause in seconds that the service asked for; it is
        taken as far as the time allows. total: seconds, where this trouble is worth less time than others; they count
        from when it, and no other, was met.
        """
        now = self._trouble.clock()
        if total is None or self._worth is None or self._worth[0] != total:
            self._worth = None if total is None else (total, now)
        left = self._total - (now - self._begun)
        if self._worth is not None:
            left = min(left, self._worth[0] - (now - self._worth[1]))
        if left <= 0:
            return False
        pause = min(max(next(self._pauses), retry_after or 0.0), left)
        self._trouble.met(reason, pause, left)
        self._sleep(pause)
        return True


def retry_after_seconds(
    value: str | None, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
) -> float | None:
    """The pause that a Retry-After header asks for: seconds or a date; None for no header, or one that is neither."""
    if not value:
        return None
    try:
        return max(0.0, float(int(value.strip())))
    except ValueError:
        pass
    except OverflowError:
        return None
    moment = http_date(value)
    return None if moment is None else max(0.0, (moment - now()).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """The time in a header such as Date, in UTC, which is also what one without a zone means; None for none."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
