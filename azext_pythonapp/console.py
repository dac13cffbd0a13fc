"""The user's terminal: progress on standard error, silent with az's --only-show-errors."""

import os
import shutil
import sys

from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.url_secrets import masked

_DIFF_COLOURS = (("--- ", "\x1b[1m"), ("+++ ", "\x1b[1m"), ("@@", "\x1b[36m"), ("-", "\x1b[31m"), ("+", "\x1b[32m"))


class Console:
    """Print an operation's progress, and prompt for confirmation.

    On a terminal the last line shows the current activity; other lines appear above it. Messages can contain text from
    elsewhere, such as file names of the worker: control characters in it are removed and secrets in addresses masked.

    only_errors: az's --only-show-errors. never_ask: az's setting core.disable_confirm_prompt.
    """

    def __init__(self, only_errors, never_ask=False):
        self._only_errors = only_errors
        self._never_ask = never_ask
        self._status = ""

    def say(self, message):
        """Print one line about a step that starts or has ended."""
        self._write(masked(plain(message)))

    def output(self, line):
        """Print one line of output of a program on the worker, indented."""
        for part in masked(plain(line)).split("\n"):
            self._write(f"  | {part}")

    def status(self, text):
        """Show the current activity on a terminal's last line; None clears it."""
        if self._only_errors or not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns - 1
        shown = _encodable(masked(plain_line(text or "")), sys.stderr)[:width]
        # Blanks instead of an erase sequence, which not every Windows console supports; the text always fits one line.
        sys.stderr.write("\r" + shown.ljust(min(len(self._status), width)) + ("" if shown else "\r"))
        sys.stderr.flush()
        self._status = shown

    def data(self, line):
        """Print one line of the requested data to standard output. Exit quietly on a broken pipe."""
        try:
            sys.stdout.write(_encodable(plain(line), sys.stdout) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    def diff(self, text):
        """Print a unified diff in colours on a terminal only; elsewhere the command's output contains it."""
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
        """Ask a yes-or-no question. Raises Refused when the answer is no, or when the user cannot be prompted."""
        from knack.prompting import NoTTYException, prompt_y_n

        from azext_pythonapp.errors import Refused

        if self._never_ask:
            return
        try:
            agreed = prompt_y_n(plain(question), default="n")
        except NoTTYException:
            raise Refused(
                f"{question} Cannot prompt: standard input is not a terminal.", "Use --yes to skip the prompt."
            ) from None
        if not agreed:
            raise Refused("Nothing was changed: the answer to the prompt was no.")

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
    """Return the text with a question mark for each character that a stream cannot show."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
