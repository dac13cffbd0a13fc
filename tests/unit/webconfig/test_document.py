"""Byte-exact edits: what changes, what stays, and what is refused."""

from __future__ import annotations

import codecs

import pytest

from azext_pythonapp.errors import InvalidInput, InvalidWebConfig
from azext_pythonapp.webconfig.document import LARGEST, Document
from azext_pythonapp.webconfig.layout import NewElement

ADD = NewElement("add", (("key", "k"), ("value", "v")))
NESTED = NewElement("a", (), (NewElement("b", (("x", "1"),)),))


def edited(content: bytes, path: str, *new: NewElement) -> bytes:
    """Append new to the first element at path."""
    document = Document.parse(content)
    for element in new:
        document.append(document.find(path)[0], element)
    return document.to_bytes()


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"<c>\r\n  <s>\r\n    <x/>\r\n  </s>\r\n</c>", b"<c>\r\n  <s>\r\n    <x/>\r\n    ADD\r\n  </s>\r\n</c>"),
        (b"<c>\n\t<s>\n\t\t<x/>\n\t</s>\n</c>\n", b"<c>\n\t<s>\n\t\t<x/>\n\t\tADD\n\t</s>\n</c>\n"),
        (b"<c>\n <s>\n </s>\n</c>", b"<c>\n <s>\n  ADD\n </s>\n</c>"),
        (b"<c>\n  <s></s>\n</c>", b"<c>\n  <s>\n    ADD\n  </s>\n</c>"),
        (b"<c>\r\n  <s />\r\n</c>", b"<c>\r\n  <s>\r\n    ADD\r\n  </s>\r\n</c>"),
        (b"<c>\n  <s\n    a='1'\n  />\n</c>", b"<c>\n  <s\n    a='1'>\n    ADD\n  </s>\n</c>"),
        (b"<c><s><x/></s></c>", b"<c><s><x/>ADD</s></c>"),
        (b"<c><s/></c>", b"<c><s>ADD</s></c>"),
        (b"<c>\n  <s>\n    <!-- only -->\n  </s>\n</c>", b"<c>\n  <s>\n    <!-- only -->\n    ADD\n  </s>\n</c>"),
        (b"<c>\n  <s>\n    <x/> <!-- x -->\n  </s>\n</c>", b"<c>\n  <s>\n    <x/> <!-- x -->\n    ADD\n  </s>\n</c>"),
        (b"<c>\r\n  <s>\n    <x/>\r\n  </s>\n</c>", b"<c>\r\n  <s>\n    <x/>\n    ADD\r\n  </s>\n</c>"),
        (b"<c>\r  <s>\r    <x/>\r  </s>\r</c>", b"<c>\r  <s>\r    <x/>\r    ADD\r  </s>\r</c>"),
    ],
)
def test_a_new_element_follows_the_layout(content: bytes, expected: bytes) -> None:
    assert edited(content, "c/s", ADD) == expected.replace(b"ADD", b'<add key="k" value="v" />')


def test_nested_elements_are_indented_like_the_file() -> None:
    assert edited(b"<c>\n   <s/>\n</c>", "c", NESTED) == (b'<c>\n   <s/>\n   <a>\n      <b x="1" />\n   </a>\n</c>')


def test_several_into_an_empty_element_and_one_behind_it() -> None:
    document = Document.parse(b"<c>\n  <s />\n</c>")
    section = document.find("c/s")[0]
    document.append(section, ADD)
    document.insert_after(section, NewElement("t"))
    document.append(section, NewElement("u"))
    assert document.to_bytes() == b'<c>\n  <s>\n    <add key="k" value="v" />\n    <u />\n  </s>\n  <t />\n</c>'


