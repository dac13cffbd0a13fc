"""`job list`, `job log`, `job cancel`: jobs seen and ended by a client that did not start them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.apps import naming
from tests.scenario.held_index import HeldIndex


@pytest.fixture
def index(windows: Path) -> Iterator[HeldIndex]:
    """An index that makes pip wait until it is released."""
    with HeldIndex(windows / "index") as held:
        yield held


def pythons(site) -> list[str]:
    """The command lines of the Pythons that run for jobs on the worker."""
    return [
        process.command_line
        for process in site.machine.processes()
        if "runner" in process.command_line or "build_wheel" in process.command_line or "runpy" in process.command_line
    ]


def test_cancel_ends_pip_with_its_children_and_frees_the_runtime(az, apps):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    site.app_settings["QUIETBUILD_SECONDS"] = "600"
    job = az("webapp python package install --packages quietbuild --no-wait", *app).json["job"]
    assert job["state"] == "running"
    deadline = time.monotonic() + 240
    while not [line for line in pythons(site) if "build_wheel" in line]:
        assert time.monotonic() < deadline, az("webapp python job log", *app)
        time.sleep(1)

    dry = az("webapp python job cancel --dry-run", *app).json
    assert dry["dryRun"] is True and dry["state"] == "running" and pythons(site)

    canceled = az("webapp python job cancel --job-id", job["id"], *app).json
    assert (canceled["changed"], canceled["state"], canceled["exitCode"]) == (True, "canceled", None)
    assert canceled["changes"] == [
        {"target": f"jobs/{job['id']}", "action": "update", "before": "running", "after": "canceled"}
    ]
    deadline = time.monotonic() + 30
    while pythons(site):
        assert time.monotonic() < deadline, pythons(site)
        time.sleep(0.5)
    assert not list((site.machine.home / "data/pythonapp/locks").iterdir())
    assert az("webapp python job cancel", *app).json["changed"] is False
    assert "was canceled" in az("webapp python job wait", *app, expect=1).stderr

    answer = az("webapp python package install --packages six==1.16.0", *app).json
    assert answer["installed"] == [{"name": "six", "version": "1.16.0"}], "the runtime is free again"
    over = az("webapp python job cancel", *app, expect=1)
    assert f"Job {answer['job']['id']}" in over.stderr and "has already ended: succeeded" in over.stderr, over
    listed = az("webapp python job list", *app).json
    newest = [(row["id"], row["state"]) for row in listed[:2]]
    assert newest == [(answer["job"]["id"], "succeeded"), (job["id"], "canceled")]


def test_a_lost_job_cannot_be_canceled_and_is_said_to_be_lost(az, apps, index):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    job = az("webapp python package install --packages six --no-wait --index-url", index.url, *app).json["job"]
    assert index.asked.wait(120)
    site.recycle_scm()
    state = site.machine.home / "data/pythonapp/jobs" / job["id"] / "state.json"
    fields = json.loads(state.read_text(encoding="ascii"))
    state.write_text(json.dumps(fields | {"heartbeatAt": "2026-01-01T00:00:00Z"}), encoding="ascii")
    refused = az("webapp python job cancel", *app, expect=1)
    assert f"Job {job['id']} on app '{site.name}' is lost" in refused.stderr, refused


def test_the_log_is_data_and_follow_ends_with_the_job(az, apps, index):
    site = apps.prepared("wsgi_hello")
    app = naming(site)
    az("webapp python package install --packages six==1.16.0 --no-wait --index-url", index.url, *app)
    assert index.asked.wait(120)
    following = az.start("webapp python job log --follow --only-show-errors", *app)
    first = following.stdout.readline()
    assert first.startswith("Python 3.8.10 cp38 win_amd64 at ") and following.poll() is None
    index.release()
    stdout, stderr = following.stdout.read(), following.stderr.read()
    assert following.wait(300) == 0 and stdout.splitlines()[-1] == "Successfully installed six-1.16.0", stderr
    assert stderr == ""
    assert az("webapp python job log", *app).stdout == first + stdout
