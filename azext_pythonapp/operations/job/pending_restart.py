"""Run pending restarts: start the app when it was stopped for a job, restart it after packages have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, Interrupted, NotFound, PythonAppError
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.late_compile import start_compiling
from azext_pythonapp.jobs.pending_restart import (
    CLAIM_SECONDS,
    RESTART_LATER,
    START,
    Marker,
    clear,
    holds_runtime,
    is_claimed,
    living_job,
    mark_start,
    markers,
)
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.jobs.store import job_ids, request_of, show
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.app.registration import EXTENSIONS
from azext_pythonapp.operations.app.used_runtimes import may_use
from azext_pythonapp.operations.job.power import start_app
from azext_pythonapp.plan import Change

# The client of a job that has just ended restarts the app itself; another client waits so long before it does.
OWN_CLIENT_SECONDS = 5
# How long to wait for a job that holds no runtime, because it changes nothing or is about to begin.
SHORT_JOB_SECONDS = 120
# After so many of the newest jobs the packages are compiled.
COMPILED_JOBS = 2
_STARTED = Change("app", "update", "Stopped", "Running")
_RESTARTED = Change("app", "restart")
PACKAGES = "because a running app does not load new packages"
_EARLIER = "because packages were changed earlier and the app was not restarted since"


def run_pending(
    app: App,
    *,
    own: Collection[str] = (),
    restart: bool = True,
    changed: bool = False,
    why: str = PACKAGES,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Change]:
    """Start or restart the app where a job made that necessary; return what was done.

    While a job runs or is about to begin, nothing is done, except that an app that this command stopped is started.
    A start that another client is about to do is left to it.
    own: the jobs of this very command; a start after one of them is no change. restart: whether to restart too.
    changed: whether this command changed anything that needs a restart, even if no marker could be written.
    why: the reason given with the restart: "because …", or "" when it was given already.
    Raises StillStopped when an app cannot be started, which is tried several times.
    """
    left = _not_done_by_others(app, own, restart, sleep)
    left = _without_needless(app, left, own, sleep) if restart else left
    starts = [marker for marker in left if marker.kind == START]
    restarts = [marker for marker in left if marker.kind != START]
    if not starts and not (restart and (changed or restarts)):
        return []
    mine = [marker for marker in left if marker.job_id in own]
    if starts and all(marker in mine for marker in starts):
        with app.progress.phase(f"Starting {app.site.label} again."):
            _start(app, mine[-1], sleep)
        _clear(app, mine)
        compile_packages(app, _jobs_of(mine), sleep)
        return []
    busy = await_quiet(app, own, sleep)
    if busy is not None and not changes_unused_runtime(app, busy):
        app.progress.say(
            f"Job {busy.id}, {busy.shown_title}, is running, so {app.site.label} is "
            f"neither started nor restarted now. Run `{wait_command(app, busy.id)}` to do that when the job has ended."
        )
        return []
    if starts and _is_stopped(app):
        with app.progress.phase(
            f"Starting {app.site.label}, which was stopped for job {starts[-1].job_id} and not started again."
        ):
            _start(app, starts[-1], sleep)
        _clear(app, left)
        compile_packages(app, _jobs_of(left), sleep)
        return [_STARTED]
    if not (restart and (changed or restarts)):
        _clear(app, starts)
        return []
    changes = _restart(app, why if changed else _EARLIER, busy, [*own, *(marker.job_id for marker in restarts)])
    _clear(app, left)
    compile_packages(app, {*own, *_jobs_of(left)}, sleep)
    return changes


def plan_pending(app: App, restart: bool) -> list[Change]:
    """Return what run_pending would do, for a dry run. restart: whether it may restart the app as well."""
    left = _without_needless(app, markers(app.kudu), (), clears=False) if restart else markers(app.kudu)
    stopped = app.site.stopped
    if stopped and any(marker.kind == START and not is_claimed(app.kudu, marker) for marker in left):
        return [_STARTED]
    return [_RESTARTED] if restart and not stopped and any(marker.kind != START for marker in left) else []


def pending_of_no_op(app: App, command: str, restart: bool, dry_run: bool) -> list[Change]:
    """Return what was pending and is done by a command that changes no package itself, or would be in a dry run.

    It is done under the app's lease, because a restart disturbs whoever changes the app; no record is kept of it, since
    there is nothing to undo. command: the user's. restart: whether it may restart the app. Raises what run_pending and
    recorded raise, and Interrupted for Ctrl-C.
    """
    if dry_run:
        return plan_pending(app, restart)
    if not markers(app.kudu):
        return []
    try:
        with recorded(app, command) as change:
            change.take()
            done = run_pending(app, restart=restart)
            change.finish(done)
        return done
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            f"Interrupted. No package was changed; a restart or start of {app.site.label} that was pending may be done."
        ) from interrupt


def pending_sentence(app: App, job_id: str) -> str | None:
    """Return a sentence about the restart or start that is pending after a job, with the command; None for none."""
    found = [marker for marker in markers(app.kudu) if marker.job_id == job_id]
    kinds = [marker.kind for marker in _without_needless(app, found, (), clears=False)]
    if not kinds:
        return None
    what = (
        f"start {app.site.label}, which was stopped for it"
        if START in kinds
        else f"restart {app.site.label}, {PACKAGES}"
    )
    return f"Pending after job {job_id}: {what}. Run `{wait_command(app, job_id)}`."


def wait_command(app: App, job_id: str) -> str:
    """Return the command that waits for a job and then performs the pending restart."""
    return f"az webapp python job wait {app.site.arguments} --job-id {job_id}"


def _start(app: App, marker: Marker, sleep: Callable[[float], None]) -> None:
    start_app(app, f"job {marker.job_id}", wait_command(app, marker.job_id), sleep)


def await_quiet(app: App, own: Collection[str], sleep: Callable[[float], None]) -> Job | None:
    """Wait for short jobs to end, then return a job that is still running; None when there is none."""
    busy = living_job(app.kudu, own, sleep)
    if busy is None or holds_runtime(app.kudu, busy.id):
        return busy
    with app.progress.phase(f"Waiting for job {busy.id}, {busy.shown_title}, of {app.site.label}."):
        for _ in range(SHORT_JOB_SECONDS // 2):
            sleep(2)
            busy = living_job(app.kudu, own, sleep)
            if busy is None or holds_runtime(app.kudu, busy.id):
                break
    return busy


def _not_done_by_others(app: App, own: Collection[str], restart: bool, sleep: Callable[[float], None]) -> list[Marker]:
    """Return the markers, once the clients of other jobs have had time to do their own work.

    Starts that are still theirs to do are left out.
    """
    left = markers(app.kudu)
    for waited in range(int(CLAIM_SECONDS) + OWN_CLIENT_SECONDS):
        others = _of_others(left, own, restart)
        if not others or (waited >= OWN_CLIENT_SECONDS and not _about_to_begin(app, others, sleep)):
            break
        sleep(1)
        left = markers(app.kudu)
    return [
        marker
        for marker in left
        if marker.job_id in own or marker.kind != START or not is_claimed(app.kudu, marker, sleep)
    ]


def _about_to_begin(app: App, others: Sequence[Marker], sleep: Callable[[float], None]) -> bool:
    """Whether the app was stopped for a job that does not exist yet, by a client that is alive or died just now."""
    known = {marker.job_id for marker in others if marker.kind == START} - set(job_ids(app.kudu))
    return any(is_claimed(app.kudu, marker, sleep) for marker in others if marker.job_id in known)


def _of_others(left: Sequence[Marker], own: Collection[str], restart: bool) -> list[Marker]:
    return [
        marker
        for marker in left
        if marker.job_id not in own and marker.kind != RESTART_LATER and (restart or marker.kind == START)
    ]


def _clear(app: App, done: Sequence[Marker]) -> None:
    """Delete the markers of what was done. An SCM site that is away after a restart is no failure."""
    try:
        clear(app.kudu, done)
    except PythonAppError as error:
        app.progress.say(
            f"The pending-restart marker of {app.site.label} could not be cleared, so the next command restarts it "
            f"once more: {error.message}"
        )


def _jobs_of(done: Sequence[Marker]) -> set[str]:
    """The jobs that left the compilation of their packages to whoever performs the restart."""
    return {marker.job_id for marker in done if marker.kind != START}


def compile_packages(app: App, jobs: Collection[str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Have the packages of jobs compiled, once the app was restarted, which ended what the jobs had begun themselves.

    Those of the newest jobs where there are many, and only what is left to compile. Raises nothing of Azure's: Python
    compiles what it imports by itself, so neither a failure nor Ctrl-C is of concern.
    """
    for job_id in sorted(jobs)[-COMPILED_JOBS:]:
        try:
            start_compiling(app.kudu.retrying_for(0), job_id, sleep)
        except (PythonAppError, KeyboardInterrupt):
            return


