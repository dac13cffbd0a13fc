"""What has happened so far while the steps of `set-version` run, with the change of web.config that they make."""

from __future__ import annotations

from typing import Any

from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.app.health_check import HealthCheck, HealthOptions
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.packages_back import PackagesBack
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.operations.web_config.conflict import conflict
from azext_pythonapp.webconfig.handlers import Edit, read_in_force, write_handler


class Run:
    """What has happened so far.

    python, intent: as decided, and after an installation as the worker has it. web_config: the change of web.config for
    that intent. jobs: ids of the jobs that were started. restart_reason: why the app takes a restart, as said with it,
    "" for what was said already; None when nothing was changed. health: the page, before and after.
    packages: what brings those back that pip changes in the Python that the app runs; None where it changes none there.
    change: the record of it, from when anything is changed on. log: of the app's server, from before the switch on.
    built: the job that has built the environment; None before that. letter: of the
    one that the app is to run; None for a runtime. switched: whether web.config was written.
    acts: whether the plan does anything, so that the page is no longer what it was. compares_page: whether the page is
    fetched before the plan is applied, and before anything is written. restarts_first: whether the app is
    restarted before anything else is changed. goes_on: whether an interrupted change is gone on with whose page before
    is known. brought: what is brought with the switch. free: the bytes that are free in %HOME%, as the plan found them;
    None where that is not known. undone: whether the app was put back after a failure, or that was tried.
    verification: what the import check said, by the keys of
    docs/json-output.md.
    """

    def __init__(self, decision: Decision, brought: Brought):
        app, found = decision.app, decision.found
        self.brought = brought
        self.python = decision.python
        self.intent = decision.intent
        self.change: OpenChange | None = None
        self.web_config = WebConfigChange(
            found.files, WEB_CONFIG, found.web_config, lambda content: edit_for(decision, self, content), self.record
        )
        self.jobs: list[str] = []
        self.packages: PackagesBack | None = None
        self.restart_reason: str | None = None
        self.restarted = False
        self.switched = False
        self.built: Job | None = None
        self.letter = decision.place.letter if decision.place is not None else None
        self.health = HealthCheck(app, (decision.health or HealthOptions()).of_app(app))
        self.log: ServerLog | None = None
        self.acts = False
        self.undone = False
        self.free: int | None = None
        self.compares_page = False
        self.restarts_first = False
        self.goes_on = False
        self.verification: dict[str, Any] = {"pythonVersion": None, "importOk": None}

    def record(self) -> OpenChange | None:
        """Return the record of what is being changed; None before that."""
        return self.change


def edit_for(decision: Decision, run: Run, content: bytes | None) -> Edit:
    """Return the edit of web.config; raise Conflict when somebody else changed what it starts since the decision.

    Somebody who has made the very same change meanwhile is no conflict: nothing is left to change then.
    """
    found = decision.found
    if found.base is not None:
        edit = write_handler(found.base, run.intent)
        if content in (found.web_config.content, edit.content):
            return edit
        shown = found.files.shown(WEB_CONFIG)
        label = decision.app.site.label
        raise conflict(label, shown, found.web_config.content, content, edit.content, run.change)
    if content is not None and content != found.web_config.content:
        edit = write_handler(content, run.intent)
        if edit.content == content:
            return edit
    if content != found.web_config.content and read_in_force(content) != found.current:
        planned = write_handler(found.web_config.content, run.intent).content
        label, shown = decision.app.site.label, found.files.shown(WEB_CONFIG)
        raise conflict(label, shown, found.web_config.content, content, planned, run.change)
    return write_handler(content, run.intent)
