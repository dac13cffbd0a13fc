"""The unmodified `az`, in a process for each command."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.advice_contract import check_advice
from tests.json_contract import check_output
from tests.local_azure import login
from tests.scenario.forked import ForkingAz
from tests.scenario.parsed import parser_of


@dataclass(frozen=True)
class Result:
    """How one az command ended. seconds: wall time."""

    command: tuple[str, ...]
    stdout: str
    stderr: str
    returncode: int
    seconds: float

    @property
    def json(self) -> Any:
        """What stdout says, as JSON. Raises ValueError when it is anything else, the empty text included."""
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return (
            f"$ {shlex.join(self.command)}    [exit code {self.returncode}, {self.seconds:.1f} s]\n"
            f"--- stdout\n{self.stdout}--- stderr\n{self.stderr}"
        )


class Az:
    """`az` with one environment; its stdin is closed, so that it can ask nothing.

    executable: the az program. environment: all of its variables, the proxy's and AZURE_CONFIG_DIR among them.
    folder: where it runs; az imports from there before it does from its extensions, so that must not be the checkout.
    loaded: runs the commands that have its environment, None for a new az for each.
    """

    def __init__(self, executable: Path, environment: Mapping[str, str], folder: Path, loaded: ForkingAz | None = None):
        self.executable = executable
        self.environment = dict(environment)
        self.folder = folder
        self.loaded = loaded

    def __call__(
        self, command: str, *more: object, expect: int | None = 0, timeout: float = 600, **variables: str
    ) -> Result:
        """Run to the end.

        command: words as in a shell, without `az`; more: further arguments, taken as they are; variables: environment
        variables for this command. expect: the exit code that it must have, None for any. Raises AssertionError with
        all that az said when the code is another one, when the output does not fit docs/json-output.md, or when a command
        that it advises cannot be pasted into a shell.
        """
        words = self._words(command, more)
        began = time.monotonic()
        done = self._run(words, self.environment | variables, timeout)
        result = Result(("az", *words[1:]), done.stdout, done.stderr, done.returncode, time.monotonic() - began)
        assert expect is None or done.returncode == expect, f"exit code {expect} was expected\n{result}"
        try:
            check_output(words[1:], self.environment | variables, (done.returncode, done.stdout, done.stderr))
            check_advice(words[1:], done.stdout, done.stderr, self.complaint)
        except (AssertionError, ValueError) as fault:
            raise AssertionError(f"{fault}\n{result}") from fault
        return result

    def sign_in(self) -> None:
        """Sign in to the local Azure; az then knows the subscriptions that are there at this moment."""
        secret = ("--username", login.CLIENT_ID, "--password", login.CLIENT_SECRET)
        self("login --service-principal", *secret, "--tenant", login.TENANT)

    def _run(
        self, words: Sequence[str], environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        if self.loaded and environment == self.loaded.environment:
            return self.loaded.run(words[1:], self.folder, timeout)
        return subprocess.run(
            words,
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
        )

    def complaint(self, words: Sequence[str]) -> str | None:
        """What az's own parser says against a command (the words after `az`), None when it takes it."""
        return parser_of(self.executable, self.environment).complaint(words)

    def start(self, command: str, *more: object) -> subprocess.Popen[str]:
        """Start a new az and return at once: its output can be read line by line while it runs."""
        return subprocess.Popen(
            self._words(command, more),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
            start_new_session=True,
        )

    def _words(self, command: str, more: tuple[object, ...]) -> list[str]:
        return [str(self.executable), *shlex.split(command), *map(str, more)]
