"""Change the packages of the Python that an app runs: stop it where needed, run pip, restart, tell what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Interrupted, InvalidInput, PythonAppError, RemoteFailed, UnknownOutcome
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.follow import await_start
from azext_pythonapp.jobs.pending_restart import RESTART, RESTART_LATER
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult
from azext_pythonapp.jobs.store import request_of
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.job.pending_restart import pending_of_no_op, run_pending, wait_command
from azext_pythonapp.operations.job.power import stop_for_job
from azext_pythonapp.operations.job.recorded_job import note_end
from azext_pythonapp.operations.job.run import (
    PipJob,
    PipRun,
    check_timeout,
    job_summary,
    require_job_success,
    result_changes,
    start_pip,
    with_job_outcome,
)
from azext_pythonapp.operations.job.same_job import follow_same, running_same, suffices, unless_blocked, with_changes_of
from azext_pythonapp.operations.job.watch import again_advice, finish_advice, watching
from azext_pythonapp.operations.package.installer import AUTO, PIP
from azext_pythonapp.operations.package.last_lines import last_lines, unchanged_lines
from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.operations.package.wheel_upload import upload_wheels
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.wheels import Wheel
from azext_pythonapp.plan import Change, report


class Rebuild(Protocol):
    """What changes the packages of an app that runs an environment (operations/set_version/packages.py)."""

    def __call__(
        self,
        app: App,
        command: str,
        run_options: RunOptions,
        dry_run: bool,
        *,
        files: RequirementFiles | None = None,
        singles: RequirementFiles | None = None,
        removed: Sequence[str] = (),
        options: PipOptions = PipOptions(),
        wheels: Sequence[Wheel] = (),
        installer: str = AUTO,
        wheel_dir: str | None = None,
        seen: Observation | None = None,
    ) -> dict[str, Any]:
        """Build the other environment, and switch to it; return the command's answer.

        seen: the app, where it was observed with its files before.
        """


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


def change_packages(
    app: App,
    run: PipRun,
    command: str,
    run_options: RunOptions,
    wheels: Sequence[Wheel] = (),
    bring: Callable[[Callable[[], None]], None] = lambda starting: None,
) -> dict[str, Any]:
    """Run pip and return the answer (docs/json-output.md). command: the user's. wheels: to be uploaded before.

    bring: sees to what else has to be on the app; it is given what is to be called before anything is written.

    A job that does the very same already, because this command was interrupted or given twice, is followed instead.
    What is changed is recorded on the app. Raises RemoteFailed, which says what was changed all the same, when pip
    failed.
    """
    with recorded(app, command) as change:
        change.note_packages(run.packages)
        upload_wheels(app, wheels, starting=change.begin)
        bring(change.begin)
        if not run_options.wait:
            return _start_only(app, run, command, run_options, change)
        attempts = Attempts(app, run, command, run_options, change)
        job = attempts.run()
        note_end(change, run.packages, job)
        succeeded = job.state == SUCCEEDED and job.result is not None
        changes = result_changes(job.result or JobResult())
        if succeeded:
            change.unsure()  # until the app has loaded the packages
        with with_job_outcome(app, job), _restart_reported(app, attempts, job):
            done = run_pending(
                app,
                own=attempts.job_ids,
                restart=run_options.restart and succeeded,
                changed=bool(changes) and attempts.restarts_itself(job),
            )
        result = require_job_success(app, job)
        change.finish(changes + done)
    lines = last_lines(app, run, result, done, run_options.restart, attempts.stopped)
    app.progress.conclude(*lines, f"Undo: {change.undo}" if change.undo else None)
    answer = result.to_dict()
    return report(
        app.site.to_dict(),
        changes + done,
        False,
        changeId=change.change_id,
        exitCode=job.exit_code,
        installer=job.installer or PIP,
        **package_rows(result),
        check=answer["check"],
        job=job_summary(app, job.id, job.state),
    )


@contextmanager
def _restart_reported(app: App, attempts: Attempts, job: Job) -> Iterator[None]:
    """Turn Ctrl-C while the app is being restarted or started into an error that says what may be left to do."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        wait = wait_command(app, job.id)
        if attempts.stopped:
            message = f"Interrupted while {app.site.label} was being started again; it may still be stopped."
            raise Interrupted(message, f"`{wait}` starts it.") from interrupt
        raise Interrupted(
            f"Interrupted before {app.site.label} was restarted; until then it may run without these changes.",
            f"`{wait}` restarts it.",
        ) from interrupt


