"""The white space of a config file: how it indents, how it ends its lines, and how a new element looks in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.webconfig.markup import Element

_NEWLINE = re.compile(rb"\r\n|\r|\n")
_LEADING = re.compile(rb"[ \t]*")
_COMMENTS_ON_LINE = re.compile(rb"(?:[ \t]*<!--(?:(?!-->)[^\r\n])*-->)*")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"}
_QUOTES = {'"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True)
class NewElement:
    """An element to be written: its name, its attributes in order, and its child elements in order."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[NewElement, ...] = ()


def escape(value: str, quote: str = '"') -> str:
    """Return value escaped for use between two `quote` characters. Raises InvalidInput for invalid XML characters."""
    bad = _NOT_XML.search(value)
    if bad:
        raise InvalidInput(
            f"A value for web.config contains the character U+{ord(bad.group()):04X}, which is not valid in XML.",
            "Remove the character and run the command again.",
        )
    for plain, reference in {**_ESCAPES, quote: _QUOTES[quote]}.items():
        value = value.replace(plain, reference)
    return value


class Layout:
    """The white space of one file, given as UTF-8 bytes and its root element."""

    def __init__(self, data: bytes, root: Element):
        self._data = data
        self._root = root
        self._newlines = [match.group() for match in _NEWLINE.finditer(data)]
        self._lines = [0, *(match.end() for match in _NEWLINE.finditer(data))]
        self._texts = [self._first_text(start) for start in self._lines]
        self.unit = self._unit()
        self.one_line = bool(root.children) and self._line(root.start) == self._line(root.end - 1)

    def _first_text(self, place: int) -> int:
        """Return where the blanks at place end."""
        match = _LEADING.match(self._data, place)
        return match.end() if match else place

    def _line(self, place: int) -> int:
        return bisect_right(self._lines, place) - 1

    def line_start(self, place: int) -> int:
        """Return the offset of the start of the line with the byte at place."""
        return self._lines[self._line(place)]

    def starts_line(self, place: int) -> bool:
        """Return whether only blanks stand between place and the start of its line."""
        return place <= self._texts[self._line(place)]

    def indentation(self, place: int) -> bytes:
        """Return the blanks at the start of the line with the byte at place."""
        line = self._line(place)
        return self._data[self._lines[line] : min(self._texts[line], place)]

    def newline(self, place: int) -> bytes:
        """Return the line end in use at place: that of the line before it, else the file's first, else CRLF."""
        if not self._newlines:
            return b"\r\n"
        return self._newlines[max(self._line(place) - 1, 0)]

    def after_comments(self, place: int) -> int:
        """Return where the comments that follow place on its line end (place itself when there are none)."""
        match = _COMMENTS_ON_LINE.match(self._data, place)
        return match.end() if match else place

    def line_range(self, element: Element) -> tuple[int, int]:
        """Return the bytes to remove with element: its line or lines when it has them for itself, else only itself."""
        start, end = element.start, element.end
        line_end = self._first_text(end)
        at_end = line_end == len(self._data) or self._data[line_end : line_end + 1] in (b"\r", b"\n")
        line_start = self.line_start(start)
        if not at_end or line_start == 0 or not self.starts_line(start):
            return start, end
        return line_start - len(self.newline(start)), line_end

    def render(self, element: NewElement, indentation: bytes, newline: bytes) -> bytes:
        """Return element as text: its first line without indentation, one line per child (all in one in such a file).

        indentation: the blanks before element itself.
        """
        inside = b"" if self.one_line else newline + indentation + self.unit
        after = b"" if self.one_line else newline + indentation
        pairs = "".join(f' {name}="{escape(value)}"' for name, value in element.attributes)
        name = element.name.encode("utf-8")
        head = b"<" + name + pairs.encode("utf-8")
        if not element.children:
            return head + b" />"
        body = b"".join(inside + self.render(child, indentation + self.unit, newline) for child in element.children)
        return head + b">" + body + after + b"</" + name + b">"

    def _unit(self) -> bytes:
        """Return what one level of indentation adds: as the first indented child in the file does, else two blanks."""
        for element in self._root.walk():
            for child in element.children[:1]:
                outer, inner = self.indentation(element.start), self.indentation(child.start)
                if self.starts_line(child.start) and inner.startswith(outer) and inner != outer:
                    return inner[len(outer) :]
        return b"  "
