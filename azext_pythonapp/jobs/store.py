"""Find jobs on the worker again, and tell which of them are alive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azext_pythonapp.advice import read_back
from azext_pythonapp.errors import Conflict, NotFound, PlatformFailed, PythonAppError
from azext_pythonapp.ids import ID
from azext_pythonapp.jobs import state
from azext_pythonapp.jobs.request import CANCEL, FOLDER, REQUEST, SECRETS, STATE, SWITCH_COMMANDS, Switch, folder
from azext_pythonapp.jobs.state import FAILED, LOST, RUNNING, Job
from azext_pythonapp.runtimes.environment import LETTERS, Letter
from azext_pythonapp.worker import ScmSite

RESTORE = "restore.txt"
# A state.json that is being replaced is complete again within this time.
TORN_SECONDS = 0.5


def show(kudu: ScmSite, job_id: str, sleep: Callable[[float], None] = time.sleep) -> Job:
    """Return what is known of a job now: one request, or two while it has not begun.

    A job that claims to run but has not updated its heartbeat for a minute, or that never began, is lost; before that
    is said it is looked at twice. Raises NotFound when there is no such job, InvalidInput when job_id is none.
    """
    job, doubtful = look(kudu, job_id, sleep)
    return next(iter(_look_again(kudu, [job], sleep) if doubtful else []), job)


def newest_job_id(kudu: ScmSite) -> str:
    """The id of the app's newest job. Raises NotFound when there is none."""
    ids = job_ids(kudu)
    if not ids:
        raise NotFound(
            "No job has run on this app yet.", "Commands such as `az webapp python install-requirements` start jobs."
        )
    return ids[0]


def job_ids(kudu: ScmSite) -> list[str]:
    """The ids of the app's jobs, newest first: one request."""
    try:
        ids = [entry.name for entry in kudu.list_directory(FOLDER) if entry.is_directory and ID.fullmatch(entry.name)]
    except NotFound:
        return []
    return sorted(ids, reverse=True)


def show_all(kudu: ScmSite, sleep: Callable[[float], None] = time.sleep) -> list[Job]:
    """The app's jobs, newest first: one request for each. Entries that are no jobs are skipped."""
    return show_these(kudu, job_ids(kudu), sleep)


def show_these(kudu: ScmSite, ids: Iterable[str], sleep: Callable[[float], None] = time.sleep) -> list[Job]:
    """As `show`, for several jobs, in their order. Jobs that were deleted meanwhile or cannot be read are skipped.

    Raises the site's own error when it lets none of them be read.
    """
    jobs: dict[str, Job] = {}
    doubtful, problem = [], None
    for job_id in ids:
        try:
            jobs[job_id], doubt = look(kudu, job_id, sleep)
        except NotFound:
            continue
        except PlatformFailed as error:
            problem = error
            continue
        if doubt:
            doubtful.append(jobs[job_id])
    if problem is not None and not jobs:
        raise problem
    jobs.update((job.id, job) for job in _look_again(kudu, doubtful, sleep))
    return list(jobs.values())


def look(kudu: ScmSite, job_id: str, sleep: Callable[[float], None] = time.sleep) -> tuple[Job, bool]:
    """What is known of a job now, and whether it looks lost but may live: its heartbeat then has to be seen again.

    Raises NotFound when there is no such job.
    """
    job, server_time = read(kudu, job_id, sleep)
    judged = job.judged(server_time)
    silence = job.silence(server_time) or 0.0
    return judged, judged.state == LOST and job.phase != state.QUEUED and silence < state.FORGOTTEN_SECONDS


def read(kudu: ScmSite, job_id: str, sleep: Callable[[float], None] = time.sleep) -> tuple[Job, datetime | None]:
    """A job as its files tell it, not judged yet, and the server's time. Raises NotFound when there is none."""
    for _ in range(2):
        try:
            file = kudu.read(f"{folder(job_id)}/{STATE}")
        except NotFound:
            return not_begun(kudu, job_id)
        job = state.parse(file.content, job_id)
        if job is not None:
            return job, file.server_time
        sleep(TORN_SECONDS)
    return Job(
        job_id, None, RUNNING, phase=state.UNREADABLE, heartbeat_at=_modified(kudu, folder(job_id), STATE)
    ), file.server_time


def not_begun(kudu: ScmSite, job_id: str) -> tuple[Job, datetime | None]:
    """A job without a state, and the server's time. Raises NotFound when there is no such job.

    Its age is that of its request, which the server's clock told; of a request without a time, its folder's.
    """
    try:
        file = kudu.read(f"{folder(job_id)}/{REQUEST}")
    except NotFound:
        raise NotFound(
            f"There is no job {job_id} on this app.", "List the app's jobs with `az webapp python job list`."
        ) from None
    request = _fields(file.content)
    asked_at = state.text(request, "createdAt") or _modified(kudu, FOLDER, job_id)
    return Job(
        job_id,
        state.text(request, "command"),
        RUNNING,
        phase=state.QUEUED,
        heartbeat_at=asked_at,
        title=state.text(request, "title"),
    ), file.server_time


