"""Lists of sites: of a subscription, of a resource group, of the slots of an app, page by page.

The list of a subscription has no slots; that of a resource group has them when it is asked for with `includeSlots`
(docs/platform/resource-manager.md 1.1, 1.2).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .arm_shapes import site_resource
from .directory import Directory
from .site import Site

Endpoint = Callable[[Request], Awaitable[Response]]
_TOKEN = "$skipToken"


def site_lists(directory: Directory) -> Endpoint:
    """Return what answers the list of a subscription, and that of a resource group."""

    async def listing(request: Request) -> Response:
        group = request.path_params.get("group")
        with_slots = group is not None and request.query_params.get("includeSlots", "").lower() == "true"
        found = directory.listed(request.path_params["subscription"], group)
        return _page(request, [site for site in found if with_slots or site.slot is None], directory.lists.page)

    return listing


def slot_list(directory: Directory) -> Endpoint:
    """Return what answers the list of the slots of an app."""

    async def slots(request: Request) -> Response:
        group, name = request.path_params["group"], request.path_params["name"]
        found = directory.listed(request.path_params["subscription"], group)
        return _page(request, [site for site in found if site.slot and site.name.lower() == name], directory.lists.page)

    return slots


def _page(request: Request, sites: Sequence[Site], size: int | None) -> Response:
    """The page that the request's token names, with the link to the next one."""
    start = int(request.query_params.get(_TOKEN, 0))
    end = start + size if size else len(sites)
    following = None
    if end < len(sites):
        query = urlencode({**request.query_params, _TOKEN: end})
        following = f"https://{request.url.hostname}{request.scope['raw_path'].decode()}?{query}"
    return JSONResponse({"value": [site_resource(site) for site in sites[start:end]], "nextLink": following})
