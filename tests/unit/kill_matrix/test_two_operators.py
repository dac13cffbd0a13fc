"""Two az processes at one app: one of them changes it, the other one is told so, and readers never wait."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.local_azure import login
from tests.unit.kill_matrix.clients import AzHost, Client
from tests.unit.kill_matrix.gate import Hold
from tests.unit.kill_matrix.matrix import LEFT
from tests.unit.kill_matrix.stage import OWN, Stage
from tests.unit.kill_matrix.stories import running_app
from tests.unit.kill_matrix.worker import WorkerAzure

SWITCH = "set-version --version 3.11"
WRITES = "PUT /api/vfs/site/wwwroot/web.config"
READERS = ("show", "list", "package list", "history list", "job list", "web-config show", f"{SWITCH} --dry-run")


@pytest.fixture(scope="module")
def laid_out(worker_azure: WorkerAzure, host: AzHost, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage(worker_azure, host, "two-operators", tmp_path_factory.mktemp("two"))
    running_app(stage)
    stage.keep("before")
    return stage


@pytest.fixture
def stage(laid_out: Stage) -> Iterator[Stage]:
    """An app that runs Python 3.8, in each test as it was at first."""
    laid_out.restore("before")
    yield laid_out
    laid_out.settle()


def held(stage: Stage) -> Hold:
    """What keeps the client that switches web.config from doing it."""
    return Hold(stage.azure.gate, WRITES)


def started(stage: Stage, hold: Hold) -> Client:
    """A client that is about to switch web.config."""
    client = stage.host.start(stage.words(SWITCH))
    hold.wait()
    return client


@pytest.fixture
def interrupted(stage: Stage) -> Stage:
    """An app whose client was killed as it was about to switch web.config."""
    with held(stage) as hold:
        client = started(stage, hold)
        client.kill()
        client.wait()
    stage.settle()
    return stage


def lease(stage: Stage) -> Path:
    return stage.home / OWN / "lease.json"


@pytest.mark.parametrize("second", ["web-config set --app app:second", SWITCH, "uninstall --version 3.11 --yes"])
def test_the_second_is_refused_and_told_by_whom(stage, second):
    before = stage.picture()
    with held(stage) as hold:
        first = started(stage, hold)
        refused = stage.run(second, expect=1)
        assert stage.picture() == before
    assert first.wait().status == 0
    assert f"`set-version` of {login.CLIENT_ID}" in refused.stderr, str(refused)
    assert "Nothing was changed" in refused.stderr and "app 'two-operators'" in refused.stderr


def test_readers_never_wait_and_call_nothing_unfinished(stage):
    with held(stage) as hold:
        first = started(stage, hold)
        for reader in READERS:
            answer = stage.run(reader)
            assert "not finished" not in answer.stderr, str(answer)
    assert first.wait().status == 0


def test_the_second_works_when_the_first_has_ended(stage):
    stage.run(SWITCH)
    assert stage.run("web-config set --app app:second").json["changed"] is True
    assert [each["state"] for each in stage.records()] == ["succeeded"] * 3


def test_a_lease_of_another_machine_ends_by_itself(interrupted):
    """Whether a process of another machine lives is not known, so its lease is looked at until it has expired."""
    stage, soon = interrupted, datetime.now(timezone.utc) + timedelta(seconds=5)
    fields = json.loads(lease(stage).read_bytes())
    lease(stage).write_text(json.dumps(fields | {"owner": "elsewhere", "expires_at": f"{soon:%Y-%m-%dT%H:%M:%SZ}"}))
    answer = stage.run("web-config set --app app:second")
    assert "Looking for up to 60 s whether `set-version`" in answer.stderr, str(answer)
    assert answer.json["changed"] is True


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_torn_lease_hides_no_interrupted_change(interrupted, size):
    stage = interrupted
    unfinished = stage.unfinished()
    lease(stage).write_bytes(lease(stage).read_bytes()[:size])
    said = [found for line in stage.run("show").stderr.splitlines() if (found := LEFT.match(line))]
    assert [each["id"] for each in said] == [unfinished]
    # None where the request that was held back was carried out after all: then there is nothing left to do.
    assert stage.run(SWITCH).json["changeId"] in (unfinished, None)
    assert stage.record(unfinished)["state"] == "succeeded"
    assert not lease(stage).exists()
