"""What happens when a switch fails: the app runs again what it ran before, and the message says whether it does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidWebConfig, PythonAppError
from azext_pythonapp.jobs.pending_restart import living_job
from azext_pythonapp.operations.job.pending_restart import compile_packages
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.webconfig.handlers import read_handler
from azext_pythonapp.windows import same_path


class Undoable(Protocol):
    """What can be put back. title: names it in messages."""

    title: str

    def undo(self) -> str:
        """Put it back, and return what was done, as a sentence."""


class Together:
    """Several things that are put back one after the other, also when one of them cannot be."""

    def __init__(self, title: str, undos: Sequence[Callable[[], str]]):
        self.title = title
        self._undos = undos

    def undo(self) -> str:
        """Put all of them back; return their sentences. Raises the first error, with what became of the others."""
        sentences: list[str] = []
        failed: PythonAppError | None = None
        for undo in self._undos:
            try:
                sentences.append(undo())
            except PythonAppError as error:
                failed = failed or error
        if failed is not None:
            failed.extend([sentence for sentence in sentences if sentence])
            raise failed
        return " ".join(filter(None, sentences))


def runs_again(
    app: App,
    sentence: str,
    *,
    restart: bool,
    jobs: Collection[str] = (),
    before: str | None = None,
    page_status: Callable[[], int | str | None] | None = None,
) -> str:
    """Restart an app whose change was undone, and return what became of it, in sentences.

    sentence: what was undone. restart: whether to restart the app. jobs: those that brought packages back, which are
    compiled after the restart. before: what the app ran before, in words; None for none. page_status: fetches the page
    after that and returns the status of a good one, a sentence about one that is not, None where it was not reached;
    without it, whether the app answers again is not verified. Ctrl-C only ends what follows the undo. Raises nothing of
    Azure's.
    """
    if restart:
        try:
            busy = living_job(app.kudu)
            if busy is not None:
                return (
                    f"{sentence} IIS restarts the worker process of {app.site.label} because of it. The app itself "
                    f"was not restarted, because that would end job {busy.id}."
                )
            app.arm.restart(app.site)
            compile_packages(app, jobs)
        except PythonAppError as error:
            return (
                f"{sentence} The restart after that failed: {error.message.rstrip('.')}. Until it is restarted, "
                f"{app.site.label} may go on as it was after the change: `az webapp restart {app.site.arguments}`."
            )
        except KeyboardInterrupt:
            return (
                f"{sentence} The restart after that was interrupted, so {app.site.label} may not be restarted: "
                f"`az webapp restart {app.site.arguments}`."
            )
    try:
        status = page_status() if page_status is not None else None
    except KeyboardInterrupt:
        status = None  # the app was put back; only the proof is missing
    if status is None:
        return f"{sentence} Whether the app answers as before was not verified."
    if isinstance(status, str):
        return f"{sentence} {status}"
    if before is None:
        return f"{sentence} It answers {status}, as before."
    return f"Rolled back: {app.site.label} runs {before} again ({status})."


def left_behind(
    app: App, python: InstalledRuntime, change: WebConfigChange, changes: Sequence[Change], installed: bool
) -> list[str]:
    """Return sentences about what stays on the app after a switch that failed.

    python: the one that was to run. change: of web.config, which tells what the app runs now. changes: those that stay.
    installed: whether this command installed the Python.
    """
    done = [each for each in changes if each.action not in ("none", "restart")]
    if not done:
        return []
    packages = [each for each in done if each.target.startswith("packages/")]
    count = f"{len(packages)} package{'' if len(packages) == 1 else 's'}"
    in_use = _starts(change, python, app)
    if installed and in_use is False:
        which = (
            f"--extension-id {quoted(python.extension_id)}" if python.extension_id else f"--version {python.version}"
        )
        having = f" with {count}" if packages else ""
        return [
            f"Left on {app.site.label}, not in use: Python {python.version}{having}. To remove it: "
            f"`az webapp python uninstall {app.site.arguments} {which}`."
        ]
    if len(packages) == len(done):
        where = "which the app does not use" if in_use is False else "which the app uses"
        names = ", ".join(each.target.partition("/")[2] for each in packages[:5])
        more = f" and {len(packages) - 5} more" if len(packages) > 5 else ""
        return [
            f"Not undone in Python {python.version}, {where if in_use is not None else 'on the app'}: {names}{more}."
        ]
    listed = ", ".join(f"{each.target} ({each.action})" for each in done[:5])
    more = f" and {len(done) - 5} more" if len(done) > 5 else ""
    return [f"These changes remain: {listed}{more}."]


def _starts(change: WebConfigChange, python: InstalledRuntime, app: App) -> bool | None:
    """Return whether web.config, as it is now, starts a Python; None when that cannot be told."""
    if change.in_force is None:
        return None
    try:
        handler = read_handler(change.in_force[0])
        home = app.kudu.home()
    except (InvalidWebConfig, PythonAppError):
        return None
    return handler is not None and any(same_path(path, python.python_path, home) for path in handler.python_paths)
