"""Pending restarts and starts of the app, recorded on the worker because the client that was to do them may die.

A marker is a file `<job id>.<kind>`, so that one listing shows all. It is written before the work that makes it
necessary, and deleted once the restart or start was done: a client that dies in between costs at most a needless
restart, never a forgotten one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from azext_pythonapp.errors import NotFound
from azext_pythonapp.ids import ID
from azext_pythonapp.jobs.state import Job, moment
from azext_pythonapp.jobs.store import job_ids, show, show_these
from azext_pythonapp.worker import ScmSite

FOLDER = "data/pythonapp/left"
LOCKS = "data/pythonapp/locks"
# A client that has stopped the app for a job starts that job within this time, or renews the marker.
CLAIM_SECONDS = 90.0
# Of the newest jobs, so many are looked at for one that runs or is about to begin. A job that changes packages is known
# by its lock, however old it is.
NEWEST_JOBS = 8
# The runner marks a restart before it calls pip: RESTART when a client waits for the job and will do it, RESTART_LATER
# when nobody waits. A client marks a start before it stops the app.
RESTART, RESTART_LATER, START = "restart", "restart-later", "start"


@dataclass(frozen=True)
class Marker:
    """One restart or start to do. kind: RESTART, RESTART_LATER or START. made_at: by the server's clock."""

    job_id: str
    kind: str
    made_at: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its file in FOLDER."""
        return f"{self.job_id}.{self.kind}"


def markers(kudu: ScmSite) -> list[Marker]:
    """Return all markers, oldest job first: one request."""
    try:
        entries = sorted(kudu.list_directory(FOLDER), key=lambda entry: entry.name)
    except NotFound:
        return []
    parts = [(*entry.name.partition("."), entry.modified) for entry in entries]
    found = [Marker(job_id, kind, made_at) for job_id, _, kind, made_at in parts]
    return [
        marker for marker in found if ID.fullmatch(marker.job_id) and marker.kind in (RESTART, RESTART_LATER, START)
    ]


def mark_start(kudu: ScmSite, job_id: str) -> None:
    """Write, or renew, the marker of a start, before the app is stopped for a job.

    Written by VFS, because its time must be the server's: a file out of a zip has the time of the client that packed it
    (docs/platform/kudu.md 3.5).
    """
    kudu.write(f"{FOLDER}/{Marker(job_id, START).name}", b"start\n")


def clear(kudu: ScmSite, done: Iterable[Marker]) -> None:
    """Delete the markers of what was done."""
    for marker in done:
        kudu.delete(f"{FOLDER}/{marker.name}")


def is_claimed(kudu: ScmSite, marker: Marker, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether others must not do a start: its job runs, or the client that stopped the app is about to launch it.

    Starting the app before pip runs would let it lock the files that pip is going to replace.
    """
    try:
        return not show(kudu, marker.job_id, sleep).over
    except NotFound:
        made_at, now = moment(marker.made_at), kudu.now()
        return made_at is not None and now is not None and (now - made_at).total_seconds() < CLAIM_SECONDS


def living_job(kudu: ScmSite, own: Collection[str] = (), sleep: Callable[[float], None] = time.sleep) -> Job | None:
    """Return a job that is running or about to begin; None when there is none.

    A restart of the app would end it with the SCM site (docs/platform/kudu.md 5.3), also one that only looks, or that
    has no lock yet; and a start would hold files that it replaces. own: jobs that are known to be over.
    """
    owners = _owners_of_locks(kudu)
    newest = [job_id for job_id in job_ids(kudu)[:NEWEST_JOBS] if job_id not in owners]
    living = [
        job
        for job in show_these(kudu, [job_id for job_id in [*owners, *newest] if job_id not in own], sleep)
        if not job.over
    ]
    return living[0] if living else None


def _owners_of_locks(kudu: ScmSite) -> list[str]:
    """The ids of the jobs that hold a runtime."""
    try:
        locks = [entry.name for entry in kudu.list_directory(LOCKS) if entry.name.endswith(".lock")]
    except NotFound:
        return []
    owners = []
    for lock in locks:
        try:
            owners.append(kudu.read(f"{LOCKS}/{lock}").content.decode("ascii", "replace"))
        except NotFound:
            continue
    return [owner for owner in owners if ID.fullmatch(owner)]


def owner_of(kudu: ScmSite, runtime: str) -> str | None:
    """Return the id of the job that holds the lock of a runtime, by its folder's name; None for none: one request."""
    try:
        owner = kudu.read(f"{LOCKS}/{runtime}.lock").content.decode("ascii", "replace")
    except NotFound:
        return None
    return owner if ID.fullmatch(owner) else None


def holds_runtime(kudu: ScmSite, job_id: str) -> bool:
    """Whether a job holds the lock of a runtime because it changes packages, which may take long."""
    return job_id in _owners_of_locks(kudu)
