"""pip with one runtime of an app: what it would change, the job that does it, and what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import NotFound, PythonAppError, Refused, RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import Launched, launch
from azext_pythonapp.jobs.request import JobSpec, Restore, log_path
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult
from azext_pythonapp.jobs.store import give_up
from azext_pythonapp.operations.app_python import Target
from azext_pythonapp.operations.installed_metadata import InstalledMetadata
from azext_pythonapp.operations.requirement_files import RequirementFiles, require_possible
from azext_pythonapp.packages import installed, package_plan, pip, pip_versions, record
from azext_pythonapp.packages.failure import PipLines
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipCommand, PipOptions
from azext_pythonapp.packages.pip_arguments import AGAIN, holds
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.plan import Action, Change

_HELD_FILE = (
    "A running program, most likely the app, holds a file that pip must replace",
    "Run the command again with `--stop-app auto`, which stops the app for as long as pip needs; if the app "
    "is stopped, end the other program, such as a WebJob or a console.",
)


@dataclass(frozen=True)
class PipRun:  # pylint: disable=too-many-instance-attributes
    """One run that is planned.

    title: what it does, up to the Python: "Installing requirements.txt into".
    call: of pip. preparation: a call before it, such as one that upgrades pip; None when there is no need.
    planned: what it is expected to change; the dependencies are pip's to find out.
    directory: where pip runs. uploads: contents of files for the job's folder, by path in it.
    watched, record, restore: as in JobSpec.
    """

    target: Target
    title: str
    call: PipCommand
    planned: Sequence[Change]
    directory: JobFile | HomeFile = JobFile("")
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    watched: Mapping[str, bytes] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None
    preparation: PipCommand | None = None
    restore: Restore | None = None


def last_good_run(app: App, folder: str, files: RequirementFiles, options: PipOptions) -> record.Record | None:
    """The record of the run that left a runtime just as these files want it; None when pip must look.

    folder: the runtime's folder name in %HOME%. Costs two requests and starts no Python; none when pip reads more
    than a record can tell of, such as a folder of the app.
    """
    if not files.covered:
        return None
    try:
        last = record.parse(app.kudu.read(record.path_for(folder)).content)
    except NotFound:
        return None
    satisfied = record.is_satisfied(
        last, files.fingerprint, options.normalised(), installed.digest(site_packages(app, folder)), pinned=files.pinned
    )
    return last if satisfied else None


def plan_pip(
    app: App,
    target: Target,
    files: RequirementFiles,
    options: PipOptions,
    restore: bool = False,
    dependencies: bool = True,
) -> PipRun:
    """See what pip would change in a runtime, which need not be installed yet; no Python is started.

    restore: whether a pip that fails is to have what it changed put back.
    dependencies: whether to look at what the packages that are there need, too: one request for each, several at once.
    Raises InvalidInput for lines that no pip could install there, Refused for options that no pip of that Python knows
    and for a restore from indexes that are not known.
    """
    environment = TargetEnvironment(target.version, target.architecture)
    require_possible(app, files, environment)
    if restore and files.unseen:
        raise Refused(
            f"--restore needs to know the indexes that the requirements for {app.site.label} name, and "
            f"{files.unseen[0]} is read on the worker only.",
            "Leave --restore out, or give a local file.",
        )
    names = site_packages(app, target.folder)
    present = _whole_packages(app, target.folder, names)
    planned = _expected(files, options, present, environment)
    if dependencies and not options.no_deps:
        metadata = InstalledMetadata(app, target.folder, names)
        more = package_plan.plan_dependencies(files.parsed, present, environment, metadata.requires, files.limits)
        known = {change.target for change in planned}
        planned += [change for change in _rows(more) if change.target not in known]
    newer_pip = pip_versions.upgrade_for(options.features, present.get("pip"), target.version)
    if newer_pip is not None:
        planned.insert(0, _change("pip", "upgrade", present["pip"], newer_pip.removeprefix("pip") or "newest"))
    return PipRun(
        target,
        f"Installing {files.name} into",
        pip.install(files.main, options),
        planned,
        files.directory,
        files.uploads,
        files.watched,
        record.to_json(files.fingerprint, options.normalised()),
        pip.install_pip(newer_pip, options) if newer_pip else None,
        Restore(pip.restore_arguments(options), files.sources) if restore else None,
    )


def _expected(
    files: RequirementFiles, options: PipOptions, present: Mapping[str, str], environment: TargetEnvironment
) -> list[Change]:
    """What pip would do for the requirements themselves, and what only it can tell."""
    changes = package_plan.plan_changes(files.parsed, present, environment, options.upgrade, files.limits)
    if holds(options.more, *AGAIN):
        changes = [replace(change, action="reinstall") if change.action == "none" else change for change in changes]
    return _rows(changes) + [_change(text, "install", None, package_plan.UNKNOWN) for text in files.unseen]


def _rows(changes: Sequence[package_plan.PackageChange]) -> list[Change]:
    return [
        _change(change.name, change.action, change.before, change.after)
        for change in changes
        if change.action != "none"
    ]


def start_pip(
    app: App,
    run: PipRun,
    command: str,
    job_id: str | None = None,
    leaves: str | None = None,
    app_stopped: bool = False,
    starting: Callable[[], None] = lambda: None,
) -> Launched:
    """Start the job on the worker.

    command: the user's command, for the job's record. job_id, leaves, app_stopped, starting: as in launch and JobSpec.
    """
    spec = JobSpec(
        command=command,
        python=run.target.python_path,
        runtime=run.target.folder,
        pip=run.call,
        directory=run.directory,
        record=run.record,
        watched=run.watched,
        preparation=run.preparation,
        restore=run.restore,
        leaves=leaves,
        app_stopped=app_stopped,
    )
    return launch(app.kudu, spec, run.uploads, job_id, starting)


class PipJob:
    """A job, watched: pip's lines go to the person.

    started: what start_pip returned, or the id of a job that was started before. timeout: seconds; None for none.
    on_line: gets pip's lines in place of the person.
    """

    def __init__(
        self, app: App, started: Launched | str, timeout: float | None, on_line: Callable[[str], None] | None = None
    ):
        self._app = app
        self._started = started
        self._timeout = timeout
        self._on_line = on_line or app.progress.output
        self._lines = PipLines()
        self._began = time.monotonic()

    def wait(self) -> Job:
        """Follow the job to its end; a failed one comes with what its log tells about the reason.

        Raises UnknownOutcome when the time is up or the person pressed Ctrl-C.
        """
        job_id = self._started if isinstance(self._started, str) else self._started.job_id
        try:
            with watching(self._app, job_id, None if isinstance(self._started, str) else self._started):
                job = follow(
                    self._app.kudu.patient(0),
                    self._started,
                    self._line,
                    on_job=self._show,
                    timeout=self._timeout,
                    tell=self._app.progress.say,
                    wait_command=f"az webapp python job wait {self._app.site.arguments}",
                )
        finally:
            self._app.progress.status(None)
        if job.state != FAILED:
            return job
        if job.held_in_runtime:
            return job.explained(*_HELD_FILE)
        if job.held_file is not None:
            return job.explained(
                f"Another program holds {job.held_file or 'a file'}, which is none of the runtime's, "
                "and did not give it back when pip tried again",
                "An antivirus or another pip gives it back soon: run the command again.",
            )
        explanation = self._lines.explanation
        return job.explained(explanation.reason, explanation.advice) if explanation else job

    def _line(self, line: str) -> None:
        self._lines.take(line)
        self._on_line(line)

    def _show(self, job: Job) -> None:
        """One line for a terminal: the app, what pip does, for how long."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        doing = " ".join(part for part in (job.phase, job.progress) if part)
        self._app.progress.status(f"{self._app.site.label}: {doing}, {minutes}:{seconds:02d}")


