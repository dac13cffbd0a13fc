"""The folder that --src names: whether it is one, and not a whole disk or home folder by mistake."""

from __future__ import annotations

import os
from pathlib import Path

from azext_pythonapp.errors import InvalidInput

_NAME_IT = "Name the folder that holds the app's files, for example --src ."


def require_folder(folder: str | Path) -> Path:
    """Return the absolute path of a folder that may be sent. folder: as it was given; `~` is the home folder.

    Raises InvalidInput for what is not a folder, for an empty one, and for one that holds a person's home or all of a
    disk.
    """
    # cmd.exe makes `C:\shop"` of "C:\shop\" in quotes.
    text = str(folder) if os.path.lexists(folder) else str(folder).rstrip('"')
    if not text.strip():
        raise InvalidInput("--src was given an empty name.", _NAME_IT)
    given = text if os.path.lexists(text) else os.path.expanduser(text)
    place = Path(os.path.abspath(given))
    if not os.path.lexists(place):
        where = "" if str(place) == text else f" (looked for at '{place}')"
        raise InvalidInput(f"There is no folder '{folder}' on this machine{where}.", _NAME_IT)
    if not place.is_dir():
        if not place.exists():
            raise InvalidInput(f"'{place}' is a broken symbolic link.", _NAME_IT)
        archive = place.suffix.lower() in (".zip", ".whl", ".gz", ".tgz", ".7z", ".tar")
        advice = "Unpack it, and name the folder of what was in it." if archive else _NAME_IT
        raise InvalidInput(f"'{place}' is a file, and publish sends the files of a folder.", advice)
    what = _too_much(os.path.realpath(place))
    if what is not None:
        raise InvalidInput(f"'{place}' is {what}, not the folder of an app.", _NAME_IT)
    try:
        with os.scandir(place) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        raise InvalidInput(
            f"'{place}' cannot be read: {error.strerror}.", "Make it readable, then run the command again."
        ) from error
    if empty:
        raise InvalidInput(f"The folder '{place}' is empty.", _NAME_IT)
    return place


def _too_much(place: str) -> str | None:
    """Return what a folder is that nobody sends on purpose; None for any other. place: without links."""
    home = os.path.realpath(os.path.expanduser("~"))
    if place == home:
        return "your home folder"
    above = os.path.dirname(place)
    if above == place:
        return "the root of a disk" if os.name != "nt" or home.startswith(place) else None
    homes = os.path.dirname(above) == above and os.path.basename(place).lower() in ("home", "users")
    return "the folder of all home folders" if homes else None
