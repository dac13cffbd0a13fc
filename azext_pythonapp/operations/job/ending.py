"""The last lines of `job wait` and `job cancel`: what the job did, and what is still to do after it."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.jobs.request import SWITCH_COMMAND
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.jobs.store import request_of
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.job.run import changed_words
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.environment import python_of
from azext_pythonapp.windows import same_path, started_path

_MOST_PACKAGES = 8


def ending_lines(app: App, job: Job, done: Sequence[Change]) -> list[str]:
    """Return the last lines of `job wait` for a job that succeeded. done: what was done with the app after it."""
    packages = _packages(job) or "no package changed"
    restarted = {"restart": f"; {app.site.label} was restarted", "update": f"; {app.site.label} was started"}
    after = restarted.get(done[0].action, "") if done else ""
    return [f"Job {job.id} of {app.site.label}, {job.shown_title}, succeeded: {packages}{after}.", *_switch(app, job)]


def canceled_packages(app: App, job: Job) -> str | None:
    """Return what a canceled job had changed by then, as far as it says so; None for nothing."""
    packages = _packages(job)
    if job.result is None:
        return f"What it had changed by then: `az webapp python package list {app.site.arguments}`."
    return f"It had changed by then: {packages}." if packages else "No package was changed."


def _packages(job: Job) -> str:
    words = changed_words(job)
    more = f" and {len(words) - _MOST_PACKAGES} more" if len(words) > _MOST_PACKAGES else ""
    return ", ".join(words[:_MOST_PACKAGES]) + more


def _switch(app: App, job: Job) -> list[str]:
    """Return what became of the switch that the job's command was to make after it; [] for any other command."""
    asked = request_of(app.kudu, job.id)
    if asked.switch is None or asked.python is None:
        return []
    version = asked.switch.version
    command = asked.switch.command or f"{SWITCH_COMMAND} {app.site.arguments} --version {quoted(version)}"
    finish = f"Finish it: {command}"
    try:
        handler = observe(app, pythons=False).handler
    except PythonAppError as error:
        return [f"Whether the switch to {version} was made is not known: {error.message}", finish]
    if handler is None:
        return [f"The switch to {version} was not made: web.config of {app.site.label} starts no Python.", finish]
    home = app.kudu.home()
    runs = started_path(handler.python_exe, home)
    if same_path(runs, python_of(asked.letter, home) if asked.letter is not None else asked.python, home):
        return []
    if asked.letter is not None:
        return [f"Environment {asked.letter} is complete, and not in use: {app.site.label} still runs {runs}.", finish]
    return [f"The switch to {version} was not made: {app.site.label} still runs {runs}.", finish]
