"""What a command says when it stops watching a job: by Ctrl-C, by a lost connection, or because its time is up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Interrupted, NotFound, RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.launch import Launched
from azext_pythonapp.jobs.store import give_up


@contextmanager
def watching(app: App, job_id: str, started: Launched | None) -> Iterator[None]:
    """While a job is watched nothing that this client meets counts as the job's end: it becomes UnknownOutcome, which
    names the job and how to come back to it.

    started: for the client that started it; a start that has not reached the worker is not tried any more then.
    What `follow` itself says goes through: UnknownOutcome, RemoteFailed for a job that never began, NotFound. Raises
    Interrupted for Ctrl-C before the job was started.
    """
    try:
        yield
    except UnknownOutcome as error:  # the time is up, or the SCM site is away
        error.recommendation = finish_advice(app, job_id)
        raise
    except (RemoteFailed, NotFound):
        raise
    except (Exception, KeyboardInterrupt) as error:  # pylint: disable=broad-except
        label, interrupted = app.site.label, isinstance(error, KeyboardInterrupt)
        why = "" if interrupted else f": {error}"
        if started is not None and started.pending.give_up():
            with suppress(KeyboardInterrupt):  # a second one ends the cleaning up
                give_up(app.kudu.retrying_for(0), job_id, f"It was not started{why}.")
            if interrupted:
                raise Interrupted(f"Interrupted. pip was not started on {label}.", again_advice(app)) from error
            raise RemoteFailed(f"Job {job_id} of {label} was not started{why}.", again_advice(app)) from error
        if interrupted:
            message = f"Interrupted. Job {job_id} is still running on the worker of {label}."
        else:
            message = f"No longer watching job {job_id} of {label}; it is still running on the worker{why}."
        raise UnknownOutcome(message, finish_advice(app, job_id)) from error


def finish_advice(app: App, job_id: str) -> str:
    """Return what to do about a job that goes on: the command that takes it to its end, and the one that ends it."""
    options = f"{app.site.arguments} --job-id {job_id}"
    wait = f"az webapp python job wait {options}"
    if app.command is None:
        finish = f"To finish, run the same command again, which follows this job, or wait for it: `{wait}`."
    elif " job wait" in app.command:
        finish = f"To wait for it: `{wait}`."
    else:
        finish = f"To finish, run the same command again, which follows this job: `{app.command}`."
    return f"{finish} To give up: `az webapp python job cancel {options}`."


def again_advice(app: App) -> str:
    """Return the advice to run the same command again, with the command where it is known."""
    return "Run the command again." if app.command is None else f"Run the command again: `{app.command}`."
