"""Explain errors of files on this machine: which path, what is wrong with it, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azext_pythonapp.errors import InvalidInput

# Windows' limit for a path, including the NUL at its end, unless long paths are enabled ("Maximum Path Length
# Limitation" on learn.microsoft.com); 206 is ERROR_FILENAME_EXCED_RANGE, 112 ERROR_DISK_FULL.
MAX_WINDOWS_PATH = 260
_TOO_LONG, _DISK_FULL = 206, 112
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_OTHER_KIND = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


@contextmanager
def clear_errors(folder: Path, windows: bool = os.name == "nt") -> Iterator[None]:
    """Turn an OSError of a file on this machine into InvalidInput. folder: where the command writes."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        # requests' errors are OSErrors too, but without a number.
        if error.errno is None and getattr(error, "winerror", None) is None:
            raise
        raise explained(error, folder, windows) from error


def explained(error: OSError, folder: Path, windows: bool = os.name == "nt") -> InvalidInput:
    """Return the InvalidInput for an error with a folder, or with the path in it that the error names."""
    named = error.filename2 or error.filename
    path = os.fsdecode(named) if isinstance(named, (str, bytes)) and named else str(folder)
    number = getattr(error, "winerror", None)
    if error.errno in _FULL or number == _DISK_FULL:
        return InvalidInput(
            f"'{folder}' cannot be written: the disk is full.",
            "Free some space, or use a folder on another disk with --target.",
        )
    if (
        error.errno == errno.ENAMETOOLONG
        or number == _TOO_LONG
        or (windows and len(path) >= MAX_WINDOWS_PATH - 12 and error.errno in (errno.ENOENT, errno.EINVAL))
    ):
        limit = f"; Windows allows {MAX_WINDOWS_PATH} unless long paths are enabled" if windows else ""
        return InvalidInput(
            f"'{_shortened(path)}' cannot be written: the path, or a name in it, is too long "
            f"({len(path)} characters{limit}).",
            "Use a folder with a shorter path with --target.",
        )
    if error.errno in _OTHER_KIND:
        return InvalidInput(
            f"'{_shortened(path)}' cannot be written: there is a file in place of a folder, or a folder in place of "
            "a file.",
            "Use another folder with --target.",
        )
    return InvalidInput(
        f"'{_shortened(path)}' cannot be read or written: {error.strerror or error}.",
        "Close the programs that use it, check its permissions, or use another folder with --target.",
    )


def _shortened(path: str) -> str:
    """Return a path without its middle when it is long."""
    return path if len(path) <= 160 else f"{path[:60]}…{path[-90:]}"
