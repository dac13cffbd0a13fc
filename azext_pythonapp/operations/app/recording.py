"""The record and the lease of a command that changes an app: `with recorded(app, …) as change`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from azext_pythonapp import advice
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, Interrupted, NotFound, PythonAppError, UnknownOutcome
from azext_pythonapp.history.lease import Lease, LeaseFile
from azext_pythonapp.history.owner import this_process
from azext_pythonapp.history.record import (
    FAILED,
    SUCCEEDED,
    UNFINISHED,
    KeptFile,
    PackageChange,
    Record,
    State,
    Torn,
    moment_text,
)
from azext_pythonapp.history.store import History
from azext_pythonapp.ids import id_after, new_id
from azext_pythonapp.operations.app.left_change import (
    left_sentence,
    naming,
    require_unchanged,
    undo_command,
    unfinished_changes,
)
from azext_pythonapp.operations.app.record_parts import continued, with_before, with_environment
from azext_pythonapp.plan import Change
from azext_pythonapp.worker import DirectoryEntry

# How long a request that only gives the lease up or renews it is sent again, in seconds.
_SHORT = 20.0


class OpenChange:
    """One change of an app while it is being made: its record, under the app's lease.

    The lease is taken as late as possible, just before the first writing, so that a refusal has written nothing.
    record: as it is going to be written.
    """

    record: Record

    def __init__(
        self,
        app: App,
        command: str,
        undoes: str | None = None,
        continues: Callable[[Record], bool] = lambda record: False,
    ):
        principal = app.principal()
        self._app = app
        self._continues = continues
        self.history = History(app.kudu)
        self._kept = False  # whether the app has a record
        self._written: Record | None = None
        self._ended = False
        self._unsure = False
        self._no_room = False  # whether the app has no room for a record
        self._lease: Lease | None = None
        self._left: LeaseFile | None = None  # the lease that names interrupted changes
        self._others: list[str] = []  # those that this command does not go on with
        self._entries: Sequence[DirectoryEntry] = ()
        self._earlier: Record | None = None
        self._taken = False
        self._noted: dict[str, Any] = {}  # before the lease was taken
        self.record = Record(
            id=new_id(app.kudu.now()),
            command=command,
            command_line=advice.from_anywhere(app.command or ""),
            app=app.site.to_dict(),
            user=principal.name,
            object_id=principal.object_id,
            started_at=moment_text(app.kudu.now()),
            undoes=undoes,
            fingerprint=app.fingerprint,
        )

    @property
    def change_id(self) -> str | None:
        """Return the id of the record; None when the app has none, because nothing was changed or it has no room."""
        return self.record.id if self._kept else None

    @property
    def undo(self) -> str | None:
        """Return the command that undoes the change; None when there is no record of it."""
        return undo_command(self._app, self.record.id) if self._kept else None

    @property
    def used(self) -> bool:
        """Return whether the app has a record of this change."""
        return self._kept

    @property
    def where_kept(self) -> str:
        """Return the sentence that says how the previous bytes come back."""
        return f"`{undo_command(self._app, self.record.id)}` puts its previous bytes back."

    @property
    def earlier(self) -> Record | None:
        """Take the lease, and return the interrupted change of the same command that this one goes on with, as found.

        None when there is none. Else the id, and what was there before, are that one's. Raises what `take` raises.
        """
        self.take()
        return self._earlier

    def take(self) -> None:
        """Take the lease, unless it was taken; go on with an interrupted change of the same command.

        Raises Refused when another command holds the lease, and Conflict when the app was changed while this command
        looked at it.
        """
        if self._taken:
            return
        self._taken = True
        packages = self.record.packages
        self._open()
        if self._earlier is not None:
            self.note(**self._noted)
            for part in packages:
                self.note_packages(part)

    def _open(self) -> None:
        app, record = self._app, self.record
        file = LeaseFile(
            record.id, record.command, record.command_line, record.user, this_process(), record.started_at, ""
        )
        lease = Lease(app.kudu, file, app.site.label, renewing=app.kudu.retrying_for(_SHORT))
        try:
            lease.take(app.progress.say)
        except Conflict as error:
            app.progress.say(self._not_recorded(error))
            return
        self._lease = lease
        try:
            self._look_back(lease.earlier)
        except BaseException:
            lease.end(unfinished=False, other=lease.earlier)
            raise

    def _not_recorded(self, error: Conflict) -> str:
        folder = f"%HOME%\\data\\pythonapp of {self._app.site.label}"
        return f"Warning: This change is not recorded, because nothing can be written to {folder}: {error.message}"

    def _look_back(self, left: LeaseFile | None) -> None:
        """Compare what this command saw with the newest record, which may be the interrupted one that `left` names."""
        self._entries = self.history.entries()
        newest = self._read(self._entries[0].name[:-5]) if self._entries else None
        unfinished = list(unfinished_changes(self.history, left, newest)) if left is not None else []
        if left is not None and unfinished:
            self._go_on(unfinished, left)
        elif newest is not None:
            require_unchanged(self._app, newest, self._now())
        if self._earlier is None and self._entries:
            self._sort_behind(self._entries[0].name[:-5])

    def _sort_behind(self, newest: str) -> None:
        """Take another id when that of the newest change sorts behind this one's: records are sorted by their ids."""
        moved = id_after(self.record.id, newest)
        if moved != self.record.id and self._lease is not None:
            self.record = replace(self.record, id=moved)
            self._lease.name_change(moved)

    def _go_on(self, others: Sequence[Record], left: LeaseFile) -> None:
        """Go on with the newest interrupted change where it is the same command's; the others stay named."""
        app, unfinished = self._app, others[0]
        self._left, self._others = left, [each.id for each in others]
        same = bool(unfinished.fingerprint) and unfinished.fingerprint == self.record.fingerprint
        same = same and unfinished.undoes == self.record.undoes  # `rollback` without an id may mean another change now
        if not same and not self._continues(unfinished):
            if unfinished.id != self.record.undoes:
                app.say_once(left_sentence(app, unfinished))
            return
        assert self._lease is not None
        app.progress.say(f"Going on with change {unfinished.id} of {app.site.label}, which was interrupted.")
        self._earlier, self._kept = unfinished, True
        self._others.remove(unfinished.id)
        self.record = replace(
            unfinished, user=self.record.user, object_id=self.record.object_id, undoes=self.record.undoes
        )
        self._lease.name_change(unfinished.id)

    def _read(self, change_id: str) -> Record | None:
        try:
            return self.history.read(change_id)
        except (NotFound, Torn):
            return None

    def require(self) -> None:
        """Raise Conflict when another command may have taken the lease, because this one slept; for Plan.guard."""
        if self._lease is not None:
            self._lease.require()

    def note(self, **parts: Any) -> None:
        """Set parts of the record, by the names of Record's fields or as `with_environment` takes them, for `begin`.

        What an interrupted change that this one goes on with had found there before is kept.
        """
        if not self._taken:
            self._noted.update(parts)
        parts = with_environment(self.record.environment, parts)
        if self._earlier is not None:
            parts = continued(self._earlier, parts)
        self.record = replace(self.record, **parts)

    def note_packages(self, part: PackageChange) -> None:
        """Set the packages of one Python; what was there before its first change stays. Written as by `note`."""
        known = {each.folder.lower(): each for each in self.record.packages}
        known[part.folder.lower()] = with_before(part, known.get(part.folder.lower()))
        self.record = replace(self.record, packages=tuple(known.values()))

    def begin(self) -> None:
        """Write the record as unfinished, unless it is written like this: before anything is changed.

        Raises what `take` raises, and what the SCM site raises.
        """
        self.take()
        if self._lease is None or self._no_room or self.record == self._written:
            return
        try:
            self.history.write(self.record)
        except Conflict as error:
            self._no_room = not self._kept
            if self._kept:
                raise
            self._app.progress.say(self._not_recorded(error))
            return
        self._kept, self._written = True, self.record

    def keep(self, path: str, name: str, previous: bytes | None, planned: bytes | None = None) -> None:
        """Keep a file that is about to be written, and write the record.

        path: below %HOME%. name: below the folder of the app's files. previous: its present bytes; None for a new file.
        planned: what is about to be written, so that even after an interruption it is known whose bytes are there; None
        where that is not known, or the file is about to be deleted.
        """
        earlier = self.earlier.file(path) if self.earlier is not None else None
        before = earlier.before if earlier is not None else previous
        self.record = self.record.with_file(KeptFile(path, name, before, planned, planned is not None))
        self.begin()

    def wrote(self, path: str, content: bytes | None) -> None:
        """Note what a kept file has become; None for deleted. It is written with the record's end."""
        kept = self.record.file(path)
        if kept is not None:
            self.record = self.record.with_file(replace(kept, after=content, written=True))

    def discard(self, path: str) -> None:
        """Forget a file that was kept and then not written."""
        others = tuple(each for each in self.record.files if each.path.lower() != path.lower())
        self.record = replace(self.record, files=others)

    def job(self, job_id: str) -> None:
        """Name a job that is about to be started, or that is followed, and write the record."""
        if job_id not in self.record.jobs:
            self.record = replace(self.record, jobs=(*self.record.jobs, job_id))
        self.begin()

    def finish(self, changes: Sequence[Change], **parts: Any) -> None:
        """Complete the record: the change succeeded. Without any change there is no record.

        parts: as for `note`.
        """
        self.note(**parts)
        real = [change for change in changes if change.action not in ("none", "restart")]
        if real:
            self.take()
        if not real and self._earlier is None:
            self._drop()
        else:
            self._end(SUCCEEDED, changes)

    def leave(self, finish: str, changes: Sequence[Change], **parts: Any) -> None:
        """End the command, and leave the change unfinished, because Azure goes on with it (`--no-wait`).

        finish: the command that completes it.
        """
        self.note(**parts, finish=finish)
        self._app.left.add(self.record.id)
        self._end(UNFINISHED, changes)

    def unsure(self) -> None:
        """Leave the record unfinished when the command fails: what it changed is not known."""
        self._unsure = True

    def end_failed(self, state: State) -> None:
        """End the record of a command that failed: FAILED, or UNFINISHED while its work may go on."""
        if self._ended:
            return
        # What an interrupted change had done is not undone by its command when that fails in a later run, unless the
        # record says of each part that it is as it was.
        left = self._earlier is not None and not self.record.as_before
        state = UNFINISHED if self._unsure or left else state
        if self._kept:
            self._end(state, ())
        else:
            self._release(unfinished=False)

    def _end(self, state: State, changes: Sequence[Change]) -> None:
        rows = tuple(_row(change) for change in changes if change.action != "none")
        finished = None if state == UNFINISHED else moment_text(self._now())
        record = replace(self.record, state=state, changes=rows or self.record.changes, finished_at=finished)
        unfinished = state == UNFINISHED
        try:
            if self._lease is not None and not self._no_room:
                self.history.write(record)
                self.record, self._kept = record, True
        except PythonAppError as error:
            unfinished = True
            self._app.progress.say(
                f"Warning: The end of change {record.id} could not be recorded on {self._app.site.label}, so "
                f"`az webapp python history list` calls it unfinished: {error.message}"
            )
        self._release(unfinished)
        if state == SUCCEEDED:
            self.history.prune(self._entries)

    def _now(self) -> datetime | None:
        """Return the worker's clock; None when it cannot be asked, which is no reason to call a change failed."""
        with suppress(PythonAppError):
            return self._app.kudu.now()
        return None

    def interrupted(self) -> Interrupted:
        """Return the error for Ctrl-C outside of the steps of a plan, after the record was begun."""
        change = f"change {self.record.id} of {self._app.site.label}"
        if self.record.state == SUCCEEDED:
            show = f"`az webapp python history show --change-id {self.record.id}`"
            return Interrupted(f"Interrupted when {change} was complete.", f"See it: {show}.")
        return Interrupted(f"Interrupted: {change} is not finished; what it did so far stays.")

    def _drop(self) -> None:
        with suppress(PythonAppError):  # one of a change without changes: the lease is over, so nothing comes of it
            if self._kept:
                self.history.delete(self.record.id)
        self._kept = False
        self._release(unfinished=False)

    def _release(self, unfinished: bool) -> None:
        self._ended = True
        others = [each for each in self._others if not self._undone(each)]
        if self._lease is not None:
            self._lease.end(unfinished, naming(self._left, others) if self._left is not None and others else None)

    def _undone(self, change_id: str) -> bool:
        """Return whether this command has just undone a change."""
        return self.record.undoes == change_id and self.record.state == SUCCEEDED


