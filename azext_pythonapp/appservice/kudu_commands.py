"""Commands and processes on a worker, through its SCM site's /api/command and /api/processes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azext_pythonapp.appservice.outcome import parse_json, text_of
from azext_pythonapp.appservice.scm_requests import ScmRequests
from azext_pythonapp.errors import Conflict, NotFound, PythonAppError, UnknownOutcome, Unreachable

# A started command may run for this long; nobody waits for its answer.
STARTED_SECONDS = 6 * 3600


@dataclass(frozen=True)
class CommandResult:
    """What a command on the worker printed and returned.

    exit_code -1 with an empty output can also mean that Kudu could not start the command or had to kill it; `error` is
    then Kudu's own message (docs/platform/kudu.md 1.1).
    """

    output: str
    error: str
    exit_code: int


class PendingCommand:
    """A command that was posted without waiting for its answer."""

    def __init__(self) -> None:
        self._result: CommandResult | None = None
        self._settled = threading.Event()
        self._given_up = threading.Event()
        self._lock = threading.Lock()
        self._between_tries = False

    def result(self) -> CommandResult | None:
        """Return the command's result; None while there is none and when the connection was cut. Never raises."""
        return self._result

    def give_up(self) -> bool:
        """Stop posting the command: one that has not reached Kudu yet is not posted again.

        Returns whether it certainly never reached Kudu.
        """
        with self._lock:
            self._given_up.set()
            return self._between_tries

    def pause(self, seconds: float) -> None:
        """Wait between two tries. Raises Unreachable after `give_up`."""
        self._between_tries = True
        self._given_up.wait(seconds)
        with self._lock:
            if self._given_up.is_set():
                raise Unreachable("The command did not reach the SCM site, and is not sent again.")
            self._between_tries = False

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the command is answered or its connection cut."""
        if self._settled.is_set():
            time.sleep(seconds)
        else:
            self._settled.wait(seconds)

    def settle(self, result: CommandResult | None) -> None:
        """Store the result; None when the connection was cut."""
        self._result = result
        self._between_tries = False
        self._settled.set()


def run_command(
    scm: ScmRequests, command: str, directory: str, timeout: float, sleep: Callable[[float], None] | None = None
) -> CommandResult:
    """Run a command on the worker and wait for it.

    command: a cmd.exe command line. directory: relative to %HOME%, or a full Windows path. timeout: seconds.
    sleep: waits between two tries; an exception from it ends them.
    Raises UnknownOutcome when the connection was cut before the answer.
    """
    started = scm.outage.clock()
    response = scm.send_once(
        "POST",
        f"{scm.base}/api/command",
        timeout,
        "the command",
        sleep=sleep,
        json={"command": command, "dir": directory},
    )
    answer = parse_json(text_of(response))
    code = whole_number(answer.get("ExitCode")) if isinstance(answer, dict) else None
    if code is None:
        raise scm.unknown_outcome(scm.outage.clock() - started)
    return CommandResult(str(answer.get("Output") or ""), str(answer.get("Error") or ""), code)


def start_command(scm: ScmRequests, command: str, directory: str) -> PendingCommand:
    """Post a command from a thread and return at once; parameters as for `run_command`."""
    pending = PendingCommand()

    def post() -> None:
        result = None
        try:
            result = run_command(scm, command, directory, STARTED_SECONDS, pending.pause)
        except UnknownOutcome:
            pass
        except PythonAppError as error:
            result = CommandResult("", error.message, -1)
        except Exception:  # pylint: disable=broad-except  # whether it reached Kudu is not known
            pass
        finally:
            pending.settle(result)

    threading.Thread(target=post, name="kudu-command", daemon=True).start()
    return pending


@dataclass(frozen=True)
class Process:
    """A process on the worker. path: of its program, where Kudu can read it; web_job: whether a WebJob started it."""

    pid: int
    path: str
    command_line: str
    web_job: bool


def processes_of(scm: ScmRequests, program: str) -> list[Process]:
    """Return the processes of a program, such as "python", on the instance that answers (docs/platform/kudu.md 5.3)."""
    found = []
    for row in scm.get_rows(f"{scm.base}/api/processes", "processes"):
        pid = whole_number(row.get("id"))
        if pid is not None and str(row.get("name") or "").lower().removesuffix(".exe") == program:
            with suppress(NotFound):
                fields = scm.get_json(f"{scm.base}/api/processes/{pid}", "a process")
                if not isinstance(fields, dict):
                    raise scm.not_kudu("a process")
                # Another field, environment_variables, contains secrets.
                found.append(
                    Process(
                        pid,
                        str(fields.get("file_name") or ""),
                        str(fields.get("command_line") or ""),
                        fields.get("is_webjob") is True,
                    )
                )
    return found


def app_start_time(scm: ScmRequests) -> datetime | None:
    """Return when the app's worker process was started, on the instance that answers; None when it is not known.

    Kudu gives the app's w3wp.exe the process id -1 (docs/platform/kudu.md 5.3).
    """
    try:
        found = scm.get_json(f"{scm.base}/api/processes/-1", "the app's process")
    except (NotFound, Conflict):
        return None
    return parse_time(str(found.get("start_time") or "")) if isinstance(found, dict) else None


def parse_time(text: str) -> datetime | None:
    """Return a time in Kudu's JSON, where .NET writes up to seven digits of a second; None for anything else."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}{(match[2] or '.0').ljust(7, '0')}{zone}")
    except ValueError:
        return None


def whole_number(value: Any) -> int | None:
    """Return a number in Kudu's JSON, also one written as text; None for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
