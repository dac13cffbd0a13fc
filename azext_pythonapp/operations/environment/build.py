"""The job that builds an environment, followed to its end; one that built the very same before is not repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.jobs.request import Switch
from azext_pythonapp.jobs.state import SUCCEEDED, Job, JobResult
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.environment.contents import NOT_TAKEN
from azext_pythonapp.operations.environment.place import Place
from azext_pythonapp.operations.environment.standing import read_description
from azext_pythonapp.operations.job.run import PipRun, job_failure, result_changes
from azext_pythonapp.operations.job.same_job import pip_once, same_job
from azext_pythonapp.plan import Action, Change
from azext_pythonapp.runtimes.environment import folder_of
from azext_pythonapp.windows import join


def build(
    app: App, place: Place, command: str, change: OpenChange, switch: Switch | None, timeout: float | None = None
) -> Job:
    """Build an environment, or go on with it; return the job, which has succeeded.

    command: the user's. change: its record, which names the job before that is started. switch: what follows the job.
    Raises RemoteFailed when it failed: nothing that the app uses was changed then.
    """
    assert place.contents is not None
    run = place.contents.run
    change.take()
    job = _built_before(app, place, run, command, change)
    if job is None:
        place.bring(change.begin)
        job = pip_once(app, run, command, on_success=None, switch=switch, timeout=timeout, noting=change.job)
    return require_built(app, job)


def require_built(app: App, job: Job) -> Job:
    """Return a job that has built an environment. Raises what `job_failure` returns for any other."""
    if job.state == SUCCEEDED and job.result is not None:
        return job
    error = job_failure(app, replace(job, result=None))
    error.extend([f"Nothing that {app.site.label} uses was changed."])
    raise error


def _built_before(app: App, place: Place, run: PipRun, command: str, change: OpenChange) -> Job | None:
    """Return the job of this very change that has built the same environment, when that is there; else None."""
    description = read_description(app, place.letter) if change.record.jobs else None
    if description is None or description.job not in change.record.jobs:
        return None
    job = same_job(app, run, command, [description.job], over=True)
    if job is None or job.state != SUCCEEDED:
        return None
    app.progress.say(f"Environment {place.letter} of {app.site.label} is built already, by job {job.id}.")
    return job


def built_changes(place: Place, result: JobResult) -> list[Change]:
    """Return what a build has changed, beside the Python that was in use: packages, and the folder itself."""
    return [folder_change(place), *result_changes(built_result(result))]


def built_result(result: JobResult) -> JobResult:
    """Return what a build has changed of packages that a person knows of: pip is never in an environment."""
    return replace(
        result,
        removed=tuple(each for each in result.removed if each.name.lower() not in NOT_TAKEN),
        installed=tuple(each for each in result.installed if each.name.lower() not in NOT_TAKEN),
    )


def folder_change(place: Place) -> Change:
    """Return the row of the environment itself."""
    action: Action = "create"
    note = "the app does not use it until it is complete"
    return Change(folder_of(place.letter), action, None, f"Python {place.base.version}", note=note)


def planned_changes(place: Place) -> list[Change]:
    """Return what the plan says of a build."""
    assert place.contents is not None
    return [folder_change(place), *place.contents.run.planned]


def build_title(app: App, place: Place) -> str:
    """Return the title of the step that builds an environment."""
    path = join(app.kudu.home(), *folder_of(place.letter).split("/"))
    return f"Building environment {place.letter} ({path}) of {app.site.label} on Python {place.base.version}."


def extra_sentences(extra: Sequence[str], label: str) -> list[str]:
    """Return what is said of packages that no requirement asks for and that are taken along."""
    if not extra:
        return []
    named = ", ".join(extra[:8]) + (f" and {len(extra) - 8} more" if len(extra) > 8 else "")
    are = "is" if len(extra) == 1 else "are"
    return [
        f"{named} of {label} {are} in no requirement; the environment gets "
        f"{'it' if len(extra) == 1 else 'them'} in the same version{'' if len(extra) == 1 else 's'}."
    ]
