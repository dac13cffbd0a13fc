"""One web.config in a plan: the change that a dry run shows, and the step that makes it and can undo it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from azext_pythonapp.operations.app.wwwroot import FileState, Wwwroot
from azext_pythonapp.operations.web_config.change import ChangeRecord, WebConfigSwitch
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import Edit, read_handler


class WebConfigPlan:
    """What one command wants in one web.config.

    files, name: which file. found: it as it was read. edit: gives the edit of its present bytes; it is asked again
    when the plan is applied, and raises Conflict for bytes that the plan does not fit.
    record: where the previous bytes are kept; None for local files. say: gets the edit's notes.
    shown: names, in upper case, of the settings whose values the diff shows; others are masked.
    """

    def __init__(
        self,
        files: Wwwroot,
        name: str,
        found: FileState,
        edit: Callable[[bytes | None], Edit],
        record: ChangeRecord | None,
        say: Callable[[str], None],
        shown: Collection[str] = (),
    ):
        self._files = files
        self._name = name
        self._found = found
        self._edit = edit
        self._say = say
        self._written: bytes | None = None
        self._shown = shown
        self._switch = WebConfigSwitch(files, name, found, lambda content: self._edit(content).content, record)

    @property
    def edit(self) -> Edit:
        """The edit of the file as it was read."""
        return self._edit(self._found.content)

    @property
    def content(self) -> bytes:
        """The bytes that the file is going to have, or has since it was written."""
        return self.edit.content if self._written is None else self._written

    @property
    def change(self) -> Change:
        """What a dry run says; its action is "none" when the file is as wanted."""
        return self._change(self._found.content, self.edit.content)

    def step(self, title: str) -> Step:
        """The step that writes the file. title: for progress."""

        def apply() -> Sequence[Change]:
            before, content = self._switch.apply()
            self._written = content
            for note in self._edit(before).notes:
                self._say(f"  {note}")
            return [self._change(before, content)]

        return Step(title, [self.change], apply, self._switch.undo)

    def _change(self, before: bytes | None, content: bytes) -> Change:
        target = self._files.shown(self._name)
        if content == before:
            return Change(target, "none")
        diff = unified_diff(before, content, target.lstrip("/"), self._shown)
        return Change(
            target, "create" if before is None else "update", _handler_text(before), _handler_text(content), diff
        )


def _handler_text(content: bytes | None) -> str | None:
    handler = read_handler(content)
    return f"{handler.kind} {handler.python_path}" if handler else None
