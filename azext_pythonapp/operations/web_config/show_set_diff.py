"""`web-config show`, `set` and `diff`: the Python part of web.config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from azext_pythonapp.errors import NotFound, PythonAppError, Refused
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, LocalFiles
from azext_pythonapp.operations.web_config.change import WebConfigChange, handler_words
from azext_pythonapp.operations.web_config.decide import decide_handler, decide_start
from azext_pythonapp.operations.web_config.entry_point import entry_point_in_force
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.operations.web_config.target import WebConfigTarget
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import (
    Edit,
    HandlerIntent,
    PythonHandler,
    platform_attributes,
    read_handler,
    read_in_force,
    read_settings,
    readable_handler,
    write_handler,
)
from azext_pythonapp.webconfig.masking import masked_settings
from azext_pythonapp.webconfig.static_folder import write_static

COMMAND = "web-config set"
_NOTHING_WANTED = WebConfigRequest(
    version=None,
    architecture=None,
    python_path=None,
    handler=HandlerOptions("auto", None),
    app=None,
    platform=PlatformOptions(),
    environment={},
    static=(),
    output=None,
)


def show_web_config(target: WebConfigTarget) -> dict[str, Any]:
    """Return what web.config says about Python; values that look like secrets are masked.

    `warnings` says what is wrong: what `web-config set` without options would repair, why it cannot, and faults that
    it leaves; `notes` says what else is worth knowing.
    """
    found = target.web_config()
    if found.content is None:
        missing = f"There is no web.config: {target.files.shown(WEB_CONFIG)} of {target.files.label}."
        raise NotFound(missing, "Write one with `az webapp python web-config set`.")
    handler = read_handler(found.content)
    warnings = [str(target.without_python())]
    notes: list[str] = []
    if handler is not None:
        warnings = []
        source = entry_point_in_force(handler, target.settings)[1]
        notes += [source] if source else []
        if handler.part is not None:
            notes.append(f"Python serves only a part of the site: {handler.part}.")
        editor = _Editor(target, _NOTHING_WANTED, lambda _: None)
        try:
            edit = editor.edit(found.content)
            said = [sentence for sentence in editor.said if sentence not in notes]
            notes += [] if edit.changed else said
            warnings += said if edit.changed else []
            warnings += [f"`web-config set` repairs this: {note}" for note in edit.notes if note not in edit.remarks]
            warnings += edit.warnings
            notes += edit.remarks
        except PythonAppError as error:
            warnings += [*editor.said, " ".join(filter(None, (error.message, error.recommendation)))]
    else:
        settings = read_settings(found.content)
        if settings is not None and settings.entry_point:
            notes.append(f"A handler for FastCGI would start WSGI_HANDLER '{settings.entry_point}' of appSettings.")
    return {
        "app": target.to_dict(),
        "path": target.files.shown(WEB_CONFIG),
        "etag": found.etag,
        **_described(target, handler, found.content),
        "warnings": warnings,
        "notes": notes,
    }


def set_web_config(target: WebConfigTarget, request: WebConfigRequest, dry_run: bool) -> dict[str, Any]:
    """Change the Python part of web.config, or write the changed file elsewhere. Returns the answer
    (docs/json-output.md).

    Nothing is checked on the worker, and no page is fetched: `set-version` does that.
    """
    work = _Work(target, request)
    if work.plan.steps and request.output is None:
        target.require_writable()
    if dry_run:
        work.show_plan()
        return report(work.app, work.plan.changes, True, **work.answer())
    changes = work.make()
    work.say_notes()
    work.conclude(changes)
    return report(work.app, changes, False, **work.answer())


def diff_web_config(target: WebConfigTarget, request: WebConfigRequest) -> dict[str, Any]:
    """Return what `web-config set` with the same options would change, as one unified diff; "" for nothing."""
    work = _Work(target, replace(request, output=None))
    work.say_notes(planned=True)
    diff = "".join(change.diff or "" for change in work.plan.changes)
    return {"app": target.to_dict(), "changed": bool(diff), "diff": diff, "notes": work.notes}


class _Editor:
    """Makes the edit that a request means, for whatever bytes web.config has."""

    def __init__(self, target: WebConfigTarget, request: WebConfigRequest, say: Callable[[str], None]):
        self._target = target
        self._request = request
        self._say = say
        self.said: list[str] = []

    def edit(self, content: bytes | None) -> Edit:
        """Decide what these bytes have to say, and return the edit."""
        return write_handler(content, self._intent(read_in_force(content)))

    def _intent(self, current: PythonHandler | None) -> HandlerIntent:
        target, request = self._target, self._request
        start = decide_start(target.files, request.handler, request.app, current, target.settings, self._note)
        python = target.python(request, current)
        if python.unregistered and current is not None and current.kind == "fastCgi":
            self._note(f"{python.path} is not registered with IIS, so FastCGI cannot start it.")
        if request.handler.handler == "fastcgi" and python.registration is None and not python.unregistered:
            raise Refused(
                f"FastCGI cannot start {python.path} of {target.files.label}: it is not known which Python that is, "
                "nor whether it is registered with IIS.",
                "Name the Python with `--version` or `--python-path`.",
            )
        intent = decide_handler(
            target.files,
            request.handler,
            current,
            start,
            python,
            packages=target.packages(python.path),
            other_names=target.other_names,
            say=self._note,
        )
        if start.unseen:
            self._say_unread_settings(intent, current)
        return request.platform.added_to(replace(intent, environment={**intent.environment, **request.environment}))

    def _say_unread_settings(self, intent: HandlerIntent, current: PythonHandler | None) -> None:
        """Say which variables of the file will take precedence over app settings that are not known."""
        had = {name.upper() for name in (current.environment if current else {})}
        if current is not None and current.entry_point:
            had.add("WSGI_HANDLER")
        names = intent.app_settings if intent.kind == "fastCgi" else intent.environment
        new = [name for name in names if name.upper() not in had]
        if new:
            self._note(
                f"The app settings were not read; {', '.join(new)} of web.config will take precedence over app "
                "settings of the same name."
            )

    def _note(self, sentence: str) -> None:
        """Say a sentence once, and add it to the notes."""
        if sentence not in self.said:
            self.said.append(sentence)
            self._say(sentence)


class _Work:
    """One run of set or diff: the changes of the files, the plan that makes them, and the answer."""

    def __init__(self, target: WebConfigTarget, request: WebConfigRequest):
        self._target = target
        self._request = request
        self.app = target.to_dict()
        self._shown = {name.upper() for name in request.environment}
        self._editor = _Editor(target, request, target.progress.say)
        self._found = target.web_config()
        self._record: OpenChange | None = None
        self._main = WebConfigChange(
            target.files, WEB_CONFIG, self._found, self._editor.edit, lambda: self._record, self._shown
        )
        self._static: dict[str, WebConfigChange] = {}
        self.plan = Plan(self._steps_elsewhere(request.output) if request.output else self._steps())

    @property
    def notes(self) -> list[str]:
        """Return one sentence for each thing to know: about the decisions, then about the files."""
        return [*self._editor.said, *self._edit_notes()]

    def make(self) -> list[Change]:
        """Make the changes, and return them; those of an app are recorded there."""
        target = self._target
        if not self.plan.steps or self._request.output is not None:
            return self.plan.apply(target.progress)
        with target.recorded(COMMAND) as record:
            self._record = record
            if record is None:
                return self.plan.apply(target.progress)
            self.plan.guard = record.require
            record.note(runtime_before=target.starts(readable_handler(self._found.content)))
            changes = self.plan.apply(target.progress)
            record.finish(changes, runtime_after=target.starts(readable_handler(self._main.content)))
        return changes

    def say_notes(self, planned: bool = False) -> None:
        """Say what the edits of the files mean. planned: they are not made."""
        notes = self._edit_notes()
        if planned and notes and self.plan.steps:
            self._target.progress.say(f"Planned for web.config of {self._target.files.label} (nothing was changed):")
        for note in notes:
            self._target.progress.say(f"  {note}")

    def show_plan(self) -> None:
        """Show the plan of a dry run as the last thing on the screen."""
        self._target.progress.show_plan(self._main.title, None, self.plan.changes, dry_run=True)

    def conclude(self, changes: Sequence[Change]) -> None:
        """Say as the last thing on the screen what web.config starts now, and what was not checked."""
        target, title = self._target, self._main.title
        if not changes:
            target.progress.conclude(f"{title} is as asked for; nothing changed.")
        elif self._request.output is not None:
            untouched = f" {title} was not touched." if self.app is not None else ""
            target.progress.conclude(f"Wrote {', '.join(change.target for change in changes)}.{untouched}")
        else:
            now, was = handler_words(self._main.content), handler_words(self._found.content)
            before = "" if was == now else f" (was {was})" if was else ""
            undo = self._record.undo if self._record is not None else None
            lines = [*target.after_write(), f"Undo: {undo}" if undo else None]
            target.progress.conclude(f"{title} starts {now}{before}.", *lines)

    def answer(self) -> dict[str, Any]:
        """Return the command's own keys."""
        content = self._main.content
        return {
            **_described(self._target, read_handler(content), content),
            "notes": self.notes,
            "changeId": self._record.change_id if self._record is not None else None,
        }

    def _edit_notes(self) -> list[str]:
        changes = [self._main, *self._static.values()]
        return list(dict.fromkeys(note for change in changes for note in change.edit.notes))

    def _steps(self) -> list[Step]:
        files = self._target.files
        self._target.require_known(read_handler(self._found.content), read_handler(self._main.content))
        for folder in self._request.static:
            files.list_folder(folder)
            self._plan_static(folder)
        changes = [self._main, *self._static.values()]
        steps = [change.step(f"Writing {change.title}.") for change in changes if change.change.action != "none"]
        if self._main.change.action != "none":
            steps[0].apply = self._write_main
        return steps

    def _write_main(self) -> Sequence[Change]:
        planned = self._main.content
        done = self._main.apply()
        if self._main.content != planned:
            for change in self._static.values():
                change.recompute()
        return [done]

    def _plan_static(self, folder: str) -> None:
        files, name = self._target.files, f"{folder}/{WEB_CONFIG}"
        edit = partial(self._static_edit, folder)
        self._static[name] = WebConfigChange(files, name, files.state(name), edit, lambda: self._record)

    def _static_edit(self, folder: str, content: bytes | None) -> Edit:
        handler = read_handler(self._main.content)
        assert handler is not None
        edit = write_static(content, handler.handler_name)
        return replace(edit, notes=tuple(f"{folder}: {note}" for note in edit.notes))

    def _steps_elsewhere(self, output: Path) -> list[Step]:
        """Return the steps that write the results to this machine; folders' files go below the folder of output."""
        here = LocalFiles(output.parent, output.name)
        for folder in self._request.static:
            self._plan_static(folder)
        return [
            self._local_step(here, name, change)
            for name, change in [(WEB_CONFIG, self._main), *self._static.items()]
            if here.state(name).content != change.content
        ]

    def _local_step(self, here: LocalFiles, name: str, wanted: WebConfigChange) -> Step:
        present = here.state(name)
        diff = unified_diff(wanted.previous.content, wanted.content, name, self._shown)
        change = Change(here.shown(name), "create" if present.content is None else "update", None, None, diff)

        def write() -> Sequence[Change]:
            here.write(name, wanted.content, present.etag)
            return [change]

        return Step(f"Writing {here.shown(name)}.", [change], write)


def _described(target: WebConfigTarget, handler: PythonHandler | None, content: bytes) -> dict[str, Any]:
    """Return the keys that show and set have in common."""
    if handler is None:
        return {
            "handler": None,
            "handlerName": None,
            "pythonPath": None,
            "entryPoint": None,
            "arguments": None,
            "environment": {},
            "httpPlatform": None,
        }
    entry_point, _ = entry_point_in_force(handler, target.settings)
    return {
        "handler": handler.kind,
        "handlerName": handler.handler_name,
        "pythonPath": handler.python_path,
        "entryPoint": entry_point,
        "arguments": handler.arguments,
        "environment": masked_settings(handler.environment),
        "httpPlatform": platform_attributes(content) if handler.kind == "httpPlatform" else None,
    }
