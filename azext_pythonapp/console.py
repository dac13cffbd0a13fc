"""The person's terminal: progress on standard error, silent when az was told to show only errors."""
import sys


class Console:
    """Says what an operation is doing. only_errors: az's --only-show-errors."""

    def __init__(self, only_errors):
        self._only_errors = only_errors

    def say(self, message):
        """One line about a step that begins or ended."""
        self._write(message)

    def output(self, line):
        """One line that a program on the worker printed, set off from our own."""
        self._write(f"  | {line}")

    def _write(self, line):
        if self._only_errors:
            return
        encoding = sys.stderr.encoding or 'utf-8'
        sys.stderr.write(line.encode(encoding, 'replace').decode(encoding) + '\n')
        sys.stderr.flush()
