"""What stands on a person's screen, at 80 and at 120 columns."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming
from tests.scenario.terminal import az_in_terminal, pasted

WIDTHS = pytest.mark.parametrize("columns", [80, 120])


@WIDTHS
def test_a_table_fits(az, azure, apps, columns):
    site = apps.prepared("wsgi_hello")
    for command in ("show", "list"):
        with az_in_terminal(
            az, f"webapp python {command} -o table --only-show-errors", *naming(site), columns=columns
        ) as terminal:
            assert terminal.end() == 0
        assert terminal.screen.broken == [] and "3.8.10" in terminal.screen.text, terminal.screen
        assert terminal.screen.lines[-1].startswith(("…", site.name[:4], "3.8.10")), terminal.screen


def test_progress_of_a_pipe_is_plain(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    line = f"az webapp python show {' '.join(naming(site))} 2>&1 | cat"
    with pasted(az, line) as terminal:
        assert terminal.end() == 0
    assert not terminal.screen.styled and "\x1b" not in terminal.written
