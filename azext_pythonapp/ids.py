"""Ids of jobs, recorded changes and replaced folders, such as 20261122-115930-4f2a."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta, timezone

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def new_id(now: datetime | None = None) -> str:
    """Return a new id: the UTC time, so that ids sort by age, and four random hexadecimal digits.

    now: the SCM site's time, so that ids that different clients make sort by age; None to take this machine's.
    """
    moment = now or datetime.now(timezone.utc)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def time_of(identifier: str) -> datetime | None:
    """Return the time (UTC, whole seconds) that an id begins with; None for one that no calendar has."""
    try:
        return datetime.strptime(identifier[:15], "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def id_after(identifier: str, other: str) -> str:
    """Return an id that sorts behind another one: the same, or a new one for the next second.

    Ids of one second sort by chance, and a clock that was set back gives earlier ones. The id stays as it is when the
    other is more than a day ahead, because its clock was wrong then.
    """
    moment, last = time_of(identifier), time_of(other)
    if identifier > other or moment is None or last is None or last - moment > timedelta(days=1):
        return identifier
    return new_id(last + timedelta(seconds=1))
