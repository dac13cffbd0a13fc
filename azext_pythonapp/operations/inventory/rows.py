"""One row of the inventory: what an app runs, by two requests to its own SCM site."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from azext_pythonapp.appservice.app import App, naming
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import NotFound, PlatformFailed, PythonAppError
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.observe import Observation, observe_alone, with_path_mappings
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.inventory.selection import ListedApp
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.end_of_life import support
from azext_pythonapp.runtimes.environment import folder_of, letter_of
from azext_pythonapp.windows import home_folder_of

# What an app is opened with: its site, which nothing has to be asked for any more.
Open = Callable[[Site], App]


def plain_row(app: ListedApp) -> dict[str, Any]:
    """Return the row of an app that was not asked anything (docs/json-output.md)."""
    return {
        "id": app.id,
        "name": app.name,
        "resourceGroup": app.group,
        "slot": app.slot,
        "subscription": app.subscription,
        "state": app.state or None,
        "runtime": None,
        "handler": None,
        "entryPoint": None,
        "packages": None,
        "warnings": [],
        "error": None,
    }


def detailed_row(listed: ListedApp, opened: Open, today: date) -> dict[str, Any]:
    """Return the row of an app, with what its SCM site says; an error becomes a part of the row and ends nothing.

    Costs two requests at once, both to the SCM site, which works for a stopped app too (docs/platform/kudu.md 5.3); one
    more to Resource Manager for an app that has a Python and no web.config in the usual folder.
    """
    row = plain_row(listed)
    try:
        with naming(listed.name, listed.slot, listed.group, listed.subscription):
            if not listed.scm_host:
                raise PlatformFailed("Azure named no SCM site for it, so its files cannot be reached.")
            app = opened(_site(listed))
            try:
                row.update(_details(app, today))
            finally:  # a thousand apps would hold some thousand connections
                app.kudu.close()
    except PythonAppError as error:
        code = 3 if isinstance(error, NotFound) else 1
        row["error"] = {"code": code, "message": error.message, "recommendation": error.recommendation}
    except Exception as error:  # pylint: disable=broad-exception-caught  # one app must not end the run
        reason = f"It could not be read: {type(error).__name__}: {error}"
        row["error"] = {"code": 1, "message": " ".join(reason.split()), "recommendation": None}
    return row


def is_known(row: Mapping[str, Any]) -> bool:
    """Return whether it is known what an app runs. An app that was not asked, and warns of nothing, runs nothing.

    A Python that did not answer, a web.config that cannot be read, and a Python that no web.config in sight starts
    leave warnings, and no version.
    """
    if row["error"] is not None:
        return False
    return row["runtime"] is not None or (row["handler"] is None and not row["warnings"])


def _site(app: ListedApp) -> Site:
    return Site(app.name, app.group, app.slot, app.id, app.host, app.scm_host, app.state, subscription=app.subscription)


def _details(app: App, today: date) -> dict[str, Any]:
    seen = observe_alone(app)
    seen.remember_files()
    has_own = any(python.is_runtime for python in seen.pythons)
    if has_own and seen.web_config.content is None:
        seen = with_path_mappings(seen)
    handler = seen.readable_handler
    entry_point, source = entry_point_in_force(handler, lambda: None) if handler else (None, None)
    current = seen.current
    runtime = current if current is not None and current.version is not None else None
    return {
        "runtime": _runtime(runtime.version, today) if runtime is not None and runtime.version else None,
        "handler": handler.kind if handler else None,
        "entryPoint": entry_point,
        "packages": _packages(seen, current) if current is not None and current.answered else None,
        "warnings": [*_warnings(seen, has_own), *filter(None, [source])],
    }


def _runtime(version: str, today: date) -> dict[str, Any]:
    found = support(version, today)
    ends = found.end_of_life.isoformat() if found.end_of_life is not None else None
    return {"version": version, "support": found.state, "endOfLife": ends}


def _packages(seen: Observation, python: InstalledRuntime) -> list[dict[str, str]] | None:
    """Return the packages of the Python in use, by name; None for one whose folder the SCM site does not show."""
    home = seen.app.kudu.home()
    letter = letter_of(python.python_path, home)
    folder = folder_of(letter) if letter is not None else home_folder_of(python.python_path, home)
    if folder is None or ntpath.isabs(folder):
        return None
    return [{"name": name, "version": version} for name, version in sorted(present_packages(seen.app, folder).items())]


def _warnings(seen: Observation, has_own: bool) -> list[str]:
    """Return what is wrong, in the words of `show`. has_own: whether the app has a Python of its own.

    That an app without any Python starts none is nothing to warn of.
    """
    found = [seen.problem]
    if seen.problem is None and seen.handler is None and has_own:
        found.append(findings.starts_no_python(seen.site, seen.web_config.content is not None))
    found.append(seen.trouble)
    if seen.site.stopped and (has_own or seen.readable_handler is not None):
        found.append(findings.stopped(seen.site))
    warnings = [str(finding) for finding in found if finding is not None]
    current = seen.current
    if current is not None and current.problem and not seen.trouble:
        warnings.append(current.problem)
    return warnings
