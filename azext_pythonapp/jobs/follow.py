"""Follow a job: its log as it grows, until the job is over."""
from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator

from azext_pythonapp.appservice.errors import (NotFound, PlatformFailed, PythonAppError, RemoteFailed, Unreachable,
                                               UnknownOutcome)
from azext_pythonapp.jobs import state
from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.jobs.request import STATE, folder, log_path
from azext_pythonapp.jobs.site import Pending, Site
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.jobs.store import forget_secrets, show

POLL_SECONDS = 1.0
# Until the job is seen first: whoever waits wants to see that it begins.
START_POLL_SECONDS = 0.3
# The runner writes a heartbeat every 2 s; unchanged for so long, while the site answers, it is gone.
SILENCE_SECONDS = 30.0
# The same once Kudu has said that the command ended.
GRACE_SECONDS = 6.0
UNREACHABLE_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 10.0


class LogTail:
    """A log file that is read while it is written: each call of `read` gives the lines that became whole since."""

    def __init__(self, kudu: Site, path: str):
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
    """Judges from what is seen of a job, and when, whether it still lives.

    clock: seconds, monotonic. pending: the command at Kudu, for the client that started it.
    """

    def __init__(self, job_id: str, pending: Pending | None, clock: Callable[[], float]):
        self.job: Job | None = None
        self.started_here = pending is not None
        self._job_id = job_id
        self._pending = pending
        self._clock = clock
        self._alive_at = clock()
        self._answered_at: float | None = None

    def interrupted(self) -> None:
        """The site did not answer for a while: silence during that time says nothing about the job."""
        self._alive_at = self._clock()
        self._answered_at = None

    def saw(self, job: Job | None) -> Job | None:
        """Take what state.json says now, None for no state yet. Returns the job when it is over.

        Raises RemoteFailed when it never began.
        """
        now = self._clock()
        if job is not None and (self.job is None or job.heartbeat_at != self.job.heartbeat_at or job.over):
            self._alive_at = now
            self._answered_at = None
        self.job = job or self.job
        if self.job is not None and self.job.over:
            return self.job
        answer = self._pending.result() if self._pending else None
        if answer is not None and self._answered_at is None:
            self._answered_at = now
        ended = self._answered_at is not None and now - self._answered_at >= GRACE_SECONDS
        if self.job is None:
            if ended or now - self._alive_at >= state.START_SECONDS:
                raise self._never_began()
        elif ended:
            return self.job.lost("Its process ended without a final state. " + self._words())
        elif now - self._alive_at >= SILENCE_SECONDS and self.job.phase != state.QUEUED:
            return self.job.lost(f"Nothing was heard of it for {now - self._alive_at:.0f} s; "
                                 "the SCM site was probably restarted.")
        return None

    def _words(self) -> str:
        """What Kudu answered to the command, on one line."""
        answer = self._pending.result() if self._pending else None
        if answer is None:
            return "Kudu gave no answer."
        text = " ".join((answer.error or answer.output or "").split())
        return f"Kudu answered exit code {answer.exit_code}: {text[-1000:] or 'nothing'}"

    def _never_began(self) -> RemoteFailed:
        return RemoteFailed(f"Job {self._job_id} did not start on the worker. {self._words()}",
                            "Check with `az webapp python list` that the runtime is installed and whole, then "
                            "run the command again.")


def follow(kudu: Site, started: Launched | str, on_line: Callable[[str], None], *,
           on_job: Callable[[Job], None] = lambda job: None, timeout: float | None = None,
           wait_command: str = "az webapp python job wait",
           clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] | None = None) -> Job:
    """Wait for a job's end; on_line gets each line of its log, from the first on, as it comes.

    on_job: gets the job as it is at each look.
    started: what launch returned, or the id of a job started elsewhere. timeout: seconds; None waits for ever.
    wait_command: the command, with its app, that errors advise; `--job-id` is added.
    sleep: passes so many seconds; by default less when Kudu says meanwhile that the command has ended.
    Returns the job, which is over: succeeded, failed, canceled or lost. Raises NotFound for an unknown id,
    UnknownOutcome when the time is up or the site was away for two minutes (the job goes on), RemoteFailed when the
    job never started.
    """
    job_id, pending = (started, None) if isinstance(started, str) else (started.job_id, started.pending)
    sleep = sleep or (pending.sleep if pending else time.sleep)
    tail = LogTail(kudu, log_path(job_id))
    watch = Watch(job_id, pending, clock)
    begun, away_since, pause = clock(), None, POLL_SECONDS
    while True:
        try:
            job = _look(kudu, job_id, watch)
            for line in tail.drain() if job else tail.read():
                on_line(line)
            if watch.job is not None:
                on_job(watch.job)
            if job is not None:
                break
            away_since, pause = None, POLL_SECONDS if watch.job else START_POLL_SECONDS
        except (Unreachable, PlatformFailed) as error:
            watch.interrupted()
            away_since = clock() if away_since is None else away_since
            if clock() - away_since >= UNREACHABLE_SECONDS:
                raise _goes_on(job_id, f"The SCM site could not be used for {clock() - away_since:.0f} s: "
                                       f"{error.message}", wait_command) from error
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        except RemoteFailed:
            forget_secrets(kudu, job_id)
            raise
        if timeout is not None and clock() - begun >= timeout:
            raise _goes_on(job_id, f"It was not over after {timeout:g} s.", wait_command)
        sleep(pause)
    if job.state == state.LOST:
        forget_secrets(kudu, job_id)
    return job


def await_start(kudu: Site, started: Launched, *, clock: Callable[[], float] = time.monotonic,
                sleep: Callable[[float], None] = time.sleep) -> Job:
    """Wait until a job that was just launched has begun, and return it; it may be over by then.

    A client that goes away sooner may take the command with it that was to start the job.
    Raises RemoteFailed when the job never began, Unreachable or PlatformFailed when the site does not tell.
    """
    watch = Watch(started.job_id, started.pending, clock)
    try:
        while True:
            over = _look(kudu, started.job_id, watch)
            job = over or watch.job
            if job is not None:
                return job
            sleep(START_POLL_SECONDS)
    except RemoteFailed:
        forget_secrets(kudu, started.job_id)
        raise


def _look(kudu: Site, job_id: str, watch: Watch) -> Job | None:
    """Read the state once; the job when it is over. The log that is read after this holds all that led to it."""
    try:
        file = kudu.read(f"{folder(job_id)}/{STATE}")
    except NotFound:
        return watch.saw(None if watch.started_here else show(kudu, job_id))
    job = state.parse(file.content)
    return watch.saw(job.judged(file.server_time) if job else None)


def _goes_on(job_id: str, reason: str, wait_command: str) -> PythonAppError:
    return UnknownOutcome(f"Job {job_id} goes on on the worker. {reason}", f"{wait_command} --job-id {job_id}")
