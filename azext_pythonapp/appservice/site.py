"""One app or slot as Azure Resource Manager describes it: its names, its hosts and its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azext_pythonapp import advice

DEFAULT_ROOT = "site\\wwwroot"
# HostType of Microsoft.Web, by name and, as api-versions before 2016 write it, by number
# (docs/platform/recordings/arm/site_api_2015_integer_enums.json).
_REPOSITORY = ("repository", "1")
_USAGE = {"0": "Normal", "1": "Exceeded"}


@dataclass(frozen=True)
class FrontDoor:
    """What Azure's front end does with requests, as Resource Manager's JSON of a site says.

    usage: "Normal" or "Exceeded", as a quota of the plan is used up; "" where Azure does not say. https_only:
    whether plain HTTP is redirected; None where Azure does not say. certificates: "" where clients need none, else
    the mode: "Required", "Optional" or "OptionalInteractiveUser". without_certificate: the paths that need none all
    the same.
    """

    usage: str = ""
    https_only: bool | None = True
    certificates: str = ""
    without_certificate: tuple[str, ...] = ()

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> FrontDoor:
        """Read the properties of a site."""
        needed = properties.get("clientCertEnabled") is True
        paths = str(properties.get("clientCertExclusionPaths") or "").replace(",", ";").split(";")
        return cls(
            _USAGE.get(str(properties.get("usageState")), str(properties.get("usageState") or "")),
            _true_or_false(properties.get("httpsOnly")),
            str(properties.get("clientCertMode") or "Required") if needed else "",
            tuple(filter(None, map(str.strip, paths))),
        )


@dataclass(frozen=True)
class Site:
    """One app or slot.

    resource_id: of the slot, when there is one. plan_id: the resource id of its App Service plan.
    host and scm_host: the names that Resource Manager returned; they can contain a hash and a region, so they are never
    built from the app's name (docs/platform/az-extension.md 4.6).
    subscription: the one given on the command line; None when none was given.
    affinity: whether the front end sends a client to the instance that its cookie names.
    front_door: what the front end does with requests before the app gets them.
    """

    name: str
    resource_group: str
    slot: str | None
    resource_id: str
    host: str
    scm_host: str
    state: str
    plan_id: str = ""
    subscription: str | None = None
    affinity: bool = True
    front_door: FrontDoor = field(default_factory=FrontDoor)

    @property
    def label(self) -> str:
        """Return the name for messages: "app 'shop'" or "app 'shop' (slot 'staging')"."""
        return site_label(self.name, self.slot)

    @property
    def arguments(self) -> str:
        """Return the options that name it in the commands that messages advise, quoted for a shell."""
        return advice.options(self.resource_group, self.name, self.slot, self.subscription)

    @property
    def stopped(self) -> bool:
        """Return whether it was stopped when it was looked up."""
        return self.state.lower() == "stopped"

    def to_dict(self) -> dict[str, str | None]:
        """Return the `app` object of docs/json-output.md."""
        return {"name": self.name, "resourceGroup": self.resource_group, "slot": self.slot}


def site_label(name: str, slot: str | None) -> str:
    """Return the name of an app or slot for messages."""
    return f"app '{name}' (slot '{slot}')" if slot else f"app '{name}'"


@dataclass(frozen=True)
class VirtualApplication:
    r"""A path of the site that is served from its own folder.

    virtual_path: "/" for the site itself, "/api" for a part of it. physical_path: its folder as Azure has it, usually
    relative to %HOME%: `site\wwwroot\public`.
    """

    virtual_path: str
    physical_path: str


@dataclass(frozen=True)
class SiteConfiguration:
    """The part of `config/web` that this extension uses.

    use_32bit_worker: whether the app's worker process is a 32-bit one, the default for new apps.
    applications: the site's virtual applications, including the one at "/"
    (docs/platform/recordings/arm/config_web.json).
    health_check_path: the path that App Service's own health check fetches (`healthCheckPath`), from "/"; "" for none.
    always_on, web_sockets: those settings; None where Azure does not say.
    handler_mappings: the programs of the portal's handler mappings, each as IIS registers it: `program|arguments`.
    tells_worker: whether Azure says if the worker process is a 32-bit one.
    """

    use_32bit_worker: bool
    applications: tuple[VirtualApplication, ...]
    health_check_path: str = ""
    always_on: bool | None = None
    web_sockets: bool | None = None
    handler_mappings: tuple[str, ...] = ()
    tells_worker: bool = True

    @property
    def physical_root(self) -> str:
        """Return the folder of the virtual application at "/", as Azure has it."""
        return next(each.physical_path for each in self.applications if each.virtual_path == "/")

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> SiteConfiguration:
        r"""Read the properties of `config/web`; an app without virtual applications serves site\wwwroot."""
        found = [
            VirtualApplication("/" + str(row["virtualPath"]).strip("/"), str(row["physicalPath"]))
            for row in map(json_object, json_array(properties.get("virtualApplications")))
            if row.get("virtualPath") and row.get("physicalPath")
        ]
        if all(each.virtual_path != "/" for each in found):
            found.insert(0, VirtualApplication("/", DEFAULT_ROOT))
        health_path = str(properties.get("healthCheckPath") or "").strip()
        return cls(
            bool(properties.get("use32BitWorkerProcess")),
            tuple(found),
            f"/{health_path.lstrip('/')}" if health_path else "",
            _true_or_false(properties.get("alwaysOn")),
            _true_or_false(properties.get("webSocketsEnabled")),
            tuple(
                f"{row['scriptProcessor']}|{row.get('arguments') or ''}"
                for row in map(json_object, json_array(properties.get("handlerMappings")))
                if row.get("scriptProcessor")
            ),
            _true_or_false(properties.get("use32BitWorkerProcess")) is not None,
        )


def host_names(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Return the host names of an app and of its SCM site; "" for one that Azure does not name.

    An app can have several host names and, in an environment with its own domain, several SCM names; the default ones
    belong together. Names are only ever taken from Resource Manager, never built.
    properties: of Resource Manager's JSON of the site.
    """
    rows = [row for row in json_array(properties.get("hostNameSslStates")) if isinstance(row, dict) and row.get("name")]
    is_scm = [str(row.get("hostType", "")).lower() in _REPOSITORY for row in rows]
    names = [str(row["name"]) for row, scm in zip(rows, is_scm) if not scm]
    scm_names = [str(row["name"]) for row, scm in zip(rows, is_scm) if scm]
    host = str(properties.get("defaultHostName") or (names or [""])[0])
    label, _, domain = host.partition(".")
    usual = f"{label}.scm.{domain}".lower()
    enabled = [str(name) for name in json_array(properties.get("enabledHostNames")) if str(name).lower() == usual]
    best = [name for name in scm_names if name.lower() == usual] or scm_names or enabled
    return host, best[0] if best else ""


def json_object(value: Any) -> Mapping[str, Any]:
    """Return a JSON object; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def json_array(value: Any) -> list[Any]:
    """Return a JSON array; an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def _true_or_false(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