def test_inserting_in_front_of_a_comment_block() -> None:
    document = Document.parse(b"<c>\n  <a/>\n\n  <!-- about b -->\n  <b/>\n</c>")
    document.insert_before(document.find("c/b")[0], NewElement("n"))
    assert document.to_bytes() == b"<c>\n  <a/>\n  <n />\n\n  <!-- about b -->\n  <b/>\n</c>"


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"<c>\r\n  <a/>\r\n  <b/>\r\n  <d/>\r\n</c>", b"<c>\r\n  <a/>\r\n  <d/>\r\n</c>"),
        (b"<c>\n  <a/>\n  <b>\n    <x/>\n  </b>  \n  <d/>\n</c>", b"<c>\n  <a/>\n  <d/>\n</c>"),
        (b"<c>\n  <a/><b/>\n</c>", b"<c>\n  <a/>\n</c>"),
        (b"<c>\n  <b/> <!-- about b -->\n</c>", b"<c>\n   <!-- about b -->\n</c>"),
        (b"<c><a/><b/></c>", b"<c><a/></c>"),
        (b"<c>\n  <!-- about b -->\n  <b/>\n</c>", b"<c>\n  <!-- about b -->\n</c>"),
    ],
)
def test_removing(content: bytes, expected: bytes) -> None:
    document = Document.parse(content)
    document.remove(document.find("c/b")[0])
    assert document.to_bytes() == expected


def test_replacing_takes_the_same_place() -> None:
    document = Document.parse(b"<c>\n  <a/>\n  <b/>\n  <d/>\n</c>")
    old = document.find("c/b")[0]
    document.insert_before(old, NewElement("n"))
    document.remove(old)
    assert document.to_bytes() == b"<c>\n  <a/>\n  <n />\n  <d/>\n</c>"


@pytest.mark.parametrize(
    "content, expected",
    [
        (b'<c a="1" b="2"/>', b'<c a="9" b="2"/>'),
        (b"<c b = '2'\n   a = '1'   />", b"<c b = '2'\n   a = '9'   />"),
        (b'<c b="2"/>', b'<c b="2" a="9"/>'),
        (b"<c\r\n\tb='2'></c>", b"<c\r\n\tb='2'\r\n\ta='9'></c>"),
        (b"<c />", b'<c a="9" />'),
    ],
)
def test_setting_an_attribute(content: bytes, expected: bytes) -> None:
    document = Document.parse(content)
    document.set_attribute(document.root, "a", "9")
    assert document.to_bytes() == expected


@pytest.mark.parametrize(
    "value, quote, stored",
    [
        ('a"b', b'"', b"a&quot;b"),
        ("a'b", b"'", b"a&apos;b"),
        ("a'b", b'"', b"a'b"),
        ("<&>", b'"', b"&lt;&amp;>"),
        ("a\nb\tc\rd", b'"', b"a&#xA;b&#x9;c&#xD;d"),
        ("\u4f60", b'"', "\u4f60".encode()),
    ],
)
def test_values_are_escaped(value: str, quote: bytes, stored: bytes) -> None:
    document = Document.parse(b"<c a=" + quote + b"1" + quote + b"/>")
    document.set_attribute(document.root, "a", value)
    result = document.to_bytes()
    assert result == b"<c a=" + quote + stored + quote + b"/>"
    assert Document.parse(result).root.get("a") == value


def test_an_equal_value_keeps_its_spelling() -> None:
    content = b'<c a="x&#xA;y &#38; &quot;z&quot;"/>'
    document = Document.parse(content)
    document.set_attribute(document.root, "a", 'x\ny & "z"')
    assert document.to_bytes() == content


def test_a_value_that_xml_cannot_hold_is_refused() -> None:
    document = Document.parse(b'<c a="1"/>')
    with pytest.raises(InvalidInput, match=r"U\+0007"):
        document.set_attribute(document.root, "a", "bell\a")


def test_removing_attributes() -> None:
    document = Document.parse(b"<c a='1'\n   b='2' d = \"3\"/>")
    document.remove_attribute(document.root, "b")
    document.remove_attribute(document.root, "absent")
    assert document.to_bytes() == b"<c a='1' d = \"3\"/>"


