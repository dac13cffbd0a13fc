"""Where the packages of an app go when it runs an environment: which of the two, on which runtime, with what in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.environment.contents import Contents, Wanted, contents_of
from azext_pythonapp.operations.environment.registration import registration_of
from azext_pythonapp.operations.environment.standing import (
    Standing,
    environment_python,
    in_use_now,
    require_fit,
    target_of,
)
from azext_pythonapp.operations.package.installer import tool_of
from azext_pythonapp.operations.package.pip_plan import last_good_run
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import LOCK, Letter, folder_of, other
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.windows import same_path


@dataclass(frozen=True)
class Place:
    """The environment that an app is to run.

    base: the runtime that it stands on, as it will be. python: the environment's own. contents: what is built; None for
    one that is there as wanted. repeats: whether it is built for the sake of its packages only, so that one with the
    same packages need not be used. standing: the environment in use now; None where the packages are in a runtime.
    bring: sees to what the build needs on the app beside its job; it is given what to call before anything is written.
    """

    letter: Letter
    base: InstalledRuntime
    python: InstalledRuntime
    contents: Contents | None
    standing: Standing | None
    repeats: bool = False
    bring: Callable[[Callable[[], None]], None] = lambda starting: None

    @property
    def pair(self) -> Registration:
        """Return the FastCGI pair by which IIS knows it."""
        return registration_of(self.letter)

    @property
    def moved_in(self) -> bool:
        """Return whether the app's packages have been in a runtime, or it had none."""
        return self.standing is None


def place_of(
    app: App, seen: Observation, standing: Standing | None, base: InstalledRuntime, is_new: bool, wanted: Wanted
) -> Place:
    """Decide which environment an app is to run, and plan what is in it; nothing is changed.

    base: the runtime that it is to stand on. is_new: whether that is going to be installed. Raises Refused where an
    environment cannot work, and what `contents_of` raises.
    """
    handler = seen.readable_handler
    require_fit(app, base.version, handler)
    if standing is not None and not is_new and _as_wanted(app, standing, base, wanted):
        return Place(standing.letter, base, environment_python(app, standing.letter, base), None, standing)
    letter = other(standing.letter if standing is not None else None)
    target, now = target_of(app, letter, base), in_use_now(seen, standing)
    contents = contents_of(app, target, wanted, now, [f"{seen.root}/{WEB_CONFIG}"])
    same = standing is not None and not is_new and standing.started and _stands_on(app, standing, base)
    repeats = same and not contains(wanted.options.more, *REINSTALL)
    tool = tool_of(app, contents.run, wanted.options, wanted.wheel_dir)

    def bring(starting: Callable[[], None]) -> None:
        wanted.bring(starting)
        tool(starting)

    return Place(letter, base, environment_python(app, letter, base), contents, standing, repeats, bring)


def _as_wanted(app: App, standing: Standing, base: InstalledRuntime, wanted: Wanted) -> bool:
    """Return whether an environment stands on a runtime and has what is wanted, as far as that is known without pip."""
    known = standing.description
    if known is None or wanted.singles is not None or wanted.removed or not _stands_on(app, standing, base):
        return False
    if wanted.files is None:
        return True
    return last_good_run(app, LOCK, wanted.files, wanted.options, folder_of(standing.letter)) is not None


def _stands_on(app: App, standing: Standing, base: InstalledRuntime) -> bool:
    """Return whether an environment was built on a runtime as that is now."""
    known = standing.description
    if known is None or standing.base is None or not same_path(standing.base, base.python_path, app.kudu.home()):
        return False
    return (known.base.version, known.base.architecture) == (base.version, base.architecture)
