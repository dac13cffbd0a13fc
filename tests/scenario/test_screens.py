"""What stands on a person's screen, at 80 and at 120 columns: plans, last lines, tables, failures; nothing left over."""

from __future__ import annotations

import re
from itertools import takewhile

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import naming
from tests.scenario.az import Az
from tests.scenario.terminal import az_in_terminal, pasted
from tests.screen import Screen

WIDTHS = pytest.mark.parametrize("columns", [80, 120])
LIVE = re.compile(r", \d+:\d\d$")
"""How the live last line ends."""


def shown(az: Az, site: Site, command: str, columns: int = 80, expect: int = 0, **variables: str) -> Screen:
    """The screen after a command about an app; nothing of the live line is left on it, and the cursor is below it."""
    with az_in_terminal(az, f"webapp python {command}", *naming(site), columns=columns, **variables) as terminal:
        code = terminal.end()
    screen = terminal.screen
    assert code == expect, screen
    assert [line for line in screen.lines if LIVE.search(line)] == [], screen
    assert screen.cursor[0] >= len(screen.lines) and screen.cursor[1] == 0, screen
    return screen


def last_lines(screen: Screen, number: int) -> list[str]:
    """The last lines; those that the terminal broke at its edge are one."""
    return screen.text.splitlines()[-number:]


def rows_of_table(screen: Screen) -> list[str]:
    """The rows of a table, its header first, without the sentences below it; none is broken."""
    ruler = next(number for number, line in enumerate(screen.lines) if re.fullmatch(r"-{2}[- ]*", line))
    gaps = [gap.start() for gap in re.finditer(r"  (?=-)", screen.lines[ruler])]
    rows = list(takewhile(lambda line: not any(line[gap : gap + 2].strip() for gap in gaps), screen.lines[ruler - 1 :]))
    assert not set(rows).intersection(screen.broken), screen
    return rows


@WIDTHS
def test_a_switch_from_the_plan_to_its_undo(az, apps, columns):
    site = apps.prepared("flask_hello", also="3.11.9")
    site.use_32bit_worker = False
    app = f"app '{site.name}'"

    plan = shown(az, site, "set-version --version 3.11 --dry-run", columns)
    (begin,) = [number for number, line in enumerate(plan.lines) if line.startswith(f"Plan for {app}")]
    assert '"dryRun": true' in "\n".join(plan.lines[:begin]), "az's own answer comes before the plan"
    signs = [line[2] for line in plan.lines[begin:] if re.match(r"  [+~!-] \S", line)]
    assert {"+", "~", "!"} <= set(signs), plan
    entries = [line for line in plan.broken if re.match(r"  [+~!-] ", line)]
    assert entries == [], "the lines of the plan are made to fit"
    assert plan.lines[-1].endswith("Nothing was changed (dry run).") and "restart" in plan.lines[-1], plan
    assert plan.style("+    ").fg == "green" or plan.style("+ packages").fg == "green", plan

    switch = shown(az, site, "set-version --version 3.11", columns)
    result, undo = last_lines(switch, 2)
    assert result.startswith(f"App '{site.name}' runs Python 3.11.9 (was 3.8.10). https://{site.host}/ answers 200.")
    assert re.search(r"\b\d+ packages .*, \d+ s\.$", result), result
    assert undo.startswith(f"Undo: az webapp python rollback -g rg -n {site.name} --change-id "), undo
    assert [line for line in switch.text.splitlines() if line.startswith(f"Restarting {app}")], switch

    again = shown(az, site, "set-version --version 3.11 --output none", columns)
    (last,) = last_lines(again, 1)
    assert last.startswith(f"App '{site.name}' runs Python 3.11.9 already; nothing changed."), again
    assert "Restarting" not in again.text and "Undo" not in again.text


@WIDTHS
def test_tables_are_as_wide_as_the_terminal(az, apps, tmp_path, columns):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.use_32bit_worker = False
    header, row = rows_of_table(shown(az, site, "show -o table", columns))[:3:2]
    assert header.startswith("App ") and "3.8.10" in row and row.startswith(site.name[:8]), row
    found = rows_of_table(shown(az, site, "list -o table", columns))
    assert [line.split()[0] for line in found[2:]] == ["3.11.9", "3.8.10"]
    assert all(line.endswith("python.exe") for line in found[2:]), "the end of a path tells it from others"

    (tmp_path / "wrong.txt").write_text("nosuchpackage==9\n", encoding="utf-8")
    failed = shown(az, site, "install-requirements -r wrong.txt", columns, expect=1)
    said = [line for line in failed.text.splitlines() if not line.startswith("  |")]
    assert sum("nosuchpackage==9" in line for line in said) == 1, failed
    assert "`az webapp python job log " in last_lines(failed, 1)[0]

    jobs = rows_of_table(shown(az, site, "job list -o table", columns))
    assert re.search(r"\S+ +.*install-requirements.* failed +1\b", jobs[2]), jobs


def test_an_empty_table_says_what_is_next(az, apps):
    screen = shown(az, apps.new(), "list -o table")
    assert "`az webapp python " in last_lines(screen, 1)[0], screen


def test_ctrl_c_at_the_page_leaves_a_clean_screen(az, apps):
    """The page is not answered while the switch waits for it."""
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.use_32bit_worker = False
    site.switches.restart_pages = ["503"] * 1000
    with az_in_terminal(az, "webapp python set-version --version 3.11 --health-timeout 300", *naming(site)) as terminal:
        terminal.wait_for(r"\bRestarting .*(?:\n.*)*\bFetching .*(?:\n.*)*, \d:\d\d")
        site.switches.restart_pages = []  # from the next restart on, which puts the app back
        terminal.press_ctrl_c()
        assert terminal.end() == 1
    text = terminal.screen.text
    assert "Interrupted" in text and "3.8.10" in last_paragraph(text), terminal.screen
    assert [line for line in terminal.screen.lines if LIVE.search(line)] == [], terminal.screen
    assert "Traceback" not in text and site.restarts >= 2


def last_paragraph(text: str) -> str:
    """The lines from the one on that says that it was interrupted."""
    return text[text.index("Interrupted") :]


def test_colours_only_where_they_are_wanted(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    dry_run = "set-version --version 3.11 --dry-run"
    assert shown(az, site, dry_run).styled
    plain = shown(az, site, dry_run, NO_COLOR="1")
    assert not plain.styled and plain.lines[-1].endswith("(dry run)."), plain

    named = " ".join(naming(site))
    with pasted(az, f"az webapp python {dry_run} {named} 2>&1 | cat") as piped:
        assert piped.end() == 0
    assert "\x1b" not in piped.written and "\r" not in piped.written.replace("\r\n", "")
    assert piped.screen.lines[-1].endswith("(dry run).")

    with pasted(az, f"az webapp python {dry_run} --only-show-errors {named} >answer.json") as silent:
        assert silent.end() == 0
    assert silent.written == "" and '"dryRun": true' in (az.folder / "answer.json").read_text(encoding="utf-8")
