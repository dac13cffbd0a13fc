"""`doctor`: choose the checks, look, run them, and with `--fix` mend what can be mended without a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, PythonAppError
from azext_pythonapp.operations.app.observe import Part
from azext_pythonapp.operations.doctor.check import Check, Fix, Result, skipped
from azext_pythonapp.operations.doctor.checks import all_checks
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.plan import Change, Plan, Step, report

STATUSES = ("pass", "warn", "fail", "skipped")
_WORDS = {"warn": "Warning", "fail": "Failed", "skipped": "Not known"}


@dataclass(frozen=True)
class DoctorRequest:
    """checks: what to look at, in the order of the answer. named: whether `--check` names them. fix: whether to mend.
    confirmed: `--yes`."""

    checks: tuple[Check, ...]
    named: bool = False
    fix: bool = False
    confirmed: bool = False

    @classmethod
    def from_options(cls, *, checks: Sequence[str] | None, fix: bool, dry_run: bool, confirmed: bool) -> DoctorRequest:
        """Read the options. Raises InvalidInput, which for an unknown check lists the known ones."""
        known = all_checks()
        wanted = [name.strip().lower() for name in checks or known]
        unknown = next((name for name in wanted if name not in known), None)
        if unknown is not None:
            raise InvalidInput(f"--check '{unknown}' is no check.", f"The checks are: {', '.join(known)}.")
        if (dry_run or confirmed) and not fix:
            option = "--dry-run" if dry_run else "--yes"
            raise InvalidInput(f"{option} is only for --fix: without it, nothing is changed.", f"Leave {option} out.")
        return cls(tuple(each for name, each in known.items() if name in wanted), bool(checks), fix, confirmed)


def doctor(app: App, request: DoctorRequest, dry_run: bool = False) -> dict[str, Any]:
    """Return the answer (docs/json-output.md): what each check found, and with `fix` what was mended.

    The observation takes the two round trips of a read, the app's settings, its plan and a few reads of the SCM site at
    the same time; only a check of the app's own code takes a command more. Raises Refused when the person does not
    confirm, and what mending raises.
    """
    found = _look(app, request.checks)
    if not request.fix:
        return _answer(app, found)
    plan, ids = _plan(app, found, request.named)
    if dry_run:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=True)
        return {**_answer(app, found), **_changes(report(None, plan.changes, True))}
    if not plan.steps:
        return {**_answer(app, found), **_changes(report(None, [], False))}
    if not request.confirmed:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=False)
        app.progress.confirm(f"Change {app.site.label}?")
    done = plan.apply(app.progress)
    with app.progress.phase(f"Looking at {app.site.label} again."):
        after = _look(_anew(app), request.checks)
    return {**_answer(app, after), **_changes(report(None, done, False, changeId=ids[-1] if ids else None))}


def lines_below(answer: dict[str, Any]) -> list[str]:
    """Return the lines below the table of an answer, which cuts long evidence: what is not good, and its fix."""
    lines = []
    for row in answer["checks"]:
        if row["status"] != "pass":
            fix = f" Fix: `{row['fix']}`" if row["fix"] else ""
            lines.append(f"{_WORDS[row['status']]}: {row['id']}: {row['evidence']}{fix}")
    summary = answer["summary"]
    return [*lines, ", ".join(f"{summary[status]} {status}" for status in STATUSES) + "."]


def _look(app: App, checks: Sequence[Check]) -> list[tuple[Check, Result]]:
    with app.progress.phase(f"Looking at {app.site.label}."):
        sight = Sight(app).begin()
        parts = [Part(check.id, partial(_result, check, sight)) for check in checks]
        return [(check, part.get()) for check, part in zip(checks, parts)]


def _result(check: Check, sight: Sight) -> Result:
    try:
        return check.look(sight)
    except PythonAppError as error:
        return skipped(f"Not looked at: {error.message}")
    except Exception as error:  # pylint: disable=broad-exception-caught  # it must not end what the others found
        return skipped(f"Not looked at: this check has a fault of its own ({type(error).__name__}). Please report it.")


def _answer(app: App, found: Sequence[tuple[Check, Result]]) -> dict[str, Any]:
    number: Counter[str] = Counter(result.status for _, result in found)
    return {
        "app": app.site.to_dict(),
        "summary": {status: number[status] for status in STATUSES},
        "checks": [check.row(result) for check, result in found],
    }


def _changes(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "app"}


def _plan(app: App, found: Sequence[tuple[Check, Result]], named: bool) -> tuple[Plan, list[str]]:
    """Return the plan that mends, and a list that gets the ids of the changes that it records.

    Two checks with the same fix are mended once. named: whether the checks were named. A fix that cannot be planned is
    told and left out, so that it keeps no other from being made. Raises its error when there is no other.
    """
    ids: list[str] = []
    every = [result.fix for _, result in found if result.fix is not None]
    fixes = {fix.command: fix for fix in every if fix.mend and (named or not fix.only_named)}
    silent = replace(app, progress=_Silent(app.progress))
    planned: list[tuple[Fix, tuple[list[Change], str | None]]] = []
    refused: list[PythonAppError] = []
    for fix in fixes.values():
        try:
            planned.append((fix, _rows(fix, silent, True)))
        except PythonAppError as error:
            refused.append(error)
    if refused and not any(rows for _, (rows, _) in planned):
        raise refused[0]
    for why in refused:
        app.progress.say(" ".join(filter(None, ("Not fixed:", why.message, why.recommendation))))
    return Plan([Step("", rows, partial(_apply, fix, app, ids)) for fix, (rows, _) in planned if rows]), ids


def _apply(fix: Fix, app: App, ids: list[str]) -> list[Change]:
    rows, change_id = _rows(fix, app, False)
    ids += [change_id] if change_id else []
    return rows


def _rows(fix: Fix, app: App, dry_run: bool) -> tuple[list[Change], str | None]:
    assert fix.mend is not None
    answer = fix.mend(app, dry_run)
    rows = [Change(**{name: row.get(name) for name in ("target", "action", "before", "after", "diff")})
            for row in answer["changes"]]  # fmt: skip
    return rows, answer.get("changeId")


def _anew(app: App) -> App:
    """Return the app with its state as it is now."""
    site = app.site
    return replace(app, site=app.arm.open_site(site.resource_group, site.name, site.slot))


class _Silent:
    """Progress of a command that only plans, for another one: nothing is shown, and questions are the other's."""

    def __init__(self, progress: Any):
        self._progress = progress

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:  # pylint: disable=unused-argument
        """Show nothing."""
        yield

    @property
    def seconds(self) -> float:
        """Return the seconds since the command began."""
        return float(self._progress.seconds)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None
