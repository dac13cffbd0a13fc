"""Azure Resource Manager: one app or slot as a resource, and its power switch.

Requests go through the pipeline of azure-mgmt-web's client (authentication, retries of 429, az's headers and TLS
settings) with bodies of our own, because the generated methods cannot install or delete a site extension
(facts/az-extension.md 4.2 and 4.3), and because a slot is then just a longer resource id.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.errors import AccessDenied, Conflict, NotFound, PlatformFailed, Refused, Unreachable

API_VERSION = "2023-12-01"


@dataclass(frozen=True)
class Site:
    """One app or slot.

    resource_id: of the slot, when there is one. plan_id: the resource id of its App Service plan.
    host and scm_host: the names that Resource Manager gave; they can carry a hash and a region, so they are never
    built from the app's name (facts/az-extension.md 4.6).
    """

    name: str
    resource_group: str
    slot: str | None
    resource_id: str
    host: str
    scm_host: str
    state: str
    plan_id: str = ""

    @property
    def label(self) -> str:
        """How messages name it: "app 'shop'" or "app 'shop' (slot 'staging')"."""
        return site_label(self.name, self.slot)

    @property
    def arguments(self) -> str:
        """The options that name it on a command line, for commands that messages advise."""
        slot = f" -s {self.slot}" if self.slot else ""
        return f"-g {self.resource_group} -n {self.name}{slot}"

    def to_dict(self) -> dict[str, str | None]:
        """The contract's `app` object."""
        return {"name": self.name, "resourceGroup": self.resource_group, "slot": self.slot}


def site_label(name: str, slot: str | None) -> str:
    """How messages name an app or slot."""
    return f"app '{name}' (slot '{slot}')" if slot else f"app '{name}'"


@dataclass(frozen=True)
class ArmAnswer:
    """status: the HTTP status; body: parsed JSON, None when empty or no JSON; text: the body as text."""

    status: int
    body: Any
    text: str


class Arm:
    """Resource Manager, for the resources of one subscription.

    send: takes (method, url without query, query parameters, JSON body or None, whether the answer is secret and must
        not be logged) and returns an ArmAnswer; raises Unreachable.
    endpoint: the cloud's Resource Manager address; subscription: its id.
    """

    def __init__(self, send: Callable[[str, str, dict[str, str], Any, bool], ArmAnswer], endpoint: str,
                 subscription: str):
        self._send = send
        self._endpoint = endpoint.rstrip("/")
        self._subscription = subscription

    def call(self, method: str, resource_id: str, body: Any = None, *, secret: bool = False) -> ArmAnswer:
        """Send one request for a resource; the caller judges the status. Raises Unreachable.

        secret: keep the answer out of `az --debug`.
        """
        return self._send(method, self._endpoint + resource_id, {"api-version": API_VERSION}, body, secret)

    def open_site(self, resource_group: str, name: str, slot: str | None) -> Site:
        """Look the app or slot up.

        Raises NotFound when there is none, and Refused when it does not run on Windows.
        """
        resource_id = (f"/subscriptions/{self._subscription}/resourceGroups/{resource_group}"
                       f"/providers/Microsoft.Web/sites/{name}" + (f"/slots/{slot}" if slot else ""))
        label = site_label(name, slot)
        answer = self.call("GET", resource_id)
        if answer.status == 404:
            advice = (f"az webapp deployment slot list -g {resource_group} -n {name} --output table" if slot
                      else "az webapp list --query \"[].{name:name, resourceGroup:resourceGroup}\" --output table")
            raise NotFound(f"The {label} was not found in resource group '{resource_group}'.",
                           f"List what there is: `{advice}`.")
        require_success(answer, f"{label} in resource group '{resource_group}'")
        properties = (answer.body or {}).get("properties") or {}
        kind = str((answer.body or {}).get("kind") or "")
        if properties.get("reserved") or "linux" in kind.lower():
            raise Refused(f"The {label} runs on Linux; `az webapp python` manages Python on Windows apps.",
                          "On Linux the Python version is a setting: "
                          f"`az webapp config set -g {resource_group} -n {name} --linux-fx-version PYTHON:3.13`.")
        hosts = {row.get("hostType"): row.get("name") for row in properties.get("hostNameSslStates") or []}
        scm_host = hosts.get("Repository")
        if not scm_host:
            raise PlatformFailed(f"Azure named no SCM site for {label}, so its files cannot be reached.")
        return Site(name, resource_group, slot, resource_id, str(properties.get("defaultHostName") or ""),
                    str(scm_host), str(properties.get("state") or ""), str(properties.get("serverFarmId") or ""))

    def has_32bit_worker(self, site: Site) -> bool:
        """Whether the app's worker process is a 32-bit one, which is what new apps get."""
        answer = self.call("GET", f"{site.resource_id}/config/web")
        require_success(answer, f"the configuration of {site.label}")
        return bool(((answer.body or {}).get("properties") or {}).get("use32BitWorkerProcess"))

    def plan_tier(self, site: Site) -> str:
        """The tier of the app's plan, such as "Free" or "Basic"; "" when the caller may not see the plan."""
        answer = self.call("GET", site.plan_id) if site.plan_id else None
        sku = (answer.body or {}).get("sku") if answer and answer.status == 200 else None
        return str((sku or {}).get("tier") or "")

    def app_settings(self, site: Site) -> dict[str, str]:
        """The app's settings, which become environment variables. They hold secrets: never log them."""
        answer = self.call("POST", f"{site.resource_id}/config/appsettings/list", secret=True)
        require_success(answer, f"the settings of {site.label}")
        properties = (answer.body or {}).get("properties") or {}
        return {str(name): str(value) for name, value in properties.items()}

    def restart(self, site: Site) -> None:
        """Restart the app and its SCM site; site-extension transforms take effect with it (facts 1.5)."""
        self._power(site, "restart")

    def stop(self, site: Site) -> None:
        """Stop the app; its SCM site keeps working (facts/kudu.md 7)."""
        self._power(site, "stop")

    def start(self, site: Site) -> None:
        """Start the app."""
        self._power(site, "start")

    def publishing_credentials(self, site: Site) -> tuple[str, str] | None:
        """The publishing user and password, or None when the SCM site allows no basic authentication."""
        policy = self.call("GET", f"{site.resource_id}/basicPublishingCredentialsPolicies/scm")
        if not ((policy.body or {}).get("properties") or {}).get("allow"):
            return None
        answer = self.call("POST", f"{site.resource_id}/config/publishingcredentials/list", secret=True)
        properties = (answer.body or {}).get("properties") or {}
        user, password = properties.get("publishingUserName"), properties.get("publishingPassword")
        return (str(user), str(password)) if user and password else None

    def _power(self, site: Site, action: str) -> None:
        require_success(self.call("POST", f"{site.resource_id}/{action}"), f"the {action} of {site.label}")


