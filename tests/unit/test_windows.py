"""Command lines for Kudu: every argument reaches the program unchanged, or is refused."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.windows import join, python_command, quote_command

UNSAFE = '"%\r\n\0'


def split_windows(command: str) -> list[str]:
    """Split a command line as Microsoft's C runtime does, for lines without escaped quotes."""
    arguments, current, quoted, seen, index = [], "", False, False, 0
    while index < len(command):
        slashes = re.match(r"\\*", command[index:]).group()
        index += len(slashes)
        if command[index : index + 1] == '"':
            current += "\\" * (len(slashes) // 2)
            assert len(slashes) % 2 == 0, "an escaped quote"
            quoted, seen, index = not quoted, True, index + 1
            continue
        current += slashes
        if index < len(command) and command[index] == " " and not quoted:
            if current or seen:
                arguments.append(current)
            current, seen = "", False
        elif index < len(command):
            current += command[index]
        index += 1
    return arguments + ([current] if current or seen else [])


def test_the_executable_is_always_quoted():
    assert (
        quote_command(r"D:\home\python364x64\python.exe", "-u", "-m", "pip")
        == r'"D:\home\python364x64\python.exe" -u -m pip'
    )


@pytest.mark.parametrize("argument", ["flask>=2,<3", "a b", "a&b", "a|b", "^", "!", "", "ü", "a\\", "a b\\", "(x)"])
def test_arguments_with_meaning_for_cmd_are_quoted_and_arrive(argument):
    assert split_windows(quote_command("python.exe", argument)) == ["python.exe", argument]


@given(st.lists(st.text(alphabet=st.characters(exclude_characters=UNSAFE, exclude_categories=["Cs"])), max_size=4))
def test_any_argument_arrives_or_is_refused(arguments):
    assert split_windows(quote_command("python.exe", *arguments)) == ["python.exe", *arguments]


@pytest.mark.parametrize("character", list(UNSAFE))
def test_what_no_quoting_can_carry_is_refused(character):
    with pytest.raises(InvalidInput):
        quote_command("python.exe", f"a{character}b")


def test_a_command_longer_than_cmd_takes_is_refused():
    with pytest.raises(InvalidInput, match="8191"):
        quote_command("python.exe", "x" * 8200)


def test_program_travels_with_any_parameters():
    command = python_command("python.exe", "print(parameters['say'])", {"say": 'a"%PATH%\n>ü'})
    assert not set(command.replace('"', "")) & set("%<>|^\n")
    loader = split_windows(command)[-1]
    done = subprocess.run(
        [sys.executable, "-c", loader],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert done.stdout == 'a"%PATH%\n>ü\n'
    assert json.loads(base64.b64decode(re.search(r"b64decode\('([^']+)'", loader)[1])) == {"say": 'a"%PATH%\n>ü'}


def test_paths_are_windows_paths_on_every_client():
    assert join("D:\\home", "site", "wwwroot") == r"D:\home\site\wwwroot"
