r"""Registering the Pythons of both environments with IIS for FastCGI, and taking that back.

Both are registered at once, in %HOME%\site\applicationHost.xdt, so that later switches between them need no restart:
IIS reads that file only when the app starts (docs/platform/site-extensions.md 2.1). HttpPlatform needs none of this.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, InvalidWebConfig, Refused
from azext_pythonapp.operations.app.file_change import FileChange
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.registration import SITE_TRANSFORM, is_site_transform_read
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.wwwroot import AppFiles, FileState
from azext_pythonapp.operations.job.pending_restart import restart_to_read
from azext_pythonapp.plan import Action, Change, Step
from azext_pythonapp.runtimes.environment import LETTERS, Letter, folder_of, python_of
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.application_host import Pair, register, unregister
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.windows import join

# The folder `site` of %HOME% is writable also where wwwroot is not.
_FOLDER, _NAME = SITE_TRANSFORM.split("/")
# How long an app takes to restart at most, and how often it is asked.
_RESTART_SECONDS, _PAUSE = 60, 2
_WITHOUT = "or use `--handler httpplatform`, which needs no registration"


@dataclass(frozen=True)
class Registering:
    """What has to be done before web.config may name the pair of an environment.

    steps: of the plan, in order; none when IIS knows both pairs. restarts: whether one of them restarts the app.
    """

    steps: Sequence[Step]
    restarts: bool


def registration_of(letter: Letter) -> Registration:
    r"""Return the FastCGI pair of an environment, always below `D:\home` as those of the runtimes are.

    wfastcgi.py is the environment's own copy, so that the pair stays the same with every runtime.
    """
    wfastcgi = join(REGISTERED_HOME, *folder_of(letter).split("/"), "wfastcgi.py")
    return Registration(python_of(letter, REGISTERED_HOME), wfastcgi)


def plan_registration(
    app: App,
    record: Callable[[], OpenChange | None],
    *,
    running: bool = True,
    restart: bool = True,
    in_use: Letter | None = None,
    option: str = "--no-restart",
    sleep: Callable[[float], None] = time.sleep,
) -> Registering:
    """Return what registers both environments with IIS: the file, unless it has them, and a restart that has it read.

    The steps come before the one that writes web.config. The first keeps the file's previous bytes in the record, and
    undoes itself; after a restart that is undone, IIS knows pairs that nothing names, which does no harm.
    record: returns the change being made, None before that. running: whether the app runs; a stopped one reads the file
    when it is started. restart: whether it may be restarted; option: the option that rules it out, for messages.
    in_use: the environment that web.config in force starts by FastCGI, which proves that IIS knows the file's pairs
    where its start time is not known. sleep: waits between two looks at a restart.
    Raises Refused when a restart is needed and ruled out, and InvalidWebConfig for a file that cannot be read.
    """
    files = AppFiles(app, _FOLDER)
    change = _Registration(app, files, files.state(_NAME), record)
    written = change.change.action == "none"
    read = _is_read(app, in_use) if written else False
    if read or (written and not running):
        return Registering((), False)
    steps = [] if written else [change.step(f"Registering the environments of {app.site.label} with IIS.")]
    if running:
        if not restart:
            raise _unread(app, written, read, option)
        _warn_of_setting(app)
        steps.append(restart_step(app, sleep))
    return Registering(steps, running)


def plan_unregister(app: App, record: Callable[[], OpenChange | None]) -> list[Step]:
    """Return the step that takes the registration out of the file again; none when nothing of ours is in it.

    It comes after the one with which web.config names no environment any more. What somebody else wrote stays, and no
    file stays that we made. A file that cannot be written meanwhile is said and left: a registration that nothing names
    does no harm. Raises what reading the file raises.
    """
    files = AppFiles(app, _FOLDER)
    try:
        change = _Unregistration(app, files, files.state(_NAME), record)
    except InvalidWebConfig:
        return []
    if change.change.action == "none":
        return []

    def take_out() -> Sequence[Change]:
        try:
            return [change.apply()]
        except (Conflict, InvalidWebConfig) as error:
            app.progress.say(f"Warning: {error.message} The environments stay registered with IIS, which does no harm.")
            return []

    def undo() -> str:
        return change.undo() if change.attempted and change.in_force == (change.content,) else ""

    title = f"Taking the registration of the environments out of {_NAME} of {app.site.label}."
    return [Step(title, [change.change], take_out, undo)]


class _Registration(FileChange):
    """The pairs of both environments in the app's applicationHost.xdt."""

    def __init__(self, app: App, files: AppFiles, found: FileState, record: Callable[[], OpenChange | None]):
        self._app = app
        self._shown = f"{_FOLDER}\\{_NAME} of {app.site.label}"
        super().__init__(files, _NAME, found, record)

    def _edited(self, before: bytes | None) -> bytes | None:
        return register(before, _pairs(), self._shown)

    def _row(self) -> Change:
        before, after = self.previous.content, self.content
        if before == after:
            return Change(SITE_TRANSFORM, "none")
        action: Action = "create" if before is None else "delete" if after is None else "update"
        return Change(SITE_TRANSFORM, action, diff=unified_diff(before, after or b"", SITE_TRANSFORM))

    def _conflict(self, base: bytes | None, theirs: bytes | None, ours: bytes | None) -> Conflict:
        return Conflict(
            f"Somebody changed {self._shown} while this ran. The environments were not registered with IIS.",
            "Run the command again; it starts from the new file.",
        )

    def _unwritable(self, error: Conflict) -> Conflict:
        return Conflict(
            f"{self._shown} cannot be written: {error.message}",
            f"See whether the file or its folder is read-only, {_WITHOUT}.",
        )


