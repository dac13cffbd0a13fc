"""List an app's Python files folder by folder, and read those that may contain its entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from azext_pythonapp.entrypoints.detection import FOREIGN_FOLDERS, Candidates, candidate_files, detect, imported_files
from azext_pythonapp.errors import InvalidInput, NotFound

# Each listing and each read is a request to the app's SCM site.
MAX_LISTINGS = 40
MAX_READS = 40
_MAX_DEPTH = 3
# Folders that often contain an app's code although there is no Python file directly in them.
_CONTAINERS = ("src", "backend", "server", "api", "app", "apps", "web", "website", "site", "code", "project", "python")

ListFolder = Callable[[str], "list[tuple[str, bool]]"]


def application_files(list_folder: ListFolder, read: Callable[[str], "bytes | None"]) -> Candidates:
    """Return the entry points in an app's files, best first; the files are parsed, never run.

    list_folder: returns (name, whether it is a folder) for a folder, "" is the app's own. read: returns a file's
    content, None when it does not exist. Names are relative to the app's folder, with '/'.
    """
    names = python_files(list_folder)
    contents: dict[str, bytes] = {}
    wanted = candidate_files(names)
    while wanted and len(contents) < MAX_READS:
        for name in wanted[: MAX_READS - len(contents)]:
            contents[name] = _content(read, name)
        wanted = [name for name in imported_files(contents, names) if name not in contents]
    return detect(contents, names)


def _content(read: Callable[[str], "bytes | None"], name: str) -> bytes:
    try:
        return read(name) or b""
    except (NotFound, InvalidInput):
        return b""


def python_files(list_folder: ListFolder) -> list[str]:
    """Return the paths of an app's .py files, in at most three levels of folders.

    Folders without code of the app are skipped: virtual environments, tests, static files. Below the first level a
    folder is listed when it has Python files, or a name that is usual for code, and is not a package without manage.py:
    an entry point is never deeper in a package.
    """
    found: list[str] = []
    folders, listings = [""], 0
    while folders and listings < MAX_LISTINGS:
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
    """Return whether to list the folders in a folder. files: the names of its files, in lower case."""
    if not folder:
        return True
    python = any(name.endswith(".py") for name in files) or folder.lower().rpartition("/")[2] in _CONTAINERS
    return folder.count("/") + 1 < _MAX_DEPTH and python and ("__init__.py" not in files or "manage.py" in files)


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
