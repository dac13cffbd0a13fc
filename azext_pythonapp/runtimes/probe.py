"""Ask the Pythons on the worker for their versions: all in one remote command, then each one that did not answer alone.

A Python without an answer is one of three things: broken (its command ended without an answer, twice), missing, or
unknown. Unknown means that Kudu, on a busy worker, ended a command that was silent for too long and dropped its output
(docs/platform/kudu.md 1.4), or that the connection was cut. Unknown is not broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from azext_pythonapp.errors import InvalidInput, UnknownOutcome
from azext_pythonapp.windows import quote_command
from azext_pythonapp.worker import CommandAnswer, ScmSite

# cmd.exe accepts 8191 characters; Kudu's starter.cmd precedes ours (docs/platform/kudu.md 1.2).
COMMAND_LIMIT = 7900
_SEPARATOR = " & "
_MARK = "pythonapp-runtime"
# For Python 2.7 and 3.x. It imports only sys: a json.py in the working directory would shadow json. It has no double
# quotes, percent signs or redirections, which cmd.exe would interpret in one of its two passes.
_PROGRAM = (
    f"import sys;sys.stdout.write(' '.join(['{_MARK}',sys.argv[1],sys.version.split()[0],"
    "str(sys.maxsize.bit_length()+1)])+chr(10))"
)
_LINE = re.compile(rf"{_MARK} (?P<index>[0-9]+) (?P<version>[0-9][0-9A-Za-z.]*)\S* (?P<bits>32|64)\b")


@dataclass(frozen=True)
class Answer:
    """A Python's report: version "3.6.4", architecture "x64" or "x86"."""

    version: str
    architecture: str


@dataclass
class Replies:
    """The result of probing some Pythons, by their paths.

    answers: of those that answered. unknown: those without a complete answer, also when probed alone, and why. The
    others ended without an answer, or do not exist.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def probe(kudu: ScmSite, python_paths: Sequence[str], matters: Callable[[str], bool] = lambda path: True) -> Replies:
    """Ask Pythons for their version and bitness.

    python_paths: full Windows paths of python.exe, existing or not. They share one command line, or as few as the
        length limit allows: about thirty each. A Python that does not exist, crashes, or whose path cannot be put on a
        command line does not keep the others from answering.
    matters: whether one that did not answer exists, or should: it is probed again, alone. The others are probed again,
        together, only when their command was cut off.
    Raises UnknownOutcome when the connection was cut each time.
    """
    replies, completed, cut = Replies(), False, None
    waiting = [(indexes, command, False) for indexes, command in _commands(python_paths, range(len(python_paths)))]
    while waiting:
        indexes, command, again = waiting.pop(0)
        try:
            ended, reason = _ask(kudu, command, python_paths, replies), "the worker is busy, or it hangs"
            completed = completed or ended
        except UnknownOutcome as error:
            ended, reason, cut = False, "the connection was cut", error
        silent = [index for index in indexes if python_paths[index] not in replies.answers]
        if again:
            replies.unknown.update({python_paths[index]: reason for index in silent if not ended})
            continue
        alone = [index for index in silent if matters(python_paths[index])]
        rest = [index for index in silent if index not in alone] if not ended else []
        for group in [*([index] for index in alone), rest]:
            waiting += [(*question, True) for question in _commands(python_paths, group)]
    if cut is not None and not completed:
        raise cut
    replies.unknown.update(
        {path: "its path cannot be put on a command line" for path in python_paths if not _question(path, 0)}
    )
    return replies


def ask(kudu: ScmSite, python_paths: Sequence[str]) -> dict[str, Answer]:
    """Return only the answers, by path; see `probe`."""
    return probe(kudu, python_paths).answers


def _ask(kudu: ScmSite, command: str, python_paths: Sequence[str], replies: Replies) -> bool:
    """Run one command and store its answers; return whether it ran to its end. Raises UnknownOutcome."""
    result = kudu.run(command)
    for line in _LINE.finditer(result.output):
        if int(line["index"]) < len(python_paths):
            architecture = "x64" if line["bits"] == "64" else "x86"
            replies.answers[python_paths[int(line["index"])]] = Answer(line["version"], architecture)
    return not _was_ended_by_kudu(result)


def _was_ended_by_kudu(result: CommandAnswer) -> bool:
    """Return whether Kudu could not start a command, or ended it: exit code -1 without output.

    Source: docs/platform/kudu.md 1.1.
    """
    return result.exit_code == -1 and not result.output.strip()


def _commands(python_paths: Sequence[str], indexes: Iterable[int]) -> Iterator[tuple[list[int], str]]:
    """Yield the command lines, each with the indexes of the Pythons in it."""
    command, included = "", list[int]()
    for index in indexes:
        question = _question(python_paths[index], index)
        if not question:
            continue
        if command and len(command) + len(_SEPARATOR) + len(question) > COMMAND_LIMIT:
            yield included, command
            command, included = "", []
        command += (_SEPARATOR if command else "") + question
        included.append(index)
    if command:
        yield included, command


def _question(path: str, index: int) -> str:
    """Return the command line for one Python; "" for a path that cannot be put on a command line."""
    try:
        # -E: ignore the SCM site's PYTHON* variables. -B: write no .pyc files.
        return quote_command(path, "-E", "-B", "-c", _PROGRAM, str(index))
    except InvalidInput:
        return ""
