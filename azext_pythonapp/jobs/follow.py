"""Follow a job: its log as it grows, until the job is over."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from azext_pythonapp.errors import NotFound, PythonAppError, RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs import state
from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.jobs.request import STATE, folder, log_path
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.jobs.store import delete_secrets, give_up, not_begun, read
from azext_pythonapp.worker import CommandAnswer, ScmSite

POLL_SECONDS = 1.0
# Until the job is first seen, and as long as it may be a short one: whoever waits wants to see that it begins, and a
# second is a tenth of what a change of a few packages takes.
START_POLL_SECONDS = 0.3
SHORT_JOB_SECONDS = 20.0
# Once Kudu has said that the command ended, the state that it wrote last appears within this time.
GRACE_SECONDS = 6.0
# A worker that is short of memory or processes cannot start Python at this moment (docs/platform/worker.md 0.9), and
# Kudu ends a command that is silent for too long. A command that ended before the job began is posted again so many
# seconds after its answer; the runner ends at once when the job has begun after all.
AGAIN_SECONDS = (2.0, 4.0)
# The answers that another try does not change: cmd.exe finds no such Python, or the runner ran and failed.
_FINAL = ("cannot find the path", "cannot find the file", "is not recognized as", "Traceback (most recent call last)")
# For a job that this client started, a missing state is not looked into sooner.
PATIENT_SECONDS = 60.0
# A cold SCM site takes four minutes (docs/platform/kudu.md 6). Whoever waits is told sooner.
UNREACHABLE_SECONDS = 240.0
SILENT_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 10.0


class LogTail:
    """A log file that is read while it is written: each call of `read` gives the lines that became whole since."""

    def __init__(self, kudu: ScmSite, path: str):
        self._kudu = kudu
        self._path = path
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def read(self) -> list[str]:
        """The next lines, without their ends; [] when there is nothing new or no log yet."""
        try:
            content = self._kudu.read_from(self._path, self._offset)
        except NotFound:
            return []
        self._offset += len(content)
        *lines, self._rest = (self._rest + self._decoder.decode(content)).split("\n")
        return [line.rstrip("\r") for line in lines]

    def drain(self) -> Iterator[str]:
        """All that is left, once nothing is written any more; a last line without an end is one as well."""
        before = -1
        while before != self._offset:
            before = self._offset
            yield from self.read()
        rest = self._rest + self._decoder.decode(b"", True)
        self._rest = ""
        if rest:
            yield rest.rstrip("\r")


class Watch:
    """Tells from what is seen of a job, and when, whether it is alive: as `store.show` does, by the server's clock.

    clock: seconds, monotonic; it tells only how long this client has looked. started: the job, for the client that
    started it; its id for any other.
    """

    def __init__(self, started: Launched | str, clock: Callable[[], float]):
        self.job: Job | None = None
        self._started = None if isinstance(started, str) else started
        self.started_here = self._started is not None
        self.job_id = started if isinstance(started, str) else started.job_id
        self._pauses = list(AGAIN_SECONDS if self._started is not None and self._started.post is not None else ())
        self._clock = clock
        self._begun_at = clock()
        self._same_since: float | None = None
        self._answered_at: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the job's runner was seen."""
        return self.job is not None and self.job.phase != state.QUEUED

    @property
    def patient(self) -> bool:
        """Whether it is needless, or too soon, to ask why there is no state."""
        return self.begun or (self.started_here and self._clock() - self._begun_at < PATIENT_SECONDS)

    def interrupted(self) -> None:
        """The site did not answer for a while: silence during that time says nothing about the job."""
        self._same_since = None
        self._answered_at = None

    def saw(self, job: Job | None, server_time: datetime | None = None) -> Job | None:
        """Take what the job's files say now, None for no state yet. Returns the job when it is over or lost.

        Raises RemoteFailed when it never began.
        """
        now = self._clock()
        if job is not None and (self.job is None or job.heartbeat_at != self.job.heartbeat_at):
            self._same_since = None
        if self._same_since is None:
            self._same_since = now
        if job is None or job.phase == state.QUEUED:
            self._saw_no_state(job, server_time, now)
        self.job = job or self.job
        if self.job is None or self.job.over:
            return self.job
        return self._lost(now - self._same_since, server_time)

    def _lost(self, same_for: float, server_time: datetime | None) -> Job | None:
        """The job as lost, when its heartbeat is too old, and did not move either while it was looked at."""
        assert self.job is not None
        silence = self.job.silence(server_time)
        if silence is None:  # a server that tells no time, or a state without one
            judged = (
                self.job.lost(f"It has not updated its heartbeat for {same_for:.0f} s.")
                if (same_for > state.LOST_SECONDS and self.job.phase != state.QUEUED)
                else self.job
            )
        else:
            judged = self.job.judged(server_time)
            if same_for < state.DOUBT_SECONDS and silence < state.FORGOTTEN_SECONDS and judged.phase != state.QUEUED:
                return None
        if judged.state != state.LOST:
            return None
        words = f" {self._kudu_answer()}" if self._answer() else ""
        return judged.lost(f"{judged.error}{words}")

    def _saw_no_state(self, job: Job | None, server_time: datetime | None, now: float) -> None:
        """Post a command again that ended before the job began.

        Raises RemoteFailed for a job that was started here and cannot begin any more.
        """
        if self.begun or not self.started_here:
            return
        answer = self._answer()
        if answer is not None and self._answered_at is None:
            self._answered_at = now
        waited = 0.0 if self._answered_at is None else now - self._answered_at
        if waited >= GRACE_SECONDS or (job is not None and job.judged(server_time).state == state.LOST):
            raise self.never_began()
        if answer is not None and self._pauses and waited >= self._pauses[0] and not _is_final(answer):
            assert self._started is not None and self._started.post is not None
            del self._pauses[0]
            self._answered_at = None
            self._started.pending = self._started.post()

    def sleep(self, seconds: float) -> None:
        """Wait; less when Kudu says meanwhile that the command has ended."""
        (self._started.pending.sleep if self._started is not None else time.sleep)(seconds)

    def _answer(self) -> CommandAnswer | None:
        """What Kudu answered to the newest command of this client; None for nothing."""
        return self._started.pending.result() if self._started is not None else None

    def _kudu_answer(self) -> str:
        """What Kudu answered to the command, on one line."""
        answer = self._answer()
        if answer is None:
            return "Kudu gave no answer."
        text = " ".join((answer.error or answer.output or "").split())
        return f"Kudu answered exit code {answer.exit_code}: {text[-1000:] or 'nothing'}"

    def never_began(self, reason: str | None = None) -> RemoteFailed:
        """The error of a job of which nothing runs. reason: a sentence; None for what Kudu answered."""
        if self._started is not None:
            self._started.pending.give_up()
        return RemoteFailed(
            f"Job {self.job_id} did not start on the worker. {reason or self._kudu_answer()}",
            "Check with `az webapp python list` that the runtime is installed and runs, then run the command again.",
        )

    def unwatched(self, reason: str, wait_command: str) -> PythonAppError:
        """Return the error for a client that stops watching a job, which runs unless its start never reached Kudu."""
        if not self.begun and self._started is not None and self._started.pending.give_up():
            return self.never_began(reason)
        return UnknownOutcome(
            f"Job {self.job_id} is still running on the worker. {reason}", f"{wait_command} --job-id {self.job_id}"
        )


