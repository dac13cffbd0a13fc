"""The last lines of a command that changed packages: numbers, the restart, what pip check found, and the undo."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.jobs.state import JobResult
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.plan import Change

# A command that undoes more is too long to paste.
_MOST_UNDONE = 20
_MOST_PROBLEMS = 5


def last_lines(
    app: App, target: Target, result: JobResult, done: Sequence[Change], restarts: bool, stopped: bool
) -> list[str]:
    """Return the lines.

    result: of the job. done: what was done with the app afterwards. restarts: whether it was to be restarted. stopped:
    whether it was stopped for the job, and started again.
    """
    label, python = app.site.label, f"Python {target.version}"
    if not result.changed:
        first = f"Nothing was changed: {python} of {label} has all of these packages already."
    else:
        first = f"{_numbers(result)} in {python} of {label}"
        first = f"{first}{_restart(app, done, restarts, stopped)} ({app.progress.seconds:.0f} s)."
    return [first, *_problems(result), *(_undo(app, result) if result.changed else [])]


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
    return "; not restarted by this command"


def _problems(result: JobResult) -> list[str]:
    if result.check_ok is not False:
        return []
    more = f" and {len(result.problems) - _MOST_PROBLEMS} more" if len(result.problems) > _MOST_PROBLEMS else ""
    return [f"Warning: pip check found problems: {'; '.join(result.problems[:_MOST_PROBLEMS])}{more}."]


def _undo(app: App, result: JobResult) -> list[str]:
    """Return the commands that put the earlier packages back: those that came go, the others return."""
    back = [f"{each.name}=={each.before}" for each in result.upgraded]
    back += [f"{each.name}=={each.version}" for each in result.removed]
    gone = [each.name for each in result.installed if each.name.lower() != "pip"]
    if len(back) + len(gone) > _MOST_UNDONE:
        return []
    commands = []
    if gone:
        commands.append(f"az webapp python package uninstall {app.site.arguments} --packages {_list(gone)}")
    if back:
        commands.append(f"az webapp python package install {app.site.arguments} --packages {_list(back)}")
    return [f"Undo: {command}" for command in commands]


def _list(names: Sequence[str]) -> str:
    return " ".join(quoted(name) for name in names)
