"""The tests' own terminal: it shows what a person would see, and its keyboard works."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from tests.screen import Screen, ScreenFile
from tests.terminal import Terminal

REPOSITORY = Path(__file__).resolve().parents[2]


def program(text: str, columns: int = 80, rows: int = 24, **variables: str) -> Terminal:
    """A Python program in a terminal."""
    return Terminal(
        [sys.executable, "-c", textwrap.dedent(text)],
        {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "33", **variables},
        REPOSITORY,
        columns,
        rows,
    )


def test_what_is_written_over_is_gone():
    screen = Screen(columns=20)
    screen.feed("installing, 0:07\rready           \r\nend")
    assert screen.lines == ["ready", "end"]
    screen.feed("\r\x1b[Kthe end")
    assert screen.lines == ["ready", "the end"] and screen.cursor == (1, 7)


def test_a_leftover_is_seen():
    screen = Screen(columns=20)
    screen.feed("installing, 0:07\rready")
    assert screen.lines == ["readylling, 0:07"]


def test_lines_that_scroll_off_are_kept():
    screen = Screen(columns=10, rows=3)
    screen.feed("".join(f"line {number}\r\n" for number in range(9)))
    assert screen.visible == ["line 7", "line 8"]
    assert screen.lines == [f"line {number}" for number in range(9)]


def test_a_line_that_is_too_long_is_broken():
    screen = Screen(columns=10, rows=3)
    screen.feed("1\r\n2\r\n3\r\n0123456789abc\r\n0123456789\r\nend\r\n")
    assert screen.lines == ["1", "2", "3", "0123456789", "abc", "0123456789", "end"]
    assert screen.broken == ["0123456789"]
    assert screen.text == "1\n2\n3\n0123456789abc\n0123456789\nend\n"


def test_colours_are_seen():
    screen = Screen()
    screen.feed("plain")
    assert not screen.styled
    screen.feed(" \x1b[32m+ flask\x1b[0m \x1b[1mend\x1b[0m\r\n")
    assert screen.styled
    assert (screen.style("+ flask").fg, screen.style("end").bold, screen.style("plain").fg) == (
        "green",
        True,
        "default",
    )
    with pytest.raises(AssertionError, match="nothing"):
        screen.style("nothing")


def test_a_file_is_a_terminal(monkeypatch):
    file = ScreenFile(columns=30, encoding="cp1252")
    monkeypatch.setattr("sys.stderr", file)
    print("working", end="\r", file=sys.stderr, flush=True)
    print("done\n…", file=sys.stderr)
    assert sys.stderr.isatty() and sys.stderr.encoding == "cp1252" and file.screen.lines == ["doneing", "…"]
    with pytest.raises(UnicodeEncodeError):
        file.write("日")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_program_sees_the_size(columns):
    text = "import os, shutil, sys; print(*shutil.get_terminal_size(), sys.stderr.isatty(), sys.stdin.isatty())"
    with program(text, columns) as terminal:
        assert terminal.end() == 0
    assert terminal.screen.lines == [f"{columns} 24 True True"]


def test_an_answer_is_typed():
    with program("print('to', input('name: '))") as terminal:
        terminal.wait_for("name: ")
        terminal.type("Zoë\n")
        assert terminal.end() == 0
    assert terminal.screen.lines == ["name: Zoë", "to Zoë"]


def test_ctrl_c_is_pressed_at_a_moment():
    text = """
        import time
        try:
            print("\\x1b[1mready\\x1b[0m", flush=True)
            time.sleep(300)
        except KeyboardInterrupt:
            print("interrupted")
            raise SystemExit(7)
    """
    with program(text) as terminal:
        assert terminal.wait_for("^(re)ady\n")[1] == "re"
        terminal.press_ctrl_c()
        assert terminal.end() == 7
    assert terminal.screen.lines == ["ready", "^Cinterrupted"]


def test_a_program_that_dies_of_ctrl_c_is_told():
    text = "import signal, time; signal.signal(2, signal.SIG_DFL); print('ready', flush=True); time.sleep(300)"
    with program(text) as terminal:
        terminal.wait_for("ready")
        terminal.press_ctrl_c()
        assert terminal.end() == -signal.SIGINT


def test_what_never_comes_fails_with_the_screen():
    with program("print('something else')") as terminal:
        with pytest.raises(AssertionError, match="something else"):
            terminal.wait_for("ready")


def test_what_was_found_does_not_count_again():
    with program("print('step'); input(); print('step')") as terminal:
        terminal.wait_for("step")
        terminal.type("\n")
        terminal.wait_for("step")
        with pytest.raises(AssertionError):
            terminal.wait_for("step")
