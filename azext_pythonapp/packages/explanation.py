"""What a failure is explained with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """reason: one sentence. advice: what to do about it."""

    reason: str
    advice: str
