"""KuduSync: a folder made like another one, which is how a deployment changes site\\wwwroot (docs/platform/kudu.md 9.2)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

IGNORED = frozenset((".git", ".hg", ".deployment", "deploy.cmd"))
_LAST = "web.config"


class KuduSync:
    """Copies `source` over `target`, and deletes in `target` what is not in `source`.

    previous: the paths of the last deployment, of which alone something is deleted; None deletes everything that
    `source` lacks. is_held: whether a process holds the file of a path. Paths are relative to `target`, with
    backslashes; names are compared without regard to case.
    """

    def __init__(self, source: Path, target: Path, previous: frozenset[str] | None, is_held: Callable[[str], bool]):
        self._source, self._target = source, target
        self._previous = None if previous is None else frozenset(path.lower() for path in previous)
        self._is_held = is_held
        self._last: list[tuple[Path, Path, str]] = []
        self.manifest: list[str] = []

    def run(self) -> None:
        """Do it; `manifest` has the paths of `source` then. Raises OSError; what was copied before stays."""
        self._folder(self._source, self._target, "")
        for source, target, path in self._last:
            self._copy(source, target, path)

    def _folder(self, source: Path, target: Path, prefix: str) -> None:
        target.mkdir(exist_ok=True)
        ours, theirs = _by_name(source), _by_name(target)
        for name, path in theirs.items():
            if name not in ours:
                self._delete(path, prefix + path.name)
        for name, path in ours.items():
            here = prefix + path.name
            there = theirs.get(name, target / path.name)
            self.manifest.append(here)
            if path.is_dir():
                self._folder(path, there, here + "\\")
            elif not there.exists() or path.stat().st_mtime != there.stat().st_mtime:
                self._copy_in_turn(path, there, here)

    def _copy_in_turn(self, source: Path, target: Path, path: str) -> None:
        if source.name.lower() != _LAST:
            self._copy(source, target, path)
        elif not target.exists() or source.read_bytes() != target.read_bytes():
            self._last.append((source, target, path))

    def _copy(self, source: Path, target: Path, path: str) -> None:
        self._refuse_held(path)
        target.unlink(
            missing_ok=True
        )  # a file that a process has loaded is moved aside, and stays as that process has it
        shutil.copy2(source, target)

    def _delete(self, path: Path, relative: str) -> None:
        if self._previous is not None and relative.lower() not in self._previous:
            return
        if not path.is_dir():
            self._refuse_held(relative)
            path.unlink()
            return
        for child in _by_name(path).values():
            self._delete(child, f"{relative}\\{child.name}")
        if not any(path.iterdir()):
            path.rmdir()

    def _refuse_held(self, path: str) -> None:
        if self._is_held(path):
            raise OSError(f'Failed to change file that is currently being used "D:\\home\\site\\wwwroot\\{path}"')


def _by_name(folder: Path) -> dict[str, Path]:
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.name.lower() not in IGNORED}