@contextmanager
def recorded(
    app: App, command: str, undoes: str | None = None, continues: Callable[[Record], bool] = lambda record: False
) -> Iterator[OpenChange]:
    """Hold the app's lease from the first writing of a block on, and end the change's record as the block ends.

        with recorded(app, "set-version") as change:
            change.note(packages=…)          # what is known before
            change.begin()                   # before anything is changed
            changes = plan.apply(app.progress)
            change.finish(changes)

    command: the user's, such as "set-version". undoes: the change that is being undone. continues: returns whether this
    command goes on with an interrupted change, also where it is given in other words.
    An error ends the record as failed; it stays unfinished after UnknownOutcome, and after anything that ends this
    process, because the work may go on.
    """
    change = OpenChange(app, command, undoes, continues)
    try:
        yield change
    except UnknownOutcome:
        change.end_failed(UNFINISHED)
        raise
    except PythonAppError:
        change.end_failed(FAILED)
        raise
    except KeyboardInterrupt as interrupt:
        with suppress(KeyboardInterrupt):  # a second one: the record says "unfinished" already
            change.end_failed(UNFINISHED)
        if not change.used:
            raise
        raise change.interrupted() from interrupt
    except BaseException:
        change.end_failed(UNFINISHED)
        raise
    change.end_failed(UNFINISHED)  # for a block that has not said how it ended


def _row(change: Change) -> dict[str, Any]:
    # Without diffs: the bytes are kept, and a diff shows the values of settings.
    return {key: value for key, value in change.to_dict().items() if key != "diff"}
