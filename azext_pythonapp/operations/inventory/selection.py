"""Which apps there are: one query of Resource Graph over all subscriptions, or Resource Manager's lists without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azext_pythonapp.appservice import resource_graph
from azext_pythonapp.appservice.account import Directory
from azext_pythonapp.appservice.arm_requests import ArmRequests
from azext_pythonapp.appservice.site import host_names, json_object
from azext_pythonapp.appservice.site_kind import SiteKind
from azext_pythonapp.errors import AccessDenied, InvalidInput, PythonAppError, Unreachable
from azext_pythonapp.operations.inventory.threads import each_of

# What a row needs, and no more: all properties of an app are some kilobytes. `siteConfig` is null there
# (docs/platform/resource-manager.md 3.1).
_PROPERTIES = (
    "state",
    "reserved",
    "isXenon",
    "hyperV",
    "managedEnvironmentId",
    "defaultHostName",
    "hostNameSslStates",
    "enabledHostNames",
)
_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Web/sites/(?P<name>[^/]+)(?:/slots/(?P<slot>[^/]+))?/?",
    re.IGNORECASE,
)
# How many subscriptions a sentence names.
_NAMED = 3
_NOT_WEB_APPS = frozenset(("functionapp", "workflowapp"))


@dataclass(frozen=True)
class Filter:
    """group: the name of a resource group, None for all. tags: (name, value), all of which an app must have; a value of
    None is for any."""

    group: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def from_options(cls, group: str | None, tags: Sequence[str]) -> Filter:
        """Read the options. Raises InvalidInput for a tag without a name."""
        pairs = []
        for tag in tags:
            name, equals, value = tag.partition("=")
            if not name.strip():
                raise InvalidInput(f"--tag '{tag}' names no tag.", "Give `--tag NAME=VALUE`, or `--tag NAME` for any.")
            pairs.append((name.strip(), value if equals else None))
        return cls(group or None, tuple(pairs))

    def takes(self, group: str, tags: Mapping[str, Any]) -> bool:
        """Return whether an app is wanted. Names of tags are compared without regard to case, as Azure does."""
        if self.group is not None and group.lower() != self.group.lower():
            return False
        own = {str(name).lower(): str("" if value is None else value) for name, value in tags.items()}
        return all(name.lower() in own and value in (None, own[name.lower()]) for name, value in self.tags)


@dataclass(frozen=True)
class ListedApp:
    """A Windows web app, or one of its slots. host, scm_host: "" where Azure names none."""

    id: str
    subscription: str
    group: str
    name: str
    slot: str | None
    state: str
    host: str
    scm_host: str

    @property
    def site_id(self) -> str:
        """The resource id of the app that a slot belongs to, in lower case; of an app its own."""
        return self.id.lower().partition("/slots/")[0]


@dataclass
class Selection:
    """apps: in the order of their ids. linux, containers: how many web apps and slots were left out.

    missing: one sentence for each part that could not be read: then there may be more apps.
    """

    apps: list[ListedApp] = field(default_factory=list)
    linux: int = 0
    containers: int = 0
    missing: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set, repr=False)

    def take(self, bodies: Iterable[Mapping[str, Any]], wanted: Filter) -> None:
        """Add what is wanted of Azure's JSON of sites and slots; what comes twice counts once."""
        for body in bodies:
            match = _ID.fullmatch(str(body.get("id") or ""))
            if match is None or match[0].lower() in self._known:
                continue
            self._known.add(match[0].lower())
            kind = SiteKind.read(body)
            if kind.words & _NOT_WEB_APPS or not wanted.takes(match["group"], json_object(body.get("tags"))):
                continue
            self.containers += kind.container
            self.linux += kind.linux and not kind.container
            if not kind.linux and not kind.container:
                self.apps.append(_listed(body, match))


def _listed(body: Mapping[str, Any], match: re.Match[str]) -> ListedApp:
    properties = json_object(body.get("properties"))
    return ListedApp(
        match[0],
        match["subscription"].lower(),
        match["group"],
        match["name"],
        match["slot"],
        str(properties.get("state") or ""),
        *host_names(properties),
    )


def select(
    directories: Sequence[Directory], wanted: Filter, say: Callable[[str], None], parallel: int = 10
) -> Selection:
    """Return the Windows web apps and slots of some subscriptions.

    say: takes a line for the user. parallel: how many lists are read at the same time, where Resource Graph is refused.
    A subscription that cannot be read is in `missing`; when that is true for all of them, the error of the first one is
    raised.
    """
    found, errors = Selection(), list[PythonAppError]()
    for directory in directories:
        _select_in(directory, wanted, say, parallel, found, errors)
    if errors and len(errors) == sum(len(directory.subscriptions) for directory in directories):
        raise errors[0]
    found.apps.sort(key=lambda app: app.id.lower())
    return found


