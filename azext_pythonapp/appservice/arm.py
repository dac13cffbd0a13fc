"""Azure Resource Manager: one app or slot as a resource, and its power switch.

Requests go through the pipeline of azure-mgmt-web's client (authentication, az's headers and TLS settings) with bodies
of our own, because the generated methods cannot install or delete a site extension
(docs/platform/az-extension.md 4.2 and 4.3), and because a slot is then just a longer resource id. The pipeline's own
repetitions are off: who repeats must know that a 409 or 404 can be the answer to his own first try
(docs/platform/recorded-traffic.md 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from azext_pythonapp import advice
from azext_pythonapp.appservice.outcome import is_page
from azext_pythonapp.appservice.outcome import message as outcome_message
from azext_pythonapp.appservice.patience import Retry, Trouble
from azext_pythonapp.appservice.site_kind import SiteKind
from azext_pythonapp.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    PlatformFailed,
    PythonAppError,
    UnknownOutcome,
    Unreachable,
)

API_VERSION = "2023-12-01"
DEFAULT_ROOT = "site\\wwwroot"
# Resource Manager's way to App Service, or to Kudu, had trouble: whether a change was begun is not known.
UNCERTAIN = (408, 500, 502, 503, 504)
# A 500 is more often App Service's own opinion than a passing trouble.
ERROR_SECONDS = 10.0
NO_CONNECTION_SECONDS = 60.0
# "Cannot acquire exclusive lock to create, update or delete this site" is App Service's own 429
# (docs/platform/recordings/arm/error_429_exclusive_lock.json); the others count requests.
_BUSY = ("exclusive lock", "toomanyrequests", "too many requests", "throttl")
# A restart that was begun twice does no harm, but one after the other keeps the app from starting.
RESTARTS = 3
# No list has more pages.
MOST_PAGES = 100
# A restart that is answered when it is done.
WAITING = {"synchronous": "true"}


@dataclass(frozen=True)
class Site:
    """One app or slot.

    resource_id: of the slot, when there is one. plan_id: the resource id of its App Service plan.
    host and scm_host: the names that Resource Manager gave; they can carry a hash and a region, so they are never
    built from the app's name (docs/platform/az-extension.md 4.6).
    subscription: the one that the command line gave; None when it gave none.
    affinity: whether the front end sends a client to the instance that its cookie names.
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

    @property
    def label(self) -> str:
        """How messages name it: "app 'shop'" or "app 'shop' (slot 'staging')"."""
        return site_label(self.name, self.slot)

    @property
    def arguments(self) -> str:
        """The options that name it on a command line, for commands that messages advise; quoted for a shell."""
        return advice.options(self.resource_group, self.name, self.slot, self.subscription)

    def to_dict(self) -> dict[str, str | None]:
        """The `app` object of docs/json-output.md."""
        return {"name": self.name, "resourceGroup": self.resource_group, "slot": self.slot}


def site_label(name: str, slot: str | None) -> str:
    """How messages name an app or slot."""
    return f"app '{name}' (slot '{slot}')" if slot else f"app '{name}'"


@dataclass(frozen=True)
class VirtualApplication:
    r"""A part of the site with a folder of its own.

    virtual_path: "/" for the site itself, "/api" for a part. physical_path: its folder as Azure has it, mostly
    relative to %HOME%: `site\wwwroot\public`.
    """

    virtual_path: str
    physical_path: str


@dataclass(frozen=True)
class SiteConfiguration:
    """What of `config/web` matters here.

    use_32bit_worker: whether the app's worker process is a 32-bit one, which is what new apps get.
    applications: the site's virtual applications, the one at "/" among them
    (docs/platform/recordings/arm/config_web.json).
    """

    use_32bit_worker: bool
    applications: tuple[VirtualApplication, ...]

    @property
    def physical_root(self) -> str:
        """The folder of what is at "/", as Azure has it."""
        return next(each.physical_path for each in self.applications if each.virtual_path == "/")


