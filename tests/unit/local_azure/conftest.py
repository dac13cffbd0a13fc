"""A local Azure with plain folders for workers, one per test module, and clients of its hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_azure import arm
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client


@pytest.fixture
def site(azure: LocalAzure, numbers: Iterator[int]) -> Site:
    """An app of this test's own."""
    return azure.add_site(f"app{next(numbers)}")


@pytest.fixture
def kudu(azure: LocalAzure, site: Site) -> Iterator[Client]:
    """A client of the app's SCM site."""
    client = Client(azure, site.scm_host)
    yield client
    client.close()


@pytest.fixture
def management(azure: LocalAzure) -> Iterator[Client]:
    """A client of ARM."""
    client = Client(azure, arm.HOST)
    yield client
    client.close()
