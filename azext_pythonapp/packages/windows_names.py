"""Names of this machine's files as Windows can hold them."""

from __future__ import annotations

import re
from collections.abc import Collection

# What Windows takes for a device, whatever follows the first dot.
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:\.|$)", re.IGNORECASE
)
_FORBIDDEN = re.compile(r"[<>:\"/\\|?*\x00-\x1f\x7f\ud800-\udfff]")
# %HOME%\data\pythonapp\jobs\<id>\ takes some 60 of the 260 characters.
MOST_CHARACTERS = 120


def is_safe(path: str) -> bool:
    """Whether a relative path, with '/', is one on Windows as well, and stands as it is in a requirements file.

    In such a file ` #` begins a comment and ${NAME} is a variable, however they are quoted.
    """
    parts = path.split("/")
    return (
        len(path.encode("utf-16-le", "surrogatepass")) <= 2 * MOST_CHARACTERS
        and not re.search(r"\s#|^#|\$\{|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", path)
        and all(
            part not in ("", ".", "..")
            and not _FORBIDDEN.search(part)
            and not _DEVICES.match(part)
            and part[-1] not in ". "
            for part in parts
        )
    )


def clashes(path: str, taken: Collection[str]) -> bool:
    """Whether Windows takes a path for one of others, for a folder of theirs, or one of them for a folder of its own.

    taken: paths as `folded` gives them.
    """
    own = folded(path)
    return any(own == other or own.startswith(other + "/") or other.startswith(own + "/") for other in taken)


def folded(path: str) -> str:
    """A path in the case in which Windows compares."""
    return path.upper()


def safe_name(name: str, number: int) -> str:
    """A name for a file whose own Windows cannot hold; number: what makes it another than its neighbours'."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-40:].strip(".-_ ")
    return f"included-{number}-{readable or 'file'}"
