"""The local Azure, the unmodified az with the built wheel in it, logged in, and apps that belong to one test each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import made
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import Apps, apps_of, overwritten
from tests.scenario.az import Az
from tests.scenario.forked import ForkingAz

HARMLESS = (
    "CONNECT azcliprod.blob.core.windows.net:443",
    "CONNECT raw.githubusercontent.com:443",
    "CONNECT aka.ms:443",
    "CONNECT app.aladdin.microsoft.com:443",
)
"""What az asks for by itself and does without: its version check, now and in az 2.75, its index of extensions, and in
2.75 its advice after a wrong argument."""


@pytest.fixture(scope="session")
def windows() -> Path:
    """The cache of Windows Pythons, wheels and the Wine prefix."""
    return made("PYTHONAPP_WINDOWS")


@pytest.fixture(scope="session")
def package_index(windows: Path) -> Iterator[str]:
    """URL of the package index on loopback."""
    with PackageIndex(windows / "index") as index:
        yield index.url


@pytest.fixture(scope="session")
def azure(
    tmp_path_factory: pytest.TempPathFactory, windows: Path, package_index: str, worker_id: str
) -> Iterator[LocalAzure]:
    """A local Azure of this test process. At its end, nothing but what it serves may have been asked of it."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw"))
    with LocalAzure(tmp_path_factory.mktemp("azure"), windows, package_index, core=number) as cloud:
        yield cloud
        assert set(cloud.refused) <= set(HARMLESS), "something outside of the local Azure was asked for"


@pytest.fixture(scope="session")
def signed_in(azure: LocalAzure, store: Path, wheel: Path) -> dict[str, str]:
    """Environment of an az that is signed in and has the built wheel; its extension folder is not to be written to."""
    home = store / "az"
    environment = azure.env | {
        "AZURE_CONFIG_DIR": str(home / "config"),
        "AZURE_EXTENSION_DIR": str(home / "extensions"),
    }
    with FileLock(store / "az.lock"):
        if not (home / "ready").exists():
            az = Az(made("PYTHONAPP_AZ"), environment, store)
            az("extension add --yes --source", wheel)
            az.sign_in()
            az("webapp python --help")  # so that every copy begins with a warm command index
            (home / "ready").touch()
    return environment


@pytest.fixture(scope="session")
def loaded(signed_in: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> ForkingAz:
    """The az of this test process, loaded once. Modules of az read where its configuration is when they are imported: so
    that is one folder for all tests."""
    config = tmp_path_factory.getbasetemp() / "azure-config"
    return ForkingAz(made("PYTHONAPP_AZ"), signed_in | {"AZURE_CONFIG_DIR": str(config)})


@pytest.fixture
def az(signed_in: dict[str, str], loaded: ForkingAz, tmp_path: Path) -> Az:
    """The unmodified az with the built wheel, signed in, with a configuration that no other test has changed."""
    config = loaded.environment["AZURE_CONFIG_DIR"]
    shutil.rmtree(config, ignore_errors=True)
    shutil.copytree(signed_in["AZURE_CONFIG_DIR"], config)
    return Az(made("PYTHONAPP_AZ"), loaded.environment, tmp_path, loaded)


@pytest.fixture(scope="session")
def prepared(store: Path) -> Iterator[Path]:
    """The folder of prepared homes, with which the apps made from them share files."""
    folder = store / "prepared"
    folder.mkdir(exist_ok=True)
    yield folder
    assert overwritten(folder) == []


@pytest.fixture
def apps(azure: LocalAzure, az: Az, prepared: Path, request: pytest.FixtureRequest) -> Iterator[Apps]:
    """Makes this test's apps."""
    with apps_of(request.node.name, azure, az, prepared) as maker:
        yield maker
