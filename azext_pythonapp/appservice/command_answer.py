"""What comes of a command on the worker: its result, or the wait for one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from azext_pythonapp.errors import Unreachable


@dataclass(frozen=True)
class CommandResult:
    """What a command on the worker printed and returned.

    exit_code -1 with an empty output may also mean that Kudu could not start or had to kill it; `error` then holds
    Kudu's own words (docs/platform/kudu.md 1.1).
    """

    output: str
    error: str
    exit_code: int


class PendingCommand:
    """A command that was posted and whose answer nobody waits for."""

    def __init__(self) -> None:
        self._result: CommandResult | None = None
        self._cut = False
        self._settled = threading.Event()
        self._given_up = threading.Event()
        self._lock = threading.Lock()
        self._pausing = False

    def result(self) -> CommandResult | None:
        """The command's result, or None while it is unanswered or when the connection was cut. Never raises."""
        return self._result

    def was_cut(self) -> bool:
        """Whether the connection ended without an answer; the command may still be running on the worker."""
        return self._cut

    def is_kept_back(self) -> bool:
        """Whether no try has reached Kudu yet and another one follows; what was posted cannot run yet."""
        return self._pausing

    def give_up(self) -> bool:
        """Nobody waits any more: a command that has not reached Kudu is not posted again.

        Returns whether it certainly never reached Kudu.
        """
        with self._lock:
            self._given_up.set()
            return self._pausing

    def pause(self, seconds: float) -> None:
        """Pass the time between two tries. Raises Unreachable after `give_up`."""
        self._pausing = True
        self._given_up.wait(seconds)
        with self._lock:
            if self._given_up.is_set():
                raise Unreachable("The command did not reach the SCM site, and nobody waits for it any more.")
            self._pausing = False

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or when the command is answered or cut meanwhile."""
        if self._settled.is_set():
            time.sleep(seconds)
        else:
            self._settled.wait(seconds)

    def settle(self, result: CommandResult | None) -> None:
        """Keep the answer; None says that the connection was cut."""
        self._result = result
        self._cut = result is None
        self._pausing = False
        self._settled.set()
