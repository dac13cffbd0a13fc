"""The records of an app as they are shown: whether each is undone, or being made now, and where it was made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.history.lease import read_lease
from azext_pythonapp.history.record import UNFINISHED, Record, readable_time, undone_by
from azext_pythonapp.history.store import History, Unread

_NAMED = 5
_KEYS = ("target", "action", "before", "after")


@dataclass(frozen=True)
class Past:
    """Records of an app, newest first.

    unread: those that cannot be read. undone_by: by the id of a change, the id of the one that undid it.
    at_work: ids of changes whose command is at work now.
    """

    records: tuple[Record, ...]
    unread: tuple[Unread, ...]
    undone_by: Mapping[str, str]
    at_work: Collection[str]

    def state(self, record: Record) -> str:
        """Return the `state` of docs/json-output.md."""
        return "undone" if record.id in self.undone_by else record.state

    def row(self, record: Record) -> dict[str, Any]:
        """Return the object of docs/json-output.md that `history list` prints for a record."""
        return {
            "changeId": record.id,
            "command": record.command,
            "user": record.user or None,
            "objectId": record.object_id or None,
            "app": dict(record.app) if record.app.get("name") else None,
            "startedAt": record.started_at or None,
            "finishedAt": record.finished_at,
            "state": self.state(record),
            "inProgress": record.id in self.at_work,
            "undoes": record.undoes,
            "undoneBy": self.undone_by.get(record.id),
            "changes": [{key: row.get(key) for key in _KEYS} for row in record.changes],
        }


def read_past(app: App, ids: Sequence[str]) -> Past:
    """Read records, a few at a time. ids: newest first and without a gap, so that it is known which are undone.

    Costs one request for each, and one more when one of them is unfinished.
    """
    history = History(app.kudu)
    app.progress.status(f"{app.site.label}: reading {len(ids)} records of changes")
    try:
        found = history.read_all(ids)
        records = [each for each in found if isinstance(each, Record)]
        at_work = _at_work(app, records)
        if not at_work and ids and records and records[0].id == ids[0] and records[0].state == UNFINISHED:
            # Its command may have ended between the two requests; it completes the record before it gives up the lease.
            records[:1] = [each for each in history.read_all(ids[:1]) if isinstance(each, Record)]
    finally:
        app.progress.status(None)
    unread = tuple(each for each in found if isinstance(each, Unread))
    return Past(tuple(records), unread, undone_by(records), at_work)


def _at_work(app: App, records: Sequence[Record]) -> set[str]:
    """Return the ids of the changes that a command makes just now, by the lease; asked if one is unfinished."""
    if not any(record.state == UNFINISHED for record in records):
        return set()
    lease, _ = read_lease(app.kudu)
    return {lease.change} if lease is not None and lease.held(app.kudu.now()) else set()


def summary(record: Record) -> str:
    """Return who did what and when, in words: "set-version, by ann@contoso.com, 2026-11-22 11:59 UTC"."""
    return ", ".join(
        filter(None, (record.command, record.user and f"by {record.user}", readable_time(record.started_at)))
    )


def full_id(app: App, ids: Sequence[str], change_id: str) -> str:
    """Return the id that a person means. change_id: an id of `ids`, or its beginning, in upper or lower case.

    Raises NotFound, with the newest changes, when no id or more than one begins so.
    """
    wanted = change_id.strip().lower()
    matching = [each for each in ids if each == wanted] or [each for each in ids if wanted and each.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NotFound(
            f"The ids of {len(matching)} changes of {app.site.label} begin with {change_id}:"
            f"{_listed(app, matching[:_NAMED])}",
            f"Give more of the id. List all: `az webapp python history list {app.site.arguments}`.",
        )
    raise no_such_change(app, change_id, ids)


def no_such_change(app: App, change_id: str, ids: Sequence[str]) -> NotFound:
    """Return the error for a change id that no record has: it lists the newest records. ids: all that there are.

    Costs a request for each record that it lists, and one that tells the app's slots.
    """
    if not ids:
        return NotFound(
            f"There is no change {change_id} on {app.site.label}: no change is recorded yet.", _elsewhere(app)
        )
    named = ids[:_NAMED]
    more = f"The newest {len(named)} are:" if len(ids) > 1 else "The only one is:"
    everything = f"List all: `az webapp python history list {app.site.arguments}`."
    return NotFound(
        f"There is no change {change_id} on {app.site.label}. {more}{_listed(app, named)}",
        " ".join(filter(None, (everything, _elsewhere(app)))),
    )


def _listed(app: App, ids: Sequence[str]) -> str:
    """Return changes on lines of their own: id, command, user and time; the id alone where no record can be read."""
    known = {each.id: each for each in read_past(app, ids).records}
    return "".join(f"\n  {each}  {summary(known[each]) if each in known else ''}".rstrip() for each in ids)


def _elsewhere(app: App) -> str | None:
    """Return a sentence about the other slots, which a swap may have given the records; None for an app without."""
    if app.site.slot is not None:
        return "A swap of slots takes records along: those of the production slot may be the ones you look for."
    try:
        slots = app.arm.slots(app.site)
    except PythonAppError:
        return None
    named = ", ".join(f"`--slot {slot}`" for slot in slots[:_NAMED])
    return f"A swap of slots takes records along; it may be on another slot: {named}." if named else None