def _is_stopped(app: App) -> bool:
    site = app.arm.open_site(app.site.resource_group, app.site.name, app.site.slot)
    return site.stopped


def _restart(app: App, why: str, busy: Job | None, done: Sequence[str]) -> list[Change]:
    """Restart the app, unless it is stopped: then it will notice the packages when somebody starts it.

    busy: a job that goes on, in a runtime that the app does not use. done: the jobs after which it is restarted.
    """
    if app.site.stopped and _is_stopped(app):
        return []
    with app.progress.phase(f"Restarting {', '.join(filter(None, (app.site.label, why)))}."):
        restart_beside(app, busy, done[-1] if done else None)
    return [_RESTARTED]


def restart_beside(app: App, busy: Job | None, marked: str | None = None) -> None:
    """Restart the app; where a job is at work that must go on, by a stop and a start.

    A restart ends all that the SCM site runs; a stop and a start do not (docs/platform/kudu.md 5.3). busy: that job.
    marked: the id with which the start is marked as pending, should this client die in between; None for a new one.
    Raises StillStopped when the app cannot be started again. Ctrl-C does not leave it stopped.
    """
    if busy is None:
        app.arm.restart(app.site)
        return
    marker = Marker(marked or new_id(app.kudu.now()), START)
    app.progress.say(
        f"By a stop and a start, because a restart would end job {busy.id}, {busy.shown_title}, which is running."
    )
    mark_start(app.kudu, marker.job_id)
    start = f"az webapp start {app.site.arguments}"
    try:
        app.arm.stop(app.site)
        start_app(app, "its restart", start)
    except KeyboardInterrupt:
        _start_after_all(app, start)
        _clear(app, [marker])
        raise
    _clear(app, [marker])


