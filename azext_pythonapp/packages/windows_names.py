"""File names from this machine that are valid on Windows."""

from __future__ import annotations

import re
from collections.abc import Collection

from azext_pythonapp.windows import name_problem, upper_case, utf16_length

# %HOME%\data\pythonapp\jobs\<id>\ uses about 60 of the 260 characters.
MAX_CHARACTERS = 120


def is_safe(path: str) -> bool:
    """Return whether a relative path, with '/', is valid on Windows and can be written in a requirements file.

    In such a file ` #` starts a comment and ${NAME} is a variable, even in quotes.
    """
    parts = path.split("/")
    return (
        utf16_length(path) <= MAX_CHARACTERS
        and not re.search(r"\x7f|\s#|^#|\$\{|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", path)
        and all(part not in ("", ".", "..") and name_problem(part) is None for part in parts)
    )


def clashes(path: str, taken: Collection[str]) -> bool:
    """Return whether a path is, on Windows, the same as one of others, a folder above one of them, or below one.

    taken: paths as `folded` returns them.
    """
    own = folded(path)
    return any(own == other or own.startswith(other + "/") or other.startswith(own + "/") for other in taken)


def folded(path: str) -> str:
    """Return a path in the case in which Windows compares paths."""
    return upper_case(path)


def safe_name(name: str, number: int) -> str:
    """Return a name for a file whose own is not valid on Windows. number: makes it unique."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-40:].strip(".-_ ")
    return f"included-{number}-{readable or 'file'}"
