"""pylock.toml is read key by key; what is wrong is named, and never more is accepted than the standard allows."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock, PylockValidationError

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages import lock as locks
from tests.unit.packages.locks import HEAD, SHA, SIX, lock, package, wheel

WHEEL = "six-1.16.0-py2.py3-none-any.whl"


def test_a_lock_is_read() -> None:
    found = locks.parse(
        lock(
            SIX,
            package("flask", "2.0", "flask-2.0-py3-none-any.whl", more="marker = \"os_name == 'nt'\"\n"),
            head=HEAD + 'requires-python = ">=3.8"\nenvironments = ["sys_platform == \'win32\'"]\n',
        ),
        "pylock.toml",
    )
    assert [(each.name, each.version, each.line) for each in found.packages] == [
        ("six", "1.16.0", 6),
        ("flask", "2.0", 11),
    ]
    (file,) = found.packages[0].wheels
    assert (file.name, file.url, file.hashes) == (WHEEL, f"https://files.example/{WHEEL}", {"sha256": SHA})
    assert str(found.requires_python) == ">=3.8" and found.newer is None


@pytest.mark.parametrize(
    "name, expected",
    [
        ("pylock.toml", True),
        ("a/b/pylock.web.toml", True),
        ("C:\\x\\pylock.toml", True),
        ("https://h/pylock.toml?sig=abc#x", True),
        ("https://h/pylock.web.toml", True),
        ("requirements.txt", False),
        ("pylock.a.b.toml", False),
        ("mypylock.toml", False),
        ("https://h/requirements.txt?file=pylock.toml", False),
        ("https://[h/pylock.toml", False),
    ],
)
def test_which_names_are_locks(name: str, expected: bool) -> None:
    assert locks.is_lock(name) is expected


def one(key: str) -> str:
    """A package with one wheel that has another key in place of its own."""
    table = wheel(WHEEL).replace(f'hashes = {{sha256 = "{SHA}"}}', key)
    return package("six", "1.16.0", table)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"\xff", "pylock.toml is not TOML: it is not text in UTF-8"),
        (b"a = = 1", "pylock.toml is not TOML: Invalid value (at line 1, column 5)"),
        (b"six==1.16\n", "pylock.toml is not TOML: "),
        (b'created-by = "x"\npackages = []', "lock-version is missing"),
        (b'lock-version = 1.0\ncreated-by = "x"\npackages = []', "lock-version has to be a text, and is a float"),
        (b'lock-version = "one"\ncreated-by = "x"\npackages = []', "lock-version is 'one', which is no version"),
        (b'lock-version = "2.0"\n', "pylock.toml has lock-version 2.0, and this command reads versions 1.x only"),
        (b'lock-version = "2.0"\nnothing = "known"', "pylock.toml has lock-version 2.0"),
        (b'lock-version = "1.0"\npackages = []', "created-by is missing"),
        (HEAD.encode(), "packages is missing"),
        (lock(head=HEAD + "environments = 1\n"), "environments has to be an array, and is a whole number"),
        (lock(head=HEAD + 'environments = ["x"]\n'), "environments[0] is 'x', which is no marker"),
        (lock(head=HEAD + "default-groups = [1]\n"), "default-groups[0] has to be a text, and is a whole number"),
        (lock(head=HEAD + 'requires-python = "x"\n'), "requires-python is 'x', which is no set of versions"),
        (HEAD.encode() + b"packages = [1]", "packages[0] has to be a table, and is a whole number"),
        (lock("\n[[packages]]\nversion = '1'\n"), "packages[0].name is missing"),
        (lock(package("Six", "1.16.0", WHEEL)), "packages[0].name is 'Six', which is no normalized name"),
        (lock(package("six", "x", WHEEL)), "packages[0].version is 'x', which is no version"),
        (lock(package("six", "1.16.0")), "packages[0] needs wheels, an sdist or both, or exactly one of"),
        (lock(package("six", "1.16.0", WHEEL, more='directory = {path = "."}\n')), "packages[0] needs wheels"),
        (lock(package("six", "1.17.0", WHEEL)), f"names the file '{WHEEL}', which is not of six 1.17.0"),
        (lock(package("seven", "1.16.0", WHEEL)), f"names the file '{WHEEL}', which is not of seven 1.16.0"),
        (
            lock(package("six", "1", "x.whl")),
            "packages[0].wheels[0] names the file 'x.whl', which is no name of a wheel",
        ),
        (lock(one("size = 1")), "packages[0].wheels[0].hashes is missing"),
        (lock(one("hashes = {}")), "packages[0].wheels[0].hashes is empty"),
        (lock(one('hashes = {sha256 = "xyz"}')), "packages[0].wheels[0].hashes.sha256 is no hash"),
        (
            lock(one(f'hashes = {{sha256 = "{SHA}"}}, size = true')),
            "wheels[0].size has to be a whole number, and is true",
        ),
        (
            lock(package("six", "1.16.0", f'{{name = "{WHEEL}", hashes = {{sha256 = "{SHA}"}}}}')),
            "packages[0].wheels[0] has neither a url nor a path",
        ),
        (
            lock(package("x", "1", more='vcs = {type = "git", url = "https://h/x"}\n')),
            "packages[0].vcs.commit-id is missing",
        ),
        (lock(package("x", "1", more="marker = 'os_name ='\n", *["x-1-py3-none-any.whl"])), "packages[0].marker is"),
        (b"a = " + b"[" * 5000, "pylock.toml is not"),
        (lock(SIX).decode().encode("utf-16"), "pylock.toml is not TOML: it is text in UTF-16"),
        (lock(one("hashes = {}")).replace(b"https://files.example", b"https://[h"), "packages[0].wheels[0].hashes"),
        (
            lock(SIX).replace(b"https://files.example", b"https://[h").replace(f'name = "{WHEEL}", '.encode(), b""),
            "packages[0].wheels[0].url is no address",
        ),
        (lock(package("six", "1" * 5000, WHEEL)), "packages[0].version is '111"),
        (lock(package("six", "1.16.0", f"six-{'1' * 5000}-py3-none-any.whl")), "which is no name of a wheel"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        locks.parse(content, "pylock.toml")
    assert sentence in caught.value.message
    assert "pylock.toml" in caught.value.message and caught.value.recommendation


def test_a_byte_order_mark_and_windows_lines_are_read() -> None:
    """Notepad and PowerShell write both."""
    found = locks.parse(b"\xef\xbb\xbf" + lock(SIX).replace(b"\n", b"\r\n"), "pylock.toml")
    assert [(each.name, each.line) for each in found.packages] == [("six", 4)]


def test_a_path_counts_where_the_url_is_of_a_machine() -> None:
    content = lock(
        package("six", "1.16.0", wheel(WHEEL, "file:///C:/w").replace(", hashes", f', path = "{WHEEL}", hashes'))
    )
    (file,) = locks.parse(content, "pylock.toml").packages[0].wheels
    assert (file.url, file.path) == (None, WHEEL)


def test_a_secret_in_a_wrong_key_is_masked() -> None:
    with pytest.raises(InvalidInput) as caught:
        locks.parse(lock(head=HEAD + "requires-python = 'https://me:s3cret@h/x?sig=abc'\n"), "pylock.toml")
    assert "s3cret" not in caught.value.message and "abc" not in caught.value.message


def test_a_newer_minor_version_is_known() -> None:
    assert locks.parse(lock(SIX).replace(b'"1.0"', b'"1.7"'), "pylock.toml").newer == "1.7"


def test_the_first_reader_of_toml_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.10 has no tomllib; the reader in pip is in every az."""
    asked = []

    def imported(name: str) -> Any:
        asked.append(name)
        if name == "pip._vendor.tomli":
            return SimpleNamespace(loads=tomllib.loads)
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    assert locks.parse(lock(SIX), "pylock.toml").packages[0].name == "six"
    assert asked == ["tomllib", "tomli", "pip._vendor.tomli", "packaging.pylock"]


