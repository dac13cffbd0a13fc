"""Paths that Windows cannot store are found before anything is sent."""

from __future__ import annotations

import os
from pathlib import PureWindowsPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.windows_paths import path_problems, require_windows_paths

CASE = " only in upper and lower case"
ROOT = "C:\\home\\site\\wwwroot"


def problems(*paths: str) -> dict[str, str]:
    """Return the reasons by path."""
    return {each.path: each.reason for each in path_problems(paths, ROOT)}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("aux", "AUX is the name of a device"),
        ("con.py", "CON is the name of a device"),
        ("Nul.tar.gz", "NUL is the name of a device"),
        ("com1.txt", "COM1 is the name of a device"),
        ("LPT9", "LPT9 is the name of a device"),
        ("com².log", "COM² is the name of a device"),
        ("prn .txt", "PRN is the name of a device"),
        ("conin$", "CONIN$ is the name of a device"),
        ("a:b.txt", "it contains :"),
        ("what?.txt", "it contains ?"),
        ("a*.txt", "it contains *"),
        ("a<b", "it contains <"),
        ("a>b", "it contains >"),
        ('a"b', 'it contains "'),
        ("a|b", "it contains |"),
        ("a\\b", "it contains \\"),
        ("a\nb", "it contains a control character"),
        ("a\x1fb", "it contains a control character"),
        ("dot.", "it ends in a dot"),
        ("blank ", "it ends in a blank"),
        ("...", "it ends in a dot"),
        (os.fsdecode(b"caf\xe9"), "its name is not valid Unicode"),
        ("é" * 256, "its name has more than 255 characters"),
        ("\U0001f600" * 128, "its name has more than 255 characters"),
    ],
)
def test_name_that_windows_cannot_store(name, reason):
    assert problems(name) == {name: reason}
    assert problems(f"web/{name}/x.py") == {f"web/{name}": reason}


@pytest.mark.parametrize(
    "name",
    [
        "com0",
        "com10.txt",
        "console.py",
        "auxiliary",
        "nul-1",
        "x.con",
        " blank",
        ".dot",
        "a b",
        "é",
        "%PATH%",
        "a;b",
        "\x7f",
    ]
    + ["lpt", "com.txt", "日本.py", "\U0001f600.txt", "~$x", "[a]", "a'b", "x" * 200],
)
def test_name_that_windows_stores(name):
    assert problems(name, f"web/{name}/x.py") == {}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.13 has a function of ntpath instead
@given(st.lists(st.sampled_from([*"12390²$. x", "con", "COM", "lpt", "Nul", "in", "out"]), min_size=1).map("".join))
def test_device_names_are_those_that_python_knows(name):
    assume(name[-1] not in ". ")
    device = problems(name).get(name, "").endswith("is the name of a device")
    assert device == PureWindowsPath(name).is_reserved()


def test_paths_that_differ_in_case():
    assert problems("App.py", "app.py") == {"app.py": f"it differs from App.py{CASE}"}
    assert problems("Static/a.css", "static/b.css", "static/c.css") == {"static": f"it differs from Static{CASE}"}
    assert problems("logs/x", "LOGS") == {"logs": f"it differs from LOGS{CASE}"}
    assert problems("É.py", "é.py") == {"é.py": f"it differs from É.py{CASE}"}


def test_paths_that_windows_keeps_apart():
    assert problems("straße", "STRASSE", "ı", "i", "ſ", "s", "\u212a", "k", "e\u0301", "é", "a/x", "b/X") == {}


def test_length_of_the_path_on_the_worker():
    folder = "d" * 100
    assert problems(f"{folder}/{'x' * 137}") == {}
    assert problems(f"{folder}/{'x' * 138}") == {
        f"{folder}/{'x' * 138}": f"with {ROOT}\\ it has 260 characters, and a file at most 259"
    }
    assert problems(f"{folder}/{'e' * 125}/a") == {}
    assert problems(f"{folder}/{'e' * 126}/a") == {
        f"{folder}/{'e' * 126}": f"with {ROOT}\\ it has 248 characters, and a folder at most 247"
    }


def test_everything_is_said_at_once():
    with pytest.raises(InvalidInput) as caught:
        require_windows_paths(["ok.py", "con/a.py", "con/b.py", "x:y", "d.", "a*", "p|q", "z?"], ROOT)
    assert caught.value.message == (
        "6 paths cannot be stored on Windows, so nothing was sent: a* (it contains *); con (CON is the name of a "
        "device); d. (it ends in a dot); p|q (it contains |); x:y (it contains :); and 1 more."
    )
    assert caught.value.recommendation == "Rename what is listed, or leave it out: --exclude '/a\\*'"


def test_nothing_is_said_without_problems():
    require_windows_paths(["app.py", "web/app.py"], ROOT)


def test_message_can_be_printed():
    with pytest.raises(InvalidInput) as caught:
        require_windows_paths([os.fsdecode(b"caf\xe9.py"), "a\x1b[31m.py"], ROOT)
    assert caught.value.message.isprintable()
    caught.value.message.encode("utf-8")
