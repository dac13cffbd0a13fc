"""Read a lock file, pylock.toml: what it says, checked key by key (docs/platform/pylock.md 1).

This is our own reading of the standard, because not every az brings a library for it; where az's `packaging` has one,
that has to accept the file, too.
"""

from __future__ import annotations

import codecs
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.url_secrets import masked

NAME = "pylock.toml"
_FILE = re.compile(r"pylock\.(?:[^./\\]+\.)?toml", re.IGNORECASE)
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})")
_HEADER = re.compile(r"\s*\[\[\s*(?:packages|\"packages\"|'packages')\s*\]\]")
# The first of them that this Python has. pip is in every az, which installs extensions with it.
_TOML_READERS = ("tomllib", "tomli", "pip._vendor.tomli")
_WORDS = {str: "a text", bool: "true or false", list: "an array", dict: "a table", int: "a whole number"}
_Value = TypeVar("_Value")
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class LockedFile:
    """One file: a wheel, a source archive, or an archive that was named by its address.

    name: of the file. url, path: where it is, as written; one of them is None. hashes: in hex, by algorithm.
    subdirectory: of the project in an archive. key: where the lock names it, such as "packages[0].wheels[1]".
    """

    name: str
    url: str | None
    path: str | None
    hashes: Mapping[str, str]
    key: str
    subdirectory: str | None = None


@dataclass(frozen=True)
class LockedRepository:
    """A commit of a repository. kind: "git" or the like. url, path: as in LockedFile."""

    kind: str
    url: str | None
    path: str | None
    commit: str
    key: str
    subdirectory: str | None = None


@dataclass(frozen=True)
class LockedPackage:  # pylint: disable=too-many-instance-attributes
    """One package. name: canonical. version: None where only its files, or nothing, tell it.

    directory: the path of a folder of source code; None for none. line: of the lock, from 1. key: "packages[0]".
    """

    name: str
    version: str | None
    marker: Marker | None
    requires_python: SpecifierSet | None
    wheels: tuple[LockedFile, ...]
    sdist: LockedFile | None
    archive: LockedFile | None
    repository: LockedRepository | None
    directory: str | None
    line: int
    key: str


@dataclass(frozen=True)
class Lock:
    """A lock. name: in messages. newer: its version, where that is a later one of the same kind; None for 1.0."""

    name: str
    newer: str | None
    requires_python: SpecifierSet | None
    environments: tuple[Marker, ...] | None
    default_groups: tuple[str, ...]
    packages: tuple[LockedPackage, ...]


def is_address(name: str) -> bool:
    """Return whether what -r names is an address on the web."""
    return re.match(r"https?://", name, re.IGNORECASE) is not None


def is_lock(name: str) -> bool:
    """Return whether a path or an address names a lock: pylock.toml or pylock.NAME.toml."""
    try:
        path = unquote(urlsplit(name).path) if is_address(name) else name
    except ValueError:
        return False
    return _FILE.fullmatch(re.split(r"[/\\]", path)[-1]) is not None


