"""How many requests Resource Manager takes: a token bucket for each subscription, principal and kind of request
(docs/platform/resource-manager.md 2)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["reads", "writes", "deletes"]
_KINDS: Mapping[str, Kind] = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


def kind_of(method: str) -> Kind:
    """What a request counts as."""
    return _KINDS.get(method, "writes")


@dataclass(frozen=True)
class Allowance:
    """A bucket: how many requests it holds, and how many come back each second."""

    size: int
    refill: float


@dataclass
class _Level:
    tokens: float
    seen: float


@dataclass
class ArmBudget:
    """The buckets. Tests may set each allowance and the clock; refused: how many requests were."""

    reads: Allowance = Allowance(250, 25)
    writes: Allowance = Allowance(200, 10)
    deletes: Allowance = Allowance(200, 10)
    now: Callable[[], float] = time.monotonic
    refused: int = 0
    _levels: dict[tuple[str, str, Kind], _Level] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def take(self, subscription: str, principal: str, kind: Kind) -> tuple[int, int | None]:
        """Take a token: how many are left, and the seconds to wait when there was none."""
        allowance: Allowance = getattr(self, kind)
        with self._lock:
            now = self.now()
            level = self._levels.setdefault((subscription, principal, kind), _Level(allowance.size, now))
            level.tokens = min(allowance.size, level.tokens + (now - level.seen) * allowance.refill)
            level.seen = now
            if level.tokens < 1:
                self.refused += 1
                return 0, max(1, math.ceil((1 - level.tokens) / allowance.refill))
            level.tokens -= 1
            return int(level.tokens), None

    def fill(self) -> None:
        """Fill all buckets, and forget the refusals."""
        with self._lock:
            self._levels.clear()
            self.refused = 0
