"""An app that was stopped for a job is started again, if need be after several tries; what cannot be done is told."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.jobs.pending_restart import START, Marker, markers
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult, PackageVersion
from azext_pythonapp.operations.job.pending_restart import run_pending
from azext_pythonapp.operations.job.power import START_PAUSES, StillStopped
from azext_pythonapp.operations.job.run import with_job_outcome
from tests.unit.operations.job.test_pending_restart import JOB, World


class Reluctant:
    """Makes the app's start fail so many times. world: whose app."""

    def __init__(self, world, times):
        self.times = times
        self.asked = 0
        self._start, world.arm.start = world.arm.start, self

    def __call__(self, site):
        self.asked += 1
        if self.asked <= self.times:
            raise PlatformFailed("Azure answered 503 for the start of app 'shop': busy")
        self._start(site)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.note(JOB, START)
    made.arm.state = made.at_opening = "Stopped"
    return made


@pytest.mark.parametrize("own", [(JOB,), ()])
def test_a_start_that_fails_is_tried_again(world, own):
    reluctant = Reluctant(world, 2)
    world.finish(own=own, restart=False)
    assert reluctant.asked == 3 and world.arm.state == "Running" and markers(world.kudu) == []


@pytest.mark.parametrize("own", [(JOB,), ()])
def test_stopped_app_is_reported_with_the_start_command(world, own):
    reluctant = Reluctant(world, 99)
    with pytest.raises(StillStopped) as caught:
        world.finish(own=own, restart=False)
    assert reluctant.asked == 1 + len(START_PAUSES)
    assert "app 'shop' is stopped" in caught.value.message and "503" in caught.value.message
    assert f"`az webapp python job wait -g rg -n shop --job-id {JOB}` starts it." in str(caught.value.recommendation)
    assert markers(world.kudu) == [Marker(JOB, START)], "the next command tries again"


def job(state, **more):
    return Job(id=JOB, command="install-requirements", state=state, exit_code=0 if state == SUCCEEDED else 1, **more)


def test_what_pip_did_is_told_together_with_it(world):
    Reluctant(world, 99)
    result = JobResult(installed=(PackageVersion("flask", "3.0.0"),))
    with pytest.raises(StillStopped) as caught, with_job_outcome(world.app, job(SUCCEEDED, result=result)):
        run_pending(world.app, own=[JOB], sleep=world.sleep)
    assert caught.value.message.startswith(
        f"Job {JOB} on app 'shop' succeeded: flask 3.0.0 installed. The app 'shop' is"
    )


def test_why_pip_failed_is_told_together_with_it(world):
    Reluctant(world, 99)
    with pytest.raises(StillStopped) as caught, with_job_outcome(world.app, job(FAILED, error="no matching version")):
        run_pending(world.app, own=[JOB], restart=False, sleep=world.sleep)
    assert "failed: no matching version." in caught.value.message and "is stopped" in caught.value.message
