"""What git leaves out of a folder by files outside of it: the repository's info/exclude, and .gitignore further up."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.ignore import Rules, left_out_by

GITIGNORE = ".gitignore"
_EXCLUDE = "info/exclude"


@dataclass(frozen=True)
class Outside:
    """What counts for a folder from outside of it.

    place: the folder's path below the repository's, "" without a repository. rules: the weakest first.
    """

    place: str
    rules: tuple[Rules, ...]


def rules_outside(folder: Path) -> Outside:
    """Return the rules that hold for a folder, with the paths that they are relative to.

    folder: absolute. They are none outside of a repository, and none when they leave out the folder itself, such as a
    `dist` that a build makes: whoever names that folder wants what is in it. Raises InvalidInput for a file that cannot
    be read.
    """
    root = next((each for each in (folder, *folder.parents) if _git_folder(each) is not None), None)
    if root is None:
        return Outside("", ())
    place = "" if root == folder else folder.relative_to(root).as_posix()
    found = []
    exclude = _exclude_file(root)
    content = read_rules(exclude) if exclude is not None else None
    if content is not None:
        found.append(Rules.parse(content, "", f".git/{_EXCLUDE}"))
    base, above = "", root
    for part in place.split("/") if place else []:
        content = read_rules(above / GITIGNORE)
        if content is not None:
            found.append(Rules.parse(content, base, GITIGNORE))
        above, base = above / part, f"{base}/{part}" if base else part
        if left_out_by(found, base, is_folder=True) is not None:
            return Outside("", ())
    return Outside(place, tuple(found))


def read_rules(file: Path) -> bytes | None:
    """Return a file of rules; None when there is none. Raises InvalidInput: without it, too much would be sent."""
    try:
        return file.read_bytes() if stat.S_ISREG(file.stat().st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidInput(
            f"'{file}' cannot be read ({error.strerror}), so it is not known which files it leaves out.",
            "Make it readable, then run the command again.",
        ) from error


def _git_folder(folder: Path) -> Path | None:
    """Return git's own folder of a repository whose files begin at a folder; None when none does.

    `.git` is a file in a submodule and in a further worktree (gitrepository-layout(5)).
    """
    own = folder / ".git"
    try:
        if own.is_file():
            text = own.read_text(encoding="utf-8", errors="surrogateescape").strip()
            own = Path(os.path.join(folder, text.removeprefix("gitdir:").strip())) if text else own
        return own if (own / "HEAD").exists() else None
    except OSError:
        return None


def _exclude_file(root: Path) -> Path | None:
    own = _git_folder(root)
    if own is None:
        return None
    try:
        common = (own / "commondir").read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        common = ""
    return Path(os.path.join(own, common)) / _EXCLUDE


def deeper(rules: Sequence[Rules], folder: Path, base: str) -> Sequence[Rules]:
    """Return rules with those of a folder's own .gitignore, if it has one. base: its path from the outermost folder."""
    content = read_rules(folder / GITIGNORE)
    return rules if content is None else (*rules, Rules.parse(content, base, GITIGNORE))
