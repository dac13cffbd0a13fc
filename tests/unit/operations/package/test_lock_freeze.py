"""`package freeze --format pylock`: files as the index names them, the same text each time, or one clear error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import tomllib
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock

from azext_pythonapp.errors import InvalidInput, PlatformFailed, RemoteFailed
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.package import lock_freeze
from azext_pythonapp.packages.lock import parse
from azext_pythonapp.packages.lock_select import select
from azext_pythonapp.packages.lock_write import lock_of, to_toml
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app

SHA, OTHER = "ab" * 32, "cd" * 32
INDEX = "https://me:s3cret@index.example/simple"
JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html; charset=utf-8"


def row(name: str, **more: Any) -> dict[str, Any]:
    """A file on a page in JSON."""
    return {"filename": name, "url": f"../../files/{name}?sig=1#x", "hashes": {"sha256": SHA}, **more}


def page(*rows: dict[str, Any]) -> tuple[int, str, bytes]:
    return 200, JSON, json.dumps({"meta": {"api-version": "1.1"}, "files": rows}).encode()


class Web:
    """Answers with pages by address or project. asked: the addresses."""

    def __init__(self, pages: Mapping[str, tuple[int, str, bytes] | Exception]):
        self.pages = pages
        self.asked: list[str] = []

    def get(self, url: str, headers: Mapping[str, str], timeout: float) -> requests.Response:
        self.asked.append(url)
        name = url.rstrip("/").rpartition("/")[2]
        answer = self.pages.get(url) or self.pages.get(name) or (404, "text/plain", b"no")
        if isinstance(answer, Exception):
            raise answer
        found = requests.Response()
        found.raw, found._content_consumed = None, True  # type: ignore[assignment]
        found.status_code, found._content, found.url = answer[0], answer[2], url.replace("me:s3cret@", "")
        found.headers["Content-Type"] = answer[1]
        return found


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Freezes packages. present: version by name. pages: of the index. origins: files of their metadata."""

    def freeze(
        present: Mapping[str, str],
        pages: Mapping[str, Any],
        origins: Mapping[str, Mapping[str, str]] | None = None,
        extra: tuple[str, ...] = (),
        **options: Any,
    ) -> dict[str, Any]:
        target = Target(r"D:\home\python3119x64\python.exe", "python3119x64", "3.11.9", "x64", None, None)
        monkeypatch.setattr(lock_freeze, "observe", lambda app: SimpleNamespace())
        monkeypatch.setattr(lock_freeze, "target_in_use", lambda seen: target)
        monkeypatch.setattr(
            lock_freeze, "present_packages", lambda app, place: {"pip": "25.0", "wfastcgi": "3.0.0", **present}
        )
        monkeypatch.setattr(lock_freeze, "_origins", lambda app, target: (origins or {}, None))
        app = shop_app(FolderSite(tmp_path))
        app.web = Web(pages)
        return lock_freeze.freeze_lock(app, PipOptions(index_url=INDEX, extra_index_urls=extra), **options)

    return freeze


def test_the_wheel_that_is_installed_is_named(frozen: Any) -> None:
    found = frozen(
        {"m": "1.0"},
        {
            "m": page(
                row("m-1.0-py3-none-any.whl"),
                row("m-1.0-cp311-cp311-win_amd64.whl", size=12, **{"upload-time": "2021-05-05T14:18:17.237623Z"}),
                row("m-1.0-1-cp311-cp311-win_amd64.whl", hashes={"sha256": OTHER}),
                row("m-2.0-cp311-cp311-win_amd64.whl"),
                row("m-1.0.tar.gz"),
            )
        },
        {"m": {"WHEEL": "Wheel-Version: 1.0\r\nTag: cp311-cp311-win_amd64\r\n"}},
    )
    (package,) = found["packages"]
    assert package == {
        "name": "m",
        "version": "1.0",
        "index": "https://index.example/simple",
        "wheels": [
            {
                "name": "m-1.0-1-cp311-cp311-win_amd64.whl",
                "url": "https://index.example/files/m-1.0-1-cp311-cp311-win_amd64.whl",
                "hashes": {"sha256": OTHER},
            }
        ],
    }


@pytest.mark.parametrize(
    "about, names, expected",
    [
        ("Tag: py3-none-any", ["m-1-py3-none-any.whl", "m-1-cp311-cp311-win_amd64.whl"], "m-1-py3-none-any.whl"),
        ("Tag: py2-none-any\nTag: py3-none-any", ["m-1-py2.py3-none-any.whl"], "m-1-py2.py3-none-any.whl"),
        ("", ["m-1-py3-none-any.whl", "m-1-cp311-cp311-win_amd64.whl"], "m-1-cp311-cp311-win_amd64.whl"),
        ("", ["m-1-cp310-cp310-win_amd64.whl", "m-1.tar.gz"], "m-1.tar.gz"),
        ("Tag: cp311-cp311-win_amd64\nBuild: 1", [f"m-1-{n}-cp311-cp311-win_amd64.whl" for n in (2, 1)], "m-1-1-"),
        ("Tag: cp311-cp311-win_amd64", ["m-1-py3-none-any.whl", "m-1.tar.gz"], "m-1-py3-none-any.whl"),
    ],
)
def test_which_file_it_is(frozen: Any, about: str, names: list[str], expected: str) -> None:
    (package,) = frozen({"m": "1"}, {"m": page(*map(row, names))}, {"m": {"WHEEL": about}})["packages"]
    assert (package.get("wheels") or [package.get("sdist")])[0]["name"].startswith(expected)


