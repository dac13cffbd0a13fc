"""The Python that an app runs: what commands about packages work on."""

from __future__ import annotations

from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.operations.app.observe import Observation, not_answered
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.windows import home_folder_of, started_path


@dataclass(frozen=True)
class Target:
    """The Python to install into.

    python_path: full Windows path. folder: its folder's name in %HOME%. version, architecture: as python.exe says.
    """

    python_path: str
    folder: str
    version: str
    architecture: str


def pip_target(app: App, python_path: str, version: str, architecture: str) -> Target:
    """Take a Python of the app as the target of pip.

    Raises Refused for one outside the home directory: the built-in ones are read-only
    (docs/platform/site-extensions.md 1.7).
    """
    return Target(python_path, _folder_in_home(app, python_path), version, architecture)


def folder_in_use(seen: Observation) -> str:
    """Return the name in %HOME% of the folder of the Python that the app runs.

    No Python is started, except where web.config names none. Raises NotFound or Refused when the app runs none, or one
    outside the home directory.
    """
    handler = seen.handler
    if handler is None:
        return _folder_in_home(seen.app, _python_of(seen.app, seen.pythons, "").python_path)
    return _folder_in_home(seen.app, handler.python_exe)


def target_in_use(seen: Observation) -> Target:
    """Return the Python that web.config starts, or the only one that is installed, as python.exe describes itself.

    Raises NotFound or Refused when there is none to choose, or it does not run, UnknownOutcome when it did not answer
    in time, and InvalidWebConfig.
    """
    app, handler = seen.app, seen.handler
    python = _python_of(app, seen.pythons, handler.python_exe if handler is not None else "")
    if python.unknown:
        raise not_answered(app, python, "which packages it can have")
    if not python.answered or python.version is None or python.architecture is None:
        raise Refused(
            f"{python.python_path} of {app.site.label} does not run: {python.problem}",
            f"See what is there: `az webapp python list {app.site.arguments}`.",
        )
    return pip_target(app, python.python_path, python.version, python.architecture)


def _folder_in_home(app: App, python_path: str) -> str:
    # Most paths show by themselves that they are below %HOME%, and %HOME% may cost a request.
    folder = home_folder_of(python_path, REGISTERED_HOME) or home_folder_of(python_path, app.kudu.home())
    if folder is None:
        home = app.kudu.home()
        raise Refused(
            f"The {app.site.label} runs {started_path(python_path, home)}, which is not in its home directory {home}; "
            "packages cannot be installed there.",
            f"Switch to a runtime of its own: `az webapp python set-version {app.site.arguments} --version 3`.",
        )
    return folder


def _python_of(app: App, pythons: list[InstalledRuntime], started: str) -> InstalledRuntime:
    """started: what web.config starts, as it writes it; "" where it starts none, or it cannot be told."""
    current = [python for python in pythons if python.in_use]
    if started and not current:
        raise NotFound(
            f"web.config of {app.site.label} starts {started}, which is not on the app, or does not run.",
            f"Switch to another: `az webapp python set-version {app.site.arguments} --version 3`.",
        )
    own = current or [python for python in pythons if python.source != "builtIn"]
    if len({python.python_path.lower() for python in own}) == 1:
        if not current:
            app.progress.say(f"web.config of {app.site.label} starts no Python; taking the only one that is installed.")
        return own[0]
    advice = f"Choose one first: `az webapp python set-version {app.site.arguments} --version 3`."
    if not own:
        install = f"az webapp python set-version {app.site.arguments} --version 3"
        raise NotFound(f"The {app.site.label} has no Python of its own.", f"Install one and switch to it: `{install}`.")
    names = ", ".join(python.name.removeprefix("Python ") if python.version else python.python_path for python in own)
    raise Refused(f"web.config of {app.site.label} starts no Python, and several are installed: {names}.", advice)
