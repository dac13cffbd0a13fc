"""Which recorded change a rollback undoes: the newest in force, or the one that was named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, Record, undone
from azext_pythonapp.history.store import History, Unread
from azext_pythonapp.operations.history.past import full_id, no_such_change, summary

# So many records are read at once, newest first, until the one to undo is among them.
_AT_ONCE = 8
_LIST = "See them all with `az webapp python history list`."


@dataclass(frozen=True)
class Target:
    """The change to undo.

    later: the records of newer changes, newest first. undone_by: the change that undid it already; None for none.
    interrupted: a rollback of it that was interrupted, which this one completes; None for none.
    """

    record: Record
    later: Sequence[Record] = ()
    undone_by: Record | None = None
    interrupted: Record | None = None

    @property
    def in_force(self) -> list[Record]:
        """Return the newer changes that succeeded and were not undone, newest first."""
        gone = undone(self.later)
        return [each for each in self.later if each.state == SUCCEEDED and each.id not in gone]

    @property
    def jobs(self) -> list[str]:
        """Return the ids of the jobs of the change, and of an undo of it that was interrupted."""
        return [*self.record.jobs, *(self.interrupted.jobs if self.interrupted is not None else ())]

    @property
    def open(self) -> bool:
        """Return whether what the change, or an undo of it, left may be anything: it was cut off in the middle."""
        return self.record.state != SUCCEEDED or self.interrupted is not None


def choose_target(app: App, change_id: str | None) -> Target:
    """Return the change to undo. change_id: its id, or the beginning of it; None for the newest that is in force.

    A record that cannot be read is named and passed over. Raises NotFound, with the newest changes, when there is no
    such change, and Refused for a named one that cannot be read.
    """
    history = History(app.kudu)
    ids = history.ids()
    if not ids and change_id is not None:
        raise no_such_change(app, change_id, ids)
    if not ids:
        raise NotFound(
            f"No change of {app.site.label} is recorded, so there is nothing to undo.",
            "Only changes by `az webapp python` are recorded, and none by its versions before this command.",
        )
    wanted = full_id(app, ids, change_id) if change_id is not None else None
    found: list[Record] = []
    for each in _read(history, ids):
        if isinstance(each, Unread):
            if each.id == wanted:
                raise Refused(
                    f"The record of change {each.id} of {app.site.label} cannot be read: {each.problem}. So it cannot "
                    "be undone.",
                    _LIST,
                )
            app.progress.say(
                f"Warning: The record of change {each.id} of {app.site.label} cannot be read ({each.problem}); it is "
                "passed over."
            )
            continue
        found.append(each)
        if wanted is None and _counts(each, found):
            # An undo that was cut off is completed, whatever it is undoing.
            wanted = each.undoes if each.state == UNFINISHED and each.undoes in ids else each.id
        if each.id == wanted:
            return _target(each, found[:-1])
    if wanted is not None:
        raise NotFound(f"Change {wanted} of {app.site.label} is gone meanwhile.", _LIST)
    raise NotFound(
        f"Every recorded change of {app.site.label} failed or was undone, so there is nothing to undo.", _LIST
    )


def described(record: Record) -> str:
    """Return a change as sentences have it: "change 20261122-115930-4f2a (set-version, by ann, 2026-11-22 …)"."""
    return f"change {record.id} ({summary(record)})"


def _counts(record: Record, newer: Sequence[Record]) -> bool:
    """Return whether a change is one that a rollback without an id undoes. newer: the records up to this one."""
    return record.state != FAILED and record.id not in undone(newer)


def _target(record: Record, later: Sequence[Record]) -> Target:
    gone = undone(later)
    undos = [each for each in later if each.undoes == record.id]
    done = next((each for each in undos if each.state == SUCCEEDED and each.id not in gone), None)
    cut = undos[0] if undos and undos[0].state == UNFINISHED else None
    return Target(record, tuple(later), done, cut)


def _read(history: History, ids: Sequence[str]) -> Iterator[Record | Unread]:
    for start in range(0, len(ids), _AT_ONCE):
        yield from history.read_all(ids[start : start + _AT_ONCE])
