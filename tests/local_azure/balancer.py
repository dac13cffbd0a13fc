"""The front end of one app: its own error pages, and the choice of an instance by the affinity cookie."""

from __future__ import annotations

import itertools

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .frontend import pages
from .site import Instance, Site

AFFINITY = "ARRAffinity"


class Balancer:
    """The ASGI app of a site's own host.

    A client without an affinity cookie, or with one of an instance that is gone, gets the next instance and its two
    cookies (docs/platform/recordings/kudu/affinity_cookies_2024.json).
    """

    def __init__(self, site: Site):
        self._site = site
        self._turns = itertools.cycle(site.instances)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = self._refusal()
        if answer is None:
            wanted = request.cookies.get(AFFINITY) if self._site.client_affinity else None
            known = next((instance for instance in self._site.instances if instance.id == wanted), None)
            instance = known or next(self._turns)
            answer = self._restarting(instance) or await instance.front_end.answer(request)
            if known is None and self._site.client_affinity:
                self._add_cookies(answer, instance)
        await answer(scope, receive, send)

    def _refusal(self) -> Response | None:
        if self._site.switches.ip_forbidden:
            return pages.ip_forbidden("203.0.113.7")
        return pages.site_stopped() if self._site.state == "QuotaExceeded" else None

    def _restarting(self, instance: Instance) -> Response | None:
        left = self._site.pages_to_come.get(instance.id)
        return pages.restarting(left.pop(0)) if left else None

    def _add_cookies(self, answer: Response, instance: Instance) -> None:
        end = f"Secure;Domain={self._site.host}"
        for cookie in (
            f"{AFFINITY}={instance.id};Path=/;HttpOnly;{end}",
            f"{AFFINITY}SameSite={instance.id};Path=/;HttpOnly;SameSite=None;{end}",
        ):
            answer.raw_headers.append((b"set-cookie", cookie.encode("ascii")))
