"""Many apps at once, whose workers are scripted: no Windows, little memory, ready when they are first asked."""

from __future__ import annotations

from .fleet import Fault, Fleet

__all__ = ["Fault", "Fleet"]
