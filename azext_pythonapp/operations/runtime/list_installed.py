"""`list`: the Pythons on an app."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.worker_fit import fit_warnings


def list_runtimes(app: App) -> list[dict[str, Any]]:
    """Return the rows (docs/json-output.md): every Python on the app, the one that web.config starts marked.

    What is wrong with one of them is said to the person, and so is an architecture that does not fit the worker.
    Costs four requests at once; the plan is asked for only when a 64-bit Python runs on a 32-bit worker.
    """
    seen = observe(app)
    seen.say_problem()
    pythons = seen.pythons
    for python in pythons:
        if python.problem and not (python.in_use and seen.trouble):
            app.progress.say(python.problem)
        if python.in_use:
            for warning in fit_warnings(app, python.architecture):
                app.progress.say(warning)
    if seen.trouble:
        app.progress.say(str(seen.trouble))
    unknown = {"inUseUnknown": True} if seen.problem else {}
    return [python.to_dict() | unknown for python in pythons]
