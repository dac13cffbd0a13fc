"""The protocol of a worker's SCM site for the domain packages: files and commands. `appservice.kudu.Kudu` provides it.

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
        """Return all bytes of the file."""

    @property
    def etag(self) -> str:
        """Return its ETag; "" when it is not known."""

    @property
    def server_time(self) -> datetime | None:
        """Return the server's time, UTC; None when it named none."""


class DirectoryEntry(Protocol):
    """One row of a directory listing."""

    @property
    def name(self) -> str:
        """Return the name without its folder."""

    @property
    def is_directory(self) -> bool:
        """Return whether it is a folder."""

    @property
    def modified(self) -> str:
        """Return when it was written, by the server's clock: ISO 8601, with up to seven digits for the fraction."""


class CommandAnswer(Protocol):
    """The output and exit code of a finished command."""

    @property
    def output(self) -> str:
        """Return its standard output."""

    @property
    def error(self) -> str:
        """Return its standard error, or Kudu's own message when it ended the command or could not start it."""

    @property
    def exit_code(self) -> int:
        """Return its exit code; -1 without any output also when Kudu could not start or ended the command."""


class PendingCommand(Protocol):
    """A command that was posted without waiting for its answer."""

    def result(self) -> CommandAnswer | None:
        """Return the command's result; None while it is unanswered and when the connection was cut. Never raises."""

    def give_up(self) -> bool:
        """Stop posting it; return whether it certainly never reached Kudu."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the command is answered or its connection cut."""


class ScmSite(Protocol):
    """Files and commands of one SCM site."""

    def home(self) -> str:
        """Return %HOME% as the worker sees it."""

    def note_home(self, home: str) -> None:
        """Take %HOME% from what a command on the worker printed, so that `home` need not ask."""

    def now(self) -> datetime | None:
        """Return the site's clock (UTC) according to its newest answer; None before the first one."""

    def list_directory(self, path: str) -> Sequence[DirectoryEntry]:
        """Return the entries of a folder; raises errors.NotFound."""

    def read(self, path: str) -> File:
        """Return a whole file; raises errors.NotFound."""

    def read_from(self, path: str, offset: int) -> bytes:
        """Return a file from a byte offset on, b"" when there is no more; raises errors.NotFound."""

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        """Write a file, creating its folder; return its new ETag. The server sets its time."""

    def delete(self, path: str, if_match: str = "*") -> None:
        """Delete a file, unless it is already gone; raises errors.Conflict for another ETag."""

    def delete_directory(self, path: str) -> None:
        """Delete a folder with its contents, unless it is already gone."""

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write files into a folder with one request, creating the folder."""

    def run(self, command: str) -> CommandAnswer:
        """Run one command line of cmd.exe and wait for it."""

    def start(self, command: str, directory: str = "") -> PendingCommand:
        """Start a command in a directory and return at once."""
