"""Azure Resource Manager for one app or slot: open it, read its configuration, and start, stop or restart it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from azext_pythonapp import advice
from azext_pythonapp.appservice.arm_requests import SERVER_ERROR_SECONDS, UNCERTAIN_STATUSES, ArmAnswer, ArmRequests
from azext_pythonapp.appservice.many_sites import ManySites
from azext_pythonapp.appservice.retry import Outage, Retry
from azext_pythonapp.appservice.site import FrontDoor, Site, SiteConfiguration, host_names, json_object, site_label
from azext_pythonapp.appservice.site_kind import SiteKind
from azext_pythonapp.errors import AccessDenied, Conflict, NotFound, PlatformFailed, PythonAppError, UnknownOutcome

# A second restart does no harm, but one restart after the other keeps the app from starting.
MAX_RESTARTS = 3
# A restart that is answered when it is done.
_BASIC = "/basicPublishingCredentialsPolicies/scm"
_SYNCHRONOUS = {"synchronous": "true"}


class Arm:
    """Resource Manager, for the resources of one subscription.

    send, endpoint, outage: see ArmRequests. subscription: its id.
    given_subscription: the one given on the command line, which advised commands repeat; None when none was given.
    many: what is known of the apps of a command that works on many, without a request for each.
    """

    def __init__(
        self,
        send: Callable[[str, str, dict[str, str], Any, bool], ArmAnswer],
        endpoint: str,
        subscription: str,
        given_subscription: str | None = None,
        outage: Outage | None = None,
        many: ManySites | None = None,
    ):
        self.requests = ArmRequests(send, endpoint, outage)
        self._many = many
        self._subscription = subscription
        self._given_subscription = given_subscription
        self._configurations: dict[str, SiteConfiguration | AccessDenied] = {}
        self._configuration_lock = threading.Lock()
        self._settings: dict[str, dict[str, str]] = {}

    def open_site(self, resource_group: str, name: str, slot: str | None) -> Site:
        """Look up an app or slot.

        Raises NotFound when it does not exist, Refused when it is not a Windows web app (Linux, a function app, a
        container), and PlatformFailed when Azure names no SCM site.
        """
        resource_id = (
            f"/subscriptions/{self._subscription}/resourceGroups/{resource_group}"
            f"/providers/Microsoft.Web/sites/{name}" + (f"/slots/{slot}" if slot else "")
        )
        label, given = site_label(name, slot), self._given_subscription
        known = self._many.site(resource_id) if self._many is not None else None
        if known is not None:
            return self._site(known, resource_group, name, slot, resource_id)
        answer = self.requests.call("GET", resource_id)
        if answer.status == 404:
            again = advice.in_subscription(given)
            # Without --query, az 2.91 ends `slot list --output table` with "KeyError: 'appServicePlan'".
            listing = (
                f"az webapp deployment slot list -g {advice.quoted(resource_group)} -n {advice.quoted(name)} "
                f'--query "[].name"{again} --output tsv'
                if slot
                else f'az webapp list --query "[].{{name:name, resourceGroup:resourceGroup}}"{again} --output table'
            )
            raise NotFound(
                f"The {label} was not found in resource group '{resource_group}'.", f"List what exists: `{listing}`."
            )
        answer.raise_for_status(f"{label} in resource group '{resource_group}'")
        return self._site(json_object(answer.body), resource_group, name, slot, resource_id)

    def _site(
        self, body: Mapping[str, Any], resource_group: str, name: str, slot: str | None, resource_id: str
    ) -> Site:
        """Return what Resource Manager's JSON of a site says. Raises what `open_site` does."""
        label, given = site_label(name, slot), self._given_subscription
        properties = json_object(body.get("properties"))
        SiteKind.read(body).require_windows_web_app(label, resource_group, name, slot, given)
        host, scm_host = host_names(properties)
        if not scm_host:
            raise PlatformFailed(f"Azure named no SCM site for {label}, so its files cannot be reached.")
        return Site(
            name,
            resource_group,
            slot,
            resource_id,
            host,
            scm_host,
            str(properties.get("state") or ""),
            str(properties.get("serverFarmId") or ""),
            given,
            properties.get("clientAffinityEnabled") is not False,
            FrontDoor.from_properties(properties),
        )

    def configuration(self, site: Site) -> SiteConfiguration:
        """Return the app's `config/web`, requested once, also when the caller may not see it.

        Raises AccessDenied and the other errors of an answer.
        """
        with self._configuration_lock:  # whoever comes second takes what the first one gets
            found = self._configurations.get(site.resource_id) or self._read_configuration(site)
            self._configurations[site.resource_id] = found
        if isinstance(found, AccessDenied):
            raise found
        return found

    def _read_configuration(self, site: Site) -> SiteConfiguration | AccessDenied:
        known = self._many.configuration(site.resource_id) if self._many is not None else None
        if known is not None:
            return SiteConfiguration.from_properties(known)
        answer = self.requests.call("GET", f"{site.resource_id}/config/web")
        try:
            answer.raise_for_status(f"the configuration of {site.label}")
        except AccessDenied as error:
            return error
        properties = _properties(answer)
        if not properties:
            raise PlatformFailed(f"Azure did not return the configuration of {site.label}.", "Try again in a minute.")
        return SiteConfiguration.from_properties(properties)

    def change_configuration(self, site: Site, properties: Mapping[str, Any]) -> None:
        """Change some of the properties of `config/web`; Azure restarts the app where they need it.

        Raises AccessDenied and the other errors of an answer, UnknownOutcome when none came.
        """
        with self._configuration_lock:
            self._configurations.pop(site.resource_id, None)
        answer = self.requests.call("PATCH", f"{site.resource_id}/config/web", {"properties": dict(properties)})
        answer.raise_for_status(f"the configuration of {site.label}")

    def has_32bit_worker(self, site: Site) -> bool:
        """Return whether the app's worker process is a 32-bit one, the default for new apps."""
        return self.configuration(site).use_32bit_worker

    def plan_tier(self, site: Site) -> str:
        """Return the tier of the app's plan, such as "Free" or "Basic"; "" when the caller may not see the plan."""
        known = self._many.plan(site.plan_id) if self._many is not None else None
        if known is not None:
            return str(json_object(known.get("sku")).get("tier") or "")
        answer = self.requests.call("GET", site.plan_id) if site.plan_id else None
        sku = json_object(answer.body).get("sku") if answer and answer.status == 200 else None
        return str(json_object(sku).get("tier") or "")

    def app_settings(self, site: Site) -> dict[str, str]:
        """Return the app settings (environment variables), requested once. They are secret: never log them."""
        if site.resource_id not in self._settings:
            answer = self.requests.call("POST", f"{site.resource_id}/config/appsettings/list", secret=True)
            answer.raise_for_status(f"the settings of {site.label}")
            if not isinstance(answer.body, dict):
                raise PlatformFailed(f"Azure did not return the settings of {site.label}.", "Try again in a minute.")
            self._settings[site.resource_id] = {
                str(name): "" if value is None else str(value) for name, value in _properties(answer).items()
            }
        return dict(self._settings[site.resource_id])

    def add_app_settings(self, site: Site, more: Mapping[str, str]) -> None:
        """Set app settings beside those that there are, as they are now. They are secret: never log them.

        Azure takes all of them at once, and restarts the app and its SCM site (docs/platform/kudu.md 5.3).
        Raises Conflict when one of them has another value by now, AccessDenied and the other errors of an answer,
        UnknownOutcome when none came.
        """
        self._settings.pop(site.resource_id, None)
        present = self.app_settings(site)
        names = {name.upper(): name for name in more}
        other = next((k for k, v in present.items() if more.get(names.get(k.upper(), ""), v) != v), None)
        if other is not None:
            raise Conflict(f"App setting {other} of {site.label} was set in the meantime.", "Run the command again.")
        wanted = {**present, **more}
        self._settings.pop(site.resource_id, None)
        path = f"{site.resource_id}/config/appsettings"
        answer = self.requests.call("PUT", path, {"properties": wanted}, secret=True)
        answer.raise_for_status(f"the settings of {site.label}")

    def instances(self, site: Site) -> list[str]:
        """Return the ids of the instances that the app runs on now: the values of the front end's affinity cookie.

        Raises PlatformFailed and the other errors of an answer.
        """
        rows = self.requests.rows(f"{site.resource_id}/instances", f"the instances of {site.label}")
        return [str(row["name"]).rpartition("/")[2] for row in rows if row.get("name")]

    def slots(self, site: Site) -> list[str]:
        """Return the names of an app's deployment slots, without the production slot. Raises as `instances`."""
        app = site.resource_id.partition("/slots/")[0]
        rows = self.requests.rows(f"{app}/slots", f"the slots of app '{site.name}'")
        return [str(row["name"]).rpartition("/")[2] for row in rows if row.get("name")]

    def allows_basic(self, site: Site) -> bool | None:
        """Return whether the SCM site allows basic authentication; None when Azure does not say."""
        allowed = _properties(self.requests.call("GET", f"{site.resource_id}{_BASIC}")).get("allow")
        return allowed if isinstance(allowed, bool) else None

    def publishing_credentials(self, site: Site) -> tuple[str, str] | None:
        """Return the publishing user and password; None when the SCM site does not allow basic authentication."""
        if not self.allows_basic(site):
            return None
        answer = self.requests.call("POST", f"{site.resource_id}/config/publishingcredentials/list", secret=True)
        properties = _properties(answer)
        user, password = properties.get("publishingUserName"), properties.get("publishingPassword")
        return (str(user), str(password)) if user and password else None

    def restart(self, site: Site) -> None:
        """Restart the app and its SCM site, which applies site-extension transforms.

        Source: docs/platform/site-extensions.md 1.5. Azure is asked to answer when that is done, because otherwise the
        old process keeps running for a while (docs/platform/recorded-traffic.md 3.4).
        Raises UnknownOutcome when Azure does not say whether it was restarted.
        """
        self._switch(site, "restart", None)

    def stop(self, site: Site) -> None:
        """Stop the app; its SCM site keeps working (docs/platform/kudu.md 5.3). Raises like restart."""
        self._switch(site, "stop", "stopped")

    def start(self, site: Site) -> None:
        """Start the app. Raises like restart."""
        self._switch(site, "start", "running")

    def _switch(self, site: Site, action: str, target_state: str | None) -> None:
        """Start, stop or restart. target_state: the state that shows that an action with a lost answer succeeded."""
        retry, tries = Retry(self.requests.outage), 0
        while True:
            try:
                # Resource Manager may give up waiting for the end of a restart; a retry does not wait for it.
                waits = action == "restart" and tries == 0
                answer = self.requests.call(
                    "POST", f"{site.resource_id}/{action}", query=_SYNCHRONOUS if waits else None
                )
                if answer.status not in UNCERTAIN_STATUSES:
                    answer.raise_for_status(f"the {action} of {site.label}")
                    return
                reason = f"Azure answered {answer.status}: {answer.error_text()}"
                limit = SERVER_ERROR_SECONDS if answer.status == 500 else None
            except UnknownOutcome as error:
                reason, limit = error.message, None
            except PythonAppError as error:
                if not tries:
                    raise
                reason, limit = error.message, None  # the first try may have succeeded nevertheless
            tries += 1
            if target_state is not None and self._state(site) == target_state:
                return
            if target_state is None and tries >= MAX_RESTARTS or not retry.again(reason, limit=limit):
                raise UnknownOutcome(
                    f"Whether the {action} of {site.label} took place is not known. {reason}",
                    f"Check its state: `az webapp show {site.arguments} --query state`.",
                )

    def _state(self, site: Site) -> str:
        """Return the app's current state in lower case; "" when Azure does not say."""
        try:
            answer = self.requests.call("GET", site.resource_id)
        except PythonAppError:
            return ""
        return str(_properties(answer).get("state") or "").lower()


def _properties(answer: ArmAnswer) -> Mapping[str, Any]:
    """Return the properties of a resource; none where the answer has none."""
    return json_object(json_object(answer.body).get("properties"))
