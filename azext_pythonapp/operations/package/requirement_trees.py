"""A requirements file with all that it includes by -r and -c: of this machine, or of the app."""

from __future__ import annotations

import codecs
import os
import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import url2pathname

from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.packages import requirements
from azext_pythonapp.packages.pip import HomeFile, masked
from azext_pythonapp.packages.requirement_lines import decode
from azext_pythonapp.packages.requirements import Requirement, RequirementsFile
from azext_pythonapp.packages.windows_names import clashes, folded, is_safe, safe_name
from azext_pythonapp.packages.worker_places import place

# Where pip looks for packages, and which it takes, as far as lines of a file say it.
_SOURCE_OPTIONS = (
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--no-index",
    "--trusted-host",
    "--pre",
    "--prefer-binary",
    "--only-binary",
    "--no-binary",
    "--use-feature",
)
_ADDRESS = re.compile(r"(?:https?|ftp):", re.IGNORECASE)


@dataclass
class Tree:
    """What was found.

    contents: of the files, by path. requirements, constraints: what they say, in pip's order.
    unseen: the files that pip reads and this command did not, in words with credentials masked.
    covered: whether nothing else that pip reads can change without the contents doing so.
    sources: the option lines of all files that say where packages come from, in pip's order; a file or folder of the
    app instead of a text where the path would not be the same for another file.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    covered: bool = True
    sources: list[tuple[str, str | HomeFile]] = field(default_factory=list, repr=False)

    def take(self, parsed: RequirementsFile, is_constraint: bool) -> None:
        """Add what one file says of packages."""
        (self.constraints if is_constraint else self.requirements).extend(parsed.requirements)
        self.covered = self.covered and all(each.covered for each in parsed.requirements)

    def miss(self, option: str, value: str) -> None:
        """Note a file that could not be read here."""
        self.unseen.append(f"{option} {masked(value)}")
        self.covered = False

    def take_option(self, option: str, value: str, folder: str | None) -> None:
        """Add one option. folder: where relative paths lead from on the app; None for files that are uploaded."""
        if option not in _SOURCE_OPTIONS:
            return
        local = place(value).kind if option == "--find-links" else "url"
        self.covered = self.covered and local == "url"
        if local == "relative" and folder is not None:
            self.sources.append((option, HomeFile(posixpath.normpath(f"{folder}/{_slashed(value)}"))))
        self.sources.append((option, value))


def local_tree(path: Path, folder: str, kind: str = "requirements") -> Tree:
    """Read a file of this machine and what it includes, wherever that is, for being uploaded to a folder.

    contents are by path on the worker, the file itself first. A file keeps its name and its place below the first
    one's folder where Windows can hold it; another gets a safe name, and the lines that name it are rewritten.
    kind: what the file is, for errors. Raises InvalidInput for a file that cannot be read.
    """
    reader = _LocalReader(path, kind)
    reader.read(path, None, False)
    names = reader.names()
    reader.tree.contents = {f"{folder}/{names[key]}": reader.content(key, names) for key in reader.files}
    return reader.tree


def tree_on_app(read: Callable[[str], bytes], root: str, name: str) -> Tree:
    """Read a file of the app and what it includes below %HOME%; contents are by path relative to %HOME%.

    read: returns a file by that path, and raises NotFound. root: the folder of the app's files, below %HOME%. name: the
    file in it. What it includes and cannot be read here is pip's business. Raises NotFound without the file itself.
    """
    reader = _AppReader(read, root)
    reader.read(f"{root}/{name}", False)
    return reader.tree


@dataclass
class _LocalFile:
    """path: as it was named first. content: as read. lines: of options, as RequirementsFile has them.

    includes: which file each reference leads to, by the value that is written.
    """

    path: Path
    content: bytes
    parsed: RequirementsFile
    includes: dict[str, str] = field(default_factory=dict)


class _LocalReader:
    def __init__(self, main: Path, kind: str):
        self.tree = Tree()
        self._kind = kind
        self.files: dict[str, _LocalFile] = {}
        self._root = os.path.dirname(os.path.abspath(main))
        self._taken_as: set[tuple[str, bool]] = set()

    def read(self, path: Path, included_by: str | None, is_constraint: bool) -> str:
        """Read a file, and what it includes; returns its key. included_by: file and line, for errors."""
        key = os.path.normcase(os.path.realpath(path))
        if (key, is_constraint) in self._taken_as:
            return key
        self._taken_as.add((key, is_constraint))
        if key not in self.files:
            content = read_local(path, self._kind, included_by)
            self.files[key] = _LocalFile(path, content, requirements.parse(content, self._shown(path)))
        file = self.files[key]
        self.tree.take(file.parsed, is_constraint)
        for first, _, pairs in file.parsed.option_lines:
            for option, value in pairs:
                if option in ("-r", "-c"):
                    self._include(file, option, value, first, is_constraint or option == "-c")
                else:
                    self.tree.take_option(option, value, None)
        return key

    def names(self) -> dict[str, str]:
        """The path of each file in its folder on the worker, by key."""
        names: dict[str, str] = {}
        taken: list[str] = []
        for wants_own in (True, False):
            for number, (key, file) in enumerate(self.files.items()):
                name = self._below_root(file.path) if wants_own else safe_name(file.path.name, number)
                if key in names or name is None or (wants_own and (not is_safe(name) or clashes(name, taken))):
                    continue
                while clashes(name, taken):
                    number += len(self.files)
                    name = safe_name(file.path.name, number)
                names[key] = name
                taken.append(folded(name))
        return names

    def content(self, key: str, names: Mapping[str, str]) -> bytes:
        """A file's content for the worker: as it is, unless a reference in it has to lead elsewhere there."""
        file = self.files[key]
        folder = posixpath.dirname(names[key])
        targets = {
            value: posixpath.relpath(names[included], folder or ".") for value, included in file.includes.items()
        }
        moved = {value for value, target in targets.items() if posixpath.normpath(_slashed(value)) != target}
        if not moved:
            return file.content
        text = decode(file.content, file.path.name).splitlines()
        for first, last, pairs in file.parsed.option_lines:
            if any(option in ("-r", "-c") and value in moved for option, value in pairs):
                words = [
                    _written(option, targets.get(value, value) if option in ("-r", "-c") else value)
                    for option, value in pairs
                ]
                text[first - 1 : last] = [" ".join(words)] + [""] * (min(last, len(text)) - first)
        return codecs.BOM_UTF8 + ("\n".join(text) + "\n").encode("utf-8")

    def _include(self, file: _LocalFile, option: str, value: str, line: int, is_constraint: bool) -> None:
        where = place(value)
        path = _local_path(file.path, value)
        if path is None or where.kind not in ("relative", "elsewhere") and not _exists(path):
            self.tree.miss(option, value)
        else:
            file.includes[value] = self.read(path, f"{self._shown(file.path)}:{line}", is_constraint)

    def _below_root(self, path: Path) -> str | None:
        """A path as it is below the first file's folder; None for one that is not."""
        try:
            relative = os.path.relpath(os.path.abspath(path), self._root).replace(os.sep, "/")
        except ValueError:
            return None
        return None if relative.startswith("../") else relative

    def _shown(self, path: Path) -> str:
        return self._below_root(path) or str(path)


