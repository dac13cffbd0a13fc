"""Azure Resource Graph: POST /providers/Microsoft.ResourceGraph/resources (docs/platform/resource-manager.md 3).

Without an order the rows come in another order each time; without the column `id` there is no second page; and who asks
too often is refused.
"""

from __future__ import annotations

import base64
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import kql, login
from .arm_shapes import config, site_resource
from .directory import Directory
from .site import Site

MOST_ROWS = 1000


@dataclass
class ResourceGraph:
    """The service. Tests may set:

    page      rows of an answer at most
    quota     queries that may be sent in each window …
    window    … of so many seconds
    refused   the caller may not query: 403
    now       the clock, in seconds
    queries   all that were asked, refused ones too: the bodies of the requests
    """

    directory: Directory
    page: int = MOST_ROWS
    quota: int = 15
    window: float = 5
    refused: bool = False
    now: Callable[[], float] = time.monotonic
    queries: list[dict[str, Any]] = field(default_factory=list)
    _begun: float = float("-inf")
    _used: int = 0

    async def answer(self, request: Request) -> Response:
        """Answer a query."""
        body = json.loads(await request.body())
        self.queries.append(body)
        if self.refused:
            return _refusal()
        left, reset = self._take()
        headers = {"x-ms-user-quota-remaining": str(max(0, left)), "x-ms-user-quota-resets-after": _clock(reset)}
        if left < 0:
            text = (
                "Client application has been throttled and should not attempt to repeat the request until an amount of "
                "time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
            )
            return _error(429, "RateLimiting", ("RateLimiting", text), headers)
        try:
            return JSONResponse(self._found(body), headers=headers)
        except kql.InvalidQuery as error:
            text = (
                "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error "
                f"before retrying. {error}"
            )
            return _error(400, "BadRequest", ("InvalidQuery", text), headers)
        except _Unfit as error:
            return _error(400, "BadRequest", error.detail, headers)

    def _take(self) -> tuple[int, float]:
        """Use one query up: how many are left, below 0 when there was none, and the seconds until there are all again."""
        now = self.now()
        if now >= self._begun + self.window:
            self._begun, self._used = now, 0
        self._used += 1
        return self.quota - self._used, self._begun + self.window - now

    def _found(self, body: dict[str, Any]) -> dict[str, Any]:
        options = body.get("options") or {}
        sites = self._in_scope(body.get("subscriptions"))
        tables = {
            "resources": [row_of(site) for site in sites],
            "appserviceresources": [config_row_of(site) for site in sites],
        }
        result = kql.run(body["query"], tables)
        rows = result.rows
        if not result.ordered:
            random.shuffle(rows)
        most = min(options.get("$top") or MOST_ROWS, self.page)
        if (options.get("$top") or 0) > MOST_ROWS:
            raise _Unfit("InvalidPagingOptions", f"$top must be at most {MOST_ROWS}")
        token = options.get("$skipToken")
        start = _offset(token, body["query"]) if token else options.get("$skip") or 0
        page = rows[start : start + most]
        more = start + len(page) < len(rows)
        answer = {
            "totalRecords": len(rows),
            "count": len(page),
            "data": _table(page) if options.get("resultFormat") == "table" else page,
            "facets": [],
            "resultTruncated": "true" if more else "false",
        }
        if more and not result.limited and "id" in page[0]:
            answer["$skipToken"] = _token(start + len(page), body["query"])
        return answer

    def _in_scope(self, subscriptions: list[str] | None) -> list[Site]:
        known = [each for each, _ in self.directory.subscriptions.items()]
        wanted = known if subscriptions is None else [each for each in known if each in subscriptions]
        if not wanted:
            raise _Unfit(
                "NoValidSubscriptionsInQueryRequest",
                "There must be at least one subscription that is eligible to contain resources. "
                f"Given: '{','.join(subscriptions or ())}'",
            )
        return [
            site for site in self.directory if site.address.subscription in wanted and not site.switches.arm_forbidden
        ]


def row_of(site: Site) -> dict[str, Any]:
    """The row of an app or slot in the table `resources`."""
    resource: dict[str, Any] = site_resource(site)
    return {
        "id": resource["id"],
        "name": resource["name"],
        "type": resource["type"].lower(),
        "tenantId": login.TENANT,
        "kind": resource["kind"],
        "location": resource["location"].replace(" ", "").lower(),
        "resourceGroup": site.resource_group.lower(),
        "subscriptionId": site.address.subscription,
        "managedBy": "",
        "sku": None,
        "plan": None,
        "properties": {**resource["properties"], "siteConfig": None},
        "tags": resource["tags"] or None,
        "identity": None,
        "zones": None,
        "extendedLocation": None,
    }


def config_row_of(site: Site) -> dict[str, Any]:
    """The row of an app's or slot's `config/web` in the table `appserviceresources`."""
    row = row_of(site)
    configuration = json.loads(bytes(config(site).body))["properties"]
    return {
        **row,
        "id": f"{row['id']}/config/web",
        "name": "web",
        "type": f"{row['type']}/config/web",
        "kind": "",
        "properties": _capital(configuration),
        "tags": None,
    }


def _capital(value: Any) -> Any:
    """JSON whose names begin with a capital letter."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _capital(each) for name, each in value.items()}
    return [_capital(each) for each in value] if isinstance(value, list) else value


class _Unfit(ValueError):
    """A request that is refused; detail: code and message."""

    def __init__(self, *detail: str):
        super().__init__(detail[1])
        self.detail = (detail[0], detail[1])


def _table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = list(rows[0]) if rows else []
    kinds = {bool: "boolean", int: "integer", str: "string"}
    columns = [{"name": name, "type": kinds.get(type(rows[0][name]), "object")} for name in names]
    return {"columns": columns, "rows": [[row[name] for name in names] for row in rows]}


def _token(offset: int, query: str) -> str:
    return base64.b64encode(json.dumps([offset, query]).encode()).decode()


def _offset(token: str, query: str) -> int:
    try:
        offset, asked = json.loads(base64.b64decode(token))
    except ValueError:
        offset, asked = 0, None
    if asked != query:
        raise _Unfit("InvalidSkipToken", "The skip token does not belong to this query.")
    return int(offset)


def _clock(seconds: float) -> str:
    """hh:mm:ss, rounded up."""
    whole = int(-(-seconds // 1))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _error(status: int, code: str, detail: tuple[str, str], headers: dict[str, str]) -> Response:
    moment = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    message = (
        f"Please provide below info when asking for support: timestamp = {moment}, correlationId = {uuid.uuid4()}."
    )
    details = [{"code": detail[0], "message": detail[1]}]
    return JSONResponse({"error": {"code": code, "message": message, "details": details}}, status, headers)


def _refusal() -> Response:
    message = (
        f"The client '{login.CLIENT_ID}' with object id '{login.OBJECT_ID}' does not have authorization to perform action "
        "'Microsoft.ResourceGraph/resources/read' over scope '/providers/Microsoft.ResourceGraph' or the scope is invalid. "
        "If access was recently granted, please refresh your credentials."
    )
    return JSONResponse({"error": {"code": "AuthorizationFailed", "message": message}}, 403)
