"""`list`: the Pythons on an app."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidWebConfig
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.operations.web_config_file import read_web_config
from azext_pythonapp.operations.worker_fit import fit_warnings
from azext_pythonapp.runtimes.discovery import Installed, discover
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler


def list_runtimes(app: App) -> list[dict[str, Any]]:
    """The contract's rows: every Python on the app, the one that web.config starts marked.

    What is wrong with one of them is said to the person, and so is an architecture that does not fit the worker.
    """
    pythons = pythons_on(app, readable_handler(app))
    for python in pythons:
        if python.problem:
            app.progress.say(python.problem)
        if python.in_use:
            for warning in fit_warnings(app, python.architecture):
                app.progress.say(warning)
    return [python.to_dict() for python in pythons]


def readable_handler(app: App) -> PythonHandler | None:
    """What web.config starts; None, said to the person, for one that cannot be read."""
    try:
        return read_handler(read_web_config(app).content)
    except InvalidWebConfig as error:
        app.progress.say(f"Which Python is in use cannot be told: {error.message}")
        return None


def pythons_on(app: App, handler: PythonHandler | None) -> list[Installed]:
    """Every Python on the app, with the version that its own python.exe names.

    handler: what web.config starts, to tell which one is in use.
    """
    in_use = handler.python_exe if handler is not None else None
    return discover(app.kudu, list_extensions(app.arm, app.site), in_use or None)
