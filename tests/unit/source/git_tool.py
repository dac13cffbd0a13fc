"""git itself, asked which files of a folder it leaves out."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed, so its answers are not compared")


class GitFolder:
    """A repository without commits, in which no setting of this machine counts.

    folder: its root, which is created. ignores_case: its core.ignorecase.
    """

    def __init__(self, folder: Path, ignores_case: bool = False):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._run("init", "--quiet")
        self._run("config", "core.ignorecase", "true" if ignores_case else "false")
        (folder / ".git" / "info" / "exclude").unlink(missing_ok=True)

    def kept(self, below: str = "", patterns: tuple[str, ...] = ()) -> set[str]:
        """Return the files that git would take, by path below a folder. patterns: of its --exclude, outside of files."""
        excludes = [f"--exclude={pattern}" for pattern in patterns]
        out = self._run("ls-files", "-z", "--others", "--exclude-standard", *excludes, cwd=self.folder / below)
        return {os.fsdecode(each) for each in out.split(b"\0") if each}

    def _run(self, *arguments: str, cwd: Path | None = None) -> bytes:
        assert GIT is not None
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
        }
        done = subprocess.run(
            [GIT, *arguments], cwd=cwd or self.folder, env=environment, capture_output=True, check=True
        )
        return done.stdout
