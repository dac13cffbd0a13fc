"""The user's terminal: progress on standard error, silent with az's --only-show-errors."""

import os
import sys
import threading
import time
from contextlib import contextmanager

from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.plan_view import Colours, change_lines, diff_lines, plan_lines
from azext_pythonapp.streams import cells, columns, cut, encodable, is_terminal, print_error
from azext_pythonapp.url_secrets import masked

# How often the elapsed time on the last line is updated, and from when on it is shown.
_TICK_SECONDS = 0.5
_QUIET_SECONDS = 1.0
# Columns of an upload's bar, and the units of its bytes.
_NARROWEST_BAR, _WIDEST_BAR = 8, 30
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
# What a terminal writes behind the last line when somebody presses Ctrl-C: "^C".
_ECHOED = 2


class Console:
    """Print an operation's progress, its plan and its last lines, and prompt for confirmation.

    On a terminal the last line shows the current activity and for how long it has been going on; other lines appear
    above it. Messages can contain text from elsewhere, such as file names of the worker: control characters in it are
    removed and secrets in addresses masked.

    only_errors: az's --only-show-errors. never_ask: az's setting core.disable_confirm_prompt. at_end: takes a function
    that is called when az has printed the command's answer; by default it is called at once.
    """

    def __init__(self, only_errors, never_ask=False, at_end=lambda function: function(), clock=time.monotonic):
        self._only_errors = only_errors
        self._never_ask = never_ask
        self._at_end = at_end
        self._clock = clock
        self._began = clock()
        self._lock = threading.RLock()
        self._phases = []
        self._shown = ""
        self._ticker = None

    @property
    def seconds(self):
        """Return the seconds since the command began."""
        return self._clock() - self._began

    def say(self, message):
        """Print one line about a step that starts or has ended."""
        self._write(masked(plain(message)))

    def output(self, line):
        """Print one line of output of a program on the worker, indented."""
        for part in masked(plain(line)).split("\n"):
            self._write(f"  | {part}")

    @contextmanager
    def phase(self, title):
        """Show that work goes on until the block ends: the title as a line, and below it, on a terminal, the time.

        title: a sentence that is true when the work begins. Inside another phase this one is shown until it ends.
        """
        self.say(title)
        phase = _Phase(masked(plain_line(title)).rstrip("."), self._clock())
        with self._lock:
            self._phases.append(phase)
        self._start_ticker()
        try:
            yield
        finally:
            with self._lock:
                self._phases.remove(phase)
            self._draw()

    def status(self, text):
        """Say on a terminal's last line what is being done just now; None clears that.

        The time is that of the phase; without one, it begins with the first status.
        """
        self._show(text, None)

    def transfer(self, what, done, total):
        """Show on a terminal's last line how far an upload is: a bar, per cent and bytes. Elsewhere, print nothing.

        what: in a few words, "uploading to app 'shop'"; done, total: bytes.
        """
        self._show(what, (done, total) if total > 0 else None)

    def _show(self, text, transfer):
        with self._lock:
            if not self._phases and text is None:
                return
            if not self._phases:
                self._phases.append(_Phase("", self._clock(), of_status=True))
                self._start_ticker()
            phase = self._phases[-1]
            if text is None and phase.of_status:
                self._phases.remove(phase)
            phase.detail, phase.transfer = masked(plain_line(text or "")), transfer
        self._draw()

    def data(self, line):
        """Print one line of the requested data to standard output. Exit quietly on a broken pipe."""
        try:
            sys.stdout.write(encodable(plain(line), sys.stdout) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except (AttributeError, ValueError):
            sys.exit(0)  # standard output is closed, so nobody reads it

    def show_plan(self, label, now, changes, *, dry_run, warnings=()):
        """Show a plan: before the question, or, in a dry run, as the last thing on the screen.

        label: "app 'shop'" or a file; now: what it is before the plan, in a few words, or None; changes: of the plan;
        warnings: sentences about what the plan means.
        """

        def show():
            wide = columns() if is_terminal(sys.stderr) else None
            for line in plan_lines(label, now, changes, _colours(), wide, dry_run=dry_run, warnings=warnings):
                self._write(masked(line))

        if dry_run:
            self._at_end(show)
        else:
            show()

    def conclude(self, *lines):
        """Print lines as the last thing on the screen, behind the command's answer.

        lines: sentences, and commands to paste; None and "" are left out.
        """

        def show():
            for line in filter(None, lines):
                self._write(masked(plain(line)))

        self._at_end(show)

    def conclude_changes(self, heading, changes):
        """Print a sentence and rows of changes, with their diffs, behind the command's answer."""

        def show():
            wide = columns() if is_terminal(sys.stderr) else None
            for line in (plain_line(heading), *change_lines(changes, _colours(), wide)):
                self._write(masked(line))

        self._at_end(show)

    def diff(self, text):
        """Show a unified diff as the last thing on the screen of a terminal; elsewhere the answer has it."""
        if not text or not (is_terminal(sys.stderr) and is_terminal(sys.stdout)):
            return
        self._at_end(lambda: [self._write(masked(line)) for line in diff_lines(text, _colours())])

    def confirm(self, question):
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when the user cannot be prompted."""
        from knack.prompting import NoTTYException, prompt_y_n

        from azext_pythonapp.errors import Refused

        if self._never_ask:
            return
        asked = self._clock()
        try:
            agreed = prompt_y_n(plain(question), default="n")
        except NoTTYException:
            raise Refused(
                f"{question} Cannot prompt: standard input is not a terminal.", "Use --yes to skip the prompt."
            ) from None
        except EOFError:
            raise Refused("Nothing was changed: the prompt got no answer.") from None
        self._began += self._clock() - asked  # the time to think is not the command's
        if not agreed:
            raise Refused("Nothing was changed: the answer to the prompt was no.")

    def _write(self, line):
        if self._only_errors:
            return
        with self._lock:
            self._erase()
            print_error(line + "\n")
        self._draw()

    def _draw(self):
        """Bring the last line up to date."""
        if self._only_errors or not is_terminal(sys.stderr):
            return
        with self._lock:
            width = columns() - _ECHOED
            text = self._phases[-1].line(self._clock(), width - 1) if self._phases else ""
            text = encodable(text, sys.stderr)
            if text == self._shown:
                return
            self._erase()
            self._shown = text  # before it is: Ctrl-C may come in between
            print_error(text)

    def _erase(self):
        """Blank out the last line: blanks in place of an erase sequence, which not every Windows console supports."""
        if self._shown:
            print_error("\r" + " " * (cells(self._shown) + _ECHOED) + "\r")
            self._shown = ""

    def _start_ticker(self):
        if self._only_errors or not is_terminal(sys.stderr) or (self._ticker is not None and self._ticker.is_alive()):
            return
        self._ticker = threading.Thread(target=self._tick, name="status line", daemon=True)
        self._ticker.start()

    def _tick(self):
        while True:
            time.sleep(_TICK_SECONDS)
            with self._lock:
                if not self._phases:
                    self._ticker = None
                    return
            self._draw()


class _Phase:
    """Work that goes on.

    detail: what is being done just now; transfer: (bytes done, of all) of an upload, or None; of_status: whether it
    ends with its status.
    """

    def __init__(self, title, began, of_status=False):
        self.title = title
        self.began = began
        self.detail = ""
        self.transfer = None
        self.of_status = of_status

    def line(self, now, width):
        """Return what the last line says: at most so many characters, the time never cut off."""
        elapsed = max(0, int(now - self.began))
        if not self.detail and now - self.began < _QUIET_SECONDS:
            return ""
        time_text = f", {elapsed // 60}:{elapsed % 60:02d}"
        if width < len(time_text):
            return cut(time_text[2:], width)
        if self.transfer:
            done, total = self.transfer
            return _bar(self.detail, done, total, width - len(time_text)) + time_text
        return cut(self.detail or self.title, width - len(time_text)) + time_text


def _bar(what, done, total, width):
    """Return how far an upload is, in at most so many columns: what, a bar where there is room, per cent, bytes."""
    done = min(done, total)
    unit, name = next(((unit, name) for unit, name in _UNITS if total >= unit), (1, "B"))
    numbers = f"{done * 100 // total:3d}%  {done / unit:.{int(unit > 1)}f} of {total / unit:.{int(unit > 1)}f} {name}"
    room = width - cells(what) - len(numbers) - 5
    if room < _NARROWEST_BAR:
        return cut(f"{numbers.strip()}, {what}", width)
    wide = min(room, _WIDEST_BAR)
    full = wide * done // total
    return f"{what} [{'#' * full}{'-' * (wide - full)}] {numbers}"


def _colours():
    return Colours(is_terminal(sys.stderr) and not os.environ.get("NO_COLOR"))
