"""What of a folder is not sent, counted by reason, for one sentence to a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from azext_pythonapp.plain_text import plain_line

Reason = Literal["name", "environment", "ignored", "excluded", "broken link", "circle", "special file"]

MOST_NAMED = 3


@dataclass
class LeftOut:
    """What is not sent for one reason.

    reason: why. by: the name ("__pycache__"), the file of rules (".gitignore"), or the pattern of --exclude. paths: of
    the files, and of the folders, which are not looked into.
    """

    reason: Reason
    by: str
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Return it in words, such as "3 __pycache__ folders" or "1 file of .gitignore (db.sqlite3)"."""
        paths = sorted([*self.folders, *self.files])
        if self.reason == "name":
            return paths[0] if len(paths) == 1 else f"{_counted(self)[0]} {self.by} {_counted(self)[1]}"
        if self.reason == "environment":
            kind = "virtual environment" if self.by else "of a virtual environment"
            if len(paths) == 1:
                return f"{paths[0]} ({kind})"
            return (
                f"{', '.join(paths)} ({kind})"
                if not self.by
                else f"{len(paths)} virtual environments ({first_few(paths)})"
            )
        if self.reason == "ignored":
            return f"{_files_and_folders(self)} of {self.by} ({first_few(paths)})"
        if self.reason == "excluded":
            return f"{_files_and_folders(self)} of --exclude {self.by}"
        return _unusual(self.reason, paths)


def sentence(left_out: Sequence[LeftOut]) -> str | None:
    """Return one sentence about all that is not sent; None when everything is."""
    return plain_line(f"Left out: {', '.join(each.words for each in left_out)}.") if left_out else None


def first_few(paths: Iterable[str]) -> str:
    """Return the first of paths, and how many more there are."""
    first = list(paths)
    more = f" and {len(first) - MOST_NAMED} more" if len(first) > MOST_NAMED else ""
    return ", ".join(first[:MOST_NAMED]) + more


def _counted(each: LeftOut) -> tuple[int, str]:
    noun = "folders" if not each.files else "files" if not each.folders else "files and folders"
    return len(each.files) + len(each.folders), noun


def _files_and_folders(each: LeftOut) -> str:
    counts = ((len(each.files), "file"), (len(each.folders), "folder"))
    return " and ".join(f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts if count)


def _unusual(reason: Reason, paths: Sequence[str]) -> str:
    one, several = {
        "broken link": ("a broken symbolic link", "broken symbolic links"),
        "circle": ("a symbolic link to a folder that it is in", "symbolic links to folders that they are in"),
        "special file": ("neither a file nor a folder", "that are neither files nor folders"),
    }[reason]
    return f"{paths[0]} ({one})" if len(paths) == 1 else f"{len(paths)} {several} ({first_few(paths)})"
