"""Bring one file of an app back to the bytes that it had before a change, guarded by its ETag."""

from __future__ import annotations

from collections.abc import Callable

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import (
    Conflict,
    Interrupted,
    NotFound,
    PlatformFailed,
    PythonAppError,
    UnknownOutcome,
    Unreachable,
)
from azext_pythonapp.history.record import KeptFile
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.operations.web_config.change import handler_text
from azext_pythonapp.plan import Action, Change
from azext_pythonapp.webconfig.diff import unified_diff


def read_state(app: App, path: str) -> FileState:
    """Read a file; return a FileState without content when there is none. path: below %HOME%."""
    try:
        found = app.kudu.read(path)
    except NotFound:
        return FileState(None, None)
    return FileState(found.content, found.etag)


class FileReturn:
    """One file that gets its bytes of before a change, or is deleted where there was none.

    kept: what the record has of it. change: the row of docs/json-output.md; its action is "none" when the file is as it
    was already. attempted: whether it may have been written.
    """

    def __init__(self, app: App, kept: KeptFile, found: FileState, record: Callable[[], OpenChange]):
        """found: the file as it is. record: returns the record of this command, while it changes something."""
        self._app = app
        self._record = record
        self._found = found
        self._etag: str | None = None
        self.kept = kept
        self.attempted = False
        self.change = self._row()

    @property
    def title(self) -> str:
        """Return the file's name for messages: "web.config of app 'shop'"."""
        return f"{self.kept.name} of {self._app.site.label}"

    def apply(self) -> list[Change]:
        """Write or delete the file. Raises Conflict when it was changed since it was read."""
        if self.change.action == "none":
            return []
        record, wanted = self._record(), self.kept.before
        record.keep(self.kept.path, self.kept.name, self._found.content, wanted)
        self.attempted = True
        try:
            self._etag = self._put(wanted, self._found.etag)
        except KeyboardInterrupt as interrupt:
            raise self._interrupted() from interrupt
        except Conflict as error:
            record.discard(self.kept.path)
            self.attempted = False
            raise Conflict(
                f"{self.title} was not changed: {error.message}", "Run the command again; it starts from the new file."
            ) from error
        except (UnknownOutcome, Unreachable, PlatformFailed) as error:
            self._etag = self._arrived(error)
        record.wrote(self.kept.path, wanted)
        return [self.change]

    def undo(self) -> str:
        """Give the file back the bytes that it had when this command began; return what was done, as a sentence."""
        if not self.attempted or self.change.action == "none":
            return f"{self.title} was not changed."
        self._put(self._found.content, self._etag)
        if self._found.content is None:
            return f"{self.title} was removed again."
        return f"{self.title} has again what it had."

    def _put(self, content: bytes | None, etag: str | None) -> str | None:
        """Make the file what it is to be; return its ETag, None for one that is not there."""
        if content is None:
            self._app.kudu.delete(self.kept.path, etag or "*")
            return None
        return self._app.kudu.write(self.kept.path, content, etag)

    def _arrived(self, error: PythonAppError) -> str | None:
        """Return the ETag of a file whose writing failed, although it arrived. Raises the error when it did not."""
        try:
            after = read_state(self._app, self.kept.path)
        except PythonAppError:
            error.extend([f"It is not known whether {self.title} was written."])
            raise error from None
        if after.content != self.kept.before:
            raise error
        return after.etag or (None if after.content is None else "*")

    def _interrupted(self) -> Interrupted:
        try:
            after = read_state(self._app, self.kept.path)
            if after.content == self.kept.before != self._found.content:
                self._etag = after.etag or (None if after.content is None else "*")
                sentence = self.undo()
            else:
                sentence = f"{self.title} was not changed."
        except (PythonAppError, KeyboardInterrupt):
            sentence = f"It is not known whether {self.title} was written."
        return Interrupted(f"Interrupted while {self.title} was being written. {sentence}")

    def _row(self) -> Change:
        before, after = self._found.content, self.kept.before
        if before == after:
            return Change(self.kept.path, "none")
        action: Action = "create" if before is None else "delete" if after is None else "update"
        diff = difference(before, after, self.kept.path)
        return Change(self.kept.path, action, handler_text(before), handler_text(after), diff)


def difference(before: bytes | None, after: bytes | None, path: str) -> str:
    """Return the unified diff between two states of a file, None for no file; values that may be secret are masked."""
    if before == after:
        return ""
    if after is not None:
        return unified_diff(before, after, path.lstrip("/"))
    text = unified_diff(before, b"", path.lstrip("/"))
    return text.replace(f"+++ b/{path.lstrip('/')}", "+++ /dev/null", 1)
