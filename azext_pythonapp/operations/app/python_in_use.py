"""The Python that an app runs: what commands about packages work on."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused, UnknownOutcome
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.observe import Observation, Part, is_there, not_answered
from azext_pythonapp.operations.app.site_packages import every_package, present_packages
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import LOCK, Letter, folder_of, letter_of
from azext_pythonapp.runtimes.identity import REGISTERED_HOME, identify_folder
from azext_pythonapp.windows import home_folder_of, started_path

_Packages = TypeVar("_Packages")


@dataclass(frozen=True)
class Target:
    """The Python to install into.

    python_path: full Windows path. folder: its folder's name in %HOME%, after which lock and record are named; LOCK for
    an environment. version, architecture: as python.exe says. letter: of an environment, None for a runtime. base:
    python.exe of the runtime that the environment stands on.
    """

    python_path: str
    folder: str
    version: str
    architecture: str
    letter: Letter | None = None
    base: str | None = None

    @property
    def place(self) -> str:
        """The folder below %HOME% that its Lib\\site-packages is in."""
        return self.folder if self.letter is None else folder_of(self.letter)

    @property
    def runner(self) -> str:
        """The python.exe that runs jobs for it."""
        return self.base or self.python_path


def pip_target(app: App, python_path: str, version: str, architecture: str) -> Target:
    """Take a Python of the app as the target of pip.

    Raises Refused for one outside the home directory: the built-in ones are read-only
    (docs/platform/site-extensions.md 1.7).
    """
    return Target(python_path, _folder_in_home(app, python_path), version, architecture)


def packages_in_use(seen: Observation) -> dict[str, str]:
    """Return the packages of the Python that the app runs: version by canonical name. It is not started.

    Raises what `every_package_in_use` raises.
    """
    return _of_folder_in_use(seen, present_packages, {})


def every_package_in_use(seen: Observation) -> list[tuple[str, str]]:
    """Return name and version of all packages of the Python that the app runs, doubles too. It is not started.

    Raises NotFound or Refused when the app runs no Python, one that is not there, or one that is in no folder of the
    home directory.
    """
    return _of_folder_in_use(seen, every_package, [])


def _of_folder_in_use(seen: Observation, read: Callable[[App, str], _Packages], nothing: _Packages) -> _Packages:
    """Return what a function reads of the folder of the Python that the app runs.

    Whether its python.exe is there is asked at the same time: without it, what is left in its folder is no answer.
    Raises NotFound or Refused when the app runs no Python, one that is not there, or one that is in no folder of the
    home directory.
    """
    app, handler = seen.app, seen.handler
    if handler is None:
        return read(app, _folder_in_home(app, _only_python(seen).python_path))
    letter = seen.environment
    folder = folder_of(letter) if letter is not None else _direct_folder(app, handler.python_exe)
    there = Part("python.exe", partial(is_there, app, started_path(handler.python_exe, REGISTERED_HOME)))
    packages = read(app, folder) if folder is not None else nothing
    if there.get() is False and len(handler.python_paths) == 1:
        path = started_path(handler.python_exe, app.kudu.home())
        raise _refused(findings.python_gone(seen.site, path, identify_folder(folder or "")))
    if folder is None:
        _folder_in_home(app, handler.python_exe)
    return packages


def target_in_use(seen: Observation) -> Target:
    """Return the Python that web.config starts, or the only one that is installed, as python.exe describes itself.

    Raises NotFound or Refused when there is none to choose, or it does not run, UnknownOutcome when it did not answer
    in time, and InvalidWebConfig.
    """
    app = seen.app
    python = seen.current if seen.handler is not None else _only_python(seen)
    if python is not None and python.unknown:
        if seen.trouble is None:
            raise not_answered(app, python, "which packages it can have")
        raise UnknownOutcome(f"{seen.trouble.message} Nothing was changed.", seen.trouble.advice)
    if seen.trouble is not None:
        raise _refused(seen.trouble)
    assert python is not None
    if not python.answered or python.version is None or python.architecture is None:
        raise Refused(
            f"{python.python_path} of {app.site.label} does not run: {python.problem}",
            f"See what is there: `az webapp python list {app.site.arguments}`.",
        )
    letter = letter_of(python.python_path, app.kudu.home())
    if letter is None:
        return pip_target(app, python.python_path, python.version, python.architecture)
    return Target(python.python_path, LOCK, python.version, python.architecture, letter, seen.base_of(letter))


def runtime_of(target: Target) -> Target:
    """Return the runtime that an environment stands on, as the target of pip; a runtime as it is."""
    if target.letter is None or target.base is None:
        return target
    folder = ntpath.basename(ntpath.dirname(target.base))
    return Target(target.base, folder, target.version, target.architecture)


def _refused(finding: Finding) -> Refused:
    return Refused(finding.message, finding.advice)


def _direct_folder(app: App, python_path: str) -> str | None:
    # Most paths show by themselves that they are below %HOME%, and %HOME% may cost a request.
    return home_folder_of(python_path, REGISTERED_HOME) or home_folder_of(python_path, app.kudu.home())


def _folder_in_home(app: App, python_path: str) -> str:
    folder = _direct_folder(app, python_path)
    if folder is None:
        home = app.kudu.home()
        raise Refused(
            f"The {app.site.label} runs {started_path(python_path, home)}, which is not directly in a folder of its "
            f"home directory {home}; packages are installed only there.",
            f"Switch to a runtime of its own: `az webapp python set-version {app.site.arguments} --version 3`.",
        )
    return folder


def _only_python(seen: Observation) -> InstalledRuntime:
    """Return the only Python of an app whose web.config starts none; say that it is taken."""
    app, finding = seen.app, findings.starts_no_python(seen.site, seen.web_config.content is not None)
    own = [python for python in seen.pythons if python.is_runtime and not python.missing]
    if not own:
        install = f"az webapp python set-version {app.site.arguments} --version 3"
        raise NotFound(f"The {app.site.label} has no Python of its own.", f"Install one and switch to it: `{install}`.")
    if len({python.python_path.lower() for python in own}) > 1:
        names = ", ".join(
            python.name.removeprefix("Python ") if python.version else python.python_path for python in own
        )
        raise Refused(f"{finding.message} Several Pythons are installed: {names}.", finding.advice)
    app.say_once(f"{finding.message} Taking the only Python that is installed: {own[0].python_path}.")
    return own[0]
