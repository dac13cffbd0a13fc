"""The environment that an app runs, or ran before its web.config was lost, and the one that a new build goes to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PythonAppError, Refused
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.worker_fit import SHARED_TIERS
from azext_pythonapp.operations.environment.contents import InUse
from azext_pythonapp.runtimes import environment
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import LOCK, Base, Description, Letter, folder_of, python_of
from azext_pythonapp.runtimes.versions import numbers
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.windows import home_folder_of, same_path

# The first Python that a job runs on and that reads pyvenv.cfg (PEP 405; jobs/runner/environment.py).
FIRST_PYTHON = (3, 4)


@dataclass(frozen=True)
class Standing:
    """An environment of an app that is complete.

    base: python.exe of the runtime that it stands on; None where that is not known. description: None for one that
    cannot be read. started: whether web.config starts it; else it is the newest of an app whose web.config starts none.
    """

    letter: Letter
    base: str | None
    description: Description | None
    started: bool


def standing_of(seen: Observation) -> Standing | None:
    """Return the environment that counts as the one in use; None for an app whose packages are in a runtime.

    One request, and more only where the app's web.config starts no Python.
    """
    letter = seen.environment
    if letter is not None:
        return Standing(letter, seen.base_of(letter), read_description(seen.app, letter), True)
    if seen.problem is not None or seen.handler is not None or not seen.environments:
        return None
    known = {letter: read_description(seen.app, letter) for letter in seen.environments}
    found = {letter: description for letter, description in known.items() if description is not None}
    if not found:
        return None
    newest = max(found, key=lambda each: found[each].built_at)
    return Standing(newest, seen.environments[newest], found[newest], False)


def read_description(app: App, letter: Letter) -> Description | None:
    """Return what an environment was built of; None for one that is not complete, or whose file cannot be read."""
    try:
        content = app.kudu.read(f"{environment.folder_of(letter)}/{environment.DESCRIPTION}").content
        return environment.parse(content)
    except (NotFound, environment.Torn):
        return None


def runtime_of(seen: Observation, standing: Standing | None) -> InstalledRuntime | None:
    """Return the runtime that the app runs, or that its environment stands on; None when there is none on the app."""
    if standing is None:
        return seen.current
    if standing.base is None:
        return None
    home = seen.app.kudu.home()
    return next(
        (each for each in seen.pythons if each.is_runtime and same_path(each.python_path, standing.base, home)), None
    )


def in_use_now(seen: Observation, standing: Standing | None) -> InUse | None:
    """Return the Python whose packages the app has now; None when it has none, or they cannot be looked at."""
    app, python = seen.app, seen.current
    if standing is not None:
        base = standing.description.base if standing.description is not None else _said(python)
        if base is None:
            return None
        path = python_of(standing.letter, app.kudu.home())
        return InUse(folder_of(standing.letter), path, base.version, base.architecture, standing.description)
    if python is None or not python.answered or python.version is None or python.architecture is None:
        return None
    folder = home_folder_of(python.python_path, app.kudu.home())
    return InUse(folder, python.python_path, python.version, python.architecture) if folder is not None else None


def _said(python: InstalledRuntime | None) -> Base | None:
    if python is None or python.version is None or python.architecture is None:
        return None
    return Base(python.python_path, python.version, python.architecture)


def environment_python(app: App, letter: Letter, base: InstalledRuntime) -> InstalledRuntime:
    """Return the Python of an environment that is going to stand on a runtime."""
    return replace(
        base,
        python_path=python_of(letter, app.kudu.home()),
        source="environment",
        extension_id=None,
        package_version=None,
        in_use=False,
        problem=None,
        named=None,
        missing=False,
        base=base,
    )


def target_of(app: App, letter: Letter, base: InstalledRuntime) -> Target:
    """Return an environment on a runtime as what packages go into."""
    path = python_of(letter, app.kudu.home())
    return Target(path, LOCK, str(base.version), str(base.architecture), letter, base.python_path)


def require_fit(app: App, version: str | None, current: PythonHandler | None) -> None:
    """Raise Refused where an environment cannot work: for an old Python, and for an app that sets PYTHONHOME."""
    label = app.site.label
    if version is not None and numbers(version)[:2] < FIRST_PYTHON:
        raise Refused(
            f"Python {version} cannot have an environment on {label}: that takes Python 3.4 or newer. Nothing was "
            "changed.",
            "Leave its packages in the runtime (--packages-in runtime), or choose a newer Python.",
        )
    written = dict(current.environment) if current is not None else {}
    if any(name.upper() == "PYTHONHOME" for name in written):
        raise Refused(
            f"web.config of {label} sets PYTHONHOME, so a Python of an environment would take the runtime's packages "
            "in place of its own. Nothing was changed.",
            "Remove PYTHONHOME from web.config, and run the command again.",
        )
    if any(name.upper() == "PYTHONHOME" for name in known_settings(app) or {}):
        delete = f"az webapp config appsettings delete {app.site.arguments} --setting-names PYTHONHOME"
        raise Refused(
            f"The app settings of {label} have PYTHONHOME, so a Python of an environment would take the runtime's "
            "packages in place of its own. Nothing was changed.",
            f"Delete it: `{delete}`. Then run the command again.",
        )


def plan_warnings(app: App) -> list[str]:
    """Return what speaks against environments on the app's plan, one sentence each; nothing where it is not known."""
    try:
        tier = app.arm.plan_tier(app.site)
    except PythonAppError:
        return []
    if tier not in SHARED_TIERS:
        return []
    return [
        f"The {app.site.label} is on a {tier} plan, whose home directory has 1 GB: two environments hold all packages "
        "twice."
    ]
