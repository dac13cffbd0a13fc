"""Site extensions through ARM: Kudu's asynchronous API as ARM exposes it.

A PUT waits a while and answers 201; GETs answer 201 while it runs and 200 when it is done; only the first GET after
success makes ARM restart the app (docs/platform/kudu.md 4.3, docs/platform/az-extension.md 4.3-4.5). Property names are
Kudu's own.
"""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .kudu.answers import failure
from .kudu.feed import site_extension_info
from .kudu.siteextensions import Busy, Install
from .site import REGION, Site

# docs/platform/recordings/kudu/locked_package_exception.json
_HELD = (
    "The process cannot access the file 'D:\\home\\SiteExtensions\\{identity}\\{identity}.nupkg' because it is being "
    "used by another process."
)


def not_installed() -> JSONResponse:
    """Kudu's answer to the DELETE of what is not there: it reads `Id` of nothing (docs/platform/kudu.md 4.4)."""
    return failure(
        500,
        "An error has occurred.",
        "Object reference not set to an instance of an object.",
        "System.NullReferenceException",
    )


async def all_extensions(_: Request, site: Site) -> Response:
    """`…/siteextensions`: what is installed."""
    found = await asyncio.to_thread(site.extensions.installed)
    return JSONResponse({"value": [_entry(site, site.extensions.info(one)) for one in found], "nextLink": None})


async def one_extension(request: Request, site: Site) -> Response:
    """`…/siteextensions/{id}`: install, uninstall, state."""
    identity = _as_written(request)
    if request.method == "PUT":
        return await _install(site, identity, await request.body())
    if request.method == "DELETE":
        removed = await asyncio.to_thread(site.extensions.uninstall, identity)
        if removed is None:
            return not_installed()
        return Response() if removed else JSONResponse(_entry(site, {"id": identity}), 400)
    return await _state(site, identity)


async def _install(site: Site, identity: str, content: bytes) -> Response:
    body = json.loads(content) if content.strip() else None
    if not isinstance(body, dict):
        return Response(status_code=400)  # "Body should not be empty", which is a comment there: nothing is said
    try:
        install = site.extensions.begin(identity, (body.get("properties") or {}).get("version"))
    except Busy as busy:
        return failure(site.switches.arm_taken_status, str(busy))
    await asyncio.to_thread(install.done.wait, site.switches.arm_install_wait)
    if site.switches.arm_504_on_install:
        return JSONResponse(
            {
                "error": {
                    "code": "GatewayTimeout",
                    "message": "The gateway did not receive a response "
                    "from 'Microsoft.Web' within the specified time period.",
                }
            },
            504,
        )
    if install.state in ("Failed", "Canceled") and install.status >= 400:
        return JSONResponse(_entry(site, _progress(install)), install.status)
    # A quick success is told as Created too, without what was installed (docs/platform/recorded-traffic.md 4.2).
    return JSONResponse(_entry(site, _progress(install) | {"provisioningState": "Created", "version": None}), 201)


async def _state(site: Site, identity: str) -> Response:
    if site.switches.use_up("arm_busy_times"):
        return failure(409, "An error has occurred.", _HELD.format(identity=identity))
    if site.switches.use_up("arm_500_times"):
        return failure(500, "An error has occurred.", _HELD.format(identity=identity))
    if site.switches.use_up("arm_empty_times"):
        return Response()
    install = site.extensions.last_install(identity)
    if install is not None and not install.done.is_set():
        return JSONResponse(_entry(site, _progress(install)), 201)
    if install is not None and install.state != "Succeeded":
        status = site.switches.arm_failed_status if install.state == "Failed" else 200
        return JSONResponse(_entry(site, _progress(install)), status)
    one = await asyncio.to_thread(site.extensions.look_up, identity)
    if one is None:
        return Response(status_code=404)
    info = site.extensions.info(one)
    if install is None:
        return JSONResponse(_entry(site, info))
    if site.extensions.is_installing():  # "so that we can restart once for all"
        return JSONResponse(_entry(site, info | {"provisioningState": "Created"}), 201)
    site.extensions.forget_successes()
    await asyncio.to_thread(site.restart)  # Kudu's X-MS-SITE-OPERATION: restart, which ARM obeys
    return JSONResponse(_entry(site, info))


def _as_written(request: Request) -> str:
    """Return the id in the URL as it was written: routes match a lower-cased path, Kudu does not."""
    return str(request.scope["raw_path"].decode().partition("?")[0].rstrip("/").rpartition("/")[2])


def _progress(install: Install) -> dict[str, object]:
    return site_extension_info(
        install.id, install.version or "", "", "", "", provisioningState=install.state, comment=install.comment
    )


def _entry(site: Site, info: dict[str, object]) -> dict[str, object]:
    """Kudu's ArmEntry: `properties` hold Kudu's names (docs/platform/az-extension.md 4.4)."""
    kind = "Microsoft.Web/sites/slots/siteextensions" if site.slot else "Microsoft.Web/sites/siteextensions"
    return {
        "id": f"{site.address.resource_id}/siteextensions/{info['id']}",
        "name": f"{site.address.arm_name}/{info['id']}",
        "type": kind,
        "location": REGION,
        "properties": info,
    }