@contextmanager
def watching(app: App, job_id: str, started: Launched | None) -> Iterator[None]:
    """While a job is watched nothing that this client meets counts as the job's end: it becomes UnknownOutcome, which
    names the job and how to come back to it.

    started: for the client that started it; a start that has not reached the worker is not tried any more then.
    What `follow` itself says goes through: UnknownOutcome, RemoteFailed for a job that never began, NotFound.
    """
    try:
        yield
    except (UnknownOutcome, RemoteFailed, NotFound):
        raise
    except (Exception, KeyboardInterrupt) as error:  # pylint: disable=broad-except
        label, command = app.site.label, f"{app.site.arguments} --job-id {job_id}"
        why = "" if isinstance(error, KeyboardInterrupt) else f": {error}"
        if started is not None and started.pending.give_up():
            with suppress(KeyboardInterrupt):  # a second one ends the cleaning up
                give_up(app.kudu.patient(0), job_id, f"It was not started{why}.")
            raise RemoteFailed(f"Job {job_id} of {label} was not started{why}.", "Run the command again.") from error
        raise UnknownOutcome(
            f"No longer watching job {job_id} of {label}; it goes on on the worker{why}.",
            f"Watch it again: `az webapp python job wait {command}`. End it: `az webapp python job cancel {command}`.",
        ) from error


