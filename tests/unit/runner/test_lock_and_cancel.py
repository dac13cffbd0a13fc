"""Jobs that are in each other's way, are killed or are canceled."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import datetime, timedelta, timezone

from azext_pythonapp.packages import record
from azext_pythonapp.packages.pip import JobFile, PipCommand
from tests.unit.runner.job_runtime import Index


def test_only_one_job_changes_a_runtime_at_a_time(runtime):
    index = Index()
    first = runtime.launch("left", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    second = runtime.install("left")
    assert (second.state, second.exit_code) == ("failed", 1)
    assert f"job {first.job_id} is changing the packages of python311x64" in second.error
    assert second.blocked_by == first.job_id
    index.released.set()
    assert runtime.follow(first).state == "succeeded"


def test_the_lock_of_a_dead_job_is_taken_over(runtime):
    dead = "20260101-000000-dead"
    hold_lock(runtime, dead, heartbeat_age=120)
    assert runtime.install("left").state == "succeeded"
    assert any(dead in line and "takes over" in line for line in runtime.lines)
    assert not list((runtime.site.home / "data/pythonapp/locks").iterdir())


def test_a_job_that_may_be_dead_is_waited_for(runtime):
    doubtful = "20260101-000000-0bad"
    hold_lock(runtime, doubtful, heartbeat_age=54)
    assert runtime.install("left").state == "succeeded"
    assert any("Waiting for job " + doubtful in line for line in runtime.lines)


def test_a_job_that_only_looks_waits_for_no_other(runtime):
    hold_lock(runtime, "20260101-000000-0bad", heartbeat_age=1)
    runtime.install(
        "broken",
        exclusive=False,
        checked=False,
        pip=PipCommand(("install", "--no-index", "--no-deps", "--find-links", JobFile("wheels"), "broken")),
    )
    job = runtime.install("", exclusive=False, pip=None)
    assert (job.state, job.result.check_ok) == ("succeeded", False)
    assert any("absent" in problem for problem in job.result.problems)
    job = runtime.install("", exclusive=False, checked=False, pip=PipCommand(("list", "--format=json")))
    assert (job.state, job.result.check_ok) == ("succeeded", None)
    (listed,) = [line for line in runtime.lines if line.startswith("[")]
    assert {"name": "broken", "version": "1.0"} in json.loads(listed)


def hold_lock(runtime, owner, heartbeat_age):
    data = runtime.site.home / "data/pythonapp"
    (data / "locks").mkdir(parents=True)
    (data / "jobs" / owner).mkdir(parents=True)
    (data / "locks/python311x64.lock").write_text(owner)
    heartbeat = datetime.now(timezone.utc) - timedelta(seconds=heartbeat_age)
    (data / "jobs" / owner / "state.json").write_text(
        json.dumps({"id": owner, "state": "running", "heartbeatAt": f"{heartbeat:%Y-%m-%dT%H:%M:%SZ}"})
    )


def test_a_killed_job_is_lost(runtime):
    index = Index()
    launched = runtime.launch(f"--extra-index-url {index.url}\nleft", pip=runtime.from_index(index))
    assert index.entered.wait(60)
    os.killpg(runtime.site.pending[0].process.pid, signal.SIGKILL)
    job = runtime.follow_in_haste(launched)
    assert job.state == "lost"
    assert not (runtime.job / "requirements.txt").exists()


def test_canceled_job_ends_pip_lock_and_secrets(runtime):
    index = Index()
    launched = runtime.launch(
        f"--extra-index-url {index.url}\nleft", pip=runtime.from_index(index), record=record.to_json("abc", {})
    )
    assert index.entered.wait(60)
    began = time.monotonic()
    runtime.cancel()
    job = runtime.follow(launched)
    assert (job.state, job.exit_code, job.error) == ("canceled", None, "a user canceled it")
    assert time.monotonic() - began < 5
    assert not job.result.changed and runtime.record() is None
    assert not (runtime.job / "requirements.txt").exists() and not (runtime.job / "secrets.json").exists()
    assert not list((runtime.site.home / "data/pythonapp/locks").iterdir())
    (pending,) = runtime.site.pending
    assert pending.process.wait(20) == 1


def test_a_job_that_waits_for_another_can_be_canceled(runtime):
    hold_lock(runtime, "20260101-000000-0bad", heartbeat_age=20)
    launched = runtime.launch("left")
    runtime.cancel()
    job = runtime.follow(launched)
    assert job.state == "canceled"
    assert [path.name for path in (runtime.site.home / "data/pythonapp/locks").iterdir()] == ["python311x64.lock"]
