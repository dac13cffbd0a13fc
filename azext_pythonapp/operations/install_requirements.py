"""`install-requirements`: pip install -r with the Python that the app runs."""
from __future__ import annotations

import ntpath
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, NotFound, Refused
from azext_pythonapp.jobs.state import FAILED, RUNNING, SUCCEEDED, Job, JobResult
from azext_pythonapp.operations.list_runtimes import pythons_on
from azext_pythonapp.operations.pip_run import (PipJob, PipRun, Target, job_summary, last_good_run, pip_target,
                                                plan_pip, require_job_success, result_changes, start_pip)
from azext_pythonapp.operations.requirement_files import RequirementFiles, files_on_app, local_files
from azext_pythonapp.operations.web_config_file import read_web_config
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.record import Record
from azext_pythonapp.plan import Change, report
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.location import worker_path
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler

COMMAND = "install-requirements"


@dataclass(frozen=True)
class RequirementsRequest:
    """The command's options. local: the files that were named; None for the requirements.txt on the app."""

    local: RequirementFiles | None
    constraint: str | None
    wheel_dir: str | None
    upgrade: bool
    no_index: bool
    index_url: str | None
    extra_index_urls: tuple[str, ...]
    require_hashes: bool
    stop_app: str
    restart: bool
    wait: bool
    timeout: float | None

    @classmethod
    def parse(cls, requirement: str | None, constraint: str | None, wheel_dir: str | None, *, stop_app: str,
              wait: bool, timeout: float | None, extra_index_urls: list[str] | tuple[str, ...] = (),
              **options: Any) -> RequirementsRequest:
        """From the command's options; local files are read here, before anything is asked of Azure.

        Raises InvalidInput for files that cannot be used and options that contradict each other.
        """
        if not wait and stop_app == "always":
            raise InvalidInput("--stop-app always cannot be combined with --no-wait: nobody would start the app again.",
                               "Leave one of the two out.")
        if timeout is not None and timeout <= 0:
            raise InvalidInput(f"--timeout is {timeout}; it takes a number of seconds above 0.")
        local = local_files(requirement, constraint, wheel_dir) if requirement is not None else None
        return cls(local, constraint, wheel_dir, stop_app=stop_app, wait=wait, timeout=timeout,
                   extra_index_urls=tuple(extra_index_urls), **options)

    def files(self, app: App) -> RequirementFiles:
        """The files to install from. Raises NotFound when the app has none."""
        return self.local or files_on_app(app, self.constraint, self.wheel_dir)

    def pip_options(self, files: RequirementFiles) -> PipOptions:
        """The options for pip."""
        return PipOptions(upgrade=self.upgrade, no_index=self.no_index, index_url=self.index_url,
                          extra_index_urls=self.extra_index_urls, require_hashes=self.require_hashes,
                          constraints=files.constraints, wheel_dir=files.wheels)


def install_requirements(app: App, request: RequirementsRequest, dry_run: bool) -> dict[str, Any]:
    """Install the requirements unless the last run left them installed. Returns the contract's answer."""
    files = request.files(app)
    options = request.pip_options(files)
    handler = read_handler(read_web_config(app).content)
    last = _done_before(app, handler, files, options)
    if last is not None:
        return report(app.site.to_dict(), [], dry_run, exitCode=0, **_packages(JobResult()), check=last.check,
                      job=job_summary(app, last.job_id, SUCCEEDED))
    run = plan_pip(app, _target(app, handler), files, options)
    if dry_run:
        return report(app.site.to_dict(), run.planned, True, exitCode=None, **_packages(JobResult()), check=None,
                      job=None)
    if not request.wait:
        return _start_only(app, run)
    return _run(app, run, request)


def _done_before(app: App, handler: PythonHandler | None, files: RequirementFiles,
                 options: PipOptions) -> Record | None:
    """The record of an earlier run of the same, if it still holds for the Python that web.config starts."""
    if handler is None:
        return None
    path = worker_path(handler.python_path, app.kudu.home())
    return last_good_run(app, ntpath.basename(ntpath.dirname(path)), files, options)


def _run(app: App, run: PipRun, request: RequirementsRequest) -> dict[str, Any]:
    stopped = request.stop_app == "always" and _stop(app)
    try:
        job, locked = _attempt(app, run, request)
        if job.state == FAILED and locked and request.stop_app == "auto" and not stopped:
            app.progress.say(f"The running app holds a file that pip must replace: stopping {app.site.label}.")
            stopped = _stop(app)
            job, locked = _attempt(app, run, request)
        result = require_job_success(app, job)
    finally:
        if stopped:
            app.progress.say(f"Starting {app.site.label} again.")
            app.arm.start(app.site)
    changes = result_changes(result)
    if changes and request.restart and not stopped and app.site.state.lower() != "stopped":
        app.progress.say(f"Restarting {app.site.label}, because a running app does not notice new packages.")
        app.arm.restart(app.site)
        changes.append(Change("app", "restart"))
    answer = result.to_dict()
    return report(app.site.to_dict(), changes, False, exitCode=job.exit_code, **_packages(result),
                  check=answer["check"], job=job_summary(app, job.id, job.state))


def _attempt(app: App, run: PipRun, request: RequirementsRequest) -> tuple[Job, bool]:
    app.progress.say(f"Installing {run.files.name} into Python {run.target.version} ({run.target.python_path}) of "
                     f"{app.site.label}.")
    watched = PipJob(app, start_pip(app, run, COMMAND), request.timeout)
    return watched.wait(), watched.met_locked_file


def _start_only(app: App, run: PipRun) -> dict[str, Any]:
    job_id = start_pip(app, run, COMMAND).job_id
    command = f"az webapp python job wait {app.site.arguments} --job-id {job_id}"
    app.progress.say(f"pip runs on {app.site.label} as job {job_id}. Still to do: wait for it (`{command}`), then "
                     f"restart the app (`az webapp restart {app.site.arguments}`).")
    return report(app.site.to_dict(), run.planned, False, exitCode=None, **_packages(JobResult()), check=None,
                  job=job_summary(app, job_id, RUNNING), finishCommand=command)


def _stop(app: App) -> bool:
    """Stop the app; returns whether it ran, so that it is to be started again."""
    if app.site.state.lower() == "stopped":
        return False
    app.arm.stop(app.site)
    return True


def _packages(result: JobResult) -> dict[str, Any]:
    rows = result.to_dict()
    return {key: rows[key] for key in ("installed", "upgraded", "removed")}


def _target(app: App, handler: PythonHandler | None) -> Target:
    """The Python that the app runs: what web.config starts, or the only one that is installed."""
    python = _python_of(app, pythons_on(app, handler))
    if not python.answered or python.version is None or python.architecture is None:
        raise Refused(f"{python.python_path} of {app.site.label} does not run: {python.problem}",
                      f"See what is there: `az webapp python list {app.site.arguments}`.")
    return pip_target(app, python.python_path, python.version, python.architecture)


def _python_of(app: App, pythons: list[Installed]) -> Installed:
    current = [python for python in pythons if python.in_use]
    own = current or [python for python in pythons if python.source != "builtIn"]
    if len(own) == 1:
        if not current:
            app.progress.say(f"web.config of {app.site.label} starts no Python; taking the only one that is installed.")
        return own[0]
    advice = f"Choose one first: `az webapp python set-version {app.site.arguments} --version 3`."
    if not own:
        raise NotFound(f"The {app.site.label} has no Python to install into.", advice)
    names = ", ".join(f"{python.version} {python.architecture}" for python in own)
    raise Refused(f"web.config of {app.site.label} starts no Python, and several are installed: {names}.", advice)
