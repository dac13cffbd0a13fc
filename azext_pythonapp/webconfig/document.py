"""A config file that is changed by replacing ranges of its bytes, so that everything else stays as it is.

Edits are collected against the parsed file and applied at once by `to_bytes`, which then parses the result again and
compares it, element by element, with what the edits were meant to give (docs/platform/site-extensions.md 2.6: XML
libraries that rewrite a file lose its comments, quotes, line ends or character references).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.encoding import Encoding, decode
from azext_pythonapp.webconfig.layout import Layout, NewElement, escape
from azext_pythonapp.webconfig.markup import Element, check_stored, parse

LARGEST = 1_048_576
TRANSFORMS = "http://schemas.microsoft.com/XML-Document-Transform"
_LAST = 1 << 60
_NEWLINE = re.compile(rb"\r\n|\r|\n")
_NEWLINE_AND_BLANKS = re.compile(rb"(?:\r\n|\r|\n)[ \t]*")

Node = Union[Element, NewElement]


@dataclass(frozen=True)
class _Splice:
    """Replace the bytes [start, end) with text; `order` decides between splices that start at the same place."""

    start: int
    end: int
    order: int
    text: bytes


class Document:
    """A parsed config file and the edits made to it."""

    def __init__(self, data: bytes, encoding: Encoding, root: Element):
        self._data = data
        self._encoding = encoding
        self.root = root
        self._layout = Layout(data, root)
        self._splices: list[_Splice] = []
        self._removals: list[tuple[int, int]] = []
        self._removed: set[Element] = set()
        self._children: dict[Element, list[Node]] = {}
        self._values: dict[Element, dict[str, str]] = {}
        self._opened: set[Element] = set()

    @classmethod
    def parse(cls, content: bytes, transforms: bool = False) -> Document:
        """Return the document in content (the bytes of a file).

        transforms: whether it may be a transform for another config file.
        Raises InvalidWebConfig, with line and column, when it is larger than 1 MB, is not text in the encoding that it
        declares, is ill-formed, has a document type definition, or is a transform where it must be none.
        """
        if len(content) > LARGEST:
            raise InvalidWebConfig(
                f"web.config has {len(content):,} bytes; files over 1 MB are not edited "
                f"(the limit is reached at {_position_of(content, LARGEST)}).",
                "Move anything that is not configuration out of web.config, and run the command again.",
            )
        text, encoding = decode(content)
        data = text.encode("utf-8")
        root = parse(data)
        check_stored(content)
        if not transforms:
            _refuse_transform(root)
        return cls(data, encoding, root)

    def find(self, path: str) -> list[Element]:
        """Return the elements at path, such as "configuration/system.webServer/handlers", in the file's order."""
        first, *rest = path.split("/")
        return self.root.find(*rest) if self.root.name == first else []

    def set_attribute(self, element: Element, name: str, value: str, after: str | None = None) -> None:
        """Set an attribute of element; an equal value keeps its spelling.

        A new attribute is written behind the one called `after` (default: the last), with the same space and quotes.
        """
        values = self._attributes(element)
        if values.get(name) == value:
            return
        values[name] = value
        present = element.attributes.get(name)
        if present is not None:
            quote = chr(self._data[present.value_start - 1])
            self._splice(present.value_start, present.value_end, escape(value, quote))
            return
        anchor = element.attributes.get(after or "") or next(reversed(element.attributes.values()), None)
        if anchor is None:
            self._splice(element.name_end, element.name_end, f' {name}="{escape(value)}"')
            return
        space = self._data[anchor.space_start : anchor.start].decode("utf-8")
        quote = chr(self._data[anchor.value_start - 1])
        self._splice(anchor.end, anchor.end, f"{space}{name}={quote}{escape(value, quote)}{quote}")

    def remove_attribute(self, element: Element, name: str) -> None:
        """Remove an attribute of element, with the space before it, if it exists."""
        attribute = element.attributes.get(name)
        if attribute is not None and self._attributes(element).pop(name, None) is not None:
            self._splice(attribute.space_start, attribute.end, "")

    def remove(self, element: Element) -> None:
        """Remove element with its content, and its line when nothing else is on it."""
        if element in self._removed or element.parent is None:
            return
        self._removed.add(element)
        self._removals.append(self._layout.line_range(element))

    def value(self, element: Element, name: str) -> str:
        """Return the value that the attribute name of element has after the edits so far, "" when it has none."""
        return self._attributes(element).get(name, "")

    def is_removed(self, element: Element) -> bool:
        """Return whether `remove` was called for element."""
        return element in self._removed

    def append(self, parent: Element, new: NewElement) -> None:
        """Write new as the last child of parent."""
        self._shadow(parent).append(new)
        if not parent.children:
            self._fill(parent, new)
        else:
            self._write(new, parent.children[-1], self._layout.after_comments(parent.children[-1].end))

    def insert_before(self, sibling: Element, new: NewElement) -> None:
        """Write new in front of sibling, above the comments that stand directly above it."""
        parent = sibling.parent
        if parent is None:
            raise ValueError("the root element has no siblings")
        shadow = self._shadow(parent)
        shadow.insert(shadow.index(sibling), new)
        index = parent.children.index(sibling)
        previous = parent.children[index - 1].end if index else parent.tag_end
        place = self._layout.after_comments(previous) if self._layout.starts_line(sibling.start) else sibling.start
        self._write(new, sibling, place)

    def insert_after(self, sibling: Element, new: NewElement) -> None:
        """Write new behind sibling, and behind earlier insertions there."""
        siblings = sibling.parent.children if sibling.parent is not None else []
        following = siblings.index(sibling) + 1
        if sibling.parent is not None and following == len(siblings):
            self.append(sibling.parent, new)
        else:
            self.insert_before(siblings[following], new)

    def put_in(self, parent: Element, new: NewElement) -> None:
        """Write new as the last thing in parent, so that `take_out` gives back the very bytes that were there.

        It gets whole lines of its own where the end tag has one; else it stands in front of the end tag, without any
        white space. An end tag on new's own last line means that parent was `<parent />`.
        """
        self._shadow(parent).append(new)
        layout, place = self._layout, parent.close_start
        newline, outer = layout.newline(place), layout.indentation(parent.start)
        if parent.self_closing:
            slash = self._data.rindex(b"/", parent.start, parent.tag_end)
            self._splice(slash, slash + 1, "")
            inner = outer + layout.unit
            text = newline + inner + layout.render(new, inner, newline) + b"</" + parent.name.encode("utf-8") + b">"
        elif layout.starts_line(place):
            place = layout.line_start(place)
            inner = layout.indentation(parent.close_start) + layout.unit
            text = inner + layout.render(new, inner, newline) + newline
        else:
            text = layout.render(new, layout.indentation(place), newline)
        self._splice(place, place, text)

    def take_out(self, element: Element) -> None:
        """Remove what `put_in` has written, and the white space that came with it."""
        parent, data = element.parent, self._data
        if element in self._removed or parent is None:
            return
        self._removed.add(element)
        if element.end == parent.close_start and _NEWLINE_AND_BLANKS.fullmatch(data[parent.tag_end : element.start]):
            self._splice(parent.tag_end - 1, parent.end, "/>")
            return
        behind = _NEWLINE.match(data, element.end)
        whole = behind is not None and self._layout.starts_line(element.start)
        start = self._layout.line_start(element.start) if whole else element.start
        self._splice(start, behind.end() if behind is not None and whole else element.end, "")

    def text_in(self, element: Element) -> str:
        """Return what is in element beside its child elements: text and comments."""
        children = [(child.start, child.end) for child in element.children]
        ends = [element.tag_end, *(end for _, end in children)]
        starts = [*(start for start, _ in children), element.close_start]
        return b"".join(self._data[end:start] for end, start in zip(ends, starts)).decode("utf-8")

    def to_bytes(self) -> bytes:
        """Return the edited file. Raises InvalidWebConfig if it does not parse to exactly the intended elements."""
        edited = self._apply()
        if edited == self._data:
            return self._encoding.encode(self._data.decode("utf-8"))
        content = self._encoding.encode(edited.decode("utf-8"))
        result = parse(decode(content)[0].encode("utf-8"))
        check_stored(content)
        if list(self._expected()) != list(_outline(result)):
            raise InvalidWebConfig(
                "The edited web.config does not contain exactly the intended change, so it was not used.",
                "Edit web.config manually, or simplify its layout, and run the command again.",
            )
        return content

    def _attributes(self, element: Element) -> dict[str, str]:
        if element not in self._values:
            self._values[element] = {name: found.value for name, found in element.attributes.items()}
        return self._values[element]

    def _shadow(self, parent: Element) -> list[Node]:
        return self._children.setdefault(parent, list(parent.children))

    def _splice(self, start: int, end: int, text: str | bytes, order: int | None = None) -> None:
        encoded = text.encode("utf-8") if isinstance(text, str) else text
        self._splices.append(_Splice(start, end, len(self._splices) if order is None else order, encoded))

    def _write(self, new: NewElement, sibling: Element, place: int) -> None:
        """Write new at place, laid out like sibling."""
        layout = self._layout
        if not layout.starts_line(sibling.start):
            indentation = layout.indentation(sibling.start)
            self._splice(place, place, layout.render(new, indentation, layout.newline(sibling.start)))
            return
        indentation, newline = layout.indentation(sibling.start), layout.newline(sibling.start)
        self._splice(place, place, newline + indentation + layout.render(new, indentation, newline))

    def _fill(self, parent: Element, new: NewElement) -> None:
        """Write new into parent, which has no child elements (perhaps comments)."""
        layout = self._layout
        outer, newline = layout.indentation(parent.start), layout.newline(parent.close_start)
        inner = b"" if layout.one_line else newline + outer + layout.unit
        inside = self._data[parent.tag_end : parent.close_start]
        place = parent.tag_end + len(inside.rstrip())
        if parent not in self._opened:
            self._opened.add(parent)
            closing = b"" if layout.one_line or inside[len(inside.rstrip()) :].strip(b" \t") else newline + outer
            if parent.self_closing:
                slash = self._data.rindex(b"/", parent.start, parent.tag_end)
                blank = len(self._data[parent.start : slash].rstrip())
                self._splice(parent.start + blank, parent.tag_end, b">")
                closing += b"</" + parent.name.encode("utf-8") + b">"
            self._splice(place, place, closing, -1)
        # All before -1 and before what is written behind a parent that was `<parent />`, which is at the same place.
        self._splice(place, place, inner + layout.render(new, outer + layout.unit, newline), len(self._splices) - _LAST)

    def _apply(self) -> bytes:
        """Return the edited text; insertions inside a removed range move to its start."""
        removals = _merged(self._removals)
        pieces: list[_Splice] = [_Splice(start, end, _LAST, b"") for start, end in removals]
        index = 0
        for splice in sorted(self._splices, key=lambda each: (each.start, each.order)):
            while index < len(removals) and removals[index][1] <= splice.start:
                index += 1
            start, end = removals[index] if index < len(removals) else (_LAST, _LAST)
            if start < splice.start < end:
                splice = _Splice(start, start, splice.order, splice.text)
            pieces.append(splice)
        pieces.sort(key=lambda each: (each.start, each.order))
        result, place = [], 0
        for piece in pieces:
            result += [self._data[place : piece.start], piece.text]
            place = max(place, piece.end)
        return b"".join([*result, self._data[place:]])

    def _expected(self) -> Iterator[tuple[int, str, dict[str, str]]]:
        """Yield (depth, name, attributes) of every element that should result from the edits."""
        pending: list[tuple[int, Node]] = [(0, self.root)]
        while pending:
            depth, node = pending.pop()
            if isinstance(node, NewElement):
                yield depth, node.name, dict(node.attributes)
                children: list[Node] = list(node.children)
            elif node in self._removed:
                continue
            else:
                yield depth, node.name, self._attributes(node)
                children = self._children.get(node) or list(node.children)
            pending.extend((depth + 1, child) for child in reversed(children))


def _refuse_transform(root: Element) -> None:
    """Raise InvalidWebConfig for a file of xdt instructions (Web.Release.config): it is no configuration of its own."""
    prefixes = {
        name.partition(":")[2]
        for element in root.walk()
        for name, found in element.attributes.items()
        if name.startswith("xmlns:") and found.value == TRANSFORMS
    }
    if not prefixes:
        return
    for element in root.walk():
        for name in (element.name, *element.attributes):
            if name.partition(":")[0] in prefixes and ":" in name:
                raise InvalidWebConfig(
                    f"This file is a transform for another config file ({name} on line {element.line}), not a "
                    "web.config that IIS reads.",
                    "Use the web.config that it is applied to, or the result of the build.",
                )


def _outline(root: Element) -> Iterator[tuple[int, str, dict[str, str]]]:
    pending = [(0, root)]
    while pending:
        depth, element = pending.pop()
        yield depth, element.name, {name: found.value for name, found in element.attributes.items()}
        pending.extend((depth + 1, child) for child in reversed(element.children))


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _position_of(content: bytes, offset: int) -> str:
    before = content[:offset]
    return f"line {before.count(10) + 1}, column {offset - before.rfind(10)}"