def parse(content: bytes, name: str) -> Lock:
    """Read a lock. name: in messages, without secrets. Raises InvalidInput, which names the wrong key."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput(
            f"{name} is not TOML: it is text in UTF-16, as Windows PowerShell writes what is redirected by `>`.",
            "Let the program that makes the lock write the file itself, such as `uv export --output-file pylock.toml`.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{name} is not TOML: it is not text in UTF-8 ({error.reason} at byte {error.start}).", _anew(name)
        ) from error
    fields = _toml(text, name)
    lock = _Reader(name, text).lock(fields)
    _agree(fields, name)
    return lock


def _toml(text: str, name: str) -> dict[str, Any]:
    reader = _toml_reader()
    if reader is None:
        raise InvalidInput(
            f"{name} cannot be read: the Python of this az has nothing that reads TOML.",
            "Run az on Python 3.11 or newer, which `az --version` shows; the installers of az bring one.",
        )
    try:
        fields: dict[str, Any] = reader(text)
        return fields
    except ValueError as error:
        raise InvalidInput(f"{name} is not TOML: {masked(str(error))}.", _anew(name)) from error
    except RecursionError as error:
        raise InvalidInput(f"{name} is not a lock: its values are nested too deeply.", _anew(name)) from error


def _toml_reader() -> Callable[[str], dict[str, Any]] | None:
    for module in _TOML_READERS:
        with suppress(ImportError):
            loads: Callable[[str], dict[str, Any]] = importlib.import_module(module).loads
            return loads
    return None


def _agree(fields: Mapping[str, Any], name: str) -> None:
    """Raise InvalidInput for what packaging's own reader refuses, where az's packaging has one."""
    try:
        pylock = importlib.import_module("packaging.pylock")
    except ImportError:
        return
    try:
        pylock.Pylock.from_dict(fields)
    except pylock.PylockValidationError as error:
        where = f"{error.context}: " if error.context else ""
        raise InvalidInput(f"{name} is no valid lock: {masked(where + error.message)}.", _anew(name)) from error


def _anew(name: str) -> str:
    return f"Write {name} anew with the program that made it, such as `pip lock` or `uv export --format pylock.toml`."


class _Reader:
    """Reads the tables of a lock. name, text: of the lock."""

    def __init__(self, name: str, text: str):
        self._name = name
        self._lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]

    def lock(self, fields: Mapping[str, Any]) -> Lock:
        """Read the whole lock."""
        newer = self._version(fields)
        self._required(fields, "created-by", str, "")
        packages = self._tables(self._required(fields, "packages", list, ""), "packages")
        for key in ("extras", "dependency-groups"):
            self._texts(fields, key, "")
        environments = self._texts(fields, "environments", "")
        return Lock(
            self._name,
            newer,
            self._specifiers(fields, "requires-python", ""),
            None
            if environments is None
            else tuple(self._marker(each, f"environments[{number}]") for number, each in enumerate(environments)),
            tuple(self._texts(fields, "default-groups", "") or ()),
            tuple(self._package(table, key, number) for number, (key, table) in enumerate(packages)),
        )

    def _version(self, fields: Mapping[str, Any]) -> str | None:
        written = self._required(fields, "lock-version", str, "")
        found = _VERSION.fullmatch(written)
        if found is None:
            raise self._wrong("lock-version", f"is {written[:40]!r}, which is no version such as '1.0'")
        if int(found[1]) != 1:
            raise InvalidInput(
                f"{self._name} has lock-version {written}, and this command reads versions 1.x only.",
                "Lock anew with a program that writes lock-version 1.0, or install a newer version of this extension: "
                "`az extension update --name pythonapp`.",
            )
        return written if int(found[2]) > 0 else None

    def _package(self, table: Mapping[str, Any], key: str, number: int) -> LockedPackage:
        name = self._required(table, "name", str, key)
        if name != canonicalize_name(name) or not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", name):
            raise self._wrong(f"{key}.name", f"is {name[:80]!r}, which is no normalized name of a package")
        rows = self._tables(self._value(table, "wheels", list, key) or [], f"{key}.wheels")
        wheels = tuple(self._file(each, where, parse_wheel_filename) for where, each in rows)
        sdist, archive, repository, directory = (
            self._value(table, each, dict, key) for each in ("sdist", "archive", "vcs", "directory")
        )
        sources = [each for each in (archive, repository, directory) if each is not None]
        if len(sources) > 1 or bool(sources) == bool(wheels or sdist is not None):
            raise self._wrong(
                key, "needs wheels, an sdist or both, or exactly one of archive, vcs and directory, and nothing else"
            )
        marker, version = self._value(table, "marker", str, key), self._value(table, "version", str, key)
        package = LockedPackage(
            name,
            None if version is None else self._pep440(version, f"{key}.version"),
            None if marker is None else self._marker(marker, f"{key}.marker"),
            self._specifiers(table, "requires-python", key),
            wheels,
            None if sdist is None else self._file(sdist, f"{key}.sdist", parse_sdist_filename),
            None if archive is None else self._file(archive, f"{key}.archive", None),
            None if repository is None else self._repository(repository, f"{key}.vcs"),
            None if directory is None else self._required(directory, "path", str, f"{key}.directory"),
            self._lines[number] if number < len(self._lines) else 1,
            key,
        )
        self._consistent(package)
        return package

    def _file(self, table: Mapping[str, Any], key: str, parsed: Callable[[str], tuple[Any, ...]] | None) -> LockedFile:
        """Read one file. parsed: reads its name, None for a file with any name."""
        url, path = self._place(table, key)
        hashes = self._required(table, "hashes", dict, key)
        if not hashes:
            raise self._wrong(f"{key}.hashes", "is empty")
        for algorithm, value in hashes.items():
            if not isinstance(value, str) or not re.fullmatch("[0-9a-fA-F]{8,256}", value):
                raise self._wrong(f"{key}.hashes.{algorithm}", "is no hash in hexadecimal digits")
        for other in ("size",):
            self._value(table, other, int, key)
        name = self._value(table, "name", str, key) or self._last_part(url, path, key)
        if parsed is not None:
            try:
                parsed(name)
            except ValueError as error:  # InvalidWheelFilename and the like; a number of thousands of digits
                kind = "a wheel" if parsed is parse_wheel_filename else "a source distribution"
                raise self._wrong(key, f"names the file {masked(name)[:200]!r}, which is no name of {kind}") from error
        return LockedFile(
            name,
            url,
            path,
            {str(algorithm).lower(): value.lower() for algorithm, value in hashes.items()},
            key,
            self._value(table, "subdirectory", str, key),
        )

    def _repository(self, table: Mapping[str, Any], key: str) -> LockedRepository:
        url, path = self._place(table, key)
        return LockedRepository(
            self._required(table, "type", str, key),
            url,
            path,
            self._required(table, "commit-id", str, key),
            key,
            self._value(table, "subdirectory", str, key),
        )

    def _consistent(self, package: LockedPackage) -> None:
        """Raise InvalidInput for a file of another package or version."""
        files = [(each, parse_wheel_filename(each.name)[:2]) for each in package.wheels]
        if package.sdist is not None:
            files.append((package.sdist, parse_sdist_filename(package.sdist.name)))
        for file, (name, version) in files:
            if canonicalize_name(name) != package.name or version != Version(package.version or str(files[0][1][1])):
                wanted = f"{package.name} {package.version or files[0][1][1]}"
                raise self._wrong(file.key, f"names the file {file.name!r}, which is not of {wanted}")

    def _place(self, table: Mapping[str, Any], key: str) -> tuple[str | None, str | None]:
        url, path = self._value(table, "url", str, key), self._value(table, "path", str, key)
        if not url and not path:
            raise self._wrong(key, "has neither a url nor a path")
        return (url, None) if url and not (path and url.lower().startswith("file:")) else (None, path)

    def _last_part(self, url: str | None, path: str | None, key: str) -> str:
        """Return the name of the file that an address or a path ends in."""
        try:
            return unquote(urlsplit(url).path.rpartition("/")[2]) if url else re.split(r"[/\\]", path or "")[-1]
        except ValueError as error:
            raise self._wrong(f"{key}.url", "is no address") from error

    def _value(self, table: Mapping[str, Any], name: str, kind: type[_Value], key: str) -> _Value | None:
        value = table.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or kind is int and isinstance(value, bool):
            raise self._wrong(_joined(key, name), f"has to be {_WORDS[kind]}, and is {_kind_of(value)}")
        return value

    def _required(self, table: Mapping[str, Any], name: str, kind: type[_Value], key: str) -> _Value:
        value = self._value(table, name, kind, key)
        if value is None:
            raise self._wrong(_joined(key, name), "is missing")
        return value

    def _texts(self, table: Mapping[str, Any], name: str, key: str) -> list[str] | None:
        values = self._value(table, name, list, key)
        for number, value in enumerate(values or ()):
            if not isinstance(value, str):
                raise self._wrong(f"{_joined(key, name)}[{number}]", f"has to be a text, and is {_kind_of(value)}")
        return values

    def _tables(self, values: list[Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                raise self._wrong(f"{key}[{number}]", f"has to be a table, and is {_kind_of(value)}")
            yield f"{key}[{number}]", value

    def _specifiers(self, table: Mapping[str, Any], name: str, key: str) -> SpecifierSet | None:
        written = self._value(table, name, str, key)
        if written is None:
            return None
        return self._read(SpecifierSet, written, _joined(key, name), "no set of versions")

    def _pep440(self, written: str, key: str) -> str:
        return str(self._read(Version, written, key, "no version"))

    def _marker(self, written: str, key: str) -> Marker:
        return self._read(Marker, written, key, "no marker that az's packaging library can read")

    def _read(self, read: Callable[[str], _Read], written: str, key: str, what: str) -> _Read:
        try:
            return read(written)
        except (ValueError, RecursionError) as problem:  # InvalidVersion and the like; what is too long or too deep
            raise self._wrong(key, f"is {masked(written)[:200]!r}, which is {what}") from problem

    def _wrong(self, key: str, what: str) -> InvalidInput:
        return InvalidInput(f"{self._name} is no valid lock: {key} {what}.", _anew(self._name))


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _kind_of(value: Any) -> str:
    kinds = ((bool, bool), (str, str), (int, int), (list, list), (dict, dict))
    return next((_WORDS[name] for kind, name in kinds if isinstance(value, kind)), f"a {type(value).__name__}")
