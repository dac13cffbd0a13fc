"""How a plan looks."""

from __future__ import annotations

import pytest

from azext_pythonapp.plan import Change
from azext_pythonapp.plan_view import Colours, diff_lines, plan_lines

PLAIN, COLOURED = Colours(False), Colours(True)
DIFF = "--- a/web.config\n+++ b/web.config\n@@ -1 +1 @@\n-<old/>\n+<new/>\n"
SWITCH = [
    Change("siteextensions/azureappservice-python364x64", "install", None, "3.6.4", note="end of life 2021-12-23"),
    Change("packages/flask", "install", None, "newest"),
    Change("packages/redis", "install", None, "newest"),
    Change("packages/click", "upgrade", "7.0", "8.1"),
    Change("packages/old", "uninstall", "1.0", None),
    Change("site/wwwroot/web.config", "update", "fastCgi a", "fastCgi b", DIFF),
    Change("app", "restart", note="the app does not answer for some seconds"),
]


def test_every_kind_of_change_has_its_sign_and_is_counted():
    assert plan_lines("app 'x'", "Python 3.11.9", SWITCH, PLAIN, dry_run=True) == [
        "Plan for app 'x' (now Python 3.11.9):",
        "  + azureappservice-python364x64  3.6.4; end of life 2021-12-23",
        "  + packages                      flask newest; redis newest",
        "  ~ packages                      click 7.0 -> 8.1",
        "  - packages                      old 1.0",
        "  ~ site/wwwroot/web.config       fastCgi a -> fastCgi b",
        "      --- a/web.config",
        "      +++ b/web.config",
        "      @@ -1 +1 @@",
        "      -<old/>",
        "      +<new/>",
        "  ! restart                       the app does not answer for some seconds",
        "3 to add, 2 to change, 1 to remove, 1 restart. Nothing was changed (dry run).",
    ]


def test_a_plan_before_a_question_does_not_say_nothing_changed():
    assert plan_lines("app 'x'", None, SWITCH[:1], PLAIN)[-1] == "1 to add."


def test_a_file_that_starts_the_same_shows_what_else_changes():
    change = Change("web.config", "update", "fastCgi a", "fastCgi a", DIFF, note="Added to appSettings: A.")
    assert plan_lines("app 'x'", None, [change], PLAIN)[1] == "  ~ web.config  Added to appSettings: A."


@pytest.mark.parametrize("changes", [[], [Change("packages/flask", "none", "2", "2")]])
def test_an_empty_plan_is_one_sentence(changes):
    assert plan_lines("app 'x'", "Python 3.8.10", changes, PLAIN) == ["Plan for app 'x': nothing to change."]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_row_is_wider_than_the_terminal(width):
    many = [Change(f"packages/package-{number}", "install", None, "newest") for number in range(30)]
    lines = plan_lines("app 'x'", None, many, PLAIN, width, warnings=["Python 3.8 gets no fixes any more. " * 4])
    assert all(len(line) < width for line in lines)
    assert all(f"package-{number} newest" in " ".join(" ".join(lines).split()) for number in range(30))


def test_colours_are_around_signs_and_lines_of_the_diff():
    lines = plan_lines("app 'x'", None, SWITCH, COLOURED)
    assert "  \x1b[32m+\x1b[0m azureappservice-python364x64  3.6.4; end of life 2021-12-23" in lines
    assert "      \x1b[31m-<old/>\x1b[0m" in lines and "      \x1b[32m+<new/>\x1b[0m" in lines


def test_text_from_elsewhere_cannot_steer_the_terminal():
    hostile = Change("packages/x\x1b[2J", "install", None, "1\n2", "--- a\n+\x1b[31mred\n")
    shown = "".join(plan_lines("app 'x'", None, [hostile], COLOURED) + diff_lines("+\x1b[2Jx", PLAIN))
    assert "\x1b[2J" not in shown and "\x1b[31mred" not in shown and "\n" not in shown


def test_warnings_stand_behind_the_changes():
    lines = plan_lines("app 'x'", None, SWITCH[:1], PLAIN, warnings=["Python 3.6 gets no fixes."])
    assert lines[-2:] == ["  ! Python 3.6 gets no fixes.", "1 to add."]
