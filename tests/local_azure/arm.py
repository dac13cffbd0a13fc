"""management.azure.com: subscriptions, and the part of Microsoft.Web that `az webapp` and this extension use.

Paths are matched in any case, as ARM does (docs/platform/local-azure.md 3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from xml.sax.saxutils import quoteattr

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import login
from .arm_extensions import all_extensions, one_extension
from .site import LEFT_OUT, REGION, SUBSCRIPTION, Site

HOST = "management.azure.com"
PLAN = "plan"

Sites = Callable[[], Iterable[Site]]
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


def arm_app(sites: Sites) -> ASGIApp:
    """The ASGI app of management.azure.com over the apps that `sites` gives at each request."""
    routes = [*_subscription_routes(sites), *_site_routes(sites)]
    return _Door(Starlette(routes=routes, exception_handlers={404: _no_route, 405: _no_route}))


class _Door:
    """Sign-in, api-version, and the lower-cased path that the routes match; names are compared in lower case too."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _refusal(scope)
        await (answer or self._app)({**scope, "path": scope["path"].lower().rstrip("/")}, receive, send)


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


def _subscription_routes(sites: Sites) -> list[BaseRoute]:
    group_type = "Microsoft.Resources/resourceGroups"

    async def subscriptions(_: Request) -> Response:
        return JSONResponse({"value": [_subscription()], "count": {"type": "Total", "value": 1}})

    async def subscription(_: Request) -> Response:
        return JSONResponse(_subscription())

    async def groups(_: Request) -> Response:
        names = sorted({site.resource_group for site in sites()})
        return JSONResponse(
            {
                "value": [
                    {
                        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}",
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
                "id": _plan_id(request.path_params["group"]),
                "name": PLAN,
                "kind": "app",
                "location": REGION,
                "type": "Microsoft.Web/serverfarms",
                "properties": {"name": PLAN, "reserved": False},
                "sku": {"name": "B1", "tier": "Basic", "size": "B1", "family": "B", "capacity": 1},
            }
        )

    root = f"/subscriptions/{SUBSCRIPTION}"
    return [
        Route("/subscriptions", subscriptions),
        Route(root, subscription),
        Route(f"{root}/resourcegroups", groups),
        Route(root + "/resourcegroups/{group}/providers/microsoft.web/serverfarms/" + PLAN, plan),
    ]


def _subscription() -> dict[str, object]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}",
        "subscriptionId": SUBSCRIPTION,
        "tenantId": login.TENANT,
        "displayName": "Local Azure",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _site_routes(sites: Sites) -> list[BaseRoute]:
    provider = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/{{group}}/providers/microsoft.web/sites"
    routes: list[BaseRoute] = [
        Route(f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.web/sites", _listing(sites)),
        Route(provider, _listing(sites)),
        Route(provider + "/{name}/slots", _slots(sites)),
    ]
    for root in (provider + "/{name}/slots/{slot}", provider + "/{name}"):
        routes += [_route(sites, root + path, method, answer) for path, method, answer in _OPERATIONS]
        routes += [
            Route(root + "/restart", _for_site(sites, _restart), methods=["POST"]),
            Route(root + "/siteextensions", _for_site(sites, all_extensions), methods=["GET"]),
            Route(root + "/siteextensions/{id}", _for_site(sites, one_extension), methods=["GET", "PUT", "DELETE"]),
        ]
    return routes


def _route(sites: Sites, path: str, method: str, answer: Callable[[Site], Response]) -> Route:
    async def endpoint(request: Request, site: Site) -> Response:
        return await run_in_threadpool(answer, site)

    return Route(path, _for_site(sites, endpoint), methods=[method])


def _for_site(sites: Sites, endpoint: SiteEndpoint) -> Endpoint:
    """Wrap an endpoint that takes the app or slot in the path: 404 when there is none, 429 when throttled."""

    async def wrapped(request: Request) -> Response:
        name, slot, group = (request.path_params.get(part, "") for part in ("name", "slot", "group"))
        for site in sites():
            if (site.name.lower(), (site.slot or "").lower(), site.resource_group.lower()) == (name, slot, group):
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


async def _on_a_bad_day(request: Request, site: Site, endpoint: SiteEndpoint) -> Response:
    """Return the response, or the fault that the site's switches ask for."""
    switches, reads = site.switches, request.method == "GET" or request.scope["path"].endswith("/list")
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


def _listing(sites: Sites) -> Endpoint:
    async def listing(request: Request) -> Response:
        group = request.path_params.get("group")
        found = [site for site in sites() if site.slot is None and group in (None, site.resource_group.lower())]
        return JSONResponse({"value": [site_resource(site) for site in found], "nextLink": None})

    return listing


def _slots(sites: Sites) -> Endpoint:
    async def slots(request: Request) -> Response:
        wanted = (request.path_params["group"], request.path_params["name"])
        found = [site for site in sites() if site.slot and (site.resource_group.lower(), site.name.lower()) == wanted]
        return JSONResponse({"value": [site_resource(site) for site in found], "nextLink": None})

    return slots


def _plan_id(group: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Web/serverfarms/{PLAN}"


def site_resource(site: Site) -> dict[str, object]:
    """The site or slot as ARM shows it; its SCM host stands in `hostNameSslStates` as hostType Repository.

    The shape is the recorded one (site_windows_app.json, site_windows_slot.json), with nulls where it has nulls.
    """
    kind = site.kind or ("app,linux" if site.reserved else "app")
    names = [*site.custom_domains, site.host]
    properties = {
        "name": f"{site.name}({site.slot})" if site.slot else site.name,
        "state": site.state,
        "hostNames": names,
        "webSpace": f"{site.resource_group}-WestEuropewebspace",
        "repositorySiteName": site.name,
        "owner": None,
        "usageState": _enumerated(site, "Normal", 0),
        "enabled": True,
        "adminEnabled": True,
        "enabledHostNames": [*names, site.scm_host],
        "siteProperties": {
            "metadata": None,
            "appSettings": None,
            "properties": [{"name": "LinuxFxVersion", "value": ""}, {"name": "WindowsFxVersion", "value": None}],
        },
        "availabilityState": _enumerated(site, "Normal", 0),
        "hostNameSslStates": [
            *(_host_row(site, name, "Standard", 0) for name in (site.host, *site.custom_domains)),
            _host_row(site, site.scm_host, "Repository", 1),
        ],
        "serverFarmId": _plan_id(site.resource_group),
        "reserved": site.reserved,
        "isXenon": False,
        "hyperV": False,
        "lastModifiedTimeUtc": "2026-11-01T08:02:19.42",
        "siteConfig": None,
        "slotName": None,
        "sku": "Basic",
        "scmSiteAlsoStopped": False,
        "clientAffinityEnabled": site.client_affinity,
        "hostNamesDisabled": False,
        "kind": kind,
        "outboundIpAddresses": "127.0.0.1",
        "possibleOutboundIpAddresses": "127.0.0.1",
        "containerSize": 0,
        "siteDisabledReason": 0,
        "tags": None,
        "resourceGroup": site.resource_group,
        "defaultHostName": site.host,
        "httpsOnly": True,
        **site.shape,
    }
    return {
        "id": site.address.resource_id,
        "name": site.address.arm_name,
        "type": "Microsoft.Web/sites/slots" if site.slot else "Microsoft.Web/sites",
        "kind": kind,
        "location": REGION,
        "tags": {},
        "properties": {name: value for name, value in properties.items() if value is not LEFT_OUT},
    }


def _host_row(site: Site, name: str, kind: str, number: int) -> dict[str, object]:
    return {
        "name": name,
        "sslState": _enumerated(site, "Disabled", 0),
        "ipBasedSslResult": None,
        "virtualIP": None,
        "thumbprint": None,
        "toUpdate": None,
        "toUpdateIpBasedSsl": None,
        "ipBasedSslState": _enumerated(site, "NotConfigured", 0),
        "hostType": _enumerated(site, kind, number),
    }


def _enumerated(site: Site, name: str, number: int) -> str | int:
    return number if site.integer_enums else name


def _child(site: Site, path: str, properties: Mapping[str, object]) -> Response:
    """A resource below a site, e.g. `config/web`."""
    kind = ("Microsoft.Web/sites/slots/" if site.slot else "Microsoft.Web/sites/") + path.split("/")[0]
    return JSONResponse(
        {
            "id": f"{site.address.resource_id}/{path}",
            "name": path.split("/")[-1],
            "type": kind,
            "location": REGION,
            "properties": dict(properties),
        }
    )


def _config(site: Site) -> Response:
    return _child(
        site,
        "config/web",
        {
            "numberOfWorkers": 1,
            "netFrameworkVersion": "v4.0",
            "pythonVersion": "",
            "windowsFxVersion": None,
            "linuxFxVersion": "PYTHON|3.12" if site.reserved else "",
            "use32BitWorkerProcess": site.use_32bit_worker,
            "scmType": "None",
            "appCommandLine": "",
            "alwaysOn": False,
            "handlerMappings": None,
            "defaultDocuments": ["Default.htm"],
            "virtualApplications": [
                {"virtualPath": virtual, "physicalPath": physical, "preloadEnabled": False, "virtualDirectories": None}
                for virtual, physical in site.virtual_applications
            ],
        },
    )


def _credentials(site: Site) -> Response:
    user, password = site.publishing_user, site.publishing_password
    return _child(
        site,
        "publishingcredentials/" + user,
        {
            "name": user,
            "publishingUserName": user,
            "publishingPassword": password,
            "scmUri": f"https://{user}:{password}@{site.scm_host}",
        },
    )


def _publish_xml(site: Site) -> Response:
    secret = f"userName={quoteattr(site.publishing_user)} userPWD={quoteattr(site.publishing_password)}"
    return Response(
        "<publishData>"
        f'<publishProfile profileName="{site.name} - Web Deploy" publishMethod="MSDeploy" {secret}'
        f' publishUrl="{site.scm_host}:443" msdeploySite="{site.name}" destinationAppUrl="https://{site.host}"/>'
        f'<publishProfile profileName="{site.name} - Zip Deploy" publishMethod="ZipDeploy" {secret}'
        f' publishUrl="{site.scm_host}:443" destinationAppUrl="https://{site.host}"/></publishData>',
        media_type="application/xml",
    )


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


def _instances(site: Site) -> Response:
    kind = "Microsoft.Web/sites/slots/instances" if site.slot else "Microsoft.Web/sites/instances"
    return JSONResponse(
        {
            "value": [
                {
                    "id": f"{site.address.resource_id}/instances/{one.id}",
                    "name": one.id,
                    "type": kind,
                    "location": REGION,
                    "properties": {"state": "READY", "machineName": "RD0003FF" + one.id[:6].upper()},
                }
                for one in site.instances
            ],
            "nextLink": None,
        }
    )


_OPERATIONS: tuple[tuple[str, str, Callable[[Site], Response]], ...] = (
    ("", "GET", lambda site: JSONResponse(site_resource(site))),
    ("/stop", "POST", _done(Site.stop)),
    ("/start", "POST", _done(Site.start)),
    ("/instances", "GET", _instances),
    ("/config/web", "GET", _config),
    ("/config/appsettings/list", "POST", lambda site: _child(site, "config/appsettings", site.app_settings)),
    ("/config/slotconfignames", "GET", lambda site: _child(site, "config/slotConfigNames", {})),
    ("/config/publishingcredentials/list", "POST", _credentials),
    (
        "/basicpublishingcredentialspolicies/scm",
        "GET",
        lambda site: _child(site, "basicPublishingCredentialsPolicies/scm", {"allow": site.basic_auth_allowed}),
    ),
    ("/publishxml", "POST", _publish_xml),
)
