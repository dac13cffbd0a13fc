"""Whether Windows can store files by their paths, before any of them is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azext_pythonapp.advice import quoted
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.plain_text import plain_line
from azext_pythonapp.source.ignore import pattern_of
from azext_pythonapp.windows import name_problem, upper_case, utf16_length

# Without the prefix for long paths, which Kudu does not use: .NET Framework's limits ("Maximum Path Length Limitation",
# Win32), a folder leaving room for a name of eight and three characters in it.
MAX_PATH = 259
MAX_FOLDER = 247
MOST_NAMED = 5


@dataclass(frozen=True)
class PathProblem:
    """path: of the file, or of the folder that is the reason, relative and with '/'. reason: the end of a sentence."""

    path: str
    reason: str


def path_problems(paths: Iterable[str], worker_folder: str) -> list[PathProblem]:
    r"""Return why Windows cannot store files, each folder once; [] when it can.

    paths: of the files, relative and with '/'. worker_folder: where they are to be, such as `D:\home\site\wwwroot`.
    """
    spelled: dict[str, str] = {}
    found: dict[str, PathProblem] = {}
    for path in sorted(paths):
        for problem in _problems(path, worker_folder, spelled):
            found.setdefault(problem.path, problem)
    return list(found.values())


def require_windows_paths(paths: Iterable[str], worker_folder: str) -> None:
    """Raise InvalidInput when Windows cannot store a file; it names the first few. Takes what `path_problems` takes."""
    problems = path_problems(paths, worker_folder)
    if not problems:
        return
    shown = "; ".join(f"{_shown(each.path)} ({each.reason})" for each in problems[:MOST_NAMED])
    more = f"; and {len(problems) - MOST_NAMED} more" if len(problems) > MOST_NAMED else ""
    subject = f"{len(problems)} paths" if len(problems) > 1 else "A path"
    raise InvalidInput(
        plain_line(f"{subject} cannot be stored on Windows, so nothing was sent: {shown}{more}."),
        f"Rename what is listed, or leave it out: --exclude {quoted(pattern_of(problems[0].path))}",
    )


def _problems(path: str, worker_folder: str, spelled: dict[str, str]) -> Iterator[PathProblem]:
    """Yield the problems of a path; the first of each folder or file. spelled: the paths so far, by upper case."""
    parts = path.split("/")
    for number, part in enumerate(parts, 1):
        whole = "/".join(parts[:number])
        other = spelled.setdefault(upper_case(whole), whole)
        reason = name_problem(part)
        if reason is None and other != whole:
            reason = f"it differs from {_shown(other)} only in upper and lower case"
        if reason is None:
            reason = _too_long(worker_folder, whole, number < len(parts))
        if reason is not None:
            yield PathProblem(whole, reason)
            return


def _too_long(worker_folder: str, path: str, is_folder: bool) -> str | None:
    length, most = utf16_length(f"{worker_folder}\\{path}"), MAX_FOLDER if is_folder else MAX_PATH
    if length <= most:
        return None
    return (
        f"with {worker_folder}\\ it has {length} characters, and {'a folder' if is_folder else 'a file'} at most {most}"
    )


def _shown(path: str) -> str:
    """Return a path that can be printed: what is not valid Unicode becomes a question mark."""
    return path.encode("utf-8", "replace").decode("utf-8")
