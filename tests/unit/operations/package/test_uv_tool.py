"""Bringing uv to an app: once, whole, and from where the user has packages; what cannot be had is left to the worker."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from azext_pythonapp.errors import Conflict, Interrupted, NotFound, UnknownOutcome
from azext_pythonapp.operations.package import uv_tool
from azext_pythonapp.operations.package.uv_index import indexes
from azext_pythonapp.operations.package.uv_tool import bring
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.uv import Build
from tests.unit.page_server import PageServer, plain
from tests.unit.progress import Recorded

PROGRAM = b"MZ" + bytes(range(256)) * 400
NAME = "uv-0.13.9-py3-none-win_amd64.whl"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def wheel_with(program):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("uv-0.13.9.data/scripts/uv.exe", program)
        bundle.writestr("uv-0.13.9.dist-info/METADATA", "Name: uv\n")
    return archive.getvalue()


WHEEL = wheel_with(PROGRAM)
BUILD = Build(NAME, sha256(WHEEL), sha256(PROGRAM), len(PROGRAM), "data/pythonapp/tools/uv-0.13.9")


class Worker:
    """A Kudu that keeps one folder. cut: the connection is cut, and so many listings later all has been extracted."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.writes = 0
        self.listings = 0
        self.cut: int | None = None
        self.refuses: Exception | None = None
        self.late: dict[str, bytes] = {}

    def list_directory(self, path):
        assert path == BUILD.folder
        self.listings += 1
        if self.late and self.cut is not None:
            self.cut -= 1
            if self.cut < 0:
                self.files.update(self.late)
        if not self.files:
            raise NotFound("no such folder")
        return [SimpleNamespace(name=name, size=len(content)) for name, content in self.files.items()]

    def upload_archive(self, folder, archive):
        assert folder == BUILD.folder
        self.writes += 1
        if self.refuses is not None:
            raise self.refuses
        bundle = zipfile.ZipFile(io.BytesIO(archive.read()))
        self.order = bundle.namelist()
        files = {name: bundle.read(name) for name in self.order}
        if self.cut is not None:
            self.late = files
            raise UnknownOutcome("cut")
        self.files.update(files)


@pytest.fixture
def app(monkeypatch, tmp_path):
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with requests.Session() as session:
        site = SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop")
        yield SimpleNamespace(kudu=Worker(), progress=Recorded(), site=site, web=session)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / NAME).write_bytes(WHEEL)
    return str(tmp_path / "wheels")


@pytest.fixture
def index():
    """An index that wants a user, on /simple; its file is on /files of the same host. pages: what it answers."""
    pages = {"/simple/uv/": plain(200, f'<a class="x" href="../../files/{NAME}#sha256=0">{NAME}</a>')}
    pages[f"/files/{NAME}"] = plain(200, "").replace(b"Content-Length: 0", b"Content-Length: %d" % len(WHEEL)) + WHEEL
    expected = "Basic " + base64.b64encode(b"reader:s3cr/t").decode()

    def answer(path, headers, write):
        signed_in = headers.get("authorization") == expected
        write(pages.get(path, plain(404)) if signed_in else plain(401, WWW_Authenticate="Basic"))

    server = PageServer(answer)
    server.pages = pages
    server.index_url = server.url.replace("://", "://reader:s3cr%2Ft@") + "/simple"
    yield server
    server.close()


def is_complete(app):
    return app.kudu.files == {"uv.exe": PROGRAM, BUILD.marker: b""}


def test_a_wheel_of_the_folder_goes_up_in_one_request(app, folder):
    begun = []
    bring(app, BUILD, PipOptions(), folder, lambda: begun.append(app.kudu.writes))
    assert is_complete(app) and (app.kudu.writes, begun) == (1, [0])
    assert app.kudu.order == ["uv.exe", BUILD.marker]  # the marker last: it says that the rest is there
    bring(app, BUILD, PipOptions(), folder, lambda: begun.append(1))
    assert (app.kudu.writes, app.kudu.listings, begun) == (1, 2, [0])


