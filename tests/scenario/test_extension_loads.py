"""The built wheel in the unmodified az: it is found, it says what it can do, and it leaves az's own help alone."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from tests.conftest import REPOSITORY


def test_az_lists_the_extension_as_a_preview(az, wheel):
    (row,) = az("extension list").json
    assert row["name"] == "pythonapp"
    assert row["preview"] is True
    assert row["version"] == wheel.name.split("-")[1]


def test_group_help_names_the_commands(az):
    shown = az("webapp python --help")
    for word in ("install", "install-requirements", "list", "list-versions", "set-version", "show", "job"):
        assert any(line.split()[:1] == [word] for line in shown.stdout.splitlines()), shown
    assert "Unable to load extension" not in shown.stderr


@pytest.mark.parametrize(
    "command",
    ["list-versions", "list", "show", "install", "set-version", "install-requirements", "job show", "job wait"],
)
def test_command_help_has_examples(az, command):
    shown = az(f"webapp python {command} --help").stdout
    assert f"az webapp python {command}" in shown.partition("Examples")[2], shown


def test_the_examples_of_the_help_are_commands(az):
    """az's own parser takes each of them."""
    source = ast.parse((REPOSITORY / "azext_pythonapp" / "_help.py").read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    examples = [
        " ".join(line.split())
        for text in texts
        for line in re.sub(r"\n +(?=--)", " ", text.partition("\nexamples:")[2])
        .replace("text: az", "\naz")
        .splitlines()
        if line.strip().startswith("az ")
    ]
    assert len(examples) > 40
    faults = {example: az.complaint(shlex.split(example)[1:]) for example in examples}
    assert not any(faults.values()), {example: fault for example, fault in faults.items() if fault}


def test_webapp_help_lists_the_group(az):
    shown = az("webapp --help").stdout
    assert any(line.split()[:1] == ["python"] for line in shown.partition("Commands:")[0].splitlines()), shown


def test_summary_of_webapp_survives_the_extension(az):
    """az 2.91 empties it when an extension adds to the group (docs/platform/az-extension.md 2.5)."""
    shown = az("--help").stdout
    (line,) = [line for line in shown.splitlines() if line.split()[:1] == ["webapp"]]
    assert "Manage web apps." in line
