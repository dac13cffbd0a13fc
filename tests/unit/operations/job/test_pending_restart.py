"""What jobs left to do with an app is done once, at the right time, and by somebody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import AccessDenied, Interrupted, Refused, RemoteFailed, UnknownOutcome, Unreachable
from azext_pythonapp.history.lease import LEASE
from azext_pythonapp.history.store import History
from azext_pythonapp.jobs.pending_restart import (
    FOLDER,
    LOCKS,
    RESTART,
    RESTART_LATER,
    START,
    Marker,
    living_job,
    mark_start,
    markers,
)
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.job.commands import cancel_job
from azext_pythonapp.operations.job.pending_restart import (
    OWN_CLIENT_SECONDS,
    pending_of_no_op,
    pending_sentence,
    plan_pending,
    restart_beside,
    run_pending,
)
from azext_pythonapp.operations.package.change import Attempts, RunOptions
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app, shop_site, unrecorded
from tests.unit.progress import Recorded

EARLIER, JOB, OTHER = "20261122-115930-0001", "20261122-120000-0002", "20261122-120030-0003"


class Azure:
    """Resource Manager with one app, whose state is the fixture's."""

    def __init__(self, state="Running"):
        self.done: list[str] = []
        self.state = state
        self.fails = False

    def open_site(self, *names):
        return shop_site(self.state)

    def start(self, site):
        self._power("start", "Running")

    def stop(self, site):
        self._power("stop", "Stopped")

    def restart(self, site):
        self._power("restart", "Running")

    def _power(self, action, state):
        if self.fails:
            raise Unreachable("no answer")
        self.done.append(action)
        self.state = state


class World:
    """One app; `later` is called at each second that a client waits."""

    def __init__(self, home):
        self.kudu = FolderSite(home)
        self.kudu.clock = lambda: datetime.now(timezone.utc) + timedelta(seconds=self.waited)
        self.arm = Azure()
        self.said: list[str] = []
        self.waited = 0
        self.later = lambda: None
        self.at_opening = "Running"

    @property
    def app(self):
        site = shop_site(self.at_opening)
        return shop_app(self.kudu, site=site, arm=self.arm, progress=Recorded(self.said), command=None)

    def sleep(self, seconds):
        self.waited += seconds
        self.later()

    def note(self, job_id, kind):
        folder = self.kudu.home / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{job_id}.{kind}").touch()
        job = self.kudu.home / "data/pythonapp/jobs" / job_id
        if not job.exists():
            job.mkdir(parents=True)
            (job / "state.json").write_text(json.dumps({"id": job_id, "state": "succeeded"}))

    def runs(self, job_id, state="running"):
        data = self.kudu.home / "data/pythonapp"
        for folder in (self.kudu.home / LOCKS, data / "jobs" / job_id):
            folder.mkdir(parents=True, exist_ok=True)
        (self.kudu.home / LOCKS / "python311x64.lock").write_text(job_id)
        (data / "jobs" / job_id / "state.json").write_text(
            json.dumps(
                {"id": job_id, "state": state, "heartbeatAt": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"}
            )
        )

    def finish(self, **options):
        return [(change.action, change.after) for change in run_pending(self.app, sleep=self.sleep, **options)]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_nothing_left_costs_one_request(world):
    assert world.finish() == [] and plan_pending(world.app, True) == []
    assert world.kudu.requests == [f"list {FOLDER}"] * 2 and world.arm.done == [] and world.waited == 0


def test_files_that_are_no_notes_are_left_alone(world):
    for name in ("readme", "x.restart", f"{JOB}.other"):
        world.note(*name.partition(".")[::2])
    assert markers(world.kudu) == [] and world.finish() == []
    assert len(list((world.kudu.home / FOLDER).iterdir())) == 3


def test_a_change_of_ones_own_means_one_restart_and_no_waiting(world):
    world.note(JOB, RESTART)
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert world.said == ["Restarting app 'shop', because a running app does not load new packages."]
    assert world.arm.done == ["restart"] and markers(world.kudu) == [] and world.waited == 0


def test_restart_for_another_change_is_worded_so(world):
    assert world.finish(own=[JOB], changed=False, why="") == [] and world.said == []
    assert world.finish(own=[JOB], changed=True, why="") == [("restart", None)]
    assert world.said == ["Restarting app 'shop'."]


def test_change_without_marker_means_a_restart_too(world):
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert world.finish(own=[JOB], changed=True, restart=False) == []


def test_restart_left_by_a_dead_client_is_done(world):
    world.note(EARLIER, RESTART)
    assert [change.action for change in plan_pending(world.app, True)] == ["restart"] and plan_pending(
        world.app, False
    ) == []
    assert world.finish(restart=False) == [] and markers(world.kudu) == [Marker(EARLIER, RESTART)]
    assert world.finish() == [("restart", None)]
    assert world.waited == OWN_CLIENT_SECONDS and markers(world.kudu) == []


def test_a_living_client_does_its_own(world):
    world.note(EARLIER, RESTART)
    world.later = lambda: (world.kudu.home / FOLDER / f"{EARLIER}.{RESTART}").unlink()
    assert world.finish() == [] and world.arm.done == [] and world.waited == 1


def test_nobody_is_waited_for_after_no_wait(world):
    world.note(JOB, RESTART_LATER)
    assert world.finish() == [("restart", None)] and world.waited == 0


def test_start_of_a_stopped_app_replaces_the_restart(world):
    world.note(EARLIER, START)
    world.note(EARLIER, RESTART)
    world.arm.state = world.at_opening = "Stopped"
    assert [(change.action, change.after) for change in plan_pending(world.app, True)] == [("update", "Running")]
    assert world.finish(restart=False) == [("update", "Running")]
    assert world.arm.done == ["start"] and markers(world.kudu) == []


def test_app_started_by_somebody_is_not_started_again(world):
    world.note(EARLIER, START)
    assert world.finish(restart=False) == [] and world.arm.done == [] and markers(world.kudu) == []


def test_an_app_that_its_owner_stopped_stays_stopped(world):
    world.note(EARLIER, RESTART)
    world.arm.state = world.at_opening = "Stopped"
    assert plan_pending(world.app, True) == [] and world.finish(changed=True) == []
    assert world.arm.done == [] and markers(world.kudu) == []


def test_an_app_that_was_stopped_when_the_command_began_only(world):
    world.at_opening = "Stopped"
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]


