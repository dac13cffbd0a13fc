"""Which Python files an app has, and what is in those that tell its entry point: listed folder by folder."""

from __future__ import annotations

from typing import Callable, Iterable

from azext_pythonapp.entrypoints.detection import FOREIGN_FOLDERS, Candidates, candidate_files, detect, imported_files
from azext_pythonapp.errors import InvalidInput, NotFound

# Each is a request on an app.
MOST_LISTINGS = 40
MOST_READS = 40
_DEEPEST = 3
# Folders that often hold an app's code although there is no Python file directly in them.
_CONTAINERS = ("src", "backend", "server", "api", "app", "apps", "web", "website", "site", "code", "project", "python")

ListFolder = Callable[[str], "list[tuple[str, bool]]"]


def application_files(list_folder: ListFolder, read: Callable[[str], "bytes | None"]) -> Candidates:
    """Return the entry points in an app's files, best first; the files are parsed, never run.

    list_folder: gives (name, whether it is a folder) for a folder, "" is the app's own. read: gives a file's content,
    None when there is none. Names are relative to the app's folder, with '/'.
    """
    names = python_files(list_folder)
    contents: dict[str, bytes] = {}
    wanted = candidate_files(names)
    while wanted and len(contents) < MOST_READS:
        for name in wanted[: MOST_READS - len(contents)]:
            contents[name] = _content(read, name)
        wanted = [name for name in imported_files(contents, names) if name not in contents]
    return detect(contents, names)


def _content(read: Callable[[str], "bytes | None"], name: str) -> bytes:
    try:
        return read(name) or b""
    except (NotFound, InvalidInput):
        return b""


def python_files(list_folder: ListFolder) -> list[str]:
    """Return the paths of the .py files of an app, of at most three levels of folders.

    Folders that hold no code of the app are passed over: virtual environments, tests, static files. Below the first
    level a folder is looked into when it holds Python files or is called like one that does, and is no package, or has
    a manage.py: what is deeper in a package is no entry point.
    """
    found: list[str] = []
    folders, listings = [""], 0
    while folders and listings < MOST_LISTINGS:
        folder = folders.pop(0)
        listings += 1
        entries = _entries(list_folder, folder)
        files = [name for name, is_folder in entries if not is_folder]
        lower = {name.lower() for name in files}
        if folder and ("pyvenv.cfg" in lower or "python.exe" in lower):
            continue
        found += [_joined(folder, name) for name in files if name.lower().endswith((".py", ".pyw"))]
        if _goes_on(folder, lower):
            folders += [_joined(folder, name) for name, is_folder in entries if is_folder and _is_own(name)]
    return found


def _goes_on(folder: str, files: set[str]) -> bool:
    """Whether the folders in folder are worth a look. files: the names of its files, in lower case."""
    if not folder:
        return True
    python = any(name.endswith(".py") for name in files) or folder.lower().rpartition("/")[2] in _CONTAINERS
    return folder.count("/") + 1 < _DEEPEST and python and ("__init__.py" not in files or "manage.py" in files)


def _entries(list_folder: ListFolder, folder: str) -> Iterable[tuple[str, bool]]:
    try:
        return list_folder(folder)
    except (NotFound, OSError):
        if not folder:
            raise
        return []


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_own(name: str) -> bool:
    return not name.startswith((".", "_")) and name.lower() not in FOREIGN_FOLDERS
