"""The sections of a web.config that decide who answers the app's requests, and the handler that runs Python.

A section counts when it is directly in <configuration> or in a <location> whose path is "." or absent (IIS: both mean
the level of the file, docs/platform/site-extensions.md 2.6); where no handler there starts Python, a <location> for a
part of the site that has one is the level that counts. Handlers are tried in order and the first match wins.
"""

from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig import appsettings, rewriting
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import Kind
from azext_pythonapp.webconfig.markup import Element

_FOR_WFASTCGI = re.compile(r"wfastcgi|%interpreterpath%", re.IGNORECASE)
_OTHER_PROGRAM = re.compile(r"\.(?:exe|com|cmd|bat|ps1|dll|php|pl)", re.IGNORECASE)
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
    reached: requests of every kind get to it: its path matches everything, or a rewrite rule sends requests to it.
    fed: a rewrite rule sends every page to it.
    """

    element: Element
    python: Kind | None
    active: bool
    reached: bool
    fed: bool = False

    @property
    def line(self) -> int:
        """Return the line of the file on which it starts."""
        return self.element.line

    @property
    def replaceable(self) -> bool:
        """Return whether it is the app's own Python handler, also one that nothing reaches any more."""
        return self.python is not None and (self.reached or self.element.get("path").lower() == OLD_PATH)

    @property
    def partial(self) -> bool:
        """Return whether it brings a part of the site to Python by its own path ("api/*")."""
        return self.python is not None and self.active and not self.replaceable

    @property
    def name(self) -> str:
        """Return its name, unique among the active ones whatever the case of its letters."""
        return self.element.get("name")

    @property
    def module(self) -> str:
        """Return the first of its modules, in lower case."""
        return self.element.get("modules").split(",")[0].strip().lower()

    @property
    def catch_all(self) -> bool:
        """Return whether its path matches every request."""
        return self.element.get("path") in _CATCH_ALL

    @property
    def verbs(self) -> frozenset[str]:
        """Return the verbs that it takes, in upper case; "*" stands for all."""
        return frozenset(verb.strip().upper() for verb in self.element.get("verb", "*").split(","))

    @property
    def competes(self) -> bool:
        """Return whether it answers pages that Python should: all but those that serve only files which exist."""
        return (
            self.active
            and self.element.get("path") in _BROAD
            and bool(self.verbs & {"*", "GET"})
            and self.element.get("resourceType").lower() != "file"
        )

    @property
    def takes_over(self) -> bool:
        """Return whether every request for Python's pages ends here, so that no handler behind it sees them."""
        return self.competes and self.element.get("resourceType").lower() in ("", "unspecified")

    @property
    def framework(self) -> str | None:
        """Return the other framework that answers the app's requests here ("Node.js"); None for none or Python."""
        if self.python or not self.active or not (self.reached or (self.catch_all and self.takes_over)):
            return None
        return _OTHER_FRAMEWORKS.get(self.module)

    @property
    def leaves_nothing(self) -> bool:
        """Return whether every page is answered here, where nothing before it takes them."""
        return self.fed or (self.catch_all and self.takes_over)

    def shadows(self, other: HandlerEntry) -> bool:
        """Return whether no request gets to other, a handler behind this one, because this one takes them all."""
        path, kind = self.element.get("path").lower(), self.element.get("resourceType").lower()
        return (
            self.active
            and (self.catch_all or path == other.element.get("path").lower())
            and ("*" in self.verbs or other.verbs <= self.verbs)
            and kind in ("", "unspecified", other.element.get("resourceType").lower())
        )


