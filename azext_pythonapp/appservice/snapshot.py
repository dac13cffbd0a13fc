"""What one command on the worker found in %HOME%: listings and small files, in place of a request for each of them.

The command is part of the one that finds the Pythons (`runtimes/probe.py`), and any Python runs it. What it did not
find out, such as a large file, is asked for as always.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from azext_pythonapp.errors import NotFound
from azext_pythonapp.windows import python_command

_MARK = "pythonapp-look"
_LINE = re.compile(rf"^{_MARK} (?P<part>[A-Za-z0-9+/=]+)[ \r]*$", re.MULTILINE)
# cmd.exe sets it once a Python has run the program.
_DONE = "PYTHONAPP_LOOKED"
# Bytes of a file, and of all together.
LARGEST_FILE, MOST_BYTES = 65536, 400000
MOST_LISTINGS = 40
# For Python 2.7 and 3.4 and newer; Kudu starts it in %HOME%. Folders that are not there are null.
_PROGRAM = r"""
import errno, os
home = getattr(os, "getcwdu", os.getcwd)()
folders, files, left = {}, {}, [parameters["bytes"]]
def row(folder, name):
    found = os.stat(os.path.join(folder, name))
    return [name, os.path.isdir(os.path.join(folder, name)), found.st_size, found.st_mtime]
def rows(folder):
    if not hasattr(os, "scandir"):
        return [row(folder, name) for name in os.listdir(folder)]
    return [[e.name, e.is_dir(), e.stat().st_size, e.stat().st_mtime] for e in os.scandir(folder)]
def listing(path):
    if path not in folders:
        place = os.path.join(home, *path.split("/"))
        try:
            folders[path] = rows(place)
        except EnvironmentError as error:
            if error.errno != errno.ENOENT or os.path.lexists(place):
                return []
            folders[path] = None
    return folders[path] or []
def take(path, size):
    if size > min(parameters["largest"], left[0]):
        return
    try:
        with open(os.path.join(home, *path.split("/")), "rb") as file:
            files[path] = base64.b64encode(file.read()).decode("ascii")
            left[0] -= size
    except EnvironmentError:
        pass
for path in parameters["folders"]:
    listing(path)
for name, is_folder, _, _ in rows(home):
    if is_folder and name.lower().startswith("python"):
        listing(name + "/Lib/site-packages")
for folder, end in parameters["files"]:
    for name, is_folder, size, _ in listing(folder):
        if not is_folder and name.lower().endswith(end):
            take(folder + "/" + name, size)
for name, is_folder, _, _ in listing("SiteExtensions"):
    if is_folder and "python" in name.lower():
        for each, _, size, _ in listing("SiteExtensions/" + name):
            if each.lower() == "applicationhost.xdt":
                take("SiteExtensions/" + name + "/" + each, size)
waiting, depth = [(parameters["root"], 0)] if parameters["root"] else [], 0
for path, depth in waiting:
    found = listing(path)
    python = [each for each in found if not each[1] and each[0].lower().endswith(".py")]
    for name, _, size, _ in python:
        take(path + "/" + name, size)
    if depth < 3 and (python or not depth):
        waiting += [
            (path + "/" + each[0], depth + 1)
            for each in found
            if each[1] and each[0][:1] not in "._" and each[0].lower() not in parameters["skip"]
        ][: max(0, parameters["listings"] - len(waiting))]
text = json.dumps([folders, files]).encode("ascii")
text = base64.b64encode(zlib.compress(text)).decode("ascii")
for start in range(0, len(text), 4000):
    sys.stdout.write("%s %s\n" % (parameters["mark"], text[start:start + 4000]))
"""


@dataclass(frozen=True)
class SnapshotEntry:
    """One row of a listing, as Kudu's: name, bytes, ISO 8601 time in UTC."""

    name: str
    path: str
    size: int
    modified: str
    is_directory: bool


