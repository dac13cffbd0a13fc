"""Find jobs on the worker again."""
from __future__ import annotations

import json

from azext_pythonapp.appservice.errors import NotFound, PythonAppError
from azext_pythonapp.jobs import state
from azext_pythonapp.jobs.request import CANCEL, FOLDER, ID, REQUEST, SECRETS, STATE, folder
from azext_pythonapp.jobs.site import Site
from azext_pythonapp.jobs.state import RUNNING, Job


def show(kudu: Site, job_id: str) -> Job:
    """What is known of a job now: one request, or two while it has not begun.

    A job that says it runs but was not heard of for a minute, or that never began, is lost.
    Raises NotFound when there is no such job, InvalidInput when job_id is none.
    """
    try:
        file = kudu.read(f"{folder(job_id)}/{STATE}")
    except NotFound:
        return _not_begun(kudu, job_id)
    job = state.parse(file.content)
    if job is None:
        return Job(job_id, None, state.LOST, error="Its state.json cannot be read.")
    return job.judged(file.server_time)


def newest_job_id(kudu: Site) -> str:
    """The id of the app's newest job. Raises NotFound when there is none."""
    ids = job_ids(kudu)
    if not ids:
        raise NotFound("No job has run on this app yet.",
                       "Jobs are made by commands such as `az webapp python install-requirements`.")
    return ids[0]


def job_ids(kudu: Site) -> list[str]:
    """The ids of the app's jobs, newest first: one request."""
    try:
        ids = [entry.name for entry in kudu.list_directory(FOLDER) if entry.is_directory and ID.fullmatch(entry.name)]
    except NotFound:
        return []
    return sorted(ids, reverse=True)


def show_all(kudu: Site) -> list[Job]:
    """The app's jobs, newest first: one request for each. One that is deleted meanwhile is left out."""
    jobs = []
    for job_id in job_ids(kudu):
        try:
            jobs.append(show(kudu, job_id))
        except NotFound:
            continue
    return jobs


def ask_to_cancel(kudu: Site, job_id: str) -> None:
    """Tell a job's runner, on whichever instance it runs, to end pip and itself; it looks every 2 s."""
    kudu.upload(folder(job_id), {CANCEL: b"canceled\n"})


def forget_secrets(kudu: Site, job_id: str) -> None:
    """Delete what a job that never came to its end left behind of files that may hold secrets.

    A file that cannot be deleted or found is left alone: the job's own end is what the caller must hear of.
    """
    names = [SECRETS]
    try:
        names += json.loads(kudu.read(f"{folder(job_id)}/{REQUEST}").content).get("secretFiles", [])
    except (PythonAppError, ValueError, AttributeError):
        names = [SECRETS]
    for name in names:
        try:
            kudu.delete(f"{folder(job_id)}/{name}")
        except PythonAppError:
            continue


def _not_begun(kudu: Site, job_id: str) -> Job:
    """A job without a state: about to begin, or lost when it was asked for two minutes ago."""
    try:
        file = kudu.read(f"{folder(job_id)}/{REQUEST}")
    except NotFound:
        raise NotFound(f"There is no job {job_id} on this app.",
                       "List the app's jobs with `az webapp python job list`.") from None
    try:
        request = json.loads(file.content)
    except ValueError:
        return Job(job_id, None, state.LOST, error="Its request.json cannot be read.")
    job = Job(job_id, request.get("command"), RUNNING, phase=state.QUEUED, heartbeat_at=request.get("createdAt"))
    return job.judged(file.server_time)
