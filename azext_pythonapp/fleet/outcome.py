"""What became of one app of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from azext_pythonapp.errors import Interrupted, InvalidInput, NotFound, PythonAppError, UnknownOutcome
from azext_pythonapp.fleet.selection import Member
from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.url_secrets import masked

Status = Literal["succeeded", "failed", "unknown", "skipped"]
STATUSES: tuple[Status, ...] = ("succeeded", "failed", "unknown", "skipped")


@dataclass(frozen=True)
class Outcome:
    """status: how it ended. result: the command's answer for this app, when it succeeded.

    error: code (the exit code that the command alone would have had), message and recommendation, when it did not.
    """

    status: Status
    result: Any = None
    error: dict[str, Any] | None = None

    def to_dict(self, member: Member) -> dict[str, Any]:
        """Return the object of docs/json-output.md. az itself would add the resource group to what has an id."""
        more = {"result": self.result} if self.status == "succeeded" else {"error": self.error}
        named = {"id": member.id, "resourceGroup": member.resource_group, "app": member.to_dict()}
        return {**named, "status": self.status, **more}

    @property
    def reason(self) -> str:
        """Return why it did not succeed, with the advice, on one line; "" when it did."""
        error = self.error or {}
        return " ".join(plain_line(part) for part in (error.get("message"), error.get("recommendation")) if part)


def failed(error: BaseException) -> Outcome:
    """Return what an exception means. One that is no PythonAppError is told by its own words, without a traceback."""
    status: Status = "unknown" if isinstance(error, (UnknownOutcome, Interrupted)) else "failed"
    code = 2 if isinstance(error, InvalidInput) else 3 if isinstance(error, NotFound) else 1
    if isinstance(error, PythonAppError):
        message, recommendation = error.message, error.recommendation
    else:
        words = " ".join(str(error).split())
        message = f"{type(error).__name__}: {words}" if words else type(error).__name__
        advice = getattr(error, "recommendations", None)  # of az's own errors
        recommendation = " ".join(map(str, advice)) if advice else None
    return Outcome(status, error=described(code, message, recommendation))


def skipped(why: str) -> Outcome:
    """Return the outcome of an app that was not begun. why: a sentence."""
    return Outcome("skipped", error=described(1, f"Not started: {why}", None))


def described(code: int, message: str, recommendation: str | None) -> dict[str, Any]:
    """Return an error as docs/json-output.md has it, without control characters and without secrets in addresses."""
    return {
        "code": code,
        "message": masked(plain(message)),
        "recommendation": masked(plain_line(recommendation)) if recommendation else None,
    }


def counted(outcomes: Iterable[Outcome]) -> str:
    """Return how many apps ended how, in a sentence: "20 apps: 17 succeeded, 3 failed."."""
    counts = Counter(outcome.status for outcome in outcomes)
    total = sum(counts.values())
    parts = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    return f"{apps(total)}: {parts}."


def apps(number: int) -> str:
    """Return "1 app" or "20 apps"."""
    return "1 app" if number == 1 else f"{number} apps"
