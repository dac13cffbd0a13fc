"""The package index, asked by this Python's own pip and by hand."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_azure.windows import samples
from tests.local_azure.windows.index import PackageIndex


def wheel(folder: Path, name: str, version: str, requires_python: str = "") -> Path:
    """Write a wheel with nothing in it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    requires = f"Requires-Python: {requires_python}\n" if requires_python else ""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
        )
        packed.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{information}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels for old and new Pythons, a name that needs normalizing, and the sdists that every index has."""
    path = tmp_path_factory.mktemp("index")
    wheel(path, "shapes", "1.0", ">=3.6")
    wheel(path, "shapes", "2.0", ">=3.99")
    wheel(path, "Odd_Name.here", "1.0")
    assert samples.write(path) and not samples.write(path)
    (path / ".3.6").write_text("no distribution")
    return path


@pytest.fixture
def index(folder: Path) -> Iterator[PackageIndex]:
    """The index, serving."""
    with PackageIndex(folder) as serving:
        yield serving


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode("utf-8"))


def test_pip_chooses_by_python_and_checks_the_hash(index: PackageIndex, tmp_path: Path) -> None:
    answer = subprocess.run(
        [
            sys.executable,
            "-I",
            "-m",
            "pip",
            "--isolated",
            "download",
            "--disable-pip-version-check",
            "--no-deps",
            "--index-url",
            index.url,
            "--dest",
            tmp_path,
            "shapes",
            "odd-name-here",
        ],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Odd_Name.here-1.0-py3-none-any.whl",
        "shapes-1.0-py3-none-any.whl",
    ]
    assert "/simple/shapes/" in index.requests


def test_a_project_page_has_hashes_and_pythons(index: PackageIndex, folder: Path) -> None:
    digest = hashlib.sha256((folder / "shapes-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    page = get(index.url + "shapes/")
    assert f'href="/files/shapes-1.0-py3-none-any.whl#sha256={digest}" data-requires-python="&gt;=3.6"' in page


def test_uv_asks_for_the_head_of_a_file(index: PackageIndex, folder: Path) -> None:
    name = "shapes-1.0-py3-none-any.whl"
    url = index.url.replace("/simple/", f"/files/{name}")
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10) as answer:
        assert int(answer.headers["Content-Length"]) == (folder / name).stat().st_size and answer.read() == b""


def test_the_list_of_projects(index: PackageIndex) -> None:
    page = get(index.url)
    for name in ("shapes", "odd-name-here", "brokenbuild", "quietbuild"):
        assert f'href="/simple/{name}/"' in page


@pytest.mark.parametrize("path", ["nosuchpackage/", "../files/.3.6", "../files/..%2f..%2fetc%2fpasswd", "../other"])
def test_what_there_is_not(index: PackageIndex, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(index.url + path)
    assert caught.value.code == 404
    caught.value.close()


def test_what_clients_may_cache(index: PackageIndex) -> None:
    """As PyPI has it: a page for ten minutes, a file for ever, and both tell whether they are still the same."""
    file = index.url.replace("/simple/", "/files/shapes-1.0-py3-none-any.whl")
    for url, cached in ((index.url + "shapes/", "max-age=600, public"), (file, "max-age=365000000, immutable, public")):
        with urllib.request.urlopen(url, timeout=10) as answer:
            tag = answer.headers["ETag"]
            assert answer.headers["Cache-Control"] == cached and answer.read()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": tag}), timeout=10)
        with caught.value as error:
            assert (error.code, error.headers["ETag"], error.read()) == (304, tag, b"")


def test_an_index_that_wants_a_sign_in(folder: Path) -> None:
    with PackageIndex(folder, "me@corp:p/ss") as index:
        for given in (None, "me%40corp:p%2Fss", "me@corp:p/ss"):
            request = urllib.request.Request(index.url + "shapes/")
            if given is not None:
                request.add_header("Authorization", "Basic " + base64.b64encode(given.encode()).decode())
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    assert (given, b"shapes-1.0" in answer.read()) == ("me@corp:p/ss", True)
            except urllib.error.HTTPError as error:
                assert (error.code, error.headers["WWW-Authenticate"]) == (401, 'Basic realm="packages"')
                error.close()
        assert index.refused == [None, "me%40corp:p%2Fss"]


def test_the_server_ends_with_its_context(folder: Path) -> None:
    with PackageIndex(folder) as index:
        get(index.url)
    with pytest.raises(urllib.error.URLError):
        get(index.url)
