"""The console alone in a terminal: the live last line, what it leaves behind, and where it keeps silent."""

from __future__ import annotations

import os
import sys
import textwrap

import pytest

from tests.conftest import REPOSITORY
from tests.terminal import Terminal

BEGIN = """
import sys, termios, time
from azext_pythonapp.console import Console
from azext_pythonapp.plan import Change

def without_echo():
    mode = termios.tcgetattr(0)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, mode)

at_end = []
console = Console("--only-show-errors" in sys.argv, at_end=at_end.append)
"""
LONG = (
    "Installing Python 3.11.9 x64 from the gallery of site extensions on app 'a-name-that-is-as-long-as-names-can-be'"
)
WIDTHS = pytest.mark.parametrize("columns", [80, 120])


def running(text: str, *arguments: str, columns: int = 80, redirected: str = "", **variables: str) -> Terminal:
    """A Python program that uses `console`, in a terminal. redirected: what a shell does with its output."""
    program = BEGIN + textwrap.dedent(text)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROGRAM": program,
        "PYTHON": sys.executable,
        **variables,
    }
    line = f'"$PYTHON" -c "$PROGRAM" {" ".join(arguments)} {redirected}'
    return Terminal(["bash", "-c", line], environment, REPOSITORY, columns)


@WIDTHS
def test_the_last_line_is_live_and_leaves_nothing(columns):
    text = f"""
        without_echo()
        with console.phase({LONG!r} + "."):
            console.status("downloading 34 MB")
            input()
            console.output("Collecting flask")
            console.status("installing")
            input()
        console.say("done")
    """
    with running(text, columns=columns) as terminal:
        terminal.wait_for(r"downloading 34 MB, 0:0\d")
        assert terminal.screen.lines[-1].startswith("downloading 34 MB, 0:0")
        terminal.type("\n")
        terminal.wait_for(r"installing, 0:0\d")
        assert terminal.screen.lines[-1].startswith("installing, 0:0") and "downloading" not in terminal.screen.text
        terminal.type("\n")
        assert terminal.end() == 0
    lines = [line for line in terminal.screen.text.splitlines() if line]
    assert lines == [LONG + ".", "  | Collecting flask", "done"]


@WIDTHS
def test_an_upload_has_a_bar_that_leaves_nothing(columns):
    text = """
        without_echo()
        with console.phase("Publishing."):
            console.transfer("uploading to app 'shop'", 3_000_000, 12_000_000)
            input()
            console.transfer("uploading to app 'shop'", 12_000_000, 12_000_000)
            input()
            console.status("extracting")
            input()
        console.say("done")
    """
    with running(text, columns=columns) as terminal:
        terminal.wait_for(r" 25%  3\.0 of 12\.0 MB, 0:0\d")
        line = terminal.screen.lines[-1]
        bar = line.partition("[")[2].partition("]")[0]
        assert line.startswith("uploading to app 'shop' [##") and bar.count("#") == len(bar) // 4, line
        terminal.type("\n")
        terminal.wait_for(r"#\] 100%  12\.0 of 12\.0 MB")
        terminal.type("\n")
        terminal.wait_for(r"extracting, 0:0\d")
        assert "[" not in terminal.screen.lines[-1]
        terminal.type("\n")
        assert terminal.end() == 0
    assert [line for line in terminal.screen.text.splitlines() if line] == ["Publishing.", "done"]


@pytest.mark.parametrize("redirected, arguments", [("2>&1 | cat", ()), ("", ("--only-show-errors",))])
def test_an_upload_has_no_bar_where_nobody_sees_it(redirected, arguments):
    text = """
        for done in range(0, 1001, 10):
            console.transfer("uploading", done, 1000)
        sys.stdout.write("end")
    """
    with running(text, *arguments, redirected=redirected) as terminal:
        assert terminal.end() == 0
    assert terminal.screen.text.strip() == "end"


