"""The record of a change and the job that was started for it: what the job made of the packages, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.history.lease import read_lease
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, PackageChange, Record
from azext_pythonapp.history.store import History
from azext_pythonapp.ids import time_of
from azext_pythonapp.jobs.state import LOST, Job, JobResult
from azext_pythonapp.jobs.state import SUCCEEDED as JOB_SUCCEEDED
from azext_pythonapp.jobs.store import request_of, show
from azext_pythonapp.operations.app.left_change import settle
from azext_pythonapp.operations.app.record_parts import with_result
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.job.run import result_changes
from azext_pythonapp.plan import Change

# The commands whose change is complete with their job. Any other has more to do after it.
_ONLY_PACKAGES = ("install-requirements", "package install", "package uninstall")
# A job is started at once after its change began, so that change is among the newest ones until shortly after it: ids
# of one second sort by chance, and that of a change may be moved behind another one.
_NEAR, _MARGIN = 8, timedelta(seconds=10)


def note_end(change: OpenChange, packages: PackageChange, job: Job) -> None:
    """Note in a record what a job that is over made of the packages. packages: as they were noted before it."""
    change.note_packages(with_result(packages, job.result))
    change.note(changes=tuple(each.to_dict() for each in result_changes(job.result or JobResult())))
    if job.state == LOST:
        change.unsure()


def complete_change(app: App, job: Job, done: Sequence[Change]) -> None:
    """End the record of the change that a job was started for, because its command ended before the job did.

    Nothing is done for a change whose command is still at work, or has more to do. done: what was done with the app
    after the job. A record that cannot be read or written now stays unfinished, and a sentence says so.
    """
    if job.state == LOST:
        return
    try:
        record = _unfinished_of(app, job)
        if record is not None:
            changes = [*result_changes(job.result or JobResult()), *done]
            rows = tuple(change.to_dict() for change in changes)
            state = SUCCEEDED if job.state == JOB_SUCCEEDED else FAILED
            settle(app, replace(record, packages=_packages(app, record, job), changes=rows), state)
    except PythonAppError as error:
        app.progress.say(f"Warning: The end of the change of job {job.id} could not be recorded: {error.message}")


def _unfinished_of(app: App, job: Job) -> Record | None:
    history = History(app.kudu)
    started = time_of(job.id)
    ids = [each for each in history.ids() if started and (time_of(each) or started) <= started + _MARGIN][:_NEAR]
    for record in history.read_all(ids):
        if not isinstance(record, Record) or record.state != UNFINISHED or record.jobs[-1:] != (job.id,):
            continue
        lease, _ = read_lease(app.kudu)
        at_work = lease is not None and lease.change == record.id and lease.held(app.kudu.now())
        # What has built an environment is complete when the app runs it.
        more = record.command not in _ONLY_PACKAGES or request_of(app.kudu, job.id).letter is not None
        return None if at_work or more else record
    return None


def _packages(app: App, record: Record, job: Job) -> tuple[PackageChange, ...]:
    """Return the packages with what all jobs of the change made of them. job: the last one."""
    parts = record.packages
    for job_id in record.jobs:
        try:
            result = job.result if job_id == job.id else show(app.kudu, job_id).result
        except NotFound:
            continue
        parts = tuple(with_result(part, result) for part in parts)
    return parts
