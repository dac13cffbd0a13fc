"""The formats of Kudu's responses: errors as JSON, times, entity tags."""

from __future__ import annotations

import os
from datetime import datetime, timezone

from starlette.responses import JSONResponse

_TICKS_AT_1970 = 621_355_968_000_000_000


def failure(status: int, message: str, error: str | None = None, kind: str = "System.IO.IOException") -> JSONResponse:
    """An error of ASP.NET Web API: `Message`, and the exception where there was one (docs/platform/kudu.md 0)."""
    content = {"Message": message}
    if error is not None:
        content |= {"ExceptionMessage": error, "ExceptionType": kind, "StackTrace": "   at Kudu.Services"}
    return JSONResponse(content, status)


def entity_tag(stat: os.stat_result) -> str:
    """The ETag of a file: LastWriteTimeUtc.Ticks, little-endian hexadecimal, quoted (docs/platform/kudu.md 3.2)."""
    return f'"{ticks(stat).to_bytes(8, "little").hex()}"'


def ticks(stat: os.stat_result) -> int:
    """The file's time in .NET ticks: 100 ns since the year 1."""
    return stat.st_mtime_ns // 100 + _TICKS_AT_1970


def timestamp(stat: os.stat_result) -> str:
    """The file's time as Newtonsoft writes a DateTimeOffset: seven digits after the second."""
    seconds, fraction = divmod(stat.st_mtime_ns // 100, 10_000_000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{fraction:07d}+00:00"


def http_date(stat: os.stat_result) -> str:
    """The file's time for Last-Modified."""
    return f"{datetime.fromtimestamp(stat.st_mtime, timezone.utc):%a, %d %b %Y %H:%M:%S} GMT"
