"""The SCM site of an app: Kudu's HTTP interface over the site's worker, behind Azure's sign-in
(docs/platform/kudu.md 0, 6)."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import login
from . import environment, log_stream
from .deployments import Deployments
from .feed import Feed
from .processes import Processes
from .settings import Settings
from .vfs import Vfs
from .zip import Zip

if TYPE_CHECKING:
    from ..site import Site


def scm_app(site: Site) -> ASGIApp:
    """Return the ASGI app of the site's SCM host."""
    kudu = Starlette(
        routes=[
            *Vfs(site).routes(),
            *Zip(site).routes(),
            *Deployments(site).routes(),
            *log_stream.routes(site),
            *site.commands.routes(),
            *site.extensions.routes(),
            *Feed().routes(),
            *environment.routes(site),
            *Processes(site).routes(),
            *Settings(site).routes(),
        ],
        exception_handlers={404: _no_route, 405: _no_method},
    )
    kudu.router.redirect_slashes = False
    return _Door(kudu, site)


class _Door:
    """The layer in front of Kudu: sign-in and the affinity cookie."""

    def __init__(self, kudu: ASGIApp, site: Site):
        self._kudu = kudu
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"ARRAffinity={self._site.instance};Path=/;HttpOnly;Secure;Domain={self._site.scm_host}"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        answer = self._refusal(Headers(scope=scope)) or self._kudu
        await answer(scope, receive, with_cookie)

    def _refusal(self, headers: Headers) -> Response | None:
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind == "Bearer" and not self._site.switches.bearer_refused and login.accepts(value):
            return None
        if kind == "Basic" and self._site.basic_auth_allowed and self._is_publisher(value):
            return None
        return HTMLResponse("401 Unauthorized", 401, {"WWW-Authenticate": f'Basic realm="{self._site.scm_host}"'})

    def _is_publisher(self, value: str) -> bool:
        given = base64.b64decode(value).decode()
        wanted = f"{self._site.publishing_user}:{self._site.publishing_password}"
        return hmac.compare_digest(given.encode(), wanted.encode())


async def _no_route(request: Request, _: Exception) -> Response:
    return PlainTextResponse(f"No route registered for '{request.url.path}'", 404)


async def _no_method(request: Request, _: Exception) -> Response:
    return PlainTextResponse(f"The requested resource does not support http method '{request.method}'.", 405)
