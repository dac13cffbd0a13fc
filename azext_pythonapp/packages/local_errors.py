"""Errors of this machine's files as sentences: which path, what is wrong with it, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azext_pythonapp.errors import InvalidInput

# Windows' limit for a path, the NUL at its end included, unless long paths are enabled ("Maximum Path Length
# Limitation" on learn.microsoft.com); 206 is ERROR_FILENAME_EXCED_RANGE, 112 ERROR_DISK_FULL.
MOST_WINDOWS = 260
_TOO_LONG, _DISK_FULL = 206, 112
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_OTHER_KIND = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


@contextmanager
def clear_errors(folder: Path, windows: bool = os.name == "nt") -> Iterator[None]:
    """Raise InvalidInput for an OSError of a file on this machine. folder: where the command writes."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        # requests' errors are OSErrors too, but have no number.
        if error.errno is None and getattr(error, "winerror", None) is None:
            raise
        raise explained(error, folder, windows) from error


def explained(error: OSError, folder: Path, windows: bool = os.name == "nt") -> InvalidInput:
    """The InvalidInput that says what error means for folder, or for the path in it that error names."""
    named = error.filename2 or error.filename
    path = os.fsdecode(named) if isinstance(named, (str, bytes)) and named else str(folder)
    number = getattr(error, "winerror", None)
    if error.errno in _FULL or number == _DISK_FULL:
        return InvalidInput(
            f"'{folder}' cannot be written: the disk is full.",
            "Free some space, or name a folder on another disk with --target.",
        )
    if (
        error.errno == errno.ENAMETOOLONG
        or number == _TOO_LONG
        or (windows and len(path) >= MOST_WINDOWS - 12 and error.errno in (errno.ENOENT, errno.EINVAL))
    ):
        limit = f"; Windows takes {MOST_WINDOWS} unless long paths are enabled" if windows else ""
        return InvalidInput(
            f"'{_middle(path)}' cannot be written: a name in it, or all of it, is too long "
            f"({len(path)} characters{limit}).",
            "Name a folder with a shorter path with --target.",
        )
    if error.errno in _OTHER_KIND:
        return InvalidInput(
            f"'{_middle(path)}' cannot be written: a file is where a folder has to be, or a folder "
            "where a file has to be.",
            "Name another folder with --target.",
        )
    return InvalidInput(
        f"'{_middle(path)}' cannot be read or written: {error.strerror or error}.",
        "Close what uses it, see to its permissions, or name another folder with --target.",
    )


def _middle(path: str) -> str:
    """A path with its middle left out when it would fill the terminal."""
    return path if len(path) <= 160 else f"{path[:60]}…{path[-90:]}"
