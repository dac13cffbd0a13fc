"""Text from the worker never steers the terminal: in progress, prompts, data, errors and answers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from azure.cli.core import azclierror
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp._exception_handler import exit_with
from azext_pythonapp.commands import load_command_table
from azext_pythonapp.console import Console
from azext_pythonapp.errors import InvalidInput, RemoteFailed
from azext_pythonapp.plain_text import plain, plain_line, plain_values

HOSTILE = "a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\x00\x08\x7f\x85e\u202ef"


@pytest.mark.parametrize(
    "text, shown",
    [
        (HOSTILE, "abcdef"),
        ("tab\tline\nend", "tab\tline\nend"),
        ("50%\r100%\r\n", "50%\n100%\n"),
        ("é 日本 😀", "é 日本 😀"),
        ("\x1b", ""),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq\x9cx", "x"),
        ("\x1b]0;never ended", ""),
        ("\x1b(Bx\x1b7", "x"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(alphabet=st.characters(max_codepoint=0x2100)))
def test_nothing_that_steers_is_left(text: str) -> None:
    for result in (plain(text), plain_line(text)):
        assert not any(
            ord(character) < 32 and character not in "\t\n" or 127 <= ord(character) < 160 for character in result
        )
    assert "\n" not in plain_line(text)
    assert plain(plain(text)) == plain(text)


def test_answers() -> None:
    answer = {"a\x1b[1m": [HOSTILE, 1, None, True, (HOSTILE,)], "diff": "-a\r\n+b\r\n"}
    assert plain_values(answer) == {"a": ["abcdef", 1, None, True, ["abcdef"]], "diff": "-a\n+b\n"}


def test_every_command_gives_plain_answers() -> None:
    given = []

    class Group:
        def __init__(self, _, **options):
            self.options = options

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def custom_command(self, *names, **_):
            given.append((names[0], self.options["transform"]))

        custom_show_command = custom_command

    load_command_table(SimpleNamespace(command_group=Group), None)
    assert len(given) > 15
    assert all(transform({"name": HOSTILE}) == {"name": "abcdef"} for _, transform in given)


def test_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(only_errors=False)
    console.say(HOSTILE + " https://h/x?sig=abc")
    console.output("one\x1b[2K\rtwo")
    console.data(HOSTILE)
    shown = capsys.readouterr()
    assert shown.err == "abcdef https://h/x?****\n  | one\n  | two\n"
    assert shown.out == "abcdef\n"


def test_a_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("knack.prompting.prompt_y_n", lambda question, default: asked.append(question) or True)
    Console(only_errors=False).confirm(HOSTILE)
    assert asked == ["abcdef"]


@pytest.mark.parametrize(
    "message, advice, lines",
    [
        ("One.\n\nTwo.\n", None, ["ERROR: One. Two."]),
        ("One.\n\n+x\n \n-y\n", "Do\nthis.", ["ERROR: One.", "+x", " ", "-y", "Do this."]),
    ],
)
def test_the_last_of_several_lines_of_an_error_is_the_advice(message, advice, lines, capsys, caplog) -> None:
    with pytest.raises(SystemExit):
        exit_with(InvalidInput(message, advice))
    assert [*f"ERROR: {caplog.messages[-1]}".split("\n"), *capsys.readouterr().err.splitlines()] == lines


def test_errors(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(azclierror.AzureResponseError) as error:
        exit_with(RemoteFailed(HOSTILE + " https://h/x?sig=abc", HOSTILE))
    assert str(error.value) == "abcdef https://h/x?****"
    assert error.value.recommendations == ["abcdef"]
    with pytest.raises(SystemExit):
        exit_with(InvalidInput("x\x1b[31m\x9b"))
    assert "x" in caplog.messages
    assert not any("\x9b" in message or "\x1b[31m" in message for message in caplog.messages)
