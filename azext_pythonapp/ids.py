"""Ids of jobs, recorded changes and replaced folders, such as 20261122-115930-4f2a."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timezone

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def new_id(now: datetime | None = None) -> str:
    """Return a new id: the UTC time, so that ids sort by age, and four random hexadecimal digits.

    now: the SCM site's time, so that ids that different clients make sort by age; None to take this machine's.
    """
    moment = now or datetime.now(timezone.utc)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
