"""A file of this machine that is written whole or not at all: that of --output-file, and what is kept between runs."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from azext_pythonapp.errors import InvalidInput, Refused


def require_writable(name: str) -> Path:
    """Return the file of --output-file. Raises InvalidInput for one that cannot be there, before anything is asked."""
    path = Path(name).expanduser()
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidInput(f"--output-file '{name}' is not a file in a folder that exists.", "Make the folder first.")
    try:
        os.unlink(_temporary(path, b""))
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"--output-file '{name}' cannot be written: {reason}.", "Name a file elsewhere.") from error
    return path


def write_output(path: Path, text: str) -> None:
    """Write the file of --output-file. Raises Refused."""
    try:
        write_whole(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise Refused(
            f"--output-file '{path}' could not be written: {error.strerror or error}.", "Name a file elsewhere."
        ) from error


def write_whole(path: Path, content: bytes, private: bool = False) -> None:
    """Replace a file at one moment, or leave it as it was. Raises OSError.

    private: whether only this user may read it; else everybody that the umask lets.
    """
    temporary = _temporary(path, content)
    try:
        if not private:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _temporary(path: Path, content: bytes) -> str:
    """Write a file with a name of its own beside another one, and return that. Raises OSError, and leaves none then."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
    return name
