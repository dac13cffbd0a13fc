"""What jobs need of the SCM site; appservice/kudu.py provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class File(Protocol):
    """A file's bytes and the server's clock (UTC) when it answered."""

    @property
    def content(self) -> bytes:
        """All bytes of the file."""

    @property
    def server_time(self) -> datetime | None:
        """The server's time, UTC; None when it named none."""


class Entry(Protocol):
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


class Result(Protocol):
    """What a command printed and returned."""

    @property
    def output(self) -> str:
        """Standard output."""

    @property
    def error(self) -> str:
        """Standard error, or Kudu's own words when it killed the command or could not start it."""

    @property
    def exit_code(self) -> int:
        """Exit code."""


class Pending(Protocol):
    """A command that was posted and not waited for."""

    def result(self) -> Result | None:
        """The command's result; None while it is unanswered and when the connection was cut. Never raises."""

    def is_kept_back(self) -> bool:
        """Whether the command has not reached Kudu yet and is going to be posted again."""

    def give_up(self) -> bool:
        """Post it no more; returns whether it certainly never reached Kudu."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or when the command is answered or cut meanwhile."""


class Site(Protocol):
    """Files and commands of one SCM site; paths are relative to %HOME% and '/'-separated."""

    def now(self) -> datetime | None:
        """The site's clock (UTC), as its newest answer told it; None before it has told any."""

    def list_directory(self, path: str) -> Sequence[Entry]:
        """Entries of a folder; raises errors.NotFound."""

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

    def start(self, command: str, directory: str = "") -> Pending:
        """Start a command in a directory and return at once."""
