"""Environments as plain values: where they are, and what their description says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from azext_pythonapp.runtimes.environment import (
    Base,
    Description,
    Torn,
    base_folder,
    configuration,
    letter_of,
    other,
    parse,
    python_of,
    to_json,
)

HOME = "C:\\home"
DESCRIPTION = Description(
    Base("D:\\home\\python3119x64\\python.exe", "3.11.9", "x64"),
    "requirements.txt",
    "ab" * 32,
    ("six>=1.15",),
    ("flask",),
    "uv 0.13.9",
    "20261127-120000-4f2a",
    "2026-11-27T12:00:00Z",
    {"flask": "3.0.3", "click": "8.1.8"},
    120_000,
    ("click",),
    {"flask": ("click>=8", 'colorama; platform_system == "Windows"'), "click": ()},
)


@pytest.mark.parametrize("letter", ["a", "b"])
@pytest.mark.parametrize("home", ["D:\\home", "C:\\home", "%HOME%"])
def test_a_python_belongs_to_its_environment(letter, home):
    assert letter_of(python_of(letter, home), HOME) == letter
    assert letter_of(python_of(letter, home).upper().replace("\\", "/"), HOME) == letter
    assert other(letter) != letter and other(other(letter)) == letter


@pytest.mark.parametrize(
    "path",
    [
        "D:\\home\\python3119x64\\python.exe",
        "D:\\home\\data\\pythonapp\\environments\\c\\Scripts\\python.exe",
        "D:\\home\\data\\pythonapp\\environments\\a\\python.exe",
        "D:\\home\\data\\pythonapp\\environments\\a\\Scripts\\waitress-serve.exe",
        "D:\\home\\data\\pythonapp\\environments\\a\\Scripts\\..\\..\\..\\python.exe",
        "E:\\home\\data\\pythonapp\\environments\\a\\Scripts\\python.exe",
        "",
    ],
)
def test_other_programs_belong_to_none(path):
    assert letter_of(path, HOME) is None


def test_the_first_environment_is_a():
    assert other(None) == "a"


def test_the_configuration_names_its_runtime():
    content = configuration("D:\\home\\python3119x64\\python.exe")
    assert content == b"home = D:\\home\\python3119x64\r\ninclude-system-site-packages = false\r\n"
    assert base_folder(content) == "D:\\home\\python3119x64"
    assert base_folder(b"HOME=D:/home/python38x64/\nversion = 3.8") == "D:\\home\\python38x64"
    assert base_folder(b"include-system-site-packages = false") is None


@pytest.mark.parametrize("path", ["python.exe", "D:\\a\nhome = D:\\b\\python.exe"])
def test_a_configuration_names_nothing_else(path):
    with pytest.raises(ValueError):
        configuration(path)


def test_a_description_is_read_as_it_was_written():
    assert parse(to_json(DESCRIPTION)) == DESCRIPTION
    bare = replace(DESCRIPTION, requirements=None, digest=None, added=(), removed=(), packages={})
    assert parse(to_json(bare)) == bare


@pytest.mark.parametrize(
    "part",
    [
        {"base": None},
        {"base": {"pythonPath": "D:\\a\\python.exe"}},
        {"format": 2},
        {"added": "six"},
        {"added": [1]},
        {"added": ["six\n--index-url https://elsewhere"]},
        {"removed": None},
        {"packages": []},
        {"packages": {"flask": 3}},
        {"installer": None},
        {"size": -1},
        {"size": "1"},
        {"size": True},
        {"direct": "flask"},
        {"requires": ["click"]},
        {"requires": {"flask": "click"}},
        {"requires": {"flask": ["click\n--index-url https://elsewhere"]}},
    ],
)
def test_a_description_with_a_wrong_part_is_torn(part):
    fields = {**json.loads(to_json(DESCRIPTION)), **part}
    with pytest.raises(Torn):
        parse(json.dumps(fields).encode())


def test_a_description_of_before_tells_less():
    fields = json.loads(to_json(DESCRIPTION))
    for name in ("size", "direct", "requires"):
        del fields[name]
    assert parse(json.dumps(fields).encode()) == replace(DESCRIPTION, size=None, direct=None, requires={})


def test_a_size_that_no_home_directory_has_is_not_known():
    fields = {**json.loads(to_json(DESCRIPTION)), "size": 10**400}
    assert parse(json.dumps(fields).encode()) == replace(DESCRIPTION, size=None)


@pytest.mark.parametrize("content", [b"", b"\0" * 300, b"[]", b"{", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_what_is_no_description_is_torn(content):
    with pytest.raises(Torn):
        parse(content)


@pytest.mark.parametrize("size", range(1, len(to_json(DESCRIPTION))))
def test_a_description_that_was_cut_is_torn(size):
    with pytest.raises(Torn):
        parse(to_json(DESCRIPTION)[:size])
