"""Change the packages of the Python that an app runs: stop it where needed, run pip, restart, tell what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, PythonAppError, RemoteFailed
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.follow import await_start
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult
from azext_pythonapp.operations.job.pending_restart import run_pending, wait_command
from azext_pythonapp.operations.job.power import stop_for_job
from azext_pythonapp.operations.job.run import (
    PipJob,
    PipRun,
    check_timeout,
    job_summary,
    require_job_success,
    result_changes,
    start_pip,
    watching,
    with_job_outcome,
)
from azext_pythonapp.plan import report


@dataclass(frozen=True)
class RunOptions:
    """How the app and the person are treated meanwhile.

    stop_app: "auto", "always" or "never". restart: whether the app is restarted after a change. wait: whether for
    pip's end; timeout: for so many seconds at most, None for no limit.
    """

    stop_app: str = "auto"
    restart: bool = True
    wait: bool = True
    timeout: float | None = None

    @classmethod
    def from_options(cls, *, stop_app: str, restart: bool, wait: bool, timeout: float | None) -> RunOptions:
        """From a command's options. Raises InvalidInput for those that contradict each other."""
        if not wait and stop_app.lower() == "always":
            raise InvalidInput(
                "--stop-app always cannot be combined with --no-wait: nothing would start the app again.",
                "Use only one of them.",
            )
        check_timeout(timeout)
        return cls(stop_app.lower(), restart, wait, timeout)


def change_packages(app: App, run: PipRun, command: str, run_options: RunOptions) -> dict[str, Any]:
    """Run pip and return the answer (docs/json-output.md). command: the user's, for the job's record.

    Raises RemoteFailed, which says what was changed all the same, when pip failed.
    """
    if not run_options.wait:
        return _start_only(app, run, command, run_options)
    attempts = Attempts(app, run, command, run_options)
    job = attempts.run()
    succeeded = job.state == SUCCEEDED and job.result is not None
    changes = result_changes(job.result or JobResult())
    with with_job_outcome(app, job), _with_stop_reported(app, attempts):
        changes += run_pending(
            app, own=attempts.job_ids, restart=run_options.restart and succeeded, changed=bool(changes)
        )
    result = require_job_success(app, job)
    answer = result.to_dict()
    return report(
        app.site.to_dict(),
        changes,
        False,
        exitCode=job.exit_code,
        **package_rows(result),
        check=answer["check"],
        job=job_summary(app, job.id, job.state),
    )


@contextmanager
def _with_stop_reported(app: App, attempts: Attempts) -> Iterator[None]:
    """See to it that who ends the command by Ctrl-C while the app is being started hears that it may be stopped."""
    try:
        yield
    except KeyboardInterrupt:
        if attempts.stopped:
            app.progress.say(
                f"The {app.site.label}, which was stopped for job {attempts.job_ids[-1]}, may still be "
                f"stopped; `{wait_command(app, attempts.job_ids[-1])}` starts it."
            )
        raise


class Attempts:
    """pip, run once, or twice: the second time with the app stopped.

    job_ids: the jobs so far, the newest last. stopped: whether the app is stopped for the newest one.
    """

    def __init__(self, app: App, run: PipRun, command: str, run_options: RunOptions):
        self.job_ids: list[str] = []
        self.stopped = False
        self._launched = False
        self._app = app
        self._run = run
        self._command = command
        self._run_options = run_options

    def run(self) -> Job:
        """The job that is over, with what all attempts changed together. A stopped app is left to run_pending.

        When no job can be running, because none was started, the app is started at once. In any other case it stays
        stopped, and the error says so: a start would hold the files that pip replaces.
        """
        try:
            return self._attempts()
        except BaseException as error:
            if self.stopped:
                sentence = self._stays_stopped() if self._may_run(error) else self._start_again()
                if isinstance(error, PythonAppError):
                    error.extend([sentence] if sentence else [])
                elif sentence:
                    self._app.progress.say(sentence)
            raise

    def _may_run(self, error: BaseException) -> bool:
        """Whether the newest job may be running; one whose failure is its own never began."""
        return self._launched and not isinstance(error, RemoteFailed)

    def _stays_stopped(self) -> str:
        wait = wait_command(self._app, self.job_ids[-1])
        return f"The app stays stopped until the job ends; `{wait}` waits for it and starts the app."

    def _start_again(self) -> str | None:
        """Start the app; a sentence when that failed."""
        try:
            run_pending(self._app, own=self.job_ids, restart=False)
        except PythonAppError as failure:
            return (
                f"The app is stopped, and starting it failed: {failure.message} `az webapp start "
                f"{self._app.site.arguments}` starts it."
            )
        except KeyboardInterrupt:
            return f"The app may still be stopped; `az webapp start {self._app.site.arguments}` starts it."
        return None

    def _attempts(self) -> Job:
        """One attempt, or two."""
        job = self._attempt(self._run, self._run_options.stop_app == "always")
        if job.state != FAILED or not job.held_in_runtime or self._run_options.stop_app != "auto":
            return job
        self._app.progress.say(f"The running app holds a file that pip must replace: stopping {self._app.site.label}.")
        restore = replace(self._run.restore, since=job.id) if self._run.restore else None
        second = self._attempt(replace(self._run, restore=restore), True)
        earlier = job.result or JobResult()
        return replace(second, result=second.result.following(earlier)) if second.result else second

    def _starting(self) -> None:
        """From here on the newest job may run, whatever ends this command."""
        self._launched = True

    def _attempt(self, run: PipRun, stop: bool) -> Job:
        """Run pip as one job."""
        self.job_ids.append(new_id(self._app.kudu.now()))
        self._launched = False
        if stop and not self._app.site.stopped:
            self.stopped = True
            stop_for_job(self._app, self.job_ids[-1], run.target.python_path)
        self._app.progress.say(
            f"{run.title} Python {run.target.version} ({run.target.python_path}) of {self._app.site.label}."
        )
        on_success = RESTART if self._run_options.restart else None
        started = start_pip(self._app, run, self._command, self.job_ids[-1], on_success, stop, self._starting)
        self._launched = True
        return PipJob(self._app, started, self._run_options.timeout).wait()


def planned_answer(app: App, run: PipRun) -> dict[str, Any]:
    """The answer of a dry run."""
    return report(
        app.site.to_dict(), run.planned, True, exitCode=None, **package_rows(JobResult()), check=None, job=None
    )


def package_rows(result: JobResult) -> dict[str, Any]:
    """The keys of docs/json-output.md: `installed`, `upgraded`, `reinstalled` and `removed`."""
    rows = result.to_dict()
    return {key: rows[key] for key in ("installed", "upgraded", "reinstalled", "removed")}


def _start_only(app: App, run: PipRun, command: str, run_options: RunOptions) -> dict[str, Any]:
    started = start_pip(app, run, command, on_success=RESTART_LATER if run_options.restart else None)
    with watching(app, started.job_id, started):
        job = await_start(
            app.kudu.retrying_for(0),
            started,
            tell=app.progress.say,
            wait_command=f"az webapp python job wait {app.site.arguments}",
        )
    if job.over:
        require_job_success(app, job)
    finish = wait_command(app, job.id)
    app.progress.say(
        f"pip runs on {app.site.label} as job {job.id}. Run `{finish}`, which waits for it"
        f"{' and restarts the app' if run_options.restart else ''}."
    )
    return report(
        app.site.to_dict(),
        run.planned,
        False,
        exitCode=None,
        **package_rows(JobResult()),
        check=None,
        job=job_summary(app, job.id, job.state),
        finishCommand=finish,
    )
