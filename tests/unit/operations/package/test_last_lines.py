"""What commands about packages say last: numbers, the restart, and problems."""

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
    (first,) = lines(SIX, **more)
    assert first.startswith("Packages: 1 installed in Python 3.11.9 of app 'shop'" + expected)


def test_every_kind_of_change_is_counted():
    result = JobResult(
        (PackageVersion("flask", "3.0"), PackageVersion("pip", "25.0")),
        (VersionChange("six", "1.15.0", "1.16.0"),),
        (PackageVersion("shop", "1.0"),),
        (PackageVersion("old", "1"),),
        False,
        ("flask 3.0 requires x",),
    )
    first, problem, check = lines(result)
    assert first.startswith("Packages: 2 installed, 1 changed to another version, 1 reinstalled, 1 removed in Python ")
    assert problem == "Warning: flask 3.0 requires x." and "`az webapp python package check -g rg -n shop`" in check


def test_what_does_not_fit_together_is_named():
    problems = tuple(f"a{number} 1.0 requires b, which is not installed." for number in range(7))
    found = lines(JobResult(removed=(PackageVersion("b", "1.0"),), check_ok=False, problems=problems))
    assert [line for line in found if line.startswith("Warning: a")] == [f"Warning: {each}" for each in problems[:5]]
    assert "Warning: 2 more" in found[6] and "`az webapp python package check -g rg -n shop`" in found[6]
    found = lines(JobResult(removed=(PackageVersion("b", "1.0"),), check_ok=False, problems=problems[:1]))
    assert found[1:3] == [f"Warning: {problems[0]}", "To check again: `az webapp python package check -g rg -n shop`."]


def test_nothing_was_changed():
    assert lines(JobResult()) == ["Nothing was changed: Python 3.11.9 of app 'shop' has all of these packages already."]
    assert unchanged_lines("six is installed already", []) == ["Nothing was changed: six is installed already."]
    assert unchanged_lines("six is installed already", [Change("app", "restart")]) == [
        "No package was changed: six is installed already. The app was restarted, which was pending."
    ]
