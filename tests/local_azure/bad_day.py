"""Fault injection in front of an SCM site: the responses that do not come from Kudu
(docs/platform/recorded-traffic.md 1, 2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .front_door import TimeLimit
from .switches import Switches

# An application of ASP.NET that could not begin (docs/platform/recordings/frontend/500_kudu_cold_start.html).
_NOT_BEGUN = """<!DOCTYPE html>
<html>
    <head>
        <title>The pre-application start initialization method Run on type WebActivatorEx.ActivationManager threw an exception \
with the following error message: Exception has been thrown by the target of an invocation..</title>
    </head>
    <body bgcolor="white">
<pre>
[HttpException (0x80004005): The pre-application start initialization method Run on type WebActivatorEx.ActivationManager \
threw an exception with the following error message: Exception has been thrown by the target of an invocation..]
   System.Web.HttpRuntime.FirstRequestInit(HttpContext context) +10087920
</pre>
<b>Version Information:</b>&nbsp;Microsoft .NET Framework Version:4.0.30319; ASP.NET Version:4.8.4494.0
    </body>
</html>"""
# HTTP.sys, where no worker process takes the request (docs/platform/recordings/frontend/503_httpsys.html).
_NO_WORKER = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r
<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r
<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r
<BODY><h2>Service Unavailable</h2>\r
<hr><p>HTTP Error 503. The service is unavailable.</p>\r
</BODY></HTML>\r
"""
_NO_SITE = "<html><head><title>404 Web Site not found.</title></head><body>404 Web Site not found.</body></html>"
_STOPPED = (
    "<html><head><title>Web App - Unavailable</title></head><body><h1>Error 403 - This web app is stopped.</h1></body>"
    "</html>"
)


class BadDay:
    """The ASGI app in front of an SCM site that injects the faults of the site's switches. cut: as in TimeLimit."""

    def __init__(self, app: ASGIApp, switches: Switches, cut: Callable[[int], None]):
        self._app = app
        self._switches = switches
        self._limit = TimeLimit(app, switches, cut)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        switches = self._switches
        if switches.trouble_at not in scope["raw_path"].decode() or scope["method"] not in switches.trouble_methods:
            await self._app(scope, receive, send)
        elif switches.scm_hangs:
            await asyncio.Event().wait()
        elif (answer := self._foreign_answer()) is not None:
            await answer(scope, receive, send)
        elif scope["method"] != "GET" and switches.use_up("scm_lost_times"):
            await self._app(scope, receive, _nowhere)
            await self._limit.give_up(scope, receive, send)
        elif scope["method"] == "GET" and switches.use_up("scm_cut_body_times"):
            await _half(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _foreign_answer(self) -> Response | None:
        wait: Mapping[str, str] = {}
        if self._switches.scm_retry_after is not None:
            wait = {"Retry-After": str(self._switches.scm_retry_after)}
        answers: tuple[tuple[str, Callable[[], Response]], ...] = (
            ("cold_scm_500_times", lambda: HTMLResponse(_NOT_BEGUN, 500)),
            ("cold_scm_503_times", lambda: Response(_NO_WORKER, 503, wait, "text/html; charset=us-ascii")),
            ("scm_429_times", lambda: PlainTextResponse("Too many requests.", 429, wait)),
            ("scm_404_times", lambda: HTMLResponse(_NO_SITE, 404)),
            ("scm_empty_404_times", lambda: Response(status_code=404)),
            ("scm_401_times", lambda: HTMLResponse("401 Unauthorized", 401)),
            ("scm_403_times", lambda: HTMLResponse(_STOPPED, 403)),
        )
        return next((make() for name, make in answers if self._switches.use_up(name)), None)


async def _nowhere(_: Message) -> None:
    """Drop a response."""


async def _half(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Send half of a response's body in chunks, and close the connection before the last one."""
    start: dict[str, object] = {}
    body = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        body.extend(message.get("body", b""))

    await app(scope, receive, collect)
    headers = [pair for pair in start.get("headers", ()) if pair[0].lower() != b"content-length"]  # type: ignore
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(body[: max(1, len(body) // 2)]), "more_body": True})
