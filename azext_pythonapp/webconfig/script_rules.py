"""Rewrite rules that bring requests to a script, when the handler of that script goes from FastCGI to HttpPlatform."""

from __future__ import annotations

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig import rewriting
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.notes import Notes
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections, location_path


class ScriptRules:
    """What becomes of the rules. entry: the handler that goes to HttpPlatform; None when none does, and rules stay."""

    def __init__(self, document: Document, sections: Sections, entry: HandlerEntry | None, notes: Notes):
        self._document = document
        self._sections = sections
        self._entry = entry
        self._notes = notes
        self._feeds = self._feeding()

    @property
    def path(self) -> str | None:
        """The path that the handler needs to get the same requests without the rules; None for the one that it has."""
        if self._entry is None or not self._feeds or self._entry.catch_all:
            return None
        paths = {fed.path for fed in self._feeds}
        return "*" if "*" in paths else paths.pop()

    def refuse(self) -> None:
        """Raise Refused when the rules bring a part of the requests that no path of a handler can say."""
        paths = {fed.path for fed in self._feeds}
        for fed in self._feeds if self._entry is not None and not self._entry.catch_all else ():
            if fed.path is None or (len(paths) > 1 and "*" not in paths):
                raise Refused(
                    f"web.config: the rewrite rule {fed.name} sends only some requests to Python, and "
                    "HttpPlatformHandler needs them without rewriting; which path that is cannot be told.",
                    "Keep FastCGI, or give the handler that path by hand and delete the rule.",
                )

    def drop(self) -> None:
        """Remove the rules that the handler has no use for any more, and keep for IIS what they did not send to it."""
        if self._entry is None:
            return
        if self._feeds:
            self._remove()
        else:
            self._remark()
        if self.path is not None:
            self._leave_to_iis(self._folders(), self._entry.name)
            lines = [str(line) for fed in self._feeds for line in fed.unclear]
            if lines:
                self._notes.warn(
                    f"The conditions of those rules on lines {', '.join(lines)} are gone with them: what "
                    "they left to IIS comes to Python now."
                )

    def _feeding(self) -> list[rewriting.Feed]:
        if self._entry is None:
            return []
        path = self._entry.element.get("path")
        if "*" in path.lstrip("*/") or "/*" in path[1:]:
            return []
        return [found for rule in self._sections.rules if (found := rewriting.feed(rule, path)) is not None]

    def _remove(self) -> None:
        for fed in self._feeds:
            self._document.remove(fed.rule)
        for rewrite in self._sections.find("system.webServer", "rewrite"):
            rules = rewrite.find("rules")
            if len(rewrite.children) == 1 and rules and all(map(self._document.is_removed, rules[0].children)):
                self._document.remove(rewrite)
        self._notes.done(
            f"The rewrite rules {', '.join(fed.name for fed in self._feeds)} were removed: they sent requests to "
            "Python as to a script, and HttpPlatformHandler would give the app that script's address."
        )

    def _folders(self) -> list[str]:
        """The folders that the rules did not send to Python, in the order of the file."""
        folders = [name for fed in self._feeds for name in fed.left_out]
        folders += [
            found
            for rule in self._sections.rules
            if not self._document.is_removed(rule) and (found := rewriting.folder_of(rule))
        ]
        return list(dict.fromkeys(folders))

    def _leave_to_iis(self, folders: list[str], name: str) -> None:
        """Take the handler called name away from folders, so that IIS goes on serving them."""
        above = self._sections.path + "/" if self._sections.path else ""
        for path in (above + folder for folder in folders):
            if location_path(path) in self._sections.groups:
                self._notes.warn(
                    f"The rules did not send '/{path}' to Python, and now it comes there: add <remove "
                    f"name=\"{name}\" /> to <handlers> of the <location> for '{path}'."
                )
                continue
            handlers = NewElement("handlers", (), (NewElement("remove", (("name", name),)),))
            server = NewElement("system.webServer", (), (handlers,))
            self._document.append(self._sections.root, NewElement("location", (("path", path),), (server,)))
            self._notes.done(
                f"A <location> was added for '/{path}', which the rules did not send to Python: IIS goes on serving it."
            )

    def _remark(self) -> None:
        rules = [f"'{rule.get('name')}' (line {rule.line})" for rule in self._sections.rules if rewriting.target(rule)]
        if rules:
            self._notes.remark(
                f"The rewrite rules {', '.join(rules)} stay: where they send a request to Python, the "
                "app sees the new address under HttpPlatform; wfastcgi gave it the one from before."
            )
