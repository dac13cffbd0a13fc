"""What jobs leave to do with the app, noted on the worker, because the client that was to do it may die.

A note is a file `<job id>.<kind>`, so that one listing tells all. It is made before what makes it necessary, and
deleted after it was done: a client that dies in between costs a needless restart at most, never a forgotten one.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azext_pythonapp.appservice.errors import NotFound
from azext_pythonapp.jobs.request import ID
from azext_pythonapp.jobs.site import Site
from azext_pythonapp.jobs.store import show

FOLDER = "data/pythonapp/left"
LOCKS = "data/pythonapp/locks"
# The runner notes a restart before it calls pip: one that the client which waits for the job will do, or one that
# nobody waits to do. A client notes a start before it stops the app.
RESTART, RESTART_LATER, START = "restart", "restart-later", "start"


@dataclass(frozen=True)
class Note:
    """One thing to do. kind: RESTART, RESTART_LATER or START."""

    job_id: str
    kind: str

    @property
    def name(self) -> str:
        """Its file in FOLDER."""
        return f"{self.job_id}.{self.kind}"


def notes(kudu: Site) -> list[Note]:
    """All that is left to do, oldest job first: one request."""
    try:
        names = [entry.name for entry in kudu.list_directory(FOLDER)]
    except NotFound:
        return []
    found = [Note(*name.split(".", 1)) for name in sorted(names) if "." in name]
    return [note for note in found if ID.fullmatch(note.job_id) and note.kind in (RESTART, RESTART_LATER, START)]


def note_start(kudu: Site, job_id: str) -> None:
    """Note, before the app is stopped for a job, that it is to be started after it."""
    kudu.upload(FOLDER, {Note(job_id, START).name: b""})


def forget(kudu: Site, done: Iterable[Note]) -> None:
    """Delete the notes of what was done."""
    for note in done:
        kudu.delete(f"{FOLDER}/{note.name}")


def running_job(kudu: Site) -> str | None:
    """The id of a job that changes packages at this moment, as the locks tell; None when there is none.

    A restart of the app would end it with the SCM site (facts/kudu.md 5.3), and a start would hold files that it
    replaces. One request, two more for each lock.
    """
    try:
        locks = [entry.name for entry in kudu.list_directory(LOCKS) if entry.name.endswith(".lock")]
    except NotFound:
        return None
    for lock in locks:
        try:
            owner = kudu.read(f"{LOCKS}/{lock}").content.decode("ascii", "replace")
            if ID.fullmatch(owner) and not show(kudu, owner).over:
                return owner
        except NotFound:
            continue
    return None