def _is_final(answer: CommandAnswer) -> bool:
    """Whether another try would be answered alike."""
    return any(words in f"{answer.error} {answer.output}" for words in _FINAL)


class Absence:
    """A time during which a job cannot be seen, whatever the reason: a cold SCM site, a refused token.

    tell: takes a line for the person when it takes long.
    """

    def __init__(
        self,
        watch: Watch,
        wait_command: str,
        clock: Callable[[], float],
        tell: Callable[[str], None] = lambda line: None,
    ):
        self._watch = watch
        self._wait_command = wait_command
        self._clock = clock
        self._tell = tell
        self.over()

    def over(self) -> None:
        """The job was seen."""
        self._since: float | None = None
        self._pause = POLL_SECONDS
        self._told = False

    def met(self, error: PythonAppError, asked: float) -> float:
        """Record an error; return the pause in seconds before the next look. asked: when that look began.

        Raises UnknownOutcome when it has lasted for too long.
        """
        self._watch.interrupted()
        if self._since is None:
            self._since = asked
        away = self._clock() - self._since
        if away >= UNREACHABLE_SECONDS:
            raise self._watch.unwatched(
                f"The SCM site could not be used for {away:.0f} s: {error.message}", self._wait_command
            ) from error
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        if not self._told and away + self._pause >= SILENT_SECONDS:
            self._told = True
            self._tell(f"Cannot see the job at the moment; still watching. {error.message}")
        return self._pause