def require_success(answer: ArmAnswer, subject: str) -> None:
    """Raise what an answer other than 2xx means; `subject` says what was asked for."""
    if answer.status < 300:
        return
    reason = arm_message(answer)
    if answer.status == 404:
        raise NotFound(f"Azure did not find {subject}: {reason}")
    if answer.status in (401, 403):
        raise AccessDenied(f"Azure refused access to {subject} ({answer.status}): {reason}",
                           "Ask for the role Website Contributor on the app, or sign in again with `az login`.")
    if answer.status == 409:
        raise Conflict(f"Azure is busy with {subject}: {reason}", "Try again in a minute.")
    raise PlatformFailed(f"Azure answered {answer.status} for {subject}: {reason}")


def arm_message(answer: ArmAnswer) -> str:
    """The reason in an error answer, on one line: ARM's or Kudu's JSON message, or the start of the text."""
    body = answer.body
    if isinstance(body, dict):
        error = body.get("error")
        text = (error.get("message") if isinstance(error, dict) else None) or body.get("Message") or body.get("message")
        if text:
            return " ".join(str(text).split())[:300]
    return " ".join(answer.text.split())[:300] or f"HTTP {answer.status}"


def connect(cli_ctx: Any) -> Arm:
    """Resource Manager for az's current subscription (or --subscription), through azure-mgmt-web's client."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client, get_subscription_id
    from azure.cli.core.profiles import ResourceType

    client = get_mgmt_service_client(cli_ctx, ResourceType.MGMT_APPSERVICE)
    # Public since azure-mgmt-web 11.0; the pipeline below it has been the same object in all versions that az
    # shipped since 2.75 (facts/az-extension.md 4.1).
    sender = getattr(client, "send_request", None)
    if sender is None:
        sender = client.web_apps._client.send_request  # pylint: disable=protected-access

    def send(method: str, url: str, query: dict[str, str], body: Any, secret: bool) -> ArmAnswer:
        from azure.core.exceptions import AzureError, HttpResponseError
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, url, params=query, json=body)
        try:
            response = sender(request, logging_enable=not secret)
            text = response.text()
        except HttpResponseError as error:
            return ArmAnswer(error.status_code or 500, None, error.message)
        except AzureError as error:
            raise Unreachable(f"Azure Resource Manager could not be reached: {error.message}",
                              "Check the network and the proxy settings.") from error
        try:
            parsed = response.json() if text else None
        except ValueError:
            parsed = None
        return ArmAnswer(response.status_code, parsed, text)

    return Arm(send, cli_ctx.cloud.endpoints.resource_manager, get_subscription_id(cli_ctx))
