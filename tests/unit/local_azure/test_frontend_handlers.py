"""Which handler takes a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.frontend.handlers import STATIC_FILE, Handler, choose


@pytest.mark.parametrize(
    ("pattern", "segments", "taken"),
    [
        ("*", (), True),
        ("*", ("any", "thing"), True),
        ("*.py", ("app.PY",), True),
        ("*.py", ("app.py", "more"), True),
        ("*.py", ("app.html",), False),
        ("handler.fcgi", ("Handler.fcgi",), True),
        ("handler.fcgi", ("sub", "handler.fcgi", "some", "page"), True),
        ("handler.fcgi", ("page",), False),
        ("api/*", ("api", "x"), True),
        ("api/*", ("other", "x"), False),
    ],
)
def test_path(tmp_path: Path, pattern: str, segments: tuple[str, ...], taken: bool) -> None:
    assert Handler("h", pattern).takes("GET", segments, tmp_path / "nothing") is taken


@pytest.mark.parametrize(
    ("verb", "method", "taken"),
    [("*", "DELETE", True), ("GET,HEAD", "HEAD", True), ("GET, POST", "POST", True), ("GET", "POST", False)],
)
def test_verb(tmp_path: Path, verb: str, method: str, taken: bool) -> None:
    assert Handler("h", "*", verb=verb).takes(method, (), tmp_path) is taken


@pytest.mark.parametrize(
    ("kind", "for_file", "for_folder", "for_nothing"),
    [
        ("Unspecified", True, True, True),
        ("File", True, False, False),
        ("Directory", False, True, False),
        ("Either", True, True, False),
    ],
)
def test_resource_type(tmp_path: Path, kind: str, for_file: bool, for_folder: bool, for_nothing: bool) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    handler = Handler("h", "*", resource_type=kind)
    assert [handler.takes("GET", ("a",), resource) for resource in (file, tmp_path, tmp_path / "nothing")] == [
        for_file,
        for_folder,
        for_nothing,
    ]


def test_the_first_that_takes_the_request_wins(tmp_path: Path) -> None:
    only_python = Handler("py", "*.py")
    everything = Handler("all", "*", verb="POST")
    mappings = (only_python, everything, STATIC_FILE)
    assert choose(mappings, "GET", ("a.py",), tmp_path) is only_python
    assert choose(mappings, "POST", ("a",), tmp_path) is everything
    assert choose(mappings, "GET", ("a",), tmp_path) is STATIC_FILE
    assert choose(mappings[:2], "GET", ("a",), tmp_path) is None


def test_modules_are_a_list_without_case() -> None:
    assert STATIC_FILE.uses("staticfilemodule")
    assert not Handler("h", "*", modules="FastCgiModuleX").uses("FastCgiModule")
