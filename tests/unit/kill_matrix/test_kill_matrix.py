"""The client is killed at each request of each command that changes an app; the app is none the worse for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TOTALS
from tests.unit.kill_matrix.clients import AzHost
from tests.unit.kill_matrix.matrix import Matrix
from tests.unit.kill_matrix.stage import Stage
from tests.unit.kill_matrix.stories import STORIES
from tests.unit.kill_matrix.worker import WorkerAzure

pytestmark = pytest.mark.costly

PLAYED = [
    pytest.param(story, part, id=f"{story.name.replace(' ', '-')}-{part + 1}")
    for story in STORIES
    for part in range(story.parts)
]


@pytest.mark.parametrize("story, part", PLAYED)
def test_a_killed_client(story, part, worker_azure: WorkerAzure, host: AzHost, tmp_path: Path, record_property):
    name = f"{story.name.replace(' ', '-')}-{part}"
    totals = Matrix(Stage(worker_azure, host, name, tmp_path), story, part, story.parts).play()
    record_property(TOTALS, totals.row())
    assert not totals.broken, "\n\n".join(totals.broken)
