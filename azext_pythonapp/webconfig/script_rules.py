"""Rewrite rules that route requests to a script, when the script's handler switches from FastCGI to HttpPlatform."""

from __future__ import annotations

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig import rewriting
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import Notes
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections, location_path


class ScriptRules:
    """The edits of the rules. entry: the handler that switches to HttpPlatform; None when none does, and rules stay."""

    def __init__(self, document: Document, sections: Sections, entry: HandlerEntry | None, notes: Notes):
        self._document = document
        self._sections = sections
        self._entry = entry
        self._notes = notes
        self._feeds = self._feeding()

    @property
    def path(self) -> str | None:
        """Return the path that the handler needs to get the same requests without the rules; None for no change."""
        if self._entry is None or not self._feeds or self._entry.catch_all:
            return None
        paths = {fed.path for fed in self._feeds}
        return "*" if "*" in paths else paths.pop()

    def refuse(self) -> None:
        """Raise Refused when the rules route requests that no path of a handler can express."""
        paths = {fed.path for fed in self._feeds}
        for fed in self._feeds if self._entry is not None and not self._entry.catch_all else ():
            if fed.path is None or (len(paths) > 1 and "*" not in paths):
                raise Refused(
                    f"web.config: the rewrite rule {fed.name} sends only some requests to Python. HttpPlatformHandler "
                    "needs them without rewriting, and the path for them is not known.",
                    "Keep FastCGI, or set the handler's path manually and delete the rule.",
                )

    def drop(self) -> None:
        """Remove the rules that the handler no longer needs, and leave to IIS what they did not send to it."""
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
                    f"The conditions of those rules on lines {', '.join(lines)} were removed with them: requests "
                    "that they left to IIS now go to Python."
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
            f"The rewrite rules {', '.join(fed.name for fed in self._feeds)} were removed: they rewrote requests to "
            "a script, and HttpPlatformHandler would pass the script's address to the app."
        )

    def _folders(self) -> list[str]:
        """Return the folders that the rules did not send to Python, in the order of the file."""
        folders = [name for fed in self._feeds for name in fed.left_out]
        folders += [
            found
            for rule in self._sections.rules
            if not self._document.is_removed(rule) and (found := rewriting.folder_of(rule))
        ]
        return list(dict.fromkeys(folders))

    def _leave_to_iis(self, folders: list[str], name: str) -> None:
        """Remove the handler called name for folders, so that IIS keeps serving them."""
        above = self._sections.path + "/" if self._sections.path else ""
        for path in (above + folder for folder in folders):
            if location_path(path) in self._sections.groups:
                self._notes.warn(
                    f"The rules did not send '/{path}' to Python, but now it goes there: add <remove "
                    f"name=\"{name}\" /> to <handlers> of the <location> for '{path}'."
                )
                continue
            handlers = NewElement("handlers", (), (NewElement("remove", (("name", name),)),))
            server = NewElement("system.webServer", (), (handlers,))
            self._document.append(self._sections.root, NewElement("location", (("path", path),), (server,)))
            self._notes.done(
                f"A <location> was added for '/{path}', which the rules did not send to Python: IIS keeps serving it."
            )

    def _remark(self) -> None:
        rules = [f"'{rule.get('name')}' (line {rule.line})" for rule in self._sections.rules if rewriting.target(rule)]
        if rules:
            self._notes.remark(
                f"The rewrite rules {', '.join(rules)} stay: where they send a request to Python, the "
                "app gets the rewritten address under HttpPlatform; wfastcgi passed the original one."
            )
