"""A command that is given again follows the job that does its work already, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.jobs.pending_restart import LOCKS, RESTART
from azext_pythonapp.jobs.request import Restore, Switch, request_files
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.jobs.store import Request, request_of, show
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.job import same_job
from azext_pythonapp.operations.job.run import PipRun, spec_of
from azext_pythonapp.operations.job.same_job import pip_once, running_same
from azext_pythonapp.operations.package import change as package_change
from azext_pythonapp.operations.package.change import RunOptions, change_packages
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipCommand
from tests.unit.folder_site import Pending
from tests.unit.operations.job.test_pending_restart import JOB, OTHER, World

TARGET = Target("D:\\home\\python311x64\\python.exe", "python311x64", "3.11.9", "x64")
RUN = PipRun(
    TARGET,
    "Installing requirements.txt into",
    PipCommand(("install", "-r", JobFile("requirements.txt")), {"PIP_INDEX_URL": "https://u:secret@index/simple"}),
    [],
    uploads={"requirements.txt": b"flask\n"},
    restore=Restore(("install",), (("--index-url", "https://u:secret@index/simple"),)),
)
COMMAND = "install-requirements"
OTHERS = [
    (COMMAND, replace(RUN, uploads={"requirements.txt": b"flask==3\n"})),
    (COMMAND, replace(RUN, call=replace(RUN.call, arguments=("install", "--upgrade", JobFile("requirements.txt"))))),
    (COMMAND, replace(RUN, call=replace(RUN.call, environment={"PIP_INDEX_URL": "https://u:other@index/simple"}))),
    (COMMAND, replace(RUN, directory=HomeFile("site/wwwroot"))),
    (COMMAND, replace(RUN, watched={"site/wwwroot/more.txt": b"six\n"})),
    (COMMAND, replace(RUN, restore=None)),
    (COMMAND, replace(RUN, target=replace(TARGET, python_path="D:\\home\\python38x64\\python.exe"))),
    ("package install", RUN),
]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def asks(world, run=RUN, command=COMMAND, job_id=JOB, state="running", on_success=RESTART, locked=True):
    """Let a job run that was asked for by a command; state None: it has not begun."""
    folder = world.kudu.home / "data/pythonapp/jobs" / job_id
    spec = spec_of(run, command, on_success)
    for name, content in request_files(spec, job_id, run.uploads, world.kudu.now(), run.asked).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    if state:
        result = {"installed": [{"name": "flask", "version": "3.0"}], "upgraded": [], "removed": []}
        fields = {"id": job_id, "command": command, "state": state, "heartbeatAt": now, "result": result, "exitCode": 0}
        (folder / "state.json").write_text(json.dumps(fields))
    if locked:
        (world.kudu.home / LOCKS).mkdir(parents=True, exist_ok=True)
        (world.kudu.home / LOCKS / "python311x64.lock").write_text(job_id)


@pytest.mark.parametrize("locked", [True, False])
def test_a_job_of_the_same_request_is_found(world, locked):
    asks(world, locked=locked)
    assert running_same(world.app, RUN, COMMAND).id == JOB


def test_one_that_is_about_to_begin_is_waited_for(world, monkeypatch):
    asks(world, state=None, locked=False)
    monkeypatch.setattr(same_job.time, "sleep", lambda seconds: asks(world))
    assert running_same(world.app, RUN, COMMAND).id == JOB


def test_one_that_does_not_begin_is_given_up_and_never_will(world, monkeypatch):
    asks(world, state=None, locked=False)
    told = world.kudu.clock

    def pass_time(seconds):
        world.kudu.clock = lambda: told() + timedelta(seconds=10)

    monkeypatch.setattr(same_job.time, "sleep", pass_time)
    assert running_same(world.app, RUN, COMMAND) is None
    job = show(world.kudu, JOB)
    assert (job.state, job.error) == ("failed", "its client ended before it was started")
    assert not (world.kudu.home / "data/pythonapp/jobs" / JOB / "secrets.json").exists()


@pytest.mark.parametrize("command, run", OTHERS)
def test_one_whose_request_differs_is_not(world, command, run):
    asks(world, run, command)
    assert running_same(world.app, RUN, COMMAND) is None


def test_one_that_is_over_is_not(world):
    asks(world, state="succeeded")
    assert running_same(world.app, RUN, COMMAND) is None


@pytest.mark.parametrize("seconds, taken", [(5, True), (60, False)])
def test_one_that_ended_since_the_command_began_is(world, seconds, taken):
    asks(world, state="succeeded")
    path = world.kudu.home / "data/pythonapp/jobs" / JOB / "state.json"
    ended = f"{world.kudu.clock() - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"finishedAt": ended}))
    assert world.app.progress.seconds == 12
    assert (running_same(world.app, RUN, COMMAND) is not None) is taken


def test_what_the_app_has_meanwhile_makes_no_difference(world):
    asks(world, replace(RUN, asked={"packages.txt": b"a\nb\n"}))
    later = replace(
        RUN,
        uploads={"packages.txt": b"b\n"},
        asked={"packages.txt": b"a\nb\n"},
        preparation=PipCommand(("install", "pip")),
        restore=replace(RUN.restore, since=OTHER),
    )
    assert running_same(world.app, later, COMMAND).id == JOB


def test_a_job_of_an_older_version_is_never_taken_for_the_same(world):
    world.runs(JOB)
    assert running_same(world.app, RUN, COMMAND) is None


def test_a_request_tells_no_secret_and_what_is_still_to_do(world):
    switch = Switch("3.11", "az webapp python set-version -g rg -n shop --version 3.11")
    files = request_files(spec_of(RUN, "set-version", RESTART, switch=switch), JOB, RUN.uploads)
    assert b"secret@" not in files["request.json"]
    folder = world.kudu.home / "data/pythonapp/jobs" / JOB
    folder.mkdir(parents=True)
    (folder / "request.json").write_bytes(files["request.json"])
    asked = request_of(world.kudu, JOB)
    assert (asked.python, asked.runtime, asked.leaves, asked.switch) == (
        TARGET.python_path,
        TARGET.folder,
        RESTART,
        switch,
    )
    assert show(world.kudu, JOB).to_dict("")["title"] == "pip (set-version 3.11)"
    assert request_of(world.kudu, OTHER) == Request()


class Follows:
    """In the place of PipJob: the job ends as soon as somebody follows it."""

    def __init__(self, world, monkeypatch, starts=lambda: None):
        self.followed, self.started = [], []

        def start_pip(app, run, command, job_id=None, *arguments, **options):
            self.started.append(job_id or OTHER)
            starts()
            return Launched(job_id or OTHER, Pending())

        class Job:
            def __init__(job, app, started, *arguments):
                job.id = started if isinstance(started, str) else started.job_id
                self.followed.append(job.id)

            def wait(job):
                path = world.kudu.home / "data/pythonapp/jobs" / job.id / "state.json"
                fields = json.loads(path.read_text())
                if fields["state"] == "running":
                    path.write_text(json.dumps(fields | {"state": "succeeded"}))
                return show(world.kudu, job.id)

        for module in (same_job, package_change):
            monkeypatch.setattr(module, "start_pip", start_pip)
            monkeypatch.setattr(module, "PipJob", Job)
            monkeypatch.setattr(module, "new_id", lambda now=None: OTHER)


def test_the_command_goes_on_after_the_job_that_it_follows(world, monkeypatch):
    asks(world)
    follows = Follows(world, monkeypatch)
    job = pip_once(world.app, RUN, COMMAND, on_success=RESTART, noting=(noted := []).append)
    assert (job.id, job.state, follows.started, noted) == (JOB, SUCCEEDED, [], [JOB])
    assert f"Job {JOB} of app 'shop', pip (install-requirements), does the same; following it." in world.said


@pytest.mark.parametrize("covered, started", [(True, []), (False, [OTHER])])
def test_pip_runs_again_where_it_reads_what_is_not_compared(world, monkeypatch, covered, started):
    asks(world)
    again = Follows(world, monkeypatch, lambda: asks(world, job_id=OTHER, locked=False))
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.may_use", lambda app, runtime: True)
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.time.sleep", world.sleep)
    run = replace(RUN, covered=covered)
    job = pip_once(world.app, run, COMMAND, on_success=RESTART, noting=(noted := []).append)
    assert (job.state, again.started, noted) == (SUCCEEDED, started, [JOB, *started])
    assert [each.name for each in job.result.installed] == ["flask"]


@pytest.mark.parametrize("on_success, words", [(RESTART, " and restarts the app"), (None, "")])
def test_a_restart_is_promised_only_where_the_job_leaves_one(world, monkeypatch, on_success, words):
    asks(world, on_success=on_success)
    Follows(world, monkeypatch)
    app = app_with_data(world)
    change_packages(app, RUN, COMMAND, RunOptions(wait=False))
    assert app.progress.last[-1].startswith(f"This waits for it{words}: az ")


def blocked(world):
    def start():
        asks(world, job_id=OTHER, state="failed", locked=False)
        path = world.kudu.home / "data/pythonapp/jobs" / OTHER / "state.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"blockedBy": JOB, "error": f"job {JOB} is at work"}))
        asks(world)

    return start


def test_two_that_start_at_once_end_with_the_same_job(world, monkeypatch):
    follows = Follows(world, monkeypatch, blocked(world))
    assert pip_once(world.app, RUN, COMMAND, on_success=RESTART, noting=print).id == JOB
    assert follows.started == [OTHER] and follows.followed == [OTHER, JOB]


def test_one_that_is_blocked_by_another_request_fails(world, monkeypatch):
    follows = Follows(world, monkeypatch, blocked(world))
    job = pip_once(world.app, replace(RUN, watched={"x": b""}), COMMAND, on_success=RESTART, noting=print)
    assert (job.state, job.blocked_by, follows.followed) == ("failed", JOB, [OTHER])


@pytest.mark.parametrize("on_success, marked, restarts", [(RESTART, True, 1), (RESTART, False, 0), (None, False, 1)])
def test_after_anothers_job_the_app_is_restarted_once(world, monkeypatch, on_success, marked, restarts):
    """Its own client may have restarted the app: then no marker is left. One that began with --no-restart never does."""
    asks(world, on_success=on_success, locked=False)
    if marked:
        world.note(JOB, RESTART)
    Follows(world, monkeypatch)
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.may_use", lambda app, runtime: True)
    monkeypatch.setattr("azext_pythonapp.operations.job.pending_restart.time.sleep", world.sleep)
    answer = change_packages(app_with_data(world), RUN, COMMAND, RunOptions())
    assert world.arm.done == ["restart"] * restarts
    assert answer["job"]["id"] == JOB and answer["installed"] == [{"name": "flask", "version": "3.0"}]


def test_without_waiting_the_running_job_is_the_answer(world, monkeypatch):
    asks(world)
    follows = Follows(world, monkeypatch)
    app = app_with_data(world)
    answer = change_packages(app, RUN, COMMAND, RunOptions(wait=False))
    assert (answer["job"]["id"], answer["job"]["state"], follows.started) == (JOB, "running", [])
    assert app.progress.last == [
        f"pip is running on app 'shop', as job {JOB}; what it changes is not known yet.",
        f"This waits for it and restarts the app: az webapp python job wait -g rg -n shop --job-id {JOB}",
    ]


def app_with_data(world):
    app = world.app
    app.kudu.url = lambda path: f"https://scm/{path}"
    return app
