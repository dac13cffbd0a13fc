"""The undo of a command that changed packages, and what it says about packages that do not fit together."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.state import JobResult, PackageVersion, VersionChange
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.last_lines import last_lines
from azext_pythonapp.packages.pip import PipCommand
from azext_pythonapp.plan import Change
from tests.unit.progress import Recorded

RESTART = Change("app", "restart")
APP = SimpleNamespace(
    site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop", stopped=False), progress=Recorded()
)
RESULT = JobResult(
    installed=(PackageVersion("itsdangerous", "2.2.0"), PackageVersion("pip", "25.0.1")),
    upgraded=(VersionChange("Flask", "2.0.3", "3.0.3"),),
    check_ok=True,
)


def lines(result=RESULT, done=(RESTART,), environment=None, arguments=("install",)):
    run = PipRun(SimpleNamespace(version="3.8.10"), "", PipCommand(arguments, environment or {}), [])
    return last_lines(APP, run, result, done, True, False)


def test_numbers_restart_and_undo():
    assert lines() == [
        "Packages: 2 installed, 1 changed to another version in Python 3.8.10 of app 'shop'; it was restarted (12 s).",
        "Undo: az webapp python package uninstall -g rg -n shop --packages itsdangerous",
        "Undo: az webapp python package install -g rg -n shop --no-deps --packages Flask==2.0.3",
    ]


@pytest.mark.parametrize(
    "environment, options",
    [
        ({"PIP_INDEX_URL": "https://h/simple"}, " --index-url https://h/simple"),
        ({"PIP_EXTRA_INDEX_URL": "https://h/a https://h/b"}, " --extra-index-url https://h/a https://h/b"),
        ({"PIP_INDEX_URL": "https://me:pw@h/simple"}, None),
        ({"PIP_PROXY": "http://me:pw@proxy:8080"}, None),
    ],
)
def test_undo_asks_the_same_index(environment, options):
    found = [line for line in lines(environment=environment) if "Flask==" in line]
    expected = f"Undo: az webapp python package install -g rg -n shop --no-deps{options} --packages Flask==2.0.3"
    assert found == ([expected] if options else [])
    assert not any("pw" in line for line in lines(environment=environment))


def test_no_undo_from_wheels_that_only_the_run_had():
    assert not any("Undo" in line for line in lines(arguments=("install", "--no-index", "-r", "r.txt")))


def test_what_does_not_fit_together_is_named():
    problems = tuple(f"a{number} 1.0 requires b, which is not installed." for number in range(7))
    found = lines(JobResult(removed=(PackageVersion("b", "1.0"),), check_ok=False, problems=problems))
    assert [line for line in found if line.startswith("Warning: a")] == [f"Warning: {each}" for each in problems[:5]]
    assert "Warning: 2 more" in found[6] and "`az webapp python package check -g rg -n shop`" in found[6]
    found = lines(JobResult(removed=(PackageVersion("b", "1.0"),), check_ok=False, problems=problems[:1]))
    assert found[1:3] == [f"Warning: {problems[0]}", "To check again: `az webapp python package check -g rg -n shop`."]