class Attempts:
    """pip, run once, or twice: the second time with the app stopped.

    job_ids: the jobs so far, the newest last. stopped: whether the app is stopped for the newest one.
    """

    def __init__(self, app: App, run: PipRun, command: str, run_options: RunOptions, change: OpenChange):
        self.job_ids: list[str] = []
        self.stopped = False
        self._launched = False
        self._app = app
        self._run = run
        self._command = command
        self._run_options = run_options
        self._change = change

    def run(self) -> Job:
        """The job that is over, with what all attempts changed together. A stopped app is left to run_pending.

        When no job can be running, because none was started, the app is started at once. In any other case it stays
        stopped, and the error says so: a start would hold the files that pip replaces.
        """
        try:
            return self._attempts()
        except KeyboardInterrupt as interrupt:
            error = self._interrupted()
            self._extend(error)
            raise error from interrupt
        except PythonAppError as error:
            self._extend(error)
            raise
        except BaseException as error:
            sentence = self._about_stop(error)
            if sentence:
                self._app.progress.say(sentence)
            raise

    def _interrupted(self) -> PythonAppError:
        """The error for Ctrl-C while a job was being started."""
        label = self._app.site.label
        if not self._launched:
            return Interrupted(f"Interrupted. pip was not started on {label}.", again_advice(self._app))
        return UnknownOutcome(
            f"Interrupted while pip was being started on {label}; it may be running, as job {self.job_ids[-1]}.",
            finish_advice(self._app, self.job_ids[-1]),
        )

    def _extend(self, error: PythonAppError) -> None:
        sentence = self._about_stop(error)
        error.extend([sentence] if sentence else [])

    def _about_stop(self, error: BaseException) -> str | None:
        """Start a stopped app again, unless the job may be running; a sentence where it stays stopped."""
        if not self.stopped:
            return None
        return self._stays_stopped() if self._may_run(error) else self._start_again()

    def restarts_itself(self, job: Job) -> bool:
        """Whether this command restarts the app by itself, for a job whose end it has seen.

        After one that it only followed, its own client may do that; a pending restart tells. A job that was started
        with --no-restart leaves none.
        """
        return job.id in self.job_ids or request_of(self._app.kudu, job.id).leaves is None

    def _may_run(self, error: BaseException) -> bool:
        """Whether the newest job may be running; one whose failure is its own never began."""
        return self._launched and not isinstance(error, (RemoteFailed, Interrupted))

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
        """Run pip as one job, or follow the one that does the same."""
        same = running_same(self._app, run, self._command)
        if same is not None:
            self._change.job(same.id)
        earlier = None if same is None else follow_same(self._app, same, self._run_options.timeout)
        if earlier is not None and suffices(self._app, run, earlier):
            return earlier
        self.job_ids.append(new_id(self._app.kudu.now()))
        self._launched = False
        self._change.job(self.job_ids[-1])
        if stop and not self._app.site.stopped:
            self.stopped = True
            stop_for_job(self._app, self.job_ids[-1], run.target.python_path)
        title = f"{run.title} Python {run.target.version} ({run.target.python_path}) of {self._app.site.label}."
        on_success = RESTART if self._run_options.restart else None
        with self._app.progress.phase(title):
            started = start_pip(self._app, run, self._command, self.job_ids[-1], on_success, stop, self._starting)
            self._launched = True
            job = PipJob(self._app, started, self._run_options.timeout).wait()
        return with_changes_of(earlier, unless_blocked(self._app, run, self._command, job, self._run_options.timeout))


