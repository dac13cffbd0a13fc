"""The terminal: the status line below all other lines, phases, and the last lines."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from azext_pythonapp.console import Console, _Phase
from azext_pythonapp.custom.opening import _after_answer
from azext_pythonapp.errors import Refused
from tests.conftest import REPOSITORY


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


class Clock:
    """Seconds, moved by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """A clock that the status line's own thread never reads: only what a test does draws the line."""
    monkeypatch.setattr(Console, "_start_ticker", lambda console: None)
    return Clock()


def test_the_status_stays_below_the_lines(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    console.status("app 'x': downloading 34 MB")
    clock.now += 1
    console.output("Collecting flask")
    assert terminal.screen == ["  | Collecting flask", "app 'x': downloading 34 MB, 0:01"]
    clock.now += 61
    console.status("app 'x': installing")
    assert terminal.screen == ["  | Collecting flask", "app 'x': installing, 1:02"]
    console.status(None)
    console.say("done")
    assert terminal.screen == ["  | Collecting flask", "done", ""]


def test_a_phase_shows_its_time_and_what_is_done(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    with console.phase("Installing Python 3.8.10."):
        assert terminal.screen == ["Installing Python 3.8.10.", ""]
        clock.now += 3
        console.say("one")
        assert terminal.screen == ["Installing Python 3.8.10.", "one", "Installing Python 3.8.10, 0:03"]
        console.status("downloading 5 MB")
        assert terminal.screen[-1] == "downloading 5 MB, 0:03"
        console.status(None)
        assert terminal.screen[-1] == "Installing Python 3.8.10, 0:03"
    assert terminal.screen == ["Installing Python 3.8.10.", "one", ""]


def test_the_inner_of_two_phases_is_shown(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    with console.phase("Outer."):
        clock.now += 5
        with console.phase("Inner."):
            clock.now += 2
            console.say("x")
            assert terminal.screen[-1] == "Inner, 0:02"
        assert terminal.screen == ["Outer.", "Inner.", "x", "Outer, 0:07"]


def test_a_phase_ends_with_its_error(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    with pytest.raises(KeyboardInterrupt), console.phase("Installing."):
        clock.now += 5
        console.say("x")
        raise KeyboardInterrupt
    assert terminal.screen == ["Installing.", "x", ""]


def test_the_time_goes_on_by_itself(show, monkeypatch):
    monkeypatch.setattr("azext_pythonapp.console._TICK_SECONDS", 0.01)
    terminal, clock = show(), Clock()
    console = Console(only_errors=False, clock=clock)
    with console.phase("Waiting."):
        for seconds in (7, 11):
            clock.now = 100.0 + seconds
            while terminal.screen[-1] != f"Waiting, 0:{seconds:02d}":
                time.sleep(0.01)
    assert terminal.screen == ["Waiting.", ""]


def test_elsewhere_a_phase_is_one_line(capsys, clock):
    console = Console(only_errors=False, clock=clock)
    with console.phase("Installing."):
        clock.now += 60
        console.status("downloading")
    assert capsys.readouterr() == ("", "Installing.\n")


def test_a_long_status_is_cut_to_one_line_with_its_time(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    console.status("日" + "x" * 200)
    assert terminal.screen == ["?" + "x" * 29 + ", 0:00"]


def test_the_last_lines_come_when_the_answer_is_there(capsys):
    later = []
    console = Console(only_errors=False, at_end=later.append)
    console.conclude("App 'x' runs Python 3.8.10.", None, "Undo: az webapp python …")
    console.show_plan("app 'x'", None, [], dry_run=True)
    console.show_plan("app 'y'", None, [], dry_run=False)
    assert capsys.readouterr().err == "Plan for app 'y': nothing to change.\n"
    for function in later:
        function()
    assert capsys.readouterr().err == (
        "App 'x' runs Python 3.8.10.\nUndo: az webapp python …\nPlan for app 'x': nothing to change.\n"
    )


def test_the_last_lines_are_silent_with_only_errors(capsys):
    console = Console(only_errors=True)
    console.conclude("App 'x' runs Python 3.8.10.")
    console.show_plan("app 'x'", None, [], dry_run=True)
    assert capsys.readouterr() == ("", "")


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


class Broken(Terminal):
    """Standard error that nobody reads any more, or that was closed."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error


@pytest.mark.parametrize("stream", [None, Broken(BrokenPipeError()), Broken(ValueError("closed")), Broken(OSError(5))])
def test_work_goes_on_when_nobody_reads_what_is_said(monkeypatch, clock, stream):
    monkeypatch.setattr("sys.stderr", stream)
    console = Console(only_errors=False, clock=clock)
    with console.phase("Switching."):
        clock.now += 5
        console.status("x")
        console.say("a")
        console.output("b")
    console.show_plan("app 'x'", None, [], dry_run=True)
    console.conclude("c")
    console.diff("+a")


def test_a_closed_standard_error(monkeypatch, clock):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    Console(only_errors=False, clock=clock).conclude("c")


def test_a_broken_pipe_fails_nothing_at_exit():
    program = (
        "from azext_pythonapp.console import Console\n"
        "console = Console(False)\n"
        "import time; time.sleep(0.3)\n"
        "for number in range(3): console.say('line %d' % number)\n"
        "print('done')\n"
    )
    reading, writing = os.pipe()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=writing, env=environment)
    os.close(writing)
    os.close(reading)
    assert process.communicate()[0].split() == [b"done"] and process.returncode == 0


def test_an_address_of_a_phase_hides_its_query(show, clock):
    terminal = show()
    console = Console(only_errors=False, clock=clock)
    with console.phase("Fetching https://a/h?code=hidden."):
        clock.now += 2
        console.say("x")
        console.status("https://a/h?code=hidden")
    assert "hidden" not in terminal.getvalue()


@pytest.mark.parametrize("width", range(12))
def test_a_line_that_is_too_narrow_for_the_time(width):
    line = _Phase("Installing", 0.0).line(71.0, width)
    assert len(line) <= width and line in (
        "Insta, 1:11",
        "Inst, 1:11",
        "Ins, 1:11",
        "In, 1:11",
        "I, 1:11",
        ", 1:11",
        "1:11",
        "1:1",
        "1:",
        "1",
        "",
    )


def test_no_answer_to_a_question_is_no_traceback(monkeypatch):
    def ends(*_, **__):
        raise EOFError

    monkeypatch.setattr("knack.prompting.prompt_y_n", ends)
    with pytest.raises(Refused, match="Nothing was changed"):
        Console(only_errors=False).confirm("Really?")


def test_the_time_to_answer_is_not_the_commands(monkeypatch):
    clock = SimpleNamespace(now=100.0)

    def answers(*_, **__):
        clock.now += 300.0
        return True

    monkeypatch.setattr("knack.prompting.prompt_y_n", answers)
    console = Console(only_errors=False, clock=lambda: clock.now)
    clock.now += 5.0
    console.confirm("Really?")
    clock.now += 7.0
    assert console.seconds == 12.0


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_standard_output(monkeypatch, closed):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stdout", stream if closed else None)
    with pytest.raises(SystemExit) as ended:
        Console(only_errors=True).data("line")
    assert ended.value.code == 0
    context, called = Events(), []
    _after_answer(context, lambda: called.append(1))
    context.handlers[0](context)
    assert called == [1] and context.handlers == []


class Events:
    """The part of az's context that takes functions for events."""

    def __init__(self):
        self.handlers = []

    def register_event(self, name, handler):
        self.handlers.append(handler)

    def unregister_event(self, name, handler):
        self.handlers.remove(handler)
