"""`job list`, `show`, `log`, `wait` and `cancel`: return to work that runs on the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Interrupted, NotFound, Refused, RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.follow import LogTail, follow
from azext_pythonapp.jobs.pending_restart import START, markers
from azext_pythonapp.jobs.request import log_path
from azext_pythonapp.jobs.state import CANCELED, COMPILING, LOST, RUNNING, SUCCEEDED, Job
from azext_pythonapp.jobs.store import delete_secrets, newest_job_id, request_cancel, show, show_all
from azext_pythonapp.operations.job.ending import canceled_packages, ending_lines
from azext_pythonapp.operations.job.pending_restart import pending_sentence, run_pending, wait_command
from azext_pythonapp.operations.job.recorded_job import complete_change
from azext_pythonapp.operations.job.run import PipJob, check_timeout, job_failure, with_job_outcome
from azext_pythonapp.plan import Change, report

# The runner looks every 2 s; a worker that is busy building takes longer to end everything.
CANCEL_SECONDS = 120.0


def list_jobs(app: App) -> list[dict[str, Any]]:
    """Return the job objects of docs/json-output.md, newest first. Secrets of lost jobs are deleted."""
    jobs = show_all(app.kudu)
    for job in jobs:
        _delete_secrets_of_lost(app, job)
    return [_row(app, job) for job in jobs]


def show_job(app: App, job_id: str | None) -> dict[str, Any]:
    """The job object of docs/json-output.md. job_id: None for the app's newest. Raises NotFound.

    A pending restart or start of the app is reported. Secrets of a lost job are deleted.
    """
    job = show(app.kudu, job_id or newest_job_id(app.kudu))
    _delete_secrets_of_lost(app, job)
    left = pending_sentence(app, job.id) if job.over else None
    if left is not None:
        app.progress.say(left)
    if job.over and job.phase == COMPILING:
        app.progress.say(
            f"Job {job.id} of {app.site.label} has succeeded; the modules of its packages are being compiled at low "
            "priority, which nothing waits for."
        )
    return _row(app, job)


def wait_for_job(app: App, job_id: str | None, timeout: float | None) -> dict[str, Any]:
    """Follow a job, its log from the beginning, and return it.

    Then any pending start of the app is performed, and a pending restart when the job succeeded.
    Raises RemoteFailed when it failed, was canceled or was lost; UnknownOutcome when the time is up.
    """
    check_timeout(timeout)
    identifier = job_id or newest_job_id(app.kudu)
    try:
        job = show(app.kudu, identifier)
    except NotFound:
        _start_without_job(app, identifier)
        raise
    title = f"Job {identifier} of {app.site.label}, {job.shown_title}"
    if job.over:
        app.progress.say(f"{title}, has ended; this is its log.")
        job = PipJob(app, identifier, timeout).wait()
    else:
        with app.progress.phase(f"Waiting for job {identifier} of {app.site.label}, {job.shown_title}."):
            job = PipJob(app, identifier, timeout).wait()
    with with_job_outcome(app, job), _restart_interrupted(app, job):
        done = run_pending(app, restart=job.state == SUCCEEDED)
    complete_change(app, job, done)
    if job.state != SUCCEEDED:
        raise job_failure(app, job)
    app.progress.conclude(*ending_lines(app, job, done))
    return _row(app, job)


@contextmanager
def _restart_interrupted(app: App, job: Job) -> Iterator[None]:
    """Turn Ctrl-C while the app is being started or restarted into an error that names the command which does it."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            f"Interrupted; {app.site.label} may be neither started nor restarted yet, where that is pending.",
            f"Run this again: `{wait_command(app, job.id)}`.",
        ) from interrupt


def print_log(app: App, job_id: str | None, follows: bool) -> None:
    """A job's log, line by line, to standard output. follows: go on until the job is over.

    Raises NotFound; UnknownOutcome for Ctrl-C while the job is still running.
    """
    identifier = job_id or newest_job_id(app.kudu)
    job = show(app.kudu, identifier)
    if not follows or job.over:
        for line in LogTail(app.kudu, log_path(identifier)).drain():
            app.progress.data(line)
        return
    command = f"az webapp python job log {app.site.arguments} --follow"
    try:
        job = follow(
            app.kudu.retrying_for(0), identifier, app.progress.data, wait_command=command, tell=app.progress.say
        )
    except KeyboardInterrupt:
        raise UnknownOutcome(
            f"No longer watching job {identifier} of {app.site.label}; it is still running on the worker.",
            f"Watch it again: `{command} --job-id {identifier}`.",
        ) from None
    app.progress.say(f"Job {identifier} has ended: {job.state}.")


