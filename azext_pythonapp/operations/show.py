"""`show`: what the app runs now."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import Observation, observe
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.windows import join


def show(app: App) -> dict[str, Any]:
    """Return the answer (docs/json-output.md): runtime, handler, entry point, web.config, and what looks wrong.

    Costs four requests at once. App settings are asked for only when web.config names no entry point, the plan only
    when a 64-bit Python runs on a 32-bit worker.
    """
    seen = observe(app)
    handler, pythons = seen.readable_handler, seen.pythons
    entry_point, source = entry_point_in_force(handler, lambda: known_settings(app)) if handler else (None, None)
    current = next((python for python in pythons if python.in_use), None)
    home = app.kudu.home()
    warnings = [seen.problem] if seen.problem else [*_warnings(seen, current), *filter(None, [source])]
    return {
        "app": app.site.to_dict(),
        "home": home,
        "runtime": current.to_dict() if current else None,
        "environment": None,
        "handler": handler.kind if handler else None,
        "entryPoint": entry_point,
        "webConfig": {"path": join(home, *seen.root.split("/"), WEB_CONFIG), "etag": seen.web_config.etag},
        "warnings": warnings,
    }


def _warnings(seen: Observation, current: InstalledRuntime | None) -> list[str]:
    app, handler = seen.app, seen.handler
    warnings = []
    if seen.web_config.content is None:
        warnings.append(
            "There is no web.config, so IIS starts no Python: `az webapp python set-version "
            f"{app.site.arguments} --version 3`."
        )
    elif handler is None:
        warnings.append(
            "web.config has no handler that starts Python: `az webapp python set-version "
            f"{app.site.arguments} --version 3`."
        )
    elif current is None:
        warnings.append(f"web.config starts {handler.python_path}, which is not on the app, or does not run.")
    elif current.problem:
        warnings.append(current.problem)
    if current is not None:
        warnings.extend(fit_warnings(app, current.architecture))
    if app.site.stopped:
        warnings.append(f"The app is stopped: `az webapp start {app.site.arguments}`.")
    return warnings
