"""How long a request is retried after a transient error, and when the user is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import chain, repeat

# A cold SCM site takes up to this long (docs/platform/kudu.md 6); nothing is retried for longer.
TOTAL_SECONDS = 240.0
# The user is told of a wait that takes this long.
SILENT_SECONDS = 10.0
PAUSES = (1.0, 2.0, 3.0, 5.0, 8.0)
MAX_PAUSE = 10.0


class Outage:
    """The current outage of one service, shared by all its requests: the user is told of it once, until it is over.

    Several threads can use it at the same time.
    service: its name in messages: "the SCM site of app 'shop'". say: takes one line for the user.
    clock: seconds, monotonic. sleep: waits for so many seconds.
    """

    def __init__(
        self,
        service: str,
        say: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.clock = clock
        self.sleep = sleep
        self._service = service
        self._say = say
        self._since: float | None = None
        self._reported = False
        self._lock = threading.Lock()

    def note(self, reason: str, pause: float, left: float) -> None:
        """Note a transient error before a pause. pause: its seconds; left: seconds until there is no further try."""
        now = self.clock()
        with self._lock:
            if self._since is None:
                self._since = now
            report = not self._reported and now + pause - self._since >= SILENT_SECONDS
            self._reported = self._reported or report
        if report:
            self._say(f"Waiting for {self._service}, up to {left:.0f} s: {reason}.")

    def over(self) -> None:
        """Note that the service answers again."""
        with self._lock:
            self._since = None
            self._reported = False


class Retry:
    """The tries of one request.

    total: seconds from now until there is no further try. sleep: in place of the outage's own.
    """

    def __init__(self, outage: Outage, total: float = TOTAL_SECONDS, sleep: Callable[[float], None] | None = None):
        self._outage = outage
        self._total = total
        self._sleep = sleep or outage.sleep
        self._started = outage.clock()
        self._limit: tuple[float, float] | None = None
        self._pauses: Iterator[float] = chain(PAUSES, repeat(MAX_PAUSE))

    @property
    def seconds(self) -> float:
        """Return how long it has been tried."""
        return self._outage.clock() - self._started

    def again(self, reason: str, retry_after: float | None = None, limit: float | None = None) -> bool:
        """Wait, and return whether to try again; False, without a wait, when the time is up.

        reason: the error in a few words. retry_after: the pause in seconds that the service asked for, kept to as far
        as the time allows. limit: seconds, where this kind of error is retried for a shorter time than others; counted
        from the first of an unbroken row of such errors.
        """
        now = self._outage.clock()
        if limit is None or self._limit is None or self._limit[0] != limit:
            self._limit = None if limit is None else (limit, now)
        left = self._total - (now - self._started)
        if self._limit is not None:
            left = min(left, self._limit[0] - (now - self._limit[1]))
        if left <= 0:
            return False
        pause = min(max(next(self._pauses), retry_after or 0.0), left)
        self._outage.note(reason, pause, left)
        self._sleep(pause)
        return True


def retry_after_seconds(
    value: str | None, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
) -> float | None:
    """Return the pause that a Retry-After header asks for, in seconds; None for no header or an invalid one.

    value: seconds or a date.
    """
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
    """Return the time in a header such as Date, in UTC (assumed where no zone is given); None for an invalid one."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def seconds_of(text: str) -> float | None:
    """Return the seconds of a time that Resource Graph writes as hours, minutes and seconds, `00:00:05`; else None."""
    parts = text.strip().split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    found = hours * 3600 + minutes * 60 + seconds
    return found if 0 <= found < float("inf") else None
