"""The last lines of `install` and `uninstall`: what is there now, what the app runs, the undo."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.discovery import InstalledRuntime

EXTENSION = "siteextensions/"


def installed_lines(
    app: App,
    python: InstalledRuntime,
    changes: Sequence[Change],
    undo: str | None,
    runs: InstalledRuntime | None = None,
) -> list[str]:
    """Return the last lines of an installation.

    python: the new one. changes: what happened. undo: the command that undoes it; None for none. runs: the Python that
    the app runs, None where that was not looked at.
    """
    options = app.site.arguments
    first = f"{python.name} is installed on {app.site.label}, {python.python_path} ({app.progress.seconds:.0f} s)."
    after = []
    if runs is not None and runs.python_path.lower() != python.python_path.lower():
        after.append(f"The app still runs {runs.name}.")
    if any(change.action == "restart" for change in changes):
        after.append("It was restarted.")
    after_text = f" {' '.join(after)}" if after else ""
    arch = f" --arch {python.architecture}" if python.architecture else ""
    switch = f"Run the app on it: az webapp python set-version {options} --version {python.version}{arch}"
    return [first + after_text, "" if python.in_use else switch, f"Undo: {undo}" if undo else ""]


def uninstalled_lines(app: App, python: InstalledRuntime, changes: Sequence[Change], undo: str | None) -> list[str]:
    """Return the last lines of an uninstallation. changes: what happened. undo: the command that undoes it."""
    removed = ", ".join(_removed(change) for change in changes)
    lines = [f"{python.name} is removed from {app.site.label} ({removed}; {app.progress.seconds:.0f} s)."]
    if python.in_use:
        lines.append("web.config still starts it, so the app cannot start. Install it again or switch:")
        lines.append(f"az webapp python list-versions {app.site.arguments} --output table")
    return [*lines, f"Undo: {undo}" if undo else ""]


def _removed(change: Change) -> str:
    if change.target.startswith(EXTENSION):
        return f"the site extension {change.target.removeprefix(EXTENSION)}"
    return f"the folder {change.target} with {change.before}"
