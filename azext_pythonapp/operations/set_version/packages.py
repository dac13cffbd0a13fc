"""Commands about packages on an app that runs an environment: another one is built with the change, and used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.follow import await_start
from azext_pythonapp.jobs.state import Job, JobResult
from azext_pythonapp.operations.app.health_check import HealthOptions
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.environment.build import built_result, require_built
from azext_pythonapp.operations.environment.contents import Wanted
from azext_pythonapp.operations.job.pending_restart import wait_command
from azext_pythonapp.operations.job.run import job_summary, start_pip
from azext_pythonapp.operations.job.same_job import running_same
from azext_pythonapp.operations.job.watch import watching
from azext_pythonapp.operations.package.change import RunOptions, package_rows
from azext_pythonapp.operations.package.installer import AUTO, PIP
from azext_pythonapp.operations.package.requirement_files import RequirementFiles
from azext_pythonapp.operations.package.wheel_upload import upload_wheels
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.operations.set_version.command import PlannedSwitch
from azext_pythonapp.operations.set_version.environment_steps import environments_before, switch_of
from azext_pythonapp.operations.set_version.options import SetVersionRequest
from azext_pythonapp.operations.set_version.words import capital
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.wheels import Wheel
from azext_pythonapp.plan import Change, report


def rebuild(
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
    """Build the other environment, and switch to it; return the answer of the command (docs/json-output.md).

    command: the user's. files: requirements in place of those before; None to keep all packages that are there.
    singles: requirements that are added to them. removed: canonical names of packages that go. wheels: to be uploaded
    before. installer, wheel_dir: as in Wanted. seen: as in `decide`. Raises what `PlannedSwitch` raises; the
    environment in use is never changed.
    """

    def bring(starting: Callable[[], None]) -> None:
        upload_wheels(app, wheels, starting=starting)

    wanted = Wanted(files, options, singles, tuple(removed), files is None, bring, installer, wheel_dir)
    with app.progress.phase(f"Looking at {app.site.label}: its environment, web.config and files."):
        switch = PackageSwitch(app, _request(run_options), _Packages(app, command, run_options.timeout), wanted, seen)
    if run_options.stop_app == "always" and not dry_run:
        app.progress.say(f"{capital(app.site.label)} is not stopped: nothing that it runs is changed.")
    only_starts = not (run_options.wait or dry_run) and switch.builds
    return switch.start_only() if only_starts else switch.carry_out(dry_run)


class _Packages(Brought):
    """A command that brings nothing but packages."""

    def __init__(self, app: App, command: str, timeout: float | None):
        self._app = app
        self.command = command
        self.timeout = timeout

    def missing(self, module: str, package: str | None) -> str | None:
        """Return how the app gets a module that its entry point cannot import."""
        if package is None:
            return None
        command = f"az webapp python package install {self._app.site.arguments} --packages {package}"
        return f"If '{module}' is not a module of the app itself, install its package: `{command}`"


def _request(run_options: RunOptions) -> SetVersionRequest:
    """Return a switch that keeps all that the app runs, except its packages."""
    return SetVersionRequest(
        version=None,
        architecture=None,
        handler=HandlerOptions("auto", None),
        app=None,
        requirements=False,
        restart=run_options.restart,
        health=HealthOptions.from_options(path=None, seconds=None),
        confirmed=True,
        import_check=True,
        prereleases=False,
        packages_in="environment",
    )


class PackageSwitch(PlannedSwitch):
    """A switch to an environment with other packages, whose answer is that of a command about packages."""

    @property
    def builds(self) -> bool:
        """Return whether an environment is to be built."""
        return self._decision.place is not None and self._decision.place.contents is not None

    def start_only(self) -> dict[str, Any]:
        """Start the job and return as soon as it has begun; the same command without --no-wait makes the switch."""
        app, decision = self._app, self._decision
        place = decision.place
        assert place is not None and place.contents is not None
        run = place.contents.run
        with recorded(app, self._brought.command) as change:
            change.note(**environments_before(decision))
            change.take()
            job = running_same(app, run, self._brought.command)
            if job is not None:
                change.job(job.id)
                app.progress.say(f"Job {job.id} of {app.site.label}, {job.shown_title}, does the same.")
            else:
                place.bring(change.begin)
                job_id = new_id(app.kudu.now())
                change.job(job_id)
                with app.progress.phase(f"Starting to build environment {place.letter} of {app.site.label}."):
                    started = start_pip(app, run, self._brought.command, job_id, switch=switch_of(decision))
                    wait = f"az webapp python job wait {app.site.arguments}"
                    with watching(app, job_id, started):
                        job = await_start(app.kudu.retrying_for(0), started, tell=app.progress.say, wait_command=wait)
            if job.over:
                require_built(app, job)
            finish = self._finish(job)
            change.leave(finish, run.planned)
        app.progress.conclude(
            f"Environment {place.letter} of {app.site.label} is being built, as job {job.id}; it is not in use yet.",
            f"This waits for it, checks it and switches to it: {finish}",
        )
        answer = self._report(run.planned, False, change.change_id, None, JobResult(), job)
        return {**answer, "finishCommand": finish}

    def _finish(self, job: Job) -> str:
        """Return the command that completes what was begun: the same one, waiting."""
        given = self._app.command
        if given is None:
            return wait_command(self._app, job.id)
        return " ".join(word for word in given.split(" ") if word != "--no-wait")

    def _answer(self, changes: Sequence[Change], dry_run: bool) -> dict[str, Any]:
        job = self._run.built
        if job is None:
            return self._report(changes, dry_run, None, None, JobResult(), None)
        change_id = self._run.change.change_id if self._run.change is not None else None
        return self._report(changes, dry_run, change_id, job.exit_code, built_result(job.result or JobResult()), job)

    def _report(
        self,
        changes: Sequence[Change],
        dry_run: bool,
        change_id: str | None,
        exit_code: int | None,
        result: JobResult,
        job: Job | None,
    ) -> dict[str, Any]:
        app = self._app
        return report(
            app.site.to_dict(),
            changes,
            dry_run,
            changeId=change_id,
            exitCode=exit_code,
            installer=(job.installer or PIP) if job is not None and exit_code is not None else None,
            **package_rows(result),
            check=result.to_dict()["check"] if exit_code is not None else None,
            job=job_summary(app, job.id, job.state) if job is not None else None,
        )
