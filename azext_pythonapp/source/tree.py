"""Files by folder, as Windows finds them: the case of a path does not count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from azext_pythonapp.windows import upper_case


class Named(Protocol):
    """A file. path: below the root, with '/'."""

    @property
    def path(self) -> str:
        """Return the path below the root."""


F = TypeVar("F", bound=Named)


class FileTree(Generic[F]):
    """Files, and the folders that their paths have."""

    def __init__(self, files: Iterable[F]):
        self._files = {upper_case(each.path): each for each in files}
        self._folders: dict[str, dict[str, bool]] = {"": {}}
        for each in self._files.values():
            parts = each.path.split("/")
            for number, part in enumerate(parts):
                folder = upper_case("/".join(parts[:number]))
                self._folders.setdefault(folder, {})[part] = number < len(parts) - 1

    def find(self, path: str) -> F | None:
        """Return the file of a path; None when there is none."""
        return self._files.get(upper_case(path))

    def list_folder(self, path: str) -> list[tuple[str, bool]] | None:
        """Return (name, whether it is a folder) of each entry of a folder, "" is the root; None when there is none."""
        entries = self._folders.get(upper_case(path.strip("/")))
        return None if entries is None else list(entries.items())
