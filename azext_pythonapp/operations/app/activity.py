r"""What goes on on an app, and what was done to it last, by the records in %HOME%\data\pythonapp.

One command on the worker prints the names of the records and the newest change that succeeded (`LOOK`); it is part of
the command that finds the Pythons. Only a job that may be running takes a request of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.history.lease import LEASE
from azext_pythonapp.history.store import HISTORY, NEWEST
from azext_pythonapp.ids import ID
from azext_pythonapp.jobs import pending_restart, request
from azext_pythonapp.jobs.pending_restart import START, Marker
from azext_pythonapp.jobs.state import LOST, Job, moment
from azext_pythonapp.jobs.store import request_of, show, show_these
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.used_runtimes import may_use

_NEWEST = "\\".join([*HISTORY.split("/"), NEWEST])
# Commands that work on the Python that web.config starts.
_OF_PACKAGES = ("install-requirements", "package install", "package uninstall")
_BEGIN, _END, _LEASED = "pythonapp-records", "pythonapp-records-end", "pythonapp-leased"
_ROW = re.compile(r"^pythonapp-(?P<kind>left|queued|change|leased) (?P<name>\S+)[ \r]*$", re.MULTILINE)


def _windows(path: str) -> str:
    return path.replace("/", "\\")


# The parts of one command line, for cmd.exe in %HOME%: `runtimes/probe.py` tells how it is parsed, and why each loop
# has an item that is always there; its row names no record. The locks hold the ids of jobs, without line ends.
LOOK = " & ".join(
    (
        f"echo {_BEGIN}",
        rf"(for %i in ({_windows(pending_restart.FOLDER)}\* .) do @echo pythonapp-left %~nxi)",
        rf"(for /d %i in ({_windows(request.FOLDER)}\* .) do "
        rf'@if not exist "%i\{request.STATE}" echo pythonapp-queued %~nxi)',
        f"(if exist {_windows(LEASE)} echo {_LEASED} lease)",
        rf"(for %i in ({_windows(HISTORY)}\*.json .) do @echo pythonapp-change %~ni)",
        rf'(for %i in ({_windows(pending_restart.LOCKS)}\*.lock nul) do @type "%i")',
        "echo.",
        rf"(if exist {_NEWEST} type {_NEWEST})",
        "echo.",
        f"echo {_END}",
    )
)


@dataclass(frozen=True)
class Records:
    """What `LOOK` printed.

    left: pending restarts and starts. jobs: the ids of those that hold a runtime or have not begun; most such ids are
    of jobs that run, or were lost. changes: the ids of all recorded changes, oldest first. newest: the fields of the
    newest one that succeeded, which no other has undone; {} when there is none, or it cannot be read.
    """

    left: tuple[Marker, ...]
    jobs: tuple[str, ...]
    changes: tuple[str, ...]
    newest: dict[str, Any]


@dataclass(frozen=True)
class Activity:
    """running: the job that runs now; None for none. pending_restart: whether packages were changed and the app was not
    restarted since; None while a job runs that may restart it. findings: what of all this is worth knowing."""

    running: Job | None
    pending_restart: bool | None
    findings: tuple[Finding, ...]


def parse_records(output: str) -> Records | None:
    """Return what a command with `LOOK` in it printed; None when that did not arrive, so that nothing is known."""
    _, begin, rest = output.partition(_BEGIN)
    text, end, _ = rest.partition(_END)
    if not begin or not end:
        return None
    rows = [(match["kind"], match["name"]) for match in _ROW.finditer(text)]
    names = {kind: [name for found, name in rows if found == kind] for kind in ("left", "queued", "change")}
    others = _ROW.sub("", text)
    locks, brace, description = others.partition("{")
    jobs = [*ID.findall(locks), *filter(ID.fullmatch, names["queued"])]
    return Records(
        tuple(_markers(names["left"])),
        tuple(dict.fromkeys(jobs)),
        tuple(sorted(filter(ID.fullmatch, names["change"]))),
        _fields(brace + description),
    )


def tells_no_lease(output: str) -> bool:
    """Return whether a command with `LOOK` in it saw that there is no lease. output: what it printed."""
    return _END in output and _LEASED not in output


def _markers(names: Sequence[str]) -> list[Marker]:
    found = [name.partition(".") for name in sorted(names)]
    kinds = (pending_restart.RESTART, pending_restart.RESTART_LATER, START)
    return [Marker(job_id, kind) for job_id, _, kind in found if ID.fullmatch(job_id) and kind in kinds]


def last_change(records: Records) -> dict[str, Any] | None:
    """Return the `lastChange` of docs/json-output.md; None when no change that succeeded is recorded."""
    fields = records.newest
    change_id = _text(fields, "id")
    if change_id is None or not ID.fullmatch(change_id):
        return None
    return {
        "changeId": change_id,
        "command": _text(fields, "command"),
        "user": _text(fields, "user"),
        "startedAt": _text(fields, "startedAt"),
    }


def had_web_config(records: Records) -> bool:
    """Return whether the app had a web.config that starts Python when its newest change ended, as far as that tells."""
    fields, rows = records.newest, records.newest.get("changes")
    wrote = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    written = any(str(row.get("target")).endswith("web.config") and row.get("action") != "delete" for row in wrote)
    return written or bool(fields.get("runtimeAfter")) or fields.get("command") in _OF_PACKAGES


def activity(app: App, records: Records, sleep: Callable[[float], None]) -> Activity:
    """Return what goes on. Costs a request for each job that may run, and some for a restart that may be pending.

    sleep: waits until a job that looks lost had time for another heartbeat.
    """
    jobs = show_these(app.kudu, records.jobs, sleep)
    running = next((job for job in jobs if not job.over), None)
    found = [findings.job_lost(app.site, job) for job in jobs if job.state == LOST]
    if running is not None:
        found.append(findings.job_running(app.site, running))
        return Activity(running, None, tuple(found))
    starts = [marker for marker in records.left if marker.kind == START]
    restarts = [marker for marker in records.left if marker.kind != START]
    if app.site.stopped:
        found += [findings.stopped_for_job(app.site, starts[-1].job_id)] if starts else []
        return Activity(None, False, tuple(found))  # it loads the packages when it is started
    restarts = [marker for marker in restarts if _concerns(app, marker)]
    pending = bool(restarts) and not _restarted_since(app, restarts)
    found += [findings.restart_pending(app.site, restarts[-1].job_id)] if pending else []
    return Activity(None, pending, tuple(found))


def _concerns(app: App, marker: Marker) -> bool:
    """Whether a job changed packages of a runtime that the app may use."""
    runtime = request_of(app.kudu, marker.job_id).runtime
    return runtime is None or may_use(app, runtime)


def _restarted_since(app: App, restarts: Sequence[Marker]) -> bool:
    """Whether the app was started after the newest of these jobs ended: somebody restarted it by other means.

    Only the worker process of one instance is seen, so nothing is concluded for an app that has several.
    """
    try:
        ended = moment(show(app.kudu, restarts[-1].job_id).finished_at)
        started = app.kudu.app_start_time()
        return bool(ended and started and started > ended) and len(app.arm.instances(app.site)) == 1
    except PythonAppError:
        return False


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None
