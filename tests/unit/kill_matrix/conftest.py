"""A local Azure without a Windows on whose workers the product's commands run, and clients that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import made
from tests.local_azure.windows.index import PackageIndex
from tests.unit.kill_matrix.clients import AzHost
from tests.unit.kill_matrix.worker import WorkerAzure
from tests.unit.runner.job_runtime import WHEELS


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """The package index of the workers."""
    wheels = tmp_path_factory.mktemp("wheels")
    for name, content in WHEELS.items():
        (wheels / name).write_bytes(content)
    with PackageIndex(wheels) as made_index:
        yield made_index


@pytest.fixture(scope="session")
def worker_azure(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerAzure]:
    """The local Azure."""
    with WorkerAzure(tmp_path_factory.mktemp("kill-matrix") / "azure", index.url) as azure:
        yield azure


@pytest.fixture(scope="session")
def host(worker_azure: WorkerAzure, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> AzHost:
    """What az processes are forked from."""
    return AzHost(made("PYTHONAPP_AZ"), worker_azure.env, wheel, tmp_path_factory.mktemp("az"))
