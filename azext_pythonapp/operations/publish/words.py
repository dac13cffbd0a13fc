"""How `publish` speaks of files: counts, sizes, the first names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azext_pythonapp.operations.files.compare import Comparison
from azext_pythonapp.plain_text import size_in_words
from azext_pythonapp.plan import Change

_NAMED = 5


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "12 files"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def names_in_words(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def shown_rows(root: str, found: Comparison[Any], rows: Sequence[Change], changes: Sequence[Change]) -> list[Change]:
    """Return the changes of a plan with one row for the files of each kind in place of one for each file."""
    mine = {id(row) for row in rows}
    targets = {(row.target, row.action) for row in rows}
    others = [change for change in changes if id(change) not in mine and (change.target, change.action) not in targets]
    first = next((number for number, change in enumerate(changes) if (change.target, change.action) in targets), 0)
    grouped = [
        Change(root, "create", after=_files([file.path for file in found.new], sum(file.size for file in found.new))),
        Change(
            root,
            "update",
            after=_files([file.path for file in found.different], sum(file.size for file in found.different)),
        ),
        Change(root, "delete", before=_files(list(found.delete), None)),
    ]
    kept = [row for row, files in zip(grouped, (found.new, found.different, found.delete)) if files]
    return [*others[:first], *kept, *others[first:]]


def _files(names: Sequence[str], size: int | None) -> str:
    counted = count(len(names), "file") + (f", {size_in_words(size)}" if size is not None else "")
    return f"{counted}: {names_in_words(names)}"
