"""The record of a change whose command ended before its job did, and who completes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.history.lease import LEASE
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, PackageChange
from azext_pythonapp.history.store import History
from azext_pythonapp.jobs.state import Job, JobResult, PackageVersion
from azext_pythonapp.operations.app.left_change import LeftChange
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.job.recorded_job import complete_change, note_end
from azext_pythonapp.plan import Change
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app

COMMAND = "az webapp python install-requirements -g rg -n shop --no-wait"
WAIT = "az webapp python job wait -g rg -n shop"
PART = PackageChange("D:\\home\\python38x64\\python.exe", "3.8.10", "x64", "python38x64", {"six": "1.15"})
RESULT = JobResult((PackageVersion("Flask", "3.0"),), addresses={"six": "https://h/six.zip"})
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
FIRST, JOB = "20261126-120000-fff0", "20261126-120001-ffff"


@pytest.fixture
def site(tmp_path):
    made = FolderSite(tmp_path)
    made.clock = lambda: NOW
    return made


def left(site, command="install-requirements", jobs=(JOB,)):
    """A change whose job goes on."""
    with recorded(shop_app(site, command=COMMAND), command) as change:
        change.note_packages(PART)
        for job_id in jobs:
            change.job(job_id)
        change.leave(f"{WAIT} --job-id {jobs[-1]}", [Change("packages/flask", "install", None, "newest")])
    return change.record.id


def record(site):
    (found,) = History(site).read_all(History(site).ids())
    return found


def record_of(site, change_id):
    return History(site).read(change_id)


@pytest.mark.parametrize(("ended", "state"), [("succeeded", SUCCEEDED), ("failed", FAILED), ("canceled", FAILED)])
def test_whoever_sees_the_end_completes_the_record(site, ended, state):
    change_id = left(site)
    app = shop_app(site, command=WAIT)
    complete_change(app, Job(JOB, "install-requirements", ended, result=RESULT), [Change("app", "restart")])
    found = record(site)
    assert (found.id, found.state, found.finished_at) == (change_id, state, "2026-11-26T12:00:00Z")
    assert found.packages[0].after == {"six": "1.15", "flask": "3.0"}
    assert found.packages[0].addresses == {"six": "https://h/six.zip"}
    assert [row["target"] for row in found.changes] == ["packages/flask", "app"]
    assert not (site.home / LEASE).exists() and app.progress.said == []


def test_both_jobs_of_a_change_count(site):
    """pip runs again with the app stopped, when a file was held."""
    left(site, jobs=(FIRST, JOB))
    rows = {"installed": [{"name": "click", "version": "8"}], "upgraded": [], "removed": []}
    state = {"id": FIRST, "state": "failed", "result": rows}
    site.write(f"data/pythonapp/jobs/{FIRST}/state.json", json.dumps(state).encode())
    complete_change(shop_app(site), Job(FIRST, "install-requirements", "failed"), [])
    assert record(site).state == UNFINISHED, "its second job goes on"
    complete_change(shop_app(site), Job(JOB, "install-requirements", "succeeded", result=RESULT), [])
    assert record(site).packages[0].after == {"six": "1.15", "flask": "3.0", "click": "8"}


@pytest.mark.parametrize("command", ["set-version", "publish", "install"])
def test_a_command_with_more_to_do_is_not_complete(site, command):
    left(site, command)
    complete_change(shop_app(site), Job(JOB, command, "succeeded", result=RESULT), [])
    assert record(site).state == UNFINISHED and (site.home / LEASE).exists()


def test_a_change_of_the_second_of_its_job(site):
    """Ids of one second sort by chance: the change's may sort behind its job's, and be moved behind another change."""
    early, late = "20261126-120000-0000", "20261126-120004-0000"
    for job_id in (early, "20261126-115951-0000"):
        change_id = left(site, jobs=(job_id,))
        complete_change(shop_app(site, command=WAIT), Job(job_id, "install-requirements", "succeeded"), [])
        assert record_of(site, change_id).state == SUCCEEDED
    change_id = left(site, jobs=(late,))
    complete_change(shop_app(site, command=WAIT), Job(early, "install-requirements", "succeeded"), [])
    assert record_of(site, change_id).state == UNFINISHED


def test_a_lost_job_completes_nothing(site):
    left(site)
    complete_change(shop_app(site), Job(JOB, "install-requirements", "lost"), [])
    assert record(site).state == UNFINISHED


def test_a_command_that_is_at_work_completes_its_own_record(site):
    with recorded(shop_app(site), "install-requirements") as change:
        change.note_packages(PART)
        change.job(JOB)
        complete_change(shop_app(site), Job(JOB, "install-requirements", "succeeded", result=RESULT), [])
        assert record(site).state == UNFINISHED
        note_end(change, PART, Job(JOB, "install-requirements", "succeeded", result=RESULT))
        change.finish([Change("packages/flask", "install", None, "3.0")])
    assert record(site).state == SUCCEEDED and record(site).packages[0].after == {"six": "1.15", "flask": "3.0"}


def test_a_record_that_cannot_be_written_fails_no_job(site):
    left(site)

    def away(request):
        if request.startswith("upload"):
            raise UnknownOutcome("The connection was cut.")

    site.before_request = away
    app = shop_app(site)
    complete_change(app, Job(JOB, "install-requirements", "succeeded", result=RESULT), [])
    assert "could not be recorded: The connection was cut." in app.progress.said[0]


def test_a_lost_job_leaves_its_change_unfinished(site):
    with recorded(shop_app(site), "install-requirements") as change:
        change.note_packages(PART)
        change.job(JOB)
        note_end(change, PART, Job(JOB, "install-requirements", "lost"))
        change.end_failed(FAILED)
    assert record(site).state == UNFINISHED


def test_the_command_that_left_it_says_no_more_of_it(site):
    """It has named the command that finishes it; any other says it."""
    app = shop_app(site, command=COMMAND)
    look = LeftChange(app)
    look._found = replace_found(site)
    left_id = look._found.id
    app.left.add(left_id)
    look.tell(True)
    assert app.progress.said == [] and record(site).state == UNFINISHED
    other = shop_app(site, command=WAIT)
    LeftChange(other).tell(True)
    assert left_id in other.progress.said[0] and f"`{WAIT} --job-id {JOB}` finishes it" in other.progress.said[0]


def replace_found(site):
    left(site)
    return replace(record(site))


def test_the_same_command_that_finds_nothing_to_do_completes_it(site):
    left(site)
    LeftChange(shop_app(site, command=COMMAND)).tell(True)
    assert record(site).state == SUCCEEDED and not (site.home / LEASE).exists()


def test_another_change_meanwhile_does_not_hide_it(site):
    left_id = left(site)
    other = shop_app(site, command="az webapp python web-config set -g rg -n shop")
    site.clock = lambda: NOW.replace(minute=5)
    with recorded(other, "web-config set") as change:
        change.keep("site/wwwroot/web.config", "web.config", b"old", b"new")
        change.finish([Change("site/wwwroot/web.config", "update")])
    assert left_id in other.progress.said[0]
    reader = shop_app(site, command="az webapp python show -g rg -n shop")
    LeftChange(reader).tell(True)
    assert left_id in reader.progress.said[0]
