"""The command: decide, plan, apply, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.page import Page
from azext_pythonapp.operations.app.deployment_warnings import warn_of_deployment
from azext_pythonapp.operations.app.left_change import own_interrupted
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.record_parts import in_use
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.environment.contents import Wanted
from azext_pythonapp.operations.environment.standing import plan_warnings
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.operations.set_version.decision import Decision, decide
from azext_pythonapp.operations.set_version.environment_steps import (
    environment_sentences,
    environments_after,
    environments_before,
)
from azext_pythonapp.operations.set_version.interrupted import saying_what_runs
from azext_pythonapp.operations.set_version.last_lines import last_lines
from azext_pythonapp.operations.set_version.options import SetVersionRequest
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.operations.set_version.static_files import static_sentence
from azext_pythonapp.operations.set_version.steps import plan_steps
from azext_pythonapp.operations.set_version.words import (
    end_of_life_warning,
    entry_point_words,
    now_in_words,
    same_python,
    version_before,
)
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES
from azext_pythonapp.operations.web_config.entry_point import shown_entry_point
from azext_pythonapp.plan import Change, report


def set_version(app: App, request: SetVersionRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime and its packages, switch web.config, restart, verify; return what docs/json-output.md says.

    After a failure before the switch web.config is untouched; after one that follows it, it is put back.
    """
    with app.progress.phase(f"Looking at {app.site.label}: its Pythons, web.config and files."):
        switch = PlannedSwitch(app, request, Brought())
    return switch.carry_out(dry_run)


class PlannedSwitch:
    """What an app is to run, as it was decided and planned; `carry_out` does it.

    brought: what is brought to the app with it. asked: what a new environment is to have; None for the app's own
    requirements. seen: as in `decide`. Raises what `decide` and `plan_steps` raise; nothing was changed then.
    """

    def __init__(
        self,
        app: App,
        request: SetVersionRequest,
        brought: Brought,
        asked: Wanted | None = None,
        seen: Observation | None = None,
    ):
        self._app = app
        self._request = request
        self._brought = brought
        self._decision = decision = decide(app, request, brought, asked, seen)
        self._run = run = Run(decision, brought)
        warn_of_deployment(app, decision.python.python_path)
        switches = run.web_config.change.action != "none" or bool(request.static)
        self._static, self._unserved = static_sentence(decision) if switches else (None, False)
        self._plan = plan_steps(decision, run)
        for warning in fit_warnings(app, decision.python.architecture) if self._plan.changes and asked is None else ():
            app.progress.say(warning)
        for sentence in environment_sentences(decision, run) if self._plan.changes else ():
            app.progress.say(sentence)
        self._warnings = [*_warnings(decision), *brought.warnings(decision.found.start.entry)]

    def carry_out(self, dry_run: bool) -> dict[str, Any]:
        """Show the plan or apply it; return the answer."""
        app, request, decision, run = self._app, self._request, self._decision, self._run
        if dry_run:
            if decision.running and request.health is not None and request.health.demanded:
                run.health.fetch_before(run.web_config.content)
            self._show(self._warnings, dry_run=True)
            app.progress.conclude(self._static if self._unserved else None)
            return self._answer(self._plan.changes, dry_run)
        for warning in self._warnings:
            app.progress.say(f"Warning: {warning}")
        if decision.installation is not None and decision.installation.question and not request.confirmed:
            self._show((), dry_run=False)
            app.progress.confirm(decision.installation.question)
        app.kudu.memory.forget()
        with saying_what_runs(decision, run):
            changes = self._apply()
        app.progress.conclude(*self._last_lines(changes))
        return self._answer(changes, dry_run)

    def _last_lines(self, changes: Sequence[Change]) -> list[str]:
        return self._brought.last_lines(last_lines(self._decision, self._run, changes, self._static))

    def _apply(self) -> list[Change]:
        """Apply the plan, and return what changed; it is recorded. A plan that only verifies needs no record."""
        decision, run, plan, brought = self._decision, self._run, self._plan, self._brought
        run.goes_on = self._take_page_of_interrupted()
        if run.compares_page and not run.goes_on:
            with self._app.progress.phase(f"Fetching {run.health.url} as it is now."):
                run.health.fetch_before(run.web_config.content)
        if not run.acts:
            return plan.apply(self._app.progress)
        with recorded(self._app, brought.command) as change:
            run.change, plan.guard = change, change.require
            status = run.health.result["httpStatusBefore"]
            change.note(runtime_before=in_use(decision.before), page_before=status, **environments_before(decision))
            brought.record(change)
            if decision.installation is not None:
                decision.installation.record_in(change)
            if run.restarts_first:
                change.begin()
            changes = plan.apply(self._app.progress)
            after = environments_after(decision, run)
            change.finish(changes, runtime_after=in_use(run.python), **after, **brought.recorded())
        return changes

    def _take_page_of_interrupted(self) -> bool:
        """Take the page before an interrupted change that this command goes on with as the one before, if it is known.

        The app may run what that change has begun, so its page now says nothing about how it was.
        """
        left, health = own_interrupted(self._app), self._run.health
        if left is None or left.page_before is None:
            return False
        health.before, health.result["httpStatusBefore"] = Page(left.page_before, ""), left.page_before
        return True

    def _show(self, warnings: Sequence[str], *, dry_run: bool) -> None:
        """Show the plan; its line about web.config names the Python before and after, and the diff has the rest."""
        app, decision, run = self._app, self._decision, self._run
        target = run.web_config.change.target
        told = " ".join([*filter(None, (entry_point_words(decision),)), *run.web_config.edit.remarks])
        place = f", environment {run.letter}" if run.letter is not None else ""
        before, after = now_in_words(decision), f"Python {run.python.version}{place}, {HANDLER_NAMES[run.intent.kind]}"
        changes = [
            replace(change, before=before, after=after, note=told or None) if change.target == target else change
            for change in self._brought.shown(self._plan.changes)
        ]
        app.progress.show_plan(app.site.label, before, changes, dry_run=dry_run, warnings=warnings)

    def _answer(self, changes: Sequence[Change], dry_run: bool) -> dict[str, Any]:
        own = {**_answer(self._decision, self._run), **self._brought.answer(changes)}
        return report(self._app.site.to_dict(), changes, dry_run, **own)


def _warnings(decision: Decision) -> list[str]:
    """Return what is to be known before a switch to this Python; nothing for one that the app runs already."""
    again = same_python(decision) or version_before(decision) == decision.python.version
    sentence = None if again else end_of_life_warning(str(decision.python.version), date.today())
    place = decision.place
    crowded = plan_warnings(decision.app) if place is not None and place.moved_in else []
    return [*([sentence] if sentence else []), *crowded]


def _answer(decision: Decision, run: Run) -> dict[str, Any]:
    """Return the command's own keys."""
    intent = run.intent
    text = (intent.entry_point or decision.found.start.text) if intent.kind == "fastCgi" else intent.arguments
    return {
        "runtime": replace(run.python, in_use=True).to_dict(),
        "environment": run.letter,
        "handler": intent.kind,
        "entryPoint": shown_entry_point(intent.kind, text, intent.python_path),
        "verification": {**run.verification, **run.health.result},
        "changeId": run.change.change_id if run.change is not None else None,
    }
