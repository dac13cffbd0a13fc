"""Azure Resource Graph: one query over many subscriptions, read to its end.

Source of all that is said of it here: docs/platform/resource-manager.md 3. It is asked through the pipeline that all of
Resource Manager is asked through, because the client library of its own does not come with az.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from azext_pythonapp.appservice.arm_requests import ArmRequests
from azext_pythonapp.appservice.retry import TOTAL_SECONDS
from azext_pythonapp.errors import PlatformFailed

_RESOURCES = "/providers/Microsoft.ResourceGraph/resources"
_API_VERSION = "2024-04-01"
# The most subscriptions of one query, and the most rows of one answer.
MOST_SUBSCRIPTIONS = 1000
_PAGE = 1000
# No query has more pages.
_MAX_PAGES = 1000
_AGAIN = "Try again in a minute."


def rows(requests: ArmRequests, query: str, subscriptions: Sequence[str], page: int = _PAGE) -> list[dict[str, Any]]:
    """Return all rows of a query, over any number of subscriptions.

    query: in Kusto's language; it must put its rows in an order and have the column `id`, because pages of a query
    without an order can repeat rows and leave others out. page: the most rows of one answer.
    Waits when Resource Graph says that its quota is used up. Subscriptions that the caller may not read are left out by
    Resource Graph without a word.
    Raises AccessDenied, NotFound, Conflict or PlatformFailed when it is refused, and PlatformFailed when not all of it
    came: a part is never taken for the whole.
    """
    parts = [subscriptions[at : at + MOST_SUBSCRIPTIONS] for at in range(0, len(subscriptions), MOST_SUBSCRIPTIONS)]
    return [row for part in parts for row in _rows(requests, query, part, page)]


def _rows(requests: ArmRequests, query: str, subscriptions: Sequence[str], page: int) -> Iterator[dict[str, Any]]:
    token: str | None = None
    seen: set[str] = set()
    count = 0
    for _ in range(_MAX_PAGES):
        options = {"resultFormat": "objectArray", "$top": page} | ({"$skipToken": token} if token else {})
        body = {"subscriptions": list(subscriptions), "query": query, "options": options}
        answer = requests.call("POST", _RESOURCES, body, query={"api-version": _API_VERSION}, only_reads=True)
        answer.raise_for_status("the web apps of Resource Graph")
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise PlatformFailed("Resource Graph did not answer with rows.", _AGAIN)
        yield from data
        count += len(data)
        token = str(answer.body.get("$skipToken") or "") or None
        if token is None:
            _require_whole(answer.body, count)
            return
        if token in seen:
            break
        seen.add(token)
        if answer.quota_used_up:
            requests.outage.sleep(min(answer.asked_pause or 1.0, TOTAL_SECONDS))
    raise PlatformFailed("Resource Graph answered with the same page again and again.", _AGAIN)


def _require_whole(body: dict[str, Any], count: int) -> None:
    """Raise PlatformFailed for a last page that says itself that rows are missing."""
    total = body.get("totalRecords")
    cut = str(body.get("resultTruncated") or "").lower() == "true"
    if cut or (isinstance(total, int) and total > count):
        of_all = f" of {total}" if isinstance(total, int) else ""
        raise PlatformFailed(f"Resource Graph answered with {count}{of_all} rows and did not say how to go on.", _AGAIN)
