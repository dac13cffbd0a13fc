"""One change of a web.config that can be undone, and that never overwrites what somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection

from azext_pythonapp.errors import Conflict
from azext_pythonapp.operations.app.file_change import FileChange
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import FileState, Wwwroot
from azext_pythonapp.operations.web_config.conflict import conflict
from azext_pythonapp.plan import Action, Change
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import Edit, readable_handler


class WebConfigChange(FileChange):
    """One change of a web.config, as FileChange.

    change: has a masked diff. content: never None. edit: where the bytes come from, with its notes.
    """

    content: bytes
    edit: Edit

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

        files, name, found, record: as for FileChange. edit: returns the edit of the present bytes, and raises Conflict
        for bytes that the plan does not fit.
        shown: names, in upper case, of the settings whose values the diff shows; others are masked.
        """
        self._edit = edit
        self._shown = shown
        super().__init__(files, name, found, record)

    def _edited(self, before: bytes | None) -> bytes:
        self.edit = self._edit(before)
        return self.edit.content

    def _row(self) -> Change:
        before, target = self.previous.content, self._files.shown(self._name)
        if self.content == before:
            return Change(target, "none")
        diff = unified_diff(before, self.content, target.lstrip("/"), self._shown)
        action: Action = "create" if before is None else "update"
        return Change(target, action, handler_text(before), handler_text(self.content), diff, " ".join(self.edit.notes))

    def _conflict(self, base: bytes | None, theirs: bytes | None, ours: bytes | None) -> Conflict:
        shown = self._files.shown(self._name)
        return conflict(self._files.label, shown, base, theirs, ours or b"", self._record())

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
