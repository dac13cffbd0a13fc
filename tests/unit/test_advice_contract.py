"""How advised commands are found in messages, and what is said against one."""

from __future__ import annotations

import pytest

from tests.advice_contract import advised, check_advice, fault, texts, unquoted

OF = ("webapp", "python", "show", "-g", "rg", "-n", "shop")
SHOW = "az webapp python show -g rg -n shop"


def takes_all(words):
    """A parser without objections."""
    assert words


def test_commands_are_found_where_messages_have_them():
    text = (
        f"ERROR: App 'shop' is down: see `{SHOW}`, or\n"
        "Undo: az webapp python set-version -g rg -n shop --version 3.8\n"
        "  az webapp start -g rg -n shop\n"
        "  | pip says: az webapp up\n"
        "It needs az login and nothing else.\n"
    )
    assert advised(text) == [
        SHOW,
        "az webapp python set-version -g rg -n shop --version 3.8",
        "az webapp start -g rg -n shop",
    ]
    assert unquoted(text) == ["az login and nothing else."]


def test_examples_of_the_help_do_not_count():
    text = (
        "ERROR: unrecognized arguments: --x\n\nExamples from command's help:\naz webapp python show -g A\n\nhttps://x\n"
    )
    assert advised(text) == [] and unquoted(text) == []


def test_texts_of_json_are_read():
    assert sorted(texts('{"a": ["x", {"b": "y"}], "c": 1, "d": null}')) == ["x", "y"] and list(texts("no json")) == []


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("az webapp python show -g rg -n <name>", "fill in"),
        ("az webapp python package install --packages …", "fill in"),
        ("az webapp python set-version -g rg -n shop --version VERSION", "fill in"),
        (f"{SHOW}.", "sentence"),
        (f"{SHOW} --app 'x", "quoted"),
    ],
)
def test_what_cannot_be_pasted(command, wrong):
    said = fault(command, OF, takes_all)
    assert said is not None and wrong in said


def test_a_subscription_and_a_slot_are_carried_on():
    given = (*OF, "--subscription", "other", "--slot", "staging")
    assert "--subscription other" in (fault(SHOW, given, takes_all) or "")
    assert "--slot staging" in (fault(f"{SHOW} --subscription other", given, takes_all) or "")
    assert fault(f"{SHOW} --subscription other -s staging", given, takes_all) is None
    assert fault("az account show", given, takes_all) is None


def test_the_parser_has_the_last_word():
    with pytest.raises(AssertionError, match="no such option"):
        check_advice(OF, f'{{"notes": ["See `{SHOW}`."]}}', "", lambda words: "no such option")
    check_advice(OF, "", f"See `{SHOW}`.", takes_all)
    with pytest.raises(AssertionError, match="backquotes"):
        check_advice(OF, "", "Run az webapp list and look.", takes_all)
    check_advice(("group", "list"), "", "Run az webapp list and look.", takes_all)
