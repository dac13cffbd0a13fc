"""The files of a folder that are sent to an app, and what of it is left out."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from azext_pythonapp.advice import quoted
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.ignore import Rules, left_out_by, pattern_of
from azext_pythonapp.source.left_out import LeftOut, Reason, first_few, sentence
from azext_pythonapp.source.never_sent import is_environment, is_never_sent, is_part_of_environment
from azext_pythonapp.source.place import require_folder
from azext_pythonapp.source.repository import deeper, rules_outside
from azext_pythonapp.source.tree import FileTree

_EXCLUDE = "--exclude"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """Of a file's content: hexadecimal SHA-256, and the CRC-32 that a zip archive needs."""

    sha256: str
    crc32: int


@dataclass(frozen=True)
class SourceFile:
    """One file that is sent.

    path: relative to the folder, with '/'. file: on this machine. size: bytes. mtime: seconds since 1970.
    """

    path: str
    file: Path
    size: int
    mtime: float

    @property
    def sha256(self) -> str:
        """Return the content's SHA-256; the file is read once. Raises what `digest` raises."""
        return self.digest.sha256

    @property
    def crc32(self) -> int:
        """Return the content's CRC-32; the file is read once. Raises what `digest` raises."""
        return self.digest.crc32

    @cached_property
    def digest(self) -> Digest:
        """Return the content's hashes. Raises InvalidInput when the file cannot be read, or changed meanwhile."""
        sha256, crc32 = hashlib.sha256(), 0
        for block in self._blocks():
            sha256.update(block)
            crc32 = zlib.crc32(block, crc32)
        return Digest(sha256.hexdigest(), crc32)

    def content(self) -> bytes:
        """Return the content of a small file. Raises what `digest` raises."""
        return b"".join(self._blocks())

    def _blocks(self) -> Iterator[bytes]:
        """Yield the content, which is the one of the listing; a file that grows or shrinks is an error."""
        try:
            with self.file.open("rb") as file:
                self._require_unchanged(os.fstat(file.fileno()))
                while block := file.read(_BLOCK):
                    yield block
                self._require_unchanged(os.fstat(file.fileno()))
        except OSError as error:
            raise unreadable(self.file, error, self.path) from error

    def _require_unchanged(self, found: os.stat_result) -> None:
        if (found.st_size, found.st_mtime) != (self.size, self.mtime):
            raise InvalidInput(
                f"'{self.file}' changed while this command ran.",
                f"Run the command again when nothing writes it, or leave it out with {_leaving_out(self.path)}.",
            )


@dataclass(frozen=True)
class Source:
    """A folder as `publish` sends it.

    folder: absolute. files: all that are sent, sorted by path; a web.config is among them. left_out:
    everything else, by reason. unmatched: the patterns of --exclude that are for nothing in the folder.
    """

    folder: Path
    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(each.size for each in self.files)

    @property
    def left_out_sentence(self) -> str | None:
        """Return what is left out, and why, in one sentence; None when nothing is."""
        return sentence(self.left_out)

    @property
    def unmatched_sentence(self) -> str | None:
        """Return which patterns of --exclude change nothing, in one sentence; None when all do."""
        if not self.unmatched:
            return None
        patterns = " ".join(f"{_EXCLUDE} {quoted(each)}" for each in self.unmatched)
        return (
            f"{patterns} matches nothing in '{self.folder}'; patterns are as in .gitignore, relative to that folder, "
            "with '/' between names."
        )

    def find(self, path: str) -> SourceFile | None:
        """Return the file that Windows finds by a path, whose case does not count; None when there is none."""
        return self.tree.find(path)

    @cached_property
    def tree(self) -> FileTree[SourceFile]:
        """Return the files by folder, and as Windows finds them."""
        return FileTree(self.files)