def job_failure(app: App, job: Job) -> PythonAppError:
    """What to raise for a job that ended in any other state than succeeded; it names what changed all the same."""
    changed = _changed_words(job)
    words = {"failed": "failed", "lost": "was lost, so what it did is unknown", "canceled": "was canceled"}
    reason = job.error or "no reason was given"
    sentence = f"Job {job.id} on {app.site.label} {words.get(job.state, job.state)}: {reason}"
    consequence = f" It changed: {', '.join(changed)}." if changed else ""
    if job.result is not None and not changed:
        consequence = " No package was changed."
    if job.blocked_by is not None:
        return RemoteFailed(
            f"{sentence.rstrip('.')}.{consequence}",
            f"Wait for that job: `az webapp python job wait {app.site.arguments} --job-id "
            f"{job.blocked_by}`. Then run the command again.",
        )
    return RemoteFailed(
        f"{sentence.rstrip('.')}.{consequence}",
        f"{job.advice + ' ' if job.advice else ''}Read the whole log: `az webapp python job log "
        f"{app.site.arguments} --job-id {job.id}`.",
    )


@contextmanager
def telling_outcome(app: App, job: Job) -> Iterator[None]:
    """See to it that an error in what comes after a job, such as a restart that fails, tells the job's outcome too."""
    try:
        yield
    except PythonAppError as error:
        if job.state == SUCCEEDED:
            changed = _changed_words(job)
            error.precede(
                f"Job {job.id} on {app.site.label} succeeded"
                f"{': ' + ', '.join(changed) if changed else ', without a change'}. "
            )
        else:
            error.precede(f"{job_failure(app, job).message} ")
        raise


def _changed_words(job: Job) -> list[str]:
    result = job.result or JobResult()
    return [
        *(f"{each.name} {each.version} installed" for each in result.installed),
        *(f"{each.name} {each.before} -> {each.after}" for each in result.upgraded),
        *(f"{each.name} {each.version} reinstalled" for each in result.reinstalled),
        *(f"{each.name} {each.version} removed" for each in result.removed),
    ]


def require_job_success(app: App, job: Job) -> JobResult:
    """The result of a job that succeeded; raises `job_failure` for any other."""
    if job.state != SUCCEEDED or job.result is None:
        raise job_failure(app, job)
    return job.result


def result_changes(result: JobResult) -> list[Change]:
    """What a job changed, as the contract's changes; names are canonical, as in the plan."""
    from packaging.utils import canonicalize_name as canonical

    changes = [_change(canonical(each.name), "install", None, each.version) for each in result.installed]
    changes += [
        _change(
            canonical(each.name), "upgrade" if _rose(each.before, each.after) else "downgrade", each.before, each.after
        )
        for each in result.upgraded
    ]
    changes += [_change(canonical(each.name), "reinstall", each.version, each.version) for each in result.reinstalled]
    return changes + [_change(canonical(each.name), "uninstall", each.version, None) for each in result.removed]


def job_summary(app: App, job_id: str, state: str) -> dict[str, Any]:
    """The contract's `job` object in the answer of a command that ran one."""
    return {"id": job_id, "state": state, "logUrl": app.kudu.url(log_path(job_id))}


def _change(name: str, action: Action, before: str | None, after: str | None) -> Change:
    return Change(f"packages/{name}", action, before, after)


def _rose(before: str, after: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(after) >= Version(before)
    except InvalidVersion:
        return True


def present_packages(app: App, folder: str) -> dict[str, str]:
    """Version by canonical name of a runtime's packages: one request, one more for each entry that is in doubt."""
    return _whole_packages(app, folder, site_packages(app, folder))


def _whole_packages(app: App, folder: str, names: Sequence[str]) -> dict[str, str]:
    doubtful = installed.doubles(names)
    return installed.packages(name for name in names if name not in doubtful or _is_whole(app, folder, name))


def _is_whole(app: App, folder: str, entry: str) -> bool:
    """Whether an entry of site-packages holds a package's metadata; a file does, as far as a name can tell."""
    try:
        files = app.kudu.list_directory(f"{folder}/Lib/site-packages/{entry}")
    except NotFound:
        return False
    return any(file.name in ("METADATA", "PKG-INFO", entry) for file in files)


def site_packages(app: App, folder: str) -> list[str]:
    """The entries of a runtime's site-packages; none when there is no such folder. folder: its name in %HOME%."""
    try:
        return [entry.name for entry in app.kudu.list_directory(f"{folder}/Lib/site-packages")]
    except NotFound:
        return []
