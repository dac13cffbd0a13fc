"""Decode a web.config, and encode it to the same bytes again.

XML readers (IIS, .NET, and expat inside wfastcgi) find the encoding from the byte order mark, else from the XML
declaration, else take UTF-8. Encodings that expat cannot read (every multi-byte one beside UTF-8 and UTF-16) would
stop wfastcgi, so they are refused here instead of being written.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidWebConfig

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"""\A<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_SINGLE_BYTE = re.compile(r"ascii|iso8859-\d+|cp125\d")
_SAVE_AS_UTF8 = "Save web.config as UTF-8 and run the command again."


@dataclass(frozen=True)
class Encoding:
    """How a file's characters are stored.

    codec: Python's name of it. bom: the byte order mark that the file starts with, b"" when there is none.
    """

    codec: str
    bom: bytes = b""

    def encode(self, text: str) -> bytes:
        """Return text as the file's bytes; a character that the encoding lacks becomes `&#NNNN;`."""
        return self.bom + text.encode(self.codec, "xmlcharrefreplace")


def decode(content: bytes) -> tuple[str, Encoding]:
    """Return the text of content without its byte order mark, and the encoding that gives the same bytes again.

    Raises InvalidWebConfig, with line and column, when the bytes are not what the mark or the declaration says.
    """
    encoding = _detect(content)
    body = content[len(encoding.bom) :]
    try:
        text = body.decode(encoding.codec)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(encoding.codec, "replace")
        raise InvalidWebConfig(
            f"web.config is not valid {encoding.codec.upper()} at {position(before)}.", _SAVE_AS_UTF8
        ) from error
    if encoding.encode(text) != content:
        raise InvalidWebConfig(
            f"web.config is stored as {encoding.codec}, which cannot be written back unchanged.", _SAVE_AS_UTF8
        )
    return text, encoding


def position(before: str) -> str:
    """Return "line L, column C" (both from 1) of what follows the text `before`."""
    lines = re.split(r"\r\n|\r|\n", before)
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _detect(content: bytes) -> Encoding:
    bom, codec = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), (b"", ""))
    if codec.startswith("utf-16"):
        return Encoding(codec, bom)
    if content[:4] in (b"<\0?\0", b"\0<\0?") or content[:2] in (b"<\0", b"\0<"):
        raise InvalidWebConfig("web.config is UTF-16 without a byte order mark (line 1, column 1).", _SAVE_AS_UTF8)
    declaration = _DECLARED.match(content, len(bom)) if not bom else _DECLARED.match(content[len(bom) :])
    if declaration is None:
        return Encoding("utf-8", bom)
    declared = declaration.group(1).decode("ascii")
    try:
        codec = codecs.lookup(declared).name
    except LookupError:
        codec = ""
    if codec == "utf-8" or (not bom and _SINGLE_BYTE.fullmatch(codec)):
        return Encoding(codec, bom)
    column = declaration.start(1) + 1
    raise InvalidWebConfig(
        f"web.config declares the encoding {declared!r}, which does not match its bytes or is not supported by both "
        f"IIS and wfastcgi (line 1, column {column}).",
        _SAVE_AS_UTF8,
    )
