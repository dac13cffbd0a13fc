"""Names and values with all that means something in a language come out as they went in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azext_pythonapp.operations.export import arm, bicep, terraform
from azext_pythonapp.operations.export.command import rendered
from azext_pythonapp.operations.export.model import Export, Note, SiteExtension, comment_lines
from tests.unit.operations.export.read_back import READERS, arm_string, bicep_string, hcl_string
from tests.unit.operations.export.samples import FORMATS

PIECES = ["'", '"', "\\", "${", "%{", "$", "%", "{", "}", "[", "]", "[[", "\n", "\r", "\t", "''", "//", "/*", "#", "é"]
PIECES += ["\u2028", "\u202e", "\x1b", "\x7f", "\U0001f600", "\ufeff", "$${", "%%{", "<<EOT", "'''", "\\u{41}", "a b"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
KEYS = TEXTS.filter(bool)


@pytest.mark.parametrize(
    ("literal", "read"), [(arm.literal, arm_string), (bicep.literal, bicep_string), (terraform.literal, hcl_string)]
)
@pytest.mark.parametrize("text", ["[a]", "[[a]]", "[a", "[", "[]", "$${a}", "%%{a", "${", "a'b", "\\", "\\${", "\n"])
def test_a_string_means_its_text(literal: Any, read: Any, text: str) -> None:
    assert read(literal(text)) == text


@pytest.mark.parametrize("language", FORMATS)
@settings(max_examples=150, deadline=None)
@given(
    ids=st.lists(KEYS, min_size=1, max_size=3, unique=True),
    versions=st.lists(TEXTS, min_size=3, max_size=3),
    values=st.dictionaries(KEYS, TEXTS, max_size=4),
    names=st.tuples(st.none() | TEXTS, st.none() | TEXTS),
    note=TEXTS,
    for_slot=st.booleans(),
)
@example(["a'"], ["[1]", "", ""], {"[x]": "[[y]"}, ("${a}", "%{b}"), "*/ \n resource x", True)
@example(["a"], ["", "", ""], {"false": "", "null": "x", "for": "y"}, (None, None), "", False)
def test_what_is_written_is_what_is_read(
    language: Any,
    ids: list[str],
    versions: list[str],
    values: dict[str, str],
    names: tuple[str | None, str | None],
    note: str,
    for_slot: bool,
) -> None:
    extensions = [SiteExtension(each, version) for each, version in zip(ids, versions)]
    export = Export(
        extensions, {"alwaysOn": True}, values, [Note(note, note)], for_slot, names[0], names[1] if for_slot else None
    )
    program = READERS[language](rendered(export, language))
    *installed, worker, app_settings = program.resources
    assert [(each.name, each.properties) for each in installed] == [(each.id, each.properties) for each in extensions]
    assert worker.properties == {"alwaysOn": True}
    assert app_settings.properties == values
    assert list(program.defaults.values()) == [
        each for each in (names[0], names[1] if for_slot else None) if each is not None
    ]
    assert program.comments == export.comments


@given(TEXTS)
def test_a_comment_is_one_line(text: str) -> None:
    lines = comment_lines([Note(text, text)])
    assert len(lines) == 2 and all(line.isprintable() for line in lines)


@pytest.mark.parametrize("language", FORMATS)
@given(value=TEXTS)
def test_all_that_is_printed_can_be_seen(language: Any, value: str) -> None:
    text = rendered(Export((), {}, {"WSGI_LOG": value}), language)
    assert all(each.isprintable() for each in text.split("\n"))
    assert text.splitlines() == text.split("\n")[:-1]