def test_running_job_sees_no_restart_and_no_start(world):
    world.runs(OTHER)
    world.note(EARLIER, START)
    world.note(JOB, RESTART)
    world.arm.state = "Stopped"
    assert living_job(world.kudu).id == OTHER
    assert world.finish(own=[JOB], changed=True) == [] and world.arm.done == []
    assert markers(world.kudu) == [Marker(EARLIER, START), Marker(JOB, RESTART)]
    assert f"`az webapp python job wait -g rg -n shop --job-id {OTHER}`" in world.said[-1]
    world.runs(OTHER, "failed")
    assert living_job(world.kudu) is None and world.finish() == [("update", "Running")]


def test_own_stop_is_undone_while_another_job_runs(world):
    world.runs(OTHER)
    world.note(OTHER, RESTART)
    world.note(JOB, START)
    assert world.finish(own=[JOB], restart=False) == [] and world.arm.done == ["start"]
    assert markers(world.kudu) == [Marker(OTHER, RESTART)]


@pytest.mark.parametrize("dry_run", [False, True])
def test_finished_job_is_not_canceled(world, dry_run):
    world.runs(JOB, "succeeded")
    world.note(JOB, START)
    world.arm.state = world.at_opening = "Stopped"
    with pytest.raises(Refused, match="has already ended"):
        cancel_job(world.app, JOB, dry_run)
    assert world.arm.done == [] and markers(world.kudu) == [Marker(JOB, START)]


def test_what_could_not_be_done_stays_noted(world):
    world.note(JOB, RESTART)
    world.arm.fails = True
    with pytest.raises(Unreachable):
        world.finish(own=[JOB], changed=True)
    assert markers(world.kudu) == [Marker(JOB, RESTART)]


def test_a_note_that_cannot_be_deleted_is_said_and_is_no_failure(world):
    def away(request):
        if request.startswith("delete"):
            raise Unreachable("the SCM site restarts")

    world.note(JOB, RESTART)
    world.kudu.before_request = away
    assert world.finish(own=[JOB], changed=True) == [("restart", None)]
    assert "restarts it once more: the SCM site restarts" in world.said[-1]


def test_pending_work_is_reported_with_its_command(world):
    assert pending_sentence(world.app, JOB) is None
    world.note(JOB, RESTART)
    assert "restart app 'shop'" in pending_sentence(world.app, JOB)
    mark_start(world.kudu, JOB)
    assert pending_sentence(world.app, JOB) == (
        f"Pending after job {JOB}: start app 'shop', which was stopped for it. "
        f"Run `az webapp python job wait -g rg -n shop --job-id {JOB}`."
    )
    assert pending_sentence(world.app, OTHER) is None


