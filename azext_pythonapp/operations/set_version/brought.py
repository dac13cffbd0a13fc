"""What a switch brings to the app beside a Python: nothing for `set-version`, new files for `publish`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.entrypoints.choose import EntryPoint
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import AppFiles, Wwwroot
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.webconfig.handlers import PythonHandler


class Brought:
    """Nothing: the base of what brings something.

    command: the user's, for records and jobs. web_config: bytes in place of the app's own web.config, which the edit
    starts from; None for the app's own. writes: whether it writes or deletes files of the app. restart_due: whether the
    app has to be restarted even if nothing is changed. timeout: seconds for the job; None for no limit.
    """

    command = "set-version"
    web_config: bytes | None = None
    writes = False
    restart_due = False
    timeout: float | None = None

    def require(self, current: PythonHandler | None) -> None:
        """Raise what makes it impossible, once it is known what the app's web.config starts."""

    def files(self, app: App) -> Wwwroot:
        """Return the app's files, as they will be when the Python is started."""
        return AppFiles(app)

    def read(self, app: App) -> Callable[[str], bytes]:
        """Return what reads a file as it will be. It takes a path below %HOME%, and raises NotFound."""
        return lambda path: app.kudu.read(path).content

    @property
    def paths(self) -> Collection[str]:
        """Return the paths below %HOME%, in lower case, of files that will be there and may not be there now."""
        return ()

    def steps(
        self, packages: Sequence[Step], read_by_pip: Collection[str] | None, undo: Callable[[], str]
    ) -> list[Step]:
        """Return the steps that install packages, with those that bring the files around them.

        read_by_pip: paths below %HOME% of the files that pip reads; None when it may read any. undo: puts the files
        back, restarts the app, and says what became of both.
        """
        del read_by_pip, undo
        return list(packages)

    def missing(self, module: str, package: str | None) -> str | None:
        """Return what to do about a module that the entry point cannot import; None for what any command says.

        package: the one that may have it; None for none. The answer is a sentence without its full stop.
        """

    def last_steps(self) -> list[Step]:
        """Return the steps that follow the switch of web.config, before the restart."""
        return []

    def warnings(self, entry: EntryPoint | None) -> list[str]:
        """Return what is to be known before. entry: what the Python is to start; None where that is not known."""
        del entry
        return []

    @property
    def changed(self) -> bool:
        """Return whether files of the app were changed, so that they can be put back."""
        return False

    @property
    def sent(self) -> str:
        """Return in numbers what was brought: "2 files uploaded"; "" for nothing."""
        return ""

    def put_back(self) -> str:
        """Put the files back; return a sentence about it, "" when none was changed. Raises what the SCM site raises."""
        return ""

    def record(self, change: OpenChange) -> None:
        """Note what is going to be done, before anything is changed."""

    def recorded(self) -> dict[str, Any]:
        """Return the parts of the record that are known at its end, by the names of Record's fields."""
        return {}

    def shown(self, changes: Sequence[Change]) -> list[Change]:
        """Return planned changes as a person sees them."""
        return list(changes)

    def answer(self, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the command's own keys beside those of `set-version`. changes: planned ones in a dry run."""
        del changes
        return {}

    def last_lines(self, lines: Sequence[str]) -> list[str]:
        """Return the last lines of a run that succeeded. lines: those of `set-version`."""
        return list(lines)
