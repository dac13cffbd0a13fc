"""/api/environment: the version of Kudu (docs/platform/kudu.md 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .answers import timestamp

if TYPE_CHECKING:
    from ..site import Site

VERSION = "104.60910.5.0"


def routes(site: Site) -> list[Route]:
    """The routes of this part of the SCM site."""

    async def environment(_: Request) -> JSONResponse:
        root = await run_in_threadpool(site.linux_path, site.windows_path("site/wwwroot"))
        return JSONResponse({"version": VERSION, "siteLastModified": timestamp(root.stat())})

    return [Route("/api/environment", environment, methods=["GET"])]