def test_a_narrow_terminal_has_no_room_for_a_bar():
    text = """
        without_echo()
        console.transfer("uploading to app 'a-name-that-is-as-long-as-names-can-be'", 500, 1000)
        input()
    """
    with running(text, columns=50) as terminal:
        terminal.wait_for(r"50%  0\.5 of 1\.0 kB, uploading")
        terminal.type("\n")
        assert terminal.end() == 0


@WIDTHS
@pytest.mark.parametrize("detail", ["x" * 300, "日本語" * 60, "e\u0301" * 100])
def test_what_is_too_long_for_the_last_line_is_cut(columns, detail):
    text = f"""
        with console.phase("Working."):
            console.status({detail!r})
            console.output("a line")
        console.say("done")
    """
    with running(text, columns=columns) as terminal:
        assert terminal.end() == 0
    assert terminal.screen.broken == [] and terminal.screen.lines == ["Working.", "  | a line", "done"]


def test_the_time_goes_on_by_itself():
    with running("without_echo()\nwith console.phase('Waiting for the app.'): input()") as terminal:
        terminal.wait_for(r"Waiting for the app, 0:01")
        terminal.wait_for(r"Waiting for the app, 0:02")
        terminal.type("\n")
        assert terminal.end() == 0
    assert [line for line in terminal.screen.lines if line] == ["Waiting for the app."]


def test_ctrl_c_leaves_no_half_line():
    text = """
        try:
            with console.phase("Waiting for the app."):
                console.status("no answer yet")
                time.sleep(300)
        except KeyboardInterrupt:
            console.say("Interrupted.")
    """
    with running(text) as terminal:
        terminal.wait_for("no answer yet, 0:00")
        terminal.press_ctrl_c()
        assert terminal.end() == 0
    assert terminal.screen.lines[-1] == "Interrupted." and "no answer yet" not in terminal.screen.lines[-2]


PLAN = """
changes = [
    Change("siteextensions/x", "install", None, "3.8.10"),
    Change("site/wwwroot/web.config", "update", "fastCgi a", "fastCgi b", diff="--- a/x\\n+++ b/x\\n@@ -1 +1 @@\\n-a\\n+b\\n"),
    Change("app", "restart", None, None),
]
console.show_plan("app 'shop'", None, changes, dry_run=True)
console.conclude("App 'shop' runs Python 3.8.10.", None, "Undo: az webapp python set-version -g rg -n shop --version 3.6")
print('{"answer": 1}', flush=True)
for show in at_end:
    show()
"""


@WIDTHS
def test_plan_and_last_lines_come_behind_the_answer(columns):
    with running(PLAN, columns=columns) as terminal:
        assert terminal.end() == 0
    screen = terminal.screen
    assert screen.lines[0] == '{"answer": 1}' and screen.lines[-2:] == [
        "App 'shop' runs Python 3.8.10.",
        "Undo: az webapp python set-version -g rg -n shop --version 3.6",
    ]
    assert screen.broken == [] and screen.style("-a").fg == "red" and screen.style("+b").fg == "green"
    assert "\x1b" in terminal.written and not any("\x1b" in line for line in screen.lines)


@pytest.mark.parametrize("redirected", ["2>&1 | cat", ""])
def test_no_colour_where_nobody_wants_it(redirected):
    with running(PLAN, redirected=redirected, NO_COLOR="" if redirected else "1") as terminal:
        assert terminal.end() == 0
    assert not terminal.screen.styled and terminal.screen.lines[-1].startswith("Undo: ")


def test_a_pipe_gets_a_line_when_work_begins_and_no_more():
    text = """
        with console.phase("Waiting for the app."):
            console.status("no answer yet")
            time.sleep(1.5)
        console.say("done")
    """
    with running(text, redirected="2>&1 | cat") as terminal:
        assert terminal.end() == 0
    assert terminal.written == "Waiting for the app.\r\ndone\r\n"


def test_only_errors_are_shown_when_asked_for():
    text = PLAN.replace("print(", "console.say('said')\nwith console.phase('Working.'): console.status('x')\nprint(")
    with running(text, "--only-show-errors") as terminal:
        assert terminal.end() == 0
    assert terminal.written == '{"answer": 1}\r\n'
