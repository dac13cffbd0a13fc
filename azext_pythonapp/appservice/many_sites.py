"""What Resource Manager says of many apps of one subscription, asked for all of them together.

One list in place of a request for each app. A list omits an app silently when its region does not answer or the caller
may not see it, and slots are in none: what is missing is asked for by itself, and only that answer means "not found"
(docs/platform/resource-manager.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from azext_pythonapp.appservice.arm_requests import ArmRequests
from azext_pythonapp.appservice.site import host_names, json_object
from azext_pythonapp.errors import PythonAppError

# Up to so many apps, a request for each is no more than a list may need.
FEW_APPS = 3
# For how long what the list said of an app is good enough to begin with it, in seconds.
LISTED_SECONDS = 300.0
GRAPH_VERSION = "2024-04-01"
# Apps that one query of Resource Graph names, which is sent as one text.
GRAPH_APPS = 200
# Tables have these types with the word "web" and, in older examples, without it.
_CONFIGURATIONS = (
    "'microsoft.web/sites/config', 'microsoft.web/sites/config/web', "
    "'microsoft.web/sites/slots/config', 'microsoft.web/sites/slots/config/web'"
)


class ManySites:
    """The apps of a subscription that a command works on. Several threads can use it at the same time.

    requests: to the subscription's Resource Manager. resource_ids: of the apps and slots.
    graph: whether Resource Graph may answer for `config/web`. It may be some minutes behind, so it is for commands that
    only read. clock: seconds, monotonic.
    """

    def __init__(
        self,
        requests: ArmRequests,
        subscription: str,
        resource_ids: Iterable[str],
        graph: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._requests = requests
        self._subscription = subscription
        self._clock = clock
        self._listed_at = 0.0
        self._wanted = {each.lower() for each in resource_ids}
        self._sites = _Once(self._list_sites)
        self._configurations = _Once(self._query_configurations if graph else dict)
        self._plans = _Once(self._list_plans)

    def site(self, resource_id: str) -> Mapping[str, Any] | None:
        """Return the body of an app or slot, once: whoever asks again wants to know its state anew.

        None where a GET must tell: the list did not have it, was not worth it, or is too old: an app may have been
        deleted since, and its SCM host's name, to which a token is sent, may be somebody else's.
        """
        found: Mapping[str, Any] | None = self._sites.get().pop(resource_id.lower(), None)
        return found if self._clock() - self._listed_at < LISTED_SECONDS else None

    def configuration(self, resource_id: str) -> Mapping[str, Any] | None:
        """Return the properties of an app's `config/web`; None where a GET must tell."""
        found: Mapping[str, Any] | None = self._configurations.get().get(resource_id.lower())
        return found

    def plan(self, plan_id: str) -> Mapping[str, Any] | None:
        """Return the body of an App Service plan; None where a GET must tell."""
        found: Mapping[str, Any] | None = self._plans.get().get(plan_id.lower())
        return found

    def _list_sites(self) -> dict[str, Any]:
        self._listed_at = self._clock()
        missing = {each for each in self._wanted if "/slots/" not in each}
        rows = self._listed("sites", missing) if len(missing) > FEW_APPS else ()
        # A row that names no SCM site is not all that a GET would return.
        return {key: row for key, row in rows if host_names(json_object(row.get("properties")))[1]}

    def _list_plans(self) -> dict[str, Any]:
        return dict(self._listed("serverfarms", None)) if len(self._wanted) > FEW_APPS else {}

    def _listed(self, kind: str, missing: set[str] | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (id, row) of what a list has, as far as reading it costs no more than a request for each app.

        missing: the ids that are wanted, and are taken out as they are found; None for all that the list has.
        """
        pages = self._requests.pages(
            f"/subscriptions/{self._subscription}/providers/Microsoft.Web/{kind}",
            f"the apps of subscription {self._subscription}",
        )
        try:
            for number, page in enumerate(pages, 1):
                for row in page:
                    key = str(row.get("id") or "").lower()
                    if missing is None or key in missing:
                        yield key, row
                        (missing or set()).discard(key)
                if number >= len(self._wanted) or missing is not None and not missing:
                    return
        except PythonAppError:
            return  # each app is asked for by itself, and that says what is wrong

    def _query_configurations(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        wanted = sorted(self._wanted) if len(self._wanted) > FEW_APPS else []
        for start in range(0, len(wanted), GRAPH_APPS):
            found.update(self._graph(wanted[start : start + GRAPH_APPS]))
        return found

    def _graph(self, resource_ids: list[str]) -> dict[str, Any]:
        """Return `config/web` of some apps by their ids, as Resource Graph has them; of none where it does not answer.

        Its names of properties begin with a capital letter, or do not.
        """
        names = ", ".join("'" + f"{each}/config/web".replace("'", "''") + "'" for each in resource_ids)
        body = {
            "subscriptions": [self._subscription],
            "query": f"appserviceresources | where type in~ ({_CONFIGURATIONS}) | where id in~ ({names}) "
            "| project id, properties | order by id asc",
            "options": {"resultFormat": "objectArray", "$top": 1000},
        }
        try:
            answer = self._requests.call(
                "POST", "/providers/Microsoft.ResourceGraph/resources", body, query={"api-version": GRAPH_VERSION}
            )
        except PythonAppError:
            return {}
        rows = json_object(answer.body).get("data") if answer.status == 200 else None
        found = {}
        for row in rows if isinstance(rows, list) else ():
            properties = {
                name[:1].lower() + name[1:]: value
                for name, value in json_object(json_object(row).get("properties")).items()
            }
            mappings = [_small(each) for each in properties.get("virtualApplications") or ()]
            if mappings:  # else it is not known which folder is served
                key = str(row.get("id") or "").lower().removesuffix("/config/web")
                found[key] = {
                    "virtualApplications": mappings,
                    "use32BitWorkerProcess": properties.get("use32BitWorkerProcess"),
                    "healthCheckPath": properties.get("healthCheckPath"),
                    "alwaysOn": properties.get("alwaysOn"),
                    "webSocketsEnabled": properties.get("webSocketsEnabled"),
                }
        return found


class _Once:
    """What is asked for when somebody needs it, once. The others wait for it."""

    def __init__(self, fetch: Callable[[], dict[str, Any]]):
        self._fetch = fetch
        self._lock = threading.Lock()
        self._found: dict[str, Any] | None = None

    def get(self) -> dict[str, Any]:
        with self._lock:
            if self._found is None:
                self._found = self._fetch()
            return self._found


def _small(value: Any) -> dict[str, Any]:
    """Return an object with names that begin with a small letter."""
    return {name[:1].lower() + name[1:]: each for name, each in json_object(value).items()}
