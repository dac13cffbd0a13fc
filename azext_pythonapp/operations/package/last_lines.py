"""The last lines of a command that changed packages: numbers, the restart, and what pip check found."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.jobs.state import JobResult
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.plan import Change

_MOST_PROBLEMS = 5


def last_lines(
    app: App, run: PipRun, result: JobResult, done: Sequence[Change], restarts: bool, stopped: bool
) -> list[str]:
    """Return the lines.

    run: what was asked of pip. result: of the job. done: what was done with the app afterwards. restarts: whether it
    was to be restarted. stopped: whether it was stopped for the job, and started again.
    """
    label, python = app.site.label, f"Python {run.target.version}"
    if not result.changed:
        first = f"Nothing was changed: {python} of {label} has all of these packages already."
    else:
        first = f"{_numbers(result)} in {python} of {label}"
        first = f"{first}{_restart(app, done, restarts, stopped)} ({app.progress.seconds:.0f} s)."
    return [first, *_problems(app, result)]


def unchanged_lines(sentence: str, done: Sequence[Change]) -> list[str]:
    """Return the line of a command that found no package to change.

    sentence: why, without a full stop. done: what was done with the app, because it was pending after an earlier job.
    """
    verbs = {"restart": "restarted", "update": "started"}
    if done:
        verb = verbs.get(done[0].action, done[0].action)
        return [f"No package was changed: {sentence}. The app was {verb}, which was pending."]
    return [f"Nothing was changed: {sentence}."]


def _numbers(result: JobResult) -> str:
    counts = [
        (len(result.installed), "installed"),
        (len(result.upgraded), "changed to another version"),
        (len(result.reinstalled), "reinstalled"),
        (len(result.removed), "removed"),
    ]
    said = [f"{count} {words}" for count, words in counts if count]
    return f"Packages: {', '.join(said)}"


def _restart(app: App, done: Sequence[Change], restarts: bool, stopped: bool) -> str:
    if stopped:
        return "; it was stopped meanwhile and is started again"
    if any(change.action == "restart" for change in done):
        return "; it was restarted"
    if any(change.target == "app" for change in done):
        return "; it was started"
    if not restarts:
        return f"; not restarted (--no-restart): `az webapp restart {app.site.arguments}` makes it load them"
    if app.site.stopped:
        return "; it is stopped, so it loads them when it is started"
    return (
        f"; not restarted by this command: `az webapp python show {app.site.arguments}` says whether a restart is "
        "pending"
    )


def _problems(app: App, result: JobResult) -> list[str]:
    """Return the warning about packages that do not fit together; a few of them, and the command that shows all."""
    if result.check_ok is not False:
        return []
    shown, more = result.problems[:_MOST_PROBLEMS], len(result.problems) - _MOST_PROBLEMS
    lines = [f"Warning: {problem.rstrip('.')}." for problem in shown]
    check = f"`az webapp python package check {app.site.arguments}`"
    if more > 0:
        lines.append(f"Warning: {more} more of the packages do not fit together; {check} shows all.")
    elif lines:
        lines.append(f"To check again: {check}.")
    return lines
