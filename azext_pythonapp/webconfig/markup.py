"""Parse XML with the byte offsets of each element, attribute and quote.

expat decides what is well formed and where an element starts; inside a start tag, which expat has accepted already, a
small scanner finds the attributes. Offsets count bytes of the text in UTF-8. Time and memory are linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.encoding import position

_ATTRIBUTE = re.compile(rb"""[ \t\r\n]+([^ \t\r\n=/>]+)[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')""")
_TAG_NAME = re.compile(rb"<[^ \t\r\n/>]+")
_TAG_END = re.compile(rb"[ \t\r\n]*(/?)>")
_BY_HAND = "Correct web.config manually, then run the command again."


@dataclass(eq=False)
class Attribute:
    """One attribute: its unescaped value, and the byte offsets of the whole, of its value, and of the space before."""

    name: str
    value: str
    space_start: int
    start: int
    end: int
    value_start: int
    value_end: int


@dataclass(eq=False)
class Element:
    """One element and the byte offsets of its parts: `<name …>` is [start, tag_end), `</name>` is [close_start, end).

    Of `<name … />` close_start and end are tag_end. line and column (both from 1) are those of its `<`.
    """

    name: str
    parent: Element | None
    start: int
    line: int
    column: int
    name_end: int = 0
    tag_end: int = 0
    close_start: int = 0
    end: int = 0
    self_closing: bool = False
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """Return the unescaped value of the attribute name, else default."""
        attribute = self.attributes.get(name)
        return default if attribute is None else attribute.value

    def find(self, *path: str) -> list[Element]:
        """Return the descendants reached by the names in path, one level each, in the order of the file."""
        found = [self]
        for name in path:
            found = [child for element in found for child in element.children if child.name == name]
        return found

    def walk(self) -> Iterator[Element]:
        """Yield this element and everything below it, in the order of the file."""
        pending = [self]
        while pending:
            element = pending.pop()
            yield element
            pending.extend(reversed(element.children))


def parse(data: bytes) -> Element:
    """Return the root element of data, which is XML in UTF-8 without a byte order mark.

    Raises InvalidWebConfig with line and column for ill-formed XML, an unbound namespace prefix (both stop IIS and
    wfastcgi alike), and a document type definition: no config file has one, and entities come only with it.
    """
    _check(data, expat.ParserCreate("utf-8", " "))
    builder = _Builder(data)
    _check(data, builder.parser)
    return builder.root


def check_stored(content: bytes) -> None:
    """Raise InvalidWebConfig when content, the bytes of a file that `parse` took as text, stops wfastcgi all the same.

    Its parser is expat too, but gets the bytes as they are stored: a byte order mark that contradicts the declaration,
    or a second one, ends it (docs/platform/site-extensions.md 3.2).
    """
    try:
        expat.ParserCreate(None, " ").Parse(content, True)
    except expat.ExpatError as error:
        raise InvalidWebConfig(
            f"web.config has an encoding that IIS and wfastcgi do not both support (line {error.lineno}, column "
            f"{error.offset + 1}: {expat.ErrorString(error.code) or 'not well formed'}).",
            "Save web.config as UTF-8, with an XML declaration that says so, and run the command again.",
        ) from error


def _check(data: bytes, parser: expat.XMLParserType) -> None:
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_doctype(data, parser.CurrentByteIndex)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "not well formed"
        message = f"web.config is not valid XML at line {error.lineno}, column {error.offset + 1}: {reason}."
        if not data.strip():
            raise InvalidWebConfig(
                f"{message} The file is empty.", "Delete it; set-version or web-config set writes a new one."
            ) from error
        raise InvalidWebConfig(message, _BY_HAND) from error


def _refuse_doctype(data: bytes, inside: int) -> NoReturn:
    before = data[: data.rfind(b"<!DOCTYPE", 0, inside)].decode("utf-8")
    raise InvalidWebConfig(
        f"web.config has a document type definition at {position(before)}; such a file, with its entities and external "
        "references, is not edited.",
        "Remove the <!DOCTYPE …> and run the command again.",
    )


class _Builder:
    """Collects elements from expat's callbacks."""

    root: Element

    def __init__(self, data: bytes):
        self._data = data
        self._open: list[Element] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: list[str]) -> None:
        parent = self._open[-1] if self._open else None
        element = Element(
            name,
            parent,
            self.parser.CurrentByteIndex,
            self.parser.CurrentLineNumber,
            self.parser.CurrentColumnNumber + 1,
        )
        self._scan_tag(element, attributes)
        if parent is None:
            self.root = element
        else:
            parent.children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element.self_closing:
            element.close_start = element.end = element.tag_end
        else:
            element.close_start = self.parser.CurrentByteIndex
            element.end = self._data.index(b">", element.close_start) + 1

    def _scan_tag(self, element: Element, attributes: list[str]) -> None:
        """Find the attributes of the start tag at element.start; expat's own names and values are the authority."""
        place = _matched(_TAG_NAME.match(self._data, element.start), element).end()
        element.name_end = place
        for name, value in zip(attributes[::2], attributes[1::2]):
            match = _matched(_ATTRIBUTE.match(self._data, place), element)
            group = 2 if match.group(2) is not None else 3
            if match.group(1).decode("utf-8") != name:
                raise _unsure(element)
            element.attributes[name] = Attribute(
                name, value, match.start(), match.start(1), match.end(), match.start(group), match.end(group)
            )
            place = match.end()
        end = _matched(_TAG_END.match(self._data, place), element)
        element.self_closing = bool(end.group(1))
        element.tag_end = end.end()


def _matched(match: re.Match[bytes] | None, element: Element) -> re.Match[bytes]:
    if match is None:
        raise _unsure(element)
    return match


def _unsure(element: Element) -> InvalidWebConfig:
    return InvalidWebConfig(
        f"The layout of <{element.name}> in web.config at line {element.line}, column {element.column} is not "
        "supported.",
        _BY_HAND,
    )
