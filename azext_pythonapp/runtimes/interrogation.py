"""Asking Pythons on the worker what they are: all of them in one remote command."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.errors import InvalidInput
from azext_pythonapp.appservice.windows import quote_command
from azext_pythonapp.runtimes.worker import Worker

# cmd.exe takes 8191 characters; Kudu's starter.cmd goes in front of ours (facts/kudu.md 1.2).
COMMAND_LIMIT = 7900
_SEPARATOR = " & "
_MARK = "pythonapp-runtime"
# For Python 2.7 and 3.x. Nothing but sys is imported: a json.py in the working directory would be taken for json.
# Without double quotes, percent signs or redirections, which cmd.exe would not leave alone in both of its passes.
_PROGRAM = (f"import sys;sys.stdout.write(' '.join(['{_MARK}',sys.argv[1],sys.version.split()[0],"
            "str(sys.maxsize.bit_length()+1)])+chr(10))")
_LINE = re.compile(rf"{_MARK} (?P<index>[0-9]+) (?P<version>[0-9][^\s+]*)\+? (?P<bits>32|64)\b")


@dataclass(frozen=True)
class Answer:
    """What a Python said of itself: version "3.6.4", architecture "x64" or "x86"."""

    version: str
    architecture: str


def ask(worker: Worker, python_paths: Sequence[str]) -> dict[str, Answer]:
    """Ask Pythons for their version and bitness.

    python_paths: full Windows paths of python.exe, existing or not. All go into one command line, or as few as its
        length allows: some thirty each.
    Returns the answers by path. A Python that is not there, crashes, or whose path cannot be put on a command line
    has none, and keeps no other from answering.
    """
    answers = {}
    for command in _commands(python_paths):
        for line in _LINE.finditer(worker.run(command).output):
            if int(line["index"]) < len(python_paths):
                architecture = "x64" if line["bits"] == "64" else "x86"
                answers[python_paths[int(line["index"])]] = Answer(line["version"], architecture)
    return answers


def _commands(python_paths: Sequence[str]) -> Iterator[str]:
    command = ""
    for index, path in enumerate(python_paths):
        try:
            # -E: no PYTHON* variable of the SCM site bends the answer. -B: asking leaves no file behind.
            question = quote_command(path, "-E", "-B", "-c", _PROGRAM, str(index))
        except InvalidInput:
            continue
        if command and len(command) + len(_SEPARATOR) + len(question) > COMMAND_LIMIT:
            yield command
            command = ""
        command += (_SEPARATOR if command else "") + question
    if command:
        yield command
