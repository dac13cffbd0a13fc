"""An app's web.config files: read them, and change them so that it can be put back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, PlatformFailed, PythonAppError, UnknownOutcome, Unreachable
from azext_pythonapp.jobs.pending_restart import living_job
from azext_pythonapp.operations.app.wwwroot import FileState, Wwwroot
from azext_pythonapp.plan import Step
from azext_pythonapp.webconfig.diff import unified_diff

CHANGES_FOLDER = "data/pythonapp/changes"
ATTEMPTS = 2


def both_changes(title: str, base: bytes | None, theirs: bytes | None, ours: bytes) -> Conflict:
    """The error for a file that somebody else changed meanwhile; it shows their change and the one that was not made.

    title: how the message names the file. base: the bytes that the plan was made from; theirs: the present ones; ours:
    base with our change.
    """
    return Conflict(
        f"{title} was changed by somebody else meanwhile, so it was left as it is.\nTheir change:\n"
        f"{unified_diff(base, theirs or b'', 'web.config')}The change that was not made:\n"
        f"{unified_diff(base, ours, 'web.config')}",
        "Run the command again; it starts from the new file.",
    )


class ChangeRecord:
    """The bytes that one run of a command replaced, kept on the app.

    They are in %HOME%\\data\\pythonapp\\changes\\<id>, below the names that they have in wwwroot, with a change.json.
    """

    def __init__(self, app: App, command: str):
        self._kudu = app.kudu
        self._command = command
        self._files: list[dict[str, object]] = []
        self.change_id = f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    @property
    def used(self) -> bool:
        """Whether anything was kept, so that there is a folder of that id."""
        return bool(self._files)

    def keep(self, path: str, name: str, previous: bytes | None) -> None:
        """Keep a file before it is written. path: below %HOME%; name: below wwwroot; previous: None when it is new."""
        self._files = [file for file in self._files if file["path"] != path]
        self._files.append({"path": path, "created": previous is None})
        record = {
            "id": self.change_id,
            "command": self._command,
            "files": self._files,
            "madeAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        kept = {"change.json": json.dumps(record, indent=2).encode("utf-8")}
        if previous is not None:
            kept[name] = previous
        self._kudu.upload(f"{CHANGES_FOLDER}/{self.change_id}", kept)


@dataclass
class _Written:
    """What was there before, and the ETag of what was written."""

    previous: FileState
    etag: str


class WebConfigSwitch:
    """One change of a web.config, guarded by its ETag.

    files, name: which file. found: it as the plan saw it. edit: gives the new bytes for the present ones; it is asked
    again when somebody else changed the file meanwhile, and raises Conflict when the plan no longer fits.
    record: where the previous bytes are kept; None for a local file.
    """

    def __init__(
        self,
        files: Wwwroot,
        name: str,
        found: FileState,
        edit: Callable[[bytes | None], bytes],
        record: ChangeRecord | None,
    ):
        self._files = files
        self._name = name
        self._found = found
        self._edit = edit
        self._record = record
        self._written: _Written | None = None

    def apply(self) -> tuple[bytes | None, bytes]:
        """Write the file; returns its bytes before and after.

        A file that somebody else changed is read again, and edited once more. Raises Conflict when that happens
        twice, or when the file cannot be written at all.
        """
        present = self._found
        for _ in range(ATTEMPTS):
            content = self._edit(present.content)
            try:
                self._write(present, content)
                return present.content, content
            except Conflict as error:
                reread = self._files.state(self._name)
                if reread == present:
                    raise self._unwritable(error) from error
                present = reread
            except (UnknownOutcome, Unreachable, PlatformFailed) as error:
                after = self._after(error)
                if after is None or after.content != content:
                    raise
                self._written = _Written(present, after.etag or "*")
                return present.content, content
        raise both_changes(self._title, self._found.content, present.content, self._edit(self._found.content))

    def undo(self) -> str:
        """Put the previous bytes back, or delete the file that was created; returns what was done.

        Raises what the write raises when they could not be put back; the message then tells where they are kept.
        """
        assert self._written is not None
        previous = self._written.previous
        try:
            if previous.content is None:
                self._files.delete(self._name, self._written.etag)
            else:
                self._files.write(self._name, previous.content, self._written.etag)
        except PythonAppError as error:
            if not self._is_as_before(previous):
                error.extend(self._where_kept(previous))
                raise
        if previous.content is None:
            return f"{self._title} was removed again: there was none before."
        return f"{self._title} was put back as it was."

    @property
    def _title(self) -> str:
        return f"{self._name} of {self._files.label}"

    def _write(self, present: FileState, content: bytes) -> None:
        if content == present.content:
            self._written = _Written(present, present.etag or "*")
            return
        if self._record is not None:
            self._record.keep(self._files.shown(self._name), self._name, present.content)
        self._written = _Written(present, self._files.write(self._name, content, present.etag))

    def _after(self, error: PythonAppError) -> FileState | None:
        """The file after an error that may hide a success; None, and the error says so, when nobody can tell."""
        try:
            return self._files.state(self._name)
        except PythonAppError:
            error.extend([f"Whether {self._title} was written is not known.", *self._where_kept(self._found)])
            return None

    def _is_as_before(self, previous: FileState) -> bool:
        try:
            return self._files.state(self._name).content == previous.content
        except PythonAppError:
            return False

    def _where_kept(self, previous: FileState) -> list[str]:
        if previous.content is None:
            return [f"Before this command there was no {self._name}."]
        if self._record is None:
            return []
        return [f"Its bytes from before are in %HOME%\\data\\pythonapp\\changes\\{self._record.change_id}."]

    def _unwritable(self, error: Conflict) -> Conflict:
        return Conflict(
            f"{self._title} cannot be written: {error.message}",
            "If the app runs from a package (WEBSITE_RUN_FROM_PACKAGE), its wwwroot is read-only: add `--output-file "
            "web.config` to `az webapp python web-config set`, put that file into the package and deploy it.",
        )


def put_back(app: App, step: Step, *, restart: bool) -> str:
    """Undo the step that wrote web.config and restart the app; tells of either what became of it.

    restart: whether the app is to be restarted. Raises what the step's undo raises.
    """
    assert step.undo is not None
    sentence = step.undo()
    if not restart:
        return sentence
    try:
        busy = living_job(app.kudu)
        if busy is not None:
            return (
                f"{sentence} IIS starts {app.site.label} anew with it; no other restart was made, because it would "
                f"end job {busy.id}."
            )
        app.arm.restart(app.site)
    except PythonAppError as error:
        return (
            f"{sentence} The restart after that failed: {error.message.rstrip('.')}. Until it is restarted, "
            f"{app.site.label} may go on as it was after the change: `az webapp restart {app.site.arguments}`."
        )
    return f"{sentence} The app was restarted with it."
