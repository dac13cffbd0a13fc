"""management.azure.com: subscriptions, and the part of Microsoft.Web that `az webapp` and this extension use.

Paths are matched in any case, as ARM does (docs/platform/local-azure.md 3).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import login
from .arm_budget import ArmBudget, kind_of
from .arm_extensions import all_extensions, one_extension
from .arm_lists import site_lists, slot_list
from .arm_shapes import PLAN, child, config, credentials, instances, plan_id, publish_xml, site_resource, subscription
from .directory import Directory
from .resource_graph import ResourceGraph
from .site import REGION, Site
from .slot_swap import swap_answers

HOST = "management.azure.com"

Endpoint = Callable[[Request], Awaitable[Response]]
SiteEndpoint = Callable[[Request, Site], Awaitable[Response]]


def arm_error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """ARM's error: `{"error": {"code", "message"}}`."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def app_service_error(status: int, code: str, extended: str, message: str) -> JSONResponse:
    """App Service's own error, which Resource Manager passes on
    (docs/platform/recordings/arm/error_429_exclusive_lock.json)."""
    entity = {"ExtendedCode": extended, "MessageTemplate": message, "Parameters": [], "Code": code, "Message": message}
    return JSONResponse(
        {
            "Code": code,
            "Message": message,
            "Target": None,
            "Details": [{"Message": message}, {"Code": code}, {"ErrorEntity": entity}],
            "Innererror": None,
        },
        status,
    )


def arm_app(
    directory: Directory, graph: ResourceGraph, budget: ArmBudget, exchange: Callable[[Site, Site], None]
) -> ASGIApp:
    """The ASGI app of management.azure.com. exchange: lets the apps of two slots change places."""
    routes = [*_subscription_routes(directory), *_site_routes(directory, exchange)]
    routes.append(Route("/providers/microsoft.resourcegraph/resources", graph.answer, methods=["POST"]))
    return _Door(directory, budget, Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_route}))