@pytest.mark.parametrize(
    "launched, outcome, after",
    [
        (False, UnknownOutcome("Whether the files arrived is not known."), ["stop", "start"]),
        (False, Unreachable("no answer"), ["stop", "start"]),
        (False, KeyboardInterrupt(), ["stop", "start"]),
        (True, UnknownOutcome("It goes on."), ["stop"]),
        (True, Unreachable("no answer"), ["stop"]),
        (True, AccessDenied("no token"), ["stop"]),
        (True, RemoteFailed("It did not start."), ["stop", "start"]),
    ],
)
@pytest.mark.usefixtures("alone")
def test_the_app_stays_stopped_only_for_a_job_that_goes_on(world, monkeypatch, launched, outcome, after):
    def fail(*arguments):
        raise outcome

    monkeypatch.setattr(
        "azext_pythonapp.operations.package.change.start_pip", (lambda *arguments: None) if launched else fail
    )
    monkeypatch.setattr(
        "azext_pythonapp.operations.package.change.PipJob", lambda *arguments: SimpleNamespace(wait=fail)
    )
    target = SimpleNamespace(version="3.11.9", python_path="D:\\home\\python311x64\\python.exe")
    run = SimpleNamespace(title="Installing six into", target=target)
    attempts = Attempts(world.app, run, "install-requirements", RunOptions("always"), unrecorded())
    with pytest.raises(Interrupted if isinstance(outcome, KeyboardInterrupt) else type(outcome)) as caught:
        attempts.run()
    assert world.arm.done == after
    assert [note.kind for note in markers(world.kudu)] == ([START] if after == ["stop"] else [])
    if after == ["stop"]:
        advice = "stays stopped until the job ends; `az webapp python job wait -g rg -n shop --job-id "
        assert advice in str(caught.value)


@pytest.mark.parametrize("at", ["stop", "start"])
def test_ctrl_c_in_a_stop_and_start_leaves_no_stopped_app(world, monkeypatch, at):
    pressed = []
    power = world.arm._power

    def interrupted(action, state):
        power(action, state)
        if action == at and not pressed:
            pressed.append(action)
            raise KeyboardInterrupt

    monkeypatch.setattr(world.arm, "_power", interrupted)
    with pytest.raises(KeyboardInterrupt):
        restart_beside(world.app, Job(OTHER, None, "running"))
    assert world.arm.state == "Running" and markers(world.kudu) == []


def test_a_second_ctrl_c_tells_that_the_app_may_be_stopped(world, monkeypatch):
    def interrupted(site):
        raise KeyboardInterrupt

    monkeypatch.setattr(world.arm, "start", interrupted)
    with pytest.raises(Interrupted, match="may be stopped") as caught:
        restart_beside(world.app, Job(OTHER, None, "running"))
    assert caught.value.recommendation == "`az webapp start -g rg -n shop` starts it."
    assert [marker.kind for marker in markers(world.kudu)] == [START]


def test_ctrl_c_in_a_pending_restart_is_no_unchanged_app(world, monkeypatch):
    def interrupted(app, **options):
        raise KeyboardInterrupt

    world.note(JOB, RESTART)
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.run_pending", interrupted)
    with pytest.raises(Interrupted, match="No package was changed; a restart or start"):
        pending_of_no_op(world.app, "package install", True, False)
    assert not (world.kudu.home / LEASE).exists()
    assert plan_pending(world.app, True) == pending_of_no_op(world.app, "package install", True, True)


def test_a_pending_restart_needs_the_lease_and_leaves_no_record(world, monkeypatch):
    """Without one there is nothing to write."""
    assert pending_of_no_op(world.app, "package install", True, False) == []
    assert [each for each in world.kudu.requests if each.startswith(("write", "upload", "delete"))] == []
    world.note(JOB, RESTART)
    held = []
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.may_use", lambda app, runtime: True)
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.time.sleep", world.sleep)
    monkeypatch.setattr(world.arm, "restart", lambda site: held.append((world.kudu.home / LEASE).exists()))
    assert [each.action for each in pending_of_no_op(world.app, "package install", True, False)] == ["restart"]
    assert held == [True] and not (world.kudu.home / LEASE).exists() and History(world.kudu).ids() == []
