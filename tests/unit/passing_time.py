"""A clock on which pauses take no time."""

from __future__ import annotations

import time


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