def follow(
    kudu: ScmSite,
    started: Launched | str,
    on_line: Callable[[str], None],
    *,
    on_job: Callable[[Job], None] = lambda job: None,
    timeout: float | None = None,
    wait_command: str = "az webapp python job wait",
    tell: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] | None = None,
) -> Job:
    """Wait for a job's end; on_line gets each line of its log, from the first on, as it comes.

    on_job: gets the job as it is at each look.
    started: what launch returned, or the id of a job started elsewhere. timeout: seconds; None waits for ever.
    wait_command: the command, with its app, that errors advise; `--job-id` is added.
    tell: takes a line for the person when the job cannot be seen for a while.
    sleep: passes so many seconds; by default less when Kudu says meanwhile that the command has ended.
    Returns the job, which is over: succeeded, failed, canceled or lost. Raises NotFound for an unknown id,
    UnknownOutcome when the time is up or the job could not be seen for four minutes, because the site was away or
    refused (the job is still running), RemoteFailed when the job never started.
    """
    job_id = started if isinstance(started, str) else started.job_id
    with _giving_up(kudu, job_id):
        job = _followed(kudu, started, on_line, on_job, timeout, wait_command, tell, clock, sleep)
    if job.state == state.LOST:
        delete_secrets(kudu, job_id)
    return job


@contextmanager
def _giving_up(kudu: ScmSite, job_id: str) -> Iterator[None]:
    """When a job never began, record that on the worker and delete its secrets."""
    try:
        yield
    except RemoteFailed as error:
        give_up(kudu, job_id, error.message)
        raise


def _followed(
    kudu: ScmSite,
    started: Launched | str,
    on_line: Callable[[str], None],
    on_job: Callable[[Job], None],
    timeout: float | None,
    wait_command: str,
    tell: Callable[[str], None],
    clock: Callable[[], float],
    sleep: Callable[[float], None] | None,
) -> Job:
    """The job once it is over; what follow does, but what is left to do after it."""
    watch = Watch(started, clock)
    job_id, sleep = watch.job_id, sleep or watch.sleep
    tail = LogTail(kudu, log_path(job_id))
    begun, absence = clock(), Absence(watch, wait_command, clock, tell)
    while True:
        asked = clock()
        try:
            job = _look(kudu, job_id, watch, clock)
            for line in tail.drain() if job else tail.read():
                on_line(line)
            if watch.job is not None:
                on_job(watch.job)
            if job is not None:
                return job
            absence.over()
            long = watch.begun and asked - begun >= SHORT_JOB_SECONDS
            pause = POLL_SECONDS if long else START_POLL_SECONDS
        except (NotFound, RemoteFailed):
            raise
        except PythonAppError as error:  # none that this client meets ends the job
            pause = absence.met(error, asked)
        if timeout is not None and clock() - begun >= timeout:
            raise watch.unwatched(f"It was not finished after {timeout:g} s.", wait_command)
        sleep(pause)


def await_start(
    kudu: ScmSite,
    started: Launched,
    *,
    wait_command: str = "az webapp python job wait",
    tell: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Job:
    """Wait until a job that was just launched has begun, and return it; it may be over by then.

    A client that goes away sooner may take the command with it that was to start the job.
    Raises RemoteFailed when the job never began, UnknownOutcome, with its id, when that cannot be seen.
    """
    with _giving_up(kudu, started.job_id):
        return _begun(kudu, started, wait_command, tell, clock, sleep)


def _begun(
    kudu: ScmSite,
    started: Launched,
    wait_command: str,
    tell: Callable[[str], None],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Job:
    """The job once it has begun."""
    watch = Watch(started, clock)
    absence = Absence(watch, wait_command, clock, tell)
    while True:
        asked, pause = clock(), START_POLL_SECONDS
        try:
            over = _look(kudu, started.job_id, watch, clock)
            job = over or watch.job
            if job is not None and job.phase != state.QUEUED:
                return job
            absence.over()
        except RemoteFailed:
            raise
        except PythonAppError as error:
            pause = absence.met(error, asked)
        sleep(pause)


def _look(kudu: ScmSite, job_id: str, watch: Watch, clock: Callable[[], float]) -> Job | None:
    """Read the state once; the job when it is over. The log that is read after this holds all that led to it.

    A look that took long came after a time in which the job could not be seen.
    """
    asked = clock()
    try:
        file = kudu.read(f"{folder(job_id)}/{STATE}")
    except NotFound:
        if clock() - asked >= GRACE_SECONDS:
            watch.interrupted()
        return watch.saw(None) if watch.patient else watch.saw(*not_begun(kudu, job_id))
    if clock() - asked >= GRACE_SECONDS:
        watch.interrupted()
    job = state.parse(file.content, job_id)
    # One that is being written over is whole the next time; one that stays in parts is judged as `show` judges it.
    return watch.saw(*((job, file.server_time) if job else read(kudu, job_id)))
