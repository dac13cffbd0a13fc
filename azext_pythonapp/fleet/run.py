"""Work on many apps, so many at a time: the others go on when one fails, and the outcomes are in the order given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from azext_pythonapp.fleet.outcome import Outcome, apps, failed, skipped
from azext_pythonapp.fleet.selection import Member

# How often the waiting thread looks whether somebody pressed Ctrl-C, which Windows tells only between two waits.
_LOOK_SECONDS = 0.5


class Watcher(Protocol):
    """Who is told what goes on."""

    def began(self, member: Member) -> None:
        """Take note that the work on an app begins."""

    def ended(self, member: Member, outcome: Outcome) -> None:
        """Take note of what became of an app."""

    def say(self, line: str) -> None:
        """Print one line that is about no app."""


@dataclass(frozen=True)
class Limits:
    """parallel: how many apps are worked on at the same time. max_failures: after so many no more is begun."""

    parallel: int
    max_failures: int | None = None


@dataclass
class FleetRun:
    """outcomes: one for each member, in order. interrupted: whether somebody pressed Ctrl-C."""

    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False


def run_all(
    members: Sequence[Member],
    work: Callable[[Member], Any],
    limits: Limits,
    watcher: Watcher,
    known: Sequence[Outcome | None] = (),
) -> FleetRun:
    """Work on each member, and return what became of it.

    work: takes a member and returns the command's answer; whatever it raises is that member's outcome. It is called in
    threads of its own. known: outcomes that are known already, by position; those members are left out.
    The first Ctrl-C lets no more members begin, and those that are worked on go on; the second one raises
    KeyboardInterrupt at once.
    """
    return _Run(members, work, limits, watcher, known).go()


class _Run:
    def __init__(
        self,
        members: Sequence[Member],
        work: Callable[[Member], Any],
        limits: Limits,
        watcher: Watcher,
        known: Sequence[Outcome | None],
    ):
        self._members = members
        self._work = work
        self._limits = limits
        self._watcher = watcher
        self._outcomes: list[Outcome | None] = [*known, *[None] * (len(members) - len(known))]
        self._waiting = [position for position, outcome in enumerate(self._outcomes) if outcome is None]
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._next = 0
        self._failures = 0
        self._running = 0
        self._why: str | None = None  # why no more is begun

    def go(self) -> FleetRun:
        interrupted = False
        # Ctrl-C comes to this thread only, so the others are started and counted in one that it cannot cut short.
        first = threading.Thread(target=self._lead, name="app 0", daemon=True)
        try:
            first.start()
            self._wait()
        except KeyboardInterrupt:
            interrupted = True
            self._stop_beginning("Ctrl-C was pressed before.")
            if first.ident is None:
                self._over.set()
            self._watcher.say(self._interrupted_sentence())
            self._wait()
        why = self._why or "the command was interrupted."
        return FleetRun([outcome or skipped(why) for outcome in self._outcomes], interrupted)

    def _lead(self) -> None:
        """Start the other threads, and do their work as well; where this machine has no more, with those there are."""
        with self._lock:
            self._running += 1
        for number in range(1, min(self._limits.parallel, len(self._waiting))):
            with self._lock:
                self._running += 1
            try:
                threading.Thread(target=self._take_turns, name=f"app {number}", daemon=True).start()
            except RuntimeError:
                with self._lock:
                    self._running -= 1
                break
        self._take_turns()

    def _wait(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            pass

    def _take_turns(self) -> None:
        try:
            while (position := self._begin()) is not None:
                member = self._members[position]
                outcome = self._done(member)
                with self._lock:
                    self._outcomes[position] = outcome
                self._count(outcome)
                with suppress(Exception):  # what cannot be shown never ends the work
                    self._watcher.ended(member, outcome)
        finally:
            with self._lock:
                self._running -= 1
                if self._running == 0:
                    self._over.set()

    def _begin(self) -> int | None:
        """Return the position of the next member; None when there is none, or no more is to be begun."""
        with self._lock:
            if self._why is not None or self._next >= len(self._waiting):
                return None
            position = self._waiting[self._next]
            self._next += 1
        with suppress(Exception):
            self._watcher.began(self._members[position])
        return position

    def _done(self, member: Member) -> Outcome:
        try:
            return Outcome("succeeded", self._work(member))
        except BaseException as error:  # pylint: disable=broad-exception-caught  # one app never ends the others
            return failed(error)

    def _count(self, outcome: Outcome) -> None:
        if outcome.status == "succeeded":
            return
        with self._lock:
            self._failures += 1
            most = self._limits.max_failures
            if most is not None and self._failures >= most and self._why is None:
                self._why = f"{apps(self._failures)} failed before, as --max-failures allows."

    def _stop_beginning(self, why: str) -> None:
        with self._lock:
            self._why = self._why or why

    def _interrupted_sentence(self) -> str:
        with self._lock:
            left = len(self._waiting) - self._next
            running = self._next - sum(self._outcomes[each] is not None for each in self._waiting)
        return (
            f"Interrupted: {apps(left)} will not be started. {apps(running)} {'is' if running == 1 else 'are'} still "
            "worked on; press Ctrl-C again to end at once."
        )
