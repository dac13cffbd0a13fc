"""Start a job on the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.ids import new_id
from azext_pythonapp.jobs.request import RUNNER_START, JobSpec, folder, request_files
from azext_pythonapp.windows import quote_command
from azext_pythonapp.worker import PendingCommand, ScmSite


@dataclass
class Launched:
    """A job that was started.

    pending: the command at Kudu that runs it; its answer comes at the end, if ever. post: posts that command again;
    None where that cannot be done.
    """

    job_id: str
    pending: PendingCommand
    post: Callable[[], PendingCommand] | None = None


def launch(
    kudu: ScmSite,
    spec: JobSpec,
    files: Mapping[str, bytes],
    job_id: str | None = None,
    starting: Callable[[], None] = lambda: None,
    asked: Mapping[str, bytes] | None = None,
) -> Launched:
    r"""Start a job: one upload of all its files, one command; returns without waiting for either's work.

    files: what pip is to find in the job's folder, by name. job_id: a fresh id; None to make one.
    starting: called right before the command is posted; what is raised before that, such as by Ctrl-C, means that
    nothing runs, and what is raised after it that the job may run. asked: as in request_files.
    The command names only python.exe and its program, which it finds because Kudu starts it in the job's folder; no
    text of the user's passes through cmd.exe (docs/platform/kudu.md 1.2, 1.3). -E and -s keep the app's settings, such
    as a PYTHONHOME for another Python, out of it; -B keeps its compiled modules from being written to a folder that is
    used once. Raises the site's own errors when the upload fails; nothing runs then, and what arrived is deleted: it
    may hold secrets, also when the connection was cut before the answer.
    """
    job_id = job_id or new_id(kudu.now())
    try:
        kudu.upload(folder(job_id), request_files(spec, job_id, files, kudu.now(), asked))
    except BaseException:
        _discard(kudu, job_id)
        raise
    command = quote_command(spec.python, "-u", "-B", "-E", "-s", RUNNER_START)
    starting()

    def post() -> PendingCommand:
        return kudu.start(command, folder(job_id).replace("/", "\\"))

    return Launched(job_id, post(), post)


def _discard(kudu: ScmSite, job_id: str) -> None:
    """Delete the folder of a job that was not started. What cannot be deleted now, the next job's runner deletes."""
    try:
        kudu.delete_directory(folder(job_id))
    except PythonAppError:
        pass
