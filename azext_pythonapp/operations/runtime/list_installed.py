"""`list`: the Pythons on an app."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.observe import going_on, observe
from azext_pythonapp.operations.app.worker_fit import fit_warnings


def list_runtimes(app: App) -> list[dict[str, Any]]:
    """Return the rows (docs/json-output.md): every Python on the app, the one that web.config starts marked.

    What is wrong with one of them is said to the person, and so is an architecture that does not fit the worker, a
    stopped app, a running job and a pending restart. Costs four requests at once; the plan is asked for only when a
    64-bit Python runs on a 32-bit worker, jobs only when one may be running or a restart pending.
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
    stopped = findings.stopped(app.site) if app.site.stopped else None
    for finding in filter(None, (seen.trouble, stopped, *going_on(seen))):
        app.progress.say(str(finding))
    unknown = {"inUseUnknown": True} if seen.problem else {}
    return [python.to_dict() | unknown for python in pythons]
