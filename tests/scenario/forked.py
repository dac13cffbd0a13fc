"""Commands of az in processes that are forked from one that has az loaded: the same az for a fifth of its cost."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.conftest import REPOSITORY

_PROGRAM = REPOSITORY / "tests" / "scenario" / "az_forks.py"
_START = (
    "import os, runpy, sys\n"
    "python, program, az, port = sys.executable, *sys.argv[1:]\n"
    "os.execl = lambda *_: os.execv(python, [python, program, port])\n"
    "runpy.run_path(az, run_name='__main__')\n"
)
"""Runs the program az, whose last act is to become `python -m azure.cli`, with the variables that it has set until
then; here it becomes az_forks.py."""


class ForkingAz:
    """An az that is loaded once. executable: the az program. environment: all variables of all its commands."""

    def __init__(self, executable: Path, environment: Mapping[str, str]):
        self.environment = dict(environment)
        self._folder = tempfile.TemporaryDirectory(prefix="az-forks-")
        self._port = os.path.join(self._folder.name, "port")
        self._process = subprocess.Popen(
            [executable.with_name("python"), "-c", _START, _PROGRAM, executable, self._port],
            env=self.environment,
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self._process.kill)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", "az_forks.py did not start"

    def run(self, arguments: Sequence[str], folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with nothing on standard input, as subprocess.run does.

        arguments: words after `az`. folder: where it runs. timeout: seconds.
        Raises subprocess.TimeoutExpired when it takes longer; it is ended then.
        """
        return self.start(arguments, folder).wait(timeout)

    def start(self, arguments: Sequence[str], folder: Path) -> ForkedAz:
        """Start a command and return at once; the parameters are those of `run`."""
        request = json.dumps({"arguments": list(arguments), "folder": str(folder)}).encode() + b"\n"
        connection, stdout, stderr = socket.socket(socket.AF_UNIX), _text_file(), _text_file()
        connection.connect(self._port)
        sent = socket.send_fds(connection, [request], [stdout.fileno(), stderr.fileno()])
        connection.sendall(request[sent:])
        return ForkedAz(["az", *arguments], connection, stdout, stderr)


class ForkedAz:
    """A command that runs in a process of its own, or has ended. pid: the process."""

    def __init__(self, words: Sequence[str], connection: socket.socket, stdout: IO[str], stderr: IO[str]):
        self._words = words
        self._connection = connection
        self._files = (stdout, stderr)
        self._answers = connection.makefile("rb")
        self.pid: int = _answer(self._answers)["pid"]

    def wait(self, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        """Wait for its end. Raises subprocess.TimeoutExpired when it takes longer; it is ended then."""
        with self._connection, self._answers, self._files[0] as stdout, self._files[1] as stderr:
            self._connection.settimeout(timeout)
            try:
                code = _answer(self._answers)["returncode"]
            except TimeoutError as error:
                os.kill(self.pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(self._words, timeout or 0) from error
            stdout.seek(0)
            stderr.seek(0)
            return subprocess.CompletedProcess(self._words, code, stdout.read(), stderr.read())


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


def _answer(answers: IO[bytes]) -> dict[str, Any]:
    line = answers.readline()
    assert line, "az_forks.py ended"
    answer: dict[str, Any] = json.loads(line)
    return answer