class _AppReader:
    def __init__(self, read: Callable[[str], bytes], root: str):
        self.tree = Tree()
        self._content = read
        self._root = root
        self._taken_as: set[tuple[str, bool]] = set()

    def read(self, path: str, is_constraint: bool) -> None:
        """Read a file and what it includes. path: below %HOME%. Raises NotFound."""
        if (path.lower(), is_constraint) in self._taken_as:
            return
        self._taken_as.add((path.lower(), is_constraint))
        content = self.tree.contents.get(path)
        if content is None:
            content = self._content(path)
            self.tree.contents[path] = content
        parsed = requirements.parse(content, path.removeprefix(f"{self._root}/"))
        self.tree.take(parsed, is_constraint)
        folder = posixpath.dirname(path)
        for _, _, pairs in parsed.option_lines:
            for option, value in pairs:
                if option in ("-r", "-c"):
                    self._include(folder, option, value, is_constraint or option == "-c")
                else:
                    self.tree.take_option(option, value, folder)

    def _include(self, folder: str, option: str, value: str, is_constraint: bool) -> None:
        where = place(value)
        path = {"home": where.path, "relative": f"{folder}/{_slashed(value)}"}.get(where.kind, "..")
        path = posixpath.normpath(path)
        try:
            if path == ".." or path.startswith("../"):
                raise NotFound(path)
            self.read(path, is_constraint)
        except NotFound:
            self.tree.miss(option, value)


def read_local(path: Path, kind: str, included_by: str | None = None) -> bytes:
    """A file of this machine. kind: what it is, included_by: the line that names it, for errors.

    Raises InvalidInput when it cannot be read.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        where = f", which {included_by} includes," if included_by else ""
        raise InvalidInput(
            f"The {kind} file '{path}'{where} cannot be read: {reason}.",
            "Correct that line, or put the file there." if included_by else "Give the path of a file on this machine.",
        ) from error


def _local_path(including: Path, value: str) -> Path | None:
    """The file of this machine that a reference in another one leads to; None for an address on the web."""
    if _ADDRESS.match(value):
        return None
    if re.match(r"file:", value, re.IGNORECASE):
        return Path(url2pathname(re.sub(r"^//(?:localhost)?(?=/)", "", value[5:], flags=re.IGNORECASE)))
    found = Path(os.path.dirname(including)) / value
    slashed = Path(os.path.dirname(including)) / _slashed(value)
    return found if slashed == found or _exists(found) else slashed


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _slashed(value: str) -> str:
    return value.replace("\\", "/")


def _written(option: str, value: str) -> str:
    return f"{option} {shlex.quote(value)}" if value else option