def query(group: str | None) -> str:
    """Return the query for all web apps and slots. group: the name of a resource group, None for all."""
    lines = [
        "resources",
        "where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots')",
        "where kind !contains 'functionapp'",
        *([f"where resourceGroup =~ '{_quoted(group)}'"] if group is not None else []),
        "project id, kind, tags, subscriptionId, " + ", ".join(f"{name} = properties.{name}" for name in _PROPERTIES),
        "order by id asc",
    ]
    return "\n| ".join(lines)


# The subscriptions that Resource Graph reads for the caller.
READABLE = "resourcecontainers\n| where type =~ 'microsoft.resources/subscriptions'\n| project id, subscriptionId\n"
READABLE += "| order by id asc"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _would_fail_again(error: PythonAppError) -> bool:
    """Whether any other request would fail the same way: there is no network, or no sign-in."""
    return isinstance(error, Unreachable) or (isinstance(error, AccessDenied) and not error.signed_in)


def _select_in(
    directory: Directory,
    wanted: Filter,
    say: Callable[[str], None],
    parallel: int,
    found: Selection,
    errors: list[PythonAppError],
) -> None:
    """Add the apps of one directory. errors: gets one for each subscription that could not be read.

    Where there is no sign-in, or no network, the lists would fail the same way, a minute each.
    """
    try:
        rows = resource_graph.rows(directory.requests, query(wanted.group), directory.subscriptions)
        found.take(map(_site_of, rows), wanted)
        listed = _unread(directory, {str(row.get("subscriptionId") or "").lower() for row in rows})
    except PythonAppError as error:
        if _would_fail_again(error):
            errors += [error] * len(directory.subscriptions)
            found.missing.append(_could_not_be_read(directory.subscriptions, error))
            return
        listed = directory.subscriptions
        say(
            "Resource Graph was not used, so the apps are listed subscription by subscription, which can miss those of "
            f"a region that does not answer: {error.message}"
        )
    outcomes = each_of(listed, lambda each: _of_subscription(directory.requests, each), parallel)
    for subscription, (bodies, failure) in zip(listed, outcomes):
        found.take(bodies, wanted)
        if failure is not None:
            errors.append(failure)
            found.missing.append(_could_not_be_read([subscription], failure))
    slots = each_of(
        [app for app in found.apps if app.subscription in listed and app.slot is None],
        lambda app: _slots(directory.requests, app),
        parallel,
    )
    for bodies, problem in slots:
        found.take(bodies, wanted)
        found.missing += [problem] if problem else []


def _could_not_be_read(subscriptions: Sequence[str], error: PythonAppError) -> str:
    more = f" and {len(subscriptions) - _NAMED} more" if len(subscriptions) > _NAMED else ""
    named = ", ".join(subscriptions[:_NAMED]) + more
    return f"Subscription{'s' * (len(subscriptions) != 1)} {named} could not be read: {error.message}"


def _unread(directory: Directory, seen: set[str]) -> tuple[str, ...]:
    """Return the subscriptions of which Resource Graph may have left out everything, because it does not read them.

    seen: those of which it returned apps. Whether the others are empty, only a list tells.
    """
    empty = [each for each in directory.subscriptions if each not in seen]
    if not empty:
        return ()
    try:
        rows = resource_graph.rows(directory.requests, READABLE, empty)
    except PythonAppError:
        return tuple(empty)
    read = {str(row.get("subscriptionId") or "").lower() for row in rows}
    return tuple(each for each in empty if each not in read)


def _site_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of Resource Graph in the form of Resource Manager's JSON."""
    return {
        "id": row.get("id"),
        "kind": row.get("kind"),
        "tags": row.get("tags"),
        "properties": {name: row.get(name) for name in _PROPERTIES},
    }


def _of_subscription(requests: ArmRequests, subscription: str) -> tuple[list[dict[str, Any]], PythonAppError | None]:
    """Return the apps of a subscription without their slots, and why nothing could be read.

    The list of a resource group would be shorter; but its 404 does not tell a group from a subscription that is gone.
    """
    path = f"/subscriptions/{subscription}/providers/Microsoft.Web/sites"
    try:
        return requests.rows(path, f"the web apps of subscription {subscription}"), None
    except PythonAppError as error:
        return [], error


def _slots(requests: ArmRequests, app: ListedApp) -> tuple[list[dict[str, Any]], str | None]:
    try:
        return requests.rows(f"{app.id}/slots", f"the slots of app '{app.name}'"), None
    except PythonAppError as error:
        return [], f"The slots of app '{app.name}' could not be read: {error.message}"
