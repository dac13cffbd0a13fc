"""The person's terminal: progress on standard error, silent when az was told to show only errors."""

import os
import shutil
import sys

from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.url_secrets import masked

_DIFF_COLOURS = (("--- ", "\x1b[1m"), ("+++ ", "\x1b[1m"), ("@@", "\x1b[36m"), ("-", "\x1b[31m"), ("+", "\x1b[32m"))


class Console:
    """Says what an operation is doing, and asks before it does it.

    On a terminal the last line tells what goes on at this moment; other lines appear above it. What is said may hold
    text from elsewhere, such as file names of the worker: control characters in it and secrets in addresses are not
    shown.

    only_errors: az's --only-show-errors. never_ask: az's setting core.disable_confirm_prompt.
    """

    def __init__(self, only_errors, never_ask=False):
        self._only_errors = only_errors
        self._never_ask = never_ask
        self._status = ""

    def say(self, message):
        """One line about a step that begins or ended."""
        self._write(masked(plain(message)))

    def output(self, line):
        """One line that a program on the worker printed, set off from our own."""
        for part in masked(plain(line)).split("\n"):
            self._write(f"  | {part}")

    def status(self, text):
        """What goes on at this moment, for a terminal's last line only; None when nothing does any more."""
        if self._only_errors or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns - 1
        shown = _encodable(masked(plain_line(text or "")), sys.stderr)[:width]
        # Blanks instead of an erase sequence, which not every Windows console knows; text always fits on one line.
        sys.stderr.write("\r" + shown.ljust(min(len(self._status), width)) + ("" if shown else "\r"))
        sys.stderr.flush()
        self._status = shown

    def data(self, line):
        """One line of what was asked for, on standard output. Nobody reading any more ends the process in peace."""
        try:
            sys.stdout.write(_encodable(plain(line), sys.stdout) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    def diff(self, text):
        """A unified diff, in colours, for a person at a terminal; nowhere else, because answers hold it too."""
        if self._only_errors or not text or not (sys.stderr.isatty() and sys.stdout.isatty()):
            return
        for line in plain(text).split("\n"):
            colour = (
                ""
                if os.environ.get("NO_COLOR")
                else next((code for sign, code in _DIFF_COLOURS if line.startswith(sign)), "")
            )
            self._write(f"{colour}{line}\x1b[0m" if colour else line)

    def confirm(self, question):
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when nobody can answer."""
        from knack.prompting import NoTTYException, prompt_y_n

        from azext_pythonapp.errors import Refused

        if self._never_ask:
            return
        try:
            agreed = prompt_y_n(plain(question), default="n")
        except NoTTYException:
            raise Refused(
                f"{question} Nobody can answer, because this is no terminal.", "Use --yes to go on without asking."
            ) from None
        if not agreed:
            raise Refused("Nothing was changed: the question was answered with no.")

    def _write(self, line):
        if self._only_errors:
            return
        status = self._status
        if status:
            self.status(None)
        sys.stderr.write(_encodable(line, sys.stderr) + "\n")
        sys.stderr.flush()
        if status:
            self.status(status)


def _encodable(text, stream):
    """The text with a question mark for each character that a stream cannot show."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
