"""The appSettings that wfastcgi reads: written for FastCGI, and left where they are for HttpPlatform."""

from __future__ import annotations

import re

from azext_pythonapp.webconfig import appsettings, httpplatform
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import HandlerIntent, Notes
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.masking import HARMLESS
from azext_pythonapp.webconfig.sections import Sections

_PLACEHOLDER = re.compile(r"%(ROOTDIR|INTERPRETERPATH|WFASTCGIPATH)%", re.IGNORECASE)


class FastCgiSettings:
    """The edits of <appSettings> for an intent. same_python: it starts the same Python as the file does now."""

    def __init__(self, document: Document, sections: Sections, intent: HandlerIntent, notes: Notes, same_python: bool):
        self._document = document
        self._sections = sections
        self._intent = intent
        self._notes = notes
        self._same_python = same_python

    def write(self) -> None:
        """Set what the intent names, in the entry that wins; everything else stays."""
        current = appsettings.environment(self._sections.root)
        wanted = self._intent.app_settings
        if appsettings.uses_proxy(current):
            self._through_proxy(current, wanted)
        own = {
            appsettings.key_of(entry): entry.get("value") for entry in appsettings.entries(self._sections.app_settings)
        }
        # What wfastcgi reads in another <location> is in force as it is.
        wanted = {
            name: value
            for name, value in wanted.items()
            if current.get(name) != value or own.get(name.upper()) == value
        }
        for name, value in wanted.items():
            before = current.get(name)
            if before is not None and before != value:
                shown = f" to '{value}'" if name.upper() in HARMLESS else ""
                self._notes.done(f"The appSetting {name} was changed{shown}.")
        missing = appsettings.write(self._document, self._sections.app_settings, wanted)
        new = appsettings.new_entries(missing)
        if new:
            self._notes.done(f"Added to appSettings: {', '.join(missing)}.")
        if new and self._sections.app_settings:
            for entry in new:
                self._document.append(self._sections.app_settings[0], entry)
        elif new:
            self._insert_section(NewElement("appSettings", (), new))

    def leave(self) -> None:
        """Report the settings that only FastCGI uses, when the app switches to HttpPlatform."""
        given = {name.upper() for name in self._intent.environment}
        wfastcgi: list[str] = []
        copied: list[str] = []
        others: list[str] = []
        for entry in appsettings.entries(self._sections.app_settings):
            key = entry.get("key").strip()
            if key.upper().startswith("WSGI_"):
                shown = f"='{entry.get('value')}'" if key.upper() in HARMLESS else ""
                wfastcgi.append(f"{key}{shown}")
            elif key:
                (copied if key.upper() in given else others).append(key)
        if wfastcgi:
            self._notes.remark(
                f"Kept in appSettings: {', '.join(wfastcgi)}. Only wfastcgi reads them, "
                "so they have no effect until FastCGI is used again."
            )
        if copied:
            self._notes.remark(
                f"Kept in appSettings: {', '.join(dict.fromkeys(copied))}. The app now gets "
                "them from the environment variables of <httpPlatform>."
            )
        if others:
            self._notes.warn(
                f"Kept in appSettings: {', '.join(dict.fromkeys(others))}. "
                "HttpPlatformHandler does not pass them to the app as environment variables."
            )

    def become_environment(self, platform: Element | None) -> None:
        """Report the appSettings that become environment variables, which they were not under HttpPlatform."""
        known = {name.upper() for name in httpplatform.variables(platform)} if platform is not None else set()
        known |= {name.upper() for name in self._intent.app_settings}
        new = [
            key
            for key in appsettings.environment(self._sections.root)
            if key.upper() not in known and not key.upper().startswith("WSGI_")
        ]
        if new:
            self._notes.remark(
                f"Now environment variables of the app, because wfastcgi passes on all appSettings: {', '.join(new)}."
            )

    def warn(self) -> None:
        """Report settings with a placeholder that nothing replaces."""
        for entry in appsettings.entries(self._sections.app_settings):
            key = entry.get("key").strip()
            if (
                _PLACEHOLDER.search(entry.get("value"))
                and key not in self._intent.app_settings
                and not key.startswith("WSGI_ALT_")
            ):
                self._notes.warn(
                    f"The appSetting {key} on line {entry.line} still has a placeholder from Visual Studio, "
                    "which nothing replaces; delete it or give it a value."
                )

    def _through_proxy(self, current: dict[str, str], wanted: dict[str, str]) -> None:
        """Set the app in the proxy of its virtual environment, or remove the proxy where the Python changes."""
        own = appsettings.entry_point(current)
        entry = wanted.pop("WSGI_HANDLER", None) or own
        if self._same_python and own:
            wanted[appsettings.PROXIED_HANDLER] = entry or own
            return
        if entry:
            wanted["WSGI_HANDLER"] = entry
        gone = []
        for section in self._sections.app_settings:
            for found in section.children:
                if found.name in ("add", "remove") and appsettings.key_of(found).startswith("WSGI_ALT_"):
                    self._document.remove(found)
                    gone.append(f"{found.get('key').strip()}='{found.get('value')}'")
        if gone:
            self._notes.done(
                f"Removed from appSettings: {', '.join(dict.fromkeys(gone))}. They are only for "
                "PTVS' virtual environment proxy, and that environment does not belong to the new Python."
            )

    def _insert_section(self, section: NewElement) -> None:
        """Write section in front of the first <system.webServer> (or the <location> around it), else last."""
        above = self._sections.above
        servers = [*self._sections.servers, *(above.servers if above is not None else ())]
        places = {server if server.parent is self._sections.root else server.parent for server in servers}
        anchor = min((place for place in places if place is not None), key=lambda place: place.start, default=None)
        if anchor is None:
            self._document.append(self._sections.root, section)
        else:
            self._document.insert_before(anchor, section)
