"""Asking Pythons on the worker what they are: all of them in one remote command, and alone who did not answer it.

A Python that does not answer is one of three things: broken (its command ended without an answer, twice), not there, or
unknown: on a busy worker Kudu ends a command that was silent for too long and throws its output away
(docs/platform/kudu.md 1.4), or the connection is cut. Unknown is not broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from azext_pythonapp.errors import InvalidInput, UnknownOutcome
from azext_pythonapp.windows import quote_command
from azext_pythonapp.worker import CommandAnswer, ScmSite

# cmd.exe takes 8191 characters; Kudu's starter.cmd goes in front of ours (docs/platform/kudu.md 1.2).
COMMAND_LIMIT = 7900
_SEPARATOR = " & "
_MARK = "pythonapp-runtime"
# For Python 2.7 and 3.x. Nothing but sys is imported: a json.py in the working directory would be taken for json.
# Without double quotes, percent signs or redirections, which cmd.exe would not leave alone in both of its passes.
_PROGRAM = (
    f"import sys;sys.stdout.write(' '.join(['{_MARK}',sys.argv[1],sys.version.split()[0],"
    "str(sys.maxsize.bit_length()+1)])+chr(10))"
)
_LINE = re.compile(rf"{_MARK} (?P<index>[0-9]+) (?P<version>[0-9][0-9A-Za-z.]*)\S* (?P<bits>32|64)\b")


@dataclass(frozen=True)
class Answer:
    """What a Python said of itself: version "3.6.4", architecture "x64" or "x86"."""

    version: str
    architecture: str


@dataclass
class Replies:
    """What came of asking some Pythons, by their paths.

    answers: of those that answered. unknown: those that were not heard to their end, also when they were asked alone,
    and why. The others ended without an answer, or are not there.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def probe(kudu: ScmSite, python_paths: Sequence[str], matters: Callable[[str], bool] = lambda path: True) -> Replies:
    """Ask Pythons for their version and bitness.

    python_paths: full Windows paths of python.exe, existing or not. All go into one command line, or as few as its
        length allows: some thirty each. A Python that is not there, crashes, or whose path cannot be put on a command
        line keeps no other from answering.
    matters: whether one that did not answer is there, or said to be: it is asked again, alone. Others are asked again
        only when their command did not come to its end, and together.
    Raises UnknownOutcome when the connection was cut each time.
    """
    replies, heard, cut = Replies(), False, None
    waiting = [(indexes, command, False) for indexes, command in _commands(python_paths, range(len(python_paths)))]
    while waiting:
        indexes, command, again = waiting.pop(0)
        try:
            ended, reason = _ask(kudu, command, python_paths, replies), "the worker is busy, or it hangs"
            heard = heard or ended
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
    if cut is not None and not heard:
        raise cut
    replies.unknown.update(
        {path: "its path cannot be put on a command line" for path in python_paths if not _question(path, 0)}
    )
    return replies


def ask(kudu: ScmSite, python_paths: Sequence[str]) -> dict[str, Answer]:
    """The answers alone, by path; see `interrogate`."""
    return probe(kudu, python_paths).answers


def _ask(kudu: ScmSite, command: str, python_paths: Sequence[str], replies: Replies) -> bool:
    """Run one command and keep its answers; whether it came to its end. Raises UnknownOutcome."""
    result = kudu.run(command)
    for line in _LINE.finditer(result.output):
        if int(line["index"]) < len(python_paths):
            architecture = "x64" if line["bits"] == "64" else "x86"
            replies.answers[python_paths[int(line["index"])]] = Answer(line["version"], architecture)
    return not _was_ended_by_kudu(result)


def _was_ended_by_kudu(result: CommandAnswer) -> bool:
    """Whether Kudu could not start a command, or ended it: exit code -1, and no output at all
    (docs/platform/kudu.md 1.1)."""
    return result.exit_code == -1 and not result.output.strip()


def _commands(python_paths: Sequence[str], indexes: Iterable[int]) -> Iterator[tuple[list[int], str]]:
    """The command lines that ask, each with the indexes of the Pythons in it."""
    command, held = "", list[int]()
    for index in indexes:
        question = _question(python_paths[index], index)
        if not question:
            continue
        if command and len(command) + len(_SEPARATOR) + len(question) > COMMAND_LIMIT:
            yield held, command
            command, held = "", []
        command += (_SEPARATOR if command else "") + question
        held.append(index)
    if command:
        yield held, command


def _question(path: str, index: int) -> str:
    """The command line that asks one Python; "" for a path that no command line can carry."""
    try:
        # -E: no PYTHON* variable of the SCM site bends the answer. -B: asking leaves no file behind.
        return quote_command(path, "-E", "-B", "-c", _PROGRAM, str(index))
    except InvalidInput:
        return ""
