"""What git leaves out of a folder by files outside of it: the repository's info/exclude, and .gitignore further up."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.source.ignore import IGNORES_CASE, Rules, left_out_by

GITIGNORE = ".gitignore"
_EXCLUDE = "info/exclude"
_SECTION = re.compile(r"\s*\[([^]\"]*)(\"[^]]*)?\]")
_KEY = re.compile(r"\s*ignorecase\s*(?:=(?P<value>[^#;]*))?(?:[#;].*)?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Outside:
    """What counts for a folder from outside of it.

    place: the folder's path below the repository's, "" without a repository. rules: the weakest first. ignores_case:
    whether git ignores the case of patterns there.
    """

    place: str
    rules: tuple[Rules, ...]
    ignores_case: bool = IGNORES_CASE


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
    common = _common_folder(root)
    ignores_case = _ignores_case(common / "config") if common is not None else IGNORES_CASE
    content = read_rules(common / _EXCLUDE) if common is not None else None
    if content is not None:
        found.append(Rules.parse(content, "", f".git/{_EXCLUDE}", ignores_case))
    base, above = "", root
    for part in place.split("/") if place else []:
        content = read_rules(above / GITIGNORE)
        if content is not None:
            found.append(Rules.parse(content, base, GITIGNORE, ignores_case))
        above, base = above / part, f"{base}/{part}" if base else part
        if left_out_by(found, base, is_folder=True) is not None:
            return Outside("", (), ignores_case)
    return Outside(place, tuple(found), ignores_case)


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


def _common_folder(root: Path) -> Path | None:
    """Return git's folder that all worktrees of a repository share."""
    own = _git_folder(root)
    if own is None:
        return None
    try:
        common = (own / "commondir").read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        common = ""
    return Path(os.path.join(own, common))


def _ignores_case(config: Path) -> bool:
    """Return core.ignorecase of a repository's config (git-config(1)); what git usually sets here without it."""
    try:
        lines = config.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return IGNORES_CASE
    found, section = IGNORES_CASE, ""
    for line in lines:
        header = _SECTION.match(line)
        if header is not None:
            section, line = (header[1] + (header[2] or "")).strip().lower(), line[header.end() :]
        key = _KEY.match(line) if section == "core" else None
        if key is not None:
            value = key["value"]
            found = value is None or value.strip().strip('"').lower() in ("true", "yes", "on", "1")
    return found


def deeper(rules: Sequence[Rules], folder: Path, base: str, ignores_case: bool = IGNORES_CASE) -> Sequence[Rules]:
    """Return rules with those of a folder's own .gitignore, if it has one. base: its path from the outermost folder."""
    content = read_rules(folder / GITIGNORE)
    return rules if content is None else (*rules, Rules.parse(content, base, GITIGNORE, ignores_case))
