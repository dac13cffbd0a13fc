"""How a web.config is stored: what stops the parser of wfastcgi is refused, also what our own text would take."""

from __future__ import annotations

import codecs
from xml.dom import minidom
from xml.parsers import expat

import pytest

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler
from azext_pythonapp.webconfig.static_folder import write_static

BODY = (
    "<configuration>\n  <!-- Gr\u00fc\u00dfe -->\n  <appSettings>\n    <add key='A' value='1' />\n  </appSettings>\n"
    "</configuration>\n"
)
INTENT = HandlerIntent("fastCgi", r"D:\home\python364x64\python.exe", None, "app.app")


def stored(declared: str | None, codec: str, mark: bytes = b"") -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    return mark + (declaration + BODY).encode(codec)


REFUSED = {
    "UTF-16 that declares utf-8": stored("utf-8", "utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16, big end first, that declares utf-8": stored("utf-8", "utf-16-be", codecs.BOM_UTF16_BE),
    "UTF-16 that declares another order": stored("utf-16be", "utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16 that declares an ANSI code page": stored("windows-1252", "utf-16-le", codecs.BOM_UTF16_LE),
    "two byte order marks": stored("utf-8", "utf-8", codecs.BOM_UTF8 * 2),
    "two byte order marks of UTF-16": stored("utf-16", "utf-16-le", codecs.BOM_UTF16_LE * 2),
    "ANSI that declares utf-8": stored("utf-8", "cp1252"),
    "UTF-8 that declares utf-16": stored("utf-16", "utf-8"),
    "a line before the declaration": b"\r\n" + stored("utf-8", "utf-8"),
    "a NUL at the end": stored("utf-8", "utf-8") + b"\0",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_wfastcgi_cannot_read_is_refused_with_its_place(name: str) -> None:
    content = REFUSED[name]
    with pytest.raises(expat.ExpatError):
        minidom.parseString(content)
    for attempt in (read_handler, lambda given: write_handler(given, INTENT), lambda given: write_static(given, "X")):
        with pytest.raises(InvalidWebConfig, match=r"line \d+, column \d+"):
            attempt(content)


@pytest.mark.parametrize(
    "content",
    [
        stored("utf-16", "utf-16-le", codecs.BOM_UTF16_LE),
        stored(None, "utf-16-be", codecs.BOM_UTF16_BE),
        stored("utf-8", "utf-8", codecs.BOM_UTF8),
        stored("windows-1252", "cp1252"),
        stored("iso-8859-1", "latin-1"),
    ],
    ids=str,
)
def test_what_wfastcgi_reads_is_edited(content: bytes) -> None:
    result = write_handler(content, INTENT).content
    assert "WSGI_HANDLER" in minidom.parseString(result).toxml() and result[:8] == content[:8]


@pytest.mark.parametrize(
    "transform",
    [
        '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.web>'
        '<compilation xdt:Transform="RemoveAttributes(debug)" /></system.web></configuration>',
        '<configuration xmlns:x="http://schemas.microsoft.com/XML-Document-Transform">\n<appSettings>'
        '<add key="A" value="B" x:Locator="Match(key)" /></appSettings></configuration>',
        '<configuration><system.webServer xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">'
        '<xdt:Import path="x" /></system.webServer></configuration>',
    ],
)
def test_a_transform_is_no_web_config(transform: str) -> None:
    for attempt in (read_handler, lambda given: write_handler(given, INTENT), lambda given: write_static(given, "X")):
        with pytest.raises(InvalidWebConfig, match="is a transform for another config file"):
            attempt(transform.encode())


def test_a_web_config_that_only_knows_the_word_is_one() -> None:
    content = b'<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">\n</configuration>\n'
    assert write_handler(content, INTENT).changed
