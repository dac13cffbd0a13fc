"""An app of the local Azure for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import LinuxAzure


@pytest.fixture
def site(azure: LinuxAzure, numbers: Iterator[int]) -> Site:
    """An app of this test's own, with its home directory empty but for wwwroot."""
    return azure.add_site(f"shop{next(numbers)}")
