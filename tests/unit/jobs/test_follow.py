"""Following a job, against a folder whose files change while the client sleeps."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from azext_pythonapp.errors import InvalidInput, NotFound, RemoteFailed, UnknownOutcome, Unreachable
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.jobs.store import newest_job_id, show
from tests.unit.folder_site import FolderSite, Pending, Result

JOB = "20261122-115930-4f2a"
BEGIN = datetime.now(timezone.utc)
IDLE_KILL = (
    "Command 'x' was aborted due to no output nor CPU activity for 60 seconds. You can increase the "
    "SCM_COMMAND_IDLE_TIMEOUT app setting (or WEBJOBS_IDLE_TIMEOUT if this is a WebJob) if needed."
)


class Worker:
    """Plays the runner: writes what `script` says at each second of a clock that only sleeping moves."""

    def __init__(self, home):
        self.site = FolderSite(home)
        self.site.clock = lambda: BEGIN + timedelta(seconds=self.now)
        self.folder = home / "data/pythonapp/jobs" / JOB
        self.folder.mkdir(parents=True)
        (self.folder / "request.json").write_text(
            json.dumps({"command": "install-requirements", "createdAt": stamp(), "secretFiles": ["requirements.txt"]})
        )
        self.now = 0.0
        self.script = lambda second: None
        self.pending = Pending()
        self.lines = []

    def sleep(self, seconds):
        self.now += seconds
        self.script(self.now)

    def state(self, state="running", heartbeat=None, **fields):
        (self.folder / "state.json").write_text(
            json.dumps(
                {
                    "id": JOB,
                    "command": "install-requirements",
                    "state": state,
                    "heartbeatAt": heartbeat or stamp(self.now),
                    **fields,
                }
            )
        )

    def log(self, content):
        with open(self.folder / "log.txt", "ab") as stream:
            stream.write(content)

    def follow(self, started=None, **options):
        return follow(
            self.site,
            started or Launched(JOB, self.pending),
            self.lines.append,
            clock=lambda: self.now,
            sleep=self.sleep,
            **options,
        )


def stamp(seconds=0.0):
    return f"{BEGIN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def worker(tmp_path):
    return Worker(tmp_path)


def test_lines_come_whole_and_while_the_job_runs(worker):
    text = "Collecting flask\r\nGrüße 日本\nlast line without an end".encode()
    seen_while_running = []
    pieces = [bytes([byte]) for byte in text]  # characters are cut in the middle

    def script(second):
        if pieces:
            worker.log(pieces.pop(0))
            worker.state()
            seen_while_running[:] = worker.lines
        else:
            worker.state("succeeded", exitCode=0, finishedAt=stamp())

    worker.script = script
    job = worker.follow()
    assert worker.lines == ["Collecting flask", "Grüße 日本", "last line without an end"]
    assert seen_while_running == worker.lines[:2]
    assert (job.state, job.exit_code) == ("succeeded", 0)


def test_the_log_written_just_before_the_end_is_not_missed(worker):
    def script(second):
        worker.state()
        if second >= 3:
            worker.log(b"one\ntwo\n")
            worker.state("failed", exitCode=1, error="pip ended with exit code 1: ERROR: no")

    worker.script = script
    job = worker.follow()
    assert worker.lines == ["one", "two"]
    assert (job.state, job.error) == ("failed", "pip ended with exit code 1: ERROR: no")


def test_a_silent_job_is_lost_not_succeeded(worker):
    worker.state(heartbeat=stamp())
    (worker.folder / "requirements.txt").write_text("--index-url https://u:p@h/simple\n")
    job = worker.follow()
    assert job.state == "lost"
    assert 59 <= worker.now < 66, "a heartbeat has whole seconds"
    assert re.search("last heartbeat was 6. s ago", job.error)
    assert not (worker.folder / "requirements.txt").exists()


def test_silence_while_the_site_does_not_answer_says_nothing(worker):
    def trouble(_):
        if 2 <= worker.now < 90:
            raise Unreachable("no route")

    def script(second):
        if second < 95:
            worker.state(heartbeat=stamp())
        else:
            worker.state("succeeded", exitCode=0)

    worker.state()
    worker.site.before_request = trouble
    worker.script = script
    assert worker.follow().state == "succeeded"
    assert worker.now >= 95


def test_a_site_that_stays_away_ends_in_an_unknown_outcome(worker):
    def trouble(_):
        raise Unreachable("no route")

    worker.site.before_request = trouble
    with pytest.raises(UnknownOutcome) as caught:
        worker.follow(wait_command="az webapp python job wait -g rg -n shop")
    assert 240 <= worker.now < 260
    assert JOB in caught.value.message and "no route" in caught.value.message
    assert caught.value.recommendation == f"az webapp python job wait -g rg -n shop --job-id {JOB}"


def test_a_timeout_leaves_the_job_alone(worker):
    worker.script = lambda second: worker.state()
    with pytest.raises(UnknownOutcome, match="still running.*after 10 s"):
        worker.follow(timeout=10)
    assert 10 <= worker.now < 12
    assert not [request for request in worker.site.requests if not request.startswith(("read", "tail"))]


def test_an_idle_kill_is_told_in_kudus_words(worker):
    def script(second):
        if second < 70:
            worker.state()
        else:
            worker.pending.answer = Result("", IDLE_KILL, -1)

    worker.script = script
    job = worker.follow()
    assert job.state == "lost"
    assert IDLE_KILL in job.error
    assert worker.now < 140, "as `job show` says it, and no sooner"


def test_an_answer_does_not_end_a_job_whose_heart_beats(worker):
    worker.pending.answer = Result("", "HTTP 503", -1)
    worker.script = lambda second: worker.state() if second < 100 else worker.state("succeeded", exitCode=0)
    assert worker.follow().state == "succeeded"
    assert worker.now >= 100


def test_a_final_state_that_comes_after_the_answer_counts(worker):
    def script(second):
        if second < 5:
            worker.state(heartbeat="2099-01-01T00:00:00Z")
        elif second < 8:
            worker.pending.answer = Result("", "", 0)
        else:
            worker.state("succeeded", exitCode=0)

    worker.script = script
    assert worker.follow().state == "succeeded"


def test_a_job_that_cannot_start_fails_with_kudus_answer(worker):
    (worker.folder / "secrets.json").write_text("{}")
    worker.pending.answer = Result("", "The system cannot find the path specified.", 1)
    with pytest.raises(RemoteFailed, match="did not start.*cannot find the path"):
        worker.follow()
    assert worker.now < 10
    assert not (worker.folder / "secrets.json").exists()


BUSY = (
    Result("", "The paging file is too small for this operation to complete.\r\n", 1),
    Result("", "", -1073741502),
    Result("", "System.ComponentModel.Win32Exception (0x80004005): Internal error.", -1),
    Result("", IDLE_KILL, -1),
    Result("", "", 1),
)


@pytest.mark.parametrize("answer", BUSY)
@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_too_busy_to_start_it_is_asked_again(worker, answer, times):
    worker.pending.answer = answer
    posted = []

    def post():
        posted.append(worker.now)
        again = Pending()
        if len(posted) < times:
            again.answer = answer
        else:
            worker.script = lambda second: worker.state("succeeded", exitCode=0)
        return again

    assert worker.follow(Launched(JOB, worker.pending, post)).state == "succeeded"
    assert len(posted) == times


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (BUSY[0], 2),
        (Result("", "Traceback (most recent call last):\r\nIOError: [Errno 28] No space left on device", 1), 0),
        (Result("", "'D:\\home\\x\\python.exe' is not recognized as an internal or external command", 9009), 0),
    ],
)
def test_one_that_never_can_start_it_is_not_asked_for_ever(worker, answer, times):
    posted = []

    def post():
        posted.append(Pending())
        posted[-1].answer = answer
        return posted[-1]

    with pytest.raises(RemoteFailed, match=re.escape(f"answered exit code {answer.exit_code}")):
        worker.follow(Launched(JOB, post(), post))
    assert len(posted) == times + 1 and worker.now < 20


def test_a_job_that_never_starts_is_not_waited_for_for_ever(worker):
    with pytest.raises(RemoteFailed, match="did not start"):
        worker.follow()
    assert 355 <= worker.now < 370


def test_a_client_can_come_back_by_the_id(worker):
    worker.log(b"one\n")
    worker.state()

    def script(second):
        worker.log(b"two\n")
        worker.state("succeeded", exitCode=0)

    worker.script = script
    assert worker.follow(started=JOB).state == "succeeded"
    assert worker.lines == ["one", "two"]


def test_coming_back_to_a_job_that_is_about_to_begin(worker):
    worker.script = lambda second: second >= 50 and worker.state("succeeded", exitCode=0)
    assert worker.follow(started=JOB).state == "succeeded"


def test_coming_back_to_a_job_that_does_not_exist(worker):
    with pytest.raises(NotFound, match="no job 20260101-000000-0000"):
        worker.follow(started="20260101-000000-0000")
    with pytest.raises(InvalidInput):
        worker.follow(started="../../site")


def test_show_tells_what_the_files_say(worker):
    worker.state(
        "failed",
        exitCode=2,
        startedAt="a",
        finishedAt="b",
        result={
            "installed": [{"name": "a", "version": "1"}],
            "upgraded": [{"name": "b", "before": "1", "after": "2"}],
            "removed": [],
            "check": {"ok": False, "problems": ["x requires y"]},
        },
    )
    job = show(worker.site, JOB)
    assert job.to_dict("https://log") == {
        "id": JOB,
        "command": "install-requirements",
        "title": "pip (install-requirements)",
        "state": "failed",
        "phase": None,
        "exitCode": 2,
        "startedAt": "a",
        "finishedAt": "b",
        "logUrl": "https://log",
    }
    assert job.result.changed
    assert job.result.to_dict() == {
        "installed": [{"name": "a", "version": "1"}],
        "upgraded": [{"name": "b", "before": "1", "after": "2"}],
        "reinstalled": [],
        "removed": [],
        "check": {"ok": False, "problems": ["x requires y"]},
    }


def test_job_is_lost_after_a_minute_without_heartbeat(worker):
    worker.state(heartbeat=stamp(-50))
    assert show(worker.site, JOB).state == "running"
    worker.state(heartbeat=stamp(-70))
    assert show(worker.site, JOB, worker.sleep).state == "lost"
    worker.state("succeeded", heartbeat=stamp(-700))
    assert show(worker.site, JOB).state == "succeeded"


def test_show_of_a_job_that_has_not_begun(worker):
    assert (show(worker.site, JOB).state, show(worker.site, JOB).phase) == ("running", "queued")
    (worker.folder / "request.json").write_text(json.dumps({"command": "x", "createdAt": stamp(-300)}))
    assert show(worker.site, JOB).state == "running", "a cold SCM site may still start it"
    (worker.folder / "request.json").write_text(json.dumps({"command": "x", "createdAt": stamp(-370)}))
    assert show(worker.site, JOB).state == "lost"


def test_the_newest_job_is_the_one_with_the_last_id(worker):
    for name in ("20261122-115931-0000", "20251122-115930-ffff", "not-a-job", "zzz"):
        (worker.folder.parent / name).mkdir()
    (worker.folder.parent / "20991122-115931-0000").write_text("a file")
    assert newest_job_id(worker.site) == "20261122-115931-0000"


def test_an_app_without_jobs(tmp_path):
    with pytest.raises(NotFound, match="No job has run"):
        newest_job_id(FolderSite(tmp_path))
