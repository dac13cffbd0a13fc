"""The edits that change which Python a web.config starts, each with a sentence that says what was done.

It changes the app's Python handler (its <add> and <remove>), <httpPlatform> (platform_edit.py), and appSettings
(fastcgi_settings.py). A handler keeps its path and verbs. Settings of the other kind of handler stay, for switching
back. Rules that rewrite requests to a script are removed for HttpPlatform, which passes the app the rewritten address.
"""

from __future__ import annotations

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig import appsettings, relocation
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.fastcgi_settings import FastCgiSettings
from azext_pythonapp.webconfig.intent import HandlerIntent, Notes
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.platform_edit import PlatformEdit
from azext_pythonapp.webconfig.script_rules import ScriptRules
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections

_NEW_NAME = "PythonHandler"
_MODULES = {"fastCgi": "FastCgiModule", "httpPlatform": "httpPlatformHandler"}


class HandlerSwitch:
    """The edits that make document run the intent. Create one, call `run`, then `document.to_bytes()`."""

    def __init__(self, document: Document, intent: HandlerIntent):
        self.document = document
        self.intent = intent
        self.sections = Sections.of_python(document)
        self.notes = Notes()
        self._current = self.sections.python_entry() or next(
            (entry for entry in self.sections.entries if entry.replaceable and entry.active), None
        )
        self._duplicates = [entry for entry in self.sections.entries if self._is_duplicate(entry)]
        duplicates = {entry.element for entry in self._duplicates}
        self._kept = [
            entry for entry in self.sections.entries if entry is not self._current and entry.element not in duplicates
        ]
        self._before = self._old_python()
        self._same_python = self._before is not None and self._before.is_started_by(intent)
        self._settings = FastCgiSettings(document, self.sections, intent, self.notes, self._same_python)
        self._platform = PlatformEdit(
            document, self.sections, intent, self.notes, self._current, self._duplicates, self._kept
        )
        to_http = self._switches and intent.kind == "httpPlatform"
        self._rules = ScriptRules(document, self.sections, self._current if to_http else None, self.notes)

    def run(self) -> None:
        """Make the edits. Raises Refused when the file belongs to something that is not Python."""
        self._refuse()
        if self.intent.kind == "fastCgi":
            self._settings.write()
        self._remove_duplicates()
        self._write_handler()
        if self.intent.kind == "fastCgi":
            if self._platform.leave() and self._switches:
                self._settings.become_environment(self.sections.platform)
        else:
            self._platform.write(self._section() if self._current is None else self._current.element.parent)
            if self._switches:
                self._settings.leave()
        self._rules.drop()
        if self._before is not None and self._current is not None and not self._same_python:
            relocation.move_handlers(self.document, self.sections, self._before, self.intent, self._current, self.notes)
            relocation.move_paths(self.document, self._before.python_paths[0], self.intent, self.notes)
        self._warn()

    @property
    def _switches(self) -> bool:
        """Return whether the app goes from one kind of handler to the other."""
        return self._current is not None and self._current.python != self.intent.kind

    def _is_duplicate(self, entry: HandlerEntry) -> bool:
        """Return whether entry is another one for Python that no request gets to."""
        if entry is self._current or not entry.replaceable:
            return False
        if not entry.active or not entry.reached or self._current is None:
            return True
        behind = self._current.element.start < entry.element.start
        return behind and self._current.shadows(entry)

    def _old_python(self) -> relocation.OldPython | None:
        if self._current is None:
            return None
        if self._current.python == "fastCgi":
            processor = self._current.element.get("scriptProcessor")
            path = pair(processor)[0]
            return relocation.OldPython((path,), path, processor)
        platform = self.sections.platform
        path = platform.get("processPath") if platform is not None else ""
        if platform is None or not path:
            return None
        return relocation.OldPython(understand(path, platform.get("arguments")).python_paths or (path,), path, "")

    def _refuse(self) -> None:
        for entry in self._kept:
            if entry.framework and not self._leaves_to_python(entry):
                raise Refused(
                    f"web.config line {entry.line}: the handler '{entry.name}' ({entry.element.get('modules')}) "
                    f"already sends the app's requests to {entry.framework}, so Python would not get them.",
                    f'If the app is to run Python, delete <add name="{entry.name}" …/> from '
                    "site\\wwwroot\\web.config and run the command again; otherwise use another app or slot.",
                )
        if len(self.sections.handlers) > 1:
            lines = ", ".join(str(section.line) for section in self.sections.handlers)
            raise Refused(
                f"web.config has <handlers> more than once for the app itself (lines {lines}); IIS answers 500.19.",
                "Merge them into one <handlers> in site\\wwwroot\\web.config and run the command again.",
            )
        sections = [*self.sections.handlers, *self.sections.platforms]
        if self.intent.kind == "fastCgi":
            sections += self.sections.app_settings
        for section in sections:
            for attribute in ("configSource", "configProtectionProvider"):
                if attribute in section.attributes:
                    raise Refused(
                        f"web.config line {section.line}: <{section.name}> has {attribute}="
                        f'"{section.get(attribute)}", so its content cannot be edited here (and wfastcgi does not '
                        "read it).",
                        f"Move the content of <{section.name}> into web.config and run the command again.",
                    )
        platform = self._platform.element
        self._refuse_another_app()
        if self.intent.kind == "httpPlatform" and platform and not self.sections.is_python_platform(platform):
            raise Refused(
                f"web.config line {platform.line}: <httpPlatform> starts '{platform.get('processPath')}', which is not "
                "Python.",
                "Delete that <httpPlatform> from site\\wwwroot\\web.config and run the command again.",
            )
        self._rules.refuse()

    def _leaves_to_python(self, other: HandlerEntry) -> bool:
        """Return whether the app's Python handler gets requests beside other, which is another framework's."""
        current = self._current
        if current is None or not current.active:
            return False
        before = current.element.start < other.element.start and current.shadows(other)
        return current.partial or before or (current.reached and not other.leaves_nothing)

    def _refuse_another_app(self) -> None:
        """Raise Refused where another handler of the new kind runs another app with what both would share."""
        if self._current is not None and not self._switches:
            return
        duplicates = {entry.element for entry in self._duplicates}
        platform = self._platform.element
        if self.intent.kind == "httpPlatform":
            others = [
                entry
                for entry in self.sections.sharers(self._current, "httpplatformhandler")
                if entry.element not in duplicates
            ]
            if platform is None or self.intent.arguments in (None, platform.get("arguments")):
                return
            if others or self._platform.used_below(platform):
                which = (
                    f"The handler '{others[0].name}' on line {others[0].line}"
                    if others
                    else "A handler in a <location>"
                )
                raise Refused(
                    f"web.config line {platform.line}: <httpPlatform> is already in use. {which} starts another "
                    "program with it, and IIS allows only one for each level.",
                    "Keep FastCGI, or move that handler into a <location> that has its own <httpPlatform>.",
                )
            return
        present = appsettings.entry_point(appsettings.environment(self.sections.root))
        if present is None or self.intent.entry_point in (None, present):
            return
        above = self.sections if self.sections.above is None else self.sections.above
        for level in (above, *above.locations(self.document)):
            for entry in level.sharers(self._current, "fastcgimodule"):
                if entry.python == "fastCgi" and entry.element not in duplicates:
                    raise Refused(
                        f"web.config line {entry.line}: the handler '{entry.name}' runs WSGI_HANDLER '{present}' with "
                        f"FastCGI, and wfastcgi supports only one for an app, so '{self.intent.entry_point}' would "
                        "replace it.",
                        "Keep HttpPlatform for the handler that uses it now.",
                    )

    def _remove_duplicates(self) -> None:
        for entry in self._duplicates:
            self.document.remove(entry.element)
            self.notes.done(f"The handler {entry.name!r} on line {entry.line}, another entry for Python, was removed.")

    def _write_handler(self) -> None:
        entry = self._current
        if entry is None:
            name = self._free_name(_NEW_NAME)
            self._insert_handler(dict(self._new_attributes, name=name), self._section(), None)
            self.notes.done(f"The handler {name!r} was added; it runs {self.intent.python_path}.")
            return
        name = entry.name
        if any(kept.active and kept.name.lower() == name.lower() for kept in self._kept):
            name = self._free_name(_NEW_NAME)
        changes = self._changes(entry)
        if name != entry.name:
            changes["name"] = name
        rival = self._rival(entry)
        hidden = None if rival is not None else self._hidden(entry)
        if rival is not None or hidden is not None:
            attributes = {key: found.value for key, found in entry.element.attributes.items()}
            attributes.update({key: value for key, value in changes.items() if value is not None})
            for key in [key for key, value in changes.items() if value is None]:
                del attributes[key]
            self._insert_handler(attributes, entry.element.parent, rival)
            self.document.remove(entry.element)
            self.notes.done(
                f"The handler {name!r} was moved before {rival.name!r}, which answered every request before it."
                if rival is not None
                else f"The handler {name!r} was moved last: before {hidden!r} it would answer its requests."
            )
        self._note_changes(entry, changes)
        if rival is None and hidden is None:
            self._apply_changes(entry.element, changes)

    @property
    def _new_attributes(self) -> dict[str, str]:
        """Return the attributes of a new handler, in the order of Microsoft's examples."""
        attributes = {"name": _NEW_NAME, "path": "*", "verb": "*", "modules": _MODULES[self.intent.kind]}
        if self.intent.kind == "fastCgi":
            attributes["scriptProcessor"] = self.intent.script_processor
        attributes["resourceType"] = "Unspecified"
        if self.intent.kind == "fastCgi":
            attributes["requireAccess"] = "Script"
        return attributes

    def _changes(self, entry: HandlerEntry) -> dict[str, str | None]:
        """Return the attributes of the app's handler to set, or to remove (None).

        Its path, verbs and resource type stay, unless nothing gets to it or the rules that led to it go.
        """
        handler = entry.element
        changes: dict[str, str | None] = {}
        if entry.python != self.intent.kind:
            changes["modules"] = _MODULES[self.intent.kind]
        if self.intent.kind == "fastCgi":
            if not same_pair(handler.get("scriptProcessor"), self.intent.script_processor):
                changes["scriptProcessor"] = self.intent.script_processor
            if self._switches and "requireAccess" not in handler.attributes:
                changes["requireAccess"] = "Script"
            if self._switches and "resourceType" not in handler.attributes:
                changes["resourceType"] = "Unspecified"
        else:
            changes.update(
                {
                    name: None
                    for name in ("scriptProcessor", "requireAccess")
                    if name in handler.attributes and (self._switches or name == "scriptProcessor")
                }
            )
        if not entry.reached and not entry.partial:
            changes["path"] = "*"
        elif self._rules.path is not None:
            changes["path"] = self._rules.path
        if "bitness" in handler.get("preCondition") and not self._same_python:
            changes["preCondition"] = None
        return changes

    def _apply_changes(self, handler: Element, changes: dict[str, str | None]) -> None:
        for name, value in changes.items():
            if value is None:
                self.document.remove_attribute(handler, name)
            else:
                last = None if name == "requireAccess" else "modules"
                if name == "resourceType" and "scriptProcessor" in handler.attributes:
                    last = "scriptProcessor"
                self.document.set_attribute(handler, name, value, after=last)

    def _note_changes(self, entry: HandlerEntry, changes: dict[str, str | None]) -> None:
        parts = []
        for name, value in changes.items():
            before = f"'{entry.element.get(name)}'" if name in entry.element.attributes else "nothing"
            after = "nothing" if value is None else f"'{value}'"
            parts.append(f"{name} from {before} to {after}")
        if parts:
            self.notes.done(f"The handler {entry.name!r} was changed: {', '.join(parts)}.")

    def _section(self) -> Element | None:
        return next(iter(self.sections.handlers), None)

    def _rival(self, entry: HandlerEntry) -> HandlerEntry | None:
        """Return the handler before entry that takes every request away from it."""
        before = self.sections.entries[: self.sections.entries.index(entry)]
        return next((other for other in before if other.takes_over and other.python is None), None)

    def _hidden(self, entry: HandlerEntry) -> str | None:
        """Return the name of a handler behind entry that the path which entry gets would hide; None for none."""
        if self._rules.path != "*":
            return None
        for other in self.sections.entries[self.sections.entries.index(entry) + 1 :]:
            if other in self._kept and other.active:
                return None if other.competes or other.element.parent is not entry.element.parent else other.name
        return None

    def _insert_handler(self, attributes: dict[str, str], section: Element | None, rival: HandlerEntry | None) -> None:
        """Write <remove> and <add> in front of rival, or of what would answer Python's pages, else last in section."""
        name = attributes["name"]
        add = NewElement("add", tuple(attributes.items()))
        remove = NewElement("remove", (("name", name),))
        if section is None:
            self._insert_server((remove, add))
            return
        rival = rival or next((other for other in self._kept if other.competes), None)
        place = rival.element.start if rival is not None else section.close_start
        ready = False
        for found in self.sections.removes(name):
            if found.start < place:
                ready = True
            else:
                self.document.remove(found)
        for new in (add,) if ready else (remove, add):
            if rival is None:
                self.document.append(section, new)
            else:
                self.document.insert_before(rival.element, new)

    def _insert_server(self, handlers: tuple[NewElement, ...]) -> None:
        children: tuple[NewElement, ...] = (NewElement("handlers", (), handlers),)
        if self.intent.kind == "httpPlatform" and self._platform.element is None:
            children += (self._platform.new(),)
        if not self.sections.servers:
            self.document.append(self.sections.root, NewElement("system.webServer", (), children))
            return
        for child in children:
            self.document.append(self.sections.servers[0], child)

    def _warn(self) -> None:
        self._settings.warn()
        for section in self.sections.handlers:
            policy = section.get("accessPolicy", "Script")
            if self.intent.kind == "fastCgi" and "Script" not in policy:
                self.notes.warn(f'<handlers> has accessPolicy="{policy}"; without Script IIS answers 403 for Python.')
        for element in self.sections.root.walk():
            if element.name == "fastCgi" and element.parent is not None and element.parent.name == "system.webServer":
                self.notes.warn(
                    f"web.config line {element.line}: <fastCgi> is allowed in applicationHost.config only, "
                    "so IIS answers 500.19; delete it (a runtime registers itself)."
                )

    def _free_name(self, name: str) -> str:
        removed = {entry.name.lower() for entry in self._duplicates}
        removed |= {entry.name.lower() for entry in self._kept if not entry.active}
        kept = {entry.name.lower() for entry in self._kept if entry.active}
        taken = (self.sections.names() - removed) | kept | self.intent.taken_names
        candidates = [name, *(f"{name}{number}" for number in range(2, len(taken) + 3))]
        return next(candidate for candidate in candidates if candidate.lower() not in taken)


def pair(processor: str) -> tuple[str, str]:
    """Return the program and the arguments of a scriptProcessor, without quotes around them."""
    program, _, arguments = processor.partition("|")
    return program.strip().strip('"'), arguments.strip().strip('"')


def same_pair(one: str, other: str) -> bool:
    """Return whether two scriptProcessors name the same FastCGI application; the case of letters does not matter."""
    return tuple(part.lower() for part in pair(one)) == tuple(part.lower() for part in pair(other))
