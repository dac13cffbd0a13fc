"""Secrets in a web.config: settings whose name or value says that they are a password, a key or a connection string.

Stricter than masking.py, which rather hides too much: here nobody is told of a secret that is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.masking import HARMLESS

_SECTIONS = {"appSettings": ("add", "key"), "environmentVariables": ("environmentVariable", "name")}
_NAME = re.compile(
    r"secret|passw|pwd|credential|conn(?:ection)?[_.:-]?str|private[_-]?key|signature|"
    r"(?:api|access|account|shared|master|encryption|signing|storage|subscription|auth)[_.:-]?key|"
    r"(?:^|[_.:-])(?:token|dsn|sas|pat)$|[a-z]Token$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature|client_secret|sig)\s*=\s*[^;&\s]|"
    r"://[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)
# A value that is put in later, a switch or a number, an address or a file that tells where the secret is.
_NOT_ONE = re.compile(
    r"\s*(?:%[^%]+%|\$[({].*|#\{.*|\{\{.*|<.*>|\*+|true|false|none|null|-?\d{1,5}|https?://[^?@]*|"
    r"(?:[A-Z]:|%HOME%)?[\\/].*)?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Secret:
    """One setting. line: of the file, from 1. section: its element. value: never shown."""

    name: str
    line: int
    section: str
    value: str = field(repr=False)


def secrets_in(content: bytes) -> list[Secret]:
    """Return the settings of a web.config that look like secrets, in the order of the file.

    Raises InvalidWebConfig for one that cannot be read.
    """
    return [secret for _, secret in _found(Document.parse(content))]


def without(content: bytes, names: Collection[str]) -> bytes:
    """Return a web.config without those secrets whose names, in upper case, are among these; else it stays as it is."""
    document = Document.parse(content)
    for element, secret in _found(document):
        if secret.name.upper() in names:
            document.remove(element)
    return document.to_bytes()


def _found(document: Document) -> list[tuple[Element, Secret]]:
    found = []
    for section in document.root.walk():
        entry, key = _SECTIONS.get(section.name, ("", ""))
        for element in section.children:
            name, value = element.get(key).strip(), element.get("value")
            if element.name == entry and _is_one(name, value):
                found.append((element, Secret(name, element.line, section.name, value)))
    return found


def _is_one(name: str, value: str) -> bool:
    if not name or name.upper() in HARMLESS or _NOT_ONE.fullmatch(value):
        return False
    return bool(_NAME.search(name) or _VALUE.search(value))