class _Door:
    """Sign-in, api-version, the limit of requests, and the lower-cased path that the routes match; names are compared in
    lower case too."""

    def __init__(self, directory: Directory, budget: ArmBudget, app: ASGIApp):
        self._directory = directory
        self._budget = budget
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lower().rstrip("/")
        named = path.split("/")[2] if path.startswith("/subscriptions/") else ""
        answer = _refusal(scope)
        left: dict[str, str] = {}
        if answer is None and named:
            if named in self._directory.subscriptions:
                answer, left = self._counted(scope, named)
            else:
                answer = arm_error(404, "SubscriptionNotFound", f"The subscription '{named}' could not be found.")

        async def with_rest(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(left)
            await send(message)

        await (answer or self._app)({**scope, "path": path}, receive, with_rest)

    def _counted(self, scope: Scope, subscription: str) -> tuple[Response | None, dict[str, str]]:
        """The refusal of one request too many, and the header with what is left (docs/platform/resource-manager.md 2.2)."""
        kind = kind_of(scope["method"])
        principal = login.principal(Headers(scope=scope)["authorization"].partition(" ")[2])
        left, wait = self._budget.take(subscription, principal, kind)
        headers = {f"x-ms-ratelimit-remaining-subscription-{kind}": str(left)}
        if wait is None:
            return None, headers
        text = (
            f"Number of '{kind[:-1]}' requests for subscription '{subscription}' actor '{principal}' exceeded. Please try "
            f"again after '{wait}' seconds."
        )
        return arm_error(429, "SubscriptionRequestsThrottled", text, {"Retry-After": str(wait)}), headers


def _refusal(scope: Scope) -> Response | None:
    kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if kind != "Bearer":
        return arm_error(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    if not login.accepts(token):
        return arm_error(401, "InvalidAuthenticationToken", "The access token is invalid.")
    if "api-version" not in QueryParams(scope["query_string"]):
        return arm_error(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
    return None


async def _no_route(request: Request, _: Exception) -> Response:
    return arm_error(
        404, "LocalAzureHasNoRoute", f"The local Azure has no route for {request.method} {request.url.path}."
    )


def _subscription_routes(directory: Directory) -> list[BaseRoute]:
    group_type = "Microsoft.Resources/resourceGroups"

    async def subscriptions(_: Request) -> Response:
        found = [subscription(*each) for each in directory.subscriptions.items()]
        return JSONResponse({"value": found, "count": {"type": "Total", "value": len(found)}})

    async def one_subscription(request: Request) -> Response:
        wanted = request.path_params["subscription"]
        return JSONResponse(next(subscription(*each) for each in directory.subscriptions.items() if each[0] == wanted))

    async def groups(request: Request) -> Response:
        wanted = request.path_params["subscription"]
        names = sorted({site.resource_group for site in directory if site.address.subscription == wanted})
        return JSONResponse(
            {
                "value": [
                    {
                        "id": f"/subscriptions/{wanted}/resourceGroups/{name}",
                        "name": name,
                        "type": group_type,
                        "location": "westeurope",
                        "properties": {"provisioningState": "Succeeded"},
                    }
                    for name in names
                ]
            }
        )

    async def plan(request: Request) -> Response:
        return JSONResponse(
            {
                "id": plan_id(request.path_params["subscription"], request.path_params["group"]),
                "name": PLAN,
                "kind": "app",
                "location": REGION,
                "type": "Microsoft.Web/serverfarms",
                "properties": {"name": PLAN, "reserved": False},
                "sku": {"name": "B1", "tier": "Basic", "size": "B1", "family": "B", "capacity": 1},
            }
        )

    root = "/subscriptions/{subscription}"
    return [
        Route("/subscriptions", subscriptions),
        Route(root, one_subscription),
        Route(f"{root}/resourcegroups", groups),
        Route(root + "/resourcegroups/{group}/providers/microsoft.web/serverfarms/" + PLAN, plan),
    ]


def _site_routes(directory: Directory, exchange: Callable[[Site, Site], None]) -> list[BaseRoute]:
    begin_swap, end_swap = swap_answers(directory, exchange)
    provider = "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.web/sites"
    routes: list[BaseRoute] = [
        Route("/subscriptions/{subscription}/providers/microsoft.web/sites", site_lists(directory)),
        Route(provider, site_lists(directory)),
        Route(provider + "/{name}/slots", slot_list(directory)),
    ]
    for root in (provider + "/{name}/slots/{slot}", provider + "/{name}"):
        routes += [_route(directory, root + path, method, answer) for path, method, answer in _OPERATIONS]
        routes += [
            Route(root + path, _for_site(directory, answer), methods=list(methods))
            for path, answer, methods in (
                ("/restart", _restart, ("POST",)),
                ("/slotsswap", begin_swap, ("POST",)),
                ("/operationresults/{id}", end_swap, ("GET",)),
                ("", _change_site, ("PUT", "PATCH")),
                ("/config/web", _change_config, ("PUT", "PATCH")),
                ("/config/appsettings", _change_settings, ("PUT",)),
                ("/config/logs", _logs, ("GET", "PUT")),
                ("/siteextensions", all_extensions, ("GET",)),
                ("/siteextensions/{id}", one_extension, ("GET", "PUT", "DELETE")),
            )
        ]
    return routes


def _route(directory: Directory, path: str, method: str, answer: Callable[[Site], Response]) -> Route:
    async def endpoint(request: Request, site: Site) -> Response:
        return await run_in_threadpool(answer, site)

    return Route(path, _for_site(directory, endpoint), methods=[method])


def _for_site(directory: Directory, endpoint: SiteEndpoint) -> Endpoint:
    """Wrap an endpoint that takes the app or slot in the path: 404 when there is none, 403 when the client may not see it,
    429 when throttled."""

    async def wrapped(request: Request) -> Response:
        name, slot, group = (request.path_params.get(part, "") for part in ("name", "slot", "group"))
        below = f"/slots/{slot}" if slot else ""
        place = f"/subscriptions/{request.path_params['subscription']}/resourcegroups/{group}"
        site = directory.find(f"{place}/providers/microsoft.web/sites/{name}{below}")
        if site is not None:
            return await _on_a_bad_day(request, site, endpoint)
        kind = "Microsoft.Web/sites/slots" if slot else "Microsoft.Web/sites"
        named = f"{name}/{slot}" if slot else name
        return arm_error(
            404,
            "ResourceNotFound",
            f"The Resource '{kind}/{named}' under resource group '{group}' was "
            "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        )

    return wrapped


def _forbidden(request: Request, site: Site) -> Response:
    """Resource Manager's refusal of a client without rights (docs/platform/resource-manager.md 1.4)."""
    below = request.scope["path"].removeprefix(site.address.resource_id.lower()).strip("/")
    kind = "Microsoft.Web/sites/slots" if site.slot else "Microsoft.Web/sites"
    verb = {"GET": "read", "POST": "action", "DELETE": "delete"}.get(request.method, "write")
    action = "/".join(filter(None, (kind, below, verb)))
    return arm_error(
        403,
        "AuthorizationFailed",
        f"The client '{login.CLIENT_ID}' with object id '{login.OBJECT_ID}' does not have authorization to perform action "
        f"'{action}' over scope '{site.address.resource_id}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials.",
    )


async def _on_a_bad_day(request: Request, site: Site, endpoint: SiteEndpoint) -> Response:
    """Return the response, or the fault that the site's switches ask for."""
    switches, reads = site.switches, request.method == "GET" or request.scope["path"].endswith("/list")
    if switches.arm_forbidden:
        return _forbidden(request, site)
    if switches.use_up("arm_429_times"):
        return arm_error(429, "TooManyRequests", "Too many requests.", {"Retry-After": "1"})
    if not reads and switches.use_up("arm_locked_times"):
        return app_service_error(
            429,
            "429",
            "59206",
            "Cannot acquire exclusive lock to create, update or delete this site. Retry the request later.",
        )
    answer = await endpoint(request, site)
    if not reads and switches.use_up("arm_lost_times"):
        return arm_error(
            504,
            "GatewayTimeout",
            "The gateway did not receive a response from 'Microsoft.Web' within the specified time period.",
        )
    return answer


def _done(action: Callable[[Site], None]) -> Callable[[Site], Response]:
    def answer(site: Site) -> Response:
        action(site)
        return Response()

    return answer


async def _restart(request: Request, site: Site) -> Response:
    synchronous = request.query_params.get("synchronous", "").lower() == "true"
    await run_in_threadpool(site.ask_to_restart, synchronous)
    if synchronous and site.switches.restart_cut:
        return arm_error(
            504,
            "GatewayTimeout",
            "The gateway did not receive a response from 'Microsoft.Web' within the specified time period.",
        )
    return Response()


_KEPT_CONFIGURATION = ("alwaysOn", "webSocketsEnabled")
_KEPT_PROPERTIES = ("httpsOnly", "clientCertEnabled", "clientCertMode", "clientCertExclusionPaths")


async def _change_site(request: Request, site: Site) -> Response:
    """A change of the app itself: what the front end does with requests, which it does not obey here."""
    properties = json.loads(await request.body()).get("properties") or {}
    site.shape.update({name: properties[name] for name in _KEPT_PROPERTIES if name in properties})
    return JSONResponse(site_resource(site))


async def _change_config(request: Request, site: Site) -> Response:
    """A change of config/web; of all that is in it, here only the worker's bitness counts. It restarts the app."""
    properties = json.loads(await request.body())["properties"]
    site.configuration.update(
        {name: properties[name] for name in _KEPT_CONFIGURATION if properties.get(name) is not None}
    )
    wanted = properties.get("use32BitWorkerProcess", site.use_32bit_worker)
    if wanted is not None and wanted != site.use_32bit_worker:
        site.use_32bit_worker = wanted
        await run_in_threadpool(site.restart)
    return await run_in_threadpool(config, site)


async def _change_settings(request: Request, site: Site) -> Response:
    """All app settings anew, which restarts the app and its SCM site (docs/platform/kudu.md 5.3)."""
    wanted = json.loads(await request.body())["properties"]
    if wanted != site.app_settings:
        site.app_settings.clear()
        site.app_settings.update(wanted)
        await run_in_threadpool(site.restart)
    return child(site, "config/appsettings", site.app_settings)


async def _logs(request: Request, site: Site) -> Response:
    """The app's logging, which az switches on after a deployment that failed."""
    if request.method == "PUT":
        site.logging.update(json.loads(await request.body())["properties"])
    return child(site, "config/logs", site.logging)


_OPERATIONS: tuple[tuple[str, str, Callable[[Site], Response]], ...] = (
    ("", "GET", lambda site: JSONResponse(site_resource(site))),
    ("/stop", "POST", _done(Site.stop)),
    ("/start", "POST", _done(Site.start)),
    ("/instances", "GET", instances),
    ("/config/web", "GET", config),
    ("/config/appsettings/list", "POST", lambda site: child(site, "config/appsettings", site.app_settings)),
    ("/config/slotconfignames", "GET", lambda site: child(site, "config/slotConfigNames", {})),
    ("/config/publishingcredentials/list", "POST", credentials),
    (
        "/basicpublishingcredentialspolicies/scm",
        "GET",
        lambda site: child(site, "basicPublishingCredentialsPolicies/scm", {"allow": site.basic_auth_allowed}),
    ),
    ("/publishxml", "POST", publish_xml),
)
