"""Ask the Pythons on the worker for their versions: all in one remote command, then each one that did not answer alone.

A Python without an answer is one of three things: broken (its command ended without an answer, twice), missing, or
unknown. Unknown means that Kudu, on a busy worker, ended a command that was silent for too long and dropped its output
(docs/platform/kudu.md 1.4), that Windows was short of memory or processes, or that the connection was cut. Unknown is
not broken.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from azext_pythonapp.errors import InvalidInput, UnknownOutcome
from azext_pythonapp.runtimes.environment import DESCRIPTION, FOLDER, LETTERS, Letter, python_of
from azext_pythonapp.windows import quote_command
from azext_pythonapp.worker import CommandAnswer, ScmSite

# cmd.exe accepts 8191 characters; Kudu's starter.cmd precedes ours (docs/platform/kudu.md 1.2).
COMMAND_LIMIT = 7900
_SEPARATOR = " & "
# Read-only; D:\Python34 contains 3.6.6 since 2018 (docs/platform/site-extensions.md 1.7). VFS cannot read them.
BUILT_IN_PYTHONS = (r"D:\Python27\python.exe", r"D:\Python34\python.exe")
_MARK = "pythonapp-runtime"
_HOME_MARK = "pythonapp-home"
_FOLDER_MARK = "pythonapp-folder"
_COMPLETE_MARK, _ENVIRONMENT_MARK = "pythonapp-complete", "pythonapp-environment"
# For Python 2.7 and 3.x. It imports only sys: a json.py in the working directory would shadow json. It has no double
# quotes, percent signs or redirections, which cmd.exe would interpret in one of its two passes.
_PROGRAM = (
    f"import sys;sys.stdout.write(' '.join(['{_MARK}',sys.version.split()[0],"
    "str(sys.maxsize.bit_length()+1),sys.argv[1]])+chr(10))"
)
# The same of an environment, with the folder of its runtime.
_ENVIRONMENT_PROGRAM = (
    f"import sys;sys.stdout.write(' '.join(['{_ENVIRONMENT_MARK}',sys.argv[1],sys.version.split()[0],"
    "str(sys.maxsize.bit_length()+1),sys.base_prefix])+chr(10))"
)
_LINE = re.compile(
    rf"{_MARK} (?P<version>[0-9][0-9A-Za-z.]*)\S* (?P<bits>32|64) (?P<name>[^\r\n]+?)[ \r]*$", re.MULTILINE
)
# -E: ignore the SCM site's PYTHON* variables. -B: write no .pyc files.
_ASK = ("-E", "-B", "-c", _PROGRAM)
# Every %HOME% has this folder, so output that does not list it is not relied on.
_SURE_FOLDER = "site"
_HOME_LINE = re.compile(rf"^{_HOME_MARK} (?P<home>[A-Za-z]:\\[^\r\n]*[^\\\s])\s*$", re.MULTILINE)
_COMPLETE_LINE = re.compile(rf"^{_COMPLETE_MARK} (?P<letter>[ab])[ \r]*$", re.MULTILINE)
_ENVIRONMENT_LINE = re.compile(
    rf"^{_ENVIRONMENT_MARK} (?P<letter>[ab]) (?P<version>[0-9][0-9A-Za-z.]*)\S* (?P<bits>32|64) "
    r"(?P<base>[^\r\n]+?)[ \r]*$",
    re.MULTILINE,
)
# What cmd.exe says where Windows cannot start a program at this moment: the texts of the errors 8, 1359, 1450 and 1455
# (https://learn.microsoft.com/windows/win32/debug/system-error-codes; docs/platform/worker.md 0.9).
_SHORTAGE = re.compile(
    "Not enough (?:memory resources are|storage is) available|An internal error occurred|Insufficient system resources "
    "exist|The paging file is too small"
)
_FOLDER_LINE = re.compile(rf"^{_FOLDER_MARK} (?P<name>[^\r\n]+?)[ \r]*$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """A Python's report: version "3.6.4", architecture "x64" or "x86"."""

    version: str
    architecture: str


