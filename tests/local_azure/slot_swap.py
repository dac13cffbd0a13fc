"""`…/slotsswap`: the app of one slot changes places with that of another (docs/platform/kudu.md 10).

Resource Manager accepts the request and names an address that answers 202 until the swap is done, then 200 with the
slot (recorded by azure-cli, docs/platform/kudu.md 10.2). Not imitated: slot settings, which no app here has, and the
warm-up of the source slot.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .arm_shapes import site_resource
from .site import Site

Answer = Callable[[Request, Site], Awaitable[Response]]
PRODUCTION = "production"


def swap_answers(sites: Iterable[Site], exchange: Callable[[Site, Site], None]) -> tuple[Answer, Answer]:
    """Return what answers POST `…/slotsswap`, and GET `…/operationresults/{id}`.

    exchange: lets two apps change places, and returns when they have.
    """
    running: dict[str, tuple[Future[None], str]] = {}

    async def begin(request: Request, source: Site) -> Response:
        """The source is the app or slot of the path."""
        wanted = str(json.loads(await request.body())["targetSlot"])
        target = _slot(sites, source, wanted)
        if target is None or target is source:
            return _not_found(wanted)
        number, place = str(uuid.uuid4()), source.address.resource_id
        running[number] = source.work.submit(exchange, source, target), place
        return _accepted(request, f"{place}/operationresults/{number}")

    async def result(request: Request, _: Site) -> Response:
        """The slot of the path has the other app by now."""
        number = request.path_params["id"]
        if number not in running:
            return _not_found(number)
        swap, place = running[number]
        if not swap.done():
            return _accepted(request, f"{place}/operationresults/{number}")
        swap.result()
        return JSONResponse(next(site_resource(site) for site in sites if site.address.resource_id == place))

    return begin, result


def _slot(sites: Iterable[Site], source: Site, name: str) -> Site | None:
    """Return the slot of that name of the source's app; `production` names the app itself."""
    wanted = None if name.lower() == PRODUCTION else name.lower()
    for site in sites:
        same_app = (site.name.lower(), site.resource_group) == (source.name.lower(), source.resource_group)
        same_app = same_app and site.address.subscription == source.address.subscription
        if same_app and (site.slot.lower() if site.slot else None) == wanted:
            return site
    return None


def _accepted(request: Request, path: str) -> Response:
    """Return the 202; nobody here needs the quarter of a minute that az would wait before it asks."""
    where = f"https://{request.url.hostname}{path}?api-version={request.query_params['api-version']}"
    return Response(status_code=202, headers={"Location": where, "Retry-After": "1"})


def _not_found(name: str) -> Response:
    return JSONResponse({"error": {"code": "NotFound", "message": f"Cannot find {name}."}}, 404)
