"""A lock in place of a requirements file: what is uploaded, what pip is called with, and what is refused beforehand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from azext_pythonapp.errors import InvalidInput, NotFound, RemoteFailed
from azext_pythonapp.operations.package.installer import parts_of
from azext_pythonapp.operations.package.lock_files import LockedFiles, fetched_lock, local_lock, own_files
from azext_pythonapp.packages import pip
from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.uv_differences import why_pip
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app
from tests.unit.packages.locks import SHA, SIX, lock, package

TARGET = TargetEnvironment("3.11.9", "x64")
WHEEL, CONTENT = "m-1-py3-none-any.whl", b"a wheel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "0" * 40
REPOSITORY = f'\n[[packages]]\nname = "g"\nvcs = {{type = "git", url = "https://h/g.git", commit-id = "{COMMIT}"}}\n'
SDIST = f'sdist = {{url = "https://h/s-1.tar.gz", hashes = {{sha256 = "{SHA}"}}}}\n'


def own(place: str, digest: str = DIGEST) -> str:
    """A package with one wheel. place: its url or path, as TOML."""
    return package("m", "1", f'{{name = "{WHEEL}", {place}, hashes = {{sha256 = "{digest}"}}}}')


def given(folder: Path, content: bytes, wheel_dir: Path | None = None, **options: Any) -> LockedFiles:
    """A lock of this machine."""
    path = folder / "pylock.toml"
    path.write_bytes(content)
    return local_lock(str(path), None, str(wheel_dir) if wheel_dir else None, PipOptions(**options))


def chosen(files: LockedFiles) -> tuple[LockedFiles, list[str]]:
    """The lock for one Python, and what was said."""
    said: list[str] = []
    return files.for_target(TARGET, said.append), said


def with_wheel(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / WHEEL).write_bytes(CONTENT)
    return folder


def test_pip_gets_all_that_a_lock_names_and_no_dependencies(tmp_path: Path) -> None:
    files, said = chosen(given(tmp_path, lock(SIX, package("s", "1", more=SDIST), REPOSITORY)))
    calls = [part.for_pip().arguments for part in parts_of(files, PipOptions())]
    assert calls == [
        ("install", "--no-deps", "--require-hashes", "-r", JobFile("requirements/pylock.txt")),
        ("install", "--no-deps", "--require-hashes", "-r", JobFile("requirements/pylock-sdists.txt")),
        (
            "install",
            "--upgrade",
            "--no-deps",
            "--force-reinstall",
            "-r",
            JobFile("requirements/pylock-repositories.txt"),
        ),
    ]
    assert set(files.uploads) == {
        "requirements/pylock.txt",
        "requirements/pylock.html",
        "requirements/pylock-sdists.txt",
        "requirements/pylock-sdists.html",
        "requirements/pylock-repositories.txt",
    }
    assert [(each.name, each.line) for each in files.parsed] == [("six", 4), ("s", 9), ("g", 14)]
    assert said == [] and files.complete and files.covered


@pytest.mark.parametrize("given_already", [(), ("--force-reinstall",), ("-I", "-v")])
def test_a_new_commit_replaces_one_of_the_same_version(tmp_path: Path, given_already: tuple[str, ...]) -> None:
    """pip since 20.3 leaves what an address gives in the version that is there, even with --upgrade."""
    files, _ = chosen(given(tmp_path, lock(SIX, REPOSITORY)))
    wheels, repositories = parts_of(files, PipOptions(more=given_already))
    assert wheels.options.more == given_already
    assert len({"-I", "--force-reinstall"}.intersection(repositories.for_pip().arguments)) == 1
    if not given_already:
        assert "--reinstall" in repositories.for_uv(TARGET)[0]


def test_the_fingerprint_is_that_of_the_lock(tmp_path: Path) -> None:
    files = given(tmp_path, lock(SIX))
    assert chosen(files)[0].fingerprint == files.fingerprint
    assert given(tmp_path, lock(SIX) + b"# other\n").fingerprint != files.fingerprint


def test_uv_gets_the_same(tmp_path: Path) -> None:
    files, _ = chosen(given(tmp_path, lock(SIX)))
    (part,) = parts_of(files, PipOptions())
    assert why_pip(part.options, part.reads, TARGET) is None
    arguments, _ = part.for_uv(TARGET)
    assert ("--no-deps", "--require-hashes") == arguments[2:4] and arguments[-1] == JobFile("requirements/pylock.txt")


def test_a_wheel_at_a_path_is_uploaded(tmp_path: Path) -> None:
    with_wheel(tmp_path / "wheels")
    files, _ = chosen(given(tmp_path, lock(own(f'path = "wheels/{WHEEL}"'))))
    assert [wheel.name for wheel in files.fitting] == [WHEEL]
    assert files.uploads["requirements/pylock.txt"].decode().splitlines() == [
        "--no-index",
        "--find-links ../wheels.html",
        f"m==1 --hash=sha256:{DIGEST}",
    ]
    assert f"{DIGEST[:16]}/{WHEEL}" in files.uploads["wheels.html"].decode()
    assert "requirements/pylock.html" not in files.uploads


def test_the_very_file_in_wheel_dir_comes_before_its_address(tmp_path: Path) -> None:
    folder = with_wheel(tmp_path / "given")
    (folder / "n-1-py3-none-any.whl").write_bytes(b"other")
    content = lock(SIX, own(f'url = "https://h/{WHEEL}"'))
    files, said = chosen(given(tmp_path, content, folder))
    assert [wheel.name for wheel in files.fitting] == [WHEEL]
    assert WHEEL not in files.uploads["requirements/pylock.html"].decode()
    assert said == [
        f"Warning: not uploaded, because {tmp_path}/pylock.toml names other files for Python 3.11.9 x64: "
        "n-1-py3-none-any.whl."
    ]
    with pytest.raises(InvalidInput, match=r"six \(six-1.16.0.*\) is not among the wheels of --wheel-dir"):
        chosen(given(tmp_path, content, folder, no_index=True))
    files, _ = chosen(given(tmp_path, lock(own(f'url = "https://h/{WHEEL}"')), folder, no_index=True))
    assert [wheel.name for wheel in files.fitting] == [WHEEL]


def test_an_index_that_is_named_has_the_files(tmp_path: Path) -> None:
    files, _ = chosen(given(tmp_path, lock(SIX), index_url="https://me:s3cret@h/simple"))
    assert files.uploads == {"requirements/pylock.txt": f"six==1.16.0 --hash=sha256:{SHA}\n".encode()}
    (part,) = parts_of(files, PipOptions(index_url="https://me:s3cret@h/simple"))
    call = part.for_pip()
    assert call.environment == {"PIP_INDEX_URL": "https://me:s3cret@h/simple"}
    assert "s3cret" not in repr(call.arguments)


def test_a_secret_in_an_address_stays_in_a_file_that_is_deleted(tmp_path: Path) -> None:
    content = lock(own(f'url = "https://me:s3cret@h/{WHEEL}?sig=t0ken"'))
    files, _ = chosen(given(tmp_path, content))
    page = files.uploads["requirements/pylock.html"]
    assert b"s3cret" in page and pip.has_credentials(page)
    shown = repr([part.for_pip() for part in parts_of(files, PipOptions())]) + repr(files.parsed) + repr(files.name)
    assert "s3cret" not in shown and "t0ken" not in shown
    assert all(b"s3cret" not in text for name, text in files.uploads.items() if name != "requirements/pylock.html")


@pytest.mark.parametrize(
    "content, options, sentence",
    [
        (lock(own('path = "no.whl"')), {}, "no.whl', which is not there"),
        (lock(own(f'path = "w/{WHEEL}"', SHA)), {}, "its sha256 is not that of the lock"),
        (lock(package("s", "1", more=SDIST)), {"only_binary": ":all:"}, "which --only-binary forbids"),
        (lock(package("s", "1", more=SDIST)), {"only_binary": "a, s"}, "which --only-binary forbids"),
        (lock(package("s-s", "1", more=SDIST.replace("s-1", "s_s-1"))), {"only_binary": "S_s"}, "forbids"),
        (lock(REPOSITORY), {"require_hashes": True}, "--require-hashes wants one"),
        (lock(REPOSITORY), {"no_index": True}, "g is not among the wheels of --wheel-dir"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, content: bytes, options: Any, sentence: str) -> None:
    with_wheel(tmp_path / "w")
    with pytest.raises(InvalidInput) as caught:
        chosen(given(tmp_path, content, **options))
    assert sentence in caught.value.message and caught.value.recommendation


def test_options_that_contradict_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_bytes(lock(SIX))
    with pytest.raises(InvalidInput, match="-c cannot be combined with"):
        local_lock(str(path), "constraints.txt", None, PipOptions())
    with pytest.raises(InvalidInput, match="--uploaded-prior-to cannot be combined with"):
        local_lock(str(path), None, None, PipOptions(uploaded_prior_to="P7D"))
    with pytest.raises(InvalidInput, match="The lock file '.*' cannot be read"):
        local_lock(str(tmp_path / "no" / "pylock.toml"), None, None, PipOptions())


def test_a_newer_lock_is_said(tmp_path: Path) -> None:
    _, said = chosen(given(tmp_path, lock(SIX).replace(b'"1.0"', b'"1.3"')))
    assert len(said) == 1 and "lock-version 1.3" in said[0]


def shop(folder: Path, **files: bytes) -> Any:
    """The app with files in its wwwroot."""
    root = folder / "site" / "wwwroot"
    root.mkdir(parents=True)
    for name, content in files.items():
        (root / name.replace("_", ".")).write_bytes(content)
    configuration = SimpleNamespace(physical_root=r"site\wwwroot")
    return shop_app(FolderSite(folder), arm=SimpleNamespace(configuration=lambda *_: configuration))


def test_requirements_come_before_a_lock_of_the_app(tmp_path: Path) -> None:
    both = own_files(shop(tmp_path / "a", pylock_toml=b"no lock", requirements_txt=b"six\n"), None, None)
    assert both.name == "requirements.txt" and not both.complete
    alone = own_files(shop(tmp_path / "b", pylock_toml=lock(SIX)), None, None)
    assert alone.complete and alone.covered and list(alone.watched) == ["site/wwwroot/pylock.toml"]
    with pytest.raises(NotFound, match="has no requirements.txt"):
        own_files(shop(tmp_path / "c"), None, None)
    with pytest.raises(InvalidInput, match="pylock.toml of app 'shop' is not TOML"):
        own_files(shop(tmp_path / "d", pylock_toml=b"six==1"), None, None)


def test_a_path_in_a_lock_of_the_app_leads_to_its_files(tmp_path: Path) -> None:
    files = own_files(shop(tmp_path / "a", pylock_toml=lock(own(f'path = "./w/{WHEEL}"'))), None, None)
    found = files.for_target(TARGET, lambda line: None)
    assert (
        f'"../../../../../site/wwwroot/w/{WHEEL}#sha256={DIGEST}"' in found.uploads["requirements/pylock.html"].decode()
    )
    assert not found.covered and found.fitting == ()
    for number, path in enumerate(("../x.whl", "/x.whl", "D:/x.whl")):
        outside = own_files(shop(tmp_path / str(number), pylock_toml=lock(own(f'path = "{path}"'))), None, None)
        with pytest.raises(InvalidInput, match="not below the app's files"):
            outside.for_target(TARGET, lambda line: None)


class Web:
    def __init__(self, status: int, content: bytes):
        self._answer = requests.Response()
        self._answer.status_code, self._answer._content = status, content
        self._answer._content_consumed = True  # type: ignore[attr-defined]

    def get(self, url: str, **_: Any) -> Any:
        answer = self._answer

        class Open:
            def __enter__(self) -> requests.Response:
                return answer

            def __exit__(self, *_: object) -> None:
                pass

        return Open()


def test_a_lock_at_an_address(tmp_path: Path) -> None:
    url = "https://me:s3cret@h/pylock.toml?sig=t0ken"
    app = shop(tmp_path)
    app.web = Web(200, lock(SIX))
    files = fetched_lock(app, url, None, None, PipOptions())
    assert files.name == "https://****@h/pylock.toml?****" and files.covered
    app.web = Web(200, lock(own('path = "x.whl"')))
    with pytest.raises(InvalidInput, match="leads nowhere from an address"):
        chosen(fetched_lock(app, url, None, None, PipOptions()))
    app.web = Web(403, b"")
    with pytest.raises(RemoteFailed, match="answers HTTP 403") as caught:
        fetched_lock(app, url, None, None, PipOptions())
    assert "s3cret" not in caught.value.message and "t0ken" not in caught.value.message
