"""The numbers in the last line of a rollback."""

from __future__ import annotations

import pytest

from azext_pythonapp.operations.rollback.last_lines import in_numbers
from azext_pythonapp.plan import Change

RESTART = Change("app", "restart")
PYTHON = "siteextensions/azureappservice-python3810x64"


@pytest.mark.parametrize(
    "changes, said",
    [
        ([Change("site/wwwroot/web.config", "update"), RESTART], "1 file put back"),
        (
            [
                Change(PYTHON, "install"),
                Change("packages/flask", "install"),
                Change("packages/six", "install"),
                Change("packages/click", "upgrade"),
                Change("packages/old", "uninstall"),
                Change("site/wwwroot/a.py", "create"),
                Change("site/wwwroot/b.py", "delete"),
                RESTART,
            ],
            "1 Python and 2 packages installed, 1 package changed, 1 package removed, 2 files put back",
        ),
        ([Change("nuget/python", "install"), Change(PYTHON, "install")], "1 Python installed"),
        ([Change(PYTHON, "uninstall"), Change("python3810x64", "uninstall", "3 packages")], "1 Python removed"),
        ([Change("python3810x64", "uninstall", "not complete")], "1 folder removed"),
        ([RESTART], "the app was restarted"),
        ([Change("app", "update", "Stopped", "Running")], "the app was started"),
    ],
)
def test_what_was_undone_in_numbers(changes: list[Change], said: str) -> None:
    assert in_numbers(changes) == said
