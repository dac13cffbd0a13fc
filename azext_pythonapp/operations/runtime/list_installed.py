"""`list`: the Pythons on an app."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.observe import Observation, going_on, observe
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.runtimes.discovery import InstalledRuntime


def list_runtimes(app: App) -> list[dict[str, Any]]:
    """Return the rows (docs/json-output.md): every Python on the app, the one that web.config starts marked.

    For an app that runs an environment that is the runtime which the environment stands on. Where that is not on the
    app any more, the environment's own Python has a row, which says what is wrong with it.
    What is wrong with one of them is said to the person, and so is an architecture that does not fit the worker, a
    stopped app, a running job and a pending restart. Costs four requests at once; the plan is asked for only when a
    64-bit Python runs on a 32-bit worker, jobs only when one may be running or a restart pending.
    """
    seen = observe(app)
    seen.say_problem()
    pythons = _rows(seen)
    for python in pythons:
        if python.problem and not (python.in_use and seen.trouble):
            app.progress.say(python.problem)
        if python.in_use:
            for warning in fit_warnings(app, python.architecture):
                app.progress.say(warning)
    stopped = findings.stopped(app.site) if app.site.stopped else None
    for finding in filter(None, (seen.trouble, stopped, *going_on(seen))):
        app.progress.say(str(finding))
    unknown = {"inUseUnknown": True} if seen.problem else {}
    return [python.to_dict() | unknown for python in pythons]


def _rows(seen: Observation) -> list[InstalledRuntime]:
    """Return the Pythons as the person knows them: an environment is none of its own, it uses its runtime."""
    current, base = seen.current, seen.base
    if base is None or current is None or not current.answered:
        return seen.pythons
    own = [python for python in seen.pythons if not python.in_use]
    return [replace(python, in_use=True) if python is base else python for python in own]
