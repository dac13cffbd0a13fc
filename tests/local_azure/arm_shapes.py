"""What ARM's answers look like: subscription, plan, app and slot, and what belongs to a site.

The shapes are the recorded ones (docs/platform/recordings/arm), with nulls where those have nulls.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from starlette.responses import JSONResponse, Response

from . import login
from .site import LEFT_OUT, REGION, Site

PLAN = "plan"


def subscription(identity: str, name: str) -> dict[str, object]:
    """A subscription."""
    return {
        "id": f"/subscriptions/{identity}",
        "subscriptionId": identity,
        "tenantId": login.TENANT,
        "displayName": name,
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def plan_id(subscription: str, group: str) -> str:
    """The id of the plan of all apps of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/serverfarms/{PLAN}"


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
        "serverFarmId": plan_id(site.address.subscription, site.resource_group),
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
        "clientCertEnabled": False,
        "clientCertMode": "Required",
        "clientCertExclusionPaths": None,
        **site.shape,
    }
    return {
        "id": site.address.resource_id,
        "name": site.address.arm_name,
        "type": "Microsoft.Web/sites/slots" if site.slot else "Microsoft.Web/sites",
        "kind": kind,
        "location": REGION,
        "tags": dict(site.tags),
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


def child(site: Site, path: str, properties: Mapping[str, object]) -> Response:
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


def config(site: Site) -> Response:
    """`config/web`."""
    return child(
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
            "webSocketsEnabled": False,
            "healthCheckPath": site.health_check_path,
            "handlerMappings": None,
            "defaultDocuments": ["Default.htm"],
            "virtualApplications": [
                {"virtualPath": virtual, "physicalPath": physical, "preloadEnabled": False, "virtualDirectories": None}
                for virtual, physical in site.virtual_applications
            ],
            **site.configuration,
        },
    )


def credentials(site: Site) -> Response:
    """`config/publishingcredentials`, with the password."""
    user, password = site.publishing_user, site.publishing_password
    return child(
        site,
        "publishingcredentials/" + user,
        {
            "name": user,
            "publishingUserName": user,
            "publishingPassword": password,
            "scmUri": f"https://{user}:{password}@{site.scm_host}",
        },
    )


def publish_xml(site: Site) -> Response:
    """The publishing profiles, with the password."""
    secret = f"userName={quoteattr(site.publishing_user)} userPWD={quoteattr(site.publishing_password)}"
    return Response(
        "<publishData>"
        f'<publishProfile profileName="{site.name} - Web Deploy" publishMethod="MSDeploy" {secret}'
        f' publishUrl="{site.scm_host}:443" msdeploySite="{site.name}" destinationAppUrl="https://{site.host}"/>'
        f'<publishProfile profileName="{site.name} - Zip Deploy" publishMethod="ZipDeploy" {secret}'
        f' publishUrl="{site.scm_host}:443" destinationAppUrl="https://{site.host}"/></publishData>',
        media_type="application/xml",
    )


def instances(site: Site) -> Response:
    """The instances that serve the app."""
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