@pytest.mark.parametrize(
    "torn", [{"uv.exe": PROGRAM}, {"uv.exe": PROGRAM[:-1], BUILD.marker: b""}, {BUILD.marker: b""}]
)
def test_a_torn_one_is_brought_again(app, folder, torn):
    app.kudu.files.update(torn)
    bring(app, BUILD, PipOptions(), folder)
    assert is_complete(app)


def test_one_of_the_index_of_the_packages(app, index):
    bring(app, BUILD, PipOptions(index_url=index.index_url), None)
    assert is_complete(app) and [path for path, _ in index.asked] == ["/simple/uv/", f"/files/{NAME}"]
    assert "s3cr" not in "".join(app.progress.said)


def test_one_of_the_index_of_this_machine(app, index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", index.index_url)
    bring(app, BUILD, PipOptions(), None)
    assert is_complete(app)


def test_credentials_go_to_no_other_host(app, index):
    other = PageServer(lambda path, headers, write: write(plain(404)))
    index.pages["/simple/uv/"] = plain(200, f'<a href="{other.url}/files/{NAME}">{NAME}</a>')
    bring(app, BUILD, PipOptions(index_url=index.index_url), None)
    assert [headers.get("authorization") for _, headers in other.asked] == [None] and not app.kudu.writes
    other.close()


@pytest.mark.parametrize(
    "page, said",
    [
        (plain(404), "answers HTTP 404"),
        (plain(200, '<a href="uv-0.13.9-py3-none-win32.whl">x</a>'), f"has no {NAME}"),
        (plain(503), "answers HTTP 503"),
    ],
)
def test_an_index_without_it_is_said_and_no_failure(app, index, page, said):
    index.pages["/simple/uv/"] = page
    bring(app, BUILD, PipOptions(index_url=index.index_url), None)
    assert (
        not app.kudu.writes and said in app.progress.said[-1] and "so the worker looks for it" in app.progress.said[-1]
    )
    assert "s3cr" not in app.progress.said[-1]


def test_an_unreachable_index_is_said_and_no_failure(app, index):
    index.close()
    bring(app, BUILD, PipOptions(index_url=index.index_url), None)
    assert not app.kudu.writes and "so the worker looks for it" in app.progress.said[-1]
    assert "s3cr" not in app.progress.said[-1]


@pytest.mark.parametrize("link", ["https://[x/", "//[::1/"])
def test_a_link_that_is_no_address_is_said_and_no_failure(app, index, link):
    index.pages["/simple/uv/"] = plain(200, f'<a href="{link}{NAME}">{NAME}</a>')
    bring(app, BUILD, PipOptions(index_url=index.index_url), None)
    assert app.kudu.writes == 0 and "s3cr" not in "".join(app.progress.said)
    assert "so the worker looks for it" in "".join(app.progress.said)


@pytest.mark.parametrize("address", ["https://[x/simple", "https://.example/simple", "https://a b/simple"])
def test_an_index_that_is_no_address_is_said_and_no_failure(app, address):
    bring(app, BUILD, PipOptions(index_url=address), None)
    assert app.kudu.writes == 0 and "so the worker looks for it" in "".join(app.progress.said)


def test_a_user_without_a_home_has_no_settings_there(app, monkeypatch):
    monkeypatch.delenv("PIP_CONFIG_FILE")

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    bring(app, BUILD, PipOptions(), None)
    assert app.kudu.writes == 0


def test_a_worker_that_lists_nothing_is_said_and_no_failure(app, folder, monkeypatch):
    def refuse(path):
        raise Conflict("busy.")

    monkeypatch.setattr(app.kudu, "list_directory", refuse)
    bring(app, BUILD, PipOptions(), folder)
    assert "uv could not be brought to app 'shop': busy." in "".join(app.progress.said)


def test_a_second_index_is_asked_after_the_first(app, index):
    first = PageServer(lambda path, headers, write: write(plain(404)))
    options = PipOptions(index_url=first.url, extra_index_urls=(index.index_url,))
    bring(app, BUILD, options, None)
    assert is_complete(app) and first.asked
    first.close()


@pytest.mark.parametrize("source", ["folder", "index"])
def test_another_file_than_the_expected_one_is_never_uploaded(app, index, folder, source):
    other = wheel_with(PROGRAM + b"!")
    index.pages[f"/files/{NAME}"] = plain(200).replace(b"Length: 0", b"Length: %d" % len(other)) + other
    (Path(folder) / NAME).write_bytes(other)
    bring(app, BUILD, PipOptions(index_url=index.index_url), folder if source == "folder" else None)
    assert not app.kudu.writes and "is not the expected file" in app.progress.said[-1]


def test_without_an_index_of_ones_own_nothing_is_asked(app):
    bring(app, BUILD, PipOptions(), None)
    assert not app.kudu.writes and app.progress.said == []


def test_no_index_means_no_request(app, index):
    bring(app, BUILD, PipOptions(index_url=index.index_url, no_index=True), None)
    assert index.asked == [] and not app.kudu.writes


def test_what_arrives_after_a_cut_connection_is_taken(app, folder):
    app.kudu.cut = 2
    slept = []
    bring(app, BUILD, PipOptions(), folder, sleep=slept.append)
    assert is_complete(app) and app.kudu.writes == 1 and len(slept) == 2


def test_what_never_arrives_is_said(app, folder):
    app.kudu.cut = 1000
    bring(app, BUILD, PipOptions(), folder, sleep=lambda seconds: None)
    assert "The worker looks for it" in app.progress.said[-1]


def test_a_full_disk_is_no_failure_of_this_step(app, folder):
    app.kudu.refuses = Conflict("The disk is full.")
    bring(app, BUILD, PipOptions(), folder)
    assert app.progress.said[-1] == "uv could not be brought to app 'shop': The disk is full."


def test_an_interruption_says_that_nothing_was_installed(app, folder, monkeypatch):
    app.kudu.refuses = KeyboardInterrupt()
    monkeypatch.setattr(uv_tool, "again_advice", lambda app: "again")
    with pytest.raises(Interrupted, match="uv was being brought to app 'shop'; nothing was installed"):
        bring(app, BUILD, PipOptions(), folder)


@pytest.mark.parametrize(
    "options, environment, expected",
    [
        (PipOptions(index_url="https://a/s"), {"PIP_INDEX_URL": "https://b/s"}, ["https://a/s"]),
        (PipOptions(), {"PIP_INDEX_URL": "https://b/s", "UV_INDEX_URL": "https://c/s"}, ["https://b/s"]),
        (PipOptions(), {"UV_DEFAULT_INDEX": "https://c/s"}, ["https://c/s"]),
        (
            PipOptions(extra_index_urls=("https://d/s",)),
            {"PIP_INDEX_URL": "https://b/s"},
            ["https://b/s", "https://d/s"],
        ),
        (PipOptions(), {"PIP_INDEX_URL": "file:///srv/index"}, []),
        (PipOptions(), {}, []),
        (PipOptions(index_url="https://a/s", no_index=True), {}, []),
    ],
)
def test_whose_index_is_asked(app, options, environment, expected):
    assert indexes(options, {"PIP_CONFIG_FILE": "/dev/null", **environment}) == expected


def test_the_settings_file_of_pip(app, tmp_path):
    path = tmp_path / "pip.conf"
    path.write_text("[global]\nindex-url = https://a/s\n")
    assert indexes(PipOptions(), {"PIP_CONFIG_FILE": str(path)}) == ["https://a/s"]
    path.write_text("no settings\n")
    assert indexes(PipOptions(), {"PIP_CONFIG_FILE": str(path), "XDG_CONFIG_HOME": str(tmp_path)}) == []
