"""Installing over a runtime folder that holds packages, without losing them.

A site extension's install.cmd ends every python.exe and wipes the runtime's folder first, and a failed installation
leaves nothing behind, not even the extension that was there (docs/platform/site-extensions.md 1.5,
docs/platform/kudu.md 4.3). So both folders are moved aside, which is quick on the app's share; the site-packages move
into the new runtime, which is of the same Python; and when anything fails both folders move back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Interrupted, NotFound, PythonAppError, RemoteFailed, UnknownOutcome
from azext_pythonapp.ids import ID, new_id
from azext_pythonapp.jobs.late_compile import end_compiling
from azext_pythonapp.operations.job.power import start_app
from azext_pythonapp.packages import installed
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.windows import join, quote_command

REPLACED_FOLDER = "data/pythonapp/replaced"
FREEZE = "freeze.txt"
# What every runtime's package brings along; a new one brings them again (docs/platform/site-extensions.md 1.5).
BUNDLED = frozenset(("pip", "setuptools", "wheel", "certifi", "wfastcgi"))
# A move within the app's share takes no time; one whose answer was lost is looked for so often, after so many seconds.
MOVE_LOOKS, MOVE_SECONDS = 10, 3.0
# pip makes Scripts for the packages' programs; site-packages holds the packages.
KEPT = ("Lib\\site-packages", "Scripts")


def packages_at_risk(app: App, folder: str) -> dict[str, str]:
    """The packages that wiping a runtime's folder would lose: version by name, without the bundled ones.

    folder: its name in %HOME%; {} when there is no such folder.
    """
    return {name: version for name, version in packages_in(app, folder).items() if name not in BUNDLED}


@dataclass(frozen=True)
class _Aside:
    """Where a folder is moved to: `parent` is relative to %HOME% and also keeps the list of its packages."""

    parent: str
    folder: str

    @property
    def path(self) -> str:
        return f"{self.parent}/{self.folder}"


@dataclass(frozen=True)
class _Begun:
    """A replacement as its note tells of it. parent: as in _Aside. packages: all that the folder had, version by name.
    running: whether the app ran before.
    """

    parent: str
    packages: dict[str, str]
    running: bool


def begun_replacement(app: App, folder: str) -> Replacement | None:
    """Return the replacement of a runtime's folder that another command began and did not end; None for none.

    None, too, where the runtime has other packages by now, which putting the old ones back would lose, and where none
    are left to put back. folder: its name in %HOME%. The `steps_after` of what is returned put the packages back and
    start the app. Costs one request, and two more where there is a note.
    """
    try:
        fields = json.loads(app.kudu.read(note_of(folder)).content)
        packages = {str(name): str(version) for name, version in fields["packages"].items()}
        begun = _Begun(str(fields["parent"]), packages, bool(fields["running"]))
    except (NotFound, ValueError, KeyError, TypeError, AttributeError):
        return None
    place, _, number = begun.parent.rpartition("/")
    if place != REPLACED_FOLDER or not ID.fullmatch(number):
        return None
    own = {name: version for name, version in packages.items() if name not in BUNDLED}
    if not packages_at_risk(app, folder).items() <= own.items():
        return None
    return Replacement(app, folder, own, None, earlier=begun) if _exists(app, f"{begun.parent}/{folder}") else None


def note_of(folder: str) -> str:
    """Return the path, relative to %HOME%, of the note about the replacement of a runtime's folder."""
    return f"{REPLACED_FOLDER}/{folder}.json"


