"""Proof that an entry point imports with a Python on the worker, before IIS is told to start it."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import RemoteFailed
from azext_pythonapp.appservice.windows import join, python_command
from azext_pythonapp.operations.wwwroot import web_root

_MARK = "pythonapp-import "
# For Python 2.7 and 3.x; `parameters` is put in front of it. The app's own output, threads and exit calls at import
# must not hide the answer, so it is the last line and the process ends at once.
_PROGRAM = f"""
import importlib, json, os, sys, traceback
os.chdir(parameters["directory"])
sys.path[0] = parameters["directory"]
for name, value in parameters["environment"].items():
    os.environ[str(name)] = str(value)
answer = {{"version": sys.version.split()[0], "error": None}}
try:
    found = importlib.import_module(parameters["module"])
    for part in (parameters["object"] or "").split("."):
        if part:
            found = getattr(found, part[:-2] if part.endswith("()") else part)
            if part.endswith("()"):
                found = found()
    if parameters["object"] and not callable(found):
        answer["error"] = "%s is a %s, which cannot be called" % (parameters["object"], type(found).__name__)
except BaseException:
    answer["error"] = traceback.format_exception_only(*sys.exc_info()[:2])[-1].strip()
sys.stdout.write(chr(10) + "{_MARK}" + json.dumps(answer) + chr(10))
sys.stdout.flush()
os._exit(0)
"""


@dataclass(frozen=True)
class ImportCheck:
    """python_version: what sys.version said; error: the exception's last line, None when the import worked."""

    python_version: str
    error: str | None


def check_import(app: App, python_path: str, module: str, attribute: str | None,
                 environment: Mapping[str, str]) -> ImportCheck:
    """Import a module in the app's folder with a Python on the worker, as the web server would.

    python_path: full Windows path. attribute: "app", "create_app()" or None; a factory is called, as wfastcgi does.
    environment: variables that web.config gives the app.
    Raises RemoteFailed when Python itself did not run.
    """
    parameters = {"directory": join(app.kudu.home(), *web_root(app).split("/")), "module": module, "object": attribute,
                  "environment": dict(environment)}
    result = app.kudu.run(python_command(python_path, _PROGRAM, parameters), "site\\wwwroot")
    for line in reversed(result.output.splitlines()):
        if line.startswith(_MARK):
            answer = json.loads(line[len(_MARK):])
            return ImportCheck(answer["version"], answer["error"])
    reason = (result.error or result.output).strip().splitlines()
    raise RemoteFailed(f"{python_path} of {app.site.label} did not run the import check (exit code "
                       f"{result.exit_code}): {reason[-1] if reason else 'it printed nothing'}",
                       f"See what is there: `az webapp python list {app.site.arguments}`.")
