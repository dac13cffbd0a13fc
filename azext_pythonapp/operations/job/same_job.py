"""Find a job that does already what a command is about to start: it was interrupted, or somebody else gave it too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.pending_restart import owner_of
from azext_pythonapp.jobs.request import Switch, asked_digest
from azext_pythonapp.jobs.state import QUEUED, SUCCEEDED, Job, moment
from azext_pythonapp.jobs.store import give_up, job_ids, request_of, show
from azext_pythonapp.operations.app.observe import Part
from azext_pythonapp.operations.job.run import PipJob, PipRun, spec_of, start_pip

# How long after its request a job whose client has ended is waited for, in seconds: Python starts within this time
# unless the SCM site is cold, and then the job is started once more.
BEGIN_SECONDS = 5.0
_LOOK_SECONDS = 1.0


def running_same(app: App, run: PipRun, command: str) -> Job | None:
    """Return a job that does this very run already, because the same command was given before; None when none does.

    A job that is about to begin counts too, and one that has succeeded since this command began; one whose request
    differs in anything does not. One that does not begin is given up, so that it never will: this command holds the
    app's lease, so the client that was to start it has ended.
    """
    job = same_job(app, run, command, _candidates(app, run.target.folder))
    job = once_begun(app, job) if job is not None else None
    return job if job is not None and (not job.over or _just_succeeded(app, job)) else None


def same_job(app: App, run: PipRun, command: str, among: Iterable[str], over: bool = False) -> Job | None:
    """Return the first of some jobs that does this very run of this command; None when none does.

    among: their ids. over: also one that has ended.
    """
    for job_id in among:
        asked = request_of(app.kudu, job_id).asked
        if asked is None or asked != asked_digest(spec_of(run, command), job_id, _asked(run)):
            continue
        try:
            job = show(app.kudu, job_id)
        except NotFound:
            continue
        if over or not job.over or _just_succeeded(app, job):
            return job
    return None


def once_begun(app: App, job: Job) -> Job:
    """Return a job once it has begun; one that does not begin is given up, so that it never will, and has failed.

    Only for a job whose client has ended, as is known to whoever holds the app's lease, or found nobody to hold it.
    """
    while job.phase == QUEUED and not job.over and _may_begin(app, job):
        time.sleep(_LOOK_SECONDS)
        job = show(app.kudu, job.id)
    if job.phase != QUEUED or job.over:
        return job
    give_up(app.kudu, job.id, "its client ended before it was started")
    return show(app.kudu, job.id)


def _may_begin(app: App, job: Job) -> bool:
    """Whether a job was asked for so lately, by the server's clock, that it may still begin; False where unknown."""
    asked, now = moment(job.heartbeat_at), app.kudu.now()
    return asked is not None and now is not None and (now - asked).total_seconds() < BEGIN_SECONDS


def _just_succeeded(app: App, job: Job) -> bool:
    """Whether a job succeeded since this command began, by the server's clock: it ran when the command was given."""
    finished, now = moment(job.finished_at), app.kudu.now()
    if job.state != SUCCEEDED or finished is None or now is None:
        return False
    return finished > now - timedelta(seconds=app.progress.seconds)


def _asked(run: PipRun) -> Mapping[str, bytes]:
    return run.uploads if run.asked is None else run.asked


def _candidates(app: App, runtime: str) -> list[str]:
    """The jobs that may be changing the packages of a runtime, or be about to: 2 requests, at the same time."""
    owner = Part("lock", lambda: owner_of(app.kudu, runtime))
    newest = job_ids(app.kudu)[:1]
    return list(dict.fromkeys([*filter(None, [owner.get()]), *newest]))


def pip_once(
    app: App,
    run: PipRun,
    command: str,
    *,
    on_success: str | None,
    switch: Switch | None = None,
    timeout: float | None = None,
    noting: Callable[[str], None],
) -> Job:
    """Run pip as a job to its end, or follow the job that does the very same; return the job, which is over.

    noting: takes the id of the job before it is started or followed. The other parameters are those of start_pip and
    PipJob. Raises what PipJob.wait raises.
    """
    same = running_same(app, run, command)
    if same is not None:
        noting(same.id)
    earlier = None if same is None else follow_same(app, same, timeout)
    if earlier is not None and suffices(app, run, earlier):
        return earlier
    job_id = new_id(app.kudu.now())
    noting(job_id)
    started = start_pip(app, run, command, job_id, on_success=on_success, switch=switch)
    job = unless_blocked(app, run, command, PipJob(app, started, timeout).wait(), timeout)
    return with_changes_of(earlier, job)


def suffices(app: App, run: PipRun, job: Job) -> bool:
    """Return whether a job that was followed to its end leaves nothing to do.

    Where pip reads more than is compared, such as a folder of the app, that may have changed since the job began.
    """
    if run.covered or job.state != SUCCEEDED:
        return True
    app.progress.say(f"What pip reads may have changed since job {job.id} began, so it runs once more.")
    return False


def with_changes_of(earlier: Job | None, job: Job) -> Job:
    """Return a job with what it and the one before it changed together. earlier: None for none."""
    if earlier is None or earlier.result is None or job.result is None:
        return job
    return replace(job, result=job.result.following(earlier.result))


def follow_same(app: App, job: Job, timeout: float | None) -> Job:
    """Follow a job that does the very same as this command to its end, and return it."""
    app.progress.say(f"Job {job.id} of {app.site.label}, {job.shown_title}, does the same; following it.")
    return PipJob(app, job.id, timeout).wait()


def unless_blocked(app: App, run: PipRun, command: str, job: Job, timeout: float | None) -> Job:
    """Return the job; where it could not begin because another one does the very same, that one, once it is over."""
    other = same_job(app, run, command, [job.blocked_by], over=True) if job.blocked_by else None
    return job if other is None else follow_same(app, other, timeout)