@dataclass(frozen=True)
class ArmAnswer:
    """status: the HTTP status; body: parsed JSON, None when empty or no JSON; text: the body as text.

    retry_after: the pause in seconds that it asks for, None when it asks for none.
    """

    status: int
    body: Any
    text: str
    retry_after: float | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether it is none of Resource Manager's: a page, or a body that is no JSON, perhaps because it was cut."""
        return self.body is None and bool(self.text.strip()) and (self.status < 300 or is_page("", self.text))

    @property
    def is_throttled(self) -> bool:
        """Whether it says that the request is to be sent again later, and was not begun."""
        text = self.text.lower()
        return self.status == 429 and (self.retry_after is not None or any(sign in text for sign in _BUSY))


class Arm:
    """Resource Manager, for the resources of one subscription.

    send: takes (method, url without query, query parameters, JSON body or None, whether the answer is secret and must
        not be logged), sends it once and returns an ArmAnswer; raises Unreachable when the request was not sent,
        UnknownOutcome when its answer never came, and AccessDenied when there is no token.
    endpoint: the cloud's Resource Manager address; subscription: its id.
    given_subscription: the one that the command line gave, which advised commands repeat; None when it gave none.
    trouble: who is told when it takes long.
    """

    def __init__(
        self,
        send: Callable[[str, str, dict[str, str], Any, bool], ArmAnswer],
        endpoint: str,
        subscription: str,
        given_subscription: str | None = None,
        trouble: Trouble | None = None,
    ):
        self._send = send
        self._endpoint = endpoint.rstrip("/")
        self._subscription = subscription
        self._given_subscription = given_subscription
        self._configurations: dict[str, SiteConfiguration] = {}
        self._settings: dict[str, dict[str, str]] = {}
        self.trouble = trouble or Trouble("Azure Resource Manager")

    def call(
        self,
        method: str,
        resource_id: str,
        body: Any = None,
        *,
        secret: bool = False,
        query: Mapping[str, str] | None = None,
        joins: bool = False,
    ) -> ArmAnswer:
        """Ask for a resource; the caller judges the status.

        What only reads is repeated for up to four minutes while Azure is in trouble. What changes something is repeated
        only when it was not begun, as a 429 says; its 500, 502, 503 and 504 are the caller's.
        secret: keep the answer out of `az --debug`. query: parameters beside the api-version.
        joins: a 429 that does not say "later" is the caller's too: another request is about the same.
        Raises Unreachable, PlatformFailed for an answer that is not Resource Manager's, and UnknownOutcome when the
        answer to a change never came.
        """
        reads = method == "GET" or resource_id.endswith("/list")
        retry = Retry(self.trouble)
        while True:
            try:
                answer = self._send(
                    method, self._endpoint + resource_id, {"api-version": API_VERSION, **(query or {})}, body, secret
                )
            except Unreachable as error:
                if error.final or not retry.again("no answer", total=NO_CONNECTION_SECONDS):
                    raise
                continue
            except UnknownOutcome as error:
                if not reads:
                    raise
                if not retry.again("its answer was cut"):
                    raise Unreachable(error.message, error.recommendation) from error
                continue
            if not self._again(answer, retry, reads, joins):
                return answer

    def _again(self, answer: ArmAnswer, retry: Retry, reads: bool, joins: bool) -> bool:
        """Whether to ask once more, after a pause; raises PlatformFailed for a stranger's last answer."""
        reason = f"it answers {answer.status} ({arm_message(answer)[:80]})"
        if answer.status == 429 and (answer.is_throttled or not joins):
            return retry.again(reason, answer.retry_after)
        if answer.is_foreign:
            if reads and retry.again(reason, total=NO_CONNECTION_SECONDS):
                return True
            raise PlatformFailed(
                f"Azure Resource Manager answered {answer.status} with something that is not its own: "
                f"{arm_message(answer)}",
                "Check that nothing between this machine and Azure signs in for you.",
            )
        if reads and answer.status in UNCERTAIN:
            return retry.again(reason, answer.retry_after, ERROR_SECONDS if answer.status == 500 else None)
        self.trouble.over()
        return False

    def rows(self, resource_id: str, subject: str) -> list[dict[str, Any]]:
        """A whole list, with all its pages. subject: says what was asked for.

        Raises PlatformFailed, too, for what is no list: a list that was not told is not an empty one.
        """
        found: list[dict[str, Any]] = []
        query: Mapping[str, str] | None = {}
        for _ in range(MOST_PAGES):
            answer = self.call("GET", resource_id, query=query)
            require_success(answer, subject)
            told = isinstance(answer.body, dict) and "value" in answer.body
            value = (answer.body["value"] or []) if told else answer.body
            value = [row for row in value if row is not None] if isinstance(value, list) else None
            if value is None or not all(isinstance(row, dict) for row in value):
                raise PlatformFailed(
                    f"Azure did not tell {subject}: it answered with something that is no list.",
                    "Try again in a minute.",
                )
            found += value
            link = answer.body.get("nextLink") if isinstance(answer.body, dict) else None
            if not link:
                return found
            query = self._next_page(link, resource_id)
            if query is None:
                break
        raise PlatformFailed(f"Azure did not tell {subject} to the end.", "Try again in a minute.")

    def _next_page(self, link: Any, resource_id: str) -> Mapping[str, str] | None:
        """The query of a list's next page; None for an address that is not of the same list at Resource Manager."""
        own = urlsplit(self._endpoint + resource_id)
        try:
            other = urlsplit(str(link))
            same = (other.hostname, other.port or 443) == (own.hostname, own.port or 443)
        except ValueError:
            return None
        if not same or other.path.rstrip("/").lower() != own.path.rstrip("/").lower() or other.scheme != own.scheme:
            return None
        return dict(parse_qsl(other.query, keep_blank_values=True))

    def open_site(self, resource_group: str, name: str, slot: str | None) -> Site:
        """Look the app or slot up.

        Raises NotFound when there is none, Refused when it is no Windows web app (Linux, a function app, a container),
        and PlatformFailed when Azure names no SCM site.
        """
        resource_id = (
            f"/subscriptions/{self._subscription}/resourceGroups/{resource_group}"
            f"/providers/Microsoft.Web/sites/{name}" + (f"/slots/{slot}" if slot else "")
        )
        label, given = site_label(name, slot), self._given_subscription
        answer = self.call("GET", resource_id)
        if answer.status == 404:
            again = advice.in_subscription(given)
            listing = (
                f"az webapp deployment slot list -g {advice.quoted(resource_group)} -n {advice.quoted(name)}{again}"
                if slot
                else f'az webapp list --query "[].{{name:name, resourceGroup:resourceGroup}}"{again}'
            )
            raise NotFound(
                f"The {label} was not found in resource group '{resource_group}'.",
                f"List what there is: `{listing} --output table`.",
            )
        require_success(answer, f"{label} in resource group '{resource_group}'")
        body, properties = _object(answer.body), _properties(answer)
        SiteKind.read(body).require_windows_web_app(label, resource_group, name, slot, given)
        host, scm_host = _hosts(properties)
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
        )

    def configuration(self, site: Site) -> SiteConfiguration:
        """The app's `config/web`, asked for once. Raises AccessDenied and the other errors of an answer."""
        if site.resource_id not in self._configurations:
            answer = self.call("GET", f"{site.resource_id}/config/web")
            require_success(answer, f"the configuration of {site.label}")
            properties = _properties(answer)
            if not properties:
                raise PlatformFailed(f"Azure did not tell the configuration of {site.label}.", "Try again in a minute.")
            self._configurations[site.resource_id] = _configuration(properties)
        return self._configurations[site.resource_id]

    def has_32bit_worker(self, site: Site) -> bool:
        """Whether the app's worker process is a 32-bit one, which is what new apps get."""
        return self.configuration(site).use_32bit_worker

    def plan_tier(self, site: Site) -> str:
        """The tier of the app's plan, such as "Free" or "Basic"; "" when the caller may not see the plan."""
        answer = self.call("GET", site.plan_id) if site.plan_id else None
        sku = _object(answer.body).get("sku") if answer and answer.status == 200 else None
        return str(_object(sku).get("tier") or "")

    def app_settings(self, site: Site) -> dict[str, str]:
        """The app's settings, which become environment variables; asked for once. They are secret: never log them."""
        if site.resource_id not in self._settings:
            answer = self.call("POST", f"{site.resource_id}/config/appsettings/list", secret=True)
            require_success(answer, f"the settings of {site.label}")
            if not isinstance(answer.body, dict):
                raise PlatformFailed(f"Azure did not tell the settings of {site.label}.", "Try again in a minute.")
            properties = _properties(answer)
            self._settings[site.resource_id] = {str(name): str(value) for name, value in properties.items()}
        return dict(self._settings[site.resource_id])

    def restart(self, site: Site) -> None:
        """Restart the app and its SCM site; site-extension transforms take effect with it
        (docs/platform/site-extensions.md 1.5).

        Azure is asked to answer when that is done, because else the old process goes on for a while
        (docs/platform/recorded-traffic.md 3.4). Raises UnknownOutcome when Azure does not say whether it does.
        """
        self._power(site, "restart", None)

    def stop(self, site: Site) -> None:
        """Stop the app; its SCM site keeps working (docs/platform/kudu.md 5.3). Raises as restart."""
        self._power(site, "stop", "stopped")

    def start(self, site: Site) -> None:
        """Start the app. Raises as restart."""
        self._power(site, "start", "running")

    def instances(self, site: Site) -> list[str]:
        """The ids of the instances that the app runs on at this moment: the values of the front end's affinity cookie.

        Raises PlatformFailed and its like when Azure does not tell.
        """
        rows = self.rows(f"{site.resource_id}/instances", f"the instances of {site.label}")
        return [str(row["name"]).rpartition("/")[2] for row in rows if row.get("name")]

    def publishing_credentials(self, site: Site) -> tuple[str, str] | None:
        """The publishing user and password, or None when the SCM site allows no basic authentication."""
        policy = self.call("GET", f"{site.resource_id}/basicPublishingCredentialsPolicies/scm")
        if not _properties(policy).get("allow"):
            return None
        answer = self.call("POST", f"{site.resource_id}/config/publishingcredentials/list", secret=True)
        properties = _properties(answer)
        user, password = properties.get("publishingUserName"), properties.get("publishingPassword")
        return (str(user), str(password)) if user and password else None

    def _power(self, site: Site, action: str, wanted: str | None) -> None:
        """Switch the app. wanted: the state that it has then, by which an action whose answer was lost is known."""
        retry, tries = Retry(self.trouble), 0
        while True:
            try:
                # Resource Manager may give up on waiting for the end of a restart; the next one need not be waited for.
                waits = action == "restart" and tries == 0
                answer = self.call("POST", f"{site.resource_id}/{action}", query=WAITING if waits else None)
                if answer.status not in UNCERTAIN:
                    require_success(answer, f"the {action} of {site.label}")
                    return
                reason = f"Azure answered {answer.status}: {arm_message(answer)}"
                total = ERROR_SECONDS if answer.status == 500 else None
            except UnknownOutcome as error:
                reason, total = error.message, None
            except PythonAppError as error:
                if not tries:
                    raise
                reason, total = error.message, None  # the first try may have done it all the same
            tries += 1
            if wanted is not None and self._state(site) == wanted:
                return
            if wanted is None and tries >= RESTARTS or not retry.again(reason, total=total):
                raise UnknownOutcome(
                    f"Whether the {action} of {site.label} took place is not known. {reason}",
                    f"Look at it: `az webapp show {site.arguments} --query state`.",
                )

    def _state(self, site: Site) -> str:
        """The app's present state in lower case; "" when Azure does not say."""
        try:
            answer = self.call("GET", site.resource_id)
        except PythonAppError:
            return ""
        return str(_properties(answer).get("state") or "").lower()


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON object; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def _properties(answer: ArmAnswer) -> Mapping[str, Any]:
    """The properties of what was asked for; none where the answer has none."""
    return _object(_object(answer.body).get("properties"))


