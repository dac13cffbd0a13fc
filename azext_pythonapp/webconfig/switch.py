"""Changing which Python a web.config starts: the edits, each with a sentence that says what was done.

It owns the app's Python handler (its <add> and <remove>), <httpPlatform>, and the appSettings that it writes; what else
it has to remove (the old PTVS rewrite rules, the settings of the other kind of handler) is said in a note.
"""
from __future__ import annotations

import re

from azext_pythonapp.appservice.errors import Refused

from . import appsettings, httpplatform
from .document import Document
from .intent import HandlerIntent
from .layout import NewElement
from .markup import Element
from .masking import HARMLESS
from .sections import OLD_PATH, HandlerEntry, Sections, rewrite_target

_NEW_NAME = "PythonHandler"
_MODULES = {"fastCgi": "FastCgiModule", "httpPlatform": "httpPlatformHandler"}
_FOR_PYTHON_ALONE = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
_PLACEHOLDER = re.compile(r"%(ROOTDIR|INTERPRETERPATH|WFASTCGIPATH)%", re.IGNORECASE)


class HandlerSwitch:
    """The edits that make document run what intent says. Make one, call `run`, then take `document.to_bytes()`."""

    def __init__(self, document: Document, intent: HandlerIntent):
        self.document = document
        self.intent = intent
        self.sections = Sections(document)
        self.notes: list[str] = []
        self._old = [entry for entry in self.sections.entries if entry.replaceable]
        self._kept = [entry for entry in self.sections.entries if not entry.replaceable]
        self._current = next((entry for entry in self._old if entry.active), None)

    def run(self) -> None:
        """Make the edits. Raises Refused when the file belongs to something that is not Python."""
        self._refuse()
        if self.intent.kind == "fastCgi":
            self._write_app_settings()
        else:
            self._drop_fastcgi_settings()
        self._remove_duplicates()
        self._write_handler()
        if self.intent.kind == "fastCgi":
            self._drop_platform()
        else:
            self._write_platform()
        self._drop_rewrite_rules()
        self._warn()

    @property
    def _platform(self) -> Element | None:
        return next(iter(self.sections.platforms), None)

    def _refuse(self) -> None:
        for entry in self._kept:
            if entry.framework:
                raise Refused(
                    f"web.config line {entry.line}: the handler '{entry.name}' ({entry.element.get('modules')}) "
                    f"already sends the app's requests to {entry.framework}, so Python would not see them.",
                    f"If the app is to run Python, delete <add name=\"{entry.name}\" …/> from "
                    "site\\wwwroot\\web.config and run the command again; else use another app or slot.")
        if len(self.sections.handlers) > 1:
            lines = ", ".join(str(section.line) for section in self.sections.handlers)
            raise Refused(
                f"web.config has <handlers> more than once for the app itself (lines {lines}); IIS answers 500.19.",
                "Move what is in them into one <handlers> in site\\wwwroot\\web.config and run the command again.")
        sections = [*self.sections.handlers, *self.sections.platforms]
        if self.intent.kind == "fastCgi":
            sections += self.sections.app_settings
        for section in sections:
            for attribute in ("configSource", "configProtectionProvider"):
                if attribute in section.attributes:
                    raise Refused(
                        f"web.config line {section.line}: <{section.name}> has {attribute}="
                        f"\"{section.get(attribute)}\", so its content cannot be edited here (and wfastcgi does not "
                        "read it).", f"Move the content of <{section.name}> into web.config and run the command again.")
        platform = self._platform
        if self.intent.kind == "httpPlatform" and platform and not self.sections.is_python_platform(platform):
            raise Refused(
                f"web.config line {platform.line}: <httpPlatform> starts '{platform.get('processPath')}', which is not "
                "Python.", "Delete that <httpPlatform> from site\\wwwroot\\web.config and run the command again.")

    def _remove_duplicates(self) -> None:
        for entry in self._old:
            if entry is not self._current:
                self.document.remove(entry.element)
                self._note(f"The handler {entry.name!r} on line {entry.line}, another entry for Python, was removed.")

    def _write_handler(self) -> None:
        entry = self._current
        if entry is None:
            name = self._free_name(_NEW_NAME)
            self._insert_handler(dict(self._wanted, name=name), self._section(), None)
            self._note(f"The handler {name!r} was added; it runs {self.intent.python_path}.")
            return
        name = entry.name
        if any(kept.active and kept.name == name for kept in self._kept):
            name = self._free_name(_NEW_NAME)
        changes = self._changes(entry.element)
        if name != entry.name:
            changes["name"] = name
        rival = self._rival(entry)
        if rival is not None:
            attributes = {key: found.value for key, found in entry.element.attributes.items()}
            attributes.update({key: value for key, value in changes.items() if value is not None})
            for key in [key for key, value in changes.items() if value is None]:
                del attributes[key]
            self._insert_handler(attributes, entry.element.parent, rival)
            self.document.remove(entry.element)
            self._note(f"The handler {name!r} was moved before {rival.name!r}, which took every request away from it.")
        self._note_changes(entry, changes)
        if rival is None:
            self._apply_changes(entry.element, changes)

    @property
    def _wanted(self) -> dict[str, str]:
        """The attributes of the handler, in the order of Microsoft's examples."""
        wanted = {"name": _NEW_NAME, "path": "*", "verb": "*", "modules": _MODULES[self.intent.kind]}
        if self.intent.kind == "fastCgi":
            wanted["scriptProcessor"] = self.intent.script_processor
        wanted["resourceType"] = "Unspecified"
        if self.intent.kind == "fastCgi":
            wanted["requireAccess"] = "Script"
        return wanted

    def _changes(self, handler: Element) -> dict[str, str | None]:
        """Return the attributes of handler to set, or to remove (None); absent ones with a fitting default stay so."""
        changes: dict[str, str | None] = {}
        for name, value in self._wanted.items():
            found = handler.get(name)
            same = found.lower() == value.lower() if name in ("modules", "resourceType") else found == value
            implied = name in ("resourceType", "requireAccess") and name not in handler.attributes
            if name != "name" and not same and not (implied and handler.get("modules") == self._wanted["modules"]):
                changes[name] = value
        if self.intent.kind == "httpPlatform":
            was_fastcgi = handler.get("modules").lower() != _MODULES["httpPlatform"].lower()
            changes.update({name: None for name in ("scriptProcessor", "requireAccess")
                            if name in handler.attributes and (was_fastcgi or name == "scriptProcessor")})
        if "bitness" in handler.get("preCondition"):
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
            self._note(f"The handler {entry.name!r} was changed: {', '.join(parts)}.")

    def _section(self) -> Element | None:
        return next(iter(self.sections.handlers), None)

    def _rival(self, entry: HandlerEntry) -> HandlerEntry | None:
        """Return the handler before entry that takes every request away from it."""
        before = self.sections.entries[:self.sections.entries.index(entry)]
        return next((other for other in before if other.takes_over and not other.replaceable), None)

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
        self._note(f"<httpPlatform> was added; it starts {self.intent.python_path}.")
        return httpplatform.new_platform(self.intent.platform_settings, self.intent.environment)

    def _write_platform(self) -> None:
        platform = self._platform
        if platform is None:
            section = self._section() if self._current is None else self._current.element.parent
            if section is not None:
                self.document.insert_after(section, self._new_platform())
            return
        settings = self.intent.platform_settings
        if self.intent.startup_time_limit is None and platform.get("startupTimeLimit"):
            del settings["startupTimeLimit"]
        for name, value in settings.items():
            if platform.get(name) != value:
                self._note(f"{name} of <httpPlatform> was changed from '{platform.get(name)}' to '{value}'.")
        httpplatform.update_platform(self.document, platform, settings, self.intent.environment)
        for other in self.sections.platforms[1:]:
            self.document.remove(other)
            self._note(f"A second <httpPlatform> on line {other.line} was removed.")

    def _drop_platform(self) -> None:
        if any(entry.module == "httpplatformhandler" for entry in self._kept):
            if self.sections.platforms:
                self._note("<httpPlatform> was kept: another handler of web.config uses it.")
            return
        for platform in self.sections.platforms:
            if not self.sections.is_python_platform(platform):
                self._note(f"<httpPlatform> on line {platform.line} was kept: it does not start Python.")
                continue
            lost = sorted(set(httpplatform.variables(platform)) - set(self.intent.environment))
            self.document.remove(platform)
            self._note("<httpPlatform> was removed" + (
                f", and with it the environment variables {', '.join(lost)}." if lost else "."))

    def _write_app_settings(self) -> None:
        current = appsettings.environment(self.sections.root)
        wanted = self.intent.app_settings
        sections = self.sections.app_settings
        if appsettings.uses_proxy(current):
            wanted.setdefault("WSGI_HANDLER", appsettings.entry_point(current) or "")
            self._remove_settings("WSGI_ALT_", "they are only for PTVS' virtual environment proxy, which is not needed")
        for name, value in wanted.items():
            if name in current and current[name] != value:
                shown = f" to '{value}'" if name.upper() in HARMLESS else ""
                self._note(f"The appSetting {name} was changed{shown}.")
        missing = appsettings.write(self.document, sections, wanted)
        new = appsettings.new_entries(missing)
        if new:
            self._note(f"The appSettings {', '.join(missing)} were added.")
        if new and sections:
            for entry in new:
                self.document.append(sections[0], entry)
        elif new:
            self._insert_section(NewElement("appSettings", (), new))

    def _insert_section(self, section: NewElement) -> None:
        """Write section in front of the first <system.webServer> (or the <location> around it), else last."""
        anchor = self._section_anchor()
        if anchor is None:
            self.document.append(self.sections.root, section)
        else:
            self.document.insert_before(anchor, section)

    def _section_anchor(self) -> Element | None:
        server = next(iter(self.sections.servers), None)
        return server.parent if server is not None and server.parent is not self.sections.root else server

    def _drop_fastcgi_settings(self) -> None:
        if any(entry.python == "fastCgi" for entry in self._kept):
            self._note("The WSGI_ settings were kept: another handler of web.config runs Python by FastCGI.")
            return
        self._remove_settings("WSGI_", "only wfastcgi reads them")
        given = {name.upper() for name in self.intent.environment}
        left = []
        for entry in appsettings.entries(self.sections.app_settings):
            key = appsettings.key_of(entry)
            if key in given and key in _FOR_PYTHON_ALONE:
                self.document.remove(entry)
                self._note(f"{key} was moved from appSettings to the environment variables of <httpPlatform>.")
            elif key and key not in given and not key.startswith("WSGI_"):
                left.append(entry.get("key").strip())
        self._drop_empty_app_settings()
        if left and self._current is not None and self._current.python == "fastCgi":
            self._note(f"The appSettings {', '.join(left)} stay in web.config, but HttpPlatformHandler does not give "
                       "them to the app as environment variables.")

    def _remove_settings(self, prefix: str, reason: str) -> None:
        gone = []
        for section in self.sections.app_settings:
            for entry in section.children:
                if entry.name in ("add", "remove") and appsettings.key_of(entry).startswith(prefix):
                    self.document.remove(entry)
                    gone.append(entry.get("key").strip())
        if gone:
            self._note(f"The appSettings {', '.join(dict.fromkeys(gone))} were removed: {reason}.")

    def _drop_empty_app_settings(self) -> None:
        """Remove an <appSettings> that has just lost its last entry and stands where this module would put it again."""
        anchor = self._section_anchor()
        siblings = self.sections.root.children
        before = siblings[siblings.index(anchor) - 1:siblings.index(anchor)] if anchor is not None else []
        for section in before:
            if (section.name == "appSettings" and section.children and not section.attributes
                    and self.document.only_elements(section)
                    and all(self.document.is_removed(child) for child in section.children)):
                self.document.remove(section)

    def _drop_rewrite_rules(self) -> None:
        targets = {OLD_PATH, *(entry.element.get("path").lower() for entry in self._old if not entry.catch_all)}
        found = {rule for rule in self.sections.rules if rewrite_target(rule) in targets}
        if not found:
            return
        gone = [rule for rule in self.sections.rules if rule in found or rule.get("name") == "Static Files"]
        for rule in gone:
            self.document.remove(rule)
        for rewrite in self.sections.find("system.webServer", "rewrite"):
            rules = rewrite.find("rules")
            if len(rewrite.children) == 1 and rules and all(map(self.document.is_removed, rules[0].children)):
                self.document.remove(rewrite)
        name = self._current.name if self._current is not None else _NEW_NAME
        self._note(
            f"The rewrite rules {', '.join(repr(rule.get('name')) for rule in gone)} were removed: every request goes "
            f"to {name!r} now. For a folder that IIS is to serve itself, put a web.config with <handlers><remove "
            f"name=\"{name}\" /></handlers> into it.")

    def _warn(self) -> None:
        for entry in appsettings.entries(self.sections.app_settings):
            key = entry.get("key").strip()
            if _PLACEHOLDER.search(entry.get("value")) and key not in self.intent.app_settings \
                    and not key.startswith("WSGI_ALT_"):
                self._note(f"The appSetting {key} on line {entry.line} still holds a placeholder of Visual Studio that "
                           "nothing replaces; delete it or give it a value.")
        for section in self.sections.handlers:
            policy = section.get("accessPolicy", "Script")
            if self.intent.kind == "fastCgi" and "Script" not in policy:
                self._note(f"<handlers> has accessPolicy=\"{policy}\"; without Script IIS answers 403 for Python.")

    def _free_name(self, name: str) -> str:
        taken = {entry.name for entry in self._kept if entry.active}
        candidates = [name, *(f"{name}{number}" for number in range(2, len(taken) + 3))]
        return next(candidate for candidate in candidates if candidate not in taken)

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)
