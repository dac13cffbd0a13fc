"""What an earlier command left behind: a change that is not finished, a stopped app, a job that is lost."""

from __future__ import annotations

import time

from azext_pythonapp.history.record import Record, readable_time
from azext_pythonapp.jobs.pending_restart import START, is_claimed
from azext_pythonapp.jobs.state import LOST, QUEUED, Job
from azext_pythonapp.jobs.store import show_these
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.activity import Records
from azext_pythonapp.operations.app.left_change import came_along, finish_command, interrupted_change, undo_command
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped, warned
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.operations.job.pending_restart import wait_command


@check("unfinished-change", "No change was interrupted")
def unfinished_change(sight: Sight) -> Result:
    """By the lease and the records of changes in data\\pythonapp."""
    left = _left(sight)
    if left is None:
        return passed("Every change of the app that was begun has ended.")
    who = f" by {left.user}" if left.user else ""
    since = f", {readable_time(left.started_at)}" if left.started_at else ""
    again, undo = finish_command(sight.app, left), undo_command(sight.app, left.id)
    told = f"Change {left.id} (`{left.command}`{who}{since}) is not finished."
    if again is None:
        return warned(" ".join(filter(None, (told, came_along(sight.app, left)))), Fix(undo))
    return warned(f"{told} The fix finishes it; to undo it: `{undo}`.", Fix(again))


@check("stopped-for-job", "No job left the app stopped")
def stopped_for_job(sight: Sight) -> Result:
    """By the markers that a command leaves before it stops an app."""
    if not sight.site.stopped:
        return passed("The app is not stopped.")
    records = _records(sight)
    if records is None:
        return _unknown()
    starts = [marker for marker in records.left if marker.kind == START]
    if not starts:
        return passed("The app was not stopped for a job.")
    job_id = starts[-1].job_id
    if sight.part("claim", lambda: is_claimed(sight.app.kudu, starts[-1], time.sleep)).get():
        return passed(f"The app is stopped for job {job_id}, whose command is at work and starts it again.")
    return failed(findings.stopped_for_job(sight.site, job_id).message, Fix(wait_command(sight.app, job_id)))


@check("lost-jobs", "No job that changed packages is lost")
def lost_jobs(sight: Sight) -> Result:
    """By the heartbeat of the jobs that hold a Python, or have not begun."""
    records = _records(sight)
    if records is None:
        return _unknown()
    if not records.jobs:
        return passed("No job holds a Python.")
    jobs = sight.part("jobs", lambda: show_these(sight.app.kudu, records.jobs, time.sleep)).get()
    # One that never began has changed nothing, and nothing waits for it.
    lost = [job for job in jobs if job.state == LOST and job.phase != QUEUED]
    if not lost:
        return passed("No job is lost.")
    return warned(" ".join(_told(job) for job in lost), Fix(_again(sight, lost[0], _left(sight))))


def _left(sight: Sight) -> Record | None:
    return sight.part("interrupted change", lambda: _ask_left(sight)).get()


def _ask_left(sight: Sight) -> Record | None:
    """Costs no request where the command that asked the Pythons saw that there is no lease."""
    _ = _records(sight)
    return None if sight.app.no_lease.is_set() else interrupted_change(sight.app)


def _again(sight: Sight, job: Job, left: Record | None) -> str:
    """Return the command that does what a lost job was to do: the interrupted one, else the app's requirements."""
    again = finish_command(sight.app, left) if left is not None and job.id in left.jobs else None
    return again or sight.python("install-requirements")


def _told(job: Job) -> str:
    return f"Job {job.id}, {job.shown_title}, is lost: {job.error} What it had installed by then stays."


def _records(sight: Sight) -> Records | None:
    return sight.part("records", lambda: sight.seen.records).get()


def _unknown() -> Result:
    return skipped("The worker did not answer in time what jobs there are.")
