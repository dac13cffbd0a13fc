"""Progress that is remembered, in place of the console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from azext_pythonapp.plan import Change


class Recorded:
    """What an operation tells its user. said: lines and titles, in order; last: the last lines; plans: those shown."""

    seconds = 12.0

    def __init__(self, said: list[str] | None = None):
        self.said: list[str] = [] if said is None else said
        self.statuses: list[str | None] = []
        self.transfers: list[tuple[str, int, int]] = []
        self.last: list[str] = []
        self.plans: list[tuple[str, str | None, list[Change], bool]] = []
        self.warnings: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def output(self, line: str) -> None:
        self.said.append(line)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        self.said.append(title)
        yield

    def status(self, text: str | None) -> None:
        self.statuses.append(text)

    def transfer(self, what: str, done: int, total: int) -> None:
        self.transfers.append((what, done, total))

    def data(self, line: str) -> None:
        raise AssertionError(line)

    def show_plan(
        self, label: str, now: str | None, changes: Sequence[Change], *, dry_run: bool, warnings: Sequence[str] = ()
    ) -> None:
        self.plans.append((label, now, list(changes), dry_run))
        self.warnings += warnings

    def conclude(self, *lines: str | None) -> None:
        self.last += [line for line in lines if line]

    def conclude_changes(self, heading: str, changes: Sequence[Change]) -> None:
        self.last.append(heading)
        self.last += [change.target for change in changes]

    def diff(self, text: str) -> None:
        self.last.append(text)

    def confirm(self, question: str) -> None:
        raise AssertionError(question)
