"""Watching a job through whatever meets this client: refusals, a site that recycles, tokens, a broken terminal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import (
    AccessDenied,
    Conflict,
    Interrupted,
    PlatformFailed,
    RemoteFailed,
    UnknownOutcome,
    Unreachable,
)
from azext_pythonapp.jobs.follow import await_start, follow
from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.operations.job.run import PipJob
from azext_pythonapp.operations.package.change import Attempts, RunOptions
from tests.unit.folder_site import FolderSite, Pending, Result
from tests.unit.operations.shop import shop_site, unrecorded
from tests.unit.progress import Recorded

JOB = "20261122-115930-4f2a"
BEGIN = datetime.now(timezone.utc)
WAIT = f"az webapp python job wait -g rg -n shop --job-id {JOB}"


class Worker(FolderSite):
    """A worker that runs one job: its heart beats whenever the client waits. trouble: what a request raises at a time."""

    def __init__(self, home):
        super().__init__(home)
        self.folder = home / "data/pythonapp/jobs" / JOB
        self.folder.mkdir(parents=True)
        (self.folder / "request.json").write_text(json.dumps({"command": "x", "createdAt": stamp(0)}))
        self.at, self.ends, self.begins = 0.0, 10.0, 0.0
        self.clock = lambda: BEGIN + timedelta(seconds=self.at)
        self.trouble = {}
        self.told = []
        self.before_request = self.fail
        self.command = Pending()

    def retrying_for(self, seconds):
        return self

    def fail(self, _):
        for (begin, end), error in self.trouble.items():
            if begin <= self.at < end:
                raise error

    def sleep(self, seconds):
        self.at += seconds
        if self.at >= self.begins:
            over = self.at >= self.ends
            (self.folder / "state.json").write_text(
                json.dumps(
                    {
                        "id": JOB,
                        "command": "x",
                        "state": "succeeded" if over else "running",
                        "heartbeatAt": stamp(self.at),
                    }
                )
            )

    def follow(self, started=None, **options):
        return follow(
            self,
            started or Launched(JOB, self.command),
            lambda line: None,
            clock=lambda: self.at,
            sleep=self.sleep,
            tell=self.told.append,
            **options,
        )


def stamp(seconds):
    return f"{BEGIN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def worker(tmp_path):
    return Worker(tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("refused (401)"),
        AccessDenied("refused access (403)"),
        Conflict("held"),
        PlatformFailed("503"),
        Unreachable("no route"),
        UnknownOutcome("cut"),
    ],
)
@pytest.mark.parametrize("started", [None, JOB])
def test_trouble_does_not_end_the_watching(worker, error, started):
    worker.sleep(0)
    worker.ends = 400
    worker.trouble = {(4, 5): error, (90, 150): error, (300, 390): error}
    assert worker.follow(started).state == "succeeded"
    assert worker.at >= 400
    assert len(worker.told) == 2 and "still watching" in worker.told[0]


def test_a_refusal_that_stays_leaves_the_job_to_itself(worker):
    worker.trouble = {(3, 9999): AccessDenied("The SCM site refused the sign-in (401).")}
    with pytest.raises(UnknownOutcome) as caught:
        worker.follow(wait_command="az webapp python job wait -g rg -n shop")
    assert JOB in caught.value.message and "refused the sign-in" in caught.value.message
    assert caught.value.recommendation == WAIT and 240 <= worker.at < 300


def test_a_look_that_took_minutes_says_nothing_about_the_heart(worker):
    worker.sleep(0)
    worker.ends = 20.0
    plain_read = worker.read

    def read(path):
        if worker.at == 0:
            worker.at = 100.0  # the site was cold; the runner's storage was away as well, so its heart stood still
        return plain_read(path)

    worker.read = read
    worker.ends = 104.0
    assert worker.follow().state == "succeeded"


def test_a_start_that_has_not_reached_kudu_is_waited_for(worker):
    worker.command.kept_back, worker.begins, worker.ends = True, 200.0, 210.0
    assert worker.follow().state == "succeeded"


def test_a_start_that_never_reaches_kudu_did_not_happen(worker):
    worker.command.kept_back, worker.begins = True, 9999.0
    with pytest.raises(RemoteFailed, match="did not start.*not finished after 30 s"):
        worker.follow(timeout=30)
    assert worker.command.given_up


def test_a_start_that_failed_is_not_tried_later(worker):
    worker.begins = 9999.0
    worker.command.answer = Result("", "The SCM site refused the sign-in (401).", -1)
    with pytest.raises(RemoteFailed, match="refused the sign-in"):
        worker.follow()
    assert worker.command.given_up


def test_without_waiting_a_503_still_gives_the_job(worker):
    worker.trouble = {(0, 60): PlatformFailed("answered 503")}
    started = Launched(JOB, worker.command)
    job = await_start(worker, started, clock=lambda: worker.at, sleep=worker.sleep)
    assert (job.id, job.state) == (JOB, "succeeded")


def test_without_waiting_a_site_that_stays_away_names_the_job(worker):
    worker.trouble = {(0, 9999): PlatformFailed("answered 503")}
    with pytest.raises(UnknownOutcome) as caught:
        await_start(
            worker,
            Launched(JOB, worker.command),
            clock=lambda: worker.at,
            sleep=worker.sleep,
            wait_command="az webapp python job wait -g rg -n shop",
        )
    assert JOB in caught.value.message and caught.value.recommendation == WAIT


def shop(worker, done=None):
    site = shop_site()
    progress = Recorded(worker.told)
    progress.output = lambda line: None
    arm = SimpleNamespace(stop=lambda site: done.append("stop"), start=lambda site: done.append("start"))
    return SimpleNamespace(kudu=worker, site=site, progress=progress, arm=arm, command=None)


@pytest.mark.parametrize("error", [BrokenPipeError("terminal"), RuntimeError("anything"), KeyboardInterrupt()])
def test_whatever_ends_the_watching_names_the_job(worker, error):
    worker.sleep(0)
    app = shop(worker)

    def fail(_):
        raise error

    (worker.folder / "log.txt").write_text("one\n")
    with pytest.raises(UnknownOutcome) as caught:
        PipJob(app, Launched(JOB, worker.command), None, on_line=fail).wait()
    assert (
        JOB in caught.value.message and "still running" in caught.value.message and WAIT in caught.value.recommendation
    )
    assert "pip" not in caught.value.message, "the job may be one that builds an environment, with uv"


def test_start_that_never_reached_kudu_starts_nothing(worker):
    worker.command.kept_back = True
    app = shop(worker)
    worker.before_request = lambda request: (_ for _ in ()).throw(KeyboardInterrupt())
    with pytest.raises(Interrupted, match="pip was not started on app 'shop'"):
        PipJob(app, Launched(JOB, worker.command), None).wait()


@pytest.mark.usefixtures("alone")
def test_a_stopped_app_is_not_started_under_a_running_pip(worker, monkeypatch):
    done = []
    app = shop(worker, done)
    monkeypatch.setattr(
        "azext_pythonapp.operations.package.change.start_pip", lambda *arguments: Launched(JOB, worker.command)
    )
    worker.before_request = lambda request: (
        (_ for _ in ()).throw(RuntimeError("a bug")) if "state.json" in request else None
    )
    run = SimpleNamespace(
        title="Installing six into", target=SimpleNamespace(version="3.11.9", python_path="python.exe")
    )
    with pytest.raises(UnknownOutcome, match="stays stopped until the job ends.*job wait"):
        Attempts(app, run, "install-requirements", RunOptions("always"), unrecorded()).run()
    assert done == ["stop"]


@pytest.mark.usefixtures("alone")
def test_app_that_cannot_be_started_is_reported(worker, monkeypatch):
    done = []
    app = shop(worker, done)

    def fail(*_):
        raise Unreachable("no route")

    monkeypatch.setattr("azext_pythonapp.operations.package.change.start_pip", fail)
    app.arm.start = fail
    monkeypatch.setattr("azext_pythonapp.operations.job.power.START_PAUSES", (0.0,))
    run = SimpleNamespace(
        title="Installing six into", target=SimpleNamespace(version="3.11.9", python_path="python.exe")
    )
    with pytest.raises(Unreachable) as caught:
        Attempts(app, run, "install-requirements", RunOptions("always"), unrecorded()).run()
    assert "The app is stopped" in caught.value.message and "az webapp start -g rg -n shop" in caught.value.message
