"""What commands about packages say last: numbers, the restart, problems, and commands that undo it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.state import JobResult, PackageVersion, VersionChange
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.last_lines import last_lines, unchanged_lines
from azext_pythonapp.packages.pip import PipCommand
from azext_pythonapp.plan import Change
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

TARGET = Target("D:\\home\\python311x64\\python.exe", "python311x64", "3.11.9", "x64")
SIX = JobResult((PackageVersion("six", "1.16.0"),))


def lines(result, done=(), restarts=True, stopped=False, state="Running"):
    app = SimpleNamespace(site=shop_site(state), progress=Recorded())
    run = PipRun(TARGET, "", PipCommand(("install",)), [])
    return last_lines(app, run, result, done, restarts, stopped)


@pytest.mark.parametrize(
    "more, expected",
    [
        ({"done": [Change("app", "restart")]}, "; it was restarted (12 s)."),
        ({"done": [Change("app", "update", "Stopped", "Running")]}, "; it was started (12 s)."),
        ({"stopped": True}, "; it was stopped meanwhile and is started again (12 s)."),
        ({"restarts": False}, "; not restarted (--no-restart): `az webapp restart -g rg -n shop` makes it load them"),
        ({"state": "Stopped"}, "; it is stopped, so it loads them when it is started (12 s)."),
        (
            {},
            "; not restarted by this command: `az webapp python show -g rg -n shop` says whether a restart is pending",
        ),
    ],
)
def test_numbers_and_what_became_of_the_app(more, expected):
    first, undo = lines(SIX, **more)
    assert first.startswith("Packages: 1 installed in Python 3.11.9 of app 'shop'" + expected)
    assert undo == "Undo: az webapp python package uninstall -g rg -n shop --packages six"


def test_every_kind_of_change_is_counted_and_undone():
    result = JobResult(
        (PackageVersion("flask", "3.0"), PackageVersion("pip", "25.0")),
        (VersionChange("six", "1.15.0", "1.16.0"),),
        (PackageVersion("shop", "1.0"),),
        (PackageVersion("old", "1"),),
        False,
        ("flask 3.0 requires x",),
    )
    first, problem, check, *undo = lines(result)
    assert first.startswith("Packages: 2 installed, 1 changed to another version, 1 reinstalled, 1 removed in Python ")
    assert problem == "Warning: flask 3.0 requires x." and "`az webapp python package check -g rg -n shop`" in check
    assert undo == [
        "Undo: az webapp python package uninstall -g rg -n shop --packages flask",
        "Undo: az webapp python package install -g rg -n shop --no-deps --packages six==1.15.0 old==1",
    ]


def test_what_is_too_long_to_paste_is_left_out():
    many = JobResult(tuple(PackageVersion(f"p{number}", "1") for number in range(30)))
    assert len(lines(many)) == 1


def test_nothing_was_changed():
    assert lines(JobResult()) == ["Nothing was changed: Python 3.11.9 of app 'shop' has all of these packages already."]
    assert unchanged_lines("six is installed already", []) == ["Nothing was changed: six is installed already."]
    assert unchanged_lines("six is installed already", [Change("app", "restart")]) == [
        "No package was changed: six is installed already. The app was restarted, which was pending."
    ]
