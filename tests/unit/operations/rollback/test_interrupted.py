"""Undoing what is not at its end: interrupted changes and rollbacks, jobs and installations that still run."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import NotFound, Refused, RemoteFailed
from azext_pythonapp.history import lease as lease_module
from azext_pythonapp.history.lease import LEASE, LeaseFile
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, KeptFile
from azext_pythonapp.history.store import HISTORY
from azext_pythonapp.jobs.pending_restart import mark_start
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.app.left_change import interrupted_change
from azext_pythonapp.operations.job import same_job
from azext_pythonapp.operations.rollback import command, steps
from azext_pythonapp.plan import Change, Step
from tests.unit.operations.rollback.pythons import NEW, OLD, WEB_CONFIG, config, has, runtime
from tests.unit.operations.rollback.world import undo
from tests.unit.operations.shop import shop_site
from tests.unit.passing_time import Time


def test_an_interrupted_change_that_did_nothing_is_settled(world, add):
    cut = add("install-requirements", UNFINISHED)
    answer = undo(world)
    assert (answer["undone"], answer["changed"], answer["changeId"]) == (cut.id, False, None)
    assert [(each.id, each.state) for each in world.records[:1]] == [(cut.id, FAILED)]
    assert interrupted_change(world.app) is None


def test_an_interrupted_change_is_undone(world, add):
    cut = add(
        "web-config set",
        UNFINISHED,
        files=(KeptFile(WEB_CONFIG, "web.config", config(NEW), b"<configuration/>", True),),
    )
    world.put(b"<configuration/>")
    answer = undo(world)
    assert answer["undone"] == cut.id and world.web_config == config(NEW)
    assert undo(world, change_id=cut.id)["changed"] is False


def test_an_interrupted_rollback_is_completed(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    answer = undo(world)
    assert answer["undone"] == world.change.id and world.web_config == config(OLD)
    states = {each.id: each.state for each in world.records}
    assert states[cut.id] == FAILED and states[answer["changeId"]] == SUCCEEDED, (
        "its lease was gone, so it is a new one"
    )


def test_an_interrupted_rollback_keeps_its_id_and_what_it_found(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    lease = LeaseFile(cut.id, "rollback", "az webapp python rollback --yes", "", "", cut.started_at, "")
    world.app.kudu.write(LEASE, lease.to_json(), None)
    world.put(config(OLD))
    answer = undo(world, change_id=world.change.id)
    assert answer["changeId"] == cut.id and world.records[0].id == cut.id, "whatever its command line was"
    assert (world.records[0].state, world.records[0].files) == (SUCCEEDED, (part,))
    assert undo(world, change_id=cut.id)["undone"] == cut.id and world.web_config == config(NEW)


def test_an_interrupted_rollback_is_undone_itself(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    lease = LeaseFile(cut.id, "rollback", "az webapp python rollback --yes", "", "", cut.started_at, "")
    world.app.kudu.write(LEASE, lease.to_json(), None)
    world.put(config(OLD))
    answer = undo(world, change_id=cut.id)
    assert answer["undone"] == cut.id and world.web_config == config(NEW)
    assert interrupted_change(world.app) is None
    assert undo(world)["undone"] == answer["changeId"], "the newest; undoing it goes back once more"


def test_a_rollback_cut_off_after_writing_is_loaded_and_checked(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    world.put(config(OLD))
    answer = undo(world)
    assert [each["target"] for each in answer["changes"]] == ["app"]
    assert world.done == ["page before", f"import with {OLD}", "restart", "page with Python 3.8.10"]
    assert {each.id: each.state for each in world.records}[cut.id] == SUCCEEDED
    del world.done[:]
    assert undo(world, change_id=world.change.id)["changed"] is False and world.done == []


@pytest.mark.parametrize("leased", [True, False])
def test_it_is_judged_by_the_page_before_the_interrupted(world, add, leased):
    """What the interrupted rollback has switched to may be broken: its page is not the one of before."""
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,), page_before=200)
    if leased:
        lease = LeaseFile(cut.id, "rollback", "az webapp python rollback --yes", "", "", cut.started_at, "")
        world.app.kudu.write(LEASE, lease.to_json(), None)
    world.put(config(OLD))
    world.before, world.bad = 500, True
    with pytest.raises(RemoteFailed) as caught:
        undo(world)
    assert world.judged == [(200, True)] and "page before" not in world.done
    assert "what the interrupted rollback has changed stays" in caught.value.message
    if leased:
        world.bad = False
        assert undo(world)["verification"]["httpStatusBefore"] == 200
        assert (world.records[0].id, world.records[0].page_before) == (cut.id, 200)


def test_the_page_before_is_recorded_before_the_switch(world):
    world.bad = True
    with pytest.raises(RemoteFailed):
        undo(world)
    assert world.records[0].page_before == 200 and world.judged == [(200, True)]


def test_an_app_that_was_stopped_for_its_job_is_started(world, add, monkeypatch):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=(job_id,))
    monkeypatch.setattr(
        steps, "run_pending", lambda opened, own, changed, why: world.done.append(f"start {list(own)}") or []
    )
    mark_start(world.app.kudu, job_id)
    world.app.site = shop_site("Stopped")
    answer = undo(world)
    assert [(each["target"], each["before"], each["after"]) for each in answer["changes"]] == [
        ("app", "Stopped", "Running")
    ]
    assert world.done == [f"start ['{job_id}']", "page with Python 3.11.9"]
    assert world.records[0].undoes == cut.id and answer["changeId"] == world.records[0].id


@pytest.mark.parametrize("ending", ["ends", "never began"])
def test_a_job_that_still_runs_is_waited_for(world, add, monkeypatch, ending):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=("20261126-120400-aaaa", job_id))

    def seen(kudu, asked):
        if asked != job_id:
            raise NotFound("deleted since")
        return Job(job_id, "install-requirements", "running", None)

    class Waited:
        def __init__(self, opened, asked, timeout):
            world.done.append(f"wait for {asked}")

        def wait(self):
            if ending == "never began":
                raise RemoteFailed("It never began.")

    monkeypatch.setattr(command, "show", seen)
    monkeypatch.setattr(command, "PipJob", Waited)
    assert undo(world, dry_run=True)["undone"] == cut.id and world.done == []
    assert any("is still running" in line for line in world.app.progress.warnings)
    undo(world)
    assert world.done == [f"wait for {job_id}"]


def test_a_job_that_was_never_started_is_given_up(world, add, monkeypatch):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=(job_id,))
    folder = world.folder / "data/pythonapp/jobs" / job_id
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps({"id": job_id, "createdAt": "2026-11-26T12:05:00Z"}))
    passing = Time()
    world.app.kudu.clock = lambda: (
        datetime(2026, 11, 26, 12, 5, tzinfo=timezone.utc) + timedelta(seconds=sum(passing.pauses))
    )
    monkeypatch.setattr(same_job, "time", passing)
    monkeypatch.setattr(command, "PipJob", lambda *arguments: pytest.fail("it is waited for"))
    assert undo(world)["undone"] == cut.id
    assert json.loads((folder / "state.json").read_bytes())["state"] == "failed"
    assert sum(passing.pauses) == same_job.BEGIN_SECONDS


def test_an_installation_that_goes_on_is_waited_for(world, add, monkeypatch):
    add("install", UNFINISHED, runtimes=(runtime("install", OLD, extension_id="Contoso-python3810x64"),))
    world.put(b"<configuration/>")

    def waited(opened, identifier):
        world.done.append(f"wait for {identifier}")
        raise RemoteFailed("There is none.")

    monkeypatch.setattr(command, "await_earlier", waited)
    gone = Change("siteextensions/Contoso-python3810x64", "uninstall", "3.8.10", None)
    step = Step("Uninstalling.", [gone], lambda: [gone])
    monkeypatch.setattr("azext_pythonapp.operations.rollback.runtimes.removal_steps", lambda *arguments: [step])
    monkeypatch.setattr(command, "direct_addresses", lambda opened, folder: {"six": "https://h/six.whl"})
    has(world.folder, OLD, {"pip": "25.0"})
    assert undo(world, dry_run=True)["changed"] is True and world.done == []
    assert [each["target"] for each in undo(world)["changes"]] == [gone.target]
    assert world.done == ["wait for Contoso-python3810x64"]
    record = world.records[0]
    assert [(each.action, each.python_path) for each in record.runtimes] == [("uninstall", OLD)]
    (packages,) = record.packages
    assert (packages.before, packages.after, packages.addresses) == ({"pip": "25.0"}, {}, {"six": "https://h/six.whl"})


def test_a_change_that_is_being_made_now_is_left(world, add, monkeypatch):
    cut = add(state=UNFINISHED)
    since = {"change": cut.id, "started_at": cut.started_at, "held": lambda now: True}
    lease, renewed = (SimpleNamespace(**since, expires_at=end) for end in "12")
    answers = iter([lease, lease, renewed])
    for module in (command, lease_module):
        monkeypatch.setattr(module, "read_lease", lambda kudu: (next(answers), "etag"))
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0)
    with pytest.raises(Refused, match="is being made now"):
        undo(world)


def test_a_torn_record_of_this_app_does_not_stand_in_the_way(world):
    (world.folder / HISTORY / "20261127-000000-aaaa.json").write_bytes(b"")
    assert undo(world)["undone"] == world.change.id
    with pytest.raises(Refused):
        undo(world, change_id="20261127-000000-aaaa")
    with pytest.raises(NotFound):
        undo(world, change_id="nonsense")