def test_pages_in_html_will_do(frozen: Any) -> None:
    link = f'<a href="/files/m-1-py3-none-any.whl#sha256={SHA}">m</a>'
    (package,) = frozen({"m": "1"}, {"m": (200, HTML, link.encode())})["packages"]
    assert package["wheels"] == [
        {
            "name": "m-1-py3-none-any.whl",
            "url": "https://index.example/files/m-1-py3-none-any.whl",
            "hashes": {"sha256": SHA},
        }
    ]


EXTRA = "https://you:0ther@extra.example/simple"


def on_two(one: tuple[int, str, bytes], other: tuple[int, str, bytes]) -> dict[str, tuple[int, str, bytes]]:
    """The pages of the project m on two indexes."""
    return {f"{INDEX}/m/": one, f"{EXTRA}/m/": other}


@pytest.mark.parametrize(
    "one, other, expected",
    [
        (["m-1.tar.gz"], ["m-1-cp311-cp311-win_amd64.whl"], "m-1-cp311-cp311-win_amd64.whl"),
        (["m-1-py3-none-any.whl"], ["m-1-cp311-cp311-win_amd64.whl"], "m-1-cp311-cp311-win_amd64.whl"),
        (["m-1-cp39-cp39-win32.whl"], ["m-1.tar.gz"], "m-1.tar.gz"),
        (["m-1-cp311-cp311-win_amd64.whl"], ["m-1-cp311-cp311-win_amd64.whl"], "m-1-cp311-cp311-win_amd64.whl"),
        (["m-2-py3-none-any.whl"], ["m-1-py3-none-any.whl"], "m-1-py3-none-any.whl"),
    ],
)
def test_of_two_indexes_the_one_with_the_file(frozen: Any, one: list[str], other: list[str], expected: str) -> None:
    """The first index may have the version in another form than the one that is installed."""
    about = {"m": {"WHEEL": "Tag: cp311-cp311-win_amd64"}}
    pages = on_two(page(*map(row, one)), page(*map(row, other)))
    (package,) = frozen({"m": "1"}, pages, about, extra=(EXTRA,))["packages"]
    assert (package.get("wheels") or [package.get("sdist")])[0]["name"] == expected
    assert package["index"] == ("https://index.example/simple" if expected in one else "https://extra.example/simple")


def test_two_files_of_one_name_are_not_guessed_at(frozen: Any) -> None:
    name = "m-1-py3-none-any.whl"
    pages = on_two(page(row(name)), page(row(name, hashes={"sha256": OTHER})))
    with pytest.raises(PlatformFailed) as caught:
        frozen({"m": "1"}, pages, extra=(EXTRA,))
    assert f"index.example/simple and https://****@extra.example/simple have different files {name}" in (
        caught.value.message
    )
    assert "s3cret" not in caught.value.message and "0ther" not in caught.value.message


def direct(**fields: Any) -> dict[str, str]:
    return {"direct_url.json": json.dumps(fields)}


@pytest.mark.parametrize(
    "origin, expected",
    [
        (
            direct(url="https://me:s3cret@h/x.zip", archive_info={"hash": f"sha256={SHA}"}, subdirectory="lib"),
            {"archive": {"url": "https://h/x.zip", "hashes": {"sha256": SHA}, "subdirectory": "lib"}, "version": "1"},
        ),
        (
            direct(url="https://h/x.git", vcs_info={"vcs": "git", "commit_id": "abc", "requested_revision": "main"}),
            {"vcs": {"type": "git", "url": "https://h/x.git", "requested-revision": "main", "commit-id": "abc"}},
        ),
    ],
)
def test_what_came_from_elsewhere(frozen: Any, origin: Any, expected: Any) -> None:
    found = frozen({"x": "1"}, {}, {"x": origin})
    assert found["packages"] == [{"name": "x", **expected}]
    assert "s3cret" not in to_toml(found)


