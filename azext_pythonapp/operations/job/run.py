"""Run pip on the worker as a job, follow it to its end, and report what it changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, PythonAppError, RemoteFailed
from azext_pythonapp.history.record import PackageChange
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.launch import Launched, launch
from azext_pythonapp.jobs.request import EnvironmentBuild, JobSpec, Restore, Switch, log_path
from azext_pythonapp.jobs.state import FAILED, SUCCEEDED, Job, JobResult
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import package_part
from azext_pythonapp.operations.job.watch import watching
from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipCommand
from azext_pythonapp.packages.pip_output import PipOutput
from azext_pythonapp.packages.uv import UvInstall
from azext_pythonapp.plan import Action, Change

_HELD_ADVICE = (
    "Run the command again with `--stop-app auto`, which stops the app for as long as pip needs; if the app "
    "is stopped, end the other program, such as a WebJob or a console."
)

# What a job's phase is while pip runs, and what pip's lines begin with (jobs/runner/pip_output.py has the same).
PIP_PHASES = ("pip", "resolving", "downloading", "building", "installing")
_LINES = (
    ("Collecting ", "resolving"),
    ("Downloading ", "downloading"),
    ("Building wheel", "building"),
    ("Installing build dependencies", "building"),
    ("Installing collected packages", "installing"),
    ("Resolved ", "downloading packages"),
    ("Prepared ", "installing"),
)


@dataclass(frozen=True)
class PipRun:  # pylint: disable=too-many-instance-attributes
    """One run that is planned.

    title: what it does, up to the Python: "Installing requirements.txt into".
    call: of pip. preparation: a call before it, such as one that upgrades pip; None when there is no need. then: calls
    after it.
    planned: what it is expected to change; the dependencies are pip's to find out.
    directory: where pip runs. uploads: contents of files for the job's folder, by path in it.
    watched, record, restore: as in JobSpec.
    asked: what stands for the uploads where two runs are compared and those depend on what is installed; None for them.
    covered: whether uploads and watched files are all that pip reads; not where it reads a folder of the app.
    present: the packages before, version by canonical name; None where they were not looked at. sources: the lines of
    the requirements files that say where packages come from, as RequirementFiles has them.
    build: of the environment that the target is; None for a runtime.
    uv: how uv is called in place of pip; None for pip alone.
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
    then: tuple[PipCommand, ...] = ()
    asked: Mapping[str, bytes] | None = None
    covered: bool = True
    present: Mapping[str, str] | None = None
    sources: Sequence[tuple[str, str | HomeFile]] = field(default=(), repr=False)
    build: EnvironmentBuild | None = None
    uv: UvInstall | None = None

    @property
    def packages(self) -> PackageChange:
        """Return the packages as the record of a change has them, before the change."""
        return package_part(self.target, self.present, self.call, self.sources)


def start_pip(
    app: App,
    run: PipRun,
    command: str,
    job_id: str | None = None,
    on_success: str | None = None,
    app_stopped: bool = False,
    starting: Callable[[], None] = lambda: None,
    switch: Switch | None = None,
) -> Launched:
    """Start the job on the worker.

    command: the user's command, for the job's record. job_id, on_success, app_stopped, starting, switch: as in launch
    and JobSpec.
    """
    spec = spec_of(run, command, on_success, app_stopped, switch)
    return launch(app.kudu, spec, run.uploads, job_id, starting, run.asked)


def spec_of(
    run: PipRun, command: str, on_success: str | None = None, app_stopped: bool = False, switch: Switch | None = None
) -> JobSpec:
    """Return what a run is as a job; the parameters are those of start_pip."""
    return JobSpec(
        command=command,
        title=_title(run, command, switch),
        switch=switch,
        python=run.target.runner,
        runtime=run.target.folder,
        letter=run.target.letter,
        build=run.build,
        pip=run.call if run.call.arguments else None,
        directory=run.directory,
        record=run.record,
        watched=run.watched,
        preparation=run.preparation,
        restore=run.restore,
        on_success=on_success,
        app_stopped=app_stopped,
        then=run.then,
        uv=run.uv,
    )