def read_source(folder: str | Path, exclude: Sequence[str] = ()) -> Source:
    """List what of a folder is sent; nothing is read but .gitignore files.

    folder: as it was given; `~` is the home folder, and "" an error, where Path("") would be the current folder.
    exclude: patterns as in .gitignore, relative to the folder, which come after all others. Symbolic links are followed
    inside of the folder.
    Raises InvalidInput for a folder that is not there, that is empty, or that is a whole disk or home folder; for what
    cannot be read; for links that lead out of the folder; and for a pattern that is blank.
    """
    if any(not pattern.strip() for pattern in exclude):
        raise InvalidInput(f"{_EXCLUDE} was given an empty pattern.", f"For example {_EXCLUDE} tests/")
    return _Walk(require_folder(folder), exclude).source()


def unreadable(path: Path | str, error: OSError, below: str) -> InvalidInput:
    """Return the error for a file or folder that cannot be read. below: its path from the folder."""
    return InvalidInput(
        f"'{path}' cannot be read: {error.strerror}.", f"Make it readable, or leave it out with {_leaving_out(below)}."
    )


def _leaving_out(path: str) -> str:
    return f"`{_EXCLUDE} {quoted(pattern_of(path))}`"


@dataclass(frozen=True)
class _Place:
    """A folder on the way. path: from the outermost. above: its and its parents' identities, for links in a circle."""

    path: str
    rules: Sequence[Rules]
    above: frozenset[tuple[int, int]]


