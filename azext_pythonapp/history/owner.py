"""Which process holds a lease, so that one that has died on this machine is known at once."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PROC = Path("/proc")
_OWNER = re.compile(r"(?P<space>[0-9a-f-]{36} pid:\[\d+\]) (?P<process>\d+) (?P<started>\d+)")


def this_process(proc: Path = _PROC) -> str:
    """Return what names this process among all that ever ran, on Linux; "" elsewhere.

    The boot of the machine, its process id namespace (a container has its own), the process id, and when it started.
    proc: where the kernel shows processes; source: proc(5), "/proc/pid/stat" and "/proc/sys/kernel/random/boot_id".
    """
    try:
        return f"{_space(proc)} {os.getpid()} {_started(proc, os.getpid())}"
    except (OSError, ValueError, IndexError):
        return ""


def has_died(owner: str, proc: Path = _PROC) -> bool:
    """Return whether a process is known to have ended; False for one that is not of this machine, or not known."""
    found = _OWNER.fullmatch(owner)
    try:
        if found is None or found["space"] != _space(proc):
            return False
        return _started(proc, int(found["process"])) != found["started"]
    except FileNotFoundError:
        return True
    except (OSError, ValueError, IndexError):
        return False


def _space(proc: Path) -> str:
    boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {os.readlink(proc / 'self/ns/pid')}"


def _started(proc: Path, process: int) -> str:
    """Return when a process started, in ticks since the boot; a process that nobody has waited for yet has ended."""
    text = (proc / str(process) / "stat").read_text(encoding="ascii", errors="replace")
    state, *rest = text.rpartition(")")[2].split()
    return "" if state in ("Z", "X") else rest[18]
