"""How a package of CPython gets to the worker: downloaded and hashed, uploaded in one go, waited for."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import requests

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.download import Digest, download
from azext_pythonapp.appservice.kudu import Entry, Kudu
from azext_pythonapp.errors import Conflict, InvalidInput, NotFound, PlatformFailed, RemoteFailed, UnknownOutcome
from azext_pythonapp.operations.runtime.cpython_upload import await_program
from azext_pythonapp.operations.runtime.install import InstallRequest
from azext_pythonapp.operations.runtime.install_package import PackageRequest
from azext_pythonapp.runtimes.cpython import CPythonBuild
from tests.local_azure import login
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import LinuxAzure
from tests.unit.progress import Recorded

INDEX = "https://api.nuget.org/v3/index.json"
RUNTIME = CPythonBuild("python", "3.13.2", "x64")


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinuxAzure]:
    """A local Azure without Windows, with one app."""
    folder = tmp_path_factory.mktemp("azure")
    with LinuxAzure(folder, folder / "cache") as cloud:
        cloud.add_site("shop")
        yield cloud


@pytest.fixture
def site(azure: LinuxAzure) -> Site:
    """The app."""
    return azure.sites[0]


@pytest.fixture
def kudu(session: requests.Session, site: Site) -> Kudu:
    """A client of the app's SCM site."""
    token = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
    return Kudu(session, site.scm_host, ScmCredentials(site.scm_host, lambda: token, lambda: None), "app 'shop'")


def zipped(**files: bytes) -> io.BytesIO:
    """A zip file, read to its end, as one that was just written."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive


def sha512(content: bytes) -> Digest:
    """As NuGet's catalog gives it."""
    return Digest("SHA-512", base64.b64encode(hashlib.sha512(content).digest()).decode("ascii"), "the catalog")


def test_a_download_is_the_file_of_its_hash(session):
    content = session.get(INDEX).content
    target = io.BytesIO()
    download(session, INDEX, target, sha512(content))
    assert target.getvalue() == content


@pytest.mark.parametrize(
    "url, reason",
    [(INDEX, "SHA-512"), (INDEX + "/nothing", "404"), ("https://elsewhere.invalid/x", "could not be downloaded")],
)
def test_a_download_that_is_not_that_file_fails(session, url, reason):
    with pytest.raises(PlatformFailed, match=reason):
        download(session, url, io.BytesIO(), sha512(b"another"))


def test_an_archive_is_extracted_by_one_request(azure, kudu, site, tmp_path):
    (tmp_path / "big.zip").write_bytes(zipped(**{"a.bin": bytes(2_000_000), "b.txt": b"b"}).getvalue())
    before = len(azure.mutating_requests())
    with (tmp_path / "big.zip").open("rb") as archive:
        kudu.upload_archive("python3132x64", archive)
    assert [(one.method, one.path) for one in azure.mutating_requests()[before:]] == [
        ("PUT", "/api/zip/python3132x64/")
    ]
    assert (site.machine.home / "python3132x64/a.bin").stat().st_size == 2_000_000


def test_body_is_sent_again_when_the_token_was_refused(session, site):
    """The first try sends it all and meets a 401; the second must not send an empty rest."""
    site.basic_auth_allowed, site.switches.bearer_refused = True, True
    client = Kudu(
        session,
        site.scm_host,
        ScmCredentials(site.scm_host, lambda: "token", lambda: (site.publishing_user, site.publishing_password)),
        "app 'shop'",
    )
    try:
        client.upload_archive("second", zipped(**{"b.txt": b"b"}))
    finally:
        site.basic_auth_allowed, site.switches.bearer_refused = False, False
    assert (site.machine.home / "second/b.txt").read_bytes() == b"b"


def test_an_archive_that_is_none_is_a_conflict(kudu):
    with pytest.raises(Conflict, match="could not be extracted to third"):
        kudu.upload_archive("third", io.BytesIO(b"no zip"))


def test_a_cut_upload_is_an_unknown_outcome_and_not_repeated(azure, kudu, site):
    site.switches.archive_cut_times = 1
    before = len(azure.mutating_requests())
    with pytest.raises(UnknownOutcome, match="was cut"):
        kudu.upload_archive("fourth", zipped(**{"b.txt": b"b"}))
    assert len(azure.mutating_requests()) == before + 1


