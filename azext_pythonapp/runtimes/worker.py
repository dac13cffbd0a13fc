"""What the runtimes package needs of a worker's SCM site; `appservice.kudu.Kudu` is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DirectoryEntry(Protocol):
    """One row of a directory listing."""

    @property
    def name(self) -> str:
        """Its name in the directory."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""


class CommandAnswer(Protocol):
    """What a finished remote command printed."""

    @property
    def output(self) -> str:
        """Its standard output."""

    @property
    def exit_code(self) -> int:
        """Its exit code; -1 without any output also when Kudu could not start it, or ended it."""


class Worker(Protocol):
    """A worker whose files can be listed and where commands run."""

    def home(self) -> str:
        """%HOME% as the worker sees it."""

    def list_directory(self, path: str) -> Sequence[DirectoryEntry]:
        """The entries of a directory below %HOME%, "" for %HOME% itself; raises NotFound."""

    def run(self, command: str) -> CommandAnswer:
        """Run one command line of cmd.exe and wait for it."""
