"""A program in a pseudo-terminal of a given size: a person reads its screen, types, and presses Ctrl-C."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.screen import Screen

CTRL_C = "\x03"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")
# The terminal becomes the program's own, so that Ctrl-C in it becomes a signal, which the program hears also when the
# tests run in the background of a shell, where it is ignored.
_IN_TERMINAL = (
    "import fcntl, os, signal, sys, termios; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A running program and its terminal; end the block (`with`) to end both.

    words: the program and its arguments. environment: all of its variables; COLUMNS and LINES are left out and TERM is
    set, so that the terminal alone says how wide it is. folder: where it runs. columns, rows: the terminal's size.

    After each method `screen` shows what the program has written up to then.
    """

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int = 80, rows: int = 24
    ):
        self.screen = Screen(columns, rows)
        self.written = ""
        self._seen = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._keyboard, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        variables = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _IN_TERMINAL, *words],
            env=variables | {"TERM": "xterm-256color"},
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._keyboard)

    def wait_for(self, pattern: str, timeout: float = 120) -> re.Match[str]:
        """Read on until something is written that a regular expression finds, and return what it found.

        What earlier calls have found does not count again. Escape sequences are left out, lines end with a line feed,
        and a carriage return stays where the program goes back to the beginning of a line.
        Raises AssertionError, with the screen, when the program ends before, or after `timeout` seconds.
        """
        found = self.appears(pattern, timeout)
        assert found, f"{pattern!r} did not appear; on the screen was\n{self.screen}"
        return found

    def appears(self, pattern: str, timeout: float = 120) -> re.Match[str] | None:
        """Do as wait_for does, but return None when the program ends before.

        Raises AssertionError, with the screen, after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            text = _CONTROL.sub("", self.written).replace("\r\n", "\n")
            found = re.compile(pattern, re.M).search(text, self._seen)
            if found:
                self._seen = found.end()
                return found
            if not self._read(deadline):
                assert time.monotonic() < deadline, f"{pattern!r} did not appear in time:\n{self.screen}"
                return None

    def type(self, text: str) -> None:
        """Type on the keyboard; an Enter is "\\n", Ctrl-C is CTRL_C."""
        os.write(self._keyboard, text.encode())

    def press_ctrl_c(self) -> None:
        """Press Ctrl-C: the terminal sends SIGINT to the program and its children."""
        self.type(CTRL_C)

    def watch(self, seconds: float) -> None:
        """Look at the screen for a while, or until the program has ended."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass

    def end(self, timeout: float = 120) -> int:
        """Read on to the program's end and return its exit code; a signal is a negative number.

        Raises AssertionError, with the screen, after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        left = deadline - time.monotonic()
        try:
            return self._process.wait(max(left, 1))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s; on the screen is\n{self.screen}") from None

    def _read(self, deadline: float) -> bool:
        """Take in what appears next; False when the terminal was closed at its other end, or it is too late."""
        ready, _, _ = select.select([self._keyboard], [], [], max(0, deadline - time.monotonic()))
        try:
            chunk = os.read(self._keyboard, 65536) if ready else b""
        except OSError:  # how Linux says that the other end is closed
            chunk = b""
        text = self._decoder.decode(chunk)
        self.written += text
        self.screen.feed(text)
        return bool(chunk)
