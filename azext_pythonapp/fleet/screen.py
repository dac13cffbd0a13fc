"""What a person sees of the work on many apps: lines with the app's name before them, and what each is doing now.

On a terminal the last lines show the running apps, one line each; other lines appear above them. Elsewhere there is one
line for each app that has ended, beside what the command has to say about one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from azext_pythonapp.errors import Refused
from azext_pythonapp.fleet.outcome import Outcome
from azext_pythonapp.fleet.selection import Member
from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.plan import Change
from azext_pythonapp.streams import cut, encodable, is_terminal, print_error, terminal_size
from azext_pythonapp.url_secrets import masked

# How often the last lines are drawn, at most; and columns at the right that a terminal writes to by itself.
_TICK_SECONDS = 0.25
_RESERVED = 3
# Lines of the screen that are left to other lines.
_OTHER_LINES = 4


class Screen:
    """Standard error, for all apps. Several threads can use it at the same time.

    only_errors: az's --only-show-errors; what failed is printed then, too. clock: seconds, monotonic.
    """

    def __init__(self, only_errors: bool, clock: Callable[[], float] = time.monotonic):
        self._only_errors = only_errors
        self._clock = clock
        self._lock = threading.RLock()
        self._running: dict[str, MemberProgress] = {}
        self._drawn = 0
        self._waiting = 0
        self._ticker: threading.Thread | None = None
        self._closed = False
        self._live = not only_errors and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"

    def begin(self, members: int) -> None:
        """Take note of how many apps are to be worked on."""
        with self._lock:
            self._waiting = members

    def progress(self, member: Member) -> MemberProgress:
        """Return where the work on one app reports its progress."""
        return MemberProgress(self, member.label, self._clock)

    def began(self, member: Member, progress: MemberProgress) -> None:
        """Show an app as one that is worked on."""
        with self._lock:
            self._waiting -= 1
            self._running[member.label] = progress
            if self._live and self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, name="status lines", daemon=True)
                self._ticker.start()

    def ended(self, member: Member, outcome: Outcome, what: str) -> None:
        """Print what became of an app. what: of the answer, in a few words; "" for nothing."""
        with self._lock:
            progress = self._running.pop(member.label, None)
            took = f" after {progress.seconds:.0f} s" if progress is not None and progress.seconds >= 1 else ""
        if outcome.status == "succeeded":
            self.line(member.label, f"succeeded{took}{': ' + what if what else ''}.")
        else:
            self.line(member.label, f"{outcome.status}{took}: {outcome.reason}", always=True)

    def say(self, line: str) -> None:
        """Print one line that is about no app."""
        self._write(masked(plain(line)), False)

    def line(self, label: str, text: str, always: bool = False) -> None:
        """Print the lines of a text, each with the app's name before it. always: also with --only-show-errors."""
        lines = [f"{label}: {part}" for part in masked(plain(text)).split("\n") if part]
        if lines:
            self._write("\n".join(lines), always)

    def close(self) -> None:
        """Print no more: not from threads that go on until the process ends, either."""
        with self._lock:
            self._erase()
            self._closed = True

    def _write(self, text: str, always: bool) -> None:
        if self._only_errors and not always:
            return
        with self._lock:
            if self._closed:
                return
            self._erase()
            print_error(text + "\n")
            self._draw()

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            with self._lock:
                if self._closed or not self._running:
                    self._erase()
                    self._ticker = None
                    return
                self._erase()
                self._draw()

    def _draw(self) -> None:
        if not self._live or not self._running or self._closed:
            return
        width, height = terminal_size()
        lines = self._lines(max(1, height - _OTHER_LINES), width - _RESERVED)
        print_error("".join(encodable(line, sys.stderr) + "\n" for line in lines))
        self._drawn = len(lines)

    def _lines(self, most: int, width: int) -> list[str]:
        """Return what the last lines say: at most so many lines of so many columns."""
        running = list(self._running.items())
        shown = running if len(running) <= most else running[: most - 1]
        lines = [f"{label}: {progress.now()}" for label, progress in shown]
        if len(shown) < len(running):
            lines.append(f"… and {len(running) - len(shown)} more")
        if self._waiting > 0 and lines:
            lines[-1] += f" ({self._waiting} not started yet)"
        return [cut(line, width) for line in lines]

    def _erase(self) -> None:
        """Take the last lines away. az switches a Windows console to these sequences, as for its colours."""
        if self._drawn:
            print_error(f"\r\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0


class MemberProgress:
    """Where the work on one app reports its progress (`Progress` in appservice/app.py).

    What is printed line by line for a single app, such as pip's output, is only the status here; the answer and the
    line at the app's end say what came of it. data: lines of requested data, in place of standard output.
    """

    def __init__(self, screen: Screen, label: str, clock: Callable[[], float] = time.monotonic):
        self._screen = screen
        self._label = label
        self._clock = clock
        self._began = clock()
        self._titles: list[str] = []
        self._status = ""
        self.lines: list[str] = []

    @property
    def seconds(self) -> float:
        """Return the seconds since the work on this app began."""
        return self._clock() - self._began

    def now(self) -> str:
        """Return what is being done just now, and for how long this app has been worked on."""
        seconds = int(self.seconds)
        what = self._status or "".join(self._titles[-1:])  # another thread may take the title away meanwhile
        return f"{what.rstrip('.') or 'working'}, {seconds // 60}:{seconds % 60:02d}"

    def say(self, message: str) -> None:
        """Print one line."""
        self._screen.line(self._label, message)

    def output(self, line: str) -> None:
        """Show the last line of output of a program on the worker."""
        self._status = masked(plain_line(line))

    def status(self, text: str | None) -> None:
        """Show the current activity."""
        self._status = masked(plain_line(text or ""))

    def transfer(self, what: str, done: int, total: int) -> None:
        """Show how far an upload is."""
        self._status = f"{masked(plain_line(what))} {done * 100 // total if total > 0 else 100}%"

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Show the title until the block ends."""
        self._titles.append(masked(plain_line(title)))
        self._status = ""
        try:
            yield
        finally:
            self._titles.pop()
            self._status = ""

    def show_plan(  # pylint: disable=unused-argument
        self, label: str, now: str | None, changes: Sequence[Change], *, dry_run: bool, warnings: Sequence[str] = ()
    ) -> None:
        """Print the warnings; the summary of all apps has the changes."""
        for warning in warnings:
            self.say(f"Warning: {warning}")

    def conclude(self, *lines: str | None) -> None:
        """Print nothing: the answer has it, and the last lines are about all apps."""

    def conclude_changes(self, heading: str, changes: Sequence[Change]) -> None:
        """Print nothing, as `conclude`."""

    def diff(self, text: str) -> None:
        """Print nothing, as `conclude`."""

    def data(self, line: str) -> None:
        """Keep one line of the requested data for the answer."""
        self.lines.append(plain(line))

    def confirm(self, question: str) -> None:
        """Refuse: one question was asked for all apps before, and this is another one. Raises Refused."""
        raise Refused(f"{question} This was not asked for all apps.", "Use --yes to skip the prompt.")
