"""Time in tests: a clock on which pauses take none, and the end of a posted command."""

from __future__ import annotations

import time

from azext_pythonapp.worker import PendingCommand


class Time:
    """Seconds go by as they do, and pauses at once. pauses: the pauses so far."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def clock(self) -> float:
        """Seconds."""
        return time.monotonic() + sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.pauses.append(seconds)


def ends_without_result(pending: PendingCommand, seconds: float = 60) -> bool:
    """Whether a posted command ends in time, and without a result."""
    started = time.monotonic()
    pending.sleep(seconds)
    return time.monotonic() - started < seconds and pending.result() is None
