"""`publish` on the worker without a Windows: what it asks, and what it puts back when a new version does not work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.unit.kill_matrix.clients import AzHost
from tests.unit.kill_matrix.stage import Stage
from tests.unit.kill_matrix.stories import APP, running_app
from tests.unit.kill_matrix.worker import WorkerAzure

FOLDER = {"app.py": APP, "static/style.css": "old\n", "requirements.txt": "left==1.0\n"}
PUBLISH = "publish --src {files}/shop"


@pytest.fixture(scope="module")
def laid_out(worker_azure: WorkerAzure, host: AzHost, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage(worker_azure, host, "shop", tmp_path_factory.mktemp("publish"))
    running_app(stage, ("3.8.10",))
    stage.lay_out({f"shop/{name}": text for name, text in FOLDER.items()})
    stage.run(PUBLISH)
    stage.keep("before")
    return stage


@pytest.fixture
def stage(laid_out: Stage) -> Iterator[Stage]:
    """An app to which a folder was published, in each test as it was at first, and the folder."""
    laid_out.restore("before")
    laid_out.replace("shop", FOLDER)
    yield laid_out
    laid_out.settle()


UNCHANGED = [
    PUBLISH,
    f"{PUBLISH} --clean",
    "set-version --version 3.8",
    "install-requirements",
    "install --version 3.8",
    "web-config set --app app:application",
    "package install --packages left==1.0",
]


@pytest.mark.parametrize("command", UNCHANGED)
def test_no_request_of_an_unchanged_run_is_sent_twice(stage, command):
    stage.run(command, None)
    number = len(stage.requests())
    answer = stage.run(command)
    assert answer.json["changed"] is False, answer
    asked = Counter(f"{one.method} {one.path}" for one in stage.requests()[number:])
    del asked["POST /api/command"]  # one for each program that is run on the worker
    assert not {each: times for each, times in asked.items() if times > 1}
