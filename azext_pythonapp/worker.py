"""What the domain needs of a worker's SCM site: its files and its commands; `appservice.kudu.Kudu` provides it.

Paths are relative to %HOME% and '/'-separated; "" is %HOME% itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class File(Protocol):
    """A file's bytes, and the server's clock when it answered."""

    @property
    def content(self) -> bytes:
        """All bytes of the file."""

    @property
    def server_time(self) -> datetime | None:
        """The server's time, UTC; None when it named none."""


class DirectoryEntry(Protocol):
    """One row of a directory listing."""

    @property
    def name(self) -> str:
        """Name without its folder."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder."""

    @property
    def modified(self) -> str:
        """When it was written, by the server's clock: ISO 8601, with up to seven digits of a second."""


class CommandAnswer(Protocol):
    """What a finished command printed and returned."""

    @property
    def output(self) -> str:
        """Standard output."""

    @property
    def error(self) -> str:
        """Standard error, or Kudu's own words when it ended the command or could not start it."""

    @property
    def exit_code(self) -> int:
        """Exit code; -1 without any output also when Kudu could not start the command, or ended it."""


class PendingCommand(Protocol):
    """A command that was posted and is not waited for."""

    def result(self) -> CommandAnswer | None:
        """The command's result; None while it is unanswered and when the connection was cut. Never raises."""

    def give_up(self) -> bool:
        """Post it no more; returns whether it certainly never reached Kudu."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or when the command is answered or cut meanwhile."""


class ScmSite(Protocol):
    """Files and commands of one SCM site."""

    def home(self) -> str:
        """%HOME% as the worker sees it."""

    def note_home(self, home: str) -> None:
        """Take %HOME% from what a command on the worker printed, so that `home` need not ask."""

    def now(self) -> datetime | None:
        """The site's clock (UTC), as its newest answer told it; None before it has told any."""

    def list_directory(self, path: str) -> Sequence[DirectoryEntry]:
        """The entries of a folder; raises errors.NotFound."""

    def read(self, path: str) -> File:
        """A whole file; raises errors.NotFound."""

    def read_from(self, path: str, offset: int) -> bytes:
        """A file from a byte offset on, b"" when there is no more; raises errors.NotFound."""

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        """Write a file, whose folder is created; its time is the server's. Returns its new ETag."""

    def delete(self, path: str) -> None:
        """Delete a file; one that is gone is fine."""

    def delete_directory(self, path: str) -> None:
        """Delete a folder and all in it; one that is gone is fine."""

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write files into a folder, which is created, with one request."""

    def run(self, command: str) -> CommandAnswer:
        """Run one command line of cmd.exe and wait for it."""

    def start(self, command: str, directory: str = "") -> PendingCommand:
        """Start a command in a directory and return at once."""
