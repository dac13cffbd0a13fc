"""The names of tests are short enough to be read in a terminal, and each is defined once."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

MAX_LENGTH = 60


def scopes(path: Path) -> Iterator[ast.Module | ast.ClassDef]:
    """The module and its classes: where pytest looks for tests."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield node


def names_in(scope: ast.Module | ast.ClassDef) -> list[str]:
    """The names of the test functions that are defined directly in a module or class."""
    functions = (node for node in scope.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [function.name for function in functions if function.name.startswith("test_")]


@pytest.mark.parametrize("room", ["bench", "scenario", "unit"])
def test_names_are_short_and_unique(room: str) -> None:
    paths = (REPOSITORY / "tests" / room).rglob("test_*.py")
    found = {path: [names_in(scope) for scope in scopes(path)] for path in paths}
    assert found
    too_long = [name for names in found.values() for scope in names for name in scope if len(name) > MAX_LENGTH]
    assert too_long == []
    twice = [
        (path.name, name)
        for path, names in found.items()
        for scope in names
        for name, n in Counter(scope).items()
        if n > 1
    ]
    assert twice == []