@dataclass(frozen=True)
class Request:
    """What a job was asked to do, as far as its request says; None for what an older version did not write.

    python: full path of python.exe; runtime: its folder in %HOME%; asked: as asked_digest tells; leaves: the marker
    that the job leaves when it changes packages; switch: what its command does after it, "" for a command that cannot
    be shown. letter: of the environment that it builds.
    """

    command: str | None = None
    python: str | None = None
    runtime: str | None = None
    asked: str | None = None
    leaves: str | None = None
    switch: Switch | None = None
    letter: Letter | None = None


def request_of(kudu: ScmSite, job_id: str) -> Request:
    """Return what a job was asked to do: one request. What is not known, or not there any more, is None."""
    try:
        fields = _fields(kudu.read(f"{folder(job_id)}/{REQUEST}").content)
    except NotFound:
        return Request()
    switch = fields.get("switch")
    version, command = (state.text(switch if isinstance(switch, dict) else {}, name) for name in ("version", "command"))
    if command:
        command = next(filter(None, (read_back(command, words) for words in SWITCH_COMMANDS)), "")
    known = {name: state.text(fields, name) for name in ("command", "python", "runtime", "asked", "leaves")}
    letter = next((each for each in LETTERS if each == fields.get("environment")), None)
    return Request(**known, switch=Switch(version, command) if version and command is not None else None, letter=letter)


def request_cancel(kudu: ScmSite, job_id: str) -> None:
    """Ask a job's runner, on whichever instance it runs, to end pip and itself; it looks every 2 s."""
    kudu.upload(folder(job_id), {CANCEL: b"canceled\n"})


def give_up(kudu: ScmSite, job_id: str, reason: str) -> None:
    """Record that a job failed before it began, and delete its secrets. Only for a job that cannot run any more."""
    final = {"id": job_id, "command": None, "title": None, "state": FAILED, "phase": "done", "error": reason}
    try:
        asked = _fields(kudu.read(f"{folder(job_id)}/{REQUEST}").content)
        final.update({name: state.text(asked, name) for name in ("command", "title")})
        kudu.write(f"{folder(job_id)}/{STATE}", json.dumps(final).encode("ascii"), None)
    except Conflict:
        if _has_begun(kudu, job_id):
            return  # it did begin: it needs its files, and deletes its secrets itself
    except PythonAppError:
        pass  # the SCM site is away; the caller reports the reason
    delete_secrets(kudu, job_id)


def _has_begun(kudu: ScmSite, job_id: str) -> bool:
    """Whether a job has a state; assumed when that cannot be read."""
    try:
        kudu.read(f"{folder(job_id)}/{STATE}")
    except NotFound:
        return False
    except PythonAppError:
        pass
    return True


def delete_secrets(kudu: ScmSite, job_id: str) -> None:
    """Delete the files with secrets of a job that never finished.

    A file that cannot be found or deleted is skipped: how the job ended is what the caller must report.
    """
    try:
        files = {entry.name for entry in kudu.list_directory(folder(job_id)) if not entry.is_directory}
        named = _fields(kudu.read(f"{folder(job_id)}/{REQUEST}").content).get("secretFiles") if files else []
    except PythonAppError:
        files, named = {SECRETS}, []
    names = [SECRETS, RESTORE, *(name for name in (named if isinstance(named, list) else []) if isinstance(name, str))]
    for name in names:
        if name in files or "/" in name and ".." not in name.split("/"):
            try:
                kudu.delete(f"{folder(job_id)}/{name}")
            except PythonAppError:
                continue


def _look_again(kudu: ScmSite, jobs: list[Job], sleep: Callable[[float], None]) -> list[Job]:
    """Jobs that looked lost, after a while: those whose heartbeat has moved are not."""
    if jobs:
        sleep(state.DOUBT_SECONDS)
    again = []
    for job in jobs:
        try:
            now, server_time = read(kudu, job.id, sleep)
        except NotFound:
            continue
        again.append(now if now.over or now.heartbeat_at != job.heartbeat_at else now.judged(server_time))
    return again


def _fields(content: bytes) -> dict[str, Any]:
    """What a JSON file holds; {} for one that is in parts, or holds something else."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _modified(kudu: ScmSite, path: str, name: str) -> str | None:
    """When an entry of a folder was written, by the server's clock; None when it is not there any more."""
    try:
        return next((entry.modified for entry in kudu.list_directory(path) if entry.name == name), None)
    except NotFound:
        return None
