"""What is advised after pip itself ended with an exception: options that exist, and text of pip's quoted."""

from __future__ import annotations

import re

import pytest

from azext_pythonapp.packages.crash import _known_crash
from tests.conftest import REPOSITORY

CONFLICT = "pkg_resources.VersionConflict: (six 1.1 (d:\\home\\python364x64), Requirement.parse('{}'))"


@pytest.mark.parametrize(
    "need, argument",
    [("six>=1.16,<2", '"six>=1.16,<2"'), ('six" $(evil)', "'six\" $(evil)'"), ("six==1.16", "six==1.16")],
)
def test_a_requirement_is_quoted_for_a_shell(need, argument):
    known = _known_crash(CONFLICT.format(need), "", "3.6.4")
    assert known.advice == f"Install that first: `az webapp python package install --packages {argument}`."


def test_a_backquote_ends_no_command():
    assert _known_crash(CONFLICT.format("six` evil `"), "", "3.6.4") is None


def test_every_option_that_is_advised_exists():
    options = {
        option
        for file in (REPOSITORY / "azext_pythonapp/packages").glob("*.py")
        for option in re.findall(r"`(--index[a-z-]*)", file.read_text(encoding="utf-8"))
    }
    assert options <= {"--index-url"}
    assert "--index" in _known_crash("EOFError: EOF when reading a line", "", "3.6.4").advice
