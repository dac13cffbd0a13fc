"""Azure's edge: routing by host name, the log of requests, and the front end's time limit."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .switches import Switches

_NOT_FOUND = "<html><head><title>404 Web Site not found.</title></head><body>404 Web Site not found.</body></html>"
# The 230 s limit of the front end; 500 is what most see (docs/platform/recordings/frontend/500_request_timed_out.html).
_TOO_LATE = {
    500: '<html><head><title>500 - The request timed out.</title></head><body><font color ="#aa0000">         '
    "<h2>500 - The request timed out.</h2></font>  The web server failed to respond within the specified "
    "time.</body></html>",
    502: "The web server received an invalid response while acting as a gateway or proxy server.",
    504: "504.0 GatewayTimeout",
}


@dataclass
class Exchange:
    """One request and its response. path: with the query; status: None while there is no response; auth: `Bearer`,
    `Basic` or None. Credentials are not recorded."""

    method: str
    host: str
    path: str
    auth: str | None
    status: int | None = None

    def __str__(self) -> str:
        return f"{self.method} https://{self.host}{self.path} -> {self.status}"


class Rounds:
    """Holds back the requests of each round until all of them are under way at the same time.

    sizes: how many requests each round has. More requests than that pass at once. arrived: how many there were.
    """

    def __init__(self, sizes: Sequence[int]):
        ends = list(itertools.accumulate(sizes))
        self._rounds = [(end, asyncio.Event()) for end in ends]
        self.arrived = 0

    async def wait(self) -> None:
        """Let one request wait for the others of its round."""
        self.arrived += 1
        number = self.arrived
        for end, complete in self._rounds:
            if number == end:
                complete.set()
            if number <= end:
                await complete.wait()
                return


class FrontDoor:
    """The ASGI app for all hosts: passes each request to the app of its host, and records it.

    delay: seconds that each request takes longer. rounds: what requests wait for, sign-in not among them.
    """

    def __init__(self, app_of: Callable[[str], ASGIApp | None], sign_in: str):
        self._app_of = app_of
        self._sign_in = sign_in
        self.delay = 0.0
        self.rounds: Rounds | None = None
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host = headers["host"].partition(":")[0].lower()
        query = scope["query_string"].decode()
        exchange = Exchange(
            scope["method"],
            host,
            scope["raw_path"].decode() + ("?" + query if query else ""),
            headers.get("authorization", "").partition(" ")[0] or None,
        )
        self.exchanges.append(exchange)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        await asyncio.sleep(self.delay)
        if self.rounds is not None and host != self._sign_in:
            await self.rounds.wait()
        app = self._app_of(host) or HTMLResponse(_NOT_FOUND, 404)
        try:
            await app(scope, receive, noting)
        except ClientDisconnect:
            pass  # a person pressed Ctrl-C; IIS prints no traceback to them either


def too_late(status: int | str) -> HTMLResponse:
    """Return the front end's page for a request that timed out; 502 where the connection should have been closed."""
    number = status if isinstance(status, int) else 502
    page = _TOO_LATE[number]
    return HTMLResponse(page if page.startswith("<html>") else f"<html><body>{page}</body></html>", number)


class TimeLimit:
    """Times out a request that has no response after `front_end_limit` seconds; the app continues to work on it.

    cut: closes a client's connection, named by the port that it comes from (proxy.Proxy.cut).
    """

    def __init__(self, app: ASGIApp, switches: Switches, cut: Callable[[int], None]):
        self._app = app
        self._switches = switches
        self._cut = cut
        self._abandoned: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered, late = asyncio.Event(), asyncio.Event()

        async def unless_late(message: Message) -> None:
            if not late.is_set():
                answered.set()
                await send(message)

        work = asyncio.ensure_future(self._app(scope, receive, unless_late))
        first = asyncio.ensure_future(answered.wait())
        await asyncio.wait({work, first}, timeout=self._switches.front_end_limit, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if work.done() or answered.is_set():
            await work
            return
        late.set()
        self._abandoned.add(work)
        work.add_done_callback(self._abandoned.discard)
        await self.give_up(scope, receive, send)

    async def give_up(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the client what it gets when a request times out."""
        if self._switches.front_end_cut == "closed":
            self._cut(scope["client"][1])
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await too_late(self._switches.front_end_cut)(scope, receive, send)
