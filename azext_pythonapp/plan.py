"""The plan of a command: steps that are applied in order, and undone when one fails (observe, plan, apply, verify)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from azext_pythonapp.errors import Interrupted, PythonAppError, UnknownOutcome

Action = Literal[
    "install", "uninstall", "create", "update", "delete", "restart", "upgrade", "downgrade", "reinstall", "none"
]


@dataclass(frozen=True)
class Change:
    """One change, done or planned.

    target: what changes, as a path-like name: "siteextensions/azureappservice-python364x64", "packages/flask",
        "site/wwwroot/web.config", "app".
    before, after: its version or state; None when it did not or will not exist.
    diff: a unified diff, for files.
    note: what the plan says about it to a person, such as the publisher of a runtime; never in the answer.
    """

    target: str
    action: Action
    before: str | None = None
    after: str | None = None
    diff: str | None = None
    note: str | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the object of docs/json-output.md: {"target", "action", "before", "after"} and "diff" for files."""
        row: dict[str, Any] = {"target": self.target, "action": self.action, "before": self.before, "after": self.after}
        if self.diff is not None:
            row["diff"] = self.diff
        return row


class Teller(Protocol):
    """What a plan tells its progress: the part of the console that it uses."""

    def say(self, message: str) -> None:
        """Print one line."""

    def phase(self, title: str) -> AbstractContextManager[None]:
        """Print the title, and show on a terminal that work goes on until the block ends."""


@dataclass
class Step:
    """One step of a plan.

    title: a sentence about what it does, for progress; "" for a step that reports its own progress. A function for one
        that depends on what the steps before it have done.
    changes: its planned changes, for a dry run.
    apply: executes the step and returns the changes that happened.
    undo: reverts them and returns a sentence about it; None when nothing can or need be reverted.
    left: what remains different, and how to correct it, when the step is neither undone nor completed by a later one
        and the changes do not say so; a sentence or more.
    """

    title: str | Callable[[], str]
    changes: Sequence[Change]
    apply: Callable[[], Sequence[Change]]
    undo: Callable[[], str] | None = None
    left: str | None = None

    @property
    def said(self) -> str:
        """Return the title as it is now."""
        return self.title if isinstance(self.title, str) else self.title()


@dataclass
class Plan:
    """Steps in order; empty when there is nothing to do.

    left: gives sentences about changes that stay when a later step failed; None for one that lists them.
    guard: called before each step; raises a PythonAppError when this command must not go on.
    """

    steps: list[Step] = field(default_factory=list)
    left: Callable[[Sequence[Change]], list[str]] | None = None
    guard: Callable[[], None] | None = None

    @property
    def changes(self) -> list[Change]:
        """Return the planned changes of all steps."""
        return [change for step in self.steps for change in step.changes]

    def apply(self, progress: Teller) -> list[Change]:
        """Apply the steps in order and return what changed.

        progress: shows each step's title while it runs, if it has one. When a step fails, the finished ones are undone
        in reverse order, as far as possible, and the step's exception is raised; its message then says what was undone
        and what stays. Ctrl-C counts as a failure and becomes Interrupted. After UnknownOutcome nothing is undone: the
        work may still be running, and an undo would race with it.
        """
        done: list[Change] = []
        finished: list[tuple[Step, list[Change]]] = []
        for step in self.steps:
            try:
                if self.guard is not None:
                    self.guard()
                title = step.said
                with progress.phase(title) if title else nullcontext():
                    changes = list(step.apply())
            except UnknownOutcome as error:
                error.extend(_stays(finished, undone=False))
                raise
            except PythonAppError as error:
                error.extend(_aftermath(finished, self.left))
                raise
            except KeyboardInterrupt as interrupt:
                raise Interrupted(" ".join(["Interrupted.", *_aftermath(finished, self.left)])) from interrupt
            except BaseException:
                for sentence in _aftermath(finished, self.left):
                    progress.say(sentence)
                raise
            finished.append((step, changes))
            done.extend(changes)
        return done


def _aftermath(
    finished: Sequence[tuple[Step, list[Change]]], left: Callable[[Sequence[Change]], list[str]] | None
) -> list[str]:
    """Undo what can be undone, in reverse order; returns a sentence for each undo, and sentences for what stays."""
    sentences: list[str] = []
    for step, _ in reversed(finished):
        if step.undo is None:
            continue
        try:
            sentences += filter(None, [step.undo()])
        except KeyboardInterrupt:  # a second Ctrl-C: what it would have undone is not known
            what = f"'{said.rstrip('.')}'" if (said := step.said) else "it"
            sentences.append(f"Undoing {what} was interrupted, so it may not be undone.")
        except PythonAppError as error:
            sentences.append(" ".join(filter(None, (f"Undoing it failed: {error.message}", error.recommendation))))
    if left is not None:
        return sentences + left([change for step, changes in finished if step.undo is None for change in changes])
    return sentences + _stays(finished, undone=True)


def _stays(finished: Sequence[tuple[Step, list[Change]]], undone: bool) -> list[str]:
    """Return a sentence for what stays. undone: whether the steps that can be were undone."""
    kept = [(step, changes) for step, changes in finished if step.undo is None or not undone]
    stays = [
        f"{change.target} ({change.action})"
        for _, changes in kept
        for change in changes
        if change.action not in ("none", "restart")
    ]
    sentences = []
    if stays:
        more = f" and {len(stays) - 5} more" if len(stays) > 5 else ""
        sentences.append(f"These changes remain: {', '.join(stays[:5])}{more}.")
    if not undone:
        sentences += [step.left for step, _ in kept if step.left]
        if any(step.undo for step, _ in kept):
            sentences.insert(0, "Nothing was undone, because the work may still be running.")
    return sentences


def report(app: dict[str, Any] | None, changes: Sequence[Change], dry_run: bool, **more: Any) -> dict[str, Any]:
    """Return the answer of a mutating command (docs/json-output.md).

    app: {"name", "resourceGroup", "slot"}, None where none is involved; changes: what happened or, in a dry run, would
    happen; more: the command's own keys, `changeId` among them where bytes of the app were kept.
    """
    real = [change for change in changes if change.action != "none"]
    answer: dict[str, Any] = {
        "changed": bool(real),
        "app": app,
        "changes": [change.to_dict() for change in real],
        "changeId": None,
        **more,
    }
    if dry_run:
        answer["dryRun"] = True
    return answer