class Snapshot:
    """What was found. Paths are relative to %HOME%, with '/'; case does not matter.

    folders: (name, whether it is a folder, bytes, seconds since 1970) of each entry, None for a folder that is not
    there. files: contents.
    """

    def __init__(self, folders: dict[str, list[list[Any]] | None], files: dict[str, bytes]):
        self._folders = {path.lower(): rows for path, rows in folders.items()}
        self._files = {path.lower(): content for path, content in files.items()}

    @classmethod
    def parse(cls, output: str) -> Snapshot | None:
        """Return what a command printed; None when it printed nothing, or not all of it arrived."""
        parts = [match["part"] for match in _LINE.finditer(output)]
        try:
            folders, files = json.loads(zlib.decompress(base64.b64decode("".join(parts))))
            return cls(folders, {path: base64.b64decode(content) for path, content in files.items()})
        except (ValueError, TypeError, zlib.error):
            return None

    def entries(self, path: str, home: str) -> list[SnapshotEntry] | None:
        """Return the entries of a folder; None when they are not known. Raises NotFound when it is known not to exist.

        home: %HOME% as the worker sees it.
        """
        key = path.strip("/").lower()
        if key not in self._folders:
            return None
        rows = self._folders[key]
        if rows is None:
            raise NotFound(f"{path} was not found on the worker.")
        place = "\\".join([home, *filter(None, path.strip("/").split("/"))])
        return [
            SnapshotEntry(name, f"{place}\\{name}", 0 if is_folder else int(size), _time(seconds), bool(is_folder))
            for name, is_folder, size, seconds in rows
        ]

    def content(self, path: str) -> bytes | None:
        """Return a file; None when it is not known. Raises NotFound when it is known not to exist."""
        key = path.strip("/").lower()
        if key in self._files:
            return self._files[key]
        folder, _, name = key.rpartition("/")
        rows = self._folders.get(folder, [[name]])
        if rows is None or all(row[0].lower() != name for row in rows):
            raise NotFound(f"{path} was not found on the worker.")
        return None


class Memory:
    """A snapshot that stands for the worker until something may have changed there.

    It has no ETags, so a file that is going to be written must not be in it.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None

    def remember(self, snapshot: Snapshot) -> None:
        """Answer from a snapshot that was made just now."""
        self._snapshot = snapshot

    def forget(self) -> None:
        """Know nothing any more."""
        self._snapshot = None

    def entries(self, path: str, home: Callable[[], str]) -> list[SnapshotEntry] | None:
        """Return what Snapshot.entries does; home returns %HOME%, and is called only when there is a snapshot."""
        return self._snapshot.entries(path, home()) if self._snapshot is not None else None

    def content(self, path: str) -> bytes | None:
        """Return what Snapshot.content does."""
        return self._snapshot.content(path) if self._snapshot is not None else None


def look_command(
    root: str | None, folders: Sequence[str], files: Sequence[tuple[str, str]], skip: Sequence[str]
) -> str:
    """Return the command that prints a snapshot, for cmd.exe on the worker in %HOME%: the first Python there runs it.

    root: the folder of the app's files, whose .py files are read, in three levels of folders; None for none.
    folders: to list.
    files: (folder, end of the name in lower case) of small files to read. skip: names of folders below root to leave
    out, in lower case. `if not defined` is evaluated for each Python, and `%i` is the variable of `for`
    (docs/platform/kudu.md 1.2).
    """
    parameters = {
        "root": root,
        "folders": list(folders),
        "files": [list(each) for each in files],
        "skip": list(skip),
        "bytes": MOST_BYTES,
        "largest": LARGEST_FILE,
        "listings": MOST_LISTINGS,
        "mark": _MARK,
    }
    arguments = python_command("python.exe", _PROGRAM, parameters).partition(" ")[2]
    program = r'"%CD%\%i\python.exe"'
    run = f"{program} {arguments} && set {_DONE}=1"
    return rf'(for /d %i in (python*) do @if not defined {_DONE} if exist "%i\python.exe" {run})'


def _time(seconds: float) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).isoformat()
    except OverflowError:  # a time that no calendar has
        return ""
