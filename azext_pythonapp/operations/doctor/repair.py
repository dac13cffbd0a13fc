"""Repairs of web.config and of the app's folders that `doctor --fix` makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.home_space import require_writable_root
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles
from azext_pythonapp.operations.doctor.configuration import COMMAND, in_one_step
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.operations.web_config.show_set_diff import set_web_config
from azext_pythonapp.operations.web_config.target import AppTarget
from azext_pythonapp.plan import Change, Plan, report
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.handlers import Edit
from azext_pythonapp.webconfig.sections import Sections

Mend = Callable[[App, bool], Mapping[str, Any]]
_AS_IT_IS = WebConfigRequest(
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


def repairing(entry_point: str | None = None) -> Mend:
    """Return a mend (`check.Fix`) that does what `web-config set` does. entry_point: for its `--app`."""
    return lambda app, dry_run: set_web_config(AppTarget(app), replace(_AS_IT_IS, app=entry_point), dry_run)


def dropping(names: Collection[str]) -> Mend:
    """Return a mend that takes handlers out of the app's web.config. names: theirs, in lower case."""

    def mend(app: App, dry_run: bool) -> Mapping[str, Any]:
        kept: list[OpenChange] = []
        seen = observe(app, pythons=False)
        change = WebConfigChange(
            AppFiles(app),
            WEB_CONFIG,
            seen.web_config,
            lambda content: _without(content, names),
            lambda: kept[0] if kept else None,
        )
        plan = Plan([change.step(f"Writing {change.title}.")] if change.change.action != "none" else [])
        if dry_run or not plan.steps:
            return report(app.site.to_dict(), plan.changes, dry_run)
        require_writable_root(app)
        with recorded(app, COMMAND) as record:
            kept.append(record)
            plan.guard = record.require
            done = plan.apply(app.progress)
            record.finish(done)
        return report(app.site.to_dict(), done, False, changeId=record.change_id)

    return mend


def _without(content: bytes | None, names: Collection[str]) -> Edit:
    if content is None:
        return Edit(b"", False, ())
    document = Document.parse(content)
    for entry in Sections.of_python(document).entries:
        if entry.name.lower() in names and not entry.python:
            document.remove(entry.element)
    result = document.to_bytes()
    return Edit(result, result != content, ())


def deleting(folder: str) -> Mend:
    """Return a mend that deletes a folder below %HOME%, with all that is in it."""
    return in_one_step(
        Change(folder, "delete"),
        lambda app: f"Deleting {folder} of {app.site.label}.",
        lambda app: app.kudu.delete_directory(folder),
    )
