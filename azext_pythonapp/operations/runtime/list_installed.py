"""`list`: the Pythons on an app."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import pythons_on, readable_handler
from azext_pythonapp.operations.app.worker_fit import fit_warnings


def list_runtimes(app: App) -> list[dict[str, Any]]:
    """The rows (docs/json-output.md): every Python on the app, the one that web.config starts marked.

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