def _list(value: Any) -> list[Any]:
    """A JSON array; an empty one in the place of anything else."""
    return value if isinstance(value, list) else []


# HostType of Microsoft.Web, by name and, as api-versions before 2016 write it, by number
# (docs/platform/recordings/arm/site_api_2015_integer_enums.json).
_REPOSITORY = ("repository", "1")


def _hosts(properties: Mapping[str, Any]) -> tuple[str, str]:
    """The app's own host name and that of its SCM site; "" for one that Azure does not name.

    An app can have several names of its own and, in an environment with a domain of its own, several SCM names: the
    default ones belong together. A name is only ever taken from Resource Manager, never made.
    """
    rows = [row for row in _list(properties.get("hostNameSslStates")) if isinstance(row, dict) and row.get("name")]
    is_scm = [str(row.get("hostType", "")).lower() in _REPOSITORY for row in rows]
    names = [str(row["name"]) for row, scm in zip(rows, is_scm) if not scm]
    scm_names = [str(row["name"]) for row, scm in zip(rows, is_scm) if scm]
    host = str(properties.get("defaultHostName") or (names or [""])[0])
    label, _, domain = host.partition(".")
    usual = f"{label}.scm.{domain}".lower()
    enabled = [str(name) for name in _list(properties.get("enabledHostNames")) if str(name).lower() == usual]
    best = [name for name in scm_names if name.lower() == usual] or scm_names or enabled
    return host, best[0] if best else ""


