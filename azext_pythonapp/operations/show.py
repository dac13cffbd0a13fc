"""`show`: what the app runs now."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.observe import Observation, observe
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.windows import join


def show(app: App) -> dict[str, Any]:
    """Return the answer (docs/json-output.md): runtime, handler, entry point, web.config, and what looks wrong.

    Costs four requests at once. App settings are asked for only when web.config names no entry point, the plan only
    when a 64-bit Python runs on a 32-bit worker.
    """
    seen = observe(app)
    handler = seen.readable_handler
    entry_point, source = entry_point_in_force(handler, lambda: known_settings(app)) if handler else (None, None)
    current = seen.current
    home = app.kudu.home()
    warnings = [*_warnings(seen), *filter(None, [source])]
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


def _warnings(seen: Observation) -> list[str]:
    """Return one sentence or more for each thing that is wrong with the app."""
    app, current = seen.app, seen.current
    found: list[Finding | None] = [seen.problem]
    if seen.problem is None and seen.handler is None:
        found.append(findings.starts_no_python(seen.site, seen.web_config.content is not None))
    found.append(seen.trouble)
    if app.site.stopped:
        found.append(findings.stopped(seen.site))
    warnings = [str(finding) for finding in found if finding is not None]
    if current is not None:
        warnings += [current.problem] if current.problem and not seen.trouble else []
        warnings += fit_warnings(app, current.architecture)
    return warnings
