"""Pairs in an applicationHost.xdt: added once, taken out without a trace, and nothing else touched."""

from __future__ import annotations

import codecs
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.application_host import Pair, register, unregister

from .strategies import comments

NAME = "site\\applicationHost.xdt of app 'shop'"
NAMESPACE = "http://schemas.microsoft.com/XML-Document-Transform"
XDT = f"{{{NAMESPACE}}}"
FOLDER = r"D:\home\data\pythonapp\environments"
A, B = (Pair(rf"{FOLDER}\{each}\Scripts\python.exe", rf"{FOLDER}\{each}\wfastcgi.py") for each in "ab")
OTHERS = f"""\
<?xml version="1.0"?>
<configuration xmlns:xdt="{NAMESPACE}">
  <!-- ours since 2016 -->
  <system.webServer>
    <fastCgi>
      <application fullPath="D:\\home\\php\\php-cgi.exe" xdt:Locator="Match(fullPath)" xdt:Transform="InsertIfMissing"/>
    </fastCgi>
    <httpCompression><dynamicTypes>
      <add mimeType="application/foo" enabled="true" xdt:Transform="Insert" />
    </dynamicTypes></httpCompression>
  </system.webServer>
</configuration>
"""


def programs(content: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(content).findall("system.webServer/fastCgi/application")


def pairs(content: bytes) -> list[tuple[str, str]]:
    return [(each.get("fullPath", ""), each.get("arguments", "")) for each in programs(content)]


def both() -> list[tuple[str, str]]:
    return [(each.full_path, each.arguments) for each in (A, B)]


def test_a_new_file_registers_as_the_packages_do_without_home() -> None:
    content = register(None, (A, B), NAME)
    assert pairs(content) == both()
    for program in programs(content):
        assert program.get("maxInstances") == "16" and program.get("idleTimeout") == "21600"
        assert program.get("instanceMaxRequests") == "10000000" and program.get("signalBeforeTerminateSeconds") == "60"
        assert program.get(f"{XDT}Transform") == "InsertIfMissing"
        assert program.get(f"{XDT}Locator") == "Match(fullPath,arguments)"
    assert b"PYTHONHOME" not in content and content.count(b"\r\n") == content.count(b"\n")


def test_a_file_that_we_made_goes_again() -> None:
    assert unregister(register(None, (A, B), NAME), (A, B), NAME) is None
    with_unix_lines = register(None, (A, B), NAME).replace(b"\r\n", b"\n")
    assert unregister(with_unix_lines, (A, B), NAME) is None


def test_transforms_of_others_stay_byte_for_byte() -> None:
    content = register(OTHERS.encode(), (A, B), NAME)
    before, ours, after = content.partition(b"  <system.webServer xdt")
    assert before + after.partition(b"  </system.webServer>\n")[2] == OTHERS.encode() and ours
    assert pairs(content)[1:] == both()
    assert unregister(content, (A, B), NAME) == OTHERS.encode()


def test_what_others_add_later_stays() -> None:
    content = register(None, (A, B), NAME).replace(b"</configuration>", b"  <location path='x'/>\r\n</configuration>")
    left = unregister(content, (A, B), NAME)
    assert left is not None and b"location" in left and b"fastCgi" not in left


def test_only_what_is_missing_is_added_and_taken_out() -> None:
    own = (
        f'<configuration xmlns:t="{NAMESPACE}"><system.webServer><fastCgi><application fullPath="{A.full_path.upper()}"'
        f' arguments="{A.arguments}" maxInstances="4" t:Transform="Insert"/></fastCgi></system.webServer>'
        "</configuration>"
    ).encode()
    content = register(own, (A, B), NAME)
    assert [path.lower() for path, _ in pairs(content)] == [A.full_path.lower(), B.full_path.lower()]
    assert content.count(b"xmlns") == 1
    assert unregister(content, (A, B), NAME) == own


@pytest.mark.parametrize(
    "transform", ["", ' x:Transform="Remove"', ' x:Transform="RemoveAll"', ' x:Locator="Match(a)"']
)
def test_a_program_that_the_file_does_not_add_is_missing(transform: str) -> None:
    own = (
        f'<configuration xmlns:x="{NAMESPACE}"><system.webServer><fastCgi><application fullPath="{A.full_path}" '
        f'arguments="{A.arguments}"{transform} /></fastCgi></system.webServer></configuration>'
    )
    assert pairs(register(own.encode(), (A,), NAME)) == [both()[0]] * 2


def test_a_section_that_is_inserted_as_a_whole_has_its_programs() -> None:
    own = (
        f'<configuration xmlns:x="{NAMESPACE}"><system.webServer><fastCgi x:Transform="InsertIfMissing"><application '
        f'fullPath="{A.full_path}" arguments="{A.arguments}"/></fastCgi></system.webServer></configuration>'
    )
    assert register(own.encode(), (A,), NAME) == own.encode()


def test_a_changed_registration_is_somebody_elses() -> None:
    content = register(OTHERS.encode(), (A, B), NAME).replace(b'idleTimeout="21600"', b'idleTimeout="60"', 1)
    assert register(content, (A, B), NAME) == content
    assert unregister(content, (A, B), NAME) == content


def test_a_comment_in_our_section_keeps_it() -> None:
    content = register(OTHERS.encode(), (A, B), NAME).replace(b"<application full", b"<!-- x --><application full", 2)
    assert unregister(content, (A, B), NAME) == content


def test_our_section_in_another_layout_goes_too() -> None:
    content = register(OTHERS.encode(), (A, B), NAME).replace(b"  ", b"\t").replace(b"\n", b"\r\n")
    left = unregister(content, (A, B), NAME)
    assert left == OTHERS.encode().replace(b"  ", b"\t").replace(b"\n", b"\r\n")


def test_pythonhome_of_a_registered_pair_is_refused() -> None:
    content = register(None, (A, B), NAME).replace(
        b'Match(fullPath,arguments)" />',
        b'Match(fullPath,arguments)"><environmentVariables><environmentVariable name="PythonHome" value="D:\\x"/>'
        b"</environmentVariables></application>",
        1,
    )
    with pytest.raises(InvalidWebConfig, match="PYTHONHOME"):
        register(content, (A, B), NAME)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not valid XML"),
        (b" \r\n", "is not valid XML"),
        (b"<configuration>", "is not valid XML"),
        (b"<configuration><a x:b='1'/></configuration>", "is not valid XML"),
        (b"<web/>", "<web>, not <configuration>"),
        (b"<Configuration/>", "<Configuration>, not <configuration>"),
        (b"<x:configuration xmlns:x='urn:x'/>", "<x:configuration>, not <configuration>"),
        (b"<configuration xmlns='urn:x'/>", "in the namespace urn:x"),
        (b"<!DOCTYPE c><configuration/>", "document type definition"),
        (b"<?xml version='1.0' encoding='klingon'?><configuration/>", "klingon"),
        (codecs.BOM_UTF16_LE + b"<configuration/>", "is not valid"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(content: bytes, words: str) -> None:
    for edit in (register, unregister):
        with pytest.raises(InvalidWebConfig) as caught:
            edit(content, (A, B), NAME)
        assert words in caught.value.message and NAME in caught.value.message
        assert "web.config" not in caught.value.message + str(caught.value.recommendation)


def test_an_empty_default_namespace_is_none() -> None:
    assert pairs(register(b"<configuration xmlns=''/>", (A,), NAME)) == [both()[0]]


@st.composite
def transforms(draw: st.DrawFn) -> bytes:
    """Files of every layout, encoding, prefix and content."""
    newline = draw(st.sampled_from(["\r\n", "\n", "\r", "", " "]))
    unit = draw(st.sampled_from(["  ", "\t", "", "   "]))
    prefix = draw(st.sampled_from(["xdt", "t", "x-y", "none", "bound"]))
    declared = {"none": "", "bound": ' xmlns:xdt="urn:other"'}.get(prefix, f' xmlns:{prefix}="{NAMESPACE}"')
    insert = f' {prefix}:Transform="InsertIfMissing"' if prefix in ("xdt", "t", "x-y") else ""
    foreign = draw(st.sampled_from([f'<application fullPath="D:\\php.exe"{insert}/>', "<!-- none -->", ""]))
    parts = draw(
        st.lists(
            st.one_of(
                comments,
                st.just(f"<system.webServer{insert}>{newline}<fastCgi>{foreign}</fastCgi></system.webServer>"),
                st.just("<system.webServer><fastCgi /></system.webServer>"),
                st.just(f"<location path='%XDT_SITENAME%'{insert} ></location>"),
                st.sampled_from(["text \u00e4", "<![CDATA[ </configuration> ]]>", newline, unit]),
            ),
            max_size=4,
        )
    )
    blank = draw(st.sampled_from(["", " ", newline, newline + unit, "\n\n"]))
    space = draw(st.sampled_from(["", " ", "\n  "]))
    if parts or draw(st.booleans()):
        inside = "".join(f"{draw(st.sampled_from([newline + unit, unit, '']))}{part}" for part in parts)
        body = f"<configuration{declared}{space}>{inside}{blank}</configuration{draw(st.sampled_from(['', ' ']))}>"
    else:
        body = f"<configuration{declared}{space}/>"
    tail = draw(st.sampled_from(["", newline, f"{newline}<!-- end -->{newline}"]))
    head = draw(st.sampled_from(["", f"<!-- head -->{newline}", f"{newline}"]))
    codec, bom, declaration = draw(
        st.sampled_from(
            [
                ("utf-8", b"", ""),
                ("utf-8", codecs.BOM_UTF8, ""),
                ("utf-8", b"", f'<?xml version="1.0" encoding="UTF-8"?>{newline}'),
                ("utf-16-le", codecs.BOM_UTF16_LE, f"<?xml version='1.0' encoding='utf-16'?>{newline}"),
                ("utf-16-be", codecs.BOM_UTF16_BE, ""),
                ("latin-1", b"", f'<?xml version="1.0" encoding="iso-8859-1"?>{newline}'),
            ]
        )
    )
    return bom + (declaration + head + body + tail).encode(codec)


@given(transforms(), st.sampled_from([(A, B), (B, A), (A,), (B,)]))
def test_adding_twice_is_once_and_taking_out_leaves_no_trace(content: bytes, which: tuple[Pair, ...]) -> None:
    added = register(content, which, NAME)
    assert {(each.full_path, each.arguments) for each in which} <= set(pairs(added))
    assert register(added, which, NAME) == added
    assert unregister(added, (A, B), NAME) == content
    assert unregister(content, (A, B), NAME) == content
