"""The last lines of `rollback`: what the app runs again, what stays, and the command that undoes it."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.advice import quoted
from azext_pythonapp.operations.rollback.found import Found
from azext_pythonapp.operations.rollback.run import Run
from azext_pythonapp.operations.rollback.target import described
from azext_pythonapp.operations.set_version.words import capital, stopped_sentence
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.discovery import InstalledRuntime


def last_lines(run: Run, changes: Sequence[Change]) -> list[str]:
    """Return the last lines of a run that succeeded. changes: what it changed."""
    found, app = run.found, run.found.app
    done = [change for change in changes if change.action != "none"]
    label = capital(app.site.label)
    if not done:
        return [nothing_to_do(found), *stays_lines(found)]
    first = f"Undone: {described(found.target.record)}."
    python = run.python
    runs = f"{label} {'runs' if run.health.good else 'is set to run'} {python.name}{_place(found)}." if python else None
    lines = [
        " ".join(
            filter(
                None, (first, runs, run.health.sentence, f"{capital(in_numbers(done))}, {app.progress.seconds:.0f} s.")
            )
        ),
        f"web.config of {app.site.label} starts no Python now, as before that change." if found.handler is None else "",
        *stays_lines(found),
        f"Undo: {run.record.undo}" if run.record is not None and run.record.undo else "",
    ]
    if not found.running and not run.restarted:
        lines.append(stopped_sentence(app))
    return [line for line in lines if line]


def _place(found: Found) -> str:
    """Return where the packages of the app are, behind the name of its Python; "" for the Python's own."""
    environment = found.environment
    return f" from environment {environment.letter}" if environment is not None and environment.then is not None else ""


def in_numbers(changes: Sequence[Change]) -> str:
    """Return what was undone in numbers: "1 Python and 3 packages installed, 2 packages removed, 1 file put back"."""
    pythons = [change for change in changes if change.target.startswith("siteextensions/")]
    packages = [change for change in changes if change.target.startswith("packages/")]
    files = [change for change in changes if change.target.startswith("site/")]

    def said(done: str, actions: Sequence[str]) -> str:
        kinds = ((pythons, "Python"), (packages, "package"))
        counts = ((len({each.target for each in rows if each.action in actions}), name) for rows, name in kinds)
        names = " and ".join(_count(number, name) for number, name in counts if number)
        return f"{names} {done}" if names else ""

    parts = [
        said("installed", ["install"]),
        said("changed", ["update", "upgrade", "downgrade", "reinstall"]),
        said("removed", ["uninstall"]),
        f"{_count(len(files), 'file')} put back" if files else "",
    ]
    other = "the app was restarted" if any(change.action == "restart" for change in changes) else "the app was started"
    return ", ".join(filter(None, parts)) or (_rests(changes) or other)


def _rests(changes: Sequence[Change]) -> str:
    """Return the numbers of folders that an interrupted installation had left, and that were removed."""
    folders = [change for change in changes if change.target != "app" and change.action == "uninstall"]
    return f"{_count(len(folders), 'folder')} removed" if folders else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def nothing_to_do(found: Found) -> str:
    """Return the sentence for a change of which nothing is left to undo."""
    target = found.target
    by = f" Change {target.undone_by.id} undid it." if target.undone_by is not None else ""
    label = capital(found.app.site.label)
    return f"{label} is as it was before {described(target.record)} already; nothing changed.{by}"


def stays_lines(found: Found) -> list[str]:
    """Return a line for each Python that the change installed and that stays."""
    lines = [f"{name} stays on {found.app.site.label}: {use}." for name, use in found.used.items()]
    return lines + [_stays(found, python) for python in found.stays]


def _stays(found: Found, python: InstalledRuntime) -> str:
    app = found.app
    if found.is_wanted(python.python_path):
        return f"{python.name} stays on {app.site.label}, which runs it."
    which = f"--extension-id {quoted(python.extension_id)}" if python.extension_id else f"--version {python.version}"
    uninstall = f"az webapp python uninstall {app.site.arguments} {which}"
    return f"{python.name} stays on {app.site.label}. To remove it: {uninstall}"
