"""What unit and scenario tests share: where `make` put the wheel and az."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Unit tests import the door, which derives from az's classes: az's packages come after the tests' own.
if "PYTHONAPP_AZ" in os.environ:
    VENV = str(Path(os.environ["PYTHONAPP_AZ"]).parent.parent)
    sys.path.append(sysconfig.get_path("purelib", vars={"base": VENV, "platbase": VENV}))


def made(variable: str) -> Path:
    """The path in the environment variable that `make test` sets; without it the test fails and says how to run it."""
    if variable not in os.environ:
        pytest.fail(f"{variable} is not set: run the tests with make test ARGS='-k name'", pytrace=False)
    return Path(os.environ[variable])


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The built wheel of the extension."""
    return made("PYTHONAPP_WHEEL")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent
