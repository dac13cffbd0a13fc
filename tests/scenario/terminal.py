"""az in a terminal: a person reads its question and types an answer."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import time

from tests.scenario.az import Az


def answered(az: Az, command: str, *more: object, answer: str, timeout: float = 120) -> tuple[int, str]:
    """Run az in a terminal and type `answer` once it asks a yes-or-no question.

    command, more: as for az itself. Returns the exit code and all that was on the screen.
    Raises AssertionError when it ends without a question, or takes longer than `timeout` seconds.
    """
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [str(az.executable), *shlex.split(command), *map(str, more)],
        env=az.environment,
        cwd=az.folder,
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    shown, asked, began = b"", False, time.monotonic()
    try:
        while chunk := _read(screen):
            shown += chunk
            if not asked and re.search(rb"\(y/N\): *$", shown):
                asked = True
                os.write(screen, answer.encode() + b"\n")
            assert time.monotonic() - began < timeout, shown.decode()
        code = process.wait(timeout)
    finally:
        process.kill()
        os.close(screen)
    assert asked, shown.decode()
    return code, shown.decode()


def _read(screen: int) -> bytes:
    """What appears next; b'' when the terminal was closed at its other end."""
    try:
        return os.read(screen, 65536)
    except OSError:
        return b""
