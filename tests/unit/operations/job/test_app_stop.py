"""An app is stopped for a job only by its own client, until nothing of it runs, and no restart ends a job."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from azext_pythonapp.appservice.kudu_commands import Process
from azext_pythonapp.errors import Unreachable
from azext_pythonapp.jobs.pending_restart import (
    CLAIM_SECONDS,
    FOLDER,
    RESTART,
    START,
    Marker,
    living_job,
    mark_start,
    markers,
)
from azext_pythonapp.operations.job.commands import wait_for_job
from azext_pythonapp.operations.job.pending_restart import OWN_CLIENT_SECONDS, SHORT_JOB_SECONDS, plan_pending
from azext_pythonapp.operations.job.power import ENDING_SECONDS, stop_for_job
from tests.unit.operations.job.test_pending_restart import EARLIER, JOB, OTHER, World

PYTHON = "D:\\home\\python311x64\\python.exe"
APP = Process(7, PYTHON, f'"{PYTHON}" D:\\home\\python311x64\\wfastcgi.py', False)
OWN_RUNNER = Process(14, PYTHON, "python.exe D:\\home\\site\\wwwroot\\runner\\__main__.py", False)
OTHERS = [
    Process(8, "C:\\Python\\python.exe", "python.exe x.py", False),
    Process(9, PYTHON, f"{PYTHON} job.py", True),
    Process(10, PYTHON, f'"{PYTHON}" -u -B -E -s runner/__main__.py', False),
    Process(11, PYTHON, f"{PYTHON} -s -u D:\\home\\data\\pythonapp\\jobs\\x\\runner\\__main__.py pip check", False),
    Process(12, PYTHON, f'"{PYTHON}" -u -B -E -s runner.py', False),  # of version 0.1.0b2
    Process(13, PYTHON, f"{PYTHON} -s -u D:\\home\\data\\pythonapp\\jobs\\x\\runner_modules\\watched_pip.py", False),
]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def stop(world):
    stop_for_job(world.app, JOB, PYTHON, clock=lambda: world.waited, sleep=world.sleep)


def test_after_stop_the_end_of_the_apps_processes_is_awaited(world):
    world.kudu.running = [[APP, *OTHERS]] * 3 + [OTHERS]
    stop(world)
    assert world.arm.done == ["stop"] and world.waited == 3 and markers(world.kudu) == [Marker(JOB, START)]


def test_a_module_of_the_app_called_runner_is_awaited_too(world):
    world.kudu.running = [[OWN_RUNNER, *OTHERS]] * 3 + [OTHERS]
    stop(world)
    assert world.waited == 3


def test_but_not_for_ever(world):
    world.kudu.running = [[APP]] * 1000
    stop(world)
    assert ENDING_SECONDS <= world.waited < ENDING_SECONDS + 5 and "still run" in world.said[-1]


def test_a_site_that_does_not_tell_its_processes_is_said(world):
    world.kudu.before_request = lambda request: (
        (_ for _ in ()).throw(Unreachable("away")) if request.startswith("processes") else None
    )
    stop(world)
    assert world.arm.done == ["stop"] and "have ended: away" in world.said[-1]


def test_an_app_that_somebody_started_meanwhile_is_stopped_again(world):
    real, taken = world.arm.stop, []

    def stop_and_lose(site):
        real(site)
        if not taken:
            taken.append((world.kudu.home / FOLDER / f"{JOB}.{START}").unlink())

    world.arm.stop = stop_and_lose
    stop(world)
    assert world.arm.done == ["stop", "stop"] and markers(world.kudu) == [Marker(JOB, START)]


def claim(world):
    mark_start(world.kudu, OTHER)
    world.arm.state = world.at_opening = "Stopped"


def test_start_is_left_to_a_client_about_to_launch(world):
    claim(world)
    world.note(EARLIER, RESTART)
    assert plan_pending(world.app, True) == []

    world.later = lambda: world.runs(OTHER) if world.waited >= 20 else None
    assert world.finish() == [] and world.arm.done == []
    assert Marker(OTHER, START) in markers(world.kudu)
    assert world.waited < CLAIM_SECONDS


def test_start_of_a_dead_client_is_done_after_its_claim(world):
    claim(world)
    assert world.finish() == [("update", "Running")] and world.arm.done == ["start"]
    assert OWN_CLIENT_SECONDS < world.waited < CLAIM_SECONDS + 10 and markers(world.kudu) == []


def test_a_restart_does_not_take_anothers_note_of_a_start(world):
    world.note(JOB, RESTART)
    mark_start(world.kudu, OTHER)
    world.later = lambda: world.runs(OTHER, "running") if world.waited >= 1 else None
    assert world.finish(own=[JOB], changed=True) == []
    assert set(markers(world.kudu)) == {Marker(JOB, RESTART), Marker(OTHER, START)}


def test_waiting_for_an_unlaunched_job_starts_the_app(world):
    claim(world)
    with pytest.raises(Exception, match="never began.*started again"):
        wait_for_job(world.app, OTHER, None)
    assert world.arm.done == ["start"] and markers(world.kudu) == []


def begin(world, job_id, state):
    folder = world.kudu.home / "data/pythonapp/jobs" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.json").write_text(json.dumps({"createdAt": stamp(world), "command": "package check"}))
    if state:
        (folder / "state.json").write_text(json.dumps({"id": job_id, "state": state, "heartbeatAt": stamp(world)}))


def stamp(world):
    return f"{world.kudu.clock() - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("state", [None, "running"])
def test_no_restart_hits_a_job_without_a_lock(world, state):
    """It is about to begin, or it only looks and takes none."""
    world.note(JOB, RESTART)
    begin(world, OTHER, state)
    assert living_job(world.kudu).id == OTHER
    world.later = lambda: begin(world, OTHER, state)
    assert world.finish(own=[JOB], changed=True) == [] and world.arm.done == []
    assert world.waited >= SHORT_JOB_SECONDS and markers(world.kudu) == [Marker(JOB, RESTART)]
    assert f"--job-id {OTHER}" in world.said[-1]


def test_a_job_that_is_soon_over_is_awaited(world):
    world.note(JOB, RESTART)
    begin(world, OTHER, "running")
    world.later = lambda: begin(world, OTHER, "succeeded" if world.waited > 10 else "running")
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert 10 < world.waited < 20