class _Unregistration(_Registration):
    """Those pairs out of the file again."""

    def _edited(self, before: bytes | None) -> bytes | None:
        return None if before is None else unregister(before, _pairs(), self._shown)


def _pairs() -> list[Pair]:
    found = (registration_of(letter) for letter in LETTERS)
    return [Pair(each.full_path, each.arguments) for each in found]


def _is_read(app: App, in_use: Letter | None) -> bool | None:
    """Return whether IIS knows both pairs, which the file has; None when that is not known."""
    read = is_site_transform_read(app)
    return True if read is None and in_use is not None else read


def restart_step(app: App, sleep: Callable[[float], None] = time.sleep) -> Step:
    """Return the restart with which IIS reads the registration of the environments; it waits until that has come.

    sleep: waits between two looks at it.
    """
    restarted = Change(
        "app",
        "restart",
        note="the app does not answer for some seconds: IIS reads the registration of the environments only when it "
        "starts",
    )

    def restart() -> Sequence[Change]:
        with app.progress.phase(
            f"Restarting {app.site.label}, because IIS reads the registration of the environments only then."
        ):
            restart_to_read(app)
            _await_read(app, sleep)
        return [restarted]

    return Step("", [restarted], restart)


def _await_read(app: App, sleep: Callable[[float], None]) -> None:
    """Wait until the app's process is one that was started since, because Azure may answer before it restarts an app.

    (docs/platform/recorded-traffic.md 3.4.) For some time only: clocks differ, and the page is checked later.
    """
    for _ in range(_RESTART_SECONDS // _PAUSE):
        if is_site_transform_read(app) is not False:
            return
        sleep(_PAUSE)


def _unread(app: App, written: bool, read: bool | None, option: str) -> Refused:
    """Return the error for an app that would have to be restarted first."""
    why = (
        f"IIS does not know the environments of {app.site.label} yet"
        if read is False
        else f"It is not known whether IIS knows the environments of {app.site.label}"
    )
    first = f", or restart the app first: `az webapp restart {app.site.arguments}`" if written else f", {_WITHOUT}"
    return Refused(
        f"{why}: it reads their registration when the app starts. Without a restart before the switch the app would "
        "answer with errors, so nothing was changed.",
        f"Leave {option} out{first}.",
    )


def _warn_of_setting(app: App) -> None:
    """Say that an app setting keeps IIS from reading the file (docs/platform/site-extensions.md 2.1)."""
    settings = {name.upper(): value.strip() for name, value in (known_settings(app) or {}).items()}
    if settings.get("WEBSITE_PRIVATE_EXTENSIONS") == "0":
        app.say_once(
            f"Warning: The app setting WEBSITE_PRIVATE_EXTENSIONS of {app.site.label} is 0, with which IIS may not "
            "read registrations, neither those of site extensions nor this one."
        )
