"""What is exported, in the words of Azure and of no language. `arm`, `bicep` and `terraform` write it down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from azext_pythonapp.advice import quoted

Format = Literal["arm", "bicep", "terraform"]
# The newest version of which Microsoft's schema of templates and azapi's examples both have site extensions
# (docs/platform/templates.md 1).
API_VERSION = "2022-09-01"
SITE = "Microsoft.Web/sites"
# What stands in commands for the names that a template has as parameters.
GROUP_WORD, SITE_WORD, SLOT_WORD = "RESOURCE_GROUP", "SITE_NAME", "SLOT_NAME"

SITE_PARAMETER = "Name of the web app. It has to be there: this creates no app."
SLOT_PARAMETER = "Name of the deployment slot. It has to be there as well."
GROUP_PARAMETER = "Name of the web app's resource group."
OTHERS_PARAMETER = (
    "All other app settings of the app, by name. App Service replaces the whole list: a setting that is not in here is "
    "deleted."
)

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = ("true", "false", "null", "for", "if", "in")


@dataclass(frozen=True)
class SiteExtension:
    """A package that Azure installs. id: as the gallery spells it. version: of the package; "" where unknown."""

    id: str
    version: str

    @property
    def properties(self) -> dict[str, str]:
        """Return what is asked for, which must not be empty (docs/platform/templates.md 2)."""
        return {"version": self.version} if self.version else {"id": self.id}


@dataclass(frozen=True)
class Note:
    """What a template cannot say. text: a sentence. command: that does it, None for none."""

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Export:
    """An app's Python as code.

    extensions: in the order in which they are installed. configuration: of the worker, as config/web has it.
    app_settings: their values, none of them secret; None where the app relies on none, so that its list is left alone.
    notes: what has to be done besides. for_slot: whether it is a slot's. site_name, slot_name: what the parameters are
    by default; None for none.
    """

    extensions: Sequence[SiteExtension] = ()
    configuration: Mapping[str, bool] = field(default_factory=dict)
    app_settings: Mapping[str, str] | None = None
    notes: Sequence[Note] = ()
    for_slot: bool = False
    site_name: str | None = None
    slot_name: str | None = None

    @property
    def owner(self) -> str:
        """Return the type of the resource that the extensions belong to."""
        return f"{SITE}/slots" if self.for_slot else SITE

    @property
    def comments(self) -> list[str]:
        """Return the lines of the comment at the top; a command is indented."""
        return comment_lines([*_preface(self), *self.notes])


def command(words: str, for_slot: bool, options: Sequence[tuple[str, str]] = ()) -> str:
    """Return a command with placeholders for the app's names. words: "set-version". options: with their values."""
    slot = f" -s {SLOT_WORD}" if for_slot else ""
    more = "".join(f" {name} {quoted(value)}" for name, value in options)
    return f"az webapp python {words} -g {GROUP_WORD} -n {SITE_WORD}{slot}{more}"


def comment_lines(notes: Sequence[Note]) -> list[str]:
    """Return notes as lines of printable characters, which end no comment of any language."""
    lines = []
    for note in notes:
        lines.append(_printable(note.text))
        if note.command is not None:
            lines.append(f"  {_printable(note.command)}")
    return lines


def is_word(name: str) -> bool:
    """Return whether a name can be the key of an object without quotes, in Bicep and in Terraform."""
    return _WORD.fullmatch(name) is not None and name not in _KEYWORDS


def identifiers(export: Export) -> list[str]:
    """Return what the resources of the extensions are called in code: "python1", "python2", …"""
    return [f"python{number}" for number, _ in enumerate(export.extensions, 1)]


def _preface(export: Export) -> list[Note]:
    about = "The Python of a web app on Windows, written by `az webapp python export`. The app itself has to be there."
    if len(export.extensions) + bool(export.configuration) + (export.app_settings is not None) < 2:
        return [Note(about)]
    order = "It is done one after the other: a change of the app's settings would end an installation that goes on."
    return [Note(about), Note(order)]


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
