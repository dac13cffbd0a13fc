"""Changing which Python a web.config starts: the edits, each with a sentence that says what was done.

It owns the app's Python handler (its <add> and <remove>), <httpPlatform>, and the appSettings that it writes. A handler
keeps the path and the verbs that it has. What only the other kind of handler reads stays, so that going back finds it;
rules that rewrite requests to a script go only to HttpPlatform, which takes the address that they make for the app's.
"""

from __future__ import annotations

from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig import appsettings, httpplatform, relocation
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.fastcgi_settings import FastCgiSettings
from azext_pythonapp.webconfig.intent import HandlerIntent
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.masking import MASK, looks_secret
from azext_pythonapp.webconfig.notes import Notes
from azext_pythonapp.webconfig.script_rules import ScriptRules
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections
from azext_pythonapp.webconfig.values import LITERAL_HOME
from azext_pythonapp.windows import same_path

_NEW_NAME = "PythonHandler"
_MODULES = {"fastCgi": "FastCgiModule", "httpPlatform": "httpPlatformHandler"}


class HandlerSwitch:
    """The edits that make document run what intent says. Make one, call `run`, then take `document.to_bytes()`."""

    def __init__(self, document: Document, intent: HandlerIntent):
        self.document = document
        self.intent = intent
        self.sections = Sections.of_python(document)
        self.notes = Notes()
        self._current = self.sections.python_entry() or next(
            (entry for entry in self.sections.entries if entry.replaceable and entry.active), None
        )
        self._gone = [entry for entry in self.sections.entries if self._is_duplicate(entry)]
        gone = {entry.element for entry in self._gone}
        self._kept = [
            entry for entry in self.sections.entries if entry is not self._current and entry.element not in gone
        ]
        self._before = self._old_python()
        self._same_python = self._before is not None and self._before.is_started_by(intent)
        self._settings = FastCgiSettings(document, self.sections, intent, self.notes, self._same_python)
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
            self._leave_platform()
        else:
            self._write_platform()
            if self._switches:
                self._settings.leave()
        self._rules.drop()
        if self._before is not None and self._current is not None and not self._same_python:
            relocation.move_handlers(self.document, self.sections, self._before, self.intent, self._current, self.notes)
            relocation.move_paths(self.document, self._before.python_paths[0], self.intent, self.notes)
        self._warn()

    @property
    def _switches(self) -> bool:
        """Whether the app goes from one kind of handler to the other."""
        return self._current is not None and self._current.python != self.intent.kind

    @property
    def _platform(self) -> Element | None:
        """The <httpPlatform> that the handler has, or shares with the level above."""
        if self.sections.platforms:
            return self.sections.platforms[0]
        return self.sections.platform if self._current and self._current.python == "httpPlatform" else None

    def _is_duplicate(self, entry: HandlerEntry) -> bool:
        """Whether entry is another one for Python that no request gets to."""
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
                    f"already sends the app's requests to {entry.framework}, so Python would not see them.",
                    f'If the app is to run Python, delete <add name="{entry.name}" …/> from '
                    "site\\wwwroot\\web.config and run the command again; else use another app or slot.",
                )
        if len(self.sections.handlers) > 1:
            lines = ", ".join(str(section.line) for section in self.sections.handlers)
            raise Refused(
                f"web.config has <handlers> more than once for the app itself (lines {lines}); IIS answers 500.19.",
                "Move what is in them into one <handlers> in site\\wwwroot\\web.config and run the command again.",
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
        platform = self._platform
        self._refuse_another_app()
        if self.intent.kind == "httpPlatform" and platform and not self.sections.is_python_platform(platform):
            raise Refused(
                f"web.config line {platform.line}: <httpPlatform> starts '{platform.get('processPath')}', which is not "
                "Python.",
                "Delete that <httpPlatform> from site\\wwwroot\\web.config and run the command again.",
            )
        self._rules.refuse()

    def _leaves_to_python(self, other: HandlerEntry) -> bool:
        """Whether the app's Python handler gets requests beside other, which is another framework's."""
        current = self._current
        if current is None or not current.active:
            return False
        before = current.element.start < other.element.start and current.shadows(other)
        return current.partial or before or (current.reached and not other.leaves_nothing)

    def _refuse_another_app(self) -> None:
        """Raise Refused where another handler of the new kind runs another app with what both would share."""
        if self._current is not None and not self._switches:
            return
        gone = {entry.element for entry in self._gone}
        platform = self._platform
        if self.intent.kind == "httpPlatform":
            others = [
                entry
                for entry in self.sections.sharers(self._current, "httpplatformhandler")
                if entry.element not in gone
            ]
            if platform is None or self.intent.arguments in (None, platform.get("arguments")):
                return
            if others or self._used_below(platform):
                which = (
                    f"The handler '{others[0].name}' on line {others[0].line}"
                    if others
                    else "A handler in a <location>"
                )
                raise Refused(
                    f"web.config line {platform.line}: <httpPlatform> is used already. {which} starts another program "
                    "with it, and IIS takes only one for each level.",
                    "Keep FastCGI, or move that handler into a <location> that has an <httpPlatform> of its own.",
                )
            return
        present = appsettings.entry_point(appsettings.environment(self.sections.root))
        if present is None or self.intent.entry_point in (None, present):
            return
        above = self.sections if self.sections.above is None else self.sections.above
        for level in (above, *above.locations(self.document)):
            for entry in level.sharers(self._current, "fastcgimodule"):
                if entry.python == "fastCgi" and entry.element not in gone:
                    raise Refused(
                        f"web.config line {entry.line}: the handler '{entry.name}' runs WSGI_HANDLER '{present}' with "
                        f"FastCGI, and wfastcgi takes only one for an app, so '{self.intent.entry_point}' would "
                        "replace it.",
                        "Keep HttpPlatform for the one of them that has it now.",
                    )

    def _remove_duplicates(self) -> None:
        for entry in self._gone:
            self.document.remove(entry.element)
            self.notes.done(f"The handler {entry.name!r} on line {entry.line}, another entry for Python, was removed.")

    def _write_handler(self) -> None:
        entry = self._current
        if entry is None:
            name = self._free_name(_NEW_NAME)
            self._insert_handler(dict(self._wanted, name=name), self._section(), None)
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
                f"The handler {name!r} was moved before {rival.name!r}, which took every request away from it."
                if rival is not None
                else f"The handler {name!r} was moved behind the others: in front of {hidden!r} it would take its requests."
            )
        self._note_changes(entry, changes)
        if rival is None and hidden is None:
            self._apply_changes(entry.element, changes)

    @property
    def _wanted(self) -> dict[str, str]:
        """The attributes of a new handler, in the order of Microsoft's examples."""
        wanted = {"name": _NEW_NAME, "path": "*", "verb": "*", "modules": _MODULES[self.intent.kind]}
        if self.intent.kind == "fastCgi":
            wanted["scriptProcessor"] = self.intent.script_processor
        wanted["resourceType"] = "Unspecified"
        if self.intent.kind == "fastCgi":
            wanted["requireAccess"] = "Script"
        return wanted

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
        if self.intent.kind == "httpPlatform" and self._platform is None:
            children += (self._new_platform(),)
        if not self.sections.servers:
            self.document.append(self.sections.root, NewElement("system.webServer", (), children))
            return
        for child in children:
            self.document.append(self.sections.servers[0], child)

    def _new_platform(self) -> NewElement:
        self.notes.done(f"<httpPlatform> was added; it starts {self.intent.python_path}.")
        return httpplatform.new_platform(self.intent.platform_settings, self.intent.environment)

    def _write_platform(self) -> None:
        platform = self._platform
        if platform is None:
            section = self._section() if self._current is None else self._current.element.parent
            if section is not None:
                self.document.insert_after(section, self._new_platform())
            return
        settings = self.intent.platform_settings
        if self.intent.startup_time_limit is None:
            del settings["startupTimeLimit"]
        if same_path(platform.get("processPath"), self.intent.python_path, LITERAL_HOME):
            del settings["processPath"]
        if self._switches and not self.sections.sharers(self._current, "httpplatformhandler"):
            self.notes.remark(f"The <httpPlatform> on line {platform.line}, which was not used, is used again.")
        for name, value in settings.items():
            if platform.get(name) != value:
                before, after = (MASK if looks_secret("", text) else text for text in (platform.get(name), value))
                self.notes.done(f"{name} of <httpPlatform> was changed from '{before}' to '{after}'.")
        present = {name.upper(): value for name, value in httpplatform.variables(platform).items()}
        other = [name for name, value in self.intent.environment.items() if present.get(name.upper()) != value]
        if other:
            self.notes.done(f"The environment variables {', '.join(other)} of <httpPlatform> were set.")
        httpplatform.update_platform(self.document, platform, settings, self.intent.environment)
        for second in self.sections.platforms[1:]:
            self.document.remove(second)
            self.notes.done(f"A second <httpPlatform> on line {second.line} was removed.")

    def _leave_platform(self) -> None:
        """Say what the app does not get any more under FastCGI; it stays in the file for the way back."""
        mixed = self._current is not None and {entry.python for entry in (self._current, *self._gone)} > {"fastCgi"}
        if any(entry.module == "httpplatformhandler" for entry in self._kept):
            if self.sections.platforms and (mixed or self._switches):
                self.notes.remark("<httpPlatform> was kept: another handler of web.config uses it.")
            return
        for platform in self.sections.platforms:
            if not self.sections.is_python_platform(platform) or not (mixed or self._switches):
                continue
            parts = httpplatform.described(platform)
            lost = [
                name
                for name in httpplatform.variables(platform)
                if name.upper() not in {given.upper() for given in self.intent.environment}
            ]
            parts += [f"the environment variable {name}" for name in lost]
            what = f": {', '.join(parts)}" if parts else ""
            if mixed and not self._used_below(platform):
                self.document.remove(platform)
                self.notes.done(f"<httpPlatform> was removed{what}.")
            else:
                self.notes.remark(
                    f"<httpPlatform> on line {platform.line} stays for the way back; FastCGI does not use it{what}."
                )
        if self._switches:
            self._settings.become_environment(self.sections.platform)

    def _used_below(self, platform: Element) -> bool:
        """Whether a <location> has a handler that uses this platform of the level above it."""
        return self.sections.above is None and any(
            entry.module == "httpplatformhandler"
            for level in self.sections.locations(self.document)
            if level.platform is platform
            for entry in level.entries
        )

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
        gone = {entry.name.lower() for entry in self._gone}
        gone |= {entry.name.lower() for entry in self._kept if not entry.active}
        kept = {entry.name.lower() for entry in self._kept if entry.active}
        taken = (self.sections.names() - gone) | kept | self.intent.taken_names
        candidates = [name, *(f"{name}{number}" for number in range(2, len(taken) + 3))]
        return next(candidate for candidate in candidates if candidate.lower() not in taken)


def pair(processor: str) -> tuple[str, str]:
    """Return the program and the arguments of a scriptProcessor, without quotes around them."""
    program, _, arguments = processor.partition("|")
    return program.strip().strip('"'), arguments.strip().strip('"')


def same_pair(one: str, other: str) -> bool:
    """Return whether two scriptProcessors name the same FastCGI application; the case of letters does not matter."""
    return tuple(part.lower() for part in pair(one)) == tuple(part.lower() for part in pair(other))
