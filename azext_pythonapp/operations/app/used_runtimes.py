"""Whether an app runs a runtime, as far as its web.config files and settings tell."""

from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.app.site_configs import web_configs_of
from azext_pythonapp.webconfig import paths
from azext_pythonapp.webconfig.handlers import read_handler


def may_use(app: App, folder: str) -> bool:
    """Return whether the app may run something of a runtime.

    folder: of the runtime in %HOME%, such as "python364x64". False only where the web.config files of the site start a
    Python, and neither they nor the app's settings name anything below the folder; what cannot be read may name it.
    The web.config at "/" is read first, and nothing else when it names the folder.
    """
    return _names(app, folder, if_none_starts=True)


def names(app: App, folder: str) -> bool:
    """Return whether a web.config file or a setting of the app names something of a runtime, or cannot be read.

    As may_use, but not where no web.config starts a Python at all: the app runs none then.
    """
    return _names(app, folder, if_none_starts=False)


def _names(app: App, folder: str, if_none_starts: bool) -> bool:
    starts_one = False
    try:
        for _, content in web_configs_of(app):
            if paths.uses(content, folder):
                return True
            starts_one = starts_one or read_handler(content) is not None
        if not starts_one and if_none_starts:
            return True
        pattern = paths.below(folder)
        return any(pattern.search(value) for value in app.arm.app_settings(app.site).values())
    except PythonAppError:
        return True
