"""One change of a file of an app that can be undone, and that never overwrites what somebody else wrote."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from azext_pythonapp.errors import Conflict, Interrupted, PlatformFailed, PythonAppError, UnknownOutcome, Unreachable
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.plan import Change, Step

ATTEMPTS = 2


class GuardedFiles(Protocol):
    """Files that are read and written with ETags. label: names the app in messages."""

    label: str

    def state(self, name: str) -> FileState:
        """Read a file; return a FileState without content when there is none."""

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Write a file that has this ETag (None: that does not exist) and return the new one; else raise Conflict."""

    def delete(self, name: str, etag: str) -> None:
        """Delete a file that still has this ETag; else raise Conflict."""

    def shown(self, name: str) -> str:
        """Return a file's path as output shows it."""


class FileChange(ABC):
    """One change of a file, guarded by its ETag.

    What the file is to become is computed once; `apply` computes it again only when somebody else has changed it.

    change: the row of docs/json-output.md; its action is "none" when the file is as wanted already.
    content: the bytes that the file will have, or has after `apply`; None for no file. previous: the file that they are
    made from. in_force: the bytes that the file has now, in a tuple, as far as this command knows; None while that is
    not known, because a write or an undo of it failed. attempted: whether a write was begun.
    """

    change: Change
    content: bytes | None
    previous: FileState
    in_force: tuple[bytes | None] | None

    def __init__(
        self, files: GuardedFiles, name: str, found: FileState, record: Callable[[], OpenChange | None] = lambda: None
    ):
        """Compute the change.

        files, name: which file. found: the file as it was read. record: returns what keeps the previous bytes, once the
        change is being made; None for a local file.
        """
        self.title = f"{name} of {files.label}"
        self._files = files
        self._name = name
        self._record = record
        self._etag: str | None = None
        self.attempted = False
        self._compute(found)

    @abstractmethod
    def _edited(self, before: bytes | None) -> bytes | None:
        """Return what the file is to become. Raises Conflict for bytes that the plan does not fit."""

    @abstractmethod
    def _row(self) -> Change:
        """Return the change from `previous` to `content`."""

    @abstractmethod
    def _conflict(self, base: bytes | None, theirs: bytes | None, ours: bytes | None) -> Conflict:
        """Return the error for a file that somebody else changes again and again.

        base: the bytes that the plan was made from. theirs: the present ones. ours: base with our change.
        """

    @abstractmethod
    def _unwritable(self, error: Conflict) -> Conflict:
        """Return the error for a file that nobody else changed and that cannot be written all the same."""

    def apply(self) -> Change:
        """Write or delete the file and return what was changed.

        A file that somebody else changed is read and edited again, once. Raises Conflict when it was changed again,
        when the plan does not fit the new file, and when the file cannot be written at all.
        """
        found, planned = self.previous, self.content
        present = found
        for _ in range(ATTEMPTS):
            if present != self.previous:
                self._compute(present)
            try:
                if self.content == present.content:
                    self._etag = present.etag or "*"
                else:
                    self.attempted = True
                    self._keep(present.content)
                    self.in_force = None
                    self._etag = self._replace(self.content, present.etag)
                return self._done()
            except KeyboardInterrupt as interrupt:
                raise self._interrupted(present) from interrupt
            except Conflict as error:
                present = self._files.state(self._name)
                record = self._record()
                if record is not None and present.content != self.content:
                    record.discard(self._files.shown(self._name))
                self.in_force = (present.content,)
                if present == self.previous:
                    raise self._unwritable(error) from error
            except (UnknownOutcome, Unreachable, PlatformFailed) as error:
                after = self._read_after(error)
                if after is None or after.content != self.content:
                    raise
                self._etag = after.etag or "*"
                return self._done()
        raise self._conflict(found.content, present.content, planned)

    def undo(self) -> str:
        """Restore the previous bytes, or delete the file if it was new; return what was done, as a sentence.

        Raises the error of the write when they could not be restored; its message then says where they are kept.
        """
        previous, self.in_force = self.previous.content, None
        try:
            self._replace(previous, None if self.content is None else self._etag)
        except PythonAppError as error:
            if not self._is_restored():
                error.extend(self._where_kept())
                raise
        self.in_force = (previous,)
        record = self._record()
        if record is not None:
            record.wrote(self._files.shown(self._name), previous)
        if previous is None:
            return f"{self.title} was removed again: there was none before."
        return f"{self.title} was put back as it was."

    def recompute(self) -> None:
        """Compute the edit again, after something has changed that it takes into account."""
        self._compute(self.previous)

    def step(self, title: str) -> Step:
        """Return the step of a plan that writes the file. title: for progress."""
        return Step(title, [self.change], lambda: [self.apply()], self.undo)

    def _compute(self, previous: FileState) -> None:
        self.previous, self.in_force = previous, (previous.content,)
        self.content = self._edited(previous.content)
        self.change = self._row()

    def _done(self) -> Change:
        self.in_force = (self.content,)
        record = self._record()
        if record is not None and self.content is None:
            record.wrote(self._files.shown(self._name), None)  # which `_keep` cannot plan
        return self.change

    def _replace(self, content: bytes | None, etag: str | None) -> str | None:
        """Write or delete the file that has this ETag, None for no file; return the new ETag."""
        if content is not None:
            return self._files.write(self._name, content, etag)
        if etag is not None:
            self._files.delete(self._name, etag)
        return None

    def _interrupted(self, present: FileState) -> Interrupted:
        """Return the error for Ctrl-C while the file was being written; what was written is put back.

        present: the file as it was before.
        """
        try:
            after = self._files.state(self._name)
            self.in_force = (after.content,)
            if after.content == self.content != present.content:
                self._etag = after.etag or "*"
                sentence = self.undo()
            else:
                sentence = f"{self.title} was read again and is as it was."
        except (PythonAppError, KeyboardInterrupt):
            sentence = self._not_known()
        return Interrupted(f"Interrupted while {self.title} was being written. {sentence}")

    def _read_after(self, error: PythonAppError) -> FileState | None:
        """Read the file after an error that may hide a success; return None, and say so in the error, if that fails."""
        try:
            return self._files.state(self._name)
        except PythonAppError:
            error.extend([self._not_known()])
            return None

    def _keep(self, previous: bytes | None) -> None:
        """Record the file's present bytes, and what they are about to become."""
        record = self._record()
        if record is not None:
            record.keep(self._files.shown(self._name), self._name, previous, self.content)

    def _not_known(self) -> str:
        """Say that the file may have been written, and leave the record of the change unfinished."""
        record = self._record()
        if record is not None:
            record.unsure()
        return " ".join([f"It is not known whether {self.title} was written.", *self._where_kept()])

    def _is_restored(self) -> bool:
        try:
            return self._files.state(self._name).content == self.previous.content
        except PythonAppError:
            return False

    def _where_kept(self) -> Sequence[str]:
        if self.previous.content is None:
            return [f"There was no {self._name} before this command."]
        record = self._record()
        return [record.where_kept] if record is not None and record.used else []