def test_without_any_reader_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    with pytest.raises(InvalidInput, match="nothing that reads TOML") as caught:
        locks.parse(lock(SIX), "pylock.toml")
    assert "Python 3.11 or newer" in str(caught.value.recommendation)


SCALARS = st.sampled_from(["1.0", "", "six", "x y", True, 1, 1.5, None, "1.16.0", "https://h/x.whl", SHA, "Six"])
KEYS = st.sampled_from(
    ["name", "version", "marker", "url", "path", "hashes", "sha256", "size", "vcs", "archive", "directory", "sdist"]
    + ["wheels", "requires-python", "type", "commit-id", "index", "created-by", "packages", "environments"]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(st.data())
def test_what_is_accepted_packaging_accepts(data: st.DataObject) -> None:
    """A sound lock with one value replaced is either refused with the key, or sound for packaging, too."""
    fields: dict[str, Any] = tomllib.loads(lock(SIX).decode())
    table: Any = fields
    while True:
        key = data.draw(st.sampled_from(sorted(table)) if isinstance(table, dict) else st.integers(0, len(table) - 1))
        inner = table[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        table = inner
    value = data.draw(VALUES)
    if isinstance(table, dict) and value is None:
        del table[key]
    else:
        table[key] = value
    try:
        locks._Reader("pylock.toml", "").lock(fields)
    except InvalidInput as error:
        assert "pylock.toml" in error.message
        return
    try:
        Pylock.from_dict(fields)
    except PylockValidationError as error:  # packaging knows more of keys that nothing here reads
        assert "attestation" in str(error) or "upload-time" in str(error) or "None" in str(error), error
