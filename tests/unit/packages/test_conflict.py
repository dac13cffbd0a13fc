"""Requirements that exclude each other, out of pip's list of causes."""

from __future__ import annotations

import pytest

from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput
from azext_pythonapp.packages.version_words import nearest, python_words
from tests.unit.runner import pip_outputs as outputs


def explanation(text):
    found = PipOutput()
    for line in text.split("\n"):
        found.take(line)
    return explain(found)


@pytest.mark.parametrize(
    "text, reason",
    [
        (outputs.CONFLICT_20_TO_24, "flask 3.0.3 needs Werkzeug>=3.0.0, you ask for werkzeug==2.0.3."),
        (outputs.CONFLICT_25, "flask 3.0.3 needs Werkzeug>=3.0.0, the constraints file asks for werkzeug==2.0.3."),
        (outputs.CONFLICT_OF_TWO, "aa 1.1 needs cc<2, bb 1.0 needs cc>=2."),
        (outputs.DOUBLE_21, "You ask for six==1.16.0 and for six==1.15.0."),
        (outputs.DOUBLE_9, "You ask for six==1.16.0 and for six==1.15.0."),
        (
            "The conflict is caused by:\n    aa 1.0 depends on bb==9\n",
            "aa 1.0 needs bb==9, and no version of bb that fits is available.",
        ),
        ("The conflict is caused by:\n\n", "These requirements conflict with each other."),
    ],
)
def test_who_needs_what(text, reason):
    assert explanation(text).reason == reason


def test_requirement_that_fits_is_no_opponent():
    text = outputs.CONFLICT_20_TO_24.replace(
        "    flask 3.0.3", "    foo 1.0 depends on werkzeug>=1\n    bar 1.0 depends on werkzeug!=1.0\n    flask 3.0.3"
    )
    assert explanation(text).reason == "flask 3.0.3 needs Werkzeug>=3.0.0, you ask for werkzeug==2.0.3."
    assert "Ask for Werkzeug>=3.0.0" in explanation(text).advice


@pytest.mark.parametrize(
    "line, reason",
    [
        ("error: resolution-too-deep", "resolution too deep"),
        ("pip._vendor.resolvelib.resolvers.ResolutionTooDeep: 200000", "resolution too deep"),
        ("ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?", "the worker has no git"),
        (
            "ERROR: Error [WinError 2] The system cannot find the file specified while executing command git version",
            "the worker has no git",
        ),
        (
            "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'base.txt'",
            "base.txt is not there",
        ),
        ("ERROR: Invalid requirement: 'foo bar baz' (from line 3 of D:\\home\\r.txt)", "Line 3 of r.txt is not"),
        (outputs.BAD_LINE_25, "Line 1 of star.txt is not a requirement that this pip can read: 'itsdangerous>=2.1.*'"),
        (outputs.BAD_PATH, "Line 1 of path.txt names a path that is not on the worker: './nosuch'"),
        (outputs.BAD_OPTION, "itsdangerous==2.2.0  --no-deps (no such option: --no-deps)"),
        (outputs.TRACEBACK, "A requirements file is not text in UTF-8 ('utf-8' codec can't decode"),
        (outputs.TWO_TRACEBACKS, "could not be reached from the worker: the connection was cut"),
    ],
)
def test_other_failures_in_a_sentence(line, reason):
    found = explanation(line)
    assert reason in found.reason and found.reason.endswith(".") and found.advice.endswith((".", "`"))


@pytest.mark.parametrize(
    "required, words",
    [
        (">=3.10", "3.10 or newer"),
        (">=3.9,<3.13", "3.9 or newer, older than 3.13"),
        (">=2.7, !=3.0.*, !=3.1.*", "2.7 or newer"),
        ("<3", "older than 3"),
        ("==3.6.*", "3.6"),
        ("!=3.5.*", "!=3.5.*"),
        ("nonsense of 3", "nonsense of 3"),
    ],
)
def test_pythons_in_words(required, words):
    assert python_words(required) == words


def test_versions_near_a_wanted_one():
    versions = [f"1.{number}" for number in range(20)]
    assert nearest(versions, "1.10.1") == ["1.8", "1.9", "1.10", "1.11", "1.12"]
    assert nearest(versions, "9") == nearest(versions, None) == ["1.15", "1.16", "1.17", "1.18", "1.19"]
    assert nearest(versions, "0.1") == ["1.0", "1.1", "1.2", "1.3", "1.4"] and nearest(["2.0"], "1") == ["2.0"]
    assert nearest(versions, "no version") == ["1.15", "1.16", "1.17", "1.18", "1.19"]
