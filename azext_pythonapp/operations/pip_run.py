"""`pip install -r` with one runtime of an app: what it would change, the job that does it, and what it did."""
from __future__ import annotations

import ntpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import NotFound, PythonAppError, Refused, RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import Launched, launch
from azext_pythonapp.jobs.request import JobSpec, log_path
from azext_pythonapp.jobs.state import SUCCEEDED, Job, JobResult
from azext_pythonapp.operations.requirement_files import RequirementFiles
from azext_pythonapp.packages import installed, pip, record, requirements
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.plan import Change

# What pip prints when a running program holds a file that it must replace; Windows' and Wine's words differ, the
# numbers do not (facts/windows-worker.md 5, facts/python-site-extensions.md 4.2).
LOCKED_FILE_SIGNS = ("[WinError 5]", "[WinError 32]", "[Errno 13]")


@dataclass(frozen=True)
class Target:
    """The Python to install into.

    python_path: full Windows path. folder: its folder's name in %HOME%. version, architecture: as python.exe says.
    """

    python_path: str
    folder: str
    version: str
    architecture: str


def pip_target(app: App, python_path: str, version: str, architecture: str) -> Target:
    """Take a Python of the app as the target of pip.

    Raises Refused for one outside the home directory: the built-in ones are read-only (facts 1.7).
    """
    home = app.kudu.home()
    folder = ntpath.dirname(python_path)
    if ntpath.dirname(folder).lower() != home.lower():
        raise Refused(f"The {app.site.label} runs {python_path}, which is not in its home directory {home}; packages "
                      "cannot be installed there.",
                      f"Switch to a runtime of its own: `az webapp python set-version {app.site.arguments} "
                      "--version 3`.")
    return Target(python_path, ntpath.basename(folder), version, architecture)


@dataclass(frozen=True)
class PipRun:
    """One run that is planned. planned: what it is expected to change; the dependencies are pip's to find out."""

    target: Target
    files: RequirementFiles
    options: PipOptions
    planned: Sequence[Change]


def last_good_run(app: App, folder: str, files: RequirementFiles, options: PipOptions) -> record.Record | None:
    """The record of the run that left a runtime just as these files want it; None when pip must look.

    folder: the runtime's folder name in %HOME%. Costs two requests and starts no Python.
    """
    try:
        last = record.parse(app.kudu.read(record.path_for(folder)).content)
    except NotFound:
        return None
    satisfied = record.is_satisfied(last, files.fingerprint, options.normalised(),
                                    installed.digest(_site_packages(app, folder)), pinned=files.pinned)
    return last if satisfied else None


def plan_pip(app: App, target: Target, files: RequirementFiles, options: PipOptions) -> PipRun:
    """See what pip would change in a runtime, which need not be installed yet: one request, no Python started."""
    environment = requirements.TargetEnvironment(target.version, target.architecture)
    changes = requirements.plan_changes(files.parsed, installed.packages(_site_packages(app, target.folder)),
                                        environment, options.upgrade)
    planned = [_change(change.name, change.action, change.before, change.after) for change in changes
               if change.action != "none"]
    return PipRun(target, files, options, planned)


def start_pip(app: App, run: PipRun, command: str) -> Launched:
    """Start the job on the worker. command: the user's command, for the job's record."""
    spec = JobSpec(command=command, python=run.target.python_path, runtime=run.target.folder,
                   pip=pip.install(run.files.main, run.options), directory=run.files.directory,
                   record=record.to_json(run.files.fingerprint, run.options.normalised()),
                   watched=run.files.watched)
    return launch(app.kudu, spec, run.files.uploads)


class PipJob:
    """A started job, watched: pip's lines go to the person, and whether it met a locked file is remembered."""

    def __init__(self, app: App, started: Launched, timeout: float | None):
        self._app = app
        self._started = started
        self._timeout = timeout
        self.met_locked_file = False

    def wait(self) -> Job:
        """Follow the job to its end. Raises UnknownOutcome when the time is up or the person pressed Ctrl-C."""
        wait_command = f"az webapp python job wait {self._app.site.arguments}"
        try:
            return follow(self._app.kudu, self._started, self._line, timeout=self._timeout, wait_command=wait_command)
        except KeyboardInterrupt:
            raise UnknownOutcome(f"No longer watching job {self._started.job_id} of {self._app.site.label}; it goes on "
                                 "on the worker.",
                                 f"Watch it again: `{wait_command} --job-id {self._started.job_id}`.") from None

    def _line(self, line: str) -> None:
        if any(sign in line for sign in LOCKED_FILE_SIGNS):
            self.met_locked_file = True
        self._app.progress.output(line)


def job_failure(app: App, job: Job) -> PythonAppError:
    """What to raise for a job that ended in any other state than succeeded; it names what changed all the same."""
    changed = [f"{each.name} {each.version} installed" for each in (job.result or JobResult()).installed]
    changed += [f"{each.name} {each.before} -> {each.after}" for each in (job.result or JobResult()).upgraded]
    changed += [f"{each.name} {each.version} removed" for each in (job.result or JobResult()).removed]
    words = {"failed": "failed", "lost": "was lost, so what it did is unknown", "canceled": "was canceled"}
    sentence = f"Job {job.id} on {app.site.label} {words.get(job.state, job.state)}: {job.error or 'no reason was given'}"
    consequence = f" It changed: {', '.join(changed)}." if changed else ""
    if job.result is not None and not changed:
        consequence = " No package was changed."
    return RemoteFailed(f"{sentence.rstrip('.')}.{consequence}",
                        f"Read the whole log: `az webapp python job wait {app.site.arguments} --job-id {job.id}`.")


def require_job_success(app: App, job: Job) -> JobResult:
    """The result of a job that succeeded; raises `job_failure` for any other."""
    if job.state != SUCCEEDED or job.result is None:
        raise job_failure(app, job)
    return job.result


def result_changes(result: JobResult) -> list[Change]:
    """What a job changed, as the contract's changes."""
    changes = [_change(each.name, "install", None, each.version) for each in result.installed]
    changes += [_change(each.name, "upgrade" if _rose(each.before, each.after) else "downgrade", each.before, each.after)
                for each in result.upgraded]
    return changes + [_change(each.name, "uninstall", each.version, None) for each in result.removed]


def job_summary(app: App, job_id: str, state: str) -> dict[str, Any]:
    """The contract's `job` object in the answer of a command that ran one."""
    return {"id": job_id, "state": state, "logUrl": app.kudu.url(log_path(job_id))}


def _change(name: str, action: str, before: str | None, after: str | None) -> Change:
    return Change(f"packages/{name}", action, before, after)  # type: ignore[arg-type]


def _rose(before: str, after: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(after) >= Version(before)
    except InvalidVersion:
        return True


def _site_packages(app: App, folder: str) -> list[str]:
    try:
        return [entry.name for entry in app.kudu.list_directory(f"{folder}/Lib/site-packages")]
    except NotFound:
        return []
