"""What scripts rely on: data on stdout only, progress on stderr only, and tables that fit a terminal."""

from __future__ import annotations

import json

import pytest

from tests.scenario.apps import Apps, naming
from tests.scenario.az import Result

COLUMNS = 80


def too_wide(result: Result) -> str | None:
    """The widest line of a table that does not fit a terminal, None when all do. It must have a row."""
    lines = result.stdout.splitlines()
    assert len(lines) >= 3, result
    widest = max(lines, key=len)
    return widest if len(widest) > COLUMNS else None


def test_every_table_fits_a_terminal(az, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    commands = (
        "list-versions",
        "list",
        "show",
        "job show",
        "job wait",
        "install --version 3.6 --dry-run",
        "install --version 3.11.9",
        "set-version --version 3.6 --dry-run",
        "set-version --version 3.11.9",
        "install-requirements",
        "install-requirements --upgrade --dry-run",
    )
    widest = {command: too_wide(az(f"webapp python {command} --output table", *naming(site))) for command in commands}
    assert {command: line for command, line in widest.items() if line} == {}


@pytest.fixture
def command(apps: Apps) -> tuple[str, ...]:
    """A command that has something to say meanwhile."""
    return ("webapp python set-version --version 3.8", *naming(apps.prepared("wsgi_hello")))


def test_progress_is_on_stderr_and_data_on_stdout(az, command):
    done = az(*command)
    assert json.loads(done.stdout)["changed"] is False
    assert "Checking with" in done.stderr and "Fetching https://" in done.stderr


def test_only_show_errors_silences_progress_but_not_errors(az, command):
    quiet = az(*command, "--only-show-errors")
    assert quiet.stderr == "" and quiet.json["changed"] is False
    failed = az("webapp python show -g rg -n no-such-app --only-show-errors", expect=3)
    assert failed.stdout == "" and failed.stderr.startswith("ERROR: "), failed


def test_output_none_prints_no_data(az, command):
    assert az(*command, "--output", "none").stdout == ""


def test_a_query_works_on_the_answer(az, command):
    assert az(*command, "--query", "verification.httpStatus").stdout.strip() == "200"