class _Walk:
    """One walk through a folder."""

    def __init__(self, folder: Path, exclude: Sequence[str]):
        self._folder = folder
        self._real = os.path.realpath(folder)
        outside = rules_outside(folder)
        self._prefix = f"{outside.place}/" if outside.place else ""
        self._outside = outside.rules
        self._ignores_case = outside.ignores_case
        self._command = [Rules.of_patterns([each], outside.place, each, outside.ignores_case) for each in exclude]
        self._unmatched = list(exclude)
        self._files: list[SourceFile] = []
        self._left_out: dict[tuple[Reason, str], LeftOut] = {}
        self._leads_out: list[tuple[str, str]] = []

    def source(self) -> Source:
        """Walk, and return the result."""
        waiting = [_Place("", self._outside, frozenset({_identity(os.stat(self._folder))}))]
        while waiting:
            waiting += self._enter(waiting.pop())
        if self._leads_out:
            raise self._outside_links()
        return Source(
            self._folder,
            tuple(sorted(self._files, key=lambda each: each.path)),
            tuple(self._left_out[key] for key in sorted(self._left_out, key=_order)),
            tuple(self._unmatched),
        )

    def _enter(self, place: _Place) -> list[_Place]:
        """Take the files of a folder; return the folders in it that are to be entered."""
        full = os.path.join(self._folder, *filter(None, place.path.split("/")))
        try:
            with os.scandir(full) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise unreadable(full, error, place.path) from error
        names = {entry.name.lower(): entry.name for entry in entries}
        environment = is_environment(full, names)
        if environment and place.path:
            self._leave_out("environment", "folder", place.path, True)
            return []
        rules = deeper(place.rules, Path(full), (self._prefix + place.path).rstrip("/"), self._ignores_case)
        inner = _Place(place.path, rules, place.above)
        folders = []
        for entry in entries:
            if environment and is_part_of_environment(full, entry.name):
                self._leave_out("environment", "", entry.name, entry.is_dir())
                continue
            folder = self._take(entry, inner)
            if folder is not None:
                folders.append(folder)
        return folders

    def _take(self, entry: os.DirEntry[str], place: _Place) -> _Place | None:
        """Take an entry of a folder; return it when it is a folder to enter."""
        path = f"{place.path}/{entry.name}" if place.path else entry.name
        found = self._stat(entry, path)
        is_folder = found is not None and stat.S_ISDIR(found.st_mode)
        commanded = self._commanded(path, is_folder)
        if is_never_sent(entry.name, is_folder):
            self._leave_out("name", entry.name.lower(), path, is_folder)
            return None
        ignored = left_out_by(commanded or place.rules, self._prefix + path, is_folder)
        if ignored is not None:
            self._leave_out("excluded" if commanded else "ignored", ignored[0].shown, path, is_folder)
            return None
        if found is None:
            self._leave_out("broken link", "", path, False)
        elif not (is_folder or stat.S_ISREG(found.st_mode)):
            self._leave_out("special file", "", path, False)
        elif _identity(found) in place.above:
            self._leave_out("circle", "", path, True)
        elif not entry.is_symlink() or self._follows(entry, path, is_folder):
            if is_folder:
                return _Place(path, place.rules, place.above | {_identity(found)})
            self._files.append(SourceFile(path, Path(entry.path), found.st_size, found.st_mtime))
        return None

    def _stat(self, entry: os.DirEntry[str], path: str) -> os.stat_result | None:
        """Return what an entry is, behind a link as well; None for a link that leads nowhere."""
        try:
            return os.stat(entry.path) if entry.is_symlink() or os.name == "nt" else entry.stat()
        except OSError as error:
            if entry.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise unreadable(entry.path, error, path) from error

    def _commanded(self, path: str, is_folder: bool) -> list[Rules]:
        """Return the last pattern of --exclude that is for a path, alone in a list; [] without any."""
        matched = [each for each in self._command if each.match(self._prefix + path, is_folder) is not None]
        for each in matched:
            if each.shown in self._unmatched:
                self._unmatched.remove(each.shown)
        return matched[-1:]

    def _follows(self, entry: os.DirEntry[str], path: str, is_folder: bool) -> bool:
        """Return whether a link is followed; count it when it is not."""
        target = os.path.realpath(entry.path)
        below = os.path.relpath(target, self._real) if _is_below(target, self._real) else None
        parts = below.split(os.sep) if below is not None else [os.path.basename(target)]
        secret = next(
            (
                name.lower()
                for number, name in enumerate(parts, 1)
                if is_never_sent(name, is_folder or number < len(parts))
            ),
            None,
        )
        if secret is not None:
            self._leave_out("name", secret, path, is_folder)
        elif any(self._in_environment(target, below)):
            self._leave_out("environment", "folder", path, is_folder)
        elif below is None:
            self._leads_out.append((path, target))
        else:
            return True
        return False

    def _in_environment(self, target: str, below: str | None) -> Iterator[bool]:
        """Yield for a link's target, and for each folder that it is in, whether it is a virtual environment."""
        folder = target
        for _ in below.split(os.sep) if below is not None else ("", ""):
            try:
                names = {name.lower(): name for name in os.listdir(folder)} if os.path.isdir(folder) else {}
            except OSError:
                names = {}
            yield is_environment(folder, names)
            folder = os.path.dirname(folder)

    def _leave_out(self, reason: Reason, by: str, path: str, is_folder: bool) -> None:
        found = self._left_out.setdefault((reason, by), LeftOut(reason, by))
        (found.folders if is_folder else found.files).append(path)

    def _outside_links(self) -> InvalidInput:
        links = sorted(self._leads_out)
        shown = first_few(f"{path} (to {target})" for path, target in links)
        some = f"{len(links)} symbolic links lead" if len(links) > 1 else "A symbolic link leads"
        return InvalidInput(
            f"{some} out of '{self._folder}': {shown}. Only files of that folder are sent.",
            f"Copy what the app needs into the folder, or leave it out, for example with {_leaving_out(links[0][0])}.",
        )


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _is_below(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:  # another drive
        return False


def _order(key: tuple[Reason, str]) -> tuple[int, str]:
    reasons: tuple[Reason, ...] = (
        "name",
        "environment",
        "ignored",
        "excluded",
        "broken link",
        "circle",
        "special file",
    )
    return reasons.index(key[0]), key[1]
