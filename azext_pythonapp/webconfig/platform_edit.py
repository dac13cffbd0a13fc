"""The edits of <httpPlatform> in a web.config: written for HttpPlatform, and left or removed for FastCGI."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.webconfig import httpplatform
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import HandlerIntent, Notes
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.masking import MASK, looks_secret
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections
from azext_pythonapp.webconfig.values import LITERAL_HOME
from azext_pythonapp.windows import same_path


class PlatformEdit:
    """The edits of <httpPlatform> for an intent.

    current: the app's handler, None when there is none yet. removed: the entries for Python that are removed; kept: the
    other entries.
    """

    def __init__(
        self,
        document: Document,
        sections: Sections,
        intent: HandlerIntent,
        notes: Notes,
        current: HandlerEntry | None,
        removed: Sequence[HandlerEntry],
        kept: Sequence[HandlerEntry],
    ):
        self._document = document
        self._sections = sections
        self._intent = intent
        self._notes = notes
        self._current = current
        self._removed = removed
        self._kept = kept
        self._switches = current is not None and current.python != intent.kind

    @property
    def element(self) -> Element | None:
        """Return the <httpPlatform> that the handler has, or shares with the level above."""
        if self._sections.platforms:
            return self._sections.platforms[0]
        return self._sections.platform if self._current and self._current.python == "httpPlatform" else None

    def new(self) -> NewElement:
        """Return a new <httpPlatform>."""
        self._notes.done(f"<httpPlatform> was added; it starts {self._intent.python_path}.")
        return httpplatform.new_platform(self._intent.platform_settings, self._intent.environment)

    def write(self, section: Element | None) -> None:
        """Set what the intent names. section: the <handlers> that a new one follows; None adds none."""
        platform = self.element
        if platform is None:
            if section is not None:
                self._document.insert_after(section, self.new())
            return
        settings = self._intent.platform_settings
        if self._intent.startup_time_limit is None:
            del settings["startupTimeLimit"]
        if same_path(platform.get("processPath"), self._intent.python_path, LITERAL_HOME):
            del settings["processPath"]
        if self._switches and not self._sections.sharers(self._current, "httpplatformhandler"):
            self._notes.remark(f"The <httpPlatform> on line {platform.line}, which was not used, is used again.")
        for name, value in settings.items():
            if platform.get(name) != value:
                before, after = (MASK if looks_secret("", text) else text for text in (platform.get(name), value))
                self._notes.done(f"{name} of <httpPlatform> was changed from '{before}' to '{after}'.")
        present = {name.upper(): value for name, value in httpplatform.variables(platform).items()}
        other = [name for name, value in self._intent.environment.items() if present.get(name.upper()) != value]
        if other:
            self._notes.done(f"The environment variables {', '.join(other)} of <httpPlatform> were set.")
        httpplatform.update_platform(self._document, platform, settings, self._intent.environment)
        for second in self._sections.platforms[1:]:
            self._document.remove(second)
            self._notes.done(f"A second <httpPlatform> on line {second.line} was removed.")

    def leave(self) -> bool:
        """Report what the app no longer gets under FastCGI; the element stays in the file for switching back.

        Returns False when another handler uses <httpPlatform>, so that nothing is lost.
        """
        mixed = self._current is not None and {entry.python for entry in (self._current, *self._removed)} > {"fastCgi"}
        if any(entry.module == "httpplatformhandler" for entry in self._kept):
            if self._sections.platforms and (mixed or self._switches):
                self._notes.remark("<httpPlatform> was kept: another handler of web.config uses it.")
            return False
        for platform in self._sections.platforms:
            if not self._sections.is_python_platform(platform) or not (mixed or self._switches):
                continue
            parts = httpplatform.described(platform)
            lost = [
                name
                for name in httpplatform.variables(platform)
                if name.upper() not in {given.upper() for given in self._intent.environment}
            ]
            parts += [f"the environment variable {name}" for name in lost]
            what = f": {', '.join(parts)}" if parts else ""
            if mixed and not self.used_below(platform):
                self._document.remove(platform)
                self._notes.done(f"<httpPlatform> was removed{what}.")
            else:
                self._notes.remark(
                    f"<httpPlatform> on line {platform.line} stays for switching back; FastCGI does not use it{what}."
                )
        return True

    def used_below(self, platform: Element) -> bool:
        """Return whether a <location> has a handler that uses this <httpPlatform> of the level above it."""
        return self._sections.above is None and any(
            entry.module == "httpplatformhandler"
            for level in self._sections.locations(self._document)
            if level.platform is platform
            for entry in level.entries
        )
