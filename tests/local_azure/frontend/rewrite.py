"""IIS's URL Rewrite module, as far as the web.config files of Python apps use it: rules of the root that rewrite.

A request that was rewritten carries the address from before in X-Original-URL, which wfastcgi takes for the app's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

from .site_request import SiteRequest
from .web_root import WebRoot

ORIGINAL_URL = "x-original-url"


def rewritten(rules: Iterable[Element], request: SiteRequest, root: WebRoot) -> SiteRequest:
    """The request as the rules leave it. rules: the <rule> elements in their order, those that are off too."""
    result = request
    for rule in rules:
        if rule.get("enabled", "true").lower() == "false":
            continue
        groups = _match(rule, result, root)
        action = rule.find("action")
        if groups is None:
            continue
        if action is not None and action.get("type", "").lower() == "rewrite":
            result = _to(action, groups, result)
        if rule.get("stopProcessing", "false").lower() == "true":
            break
    if result == request:
        return request
    original = request.target + ("?" + request.query if request.query else "")
    return replace(result, headers=(*result.headers, (ORIGINAL_URL, original)))


def _match(rule: Element, request: SiteRequest, root: WebRoot) -> dict[str, str] | None:
    """What {R:n} stands for when the rule holds for the request, else None."""
    match = rule.find("match")
    groups: dict[str, str] = {}
    if match is not None:
        found = _search(match.get("url", ""), request.path.lstrip("/"), match)
        if (found is None) == (match.get("negate", "false").lower() != "true"):
            return None
        if found is not None:
            groups = {f"{{R:{number}}}": found[number] or "" for number in range(found.re.groups + 1)}
    conditions = rule.find("conditions")
    if conditions is not None and len(conditions):
        results = [_holds(condition, request, root) for condition in conditions.findall("add")]
        if not (any(results) if conditions.get("logicalGrouping") == "MatchAny" else all(results)):
            return None
    return groups


def _holds(condition: Element, request: SiteRequest, root: WebRoot) -> bool:
    kind = condition.get("matchType", "Pattern").lower()
    file = root.path(request.segments)
    if kind == "isfile":
        found = file.is_file()
    elif kind == "isdirectory":
        found = file.is_dir()
    else:
        uri = request.target + ("?" + request.query if request.query else "")
        variables = {
            "{REQUEST_URI}": uri,
            "{UNENCODED_URL}": uri,
            "{URL}": request.path,
            "{PATH_INFO}": request.path,
            "{QUERY_STRING}": request.query,
            "{HTTP_HOST}": request.host,
            "{HTTPS}": "on",
            "{REQUEST_FILENAME}": root.windows_path(request.segments),
            "{REQUEST_METHOD}": request.method,
        }
        text = re.sub(r"\{\w+\}", lambda name: variables.get(name[0].upper(), ""), condition.get("input", ""))
        found = _search(condition.get("pattern", ""), text, condition) is not None
    return found != (condition.get("negate", "false").lower() == "true")


def _search(pattern: str, text: str, element: Element) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE if element.get("ignoreCase", "true").lower() == "true" else 0)


def _to(action: Element, groups: dict[str, str], request: SiteRequest) -> SiteRequest:
    url = re.sub(r"\{R:\d\}", lambda name: groups.get(name[0], ""), action.get("url", ""))
    path, _, query = url.partition("?")
    if action.get("appendQueryString", "true").lower() == "true":
        query = "&".join(part for part in (query, request.query) if part)
    return replace(request, target=quote("/" + unquote(path).lstrip("/")), query=query)
