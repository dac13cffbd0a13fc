"""What unit and scenario tests share: where `make` put the wheel and az."""

from __future__ import annotations

import os
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# The name under which a test of the kill matrix reports its totals.
TOTALS = "kill matrix"
REPOSITORY = Path(__file__).resolve().parent.parent
# When this process began to run tests, and after how many minutes it starts no costly ones any more; 0 for no limit.
BEGAN, MINUTES = time.monotonic(), float(os.environ.get("PYTHONAPP_MINUTES") or 0)
# After so many times these minutes it starts no scenarios either.
LATER = 4 / 3
# Bytes up to this length stand in the name of a test, if they are text.
LONGEST_IN_NAMES = 60

# Unit tests import the door, which derives from az's classes: az's packages come after the tests' own.
if "PYTHONAPP_AZ" in os.environ:
    VENV = str(Path(os.environ["PYTHONAPP_AZ"]).parent.parent)
    sys.path.append(sysconfig.get_path("purelib", vars={"base": VENV, "platbase": VENV}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put unit tests first and costly tests last, and of each kind the longest first."""
    items.sort(key=lambda item: (is_costly(item), is_scenario(item), not item.get_closest_marker("long")))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by what a file is for, and not by all of its content: a zip file has the time in it.

    Each process of a run that has several collects the tests by itself, and they have to have the same names.
    """
    return argname if isinstance(val, bytes) and (len(val) > LONGEST_IN_NAMES or b"\0" in val) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave tests out for which a run that has a limit has no time: costly ones, and later scenarios."""
    limit = MINUTES if is_costly(item) else MINUTES * LATER if is_scenario(item) else 0
    if limit and time.monotonic() - BEGAN > 60 * limit:
        pytest.skip(f"the tests before it took {limit:g} minutes; `make test` without MINUTES runs it")


def is_costly(item: pytest.Item) -> bool:
    """Whether a test looks once more, at great cost, at what others look at."""
    return item.get_closest_marker("costly") is not None


def is_scenario(item: pytest.Item) -> bool:
    """Whether a test runs az against the local Azure."""
    return "scenario" in item.path.parts


def made(variable: str) -> Path:
    """The path in the environment variable that `make test` sets; without it the test fails and says how to run it."""
    if variable not in os.environ:
        pytest.fail(f"{variable} is not set: run the tests with make test ARGS='-k name'", pytrace=False)
    return Path(os.environ[variable])


@pytest.fixture(scope="session", autouse=True)
def heard() -> Iterator[None]:
    """Let tests, and the programs that they start, hear Ctrl-C, also in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the kill matrix came to (tests/unit/kill_matrix), in this process also when others ran the tests."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [value for each in reports if each.when == "call" for name, value in each.user_properties if name == TOTALS]
    if not rows:
        return
    keys = ("requests", "kills", "unfinished", "ways", "broken")
    words = "{kills} kills, {unfinished} unfinished changes, {ways} ways on, {broken} broken"
    terminalreporter.section("kill matrix")
    stories = sorted({str(row["story"]) for row in rows})
    for story in [*stories, None]:
        total = {key: sum(row[key] for row in rows if story in (None, row["story"])) for key in keys}
        what = f"{len(stories)} commands" if story is None else story
        terminalreporter.line(f"{what}: {total['requests']} requests, {words.format(**total)}")
