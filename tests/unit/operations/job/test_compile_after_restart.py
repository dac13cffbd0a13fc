"""Whoever restarts the app after a job has its packages compiled, because the restart ends what the SCM site runs."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from azext_pythonapp.errors import PlatformFailed, Refused
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER, START, markers
from azext_pythonapp.operations.job import pending_restart
from azext_pythonapp.operations.job.commands import cancel_job
from azext_pythonapp.operations.set_version.put_back import runs_again
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


def test_a_job_that_left_no_restart_is_compiled_after_one_too(world):
    """Its runner had begun by itself, and the restart has ended that."""
    ended(world, EARLIER)
    ended(world, JOB)
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert started(world) == [JOB]


def test_a_job_after_which_no_restart_is_needed_is_compiled_too(world, monkeypatch):
    monkeypatch.setattr(pending_restart, "may_use", lambda app, runtime: False)
    world.note(JOB, RESTART)
    ended(world, JOB)
    request = world.kudu.home / f"data/pythonapp/jobs/{JOB}/request.json"
    request.write_text(json.dumps({"python": PYTHON, "runtime": "python3810x64"}))
    assert world.finish() == [] and world.arm.done == [] and started(world) == [JOB]


@pytest.mark.parametrize("restart", [True, False])
def test_packages_that_were_put_back_are_compiled(world, restart):
    ended(world, JOB)
    runs_again(world.app, "Rolled back.", restart=restart, jobs=[JOB])
    assert started(world) == ([JOB] if restart else []), "without a restart the runner goes on with it"


def test_the_compilation_is_no_job_to_cancel(world):
    ended(world, JOB, phase="compiling", heartbeatAt=f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}")
    with pytest.raises(Refused, match=r"already ended: succeeded\. The modules of its packages are being compiled"):
        cancel_job(world.app, JOB, False)
    assert not [each for each in world.kudu.requests if not each.startswith(("read ", "list "))]
