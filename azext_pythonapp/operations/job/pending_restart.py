"""Do with the app what jobs left to do: start it when it was stopped for one, restart it after a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, PythonAppError
from azext_pythonapp.jobs.pending_restart import (
    CLAIM_SECONDS,
    RESTART_LATER,
    START,
    Note,
    forget,
    holds_runtime,
    is_claimed,
    living_job,
    notes,
)
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.jobs.store import job_ids
from azext_pythonapp.operations.app.registration import EXTENSIONS
from azext_pythonapp.operations.job.power import start_again
from azext_pythonapp.plan import Change

# The client of a job that has just ended does at once what is left; for so long another client leaves it to that one.
OWN_CLIENT_SECONDS = 5
# For so long the end of a job is awaited that has no runtime for itself, so that it only looks or is about to begin.
SHORT_JOB_SECONDS = 120
_STARTED = Change("app", "update", "Stopped", "Running")
_RESTARTED = Change("app", "restart")
PACKAGES = "because a running app does not notice new packages"
_EARLIER = "because packages were changed earlier, and it was not restarted since"


def finish_left(
    app: App,
    *,
    own: Collection[str] = (),
    restart: bool = True,
    changed: bool = False,
    why: str = PACKAGES,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Change]:
    """Start or restart the app where a job left that to do; returns what was done.

    While a job runs, or is about to begin, nothing is done, except that the app is started which this command itself
    has stopped. A start that another client is about to do itself is left to that one.
    own: the jobs of this very command; a start after one of them is no change. restart: whether to restart too.
    changed: whether this command changed what takes a restart, even where the worker could not note that.
    why: what that is, as said with the restart: "because …", or "" for what was said already.
    Raises StillStopped when an app cannot be started, which is tried several times.
    """
    left = _not_done_by_others(app, own, restart, sleep)
    starts = [note for note in left if note.kind == START]
    restarts = [note for note in left if note.kind != START]
    if not starts and not (restart and (changed or restarts)):
        return []
    mine = [note for note in left if note.job_id in own]
    if starts and all(note in mine for note in starts):
        app.progress.say(f"Starting {app.site.label} again.")
        _start(app, mine[-1], sleep)
        _forget(app, mine)
        return []
    busy = await_quiet(app, own, sleep)
    if busy is not None:
        app.progress.say(
            f"Job {busy.id} ({busy.command or 'unknown command'}) is running, so {app.site.label} is "
            f"neither started nor restarted now. Still to do: `{wait_command(app, busy.id)}`."
        )
        return []
    if starts and _is_stopped(app):
        app.progress.say(f"Starting {app.site.label}, which was stopped for job {starts[-1].job_id} and left so.")
        _start(app, starts[-1], sleep)
        _forget(app, left)
        return [_STARTED]
    if not (restart and (changed or restarts)):
        _forget(app, starts)
        return []
    changes = _restart(app, why if changed else _EARLIER)
    _forget(app, left)
    return changes


def plan_left(app: App, restart: bool) -> list[Change]:
    """What finish_left would do, for a dry run. restart: whether it is to restart the app as well."""
    left = notes(app.kudu)
    stopped = app.site.state.lower() == "stopped"
    if stopped and any(note.kind == START and not is_claimed(app.kudu, note) for note in left):
        return [_STARTED]
    return [_RESTARTED] if restart and not stopped and any(note.kind != START for note in left) else []


def still_to_do(app: App, job_id: str) -> str | None:
    """What a job left to do with the app, and the command that does it, in words; None for nothing."""
    kinds = [note.kind for note in notes(app.kudu) if note.job_id == job_id]
    if not kinds:
        return None
    what = (
        f"start {app.site.label}, which was stopped for it"
        if START in kinds
        else f"restart {app.site.label}, {PACKAGES}"
    )
    return f"Still to do after job {job_id}: {what}. `{wait_command(app, job_id)}` does it."


def wait_command(app: App, job_id: str) -> str:
    """The command that waits for a job and does what it left to do."""
    return f"az webapp python job wait {app.site.arguments} --job-id {job_id}"


def _start(app: App, note: Note, sleep: Callable[[float], None]) -> None:
    start_again(app, f"job {note.job_id}", wait_command(app, note.job_id), sleep)


def await_quiet(app: App, own: Collection[str], sleep: Callable[[float], None]) -> Job | None:
    """A job that runs, once the end of those that are soon over was awaited; None when there is none."""
    busy = living_job(app.kudu, own, sleep)
    waited = 0
    while busy is not None and waited < SHORT_JOB_SECONDS and not holds_runtime(app.kudu, busy.id):
        if not waited:
            app.progress.say(f"Waiting for job {busy.id} ({busy.command or 'unknown command'}) of {app.site.label}.")
        sleep(2)
        waited += 2
        busy = living_job(app.kudu, own, sleep)
    return busy


def _not_done_by_others(app: App, own: Collection[str], restart: bool, sleep: Callable[[float], None]) -> list[Note]:
    """The notes, once the clients of other jobs have had the time to do what is theirs.

    Without the starts that are still theirs to do.
    """
    left = notes(app.kudu)
    for waited in range(int(CLAIM_SECONDS) + OWN_CLIENT_SECONDS):
        others = _of_others(left, own, restart)
        if not others or (waited >= OWN_CLIENT_SECONDS and not _about_to_begin(app, others, sleep)):
            break
        sleep(1)
        left = notes(app.kudu)
    return [note for note in left if note.job_id in own or note.kind != START or not is_claimed(app.kudu, note, sleep)]


def _about_to_begin(app: App, others: Sequence[Note], sleep: Callable[[float], None]) -> bool:
    """Whether the app was stopped for a job that is not there yet, by a client that lives or died just now."""
    known = {note.job_id for note in others if note.kind == START} - set(job_ids(app.kudu))
    return any(is_claimed(app.kudu, note, sleep) for note in others if note.job_id in known)


def _of_others(left: Sequence[Note], own: Collection[str], restart: bool) -> list[Note]:
    return [
        note
        for note in left
        if note.job_id not in own and note.kind != RESTART_LATER and (restart or note.kind == START)
    ]


def _forget(app: App, done: Sequence[Note]) -> None:
    """Delete the notes. What they ask for is done: an SCM site that is away after a restart makes that no failure."""
    try:
        forget(app.kudu, done)
    except PythonAppError as error:
        app.progress.say(
            f"That {app.site.label} was restarted could not be noted, so the next command restarts it "
            f"once more: {error.message}"
        )


def _is_stopped(app: App) -> bool:
    site = app.arm.open_site(app.site.resource_group, app.site.name, app.site.slot)
    return site.state.lower() == "stopped"


def _restart(app: App, why: str) -> list[Change]:
    """Restart the app, unless it is stopped: then it will notice the packages when somebody starts it."""
    if app.site.state.lower() == "stopped" and _is_stopped(app):
        return []
    app.progress.say(f"Restarting {', '.join(filter(None, (app.site.label, why)))}.")
    app.arm.restart(app.site)
    return [_RESTARTED]


def restart_to_read(app: App) -> None:
    """Restart the app so that IIS reads the registration, and wait until the SCM site answers again.

    Raises Conflict, before anything is done, while a job is at work that a restart would end.
    """
    busy = await_quiet(app, (), time.sleep)
    if busy is not None:
        raise Conflict(
            f"Job {busy.id} ({busy.command or 'unknown command'}) is running on {app.site.label}, and a "
            "restart would end it.",
            f"Wait for it: `{wait_command(app, busy.id)}`. Then run the command again.",
        )
    app.arm.restart(app.site)
    app.kudu.list_directory(EXTENSIONS)
