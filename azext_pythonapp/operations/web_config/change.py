"""One change of a web.config that can be undone, and that never overwrites what somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from azext_pythonapp.errors import Conflict, Interrupted, PlatformFailed, PythonAppError, UnknownOutcome, Unreachable
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import FileState, Wwwroot
from azext_pythonapp.operations.web_config.conflict import conflict
from azext_pythonapp.plan import Action, Change, Step
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import Edit, readable_handler

ATTEMPTS = 2


class WebConfigChange:
    """One change of a web.config, guarded by its ETag.

    The edit is computed once; `apply` computes it again only when somebody else has changed the file.

    change: the row of docs/json-output.md, with a masked diff; its action is "none" when the file is as wanted already.
    content: the bytes that the file will have, or has after `apply`. edit: where they come from, with its notes.
    previous: the file that they are made from. in_force: the bytes that the file has now, in a tuple, as far as this
    command knows; None while that is not known, because a write or an undo of it failed.
    """

    change: Change
    content: bytes
    edit: Edit
    previous: FileState
    in_force: tuple[bytes | None] | None

    def __init__(
        self,
        files: Wwwroot,
        name: str,
        found: FileState,
        edit: Callable[[bytes | None], Edit],
        record: Callable[[], OpenChange | None] = lambda: None,
        shown: Collection[str] = (),
    ):
        """Compute the change.

        files, name: which file. found: the file as it was read. edit: returns the edit of the present bytes, and raises
        Conflict for bytes that the plan does not fit. record: returns what keeps the previous bytes, once the change is
        being made; None for a local file.
        shown: names, in upper case, of the settings whose values the diff shows; others are masked.
        """
        self.title = f"{name} of {files.label}"
        self._files = files
        self._name = name
        self._edit = edit
        self._record = record
        self._shown = shown
        self._etag: str | None = None
        self.attempted = False
        self._compute(found)

    def apply(self) -> Change:
        """Write the file and return what was changed.

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
                    self._etag = self._files.write(self._name, self.content, present.etag)
                self.in_force = (self.content,)
                return self.change
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
                self.in_force = (self.content,)
                return self.change
        shown = self._files.shown(self._name)
        raise conflict(self._files.label, shown, found.content, present.content, planned, self._record())

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

    def undo(self) -> str:
        """Restore the previous bytes, or delete the file if it was new; return what was done, as a sentence.

        Raises the error of the write when they could not be restored; its message then says where they are kept.
        """
        assert self._etag is not None
        previous, self.in_force = self.previous.content, None
        try:
            if previous is None:
                self._files.delete(self._name, self._etag)
            else:
                self._files.write(self._name, previous, self._etag)
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
        """Compute the edit again, after something has changed that `edit` takes into account."""
        self._compute(self.previous)

    def step(self, title: str) -> Step:
        """Return the step of a plan that writes the file. title: for progress."""
        return Step(title, [self.change], lambda: [self.apply()], self.undo)

    def _compute(self, previous: FileState) -> None:
        self.previous, self.in_force = previous, (previous.content,)
        self.edit = self._edit(previous.content)
        self.content = self.edit.content
        self.change = self._row()

    def _row(self) -> Change:
        before, target = self.previous.content, self._files.shown(self._name)
        if self.content == before:
            return Change(target, "none")
        diff = unified_diff(before, self.content, target.lstrip("/"), self._shown)
        action: Action = "create" if before is None else "update"
        return Change(target, action, handler_text(before), handler_text(self.content), diff, " ".join(self.edit.notes))

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

    def _unwritable(self, error: Conflict) -> Conflict:
        return Conflict(
            f"{self.title} cannot be written: {error.message}",
            "If the app runs from a package (WEBSITE_RUN_FROM_PACKAGE), its wwwroot is read-only: add `--output-file "
            "web.config` to `az webapp python web-config set`, put that file into the package and deploy it.",
        )


def handler_text(content: bytes | None) -> str | None:
    """Return what a web.config starts, as answers have it; None when it starts no Python or cannot be read."""
    handler = readable_handler(content)
    return f"{handler.kind} {handler.python_path}" if handler else None


def handler_words(content: bytes | None) -> str | None:
    """Return what a web.config starts, in words for a person; None when it starts no Python or cannot be read."""
    handler = readable_handler(content)
    if handler is None:
        return None
    return f"{handler.python_path} with {'FastCGI' if handler.kind == 'fastCgi' else 'HttpPlatformHandler'}"
