"""Move the rest of a web.config to another Python: its other handlers, and the paths of the old runtime."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import dataclass

from azext_pythonapp.webconfig import paths
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.intent import HandlerIntent, Notes
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.sections import HandlerEntry, Sections
from azext_pythonapp.webconfig.values import LITERAL_HOME
from azext_pythonapp.windows import same_path

# Settings that a Python reads as paths of its own installation or packages.
MOVED_SETTINGS = ("PYTHONHOME", "PYTHONPATH", "PATH")


@dataclass(frozen=True)
class OldPython:
    """What the app's own handler started before.

    python_paths: every python.exe that it may be, the likeliest first. program: what was started, that or a server's
    own program. processor: the whole scriptProcessor of FastCGI, "" for HttpPlatform.
    """

    python_paths: tuple[str, ...]
    program: str
    processor: str

    def is_started_by(self, intent: HandlerIntent) -> bool:
        """Return whether intent means the same Python."""
        return any(_same(old, new) for old in self.python_paths for new in intent.python_paths)


def moved_settings(settings: Mapping[str, str], old_python: str, new_python: str) -> dict[str, str]:
    """Return settings with the paths of the old runtime written for the new one, where Python reads them as its own."""
    folder = paths.python_folder(old_python)
    if folder is None or same_path(old_python, new_python, LITERAL_HOME):
        return dict(settings)
    return {
        name: paths.moved(value, folder, new_python) if name.upper() in MOVED_SETTINGS else value
        for name, value in settings.items()
    }


def move_handlers(
    document: Document, sections: Sections, old: OldPython, intent: HandlerIntent, own: HandlerEntry, notes: Notes
) -> None:
    """Make every other handler that starts the old Python in the same way start the new one; the rest of it stays."""
    above = sections if sections.above is None else sections.above
    for level in (above, *above.locations(document)):
        for entry in level.entries:
            if entry.element is own.element or entry.python is None or not entry.active:
                continue
            if document.is_removed(entry.element):
                continue
            where = f"The handler {entry.name!r} on line {entry.line}"
            if entry.python == "fastCgi":
                if _same(entry.element.get("scriptProcessor").partition("|")[0], old.program):
                    _move_processor(document, entry, old, intent, where, notes)
            elif level.platform is not None and level.platform in level.platforms:
                _move_platform(document, level.platform, old, intent, where, notes)


def _move_processor(
    document: Document, entry: HandlerEntry, old: OldPython, intent: HandlerIntent, where: str, notes: Notes
) -> None:
    same = old.processor.lower() == entry.element.get("scriptProcessor").lower()
    if intent.kind == "fastCgi" and same:
        document.set_attribute(entry.element, "scriptProcessor", intent.script_processor)
        notes.done(f"{where} now starts {intent.python_path} too; it started the same Python as the app's.")
    else:
        notes.warn(f"{where} still starts {entry.element.get('scriptProcessor').partition('|')[0]}.")


def _move_platform(
    document: Document, platform: Element, old: OldPython, intent: HandlerIntent, where: str, notes: Notes
) -> None:
    before = document.value(platform, "processPath")
    if not _same(before, old.program):
        return
    folder = paths.python_folder(before)
    new = (
        intent.python_path
        if intent.kind == "httpPlatform"
        else paths.moved(before, folder, intent.python_path)
        if folder is not None
        else before
    )
    if new == before:
        notes.warn(f"{where} still starts {before}.")
        return
    document.set_attribute(platform, "processPath", new)
    notes.done(f"{where} now starts {new} too; it started the same Python as the app's.")


def move_paths(document: Document, old_python: str, intent: HandlerIntent, notes: Notes) -> None:
    """Rewrite the paths of the old runtime where Python reads them as its own, and report the others."""
    new_python = intent.python_paths[0]
    runtime = paths.python_folder(old_python)
    folder = runtime or paths.environment_folder(old_python)
    if folder is None:
        return
    pattern = paths.below(folder)
    element_name = "add" if intent.kind == "fastCgi" else "environmentVariable"
    given = {(element_name, name.upper()) for name in intent.environment}
    for element in _present(document):
        for name in element.attributes:
            value = document.value(element, name)
            if not pattern.search(value):
                continue
            place = paths.place(element.name, element.get("name") or element.get("key"), name)
            if runtime is not None and _is_pythons_own(element, name, given):
                new = paths.moved(value, folder, new_python)
                if new != value:
                    document.set_attribute(element, name, new)
                    notes.done(
                        f"{place} on line {element.line}: its paths below {ntpath.dirname(old_python)} were "
                        f"changed to those of {paths.python_folder(new_python) or ntpath.dirname(new_python)}."
                    )
                    value = new
            if pattern.search(value):
                notes.warn(
                    f"{place} on line {element.line} still names a path of the old Python, "
                    f"{ntpath.dirname(old_python)}."
                )


def _present(document: Document) -> list[Element]:
    """Return the elements of document that were not removed, nor anything around them."""
    pending, found = [document.root], []
    while pending:
        element = pending.pop()
        if not document.is_removed(element):
            found.append(element)
            pending.extend(reversed(element.children))
    return found


def _is_pythons_own(element: Element, attribute: str, given: set[tuple[str, str]]) -> bool:
    """Return whether Python reads a value as its own paths. given: the settings that were just written."""
    if attribute == "value" and element.name in ("add", "environmentVariable"):
        name = (element.get("key") or element.get("name")).strip().upper()
        return name in MOVED_SETTINGS and (element.name, name) not in given
    return element.name == "httpPlatform" and attribute in ("processPath", "arguments")


def _same(one: str, other: str) -> bool:
    return same_path(one, other, LITERAL_HOME)
