"""/logstream: what is appended to the app's log files, as it comes (docs/platform/kudu.md 9.4)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from ..site import Site

_WELCOME = (
    "Welcome, you are now connected to log-streaming service. The default timeout is 2 hours. Change the timeout with "
    "the App Setting SCM_LOGSTREAM_TIMEOUT (in seconds). "
)
_ENDINGS = (".txt", ".log", ".htm")
_LOOK = 0.2
_HEARTBEAT = 60.0
_TIMEOUT = "7200"


def routes(site: Site) -> list[Route]:
    """The routes of this part of the SCM site; those without /api are the ones that az uses."""

    async def stream(request: Request) -> Response:
        folder = site.linux_path(site.windows_path("LogFiles/" + request.path_params.get("path", "")))
        await run_in_threadpool(folder.mkdir, parents=True, exist_ok=True)
        return StreamingResponse(_appended(site, folder), media_type="text/plain")

    return [
        Route(prefix + path, stream, methods=["GET"])
        for prefix in ("/logstream", "/api/logstream")
        for path in ("", "/{path:path}")
    ]


async def _appended(site: Site, folder: Path) -> AsyncIterator[bytes]:
    """What is appended from now on; a heartbeat in each silent minute; the end when the SCM site ends."""
    ends = await run_in_threadpool(_sizes, folder)
    yield _line(_WELCOME)
    recycles, began = site.scm_recycles, time.monotonic()
    heard = began
    while time.monotonic() - began < float(site.setting("SCM_LOGSTREAM_TIMEOUT") or _TIMEOUT):
        await asyncio.sleep(_LOOK)
        if site.scm_recycles != recycles:
            yield b"\r\n" + _line("The application was terminated.")
            return
        content = await run_in_threadpool(_new, folder, ends)
        if content:
            heard = time.monotonic()
            yield content
        elif time.monotonic() - heard >= _HEARTBEAT:
            heard = time.monotonic()
            yield _line("No new trace in the past 1 min(s).")


def _sizes(folder: Path) -> dict[Path, int]:
    files = [path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file()]
    return {path: path.stat().st_size for path in files}


def _new(folder: Path, ends: dict[Path, int]) -> bytes:
    """What the files have more than at `ends`, which is brought up to date; one that became shorter begins again."""
    content = b""
    for path, size in _sizes(folder).items():
        start = ends.get(path, 0)
        start = 0 if size < start else start
        with path.open("rb") as file:
            file.seek(start)
            content += file.read(size - start)
        ends[path] = size
    return content


def _line(text: str) -> bytes:
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S}  {text}\r\n".encode("ascii")