@pytest.mark.parametrize(
    "mark, codec, declared",
    [
        (b"", "utf-8", ""),
        (codecs.BOM_UTF8, "utf-8", "UTF-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", ""),
        (b"", "cp1252", "windows-1252"),
        (b"", "iso8859-15", "ISO-8859-15"),
        (b"", "ascii", "us-ascii"),
    ],
)
def test_encodings_stay(mark: bytes, codec: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else ""
    letter = "\u00e9" if codec != "ascii" else "e"
    content = mark + f'{head}<c><!-- {letter} --><s a="{letter}"/></c>'.encode(codec)
    document = Document.parse(content)
    assert document.to_bytes() == content
    document.set_attribute(document.find("c/s")[0], "b", "\u4f60")
    result = document.to_bytes()
    stored = "\u4f60" if codec.startswith("utf") else "&#20320;"
    assert result == mark + f'{head}<c><!-- {letter} --><s a="{letter}" b="{stored}"/></c>'.encode(codec)
    assert Document.parse(result).find("c/s")[0].get("b") == "\u4f60"


@pytest.mark.parametrize(
    "content, where",
    [
        (b"<c>\n  <a></b>\n</c>", "line 2, column 8"),
        (b"<c>\r\n<a x='1' x='2'/></c>", "line 2, column 10"),
        (b"", "line 1, column 1"),
        (b"<c/>\n<d/>", "line 2, column 1"),
        (b"<c>&undefined;</c>", "line 1, column 4"),
        (b"<c>\n  <x:a/>\n</c>", "line 2, column 3"),
        (b"\n<?xml version='1.0'?><c/>", "line 2, column 1"),
        (b"<!DOCTYPE c SYSTEM 'http://example.com/x.dtd'><c/>", "line 1, column 1"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE c [<!ENTITY a 'b'>]><c>&a;</c>", "line 2, column 1"),
        (b"<c>\n\xe9</c>", "line 2, column 1"),
        (b"<?xml version='1.0' encoding='utf-16'?><c/>", "line 1, column 31"),
        (b"<?xml version='1.0' encoding='shift_jis'?><c/>", "line 1, column 31"),
        (codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='latin-1'?><c/>", "line 1, column 31"),
        ("<c/>".encode("utf-16-le"), "line 1, column 1"),
        (codecs.BOM_UTF16_LE + b"<\0c\0/\0>\0x", "line 1, column 5"),
        (b"<c>\n<!--" + b"x" * LARGEST + b"--></c>", "line 2, column"),
    ],
)
def test_refused_with_line_and_column(content: bytes, where: str) -> None:
    with pytest.raises(InvalidWebConfig) as error:
        Document.parse(content)
    assert where in error.value.message
    assert error.value.recommendation


@pytest.mark.parametrize("content", [b"", b" \r\n", codecs.BOM_UTF8])
def test_an_empty_file_is_to_be_deleted(content: bytes) -> None:
    with pytest.raises(InvalidWebConfig, match="The file is empty") as error:
        Document.parse(content)
    assert error.value.recommendation and error.value.recommendation.startswith("Delete it")


def test_exactly_one_megabyte_is_read() -> None:
    frame = b"<c><!----></c>"
    content = frame.replace(b"<!--", b"<!--" + b"x" * (LARGEST - len(frame)))
    assert len(content) == LARGEST
    assert Document.parse(content).to_bytes() == content


def test_an_edit_that_goes_wrong_is_not_used() -> None:
    document = Document.parse(b"<c>\n  <b><x/></b>\n</c>")
    section = document.find("c/b")[0]
    document.remove(section)
    document.set_attribute(section.children[0], "a", "1")
    document.set_attribute(document.root, "z", "1")
    document.append(section, ADD)
    with pytest.raises(InvalidWebConfig, match="was not used"):
        document.to_bytes()


def test_deep_nesting_is_no_problem() -> None:
    content = b"<c>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</c>"
    assert edited(content, "c", ADD) == content.replace(b"</c>", b'<add key="k" value="v" /></c>')
