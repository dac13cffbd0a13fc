"""What a check of `doctor` is, and what it finds.

    @check("always-on", "Always On for an app that starts slowly")
    def always_on(sight: Sight) -> Result:
        if sight.configuration.always_on:
            return passed("Always On is on.")
        return warned("Always On is off, and …", Fix(sight.az("webapp config set", "--always-on true")))

A check only reads, and takes what it can from the one observation (`Sight`). It is called in a thread of its own. A
PythonAppError that it raises means that it could not look: the check is skipped, because unknown is not good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.doctor.sight import Sight

Status = Literal["pass", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Fix:
    """How to mend what a check found.

    command: complete, to paste. mend: what `--fix` does, one of the extension's own operations: takes the app and
    whether it is a dry run, and returns the answer of a command that changes something (`changes`, `changeId`). None
    for a fix that only a person should decide on: one that costs money or changes what the app runs.
    only_named: `--fix` does it only when `--check` names the check, because it deletes something.
    """

    command: str
    mend: Callable[[App, bool], Mapping[str, Any]] | None = None
    only_named: bool = False


@dataclass(frozen=True)
class Result:
    """What a check found.

    status: fail only for what breaks the app, or its management, for certain; warn for the rest; skipped where nobody
    could look. evidence: one or two sentences with the line, the number or the name that was found.
    """

    status: Status
    evidence: str
    fix: Fix | None = None


def passed(evidence: str) -> Result:
    """Nothing is wrong, or the check is about something that the app does not have."""
    return Result("pass", evidence)


def warned(evidence: str, fix: Fix | None = None) -> Result:
    """Something that may break, or that is not as it should be, although the app may work."""
    return Result("warn", evidence, fix)


def failed(evidence: str, fix: Fix | None = None) -> Result:
    """Something that certainly breaks the app, or keeps this extension from managing it."""
    return Result("fail", evidence, fix)


def skipped(evidence: str) -> Result:
    """Nobody could look. evidence: why."""
    return Result("skipped", evidence)


def without_python(sight: Sight, otherwise: str) -> Result:
    """The result of a check of the Python in use where there is none: what is not known is not called good."""
    return skipped(sight.unknown_python) if sight.unknown_python is not None else passed(otherwise)


@dataclass(frozen=True)
class Check:
    """id: stable, in kebab case; the name of a section of docs/doctor.md. title: what is so when all is well."""

    id: str
    title: str
    look: Callable[[Sight], Result]

    def row(self, result: Result) -> dict[str, Any]:
        """Return the object of docs/json-output.md."""
        return {
            "id": self.id,
            "status": result.status,
            "title": self.title,
            "evidence": result.evidence,
            "fix": result.fix.command if result.fix is not None else None,
        }


_KNOWN: dict[str, Check] = {}


def check(identifier: str, title: str) -> Callable[[Callable[[Sight], Result]], Callable[[Sight], Result]]:
    """Make a function a check. Raises ValueError for an id that another check has."""

    def register(function: Callable[[Sight], Result]) -> Callable[[Sight], Result]:
        if identifier in _KNOWN:
            raise ValueError(f"two checks are called {identifier}")
        _KNOWN[identifier] = Check(identifier, title, function)
        return function

    return register


def registered() -> dict[str, Check]:
    """Return the checks of the modules that were imported, by id, in the order of their definition."""
    return dict(_KNOWN)
