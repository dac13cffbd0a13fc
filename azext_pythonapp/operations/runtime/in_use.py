"""Where an app names something below a runtime's folder: what would break if that folder went."""

from __future__ import annotations

import ntpath

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import AccessDenied, InvalidWebConfig
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.site_configs import web_configs_of
from azext_pythonapp.runtimes.environment import Letter
from azext_pythonapp.webconfig import paths
from azext_pythonapp.windows import same_path

_SHOWN = 5


def uses_of_runtime(app: App, python_path: str) -> list[str]:
    """The places that name a path below the folder of a Python in %HOME%, in words: web.config files, then settings.

    python_path: of that Python, as the worker knows it. Every virtual application is looked at, with the web.config of
    its own folder and of the folders in it; comments do not count. Of an app setting only the name is told.
    Raises InvalidWebConfig for a file that cannot be read, because it may name anything.
    """
    folder = paths.runtime_folder(python_path)
    if folder is None or ntpath.dirname(ntpath.dirname(python_path)).lower() != app.kudu.home().lower():
        return []
    found = []
    for name, content in web_configs_of(app):
        try:
            found += [f"{name} line {use.line} ({use.place})" for use in paths.uses(content, folder)]
        except InvalidWebConfig as error:
            error.precede(f"{name}: ")
            raise
    return [*found, *_settings(app, folder)]


def environments_on(seen: Observation, python_path: str) -> list[Letter]:
    """Return the environments that stand on a runtime, or may do so: the one in use, and one kept for `rollback`."""
    home, bases = seen.app.kudu.home(), dict(seen.environments)
    if seen.environment is not None and seen.environment not in bases:  # in use, though it is not complete
        bases[seen.environment] = seen.base_of(seen.environment)
    return [letter for letter, base in bases.items() if base is None or same_path(base, python_path, home)]


def shortened(places: list[str]) -> str:
    """The first places as one text, with how many more there are."""
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def _settings(app: App, folder: str) -> list[str]:
    pattern = paths.below(folder)
    try:
        settings = app.arm.app_settings(app.site)
    except AccessDenied:
        app.progress.say(
            f"The app settings of {app.site.label} cannot be seen with your role, so whether one of them "
            "names the runtime is not known."
        )
        return []
    return [f"the app setting {name}" for name, value in settings.items() if pattern.search(value)]
