"""`show`: what the app runs now."""

from __future__ import annotations

import ntpath
import time
from collections.abc import Callable
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.history.record import readable_time
from azext_pythonapp.jobs.request import log_path
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.activity import Activity, Records, activity, had_web_config, last_change
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.observe import Observation, observe
from azext_pythonapp.operations.app.page_check import Start, check_page
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.windows import join, same_path, started_path

_NOT_KNOWN = "not known"
_YES_NO = {True: "yes", False: "no"}


def show(app: App, check: bool = False, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Return the answer (docs/json-output.md): runtime, handler, entry point, web.config, and whether all is well.

    check: whether to fetch the app's page. sleep: waits until a job that looks lost had time for another heartbeat.
    Costs four requests at once. App settings are asked for only when web.config names no entry point, the plan only
    when a 64-bit Python runs on a 32-bit worker, jobs only when one may be running or a restart pending.
    """
    seen = observe(app)
    handler = seen.readable_handler
    entry_point, source = entry_point_in_force(handler, lambda: known_settings(app)) if handler else (None, None)
    current, records = seen.current, seen.records
    home = app.kudu.home()
    going_on, unknown = _going_on(app, records, sleep)
    content = seen.web_config.content if seen.problem is None else None
    impossible = seen.trouble is not None and seen.trouble.fatal
    script = started_path(handler.wfastcgi_path, home) if handler and handler.wfastcgi_path else None
    start = Start(
        handler.kind if handler else None,
        entry_point,
        impossible,
        script,
        current.version if current else None,
        own_script=script is not None
        and current is not None
        and same_path(script, join(ntpath.dirname(current.python_path), "wfastcgi.py"), home),
    )
    page = check_page(app, content, start) if check else None
    found = [*_findings(seen, records), *(going_on.findings if going_on else [unknown])]
    found += page.findings if page else ()
    job = going_on.running if going_on else None
    return {
        "app": app.site.to_dict(),
        "state": app.site.state,
        "home": home,
        "runtime": current.to_dict() if current else None,
        "environment": seen.environment,
        "handler": handler.kind if handler else None,
        "entryPoint": entry_point,
        "webConfig": {"path": join(home, *seen.root.split("/"), WEB_CONFIG), "etag": seen.web_config.etag},
        "page": page.to_dict() if page else None,
        "lastChange": last_change(records) if records is not None else None,
        "runningJob": job.to_dict(app.kudu.url(log_path(job.id))) if job else None,
        "pendingRestart": going_on.pending_restart if going_on else None,
        "warnings": [*map(str, found), *_runtime_warnings(seen), *filter(None, [source])],
    }


def _going_on(app: App, records: Records | None, sleep: Callable[[float], None]) -> tuple[Activity | None, Finding]:
    """Return what goes on, None when that is not known, and the finding that says why."""
    unknown = findings.records_unknown(app.site)
    try:
        return activity(app, records, sleep) if records is not None else None, unknown
    except PythonAppError as error:
        return None, findings.records_unknown(app.site, error.message)


def lines_below(answer: dict[str, Any]) -> list[str]:
    """Return the lines below the table of an answer, which has no room for them: state, page, change and warnings."""
    page, change, job = answer["page"], answer["lastChange"], answer["runningJob"]
    pending = answer["pendingRestart"]
    restart = "after the job" if job and pending is None else _NOT_KNOWN if pending is None else _YES_NO[pending]
    running = job["id"] if job else _NOT_KNOWN if pending is None else "none"
    lines = [f"State: {answer['state']}. Running job: {running}. Pending restart: {restart}."]
    if page is not None and page["httpStatus"] is not None and page["httpStatus"] < 400:
        lines.append(f"{page['url']} answers {page['httpStatus']}.")
    if change is not None:
        made = readable_time(change["startedAt"] or "")
        known = [change["command"] or "unknown command", change["user"] and f"by {change['user']}", made]
        lines.append(f"Last change: {', '.join(filter(None, known))} (change {change['changeId']}).")
    return lines + [f"Warning: {warning}" for warning in answer["warnings"]]


def _findings(seen: Observation, records: Records | None) -> list[Finding]:
    """Return what web.config, its Python and the site's state say. records: of changes, None for unknown ones."""
    found = [seen.problem]
    if seen.problem is None and seen.handler is None:
        changed_before = records is not None and had_web_config(records)
        found.append(findings.starts_no_python(seen.site, seen.web_config.content is not None, changed_before))
    found.append(seen.trouble)
    if seen.site.stopped:
        found.append(findings.stopped(seen.site))
    return [finding for finding in found if finding is not None]


def _runtime_warnings(seen: Observation) -> list[str]:
    current = seen.current
    if current is None:
        return []
    named = [current.problem] if current.problem and not seen.trouble else []
    return [*named, *fit_warnings(seen.app, current.architecture)]