def _configuration(properties: Mapping[str, Any]) -> SiteConfiguration:
    """From the properties of `config/web`; an app without virtual applications serves site\\wwwroot."""
    found = [
        VirtualApplication("/" + str(row["virtualPath"]).strip("/"), str(row["physicalPath"]))
        for row in map(_object, _list(properties.get("virtualApplications")))
        if row.get("virtualPath") and row.get("physicalPath")
    ]
    if all(each.virtual_path != "/" for each in found):
        found.insert(0, VirtualApplication("/", DEFAULT_ROOT))
    return SiteConfiguration(bool(properties.get("use32BitWorkerProcess")), tuple(found))


def require_success(answer: ArmAnswer, subject: str) -> None:
    """Raise what an answer other than 2xx means; `subject` says what was asked for."""
    if answer.status < 300:
        return
    reason = arm_message(answer)
    if answer.status == 404 and not answer.is_foreign:
        raise NotFound(f"Azure did not find {subject}: {reason}")
    if answer.status in (401, 403):
        raise AccessDenied(
            f"Azure refused access to {subject} ({answer.status}): {reason}",
            "Ask for the role Website Contributor on the app, or sign in again with `az login`.",
        )
    if answer.status == 409:
        raise Conflict(f"Azure is busy with {subject}: {reason}", "Try again in a minute.")
    raise PlatformFailed(f"Azure answered {answer.status} for {subject}: {reason}")


def arm_message(answer: ArmAnswer, otherwise: str | None = None) -> str:
    """The reason in an error answer, on one line. otherwise: the words for one that gives none.

    Resource Manager's `error.message`, App Service's `Message`, or Kudu's `ExceptionMessage`, beside which `Message` is
    only "An error has occurred." (docs/platform/recorded-traffic.md 3.1); the start of any other text.
    """
    body = answer.body
    if isinstance(body, dict):
        error = body.get("error")
        places = [body, error if isinstance(error, dict) else {}]
        text = next(
            (
                place[key]
                for key in ("ExceptionMessage", "exceptionMessage", "message", "Message")
                for place in reversed(places)
                if place.get(key)
            ),
            None,
        )
        if text:
            return " ".join(str(text).split())[:300]
    return otherwise if otherwise and body is not None else outcome_message(answer.text, answer.status)
