"""`web-config show`, `set` and `diff`: the Python part of web.config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from azext_pythonapp.errors import NotFound, PythonAppError, Refused
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, LocalFiles
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.operations.web_config.entry_point import Start, entry_point_in_force, find_start, taken_instead
from azext_pythonapp.operations.web_config.handler import HandlerOptions, build_intent, decide_kind
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.operations.web_config.target import Place
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import (
    Edit,
    HandlerIntent,
    PythonHandler,
    platform_attributes,
    read_handler,
    read_settings,
    write_handler,
)
from azext_pythonapp.webconfig.masking import masked_settings
from azext_pythonapp.webconfig.static_folder import write_static

COMMAND = "web-config set"
_NOTHING_WANTED = WebConfigRequest(
    None, None, None, HandlerOptions("auto", None), None, PlatformOptions(), {}, (), None
)


def show_web_config(place: Place) -> dict[str, Any]:
    """What web.config says about Python; values that look like secrets are masked.

    `warnings` names what is wrong: what `web-config set` without options would repair, why it cannot, and faults that
    it leaves; `notes` what else is worth knowing.
    """
    found = place.files.state(WEB_CONFIG)
    if found.content is None:
        raise NotFound(
            f"There is no web.config: {place.files.shown(WEB_CONFIG)} of {place.files.label}.",
            "Write one with `az webapp python web-config set`.",
        )
    handler = read_handler(found.content)
    warnings = ["No handler that requests reach starts Python."]
    notes: list[str] = []
    if handler is not None:
        warnings = []
        source = entry_point_in_force(handler, place.settings)[1]
        notes += [source] if source else []
        if handler.part is not None:
            notes.append(f"Python serves a part of the site only: {handler.part}.")
        editor = _Editor(place, _NOTHING_WANTED, lambda _: None)
        try:
            edit = editor.edit(found.content)
            said = [sentence for sentence in editor.said if sentence not in notes]
            notes += [] if edit.changed else said
            warnings += said if edit.changed else []
            warnings += [f"`web-config set` repairs this: {note}" for note in edit.notes if note not in edit.remarks]
            warnings += edit.warnings
            notes += edit.remarks
        except PythonAppError as error:
            warnings += [*editor.said, error.message]
    else:
        settings = read_settings(found.content)
        if settings is not None and settings.entry_point:
            notes.append(
                f"WSGI_HANDLER '{settings.entry_point}' of appSettings is what a handler for FastCGI would start."
            )
    return {
        "app": place.to_dict(),
        "path": place.files.shown(WEB_CONFIG),
        "etag": found.etag,
        **_described(place, handler, found.content),
        "warnings": warnings,
        "notes": notes,
    }


def set_web_config(place: Place, request: WebConfigRequest, dry_run: bool) -> dict[str, Any]:
    """Change the Python part of web.config, or write the changed file elsewhere. Returns the answer
    (docs/json-output.md).

    Nothing is proved on the worker, and no page is fetched: `set-version` does that.
    """
    work = _Work(place, request)
    if work.plan.steps and request.output is None:
        place.require_writable()
    if dry_run:
        work.say_notes(planned=True)
        return report(work.app, work.plan.changes, True, **work.answer())
    changes = work.plan.apply(place.progress.say)
    work.say_notes()
    return report(work.app, changes, False, **work.answer())


def diff_web_config(place: Place, request: WebConfigRequest) -> dict[str, Any]:
    """What `web-config set` with the same options would change, as one unified diff; "" for nothing."""
    work = _Work(place, replace(request, output=None))
    work.say_notes(planned=True)
    diff = "".join(change.diff or "" for change in work.plan.changes)
    return {"app": place.to_dict(), "changed": bool(diff), "diff": diff, "notes": work.notes}


class _Editor:
    """Makes the edit that a request means, for whatever bytes web.config has."""

    def __init__(self, place: Place, request: WebConfigRequest, say: Callable[[str], None]):
        self._place = place
        self._request = request
        self._say = say
        self.said: list[str] = []

    def edit(self, content: bytes | None) -> Edit:
        """Decide what these bytes have to say, and return the edit."""
        # Settings without a handler are what a new one is going to read, so they are in force.
        current = read_handler(content) or read_settings(content)
        return write_handler(content, self._intent(current))

    def _intent(self, current: PythonHandler | None) -> HandlerIntent:
        request, label = self._request, self._place.files.label
        command = request.handler.startup_command
        start = (
            Start(None, None)
            if command
            else find_start(self._place.files, request.app, current, self._tell, self._place.settings())
        )
        python = self._place.python(request, current)
        if python.unregistered and current is not None and current.kind == "fastCgi":
            self._tell(f"{python.path} did not register itself with IIS, so FastCGI cannot start it.")
        if request.handler.handler == "fastcgi" and python.registration is None and not python.unregistered:
            raise Refused(
                f"{python.path} of {label} cannot be started by FastCGI: which Python that is, and whether "
                "IIS knows it, cannot be told.",
                "Name the Python with `--version` or `--python-path`.",
            )
        kind = decide_kind(label, request.handler, current, start, python.registration is not None)
        taken = taken_instead(start, kind, current)
        if taken is not None:
            self._tell(taken)
        intent = build_intent(
            label,
            kind,
            request.handler,
            current,
            start,
            python.path,
            python.registration,
            self._place.packages(python.path),
            self._place.files.worker_folder,
        )
        if start.unseen:
            self._tell_unseen(intent, current)
        new = current is None or not current.python_path
        intent = replace(
            intent,
            environment={**intent.environment, **request.environment},
            taken_names=self._place.other_names() if new else frozenset(),
        )
        return request.platform.added_to(intent)

    def _tell_unseen(self, intent: HandlerIntent, current: PythonHandler | None) -> None:
        """Say which variables the file is going to set before app settings that are not known."""
        had = {name.upper() for name in (current.environment if current else {})}
        if current is not None and current.entry_point:
            had.add("WSGI_HANDLER")
        names = intent.app_settings if intent.kind == "fastCgi" else intent.environment
        new = [name for name in names if name.upper() not in had]
        if new:
            self._tell(
                f"The app's settings were not looked at; {', '.join(new)} of web.config will go before app "
                "settings of the same name."
            )

    def _tell(self, sentence: str) -> None:
        """Say what was found on the way; it is one of the notes."""
        if sentence not in self.said:
            self.said.append(sentence)
            self._say(sentence)


class _Work:
    """One run of set or diff: the changes of the files, the plan that makes them, and the answer."""

    def __init__(self, place: Place, request: WebConfigRequest):
        self._place = place
        self._request = request
        self.app = place.to_dict()
        self._shown = {name.upper() for name in request.environment}
        self._editor = _Editor(place, request, place.progress.say)
        self._found = place.files.state(WEB_CONFIG)
        self._record = None if request.output else place.record(COMMAND)
        self._main = WebConfigChange(place.files, WEB_CONFIG, self._found, self._editor.edit, self._record, self._shown)
        self._static: dict[str, WebConfigChange] = {}
        self.plan = Plan(self._steps_elsewhere(request.output) if request.output else self._steps())

    @property
    def notes(self) -> list[str]:
        """Return one sentence for each thing to know: about the decisions, then about the files."""
        return [*self._editor.said, *self._edit_notes()]

    def say_notes(self, planned: bool = False) -> None:
        """Tell the person what the edits of the files mean. planned: they are not made."""
        notes = self._edit_notes()
        if planned and notes and self.plan.steps:
            self._place.progress.say(f"Planned for web.config of {self._place.files.label} (nothing was changed):")
        for note in notes:
            self._place.progress.say(f"  {note}")

    def answer(self) -> dict[str, Any]:
        """Return the command's own keys."""
        content = self._main.content
        return {
            **_described(self._place, read_handler(content), content),
            "notes": self.notes,
            "changeId": self._record.change_id if self._record is not None and self._record.used else None,
        }

    def _edit_notes(self) -> list[str]:
        changes = [self._main, *self._static.values()]
        return list(dict.fromkeys(note for change in changes for note in change.edit.notes))

    def _steps(self) -> list[Step]:
        files = self._place.files
        self._place.require_known(read_handler(self._found.content), read_handler(self._main.content))
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
        files, name = self._place.files, f"{folder}/{WEB_CONFIG}"
        edit = partial(self._static_edit, folder)
        self._static[name] = WebConfigChange(files, name, files.state(name), edit, self._record)

    def _static_edit(self, folder: str, content: bytes | None) -> Edit:
        handler = read_handler(self._main.content)
        assert handler is not None
        edit = write_static(content, handler.handler_name)
        return replace(edit, notes=tuple(f"{folder}: {note}" for note in edit.notes))

    def _steps_elsewhere(self, output: Path) -> list[Step]:
        """Return the steps that write the results to this machine; folders' files go below the folder of output."""
        target = LocalFiles(output.parent, output.name)
        for folder in self._request.static:
            self._plan_static(folder)
        return [
            self._local_step(target, name, change)
            for name, change in [(WEB_CONFIG, self._main), *self._static.items()]
            if target.state(name).content != change.content
        ]

    def _local_step(self, target: LocalFiles, name: str, wanted: WebConfigChange) -> Step:
        present = target.state(name)
        diff = unified_diff(wanted.previous.content, wanted.content, name, self._shown)
        change = Change(target.shown(name), "create" if present.content is None else "update", None, None, diff)

        def write() -> Sequence[Change]:
            target.write(name, wanted.content, present.etag)
            return [change]

        return Step(f"Writing {target.shown(name)}.", [change], write)


def _described(place: Place, handler: PythonHandler | None, content: bytes) -> dict[str, Any]:
    """The keys that show and set have in common."""
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
    entry_point, _ = entry_point_in_force(handler, place.settings)
    return {
        "handler": handler.kind,
        "handlerName": handler.handler_name,
        "pythonPath": handler.python_path,
        "entryPoint": entry_point,
        "arguments": handler.arguments,
        "environment": masked_settings(handler.environment),
        "httpPlatform": platform_attributes(content) if handler.kind == "httpPlatform" else None,
    }
