"""Folders for tests, from a mapping of paths to contents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from azext_pythonapp.source.folder import Source, read_source


def made(folder: Path, files: Mapping[str, str | bytes] | Iterable[str]) -> Path:
    """Create files in a folder, and the folders of the paths that end in '/'; return the folder."""
    contents = files if isinstance(files, Mapping) else dict.fromkeys(files, "")
    for path, content in contents.items():
        place = folder / path
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return folder


def sent(source: Source) -> list[str]:
    """Return the paths of the files that are sent."""
    return [each.path for each in source.files]


def sent_of(folder: Path, files: Mapping[str, str | bytes] | Iterable[str], *exclude: str) -> list[str]:
    """Create files in a folder, and return the paths of those that are sent."""
    return sent(read_source(made(folder, files), exclude))
