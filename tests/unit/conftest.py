"""A local Azure without Windows, for the unit tests that speak HTTP through a real socket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import requests

from tests.unit.local_azure.linux_azure import LinuxAzure


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinuxAzure]:
    """A local Azure without Windows."""
    folder = tmp_path_factory.mktemp("azure")
    with LinuxAzure(folder, folder / "cache") as cloud:
        yield cloud


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers that tell the apps of this module apart."""
    return itertools.count(1)


@pytest.fixture
def session(azure: LinuxAzure) -> Iterator[requests.Session]:
    """A session that goes through the local Azure's proxy and trusts its certificate authority only."""
    with requests.Session() as opened:
        opened.trust_env = False
        opened.proxies = {"https": azure.env["HTTPS_PROXY"]}
        opened.verify = azure.env["REQUESTS_CA_BUNDLE"]
        yield opened
