"""Change the packages of the Python that an app runs: stop it where needed, run pip, restart, tell what changed."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput
from azext_pythonapp.jobs.follow import await_start
from azext_pythonapp.jobs.state import FAILED, Job, JobResult
from azext_pythonapp.operations.pip_run import (PipJob, PipRun, job_summary, require_job_success, result_changes,
                                                start_pip)
from azext_pythonapp.plan import Change, report


@dataclass(frozen=True)
class Handling:
    """How the app and the person are treated meanwhile.

    stop_app: "auto", "always" or "never". restart: whether the app is restarted after a change. wait: whether for
    pip's end; timeout: for so many seconds at most, None for no limit.
    """

    stop_app: str = "auto"
    restart: bool = True
    wait: bool = True
    timeout: float | None = None

    @classmethod
    def parse(cls, stop_app: str, *, restart: bool, wait: bool, timeout: float | None) -> Handling:
        """From a command's options. Raises InvalidInput for those that contradict each other."""
        if not wait and stop_app.lower() == "always":
            raise InvalidInput("--stop-app always cannot be combined with --no-wait: nobody would start the app again.",
                               "Leave one of the two out.")
        check_timeout(timeout)
        return cls(stop_app.lower(), restart, wait, timeout)


def check_timeout(timeout: float | None) -> None:
    """Raises InvalidInput for a --timeout that is no time."""
    if timeout is not None and timeout <= 0:
        raise InvalidInput(f"--timeout is {timeout}; it takes a number of seconds above 0.")


def change_packages(app: App, run: PipRun, command: str, handling: Handling) -> dict[str, Any]:
    """Run pip and return the contract's answer. command: the user's, for the job's record.

    Raises RemoteFailed, which says what was changed all the same, when pip failed.
    """
    if not handling.wait:
        return _start_only(app, run, command)
    stopped = handling.stop_app == "always" and _stop(app)
    try:
        job, locked = _attempt(app, run, command, handling)
        if job.state == FAILED and locked and handling.stop_app == "auto" and not stopped:
            app.progress.say(f"The running app holds a file that pip must replace: stopping {app.site.label}.")
            stopped = _stop(app)
            first = job.result or JobResult()
            job, _ = _attempt(app, run, command, handling)
            if job.result is not None:
                job = replace(job, result=job.result.following(first))
        result = require_job_success(app, job)
    finally:
        if stopped:
            app.progress.say(f"Starting {app.site.label} again.")
            app.arm.start(app.site)
    changes = result_changes(result)
    if changes and handling.restart and not stopped and app.site.state.lower() != "stopped":
        app.progress.say(f"Restarting {app.site.label}, because a running app does not notice new packages.")
        app.arm.restart(app.site)
        changes.append(Change("app", "restart"))
    answer = result.to_dict()
    return report(app.site.to_dict(), changes, False, exitCode=job.exit_code, **package_rows(result),
                  check=answer["check"], job=job_summary(app, job.id, job.state))


def planned_answer(app: App, run: PipRun) -> dict[str, Any]:
    """The answer of a dry run."""
    return report(app.site.to_dict(), run.planned, True, exitCode=None, **package_rows(JobResult()), check=None,
                  job=None)


def package_rows(result: JobResult) -> dict[str, Any]:
    """The contract's keys `installed`, `upgraded` and `removed`."""
    rows = result.to_dict()
    return {key: rows[key] for key in ("installed", "upgraded", "removed")}


def _attempt(app: App, run: PipRun, command: str, handling: Handling) -> tuple[Job, bool]:
    app.progress.say(f"{run.title} Python {run.target.version} ({run.target.python_path}) of {app.site.label}.")
    watched = PipJob(app, start_pip(app, run, command), handling.timeout)
    return watched.wait(), watched.met_locked_file


def _start_only(app: App, run: PipRun, command: str) -> dict[str, Any]:
    job = await_start(app.kudu, start_pip(app, run, command))
    if job.over:
        require_job_success(app, job)
    finish = f"az webapp python job wait {app.site.arguments} --job-id {job.id}"
    app.progress.say(f"pip runs on {app.site.label} as job {job.id}. Still to do: wait for it (`{finish}`), then "
                     f"restart the app (`az webapp restart {app.site.arguments}`).")
    return report(app.site.to_dict(), run.planned, False, exitCode=None, **package_rows(JobResult()), check=None,
                  job=job_summary(app, job.id, job.state), finishCommand=finish)


def _stop(app: App) -> bool:
    """Stop the app; returns whether it ran, so that it is to be started again."""
    if app.site.state.lower() == "stopped":
        return False
    app.arm.stop(app.site)
    return True
