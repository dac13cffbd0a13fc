"""A local folder of packages for one Python on Windows: extracted from wheels, verified, with a marker file."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import IO, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from azext_pythonapp.errors import InvalidInput, RemoteFailed
from azext_pythonapp.packages.local_errors import MAX_WINDOWS_PATH, clear_errors, explained
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.wheels import fits

MARKER = ".pythonapp-vendor.json"
_CHUNK_BYTES = 1 << 20
# The parts of a wheel's .data folder (PEP 427) that pip's --target installs beside the packages. The others are
# scripts, which would start a Python that does not exist there, and headers, which are not needed.
_INSTALLED_DATA = ("purelib", "platlib", "data")


@dataclass(frozen=True)
class Library:
    """One vendored package. name: canonical. file: its wheel; sha256: of the wheel, in hex."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Vendored:
    """The marker of a folder: its Python, its packages and their source.

    requirements_sha256: record.fingerprint of the requirement files. options: PipOptions.normalised().
    files_sha256: `tree_hash` of the folder when it was created.
    """

    python: str
    architecture: str
    requirements_sha256: str
    options: dict[str, Any]
    libraries: tuple[Library, ...]
    files_sha256: str

    @property
    def versions(self) -> dict[str, str]:
        """Return versions by canonical name."""
        return {library.name: library.version for library in self.libraries}


