"""Which parts of a web.config apply to the app itself, and which handler gets the app's requests.

A section counts when it is directly in <configuration> or in a <location> whose path is "." or absent (IIS: both mean
the level of the file, facts/python-site-extensions.md 2.6). Handlers are tried in order and the first match wins.
"""
from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass

from azext_pythonapp.appservice.errors import InvalidWebConfig

from .document import Document
from .intent import Kind
from .markup import Element

_PYTHON_PROGRAM = re.compile(r"(python[\d.]*w?|pyw?)(\.exe)?", re.IGNORECASE)
_PYTHON_WORDS = re.compile(
    r"wfastcgi|%interpreterpath%|python|waitress|uvicorn|hypercorn|daphne|streamlit|\.pyw?\b", re.IGNORECASE)
OLD_PATH = "handler.fcgi"
_CATCH_ALL = ("*", "/*")
_BROAD = (*_CATCH_ALL, "*.", "*.*")
_OTHER_FRAMEWORKS = {
    "aspnetcoremodule": "ASP.NET Core",
    "aspnetcoremodulev2": "ASP.NET Core",
    "iisnode": "Node.js",
    "fastcgimodule": "another FastCGI program",
    "httpplatformhandler": "another HttpPlatform program",
}


@dataclass(frozen=True)
class HandlerEntry:
    """One <add> of a <handlers>.

    python: by which kind it runs Python, None when it does not. active: not undone by a <remove> or <clear> behind it.
    reached: requests get to it: its path matches everything, or a rewrite rule sends requests to it.
    """

    element: Element
    python: Kind | None
    active: bool
    reached: bool

    @property
    def line(self) -> int:
        """The line of the file on which it starts."""
        return self.element.line

    @property
    def replaceable(self) -> bool:
        """Whether it is the app's own Python handler, also one that nothing reaches any more."""
        return self.python is not None and (self.reached or self.element.get("path").lower() == OLD_PATH)

    @property
    def name(self) -> str:
        """Its name, unique among the active ones."""
        return self.element.get("name")

    @property
    def module(self) -> str:
        """The first of its modules, in lower case."""
        return self.element.get("modules").split(",")[0].strip().lower()

    @property
    def catch_all(self) -> bool:
        """Whether its path matches every request."""
        return self.element.get("path") in _CATCH_ALL

    @property
    def competes(self) -> bool:
        """Whether it answers pages that Python should: all but those that serve only files which exist."""
        verbs = {verb.strip().upper() for verb in self.element.get("verb", "*").split(",")}
        return (self.active and self.element.get("path") in _BROAD and bool(verbs & {"*", "GET"})
                and self.element.get("resourceType").lower() != "file")

    @property
    def takes_over(self) -> bool:
        """Whether every request for Python's pages ends here, so that no handler behind it sees them."""
        return self.competes and self.element.get("resourceType").lower() in ("", "unspecified")

    @property
    def framework(self) -> str | None:
        """Who else answers the app's requests here ("Node.js"), None when it is nobody or Python."""
        if self.python or not self.active or not (self.reached or (self.catch_all and self.takes_over)):
            return None
        return _OTHER_FRAMEWORKS.get(self.module)


class Sections:
    """The sections of a document that apply to the app itself, each list in the order of the file."""

    def __init__(self, document: Document):
        if document.root.name != "configuration":
            raise InvalidWebConfig(
                f"The root element of web.config is <{document.root.name}>, not <configuration> "
                f"(line {document.root.line}, column {document.root.column}).",
                "Put a valid web.config into site\\wwwroot, or delete it, and run the command again.")
        self.root = document.root
        self.scopes = [self.root, *(found for found in self.root.find("location") if found.get("path") in ("", "."))]
        self.scopes.sort(key=lambda scope: scope.start)
        self.servers = self.find("system.webServer")
        self.handlers = self.find("system.webServer", "handlers")
        self.platforms = self.find("system.webServer", "httpPlatform")
        self.app_settings = self.find("appSettings")
        self.rules = self.find("system.webServer", "rewrite", "rules", "rule")
        self.entries = self._entries()

    def find(self, *path: str) -> list[Element]:
        """Return the elements at path below <configuration> or a <location> for the app itself."""
        found = [element for scope in self.scopes for element in scope.find(*path)]
        return sorted(found, key=lambda element: element.start)

    def python_entry(self) -> HandlerEntry | None:
        """Return the handler by which the app's requests reach Python, None when they do not."""
        for entry in self.entries:
            if entry.active and entry.python and entry.reached:
                return entry
            if entry.framework and entry.catch_all:
                return None
        return None

    def removes(self, name: str) -> list[Element]:
        """Return the <remove> elements for the handler called name."""
        return [child for section in self.handlers for child in section.children
                if child.name == "remove" and child.get("name") == name]

    def is_python_platform(self, platform: Element) -> bool:
        """Return whether an <httpPlatform> starts Python (or nothing at all)."""
        path = platform.get("processPath")
        return not path or _is_python(path) or bool(_PYTHON_WORDS.search(f"{path} {platform.get('arguments')}"))

    def _entries(self) -> list[HandlerEntry]:
        inactive: set[Element] = set()
        active: dict[str, list[Element]] = {}
        added: list[Element] = []
        for child in (child for section in self.handlers for child in section.children):
            if child.name == "add":
                added.append(child)
                active.setdefault(child.get("name"), []).append(child)
            elif child.name == "remove":
                inactive.update(active.pop(child.get("name"), ()))
            elif child.name == "clear":
                inactive.update(added)
                active.clear()
        targets = {rewrite_target(rule) for rule in self.rules if rule.get("enabled", "true") != "false"}
        return [HandlerEntry(element, self._python(element), element not in inactive,
                             element.get("path") in _CATCH_ALL or element.get("path").lower() in targets)
                for element in added]

    def _python(self, handler: Element) -> Kind | None:
        module = handler.get("modules").split(",")[0].strip().lower()
        if module == "fastcgimodule":
            processor = handler.get("scriptProcessor")
            known = _is_python(processor.partition("|")[0]) or re.search("wfastcgi|%interpreterpath%", processor, re.I)
            return "fastCgi" if known else None
        if module == "httpplatformhandler":
            return "httpPlatform" if all(map(self.is_python_platform, self.platforms[:1])) else None
        return None


def _is_python(path: str) -> bool:
    return _PYTHON_PROGRAM.fullmatch(ntpath.basename(path.strip().strip('"'))) is not None


def rewrite_target(rule: Element) -> str:
    """Return the path that rule rewrites requests to, in lower case, without what follows it ("handler.fcgi/{R:1}").

    "" when it does not rewrite.
    """
    return next((action.get("url").partition("/{")[0].lower().lstrip("/") for action in rule.find("action")
                 if action.get("type", "Rewrite") == "Rewrite" and action.get("url")), "")