def _start_after_all(app: App, command: str) -> None:
    """Start an app whose restart was interrupted. Raises Interrupted when that is interrupted, too."""
    try:
        start_app(app, "its restart", command)
    except KeyboardInterrupt as interrupt:
        message = f"Interrupted while {app.site.label} was being started again; it may be stopped."
        raise Interrupted(message, f"`{command}` starts it.") from interrupt


def changes_unused_runtime(app: App, job: Job) -> bool:
    """Return whether a job changes the packages of a runtime that the app certainly does not use."""
    runtime = request_of(app.kudu, job.id).runtime
    return runtime is not None and holds_runtime(app.kudu, job.id) and not may_use(app, runtime)


def _without_needless(
    app: App,
    left: Sequence[Marker],
    own: Collection[str],
    sleep: Callable[[float], None] = time.sleep,
    clears: bool = True,
) -> list[Marker]:
    """Return the markers without the restarts after jobs that changed a runtime which the app does not use.

    The person is told, and those markers are deleted, where the job is over. own: the jobs of this very command, whose
    restarts are left as they are.
    """
    kept, needless = [], []
    for marker in left:
        runtime = None
        if marker.kind != START and marker.job_id not in own:
            runtime = request_of(app.kudu, marker.job_id).runtime
        if runtime is None or may_use(app, runtime):
            kept.append(marker)
        elif clears and _is_over(app, marker.job_id, sleep):
            needless.append(marker)
            app.progress.say(
                f"No restart is needed after job {marker.job_id}: it changed the packages of {runtime}, and "
                f"{app.site.label} runs another Python."
            )
    if needless:
        _clear(app, needless)
        compile_packages(app, _jobs_of(needless), sleep)
    return kept


def _is_over(app: App, job_id: str, sleep: Callable[[float], None]) -> bool:
    try:
        return show(app.kudu, job_id, sleep).over
    except NotFound:
        return True


def restart_to_read(app: App) -> None:
    """Restart the app so that IIS reads the registration, and wait until the SCM site answers again.

    Raises Conflict, before anything is done, while a job is at work that a restart would end.
    """
    busy = await_quiet(app, (), time.sleep)
    if busy is not None and not changes_unused_runtime(app, busy):
        raise Conflict(
            f"Job {busy.id}, {busy.shown_title}, is running on {app.site.label}, and a restart would end it.",
            f"Wait for it: `{wait_command(app, busy.id)}`. Then run the command again.",
        )
    restart_beside(app, busy)
    with suppress(NotFound):
        app.kudu.list_directory(EXTENSIONS)
