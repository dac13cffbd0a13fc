"""`job show` and `job wait`: come back to work that runs on the worker."""
from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import UnknownOutcome
from azext_pythonapp.jobs.follow import follow
from azext_pythonapp.jobs.request import log_path
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.jobs.store import newest_job_id, show
from azext_pythonapp.operations.pip_run import job_failure


def show_job(app: App, job_id: str | None) -> dict[str, Any]:
    """The contract's job object. job_id: None for the app's newest. Raises NotFound."""
    identifier = job_id or newest_job_id(app.kudu)
    return show(app.kudu, identifier).to_dict(app.kudu.url(log_path(identifier)))


def wait_for_job(app: App, job_id: str | None, timeout: float | None) -> dict[str, Any]:
    """Follow a job, its log from the beginning, and return it.

    Raises RemoteFailed when it failed, was canceled or was lost; UnknownOutcome when the time is up.
    """
    identifier = job_id or newest_job_id(app.kudu)
    show(app.kudu, identifier)
    command = f"az webapp python job wait {app.site.arguments}"
    try:
        job = follow(app.kudu, identifier, app.progress.output, timeout=timeout, wait_command=command)
    except KeyboardInterrupt:
        raise UnknownOutcome(f"No longer watching job {identifier} of {app.site.label}; it goes on on the worker.",
                             f"Watch it again: `{command} --job-id {identifier}`.") from None
    if job.state != SUCCEEDED:
        raise job_failure(app, job)
    return job.to_dict(app.kudu.url(log_path(identifier)))