def _title(run: PipRun, command: str, switch: Switch | None) -> str | None:
    """Return how tables and sentences name a job; None for the usual name."""
    if run.build is not None:
        return f"environment {run.target.letter} ({command})"
    return f"pip ({command} {switch.version})" if switch else None


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
        self._output = PipOutput()
        self._doing = ""

    def wait(self) -> Job:
        """Follow the job to its end; a failed one comes with what its log tells about the reason.

        Raises UnknownOutcome when the time is up or the person pressed Ctrl-C.
        """
        job_id = self._started if isinstance(self._started, str) else self._started.job_id
        try:
            with watching(self._app, job_id, None if isinstance(self._started, str) else self._started):
                job = follow(
                    self._app.kudu.retrying_for(0),
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
        explanation = _held_file(job) or explain(
            self._output, self._app.site.label, in_use=not (job.command or "").startswith(("set-version", "publish"))
        )
        if explanation is not None:
            return job.explained(self._introduced(explanation.reason), explanation.advice)
        said = re.fullmatch(
            r"(?P<how>(?:pip|uv) ended with exit code \d+): (?:error: )?(?P<why>.*)", job.pip_said or "", re.I | re.S
        )
        return job.explained(self._introduced(said["why"]), None) if said else job

    def _introduced(self, reason: str) -> str:
        """Return why pip failed, with the app, and the Python where it is known."""
        label, python = self._app.site.label, self._output.python
        if label in reason:
            return reason
        program = "uv" if self._output.uv.failed else "pip"
        return f"{program} failed on {label}{f' (Python {python})' if python[0].isdigit() else ''}: {reason}"

    def _line(self, line: str) -> None:
        self._output.take(line)
        self._doing = _doing(line) or self._doing
        self._on_line(line)

    def _show(self, job: Job) -> None:
        """One line for a terminal: the app and what pip does.

        pip's newest line tells more, and sooner, than the state, which is written every two seconds.
        """
        state = " ".join(part for part in (job.phase, job.progress) if part)
        doing = self._doing if self._doing and job.phase in PIP_PHASES and not job.progress_counted else state
        self._app.progress.status(f"{self._app.site.label}: {doing}")


def _held_file(job: Job) -> Explanation | None:
    """Explain a job that failed because another program holds a file; None when none does."""
    if job.held_in_runtime:
        which = f": {job.held_file}" if job.held_file else ""
        return Explanation(
            f"A running program, most likely the app, holds a file that pip must replace{which}.", _HELD_ADVICE
        )
    if job.held_file is None:
        return None
    return Explanation(
        f"Another program holds {job.held_file or 'a file'}, which is not in the runtime's folder, and still held it "
        "when pip tried again.",
        "An antivirus or another pip releases it soon: run the command again.",
    )


def job_failure(app: App, job: Job) -> PythonAppError:
    """What to raise for a job that ended in any other state than succeeded; it names what changed all the same."""
    changed = changed_words(job)
    words = {"failed": "failed", "lost": "was lost, so what it did is unknown", "canceled": "was canceled"}
    reason = job.error or "no reason was given"
    sentence = job.explained_error or f"Job {job.id} on {app.site.label} {words.get(job.state, job.state)}: {reason}"
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


def _doing(line: str) -> str | None:
    """What pip is doing from one of its lines on; None for a line that does not tell."""
    words = line.strip().split()
    start = next((doing for start, doing in _LINES if line.strip().startswith(start)), None)
    if start is None or len(words) < 2:
        return None
    if start == "downloading":
        size = re.search(r"\(([\d.]+ ?[kMG]?B)\)$", line.strip())
        return f"downloading {words[1].rsplit('/', 1)[-1]}{f', {size[1]}' if size else ''}"
    return f"{start} {words[1]}" if start == "resolving" else start


@contextmanager
def with_job_outcome(app: App, job: Job) -> Iterator[None]:
    """Add the job's outcome to an error of what comes after it, such as a restart that fails."""
    try:
        yield
    except PythonAppError as error:
        if job.state == SUCCEEDED:
            changed = changed_words(job)
            error.precede(
                f"Job {job.id} on {app.site.label} succeeded"
                f"{': ' + ', '.join(changed) if changed else ', without a change'}. "
            )
        else:
            error.precede(f"{job_failure(app, job).message} ")
        raise


def changed_words(job: Job) -> list[str]:
    """Return what a job changed: "flask 3.0.3 installed" for each package; [] for nothing, or where it is not known."""
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
    """What a job changed, as the changes of docs/json-output.md; names are canonical, as in the plan."""
    from packaging.utils import canonicalize_name as canonical

    changes = [package_change(canonical(each.name), "install", None, each.version) for each in result.installed]
    changes += [
        package_change(
            canonical(each.name), "upgrade" if rose(each.before, each.after) else "downgrade", each.before, each.after
        )
        for each in result.upgraded
    ]
    changes += [
        package_change(canonical(each.name), "reinstall", each.version, each.version) for each in result.reinstalled
    ]
    return changes + [package_change(canonical(each.name), "uninstall", each.version, None) for each in result.removed]


def job_summary(app: App, job_id: str, state: str) -> dict[str, Any]:
    """The `job` object of docs/json-output.md in the answer of a command that ran one."""
    return {"id": job_id, "state": state, "logUrl": app.kudu.url(log_path(job_id))}


def package_change(name: str, action: Action, before: str | None, after: str | None) -> Change:
    """Return the change of one package, as answers name it. before, after: its versions; None where there is none."""
    return Change(f"packages/{name}", action, before, after)


def rose(before: str, after: str) -> bool:
    """Return whether a version is at least another one; True where that cannot be told."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(after) >= Version(before)
    except InvalidVersion:
        return True


def check_timeout(timeout: float | None) -> None:
    """Raises InvalidInput for a --timeout that is no time."""
    if timeout is not None and timeout <= 0:
        raise InvalidInput(f"--timeout is {timeout}; it takes a number of seconds above 0.")