class Replacement:
    """Moves one runtime folder aside before an installation, and its packages back afterwards.

    folder: its name in %HOME%. packages: what packages_at_risk found. extension_id: of the site extension that is
    going to be replaced, None where there is only the folder. earlier: what another command had begun of it.
    """

    def __init__(
        self,
        app: App,
        folder: str,
        packages: dict[str, str],
        extension_id: str | None,
        sleep: Callable[[float], None] = time.sleep,
        earlier: _Begun | None = None,
    ):
        self._sleep = sleep
        self._app = app
        self._folder = folder
        self._packages = packages
        self._extension_id = extension_id
        self._all = earlier.packages if earlier else packages_in(app, folder)
        self._aside = _Aside(earlier.parent if earlier else f"{REPLACED_FOLDER}/{new_id()}", folder)
        self._moves: list[tuple[str, str]] = []
        self._running = earlier.running if earlier else not app.site.stopped

    @property
    def question(self) -> str:
        """What to ask before it begins."""
        return (
            f"Installing over the folder {self._folder} of {self._app.site.label} ends every running Python of the "
            f"app; its {len(self._packages)} packages are kept and put back. Continue?"
        )

    @property
    def all_packages(self) -> dict[str, str]:
        """All packages of the folder, with those that a runtime brings along: version by name."""
        return self._all

    @property
    def _change(self) -> Change:
        count = f"{len(self._packages)} packages"
        return Change(f"{self._folder}/Lib/site-packages", "update", count, "kept")

    def steps_before(self) -> list[Step]:
        """Stop the app, which may hold files of the folder, and move the folder aside."""
        steps = [
            Step(
                f"Moving the folder {self._folder} with its {len(self._packages)} packages aside.",
                [],
                self._move_aside,
                self._move_back,
                f"The old folder {self._folder} with its packages is kept in {self._aside.path}.",
            )
        ]
        if self._running:
            steps.insert(
                0,
                Step(
                    f"Stopping {self._app.site.label}.",
                    [],
                    self._stop,
                    self._start_again,
                    f"The app is stopped; `az webapp start {self._app.site.arguments}` starts it.",
                ),
            )
        return steps

    def steps_after(self) -> list[Step]:
        """Put the packages into the new runtime, and start the app."""
        steps = [Step(f"Putting the {len(self._packages)} packages back.", [self._change], self._restore)]
        if self._running:
            steps.append(Step(f"Starting {self._app.site.label}.", [], self._start))
        return steps

    def _stop(self) -> Sequence[Change]:
        self._app.arm.stop(self._app.site)
        return []

    def _start(self) -> Sequence[Change]:
        start_app(self._app, "the installation", f"az webapp start {self._app.site.arguments}")
        return []

    def _start_again(self) -> str:
        self._start()
        return f"{self._app.site.label} was started again."

    def _move_aside(self) -> Sequence[Change]:
        end_compiling(self._app.kudu, self._folder)
        freeze = "".join(f"{name}=={version}\n" for name, version in sorted(self._all.items()))
        self._app.kudu.upload(self._aside.parent, {FREEZE: freeze.encode("utf-8")})
        note = {"parent": self._aside.parent, "packages": self._all, "running": self._running}
        self._app.kudu.write(note_of(self._folder), json.dumps(note).encode("ascii"))
        try:
            self._move_both()
        except KeyboardInterrupt as interrupt:
            raise Interrupted(f"Interrupted. {self._move_back()}") from interrupt
        return []

    def _move_both(self) -> None:
        self._move(self._folder, self._aside.path)
        if self._extension_id is not None:
            # Where Kudu finds none, it installs whatever version is asked for (docs/platform/kudu.md 4.3).
            try:
                self._move(f"SiteExtensions/{self._extension_id}", f"{self._aside.parent}/extension")
            except UnknownOutcome as error:
                error.extend([f"The old folder {self._folder} is in {self._aside.path}."])
                raise
            except PythonAppError as error:
                error.extend([self._move_back()])
                raise

    def _move_back(self) -> str:
        """Undo every move, the last one first. Nothing is deleted before all is back in its place."""
        for count, (original, moved) in enumerate(reversed(self._moves)):
            if not _exists(self._app, moved):
                continue  # an interrupted move that did not happen
            if _exists(self._app, original):
                self._rename(original, f"{self._aside.parent}/failed-{count}")
            self._rename(moved, original)
        self._clean()
        return f"The folder {self._folder} is back as it was, with its packages."

    def _restore(self) -> Sequence[Change]:
        moved = []
        for part in KEPT:
            path = part.replace("\\", "/")
            if not _exists(self._app, f"{self._aside.path}/{path}"):
                continue
            if _exists(self._app, f"{self._folder}/{path}"):
                self._move(f"{self._folder}/{path}", f"{self._aside.parent}/new-{part.rsplit(chr(92), 1)[-1]}")
            self._move(f"{self._aside.path}/{path}", f"{self._folder}/{path}")
            moved.append(part)
        found = packages_in(self._app, self._folder)
        # An interrupted restore may have moved them back, and the bundled ones may be others since.
        if found != self._all and KEPT[0] in moved:
            missing = sorted(set(self._all.items()) - set(found.items()))
            raise RemoteFailed(
                f"The packages of {self._folder} on {self._app.site.label} are not complete after the "
                f"installation: {', '.join(name for name, _ in missing[:5])} differ."
            )
        self._clean()
        return [self._change]

    def _clean(self) -> None:
        """Delete what is left of the old folder; the list of its packages stays."""
        try:
            self._app.kudu.delete(note_of(self._folder))
            for entry in self._app.kudu.list_directory(self._aside.parent):
                if entry.is_directory:
                    self._app.kudu.delete_directory(f"{self._aside.parent}/{entry.name}")
        except PythonAppError as error:
            self._app.progress.say(f"The rest of the old folder stays in {self._aside.parent}: {error.message}")

    def _move(self, source: str, target: str) -> None:
        """Rename a folder so that it can be undone."""
        self._moves.append((source, target))
        try:
            self._rename(source, target)
        except RemoteFailed:
            self._moves.pop()  # it is certainly where it was
            raise

    def _rename(self, source: str, target: str) -> None:
        """Rename a folder on the app's share; paths relative to %HOME%.

        Raises RemoteFailed when it is held, UnknownOutcome when the answer was lost and it has not been moved since.
        """
        home = self._app.kudu.home()
        lost: UnknownOutcome | None = None
        reason = ""
        try:
            result = self._app.kudu.run("move " + quote_command(_local(home, source), _local(home, target)))
            reason = " ".join((result.error or result.output).split()) or f"exit code {result.exit_code}"
        except UnknownOutcome as error:
            lost = error
        for _ in range(MOVE_LOOKS):
            if not _exists(self._app, source) and _exists(self._app, target):
                return
            if lost is None:
                raise RemoteFailed(
                    f"The folder {source} of {self._app.site.label} could not be moved: {reason}.",
                    f"A running process may hold its files: `az webapp stop {self._app.site.arguments}`.",
                )
            self._sleep(MOVE_SECONDS)
        assert lost is not None
        lost.extend([f"It is not known whether the folder {source} was moved to {target}."])
        raise lost


def _local(home: str, path: str) -> str:
    return join(home, *path.split("/"))


def packages_in(app: App, folder: str) -> dict[str, str]:
    """Return all packages of a runtime's folder: version by name; {} when there is none. One request."""
    try:
        return installed.packages(entry.name for entry in app.kudu.list_directory(f"{folder}/Lib/site-packages"))
    except NotFound:
        return {}


def _exists(app: App, path: str) -> bool:
    try:
        app.kudu.list_directory(path)
    except NotFound:
        return False
    return True
