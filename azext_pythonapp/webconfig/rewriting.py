"""The rewrite rules of a web.config that route requests to a handler.

wfastcgi gives the app the original address (X-Original-URL); HttpPlatformHandler gives it the rewritten one. So such a
rule is right for FastCGI, and wrong for HttpPlatform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from azext_pythonapp.webconfig.markup import Element

_SCRIPT = re.compile(r".*\.(?:py|pyw|fcgi|wsgi|cgi)", re.IGNORECASE)
_EVERYTHING = re.compile(r"\^?\(?\.[*+]\??\)?\$?|\^?")
_ALL_BUT_FOLDER = re.compile(r"\^\(\?!/?([\w-]+)/?\)\(?\.[*+]\)?\$?")
_FOLDER = re.compile(
    r"\^/?([\w-]+(?:/[\w-]+)*)"
    r"(?:/|/\.[*+]|/\(\.[*+]\)|\(/\.\*\)\?|\(/\|\$\)(?:\.\*)?|/\?\(?\.\*\)?|/\?|\(\.\*\)|\.\*)?\$?"
)
# More rewritten paths than any real file has are not compared with every pattern.
_MOST_FOR_PATTERNS = 500
_ADDRESSES = ("{request_uri}", "{url}", "{path_info}", "{unencoded_url}")


@dataclass(frozen=True)
class Feed:
    """A rule that sends requests to a script.

    path: the handler path for the same requests ("*", "api/*"), None when there is none. left_out: folders that its
    conditions leave to IIS. unclear: lines of other conditions.
    """

    rule: Element
    path: str | None
    left_out: tuple[str, ...]
    unclear: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return the rule's name, in quotes, with its line."""
        return f"'{self.rule.get('name')}' (line {self.rule.line})"


def target(rule: Element) -> str:
    """Return the path that rule rewrites requests to, in lower case, without what follows it ("handler.fcgi/{R:1}").

    "" when it does not rewrite, or is not in force.
    """
    return _address(rule).strip("/")


def folder_of(rule: Element) -> str:
    """Return the folder that rule rewrites requests to ("assets/icons" of "assets/icons/{R:1}"), "" for none."""
    return _address(rule).rpartition("/")[0].strip("/")


def _address(rule: Element) -> str:
    """Return what rule rewrites requests to, in lower case, up to the first part that is different for each."""
    if rule.get("enabled", "true").lower() == "false":
        return ""
    urls = [
        action.get("url")
        for action in rule.find("action")
        if action.get("type", "Rewrite").lower() == "rewrite" and action.get("url")
    ]
    return re.split(r"[?{]", urls[0])[0].lower() if urls else ""


class Targets:
    """The paths that rules rewrite requests to, in lower case; found in the same time however many there are."""

    def __init__(self, paths: Iterable[str]):
        self._segments: set[str] = set()
        self._prefixes: set[str] = set()
        self._endings: set[str] = set()
        for path in paths:
            names = path.split("/")
            self._segments.update(names)
            self._prefixes.update("/".join(names[:end]) for end in range(1, len(names) + 1))
            self._endings.update(name[name.rfind(".") :] for name in names if "." in name)

    def reach(self, handler_path: str) -> bool:
        """Return whether a request that was rewritten to one of them gets to a handler with that path attribute."""
        pattern = handler_path.lower().lstrip("/")
        candidates = self._prefixes if "/" in pattern else self._segments
        if not set("*?[") & set(pattern):
            return pattern in candidates
        if pattern.startswith("*.") and not set("*?[/") & set(pattern[2:]) and "." not in pattern[2:]:
            return pattern[1:] in self._endings
        if len(candidates) > _MOST_FOR_PATTERNS:
            return False
        return any(fnmatchcase(name, pattern) for name in candidates)


def feed(rule: Element, path: str) -> Feed | None:
    """Return what rule sends to the handler with that path attribute as if it were a script; None when it does not."""
    script = target(rule)
    narrow = path not in ("*", "/*")
    if not script or not (Targets([script]).reach(path) if narrow else _SCRIPT.fullmatch(script.rpartition("/")[2])):
        return None
    left_out, unclear = [], []
    for condition in rule.find("conditions", "add"):
        folder = _FOLDER.fullmatch(condition.get("pattern"))
        negated = condition.get("negate").lower() == "true"
        if negated and folder and condition.get("input").lower() in _ADDRESSES:
            left_out.append(folder.group(1))
        else:
            unclear.append(condition.line)
    handler_path, folders = _handler_path(rule)
    return Feed(rule, handler_path, (*folders, *left_out), tuple(unclear))


def takes_everything(rule: Element) -> bool:
    """Return whether rule matches every page: any address, with no condition but whether a file exists."""
    path, left_out = _handler_path(rule)
    return (
        path == "*"
        and not left_out
        and all(
            condition.get("matchType").lower() in ("isfile", "isdirectory")
            for condition in rule.find("conditions", "add")
        )
    )


def _handler_path(rule: Element) -> tuple[str | None, tuple[str, ...]]:
    """Return the handler path for what the rule's <match> takes, and the folders that it leaves out."""
    matches = rule.find("match")
    if not matches:
        return "*", ()
    url, negated = matches[0].get("url"), matches[0].get("negate").lower() == "true"
    if negated or rule.get("patternSyntax", "ECMAScript") != "ECMAScript":
        return (None if negated or url != "*" else "*"), ()
    all_but = _ALL_BUT_FOLDER.fullmatch(url)
    if all_but or _EVERYTHING.fullmatch(url):
        return "*", (all_but.group(1),) if all_but else ()
    folder = _FOLDER.fullmatch(url)
    return (f"{folder.group(1)}/*" if folder else None), ()
