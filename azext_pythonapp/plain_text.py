"""Make text from packages, file names and programs safe for a terminal, and sizes readable."""

from __future__ import annotations

import re
from typing import Any

# Escape sequences, which start with ESC or a C1 character: colours, titles, cursor movements (ECMA-48 5.4 and 5.6). An
# incomplete one ends with the line.
_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[P\\]X^_]|[\x90\x9d\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]"
)
# The other control characters except tab and line feed, and those that change the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINE_END = re.compile("\r\n?")
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def plain(text: str) -> str:
    """Return the text without control characters but tab and line feed; a carriage return becomes a line feed."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", _SEQUENCE.sub("", _LINE_END.sub("\n", text)))


def plain_line(text: str) -> str:
    """Return the text without control characters on one line: line feeds become blanks."""
    return " ".join(part for part in plain(text).split("\n") if part)


def plain_values(value: Any) -> Any:
    """Return a command's answer with all texts in it made plain, in lists and dicts, including keys."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain_values(key): plain_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(each) for each in value]
    return value


def size_in_words(size: int) -> str:
    """Return a number of bytes for a person: "34 B", "1.2 kB"."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"
