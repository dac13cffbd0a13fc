"""The status line: on a terminal only, below all other lines, silent with --only-show-errors."""

from __future__ import annotations

import io
import os

import pytest

from azext_pythonapp.console import Console


class Terminal(io.StringIO):
    """Standard error as a screen shows it: a carriage return goes back to the beginning of the line."""

    encoding = "cp1252"

    def isatty(self):
        return True

    @property
    def screen(self):
        rows = []
        for line in self.getvalue().split("\n"):
            cells: list[str] = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            rows.append("".join(cells).rstrip())
        return rows


@pytest.fixture
def show(monkeypatch):
    """Puts a terminal in the place of standard error; pytest puts its own there before each phase of a test."""

    def put():
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setattr("shutil.get_terminal_size", lambda fallback=(80, 24): os.terminal_size((40, 24)))
        return stream

    return put


def test_the_status_stays_below_the_lines(show):
    terminal = show()
    console = Console(only_errors=False)
    console.status("app 'x': downloading 34 MB, 0:01")
    console.output("Collecting flask")
    console.status("app 'x': installing, 0:02")
    assert terminal.screen == ["  | Collecting flask", "app 'x': installing, 0:02"]
    console.status(None)
    console.say("done")
    assert terminal.screen == ["  | Collecting flask", "done", ""]


def test_a_long_status_is_cut_to_one_line(show):
    terminal = show()
    console = Console(only_errors=False)
    console.status("日" + "x" * 200)
    assert terminal.screen == ["?" + "x" * 38]


@pytest.mark.parametrize("only_errors, is_terminal", [(True, True), (False, False)])
def test_no_status_where_nobody_wants_it(show, monkeypatch, only_errors, is_terminal):
    terminal = show()
    monkeypatch.setattr(terminal, "isatty", lambda: is_terminal)
    console = Console(only_errors)
    console.status("resolving")
    console.status(None)
    assert terminal.getvalue() == ""


def test_data_goes_to_standard_output_even_with_only_errors(capsys):
    Console(only_errors=True).data("line")
    assert capsys.readouterr() == ("line\n", "")