def cancel_job(app: App, job_id: str | None, dry_run: bool) -> dict[str, Any]:
    """End a job: pip and all that it started, wherever they run. Returns the answer (docs/json-output.md) with the job
    in it.

    A job that was canceled before is left as it is; an app that was stopped for this one is started after its end.
    Raises Refused for one that is over in another way or lost, NotFound, and UnknownOutcome when its end is not seen
    in time.
    """
    identifier = job_id or newest_job_id(app.kudu)
    job = show(app.kudu, identifier)
    if job.state == CANCELED:
        app.progress.conclude(f"Nothing was changed: job {identifier} of {app.site.label} was canceled before.")
        return report(app.site.to_dict(), [], dry_run, **_row(app, job))
    if job.state != RUNNING:
        raise _over(app, job)
    change = Change(f"jobs/{identifier}", "update", RUNNING, CANCELED)
    if dry_run:
        planned = [replace(change, note=job.shown_title)]
        app.progress.show_plan(app.site.label, None, planned, dry_run=True)
        return report(app.site.to_dict(), planned, True, **_row(app, job))
    with app.progress.phase(f"Canceling job {identifier} of {app.site.label}, {job.shown_title}."):
        try:
            request_cancel(app.kudu, identifier)
            job = _await_end(app, identifier)
            started = run_pending(app, restart=False)
            complete_change(app, job, started)
        except KeyboardInterrupt as interrupt:
            raise UnknownOutcome(
                f"Interrupted while job {identifier} of {app.site.label} was being canceled; it may have ended.",
                f"See: `az webapp python job show {app.site.arguments} --job-id {identifier}`.",
            ) from interrupt
    if job.state != CANCELED:
        raise _over(app, job)
    app.progress.conclude(
        f"Job {identifier} of {app.site.label}, {job.shown_title}, was canceled"
        f"{'; the app was started again' if started else ''}.",
        canceled_packages(app, job),
    )
    return report(app.site.to_dict(), [change, *started], False, **_row(app, job))


def _await_end(app: App, identifier: str) -> Job:
    try:
        return follow(
            app.kudu.retrying_for(0),
            identifier,
            lambda line: None,
            tell=app.progress.say,
            timeout=CANCEL_SECONDS,
            on_job=lambda job: app.progress.status(f"{app.site.label}: canceling, the job is {job.phase}"),
            wait_command=f"az webapp python job wait {app.site.arguments}",
        )
    finally:
        app.progress.status(None)


def _delete_secrets_of_lost(app: App, job: Job) -> None:
    if job.state == LOST:
        delete_secrets(app.kudu, job.id)


def _start_without_job(app: App, identifier: str) -> None:
    """Start the app that was stopped for a job of which nothing else is there: its client died before it launched it.

    Raises RemoteFailed, which says so, when that was done.
    """
    if not any(marker.job_id == identifier and marker.kind == START for marker in markers(app.kudu)):
        return
    run_pending(app, own=[identifier], restart=False)
    raise RemoteFailed(
        f"Job {identifier} never began on {app.site.label}, which had been stopped for it; the app was started again.",
        "Run the command that started it again.",
    )


def _over(app: App, job: Job) -> Refused:
    """Return the error for a job that cannot be canceled because, as far as is known, it no longer runs."""
    if job.state == LOST:
        _delete_secrets_of_lost(app, job)
        return Refused(
            f"Job {job.id} on {app.site.label} is lost, so there is nothing to cancel: {job.error}",
            f"See which packages are there: `az webapp python package list {app.site.arguments}`.",
        )
    behind = ""
    if job.phase == COMPILING:
        behind = (
            " The modules of its packages are being compiled at low priority; the next job and `uninstall` end that by "
            "themselves."
        )
    return Refused(
        f"Job {job.id} on {app.site.label} has already ended: {job.state}.{behind}",
        f"See its log: `az webapp python job log {app.site.arguments} --job-id {job.id}`.",
    )


def _row(app: App, job: Job) -> dict[str, Any]:
    return job.to_dict(app.kudu.url(log_path(job.id)))
