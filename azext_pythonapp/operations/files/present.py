"""The files that are in an app's folder now: several listings and downloads at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu import Entry
from azext_pythonapp.errors import NotFound
from azext_pythonapp.packages.windows_names import folded

AT_ONCE = 8
T = TypeVar("T")


@dataclass(frozen=True)
class PresentFile:
    """A file as Kudu lists it. name: below the root, with '/', as it is spelled on the app."""

    name: str
    size: int
    modified: str


@dataclass(frozen=True)
class Present:
    """What was listed. files, folders: by `folded` name; a folder is there with the spelling of its name on the app."""

    files: Mapping[str, PresentFile]
    folders: Mapping[str, str]

    def file(self, name: str) -> PresentFile | None:
        """Return a file by any spelling of its name; None when there is none."""
        return self.files.get(folded(name))


def list_present(app: App, root: str, folders: Iterable[str], whole: Iterable[str] = ()) -> Present:
    """List folders of an app with all that lead to them; one that is not there is empty.

    root: below %HOME%. folders: below the root, "" for the root itself. whole: names that are listed with all that is
    below them, where they are folders. One request for each folder that is there,
    those of one depth at the same time. Raises what the SCM site raises.
    """
    wanted = {folded("/".join(name.split("/")[:depth])) for name in folders for depth in range(1, name.count("/") + 2)}
    deep = {folded(name) for name in whole}
    files: dict[str, PresentFile] = {}
    found: dict[str, str] = {}
    level = [""]
    while level:
        below: list[str] = []
        for folder, entries in zip(level, at_once([partial(_entries, app, f"{root}/{name}") for name in level])):
            for entry in entries:
                name = f"{folder}/{entry.name}".lstrip("/")
                if not entry.is_directory:
                    files[folded(name)] = PresentFile(name, entry.size, entry.modified)
                    continue
                found[folded(name)] = name
                if folded(folder) in deep:
                    deep.add(folded(name))
                if folded(name) in wanted or folded(name) in deep:
                    below.append(name)
        level = below
    return Present(files, found)


def folders_of(names: Iterable[str]) -> set[str]:
    """Return the folders that files are in; "" is the root."""
    return {name.rpartition("/")[0] for name in names}


def folders_in_other_case(names: Iterable[str], present: Present) -> list[tuple[str, str]]:
    """Return (as the app spells it, as files spell it) of each folder with Python code whose case differs.

    names: of the files, below the root.
    """
    found = {}
    for name in names:
        parts = name.split("/") if name.lower().endswith((".py", ".pyc", ".pyd")) else ()
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            there = present.folders.get(folded(folder))
            if there is not None and there.rpartition("/")[2] != parts[depth - 1]:
                found[there] = folder
    return list(found.items())


def read_files(app: App, root: str, names: Collection[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each file with its bytes, None for one that is not there any more; some are read at the same time.

    They come a few at a time, so that not all of them are in memory.
    """
    listed = list(names)
    for start in range(0, len(listed), 4 * AT_ONCE):
        part = listed[start : start + 4 * AT_ONCE]
        yield from zip(part, at_once([partial(_content, app, f"{root}/{name}") for name in part]))


def hashes_of(app: App, root: str, names: Collection[str]) -> dict[str, str | None]:
    """Return the SHA-256 of each file, None for one that is not there any more."""
    return {
        name: hashlib.sha256(content).hexdigest() if content is not None else None
        for name, content in read_files(app, root, names)
    }


def at_once(functions: Sequence[Callable[[], T]]) -> list[T]:
    """Call functions, a few of them at the same time, and return what they return; raise the first error.

    After an error, and on Ctrl-C, those that have not begun are left out.
    """
    if len(functions) == 1:
        return [functions[0]()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(function) for function in functions]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _entries(app: App, folder: str) -> list[Entry]:
    try:
        return app.kudu.list_directory(folder)
    except NotFound:
        return []


def _content(app: App, path: str) -> bytes | None:
    try:
        return app.kudu.read(path).content
    except NotFound:
        return None