@dataclass(frozen=True)
class Standing:
    """An environment that answered. base: the folder of its runtime, as the worker sees it."""

    answer: Answer
    base: str


@dataclass
class Replies:
    """The result of probing some Pythons, by their paths.

    answers: of those that answered. unknown: those without a complete answer, also when probed alone, and why. The
    others ended without an answer, or do not exist.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """The result of the one command that finds the Pythons of a worker and probes them.

    home: %HOME%. folders: the names of the folders in it that are named like a Python. Both are None when the command
        was cut off, or printed what cannot be relied on.
    environments: those that are complete, None for one that did not answer; None when that is not known.
    answers: of the Pythons that answered, those of environments too, by path. completed: whether the command ran to its
        end. cut: the error of a connection that was cut. output: all that the command printed, when it ran to its end.
    """

    home: str | None = None
    folders: tuple[str, ...] | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    completed: bool = False
    cut: UnknownOutcome | None = None
    output: str = field(default="", repr=False, compare=False)
    environments: Mapping[Letter, Standing | None] | None = None


def survey(kudu: ScmSite, more: str = "") -> Survey:
    """Find the Pythons in %HOME% and the built-in ones, and probe each: one remote command.

    more: a command that the same one runs behind that; what it prints is in `output`.
    Raises what the SCM site raises, except UnknownOutcome, which is stored in `cut`.
    """
    try:
        result = kudu.run(_SEPARATOR.join(filter(None, (survey_command(), more))))
    except UnknownOutcome as error:
        return Survey(cut=error)
    if _was_ended_by_kudu(result):
        return Survey()
    home = _HOME_LINE.search(result.output)
    rows = [match["name"] for match in _FOLDER_LINE.finditer(result.output)]
    answers = {match["name"]: _answer(match) for match in _LINE.finditer(result.output)}
    folders = [name for name in rows if name.lower().startswith("python")]
    known = {name.lower() for name in (*folders, *map(ntpath.dirname, BUILT_IN_PYTHONS))}
    # The console's code page cannot represent every name.
    legible = all(name.isascii() and "?" not in name for name in rows) and known.issuperset(map(str.lower, answers))
    if home is None or not legible or _SURE_FOLDER not in map(str.lower, rows):
        return Survey(completed=True, output=result.output)
    kudu.note_home(home["home"])
    # A built-in Python prints the full path of its folder, which `join` does not change.
    by_path = {ntpath.join(home["home"], name, "python.exe"): answer for name, answer in answers.items()}
    environments = _environments(result.output)
    standing = {letter: found for letter, found in environments.items() if found is not None}
    by_path.update({python_of(letter, home["home"]): found.answer for letter, found in standing.items()})
    return Survey(home["home"], tuple(folders), by_path, True, None, result.output, environments)


def _environments(output: str) -> dict[Letter, Standing | None]:
    """Return the environments that are complete, by what a survey printed."""
    complete = {match["letter"] for match in _COMPLETE_LINE.finditer(output)}
    said = {match["letter"]: Standing(_answer(match), match["base"]) for match in _ENVIRONMENT_LINE.finditer(output)}
    return {letter: said.get(letter) for letter in LETTERS if letter in complete}


def survey_command() -> str:
    """Return the command line of `survey`, which Kudu starts in %HOME%.

    cmd.exe parses the part before the first `&` twice, the second time in starter.cmd, and the rest once, as on a
    command line. There `%i` is the variable of `for`; expansion leaves it alone, because no environment variable has
    such a name (docs/platform/kudu.md 1.2). The parentheses end the body of each `for`. The dot is an item that is
    always there: not every cmd.exe goes on after a loop that finds nothing.
    """
    arguments = f'-E -B -c "{_PROGRAM}" "%i"'
    built_in = " ".join(map(ntpath.dirname, BUILT_IN_PYTHONS))
    environment = "\\".join([*FOLDER.split("/"), "%i"])
    each = f"for %i in ({' '.join(LETTERS)}) do @if exist"
    return _SEPARATOR.join(
        (
            f"echo {_HOME_MARK} %CD%",
            f"(for /d %i in (python* {_SURE_FOLDER[:-1]}*) do @echo {_FOLDER_MARK} %i)",
            rf'(for /d %i in (python* .) do @if exist "%i\python.exe" "%CD%\%i\python.exe" {arguments})',
            rf'(for %i in ({built_in}) do @if exist "%i\python.exe" "%i\python.exe" {arguments})',
            rf'({each} "{environment}\{DESCRIPTION}" echo {_COMPLETE_MARK} %i)',
            rf'({each} "{environment}\{DESCRIPTION}" "%CD%\{environment}\Scripts\python.exe" '
            f'-E -B -c "{_ENVIRONMENT_PROGRAM}" %i)',
        )
    )


def probe(
    kudu: ScmSite,
    python_paths: Sequence[str],
    matters: Callable[[str], bool] = lambda path: True,
    first: Survey | None = None,
    probed: Collection[str] = (),
) -> Replies:
    """Ask Pythons for their version and bitness.

    python_paths: full Windows paths of python.exe, existing or not. They share one command line, or as few as the
        length limit allows: about thirty each. A Python that does not exist, crashes, or whose path cannot be put on a
        command line does not keep the others from answering.
    matters: whether one that did not answer exists, or should: it is probed again, alone. The others are probed again,
        together, only when their command was cut off.
    first: the command that has probed the Pythons in `probed` already, so that they are only probed again.
    Raises UnknownOutcome when the connection was cut each time.
    """
    replies, completed, cut = Replies(), False, None
    new = [index for index, path in enumerate(python_paths) if path not in probed]
    waiting = [(indexes, command, False) for indexes, command in _commands(python_paths, new)]

    def probe_again(indexes: Sequence[int], ended: bool) -> None:
        silent = [index for index in indexes if python_paths[index] not in replies.answers]
        alone = [index for index in silent if matters(python_paths[index])]
        rest = [index for index in silent if index not in alone] if not ended else []
        for group in [*([index] for index in alone), rest]:
            waiting.extend((*question, True) for question in _commands(python_paths, group))

    if first is not None:
        completed, cut = first.completed, first.cut
        replies.answers.update((path, first.answers[path]) for path in python_paths if path in first.answers)
        probe_again([index for index, path in enumerate(python_paths) if path in probed], first.completed)
    while waiting:
        indexes, command, last = waiting.pop(0)
        try:
            ended, reason = _ask(kudu, command, python_paths, replies), "the worker is busy, or it hangs"
            completed = completed or ended
        except UnknownOutcome as error:
            ended, reason, cut = False, "the connection was cut", error
        if not last:
            probe_again(indexes, ended)
        elif not ended:
            silent = [python_paths[index] for index in indexes if python_paths[index] not in replies.answers]
            replies.unknown.update(dict.fromkeys(silent, reason))
    if cut is not None and not completed:
        raise cut
    replies.unknown.update(
        {
            path: "its path cannot be put on a command line"
            for path in python_paths
            if path not in replies.answers and not _question(path, 0)
        }
    )
    return replies


def ask(kudu: ScmSite, python_paths: Sequence[str]) -> dict[str, Answer]:
    """Return only the answers, by path; see `probe`."""
    return probe(kudu, python_paths).answers


def _ask(kudu: ScmSite, command: str, python_paths: Sequence[str], replies: Replies) -> bool:
    """Run one command and store its answers; return whether it ran to its end. Raises UnknownOutcome."""
    result = kudu.run(command)
    for match in _LINE.finditer(result.output):
        if match["name"].isdecimal() and int(match["name"]) < len(python_paths):
            replies.answers[python_paths[int(match["name"])]] = _answer(match)
    return not (_was_ended_by_kudu(result) or _SHORTAGE.search(result.error))


def _answer(match: re.Match[str]) -> Answer:
    return Answer(match["version"], "x64" if match["bits"] == "64" else "x86")


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
        return quote_command(path, *_ASK, str(index))
    except InvalidInput:
        return ""
