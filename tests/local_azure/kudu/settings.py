"""/api/settings: the app's settings, overridden by Kudu's own; changes take effect at once (docs/platform/kudu.md 5.3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import failure

if TYPE_CHECKING:
    from ..site import Site


class Settings:
    """The settings of one site, as its SCM site sees them."""

    def __init__(self, site: Site):
        self._site = site

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [
            Route("/api/settings", self._all, methods=["GET", "POST"]),
            Route("/api/settings/{key}", self._one, methods=["GET", "DELETE"]),
        ]

    async def _all(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse(self._site.app_settings | self._site.kudu_settings)
        body = json.loads(await request.body())
        self._site.kudu_settings.update({name: str(value) for name, value in body.items()})
        return Response(status_code=204)

    async def _one(self, request: Request) -> Response:
        key = request.path_params["key"]
        if request.method == "DELETE":
            self._site.kudu_settings.pop(key, None)
            return Response(status_code=204)
        value = self._site.setting(key)
        return failure(404, f"'{key}' not found.") if value is None else JSONResponse(value)
