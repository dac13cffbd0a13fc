"""az in a terminal: a person reads its screen, answers its question, and presses Ctrl-C."""

from __future__ import annotations

import os
import re
import shlex

from tests.advice_contract import check_advice
from tests.scenario.az import Az
from tests.terminal import Terminal

_DATA = re.compile(r'^\s*".*$', re.M)
QUESTION = r"\(y/N\): *$"


class AzTerminal(Terminal):
    """A terminal in which az runs.

    az, words: as for Az. rest: as for Terminal.
    """

    def __init__(self, az: Az, words: list[str], environment: dict[str, str], columns: int, rows: int):
        super().__init__([str(az.executable), *words], environment, az.folder, columns, rows)
        self._az, self._words = az, words

    def end(self, timeout: float = 120) -> int:
        """As Terminal does; AssertionError also when a command that it advises cannot be pasted into a shell."""
        code = super().end(timeout)
        check_advice(self._words, "", _DATA.sub("", self.screen.text), self._az.complaint)
        return code


def az_in_terminal(
    az: Az, command: str, *more: object, columns: int = 80, rows: int = 24, **variables: str
) -> Terminal:
    """Start az in a terminal of a given size; the answer is a Terminal, whose block (`with`) ends it.

    command, more: as for az itself. variables: environment variables for this command.
    """
    words = [*shlex.split(command), *map(str, more)]
    return AzTerminal(az, words, az.environment | variables, columns, rows)


def pasted(az: Az, line: str, columns: int = 80, rows: int = 24, **variables: str) -> Terminal:
    """Start what a person pastes into a shell, pipes and redirections included, in a terminal; `az` is on PATH."""
    path = os.pathsep.join((str(az.executable.parent), az.environment["PATH"]))
    return Terminal(["bash", "-c", line], az.environment | {"PATH": path} | variables, az.folder, columns, rows)


def answered(az: Az, command: str, *more: object, answer: str, timeout: float = 120) -> tuple[int, str]:
    """Run az in a terminal and type `answer` once it asks a yes-or-no question.

    command, more: as for az itself. Returns the exit code and all that was on the screen, where a line that the
    terminal broke is one line.
    Raises AssertionError when it ends without a question, or takes longer than `timeout` seconds.
    """
    with az_in_terminal(az, command, *more) as terminal:
        terminal.wait_for(QUESTION, timeout)
        terminal.type(answer + "\n")
        code = terminal.end(timeout)
        return code, terminal.screen.text
