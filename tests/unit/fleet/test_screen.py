"""What a person sees of the work on many apps."""

from __future__ import annotations

import io
import threading
from types import SimpleNamespace

import pytest

from azext_pythonapp import streams
from azext_pythonapp.errors import Refused
from azext_pythonapp.fleet import screen as module
from azext_pythonapp.fleet.outcome import Outcome
from azext_pythonapp.fleet.screen import Screen
from azext_pythonapp.fleet.selection import Member
from azext_pythonapp.plan import Change
from tests.screen import Screen as Terminal


def member(name):
    return Member(f"/{name}", "s", "rg", name, None, name)


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal


def use(monkeypatch, stream):
    """Let a stream be standard error for what is tested; pytest puts its own in the place of sys.stderr."""
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setattr(streams, "sys", SimpleNamespace(stderr=stream))


@pytest.fixture
def stderr(monkeypatch):
    stream = Stream(False)
    use(monkeypatch, stream)
    return stream


@pytest.fixture
def terminal(monkeypatch):
    stream = Stream(True)
    use(monkeypatch, stream)
    monkeypatch.setattr(module, "_TICK_SECONDS", 3600)
    monkeypatch.setattr(module, "terminal_size", lambda: (60, 8))
    monkeypatch.setenv("TERM", "xterm")
    return stream


def failed(message):
    return Outcome("failed", error={"code": 1, "message": message, "recommendation": "Try `az again`."})


def test_one_line_for_each_app_that_has_ended(stderr):
    now = [0.0]
    screen = Screen(False, lambda: now[0])
    screen.begin(2)
    for name in ("shop", "blog"):
        screen.began(member(name), screen.progress(member(name)))
    now[0] = 12.0
    screen.ended(member("blog"), failed("Busy."), "")
    screen.ended(member("shop"), Outcome("succeeded", {}), "3 changes")
    assert (
        stderr.getvalue() == "blog: failed after 12 s: Busy. Try `az again`.\nshop: succeeded after 12 s: 3 changes.\n"
    )


def test_what_an_app_says_has_its_name_before_each_line(stderr):
    progress = Screen(False).progress(member("shop"))
    progress.say("Two\nlines with https://me:secret@host/.")
    with progress.phase("Installing."):
        progress.output("Collecting flask")
        progress.status("60%")
        progress.transfer("uploading", 1, 2)
    progress.conclude("Undo: this.", None)
    progress.conclude_changes("Changes:", [Change("app", "restart")])
    progress.diff("+line")
    progress.show_plan("app 'shop'", None, [Change("app", "restart")], dry_run=True, warnings=["It restarts."])
    assert stderr.getvalue() == "shop: Two\nshop: lines with https://****@host/.\nshop: Warning: It restarts.\n"


def test_data_is_kept_for_the_answer_and_no_question_is_asked(stderr):
    progress = Screen(False).progress(member("shop"))
    progress.data("one\x1b[1m")
    assert progress.lines == ["one"]
    with pytest.raises(Refused, match="Continue"):
        progress.confirm("Continue?")


def test_only_errors_are_printed_when_that_is_wanted(stderr):
    screen = Screen(True)
    screen.say("Looking.")
    screen.ended(member("shop"), Outcome("succeeded", {}), "")
    screen.ended(member("blog"), failed("Busy."), "")
    assert stderr.getvalue() == "blog: failed: Busy. Try `az again`.\n"


def shown(stream):
    terminal = Terminal(60, 8)
    terminal.feed(stream.getvalue().replace("\n", "\r\n"))
    return [line for line in terminal.lines if line]


def test_a_terminal_has_a_line_for_each_running_app(terminal):
    now = [0.0]
    screen = Screen(False, lambda: now[0])
    screen.begin(3)
    progresses = {name: screen.progress(member(name)) for name in ("shop", "blog")}
    for name, progress in progresses.items():
        screen.began(member(name), progress)
    with progresses["shop"].phase("Installing Python 3.13.2."):
        now[0] = 65.0
        screen.say("A line.")
        assert shown(terminal) == [
            "A line.",
            "shop: Installing Python 3.13.2, 1:05",
            "blog: working, 1:05 (1 not started yet)",
        ]
        screen.ended(member("blog"), Outcome("succeeded", {}), "")
        assert shown(terminal) == [
            "A line.",
            "blog: succeeded after 65 s.",
            "shop: Installing Python 3.13.2, 1:05 (1 not started yet)",
        ]
    screen.ended(member("shop"), Outcome("succeeded", {}), "")
    screen.close()
    assert shown(terminal) == ["A line.", "blog: succeeded after 65 s.", "shop: succeeded after 65 s."]


def test_more_apps_than_lines_are_counted(terminal):
    screen = Screen(False, lambda: 0.0)
    for number in range(10):
        screen.began(member(f"a{number}"), screen.progress(member(f"a{number}")))
    screen.say("A line.")
    assert shown(terminal) == ["A line.", "a0: working, 0:00", "a1: working, 0:00", "a2: working, 0:00", "… and 7 more"]


def test_a_long_line_is_cut(terminal):
    screen = Screen(False, lambda: 0.0)
    progress = screen.progress(member("shop"))
    screen.began(member("shop"), progress)
    progress.status("x" * 100)
    screen.say("A line.")
    assert shown(terminal) == ["A line.", ("shop: " + "x" * 100)[:57]]


def test_nothing_is_printed_once_it_is_closed(terminal):
    screen = Screen(False)
    screen.began(member("shop"), screen.progress(member("shop")))
    screen.close()
    before = terminal.getvalue()
    thread = threading.Thread(target=screen.say, args=("Late.",))
    thread.start()
    thread.join()
    screen.ended(member("shop"), failed("Late."), "")
    assert terminal.getvalue() == before


def test_a_title_may_go_away_while_it_is_shown():
    class Titles(list):
        """What another thread empties between the question whether there is one and the answer."""

        def __bool__(self):
            self.clear()
            return True

    progress = Screen(False).progress(member("shop"))
    progress._titles = Titles(["Installing"])
    assert progress.now().startswith(("working, ", "Installing, "))
