"""What differs between files of this machine and those on an app."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from azext_pythonapp.operations.files.folders import in_the_way, require_own
from azext_pythonapp.operations.files.manifest import Manifest, Row
from azext_pythonapp.operations.files.present import Present, PresentFile
from azext_pythonapp.packages.windows_names import folded

WEB_CONFIG = "web.config"
_DATA_FOLDER = "/APP_DATA/"
# SQLite's databases by their usual names, with what it writes beside them ("Temporary Files Used By SQLite").
_DATABASES = tuple(
    f"{name}{more}" for name in (".SQLITE", ".SQLITE3", ".DB", ".DB3") for more in ("", "-WAL", "-SHM", "-JOURNAL")
)
Hashes = Callable[[Collection[str]], Mapping[str, str | None]]


class LocalFile(Protocol):
    """A file of this machine. path: its name below the root, with '/'. file: where it is. size: in bytes."""

    @property
    def path(self) -> str:
        """Return the name below the root."""

    @property
    def file(self) -> Path:
        """Return where the file is on this machine."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    @property
    def sha256(self) -> str:
        """Return the hash of the bytes, in hexadecimal."""


File = TypeVar("File", bound=LocalFile)


@dataclass(frozen=True)
class Comparison(Generic[File]):
    """What there is to do, and what is left alone; all names are below the root.

    new, different, unchanged: files of this machine. delete: files of the app that were published and are no longer in
    the folder, and those in the place of a folder. changed_there: those of `different` that somebody else changed on
    the app since they were published.
    kept: files that would be deleted, but were changed on the app. data: those of the app among `unchanged` that hold
    its data, and that it has changed since they were published.
    adopted: rows for the manifest, of files that are as wanted and not in it.
    """

    new: Sequence[File] = ()
    different: Sequence[File] = ()
    unchanged: Sequence[File] = ()
    delete: Sequence[str] = ()
    changed_there: Sequence[str] = ()
    kept: Sequence[str] = ()
    adopted: Sequence[Row] = field(default=(), repr=False)
    data: Sequence[str] = ()

    @property
    def send(self) -> list[File]:
        """Return the files to upload."""
        return [*self.new, *self.different]

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to do."""
        return not (self.new or self.different or self.delete)


def compare(
    label: str, local: Sequence[File], present: Present, manifest: Manifest, hashes: Hashes, gone: Collection[str] = ()
) -> Comparison[File]:
    """Compare files of this machine with those of an app.

    label: names the app in errors. local: without the root's web.config. present: with every folder of local and gone,
    and all that is in folders in the place of a file.
    hashes: returns the SHA-256 of files on the app, by name; asked once, for those whose size and time do not tell.
    gone: names of published files that are no longer in the folder and are to be deleted.
    Raises Refused where a file is to replace a folder with files of others.
    """
    pairs = [(file, present.file(file.path), manifest.get(file.path)) for file in local]
    names = [file.path for file in local]
    require_own(label, names, present, [row.name for row in manifest.rows.values()])
    blocking = in_the_way(names, present)
    leaving = _leaving(
        [name for name in gone if folded(name) not in {folded(each) for each in blocking}], present, manifest
    )
    replaced = _leaving(blocking, present, manifest)
    doubtful = {there.name for file, there, row in pairs if there and _is_doubtful(file, there, row)}
    doubtful |= {there.name for row, there in [*leaving, *replaced] if not _is_as_left(there, row)}
    known = hashes(sorted(doubtful)) if doubtful else {}
    new, different, unchanged, changed, adopted = [], [], [], [], []
    for file, there, row in pairs:
        if there is None:
            new.append(file)
            continue
        content = row.sha256 if row and _is_as_left(there, row) else known.get(there.name)
        if _is_wanted(file, there, row, content):
            unchanged.append(file)
            if content == file.sha256 and not (row and _is_as_left(there, row)):
                adopted.append(Row(file.path, file.sha256, file.size, there.modified))
            continue
        different.append(file)
        if row is not None and content != row.sha256:
            changed.append(there.name)
    changed += [there.name for row, there in replaced if not _is_as_published(there, row, known)]
    return Comparison(
        new,
        different,
        unchanged,
        [*blocking, *(there.name for row, there in leaving if _is_as_published(there, row, known))],
        changed,
        [there.name for row, there in leaving if not _is_as_published(there, row, known)],
        adopted,
        [
            there.name
            for file, there, row in pairs
            if there and row and not _is_as_left(there, row) and _is_left_alone(file, row) and not _is_web_config(file)
        ],
    )


def left_the_folder(manifest: Manifest, local: Sequence[LocalFile], folder: Path) -> list[str]:
    """Return the published files that are no longer in a folder of this machine.

    A file that is there and was only left out stays on the app, and so do each web.config and what is in App_Data.
    """
    names = {folded(file.path) for file in local}
    return [
        row.name
        for key, row in manifest.rows.items()
        if key not in names
        and key.rpartition("/")[2] != folded(WEB_CONFIG)
        and _DATA_FOLDER not in f"/{key}"
        and not _may_be_there(folder / row.name)
    ]


def _may_be_there(file: Path) -> bool:
    """Return whether a file is on this machine, or cannot be looked for, such as one in a folder that is closed."""
    try:
        return file.is_file()
    except OSError:
        return True


def _leaving(gone: Collection[str], present: Present, manifest: Manifest) -> list[tuple[Row, PresentFile]]:
    found = [(manifest.get(name), present.file(name)) for name in gone]
    return [(row, there) for row, there in found if row is not None and there is not None]


def _is_as_left(there: PresentFile, row: Row) -> bool:
    """Return whether a file has the size and the time with which the last upload left it."""
    return (there.size, there.modified) == (row.size, row.modified)


def _is_as_published(there: PresentFile, row: Row, known: Mapping[str, str | None]) -> bool:
    return _is_as_left(there, row) or known.get(there.name) == row.sha256


def _is_doubtful(file: LocalFile, there: PresentFile, row: Row | None) -> bool:
    """Return whether only the bytes on the app tell if a file differs, or if somebody else changed it."""
    if row is not None and (_is_as_left(there, row) or _is_left_alone(file, row)):
        return False
    return there.size == file.size or (row is not None and there.size == row.size)


def _is_wanted(file: LocalFile, there: PresentFile, row: Row | None, content: str | None) -> bool:
    """Return whether a file on the app is as it should be. content: the hash of its bytes, None where not known."""
    if row is not None and _is_left_alone(file, row):
        return True
    return content == file.sha256 and there.name.rpartition("/")[2] == file.path.rpartition("/")[2]


def _is_left_alone(file: LocalFile, row: Row) -> bool:
    """Return whether it is a file that the app has for itself, and the folder's has not changed since it was published.

    Commands of this extension, and people, change a web.config on the app, and the app its data; that change stays.
    """
    return (_is_web_config(file) or is_data(file.path)) and row.sha256 == file.sha256


def is_data(name: str) -> bool:
    """Return whether an app usually writes to a file itself: a database of SQLite, or what is in App_Data."""
    return _DATA_FOLDER in f"/{folded(name)}" or folded(name).endswith(_DATABASES)


def _is_web_config(file: LocalFile) -> bool:
    return folded(file.path).rpartition("/")[2] == folded(WEB_CONFIG)
