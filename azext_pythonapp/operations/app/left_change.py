"""A change of an app that was interrupted: what every command on the app says about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from azext_pythonapp import advice
from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.app_name import read_app_name
from azext_pythonapp.appservice.site import site_label
from azext_pythonapp.errors import Conflict, InvalidInput, NotFound, PythonAppError
from azext_pythonapp.history.lease import LEASE, LeaseFile, read_lease
from azext_pythonapp.history.record import SUCCEEDED, UNFINISHED, Record, State, Torn, moment_text, readable_time
from azext_pythonapp.history.store import History

# How long a command that has ended waits for the answer, in seconds; it was asked when the command began.
_PATIENCE = 5.0
# By how much the clocks of two workers may differ.
_SKEW = timedelta(minutes=5)


class LeftChange:
    """Looks for an interrupted change of an app, beside what a command does with the app.

    It is looked for as soon as the object is made, in a thread; one request. late: it is looked for when it is needed,
    and not at all where the command that asked the Pythons saw that there is none (`App.no_lease`).
    """

    def __init__(self, app: App, late: bool = False):
        self._app = app
        self._found: Record | None = None
        self._known = False
        self._thread = threading.Thread(target=self._look, name="left change", daemon=True)
        self._begun, self._beginning = False, threading.Lock()
        if not late:
            self._begin()
        app.looks.append(self.before)

    def _begin(self) -> None:
        """Begin to look, unless that was done before."""
        with self._beginning:
            if not self._begun:
                self._begun = True
                self._thread.start()

    def _look(self) -> None:
        with suppress(Exception):  # whatever goes wrong: the command that is wanted goes on and says what it meets
            self._found = interrupted_change(replace(self._app, kudu=self._app.kudu.retrying_for(0)))
            self._known = True

    def before(self) -> Record | None:
        """Return the change that was interrupted before the command began. Raises what the SCM site raises."""
        self._begin()
        self._thread.join(_PATIENCE)
        return self._found if self._known else interrupted_change(self._app)

    def tell(self, succeeded: bool) -> None:
        """At the end of the command, say that a change is not finished, in one sentence with the two ways on.

        succeeded: whether the command did what was asked for. When it is the interrupted one, run again, and has found
        nothing left to do, the change's record is completed instead. Raises nothing.
        """
        if not self._begun and self._app.no_lease.is_set():
            return
        self._begin()
        self._thread.join(_PATIENCE)
        if self._found is None:
            return
        app = self._app
        with suppress(PythonAppError):
            left = interrupted_change(app)  # the command may have finished or undone it
            if left is None or left.id in app.left:
                return
            same = bool(app.fingerprint) and left.fingerprint == app.fingerprint
            if succeeded and same:
                settle(app, left)
            else:
                app.say_once(left_sentence(app, left))


def undo_command(app: App, change_id: str) -> str:
    """Return the command that undoes a change, to paste."""
    return f"az webapp python rollback {app.site.arguments} --change-id {change_id} --yes"


def made_elsewhere(app: App, record: Record) -> str | None:
    """Return the label of the app or slot on which a change was made, when that is another one than this; else None.

    A swap of slots takes all of %HOME% along, these records among it (docs/platform/kudu.md 10.1).
    """
    name, slot = str(record.app.get("name") or ""), str(record.app.get("slot") or "")
    if not name or (name.lower(), slot.lower()) == (app.site.name.lower(), (app.site.slot or "").lower()):
        return None
    return site_label(name, slot or None)


def came_along(app: App, record: Record) -> str | None:
    """Return sentences about a change that was made on another slot than this one; None for one that was made here."""
    place = made_elsewhere(app, record)
    if place is None:
        return None
    site, slot, again = app.site, app.site.slot or str(record.app.get("slot") or ""), ""
    if slot and str(record.app.get("name") or "").lower() == site.name.lower():
        options = advice.options(site.resource_group, site.name, slot, site.subscription)
        again = f": `az webapp deployment slot swap {options}`"
    return (
        f"Change {record.id} was made on {place}; its record came to {site.label} with the files, as in a swap of "
        f"slots. Undoing it brings back what {place} had before it. To get back what {site.label} ran before a swap, "
        f"swap again{again}."
    )


def finish_command(app: App, record: Record) -> str | None:
    """Return the command that completes an interrupted change, to paste.

    None where it is not known, and for one of another app or slot: after a swap of slots, and in a record that
    somebody else has written.
    """
    kept = record.finish or record.command_line
    again = advice.read_back(kept, "az webapp python") if kept and not made_elsewhere(app, record) else None
    try:
        named = read_app_name(*advice.named_app(again)) if again else None
    except InvalidInput:
        return None
    if named is None or (named.name or "").lower() != app.site.name.lower():
        return None
    own = ((app.site.slot or "").lower(), app.site.resource_group.lower())
    group = named.resource_group or app.site.resource_group  # else the one of az's defaults
    return again if ((named.slot or "").lower(), group.lower()) == own else None


def left_sentence(app: App, record: Record) -> str:
    """Return the sentence about a change that was interrupted, with the two ways on."""
    again = finish_command(app, record)
    since = readable_time(record.started_at)
    who = ", ".join(filter(None, (record.user and f"by {record.user}", since)))
    what = f"Change {record.id} of {app.site.label} (`{record.command}`{', ' + who if who else ''}) is not finished"
    go_on = f"`{again}` finishes it" if again else "the same command, run again, finishes it"
    return f"{what}: {go_on}, `{undo_command(app, record.id)}` undoes it."


def interrupted_change(app: App) -> Record | None:
    """Return the change of an app that was interrupted; None when there is none, or when its command is at work.

    Costs one request; two when there is one. Raises what the SCM site raises.
    """
    left, _ = read_lease(app.kudu)
    if left is None or left.held(app.kudu.now()):
        return None
    return next(unfinished_changes(History(app.kudu), left), None)


def unfinished_changes(history: History, left: LeaseFile, newest: Record | None = None) -> Iterator[Record]:
    """Yield the changes that were interrupted, by the lease that was left, the newest first.

    A command that was interrupted before its change had begun has no record; the lease names the ones before it, too.
    newest: the newest record, where it was read already; None for not read. Raises what the SCM site raises.
    """
    named = left.changes or ([newest.id] if newest is not None else history.ids()[:1])  # one that is torn names none
    undone = set()
    for change in named:
        try:
            record = newest if newest is not None and newest.id == change else history.read(change)
        except (NotFound, Torn):
            continue
        if record.state == SUCCEEDED:
            undone.add(record.undoes)
        elif record.state == UNFINISHED and record.id not in undone:
            yield record


def interrupted_before(app: App) -> Record | None:
    """Return the change of an app that was interrupted before this command began; None when there is none.

    Costs no request where that was looked for as the app was opened. Raises what the SCM site raises.
    """
    found: Record | None = app.looks[0]() if app.looks else interrupted_change(app)
    return found


def own_interrupted(app: App) -> Record | None:
    """Return the interrupted change that this very command began; None when there is none, or it is not known.

    Costs no request where that was looked for as the app was opened.
    """
    try:
        left = interrupted_before(app)
    except PythonAppError:
        return None
    return left if left is not None and app.fingerprint and left.fingerprint == app.fingerprint else None


def settle(app: App, record: Record, state: State = SUCCEEDED) -> None:
    """End the record of a change that is not finished, because it was found to be.

    state: how it ended. Raises what the SCM site raises.
    """
    History(app.kudu).write(replace(record, state=state, finished_at=moment_text(app.kudu.now())))
    left, etag = read_lease(app.kudu)
    if left is None or left.held(app.kudu.now()) or record.id not in (left.changes or [record.id]):
        return
    others = [each for each in left.changes if each != record.id]
    if others and next(unfinished_changes(History(app.kudu), left), None) is not None:
        app.kudu.write(LEASE, naming(left, others).to_json(), etag or "*")
    else:
        app.kudu.delete(LEASE, etag or "*")


def naming(left: LeaseFile, changes: Sequence[str]) -> LeaseFile:
    """Return a lease that was given up, and names these changes: ids, the newest first."""
    command = left.command or "unknown"  # of a lease that is torn
    return replace(left, command=command, change=changes[0], over=" ".join(changes[1:]), expires_at="")


def require_unchanged(app: App, newest: Record, now: datetime | None) -> None:
    """Raise Conflict when a change ended after this command had begun to look at the app: its plan may be outdated.

    newest: the newest change. now: the worker's clock; None where it is not known.
    """
    began, finished = app.kudu.began, newest.finished_at or ""
    if began is None or newest.state == UNFINISHED or finished <= moment_text(began):
        return
    if finished > moment_text((now or datetime.now(timezone.utc)) + _SKEW):
        return  # a clock that was set back since: it would refuse every command until then
    by = f" of {newest.user}" if newest.user else ""
    raise Conflict(
        f"`{newest.command}`{by} changed {app.site.label} while this command looked at it (change {newest.id}). "
        "Nothing was changed.",
        "Run the command again; it starts from what is there now.",
    )