def planned_answer(app: App, run: PipRun, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """The answer of a dry run, which shows the plan. warnings: sentences about what the plan means."""
    show_plan(app, run, warnings, dry_run=True)
    return report(
        app.site.to_dict(),
        run.planned,
        True,
        exitCode=None,
        installer=None,
        **package_rows(JobResult()),
        check=None,
        job=None,
    )


def nothing_to_change(app: App, command: str, why: str, restart: bool, dry_run: bool, **known: Any) -> dict[str, Any]:
    """Return the answer when no package is to be changed; what an earlier job left to do with the app is done.

    command: the user's. why: a sentence without a full stop. restart: as in pending_of_no_op. known: the `check` and
    `job` of the run that has done it. Raises what pending_of_no_op raises.
    """
    changes = pending_of_no_op(app, command, restart, dry_run)
    if dry_run:
        app.progress.show_plan(app.site.label, None, changes, dry_run=True)
    else:
        app.progress.conclude(*unchanged_lines(why, changes))
    rows = {"exitCode": 0, "installer": None, **package_rows(JobResult()), "check": None, "job": None}
    return report(app.site.to_dict(), changes, dry_run, **{**rows, **known})


def show_plan(app: App, run: PipRun, warnings: Sequence[str], *, dry_run: bool) -> None:
    """Show what pip is going to do, before the question or at the end of a dry run."""
    app.progress.show_plan(
        app.site.label, f"Python {run.target.version}", _expected(run), dry_run=dry_run, warnings=warnings
    )


def _expected(run: PipRun) -> list[Change]:
    """What the plan shows: the packages, and the restart that follows a change of them."""
    restart = Change("app", "restart", note="a running app does not load new packages")
    return [*run.planned, restart] if run.planned and run.target.letter is None else list(run.planned)


def package_rows(result: JobResult) -> dict[str, Any]:
    """The keys of docs/json-output.md: `installed`, `upgraded`, `reinstalled` and `removed`."""
    rows = result.to_dict()
    return {key: rows[key] for key in ("installed", "upgraded", "reinstalled", "removed")}


def _start_only(app: App, run: PipRun, command: str, run_options: RunOptions, change: OpenChange) -> dict[str, Any]:
    """Start pip, unless it is doing the very same already, and return as soon as the job has begun."""
    same = running_same(app, run, command)
    if same is None:
        with app.progress.phase(f"Starting pip on {app.site.label}."):
            job = _begun(app, run, command, run_options, change)
    else:
        job = same
        change.job(job.id)
        app.progress.say(f"Job {job.id} of {app.site.label}, {job.shown_title}, does the same; no other is started.")
    if job.over:
        require_job_success(app, job)
    finish = wait_command(app, job.id)
    change.leave(finish, run.planned)
    restarts = " and restarts the app" if run_options.restart and _leaves_restart(app, same) else ""
    app.progress.conclude(
        f"pip has ended on {app.site.label}, as job {job.id}."
        if job.over
        else f"pip is running on {app.site.label}, as job {job.id}; what it changes is not known yet.",
        f"This waits for it{restarts}: {finish}",
    )
    return report(
        app.site.to_dict(),
        run.planned,
        False,
        changeId=change.change_id,
        exitCode=None,
        installer=None,
        **package_rows(JobResult()),
        check=None,
        job=job_summary(app, job.id, job.state),
        finishCommand=finish,
    )


def _leaves_restart(app: App, same: Job | None) -> bool:
    """Return whether the app is restarted after the job; not after another client's that began with --no-restart."""
    return same is None or request_of(app.kudu, same.id).leaves is not None


def _begun(app: App, run: PipRun, command: str, run_options: RunOptions, change: OpenChange) -> Job:
    """Start pip and return the job once it has begun."""
    job_id = new_id(app.kudu.now())
    change.job(job_id)
    started = start_pip(app, run, command, job_id, RESTART_LATER if run_options.restart else None)
    with watching(app, started.job_id, started):
        return await_start(
            app.kudu.retrying_for(0),
            started,
            tell=app.progress.say,
            wait_command=f"az webapp python job wait {app.site.arguments}",
        )
