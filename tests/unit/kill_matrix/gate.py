"""The gate in front of a local Azure, at which a client is killed after so many requests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.local_azure import login

ARRIVES_SECONDS = 120
COMMAND = "/api/command"
Moment = Literal["answered", "arrived"]


@dataclass
class Kill:
    """When a client is killed.

    number: at which of its requests, sign-in not counted; the requests behind that one reach nothing. moment:
    "answered", when the request has been carried out, and its answer is about to leave; "arrived", when a command has
    reached Azure, which goes on to carry it out: only commands are counted then, because a client that follows a job on
    a busy machine looks more often, and a record that is being written is none that can be judged. kill: set once the
    client has been started.
    """

    number: int
    moment: Moment = "answered"
    count: int = 0
    over: bool = False
    _started: threading.Event = field(default_factory=threading.Event)
    _kill: Callable[[], None] = lambda: None

    def of(self, kill: Callable[[], None]) -> None:
        """Name what kills the client."""
        self._kill = kill
        self._started.set()

    def counts(self, path: str) -> bool:
        """Whether a request is one of those that are counted."""
        return self.moment == "answered" or path == COMMAND

    async def carry_out(self) -> None:
        """Kill the client; return when it is gone."""
        await asyncio.to_thread(self._started.wait)
        await asyncio.to_thread(self._kill)


class Hold:
    """Holds the first request of a kind back until it is released; a context manager.

    request: its method and path, such as "PUT /api/vfs/site/wwwroot/web.config".
    """

    def __init__(self, gate: Gate, request: str):
        self.request = request
        self._gate = gate
        self._arrived, self._released = threading.Event(), threading.Event()

    def __enter__(self) -> Hold:
        self._gate.hold = self
        return self

    def __exit__(self, *exception: object) -> None:
        self._gate.hold = None
        self._released.set()

    def wait(self) -> None:
        """Wait until the request is there."""
        assert self._arrived.wait(ARRIVES_SECONDS), f"no {self.request} came"

    async def take(self, request: str) -> None:
        """Hold a request back if it is the one."""
        if request == self.request and not self._arrived.is_set():
            self._arrived.set()
            await asyncio.to_thread(self._released.wait)


class Refusals:
    """Refuses requests of a kind, as Kudu does for a folder that cannot be written; a context manager.

    request: their method and path. after: how many are carried out before.
    """

    def __init__(self, gate: Gate, request: str, after: int = 0):
        self._gate = gate
        self._request, self._left = request, after

    def __enter__(self) -> Refusals:
        self._gate.refusals = self
        return self

    def __exit__(self, *exception: object) -> None:
        self._gate.refusals = None

    def take(self, request: str) -> Response | None:
        """Return the answer to a request that is refused; None for any other."""
        if request != self._request:
            return None
        self._left -= 1
        return JSONResponse({"Message": "Access is denied."}, 409) if self._left < 0 else None


class Gate:
    """Passes all requests on, or those of a client until it is killed."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self.plan: Kill | None = None
        self.hold: Hold | None = None
        self.refusals: Refusals | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan = self.plan
        if self.hold is not None:
            await self.hold.take(f"{scope['method']} {scope['path']}")
        refused = self.refusals.take(f"{scope['method']} {scope['path']}") if self.refusals is not None else None
        if refused is not None:
            await refused(scope, receive, send)
            return
        if plan is None or Headers(scope=scope)["host"].partition(":")[0].lower() == login.HOST:
            await self._app(scope, receive, send)
            return
        counted = plan.counts(scope["path"])
        plan.count += counted
        if plan.over or plan.count > plan.number:
            await _gone(receive)
        elif plan.count < plan.number or not counted:
            await self._app(scope, receive, send)
        elif plan.moment == "answered":
            plan.over = True
            await self._answered(plan, scope, receive)
            await _gone(receive)
        else:
            plan.over = True
            await self._arrived(plan, scope, receive)
            await _gone(receive)

    async def _answered(self, plan: Kill, scope: Scope, receive: Receive) -> None:
        async def nowhere(message: Message) -> None:
            if message["type"] == "http.response.start":
                await plan.carry_out()

        await self._app(scope, receive, nowhere)

    async def _arrived(self, plan: Kill, scope: Scope, receive: Receive) -> None:
        whole = asyncio.Event()

        async def noting() -> Message:
            message = await receive()
            if not message.get("more_body"):
                whole.set()
            return message

        async def nowhere(message: Message) -> None:
            pass

        work = asyncio.ensure_future(self._app(scope, noting, nowhere))
        first = asyncio.ensure_future(whole.wait())
        await asyncio.wait({work, first}, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        await plan.carry_out()
        await work


async def _gone(receive: Receive) -> None:
    """Wait until the client of a request is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
