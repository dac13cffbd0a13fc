"""Settings of an app that `doctor --fix` changes through Resource Manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.plan import Change, Plan, Step, report

COMMAND = "doctor"


def changing(name: str, before: object, after: object) -> Callable[[App, bool], Mapping[str, Any]]:
    """Return a mend (`check.Fix`) that changes one property of `config/web`, under the app's lease.

    No record is kept of it: `rollback` undoes files, Pythons and packages, not settings of the portal.
    """
    return in_one_step(
        Change(f"config/{name}", "update", _text(before), _text(after)),
        lambda app: f"Setting {name} of {app.site.label} to {_text(after)}.",
        lambda app: app.arm.change_configuration(app.site, {name: after}),
    )


def in_one_step(
    change: Change, title: Callable[[App], str], apply: Callable[[App], None]
) -> Callable[[App, bool], Mapping[str, Any]]:
    """Return a mend of one change that no record undoes, under the app's lease. title: what is said meanwhile."""

    def mend(app: App, dry_run: bool) -> Mapping[str, Any]:
        def run() -> list[Change]:
            apply(app)
            return [change]

        if dry_run:
            return report(app.site.to_dict(), [change], True)
        with recorded(app, COMMAND) as held:
            held.take()
            done = Plan([Step(title(app), [change], run)]).apply(app.progress)
            held.finish(done)
        return report(app.site.to_dict(), done, False)

    return mend


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower()