class Sections:
    """The sections of a document that apply to one level, each list in the order of the file.

    above: the level of the app itself, with path that of a <location>; without them it is the level of the app itself.
    """

    def __init__(self, document: Document, above: Sections | None = None, path: str = ""):
        if document.root.name != "configuration":
            raise InvalidWebConfig(
                f"The root element of web.config is <{document.root.name}>, not <configuration> "
                f"(line {document.root.line}, column {document.root.column}).",
                "Deploy a valid web.config to site\\wwwroot, or delete it, and run the command again.",
            )
        self.root = document.root
        self.path = path
        self.above = above
        self.groups: dict[str, list[Element]] = _locations(self.root) if above is None else above.groups
        self.scopes = self.groups.get(location_path(path), []) if above else [self.root, *self.groups.get("", [])]
        self.scopes.sort(key=lambda scope: scope.start)
        self.servers = self.find("system.webServer")
        self.handlers = self.find("system.webServer", "handlers")
        self.platforms = self.find("system.webServer", "httpPlatform")
        self.app_settings = self.find("appSettings")
        if self.above is not None:
            self.app_settings = sorted([*self.above.app_settings, *self.app_settings], key=lambda found: found.start)
        self.rules = self.find("system.webServer", "rewrite", "rules", "rule")
        self.targets = {found for rule in self.rules if (found := rewriting.target(rule))}
        self.entry_point_named: bool = (
            above.entry_point_named
            if above is not None
            else bool(appsettings.entry_point(appsettings.environment(self.root)))
        )
        self.entries = self._entries()

    @classmethod
    def of_python(cls, document: Document) -> Sections:
        """Return the level whose handler starts Python: the app's own, else the first <location> that has one."""
        root = cls(document)
        if root.python_entry() is None:
            for other in root.locations(document):
                if other.python_entry() is not None:
                    return other
        return root

    def locations(self, document: Document) -> list[Sections]:
        """Return the levels of the <location>s for parts of the site that change handlers, in the file's order."""
        above = self if self.above is None else self.above
        return [
            Sections(document, above, scopes[0].get("path").strip("/"))
            for path, scopes in self.groups.items()
            if path and any(scope.find("system.webServer", "handlers") for scope in scopes)
        ]

    def find(self, *path: str) -> list[Element]:
        """Return the elements at path below this level."""
        found = [element for scope in self.scopes for element in scope.find(*path)]
        return sorted(found, key=lambda element: element.start)

    @property
    def platform(self) -> Element | None:
        """Return the <httpPlatform> that applies here, perhaps that of the level above."""
        if self.platforms:
            return self.platforms[0]
        return self.above.platform if self.above is not None else None

    def python_entry(self) -> HandlerEntry | None:
        """Return the handler by which requests reach Python, None when they do not.

        One for all of them comes before one for a part of the site.
        """
        partial: HandlerEntry | None = None
        for entry in self.entries:
            if entry.active and entry.python and entry.reached:
                return entry
            if entry.partial and partial is None:
                partial = entry
            if entry.framework and entry.catch_all:
                break
        return partial

    def sharers(self, own: HandlerEntry | None, module: str) -> list[HandlerEntry]:
        """Return the other handlers of module ("httpplatformhandler") that requests get to, in the file's order."""
        living = [entry for entry in self.entries if entry.active]
        return [
            entry
            for place, entry in enumerate(living)
            if entry is not own
            and entry.module == module
            and not any(before.shadows(entry) for before in living[:place])
        ]

    def removes(self, name: str) -> list[Element]:
        """Return the <remove> elements for the handler called name."""
        return [
            child
            for section in self.handlers
            for child in section.children
            if child.name == "remove" and child.get("name").lower() == name.lower()
        ]

    def names(self) -> set[str]:
        """Return the names, in lower case, of all handlers of the whole file: IIS allows none twice on a request's way,
        and a <location> inherits those above it (docs/platform/site-extensions.md 2.6)."""
        return {
            element.get("name").lower()
            for element in self.root.walk()
            if element.name == "add" and element.parent is not None and element.parent.name == "handlers"
        }

    def is_python_platform(self, platform: Element) -> bool:
        """Return whether an <httpPlatform> starts Python (or nothing at all)."""
        path = platform.get("processPath")
        return not path or understand(path, platform.get("arguments")).runs_python

    def _entries(self) -> list[HandlerEntry]:
        inactive: set[Element] = set()
        active: dict[str, list[Element]] = {}
        added: list[Element] = []
        for child in (child for section in self.handlers for child in section.children):
            name = child.get("name").lower()
            if child.name == "add":
                added.append(child)
                active.setdefault(name, []).append(child)
            elif child.name == "remove":
                inactive.update(active.pop(name, ()))
            elif child.name == "clear":
                inactive.update(added)
                active.clear()
        targets = rewriting.Targets(self.targets | (self.above.targets if self.above is not None else set()))
        feeding = rewriting.Targets(
            found for rule in self.rules if rewriting.takes_everything(rule) and (found := rewriting.target(rule))
        )
        return [
            HandlerEntry(
                element,
                self._python(element),
                element not in inactive,
                element.get("path") in _CATCH_ALL or targets.reach(element.get("path")),
                feeding.reach(element.get("path")),
            )
            for element in added
        ]

    def _python(self, handler: Element) -> Kind | None:
        """Return by which kind handler starts Python.

        Where there is a WSGI_HANDLER, a program that is none (a folder, a placeholder) is meant to be Python.
        """
        module = handler.get("modules").split(",")[0].strip().lower()
        if module == "fastcgimodule":
            processor = handler.get("scriptProcessor")
            program = processor.partition("|")[0].strip().strip('"')
            extension = ntpath.splitext(program.rstrip("\\/"))[1]
            known = understand(program, "").kind == "python" or _FOR_WFASTCGI.search(processor)
            meant = self.entry_point_named and not _OTHER_PROGRAM.fullmatch(extension)
            return "fastCgi" if known or meant else None
        if module == "httpplatformhandler":
            return "httpPlatform" if self.platform is None or self.is_python_platform(self.platform) else None
        return None


def _locations(root: Element) -> dict[str, list[Element]]:
    """Return the <location>s of a file by their path in lower case; "" is the level of the file."""
    groups: dict[str, list[Element]] = {}
    for found in root.find("location"):
        groups.setdefault(location_path(found.get("path")), []).append(found)
    return groups


def location_path(path: str) -> str:
    """Return the path attribute of a <location> the way it can be compared; "" is the level of the file."""
    return "/".join(name for name in path.strip("/").lower().split("/") if name not in ("", "."))