@pytest.mark.parametrize(
    "pages, origin, sentence",
    [
        ({}, {}, "x 1 (https://****@index.example/simple has no such version)"),
        (
            {"x": page(row("x-1-py3-none-any.whl", hashes={"md5": "ab"}))},
            {},
            "names no SHA-256 of x-1-py3-none-any.whl",
        ),
        ({"x": page(row("x-1-cp39-cp39-win32.whl"))}, {}, "x 1 (the index has no file of it for this Python)"),
        ({}, direct(url="file:///D:/home/site/x", dir_info={}), "which only that app has"),
        (
            {},
            direct(url="https://h/x.zip?sig=s3cret", archive_info={}),
            "https://h/x.zip?****, an address with a secret",
        ),
        ({}, direct(url="https://h/x.zip", archive_info={}), "and its hash was not noted"),
        ({}, {"direct_url.json": "[]"}, "its direct_url.json cannot be read"),
    ],
)
def test_what_is_not_known_is_said(frozen: Any, pages: Any, origin: Any, sentence: str) -> None:
    with pytest.raises(PlatformFailed) as caught:
        frozen({"x": "1"}, pages, {"x": origin})
    assert sentence in caught.value.message and "'shop'" in caught.value.message
    assert "s3cret" not in caught.value.message + str(caught.value.recommendation)


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (
            requests.ConnectionError("me:s3cret"),
            "https://****@index.example/simple cannot be reached from this machine",
        ),
        ((401, "text/plain", b""), "https://****@index.example/simple answers HTTP 401"),
        ((200, JSON, b"[]"), "https://****@index.example/simple is not the page of an index"),
        ((200, JSON, b"{"), "https://****@index.example/simple is not the page of an index"),
    ],
)
def test_without_the_index_there_is_no_lock(frozen: Any, answer: Any, sentence: str, tmp_path: Any) -> None:
    target = tmp_path / "pylock.toml"
    with pytest.raises(RemoteFailed) as caught:
        frozen({"x": "1"}, {"x": answer}, output_file=str(target))
    assert sentence in caught.value.message and "s3cret" not in caught.value.message
    assert not target.exists()


def test_the_lock_is_written_and_read_again(frozen: Any, tmp_path: Any) -> None:
    pages = {
        name: page(row(f"{name}-1-py3-none-any.whl", size=7, **{"upload-time": "2021-05-05T14:18:17Z"}))
        for name in ("b", "a")
    }
    target = tmp_path / "pylock.toml"
    found = frozen({"b": "1", "a": "1"}, pages, output_file=str(target))
    text = target.read_bytes()
    assert text.decode() == to_toml(found) and b"\r" not in text
    frozen({"a": "1", "b": "1"}, pages, output_file=str(target))
    assert target.read_bytes() == text
    Pylock.from_dict(tomllib.loads(text.decode()))
    chosen = select(parse(text, "pylock.toml"), TargetEnvironment("3.11.9", "x64"))
    assert [(each.package.name, each.version) for each in chosen] == [("a", "1"), ("b", "1")]
    with pytest.raises(InvalidInput, match="is not for Python 3.12.1"):
        select(parse(text, "pylock.toml"), TargetEnvironment("3.12.1", "x64"))


@pytest.mark.parametrize("time", ["2021-13-05T14:18:17Z", "2021-02-30T14:18:17Z", "2021-02-03T25:00:00Z", "today"])
def test_a_time_that_is_none_is_left_out(frozen: Any, time: str) -> None:
    found = frozen({"m": "1"}, {"m": page(row("m-1-py3-none-any.whl", **{"upload-time": time}))})
    assert "upload-time" not in tomllib.loads(to_toml(found))["packages"][0]["wheels"][0]


def test_nothing_installed_is_an_empty_lock(frozen: Any) -> None:
    text = to_toml(frozen({}, {}))
    assert Pylock.from_dict(tomllib.loads(text)).packages == []


def test_a_file_that_cannot_be_written(frozen: Any, tmp_path: Any) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        frozen({}, {}, output_file=str(tmp_path / "no" / "pylock.toml"))


@pytest.mark.parametrize(
    "given, sentence",
    [
        (("requirements", INDEX, None, None, False), "--index-url is for locks only"),
        (("requirements", None, None, "x", False), "--output-file is for locks only"),
        (("pylock", None, None, "x", True), "--output-file is for the lock of one app"),
    ],
)
def test_options_that_do_not_go_together(given: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        lock_freeze.lock_options(*given)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), st.integers(0, 10**12))
def test_what_is_written_is_toml(text: str, hashes: dict[str, str], size: int) -> None:
    lock = lock_of(
        [{"name": "a", "version": text, "wheels": [{"url": text, "size": size, "hashes": hashes}]}], "3.11.9"
    )
    assert tomllib.loads(to_toml(lock)) == lock


@pytest.mark.parametrize("default", ["https://default.example/simple/", None])
def test_without_an_index_the_one_of_the_apps_pip_is_asked(monkeypatch, default):
    app = SimpleNamespace(site=SimpleNamespace(label="app 'shop'"))
    asked = []
    monkeypatch.setattr(lock_freeze, "observe", lambda app: None)
    monkeypatch.setattr(lock_freeze, "target_in_use", lambda seen: SimpleNamespace(place="p", version="3.11.9"))
    monkeypatch.setattr(lock_freeze, "present_packages", lambda app, place: {})
    monkeypatch.setattr(lock_freeze, "_origins", lambda app, target: ({}, default))
    monkeypatch.setattr(lock_freeze, "indexes", lambda options, environment: [])
    monkeypatch.setattr(lock_freeze, "_Asked", lambda app, addresses, target: asked.extend(addresses))
    if default is None:
        with pytest.raises(InvalidInput, match="shop"):
            lock_freeze.freeze_lock(app, PipOptions())
    else:
        lock_freeze.freeze_lock(app, PipOptions())
        assert asked == [default]