def read_marker(folder: Path) -> Vendored | None:
    """Return the marker of a folder; None for a folder that does not exist or is empty.

    Raises InvalidInput for any other folder that `package vendor` did not create: it is never replaced.
    """
    with clear_errors(folder):
        if not folder.exists() or folder.is_dir() and not any(folder.iterdir()):
            return None
        if not folder.is_dir():
            raise InvalidInput(f"'{folder}' is a file.", "Use another folder with --target, or remove that file.")
    try:
        fields = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        libraries = tuple(Library(**library) for library in fields.pop("libraries"))
        return Vendored(libraries=libraries, **fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(
            f"'{folder}' was not created by `package vendor`, so it is not replaced.",
            "Use another folder with --target, or remove that one yourself.",
        ) from error


def write_marker(folder: Path, vendored: Vendored) -> None:
    """Write the marker into a folder, for `read_marker`."""
    fields = {**asdict(vendored), "libraries": [asdict(library) for library in vendored.libraries]}
    (folder / MARKER).write_text(json.dumps(fields, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def tree_hash(folder: Path) -> str:
    """Return the SHA-256, in hex, of the names and sizes of a folder's files, without the marker and compiled files."""
    rows = sorted(
        f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != MARKER
    )
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def too_long(folder: Path, deployed: str) -> int:
    """Return how many files of a folder get a path that is too long for Windows when they are deployed.

    deployed: the folder's full Windows path on the worker.
    """
    room = MAX_WINDOWS_PATH - len(deployed) - 1
    return sum(1 for path in folder.rglob("*") if len(str(path.relative_to(folder))) >= room)


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside another one, on the same drive; it is removed at the end unless put in place.

    Raises InvalidInput when it cannot be created.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}-", dir=folder.parent))
        new = work / "new"
        new.mkdir()
    except OSError as error:
        raise explained(error, folder) from error
    try:
        yield new
    finally:
        shutil.rmtree(work, ignore_errors=True)


def put_in_place(new: Path, folder: Path) -> None:
    """Replace a folder with the new one from `workplace`.

    Raises InvalidInput when it cannot be replaced; it is then unchanged.
    """
    folder, old = folder.absolute(), new.parent / "old"
    try:
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    except OSError as error:
        raise InvalidInput(
            f"'{folder}' cannot be replaced: {error.strerror}.",
            "Close the programs that use its files, and run the command again.",
        ) from error


def unpack_all(
    archive: IO[bytes], expected: Mapping[str, int], folder: Path, target: TargetEnvironment
) -> tuple[Library, ...]:
    """Extract the wheels of an archive into a folder and return them by name.

    archive: a zip file of wheels. expected: the size, in bytes, of each file that must be in it, by name.
    Raises RemoteFailed for wheels that are damaged, missing or not for the target, and for source packages.
    """
    libraries = []
    try:
        with zipfile.ZipFile(archive) as outer:
            found = {info.filename: info.file_size for info in outer.infolist() if not info.is_dir()}
            if found != dict(expected):
                differing = sorted(found.items() ^ expected.items())
                raise RemoteFailed(
                    f"The download of the packages is incomplete: {differing[0][0]} is missing or damaged.",
                    "Run the command again.",
                )
            for name in sorted(found):
                with outer.open(name) as source, tempfile.TemporaryFile(dir=folder.parent) as wheel:
                    digest = _copy(source, wheel)
                    libraries.append(_unpack(name, digest, wheel, folder, target))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise RemoteFailed(f"The download of the packages is incomplete: {error}.", "Run the command again.") from error
    return tuple(sorted(libraries, key=lambda library: library.name))


def _unpack(name: str, digest: str, file: IO[bytes], folder: Path, target: TargetEnvironment) -> Library:
    project, version = _check_name(name, target)
    with zipfile.ZipFile(file) as wheel:
        names = [each for each in wheel.namelist() if not each.endswith("/")]
        about = next((each.split("/")[0] for each in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", each)), None)
        if about is None:
            raise RemoteFailed(f"The wheel {name} contains no metadata.", "Use another version of that package.")
        _check_python(name, wheel.read(f"{about}/METADATA").decode("utf-8", "replace"), target)
        hashes = _recorded_hashes(wheel.read(f"{about}/RECORD").decode("utf-8")) if f"{about}/RECORD" in names else {}
        for each in names:
            place = _place(name, each)
            if place is None:
                continue
            with wheel.open(each) as source, _opened(folder, place, name) as copy:
                found = _copy(source, copy)
            if hashes.get(each, found) != found:
                raise RemoteFailed(
                    f"{each} in the wheel {name} does not match the wheel's RECORD.",
                    "Use another version of that package.",
                )
    return Library(project, version, name, digest)


def _opened(folder: Path, place: PurePosixPath, wheel: str) -> IO[bytes]:
    """Open a file below a folder for writing. Raises RemoteFailed where another wheel has a file in its place."""
    path = folder / place
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise RemoteFailed(
            f"'{place}' of the wheel {wheel} cannot be extracted: a file or folder of another package is in its place.",
            "Use another version of one of the packages.",
        ) from error


def _check_name(name: str, target: TargetEnvironment) -> tuple[str, str]:
    """Return the project and version of a wheel file. Raises RemoteFailed unless it is a wheel for the target."""
    if not name.endswith(".whl"):
        raise RemoteFailed(
            f"{name} is a source package, and the pip of Python {target.version} is too old to build a wheel of it.",
            "Build the wheel with `pip wheel` elsewhere and pass its folder with --wheel-dir, or "
            "upgrade pip with `az webapp python package install --packages pip --upgrade`.",
        )
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise RemoteFailed(f"pip on the worker returned a wheel with an invalid name: {error}.") from error
    if not fits(tags, target.version, target.architecture):
        raise RemoteFailed(
            f"The wheel {name} is not for Python {target.version} {target.architecture}.",
            "Use another version of that package.",
        )
    return str(canonicalize_name(project)), str(version)


def _check_python(name: str, metadata: str, target: TargetEnvironment) -> None:
    """Raise RemoteFailed for a package whose Requires-Python excludes the target's Python."""
    required = HeaderParser().parsestr(metadata)["Requires-Python"]
    try:
        matches = required is None or SpecifierSet(required).contains(target.version, prereleases=True)
    except InvalidSpecifier:
        return  # pip installs such a package too
    if not matches:
        raise RemoteFailed(
            f"The wheel {name} requires Python {required}, and the app runs {target.version}.",
            "Use another version of that package.",
        )


def _recorded_hashes(record: str) -> dict[str, str]:
    """Return the SHA-256, in hex, by path in a wheel's RECORD, for files that have one (PEP 376)."""
    hashes = {}
    for row in csv.reader(io.StringIO(record)):
        if len(row) >= 2 and row[1].startswith("sha256="):
            text = row[1].removeprefix("sha256=")
            hashes[row[0]] = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
    return hashes


def _place(wheel: str, name: str) -> PurePosixPath | None:
    """Return the path of a wheel's member below the folder; None for a member that is left out.

    Raises RemoteFailed for a member that would be extracted elsewhere.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise RemoteFailed(
            f"The wheel {wheel} contains a file with the unsafe path '{name}'.", "Do not use that package."
        )
    parts: Sequence[str] = path.parts
    if parts[0].endswith(".data") and len(parts) > 2:
        if parts[1] not in _INSTALLED_DATA:
            return None
        parts = parts[2:]
    return None if "__pycache__" in parts else PurePosixPath(*parts)


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy a file in chunks and return its SHA-256 in hex."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    return digest.hexdigest()
