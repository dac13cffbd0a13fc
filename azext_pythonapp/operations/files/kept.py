r"""The previous versions of files that a change replaces or deletes: one zip file in %HOME%\data\pythonapp\kept."""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PlatformFailed, Refused
from azext_pythonapp.history.record import Published
from azext_pythonapp.history.store import KEPT
from azext_pythonapp.operations.files.present import read_files
from azext_pythonapp.packages.windows_names import folded


def archive_path(change_id: str) -> str:
    """Return the path below %HOME% of the zip file that belongs to a change."""
    return f"{KEPT}/{change_id}.zip"


class Kept:
    """Files with their bytes, in a zip file of this machine. names: below the root, as they were spelled on the app."""

    def __init__(self, path: Path):
        self.path = path
        self._facts: dict[str, tuple[str, str, int]] = {}
        self._archive: zipfile.ZipFile | None = None
        if path.exists():
            self._read()

    def _read(self) -> None:
        with zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                content = archive.read(member)  # checks its CRC
                self._note(member.filename, content)

    def _note(self, name: str, content: bytes) -> None:
        self._facts[folded(name)] = (name, hashlib.sha256(content).hexdigest(), len(content))

    @property
    def names(self) -> list[str]:
        """Return the names of the files."""
        return [name for name, _, _ in self._facts.values()]

    def has(self, name: str) -> bool:
        """Return whether a file is there, in any spelling of its name."""
        return folded(name) in self._facts

    def sha256(self, name: str) -> str:
        """Return the hash of a file's bytes."""
        return self._facts[folded(name)][1]

    def size(self, name: str) -> int:
        """Return the number of a file's bytes."""
        return self._facts[folded(name)][2]

    def content(self, name: str) -> bytes:
        """Return a file's bytes. The zip file stays open, because opening it takes longer the more files are in it."""
        if self._archive is None:
            self._archive = zipfile.ZipFile(self.path)  # pylint: disable=consider-using-with
        return self._archive.read(self._facts[folded(name)][0])

    def close(self) -> None:
        """Close the zip file; it is opened again when it is needed."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def add(self, app: App, root: str, names: Collection[str]) -> list[str]:
        """Read files of the app and add them; return those that are not there any more.

        Raises Refused where this machine has no room for them.
        """
        gone = []
        self.close()
        try:
            with zipfile.ZipFile(self.path, "a", zipfile.ZIP_DEFLATED) as archive:
                for name, content in read_files(app, root, [each for each in names if not self.has(each)]):
                    if content is None:
                        gone.append(name)
                        continue
                    archive.writestr(name, content)
                    self._note(name, content)
        except OSError as error:
            raise no_room(self.path, error) from error
        return gone

    def store(self, app: App, path: str) -> None:
        """Write the zip file to the app, and make sure that all of it is there. path: below %HOME%.

        Raises PlatformFailed when it is not, and what the SCM site raises.
        """
        content = self.path.read_bytes()
        app.kudu.write(path, content)
        folder, _, own = path.rpartition("/")
        sizes = [entry.size for entry in app.kudu.list_directory(folder) if entry.name == own]
        if sizes != [len(content)]:
            raise PlatformFailed(
                f"The previous files of {app.site.label} were not completely written to {path}; no file was changed.",
                "Run the command again.",
            )


@contextmanager
def kept_files(app: App, archive: str | None) -> Iterator[Kept]:
    """Open the zip file that an app has of a change, or a new one; it is on this machine until the block ends.

    archive: below %HOME%; None for a new one. One that is not there, or not whole, holds nothing: it was being written
    when its command ended, so no file was changed yet.
    """
    with tempfile.TemporaryDirectory(prefix="pythonapp-") as folder:
        path = Path(folder, "kept.zip")
        kept = _opened(app, archive, path) if archive is not None else Kept(path)
        try:
            yield kept
        finally:
            kept.close()


def _opened(app: App, archive: str, path: Path) -> Kept:
    try:
        path.write_bytes(app.kudu.read(archive).content)
        return Kept(path)
    except OSError as error:
        raise no_room(path, error) from error
    except (NotFound, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error):
        # RuntimeError: encrypted, or compressed in a way that is not known here; nobody but others writes such a file
        path.unlink(missing_ok=True)
        return Kept(path)


def is_complete(kept: Kept, published: Published) -> bool:
    """Return whether the previous bytes of all files are there that a change replaced or deleted."""
    return all(kept.has(name) for name in (*published.replaced, *published.deleted))


def no_room(path: Path, error: OSError) -> Refused:
    """Return the error for a file that cannot be written on this machine."""
    return Refused(
        f"'{path}' could not be written on this machine: {error.strerror or error}.",
        "Make room there, or name another folder in the environment variable TMPDIR.",
    )
