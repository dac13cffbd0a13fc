"""An app of the local Azure, whose files are changed through its SCM site, and a folder of this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu import Kudu
from tests.local_azure import login
from tests.local_azure.site import Site
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

ROOT = "site/wwwroot"


@dataclass(frozen=True)
class Local:
    """A file of this machine, as `publish` reads it."""

    path: str
    file: Path

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path):
        self.path = path

    def __setitem__(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def __delitem__(self, name: str) -> None:
        (self.path / name).unlink()

    @property
    def files(self) -> list[Local]:
        found = sorted(path for path in self.path.rglob("*") if path.is_file())
        return [Local(path.relative_to(self.path).as_posix(), path) for path in found]


@pytest.fixture
def folder(tmp_path) -> Folder:
    """An empty folder."""
    path = tmp_path / "src"
    path.mkdir()
    return Folder(path)


@pytest.fixture
def site(azure, numbers) -> Iterator[Site]:
    """An app of this test's own."""
    made = azure.add_site(f"shop-{next(numbers)}")
    yield made
    azure.remove_site(made)


@pytest.fixture
def app(session, site) -> App:
    """The app, opened; only its SCM site is asked."""
    token = login.issue_token("https://appservice.azure.com/", login.CLIENT_ID)
    credentials = ScmCredentials(site.scm_host, lambda: token, lambda: None)
    kudu = Kudu(session, site.scm_host, credentials, "app 'shop'")
    arm = SimpleNamespace(configuration=lambda site: SimpleNamespace(physical_root=r"site\wwwroot"))
    return App(shop_site(), arm, kudu, session, Recorded(), "az webapp python publish -g rg -n shop --src .")


@pytest.fixture
def root(site) -> Path:
    """The app's wwwroot, as a folder of this machine."""
    return site.machine.home / "site" / "wwwroot"


def content_of(root: Path) -> dict[str, str]:
    """What is in a folder: text by name."""
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def age(path: Path, seconds: int = 100) -> None:
    """Let a file have been written so long ago."""
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))
