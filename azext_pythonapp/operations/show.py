"""`show`: what the app runs now."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.operations.app.observe import pythons_on, read_web_config
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, web_root
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler
from azext_pythonapp.windows import join


def show(app: App) -> dict[str, Any]:
    """The answer (docs/json-output.md): runtime, handler, entry point, web.config, and what looks wrong."""
    web_config = read_web_config(app)
    handler, problem = None, None
    try:
        handler = read_handler(web_config.content)
    except InvalidWebConfig as error:
        problem = error.message
    pythons = pythons_on(app, handler)
    entry_point, source = entry_point_in_force(handler, lambda: known_settings(app)) if handler else (None, None)
    current = next((python for python in pythons if python.in_use), None)
    return {
        "app": app.site.to_dict(),
        "home": app.kudu.home(),
        "runtime": current.to_dict() if current else None,
        "environment": None,
        "handler": handler.kind if handler else None,
        "entryPoint": entry_point,
        "webConfig": {"path": join(app.kudu.home(), *web_root(app).split("/"), WEB_CONFIG), "etag": web_config.etag},
        "warnings": [problem]
        if problem
        else [*_warnings(app, web_config.content, handler, current), *filter(None, [source])],
    }


def _warnings(app: App, content: bytes | None, handler: PythonHandler | None, current: Installed | None) -> list[str]:
    warnings = []
    if content is None:
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
    if app.site.state.lower() == "stopped":
        warnings.append(f"The app is stopped: `az webapp start {app.site.arguments}`.")
    return warnings
