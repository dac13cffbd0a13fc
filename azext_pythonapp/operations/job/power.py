"""Stop the app for a job, and start it again: an app that stays stopped is the worst result of any command."""

from __future__ import annotations

import ntpath
import re
import time
from collections.abc import Callable

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PlatformFailed, PythonAppError
from azext_pythonapp.jobs.pending_restart import START, Marker, mark_start, markers
from azext_pythonapp.jobs.request import FOLDER as JOBS
from azext_pythonapp.jobs.request import RUNNER_START

# `stop` is answered before the worker processes have ended: IIS gives them up to 90 s (shutdownTimeLimit). What lives
# longer, or on another instance, whose processes Kudu does not see, is waited for by the job's runner.
ENDING_SECONDS = 60.0
POLL_SECONDS = 1.0
# How often the app is stopped again when somebody else has started it meanwhile.
STOPS = 3
# Starting is tried again after so many seconds.
START_PAUSES = (2.0, 5.0, 15.0)


class StillStopped(PlatformFailed):
    """An app that was stopped for some work could not be started again."""


def start_app(app: App, purpose: str, command: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Start the app, in several tries.

    purpose: what it was stopped for: "job 20261126-…". command: what the person can run when it stays stopped.
    Raises StillStopped, which says that it is stopped and names the command.
    """
    for pause in (*START_PAUSES, None):
        try:
            app.arm.start(app.site)
            return
        except PythonAppError as error:
            if pause is None:
                raise StillStopped(
                    f"The {app.site.label} is stopped: it was stopped for {purpose}, and starting it "
                    f"again failed: {error.message.rstrip('.')}.",
                    f"`{command}` starts it.",
                ) from error
            sleep(pause)


def stop_for_job(
    app: App,
    job_id: str,
    python_path: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Stop the app for a job that is going to be launched, and mark that it has to be started after it.

    python_path: of the runtime whose files the job replaces. Raises what the stop raises; the marker exists then.
    """
    with app.progress.phase(f"Stopping {app.site.label} for job {job_id}, until its processes have ended."):
        for _ in range(STOPS):
            mark_start(app.kudu, job_id)
            app.arm.stop(app.site)
            if Marker(job_id, START) in markers(app.kudu):  # else another client took it and started the app
                break
        mark_start(app.kudu, job_id)
        _await_end(app, job_id, python_path, clock, sleep)


def _await_end(
    app: App, job_id: str, python_path: str, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Wait until the processes of a stopped app have ended, and renew the marker of its start."""
    until = clock() + ENDING_SECONDS
    try:
        while left := running_in(app, python_path):
            if clock() >= until:
                app.progress.say(
                    f"{left} processes of {app.site.label} are still running {ENDING_SECONDS:.0f} s after it was "
                    "stopped; continuing."
                )
                break
            sleep(POLL_SECONDS)
        mark_start(app.kudu, job_id)
    except PythonAppError as error:
        app.progress.say(f"Cannot tell whether the processes of {app.site.label} have ended: {error.message}")


def running_in(app: App, python_path: str) -> int:
    """How many processes of the app use a runtime, on the instance that answers; its WebJobs and jobs do not count."""
    folder = ntpath.basename(ntpath.dirname(python_path)).lower()
    used = [
        process
        for process in app.kudu.processes("python")
        if f"\\{folder}\\" in f"{process.path} {process.command_line}".lower().replace("/", "\\")
    ]
    return len([process for process in used if not process.web_job and not _of_a_job(process.command_line)])


def _of_a_job(command_line: str) -> bool:
    """Whether this is the command line of a job or its pip; version 0.1.0b2 and older started them as runner.py.

    A job is started in its folder, and starts its pip by the full path.
    """
    start, pip = RUNNER_START.replace("/", "\\"), re.escape(f"{JOBS}/".replace("/", "\\"))
    line = command_line.replace("/", "\\")
    signs = (f"-s {start}", "-s runner.py", "runner_modules")
    return any(sign in line for sign in signs) or re.search(rf"{pip}[^\\]+\\{re.escape(start)}", line) is not None