class Folder:
    """Kudu's listing of the runtime's folder. sizes: of python.exe at each look; None: the folder is not there."""

    def __init__(self, *sizes: int | None):
        self._sizes = list(sizes)
        self.now = 0.0

    def home(self) -> str:
        return r"D:\home"

    def list_directory(self, _: str) -> list[Entry]:
        size = self._sizes.pop(0) if len(self._sizes) > 1 else self._sizes[0]
        if size is None:
            raise NotFound("no such folder")
        return [Entry("python.exe", "", size, "", False)] if size else [Entry("Lib", "", 0, "", True)]

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def awaited(folder: Folder) -> float:
    """Wait for a python.exe of 100 bytes; the seconds that it took."""
    app = SimpleNamespace(kudu=folder, site=SimpleNamespace(label="app 'shop'"), progress=Recorded())
    await_program(app, RUNTIME, 100, clock=lambda: folder.now, sleep=folder.sleep)  # type: ignore[arg-type]
    return folder.now


def test_a_cut_upload_is_over_when_python_exe_is_whole():
    assert awaited(Folder(None, 0, 0, 40, 100)) == 20


def test_an_upload_that_never_arrived_is_given_up_after_a_minute():
    folder = Folder(None)
    with pytest.raises(RemoteFailed, match="is incomplete"):
        awaited(folder)
    assert folder.now == 60


def test_extracting_that_does_not_end_is_given_up():
    folder = Folder(40)
    with pytest.raises(UnknownOutcome, match="still not extracted after 15 minutes"):
        awaited(folder)
    assert folder.now == 15 * 60


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"extension_id": "x"}, "--extension-id"),
        ({"package_version": "1"}, "--extension-id"),
        ({"wait": False}, "--no-wait"),
        ({"source": "gallery"}, "cannot be combined"),
        ({}, "read"),
    ],
)
def test_options_that_contradict_a_file_are_refused(options, reason):
    given = {
        "version": None,
        "architecture": None,
        "extension_id": None,
        "package_version": None,
        "source": None,
        "package": "missing.nupkg",
        "wait": True,
        **options,
    }
    with pytest.raises(InvalidInput, match=reason):
        PackageRequest.from_options(**given)


@pytest.mark.parametrize(
    "options, reason",
    [
        ({}, "--version"),
        ({"extension_id": "x"}, "cannot be combined"),
        ({"extension_id": "x", "source": "pythonOrg"}, "cannot be combined with --source pythonOrg"),
        ({"version": "3", "wait": False}, "--no-wait"),
        ({"version": "3", "wait": False, "source": "pythonOrg"}, "--no-wait"),
        ({"extension_id": "pythonapp-python3132x64", "package_version": "3.13.2", "source": None}, "--package-version"),
    ],
)
def test_options_that_contradict_a_build_are_refused(options, reason):
    given = {
        "version": None,
        "architecture": None,
        "extension_id": None,
        "package_version": None,
        "source": "nuget",
        "wait": True,
        "confirmed": True,
        **options,
    }
    with pytest.raises(InvalidInput, match=reason):
        InstallRequest.from_options(**given)


@pytest.mark.parametrize(
    "extension_id, version, architecture",
    [
        ("pythonapp-python3132x64", "3.13.2", "x64"),
        ("PythonApp-Python31311x86", "3.13.11", "x86"),
        ("pythonapp-python3140rc1x64", "3.14.0rc1", "x64"),
    ],
)
def test_an_id_of_our_own_means_a_build(extension_id, version, architecture):
    request = InstallRequest.from_options(
        version=None, architecture=None, extension_id=extension_id, package_version=None, wait=True, confirmed=True
    )
    assert (str(request.spec), request.architecture, request.sources) == (version, architecture, ("nuget", "pythonOrg"))


def test_a_file_is_of_the_source_that_is_named(tmp_path):
    path = tmp_path / "python.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "__install__.json",
            '{"schema": 1, "company": "PythonCore", "id": "pythoncore-3.13-64", "sort-version": "3.13.2"}',
        )
    given = {"version": None, "architecture": None, "extension_id": None, "package_version": None, "wait": True}
    request = PackageRequest.from_options(package=str(path), source="pythonOrg", **given)
    assert request.content == CPythonBuild("pythoncore-3.13-64", "3.13.2", "x64")
    with pytest.raises(InvalidInput, match="does not go with --source nuget"):
        PackageRequest.from_options(package=str(path), source="nuget", **given)
