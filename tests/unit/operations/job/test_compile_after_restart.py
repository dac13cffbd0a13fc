"""Whoever restarts the app after a job has its packages compiled, because the restart ends what the SCM site runs."""

from __future__ import annotations

import json

import pytest

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER, START, markers
from tests.unit.operations.job.test_pending_restart import EARLIER, JOB, World

PYTHON = "D:\\home\\python3810x64\\python.exe"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def ended(world: World, job_id: str, **fields: object) -> None:
    """A job that is over, with what its state says besides."""
    folder = world.kudu.home / "data/pythonapp/jobs" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(json.dumps({"state": "succeeded", "phase": "done", "compiled": False, **fields}))
    (folder / "request.json").write_text(json.dumps({"python": PYTHON}))


def started(world: World) -> list[str]:
    """The jobs in whose folder a command was started."""
    return [each.rpartition("/")[2] for each in world.kudu.requests if each.startswith("start ")]


def test_the_packages_are_compiled_after_the_restart(world):
    world.note(JOB, RESTART)
    ended(world, JOB)
    seen = []

    def look(request):
        if request.startswith("start "):
            seen.extend([list(world.arm.done), markers_left(world)])

    world.kudu.before_request = look
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert seen == [["restart"], []] and started(world) == [JOB]
    assert world.kudu.pending[0].process.args == f'"{PYTHON}" -u -B -E -s runner/__main__.py compile'


def markers_left(world: World) -> list[str]:
    return [each.name for each in (world.kudu.home / "data/pythonapp/left").iterdir()]


def test_what_an_earlier_client_left_is_compiled_too(world):
    for job_id in (EARLIER, JOB):
        world.note(job_id, RESTART_LATER)
        ended(world, job_id)
    world.finish()
    assert started(world) == [EARLIER, JOB]


@pytest.mark.parametrize(
    "fields", [{"compiled": None}, {"compiled": True}, {"state": "failed"}, {"state": "canceled", "compiled": None}]
)
def test_where_nothing_is_left_to_compile_nothing_is_started(world, fields):
    world.note(JOB, RESTART)
    ended(world, JOB, **fields)
    world.finish(own=[JOB], changed=True)
    assert world.arm.done == ["restart"] and started(world) == []


def test_a_started_app_is_no_other_case(world):
    world.arm.state = world.at_opening = "Stopped"
    world.note(JOB, START)
    world.note(JOB, RESTART)
    ended(world, JOB)
    world.finish(own=[JOB], changed=True)
    assert world.arm.done == ["start"] and started(world) == [JOB]


@pytest.mark.parametrize("error", [PlatformFailed("no answer"), KeyboardInterrupt()])
def test_a_failure_is_of_no_concern(world, error):
    world.note(JOB, RESTART)
    ended(world, JOB)

    def break_off(request):
        if request.startswith("start "):
            raise error

    world.kudu.before_request = break_off
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert markers(world.kudu) == [] and len(world.said) == 1
