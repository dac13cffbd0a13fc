"""--uploaded-prior-to: only packages that were uploaded before some time, as pip and uv take it."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from azext_pythonapp.errors import InvalidInput

OPTION = "--uploaded-prior-to"
# A number of days, and a date: the releases of pip that introduced each (docs/platform/pylock.md 6).
DURATION, DATE = f"{OPTION} with a number of days", f"{OPTION} with a date"
_DURATION = re.compile(r"P(\d{1,5})([DW])", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?", re.ASCII)


def parse(text: str | None) -> str | None:
    """Return a time in the form that pip and uv understand alike: days, or a moment in UTC. None for none.

    pip and uv take a date without a time for other moments, so it means its beginning in UTC here. Raises InvalidInput.
    """
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip().upper())
    if found is not None:
        return f"P{int(found[1]) * (7 if found[2] == 'W' else 1)}D"
    try:
        if _DATE.fullmatch(text.strip()) is None:
            raise ValueError
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
        moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{OPTION} is {text[:40]!r}, which is neither a number of days nor a date.",
            f"Give whole days or weeks, `{OPTION} P7D` or `P2W`, or a date, `{OPTION} 2026-11-01`.",
        ) from error
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def feature_of(value: str) -> str:
    """Return what pip needs for a time in that form, as packages/pip_versions.py names it."""
    return DURATION if value.startswith("P") else DATE
