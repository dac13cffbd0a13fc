"""A zip archive that is made while it is sent: of known length, and never more than a piece of it in memory."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azext_pythonapp.errors import InvalidInput

# Entries, and each place in the archive, are counted in 32 bits; beyond that the format is another one.
LARGEST_BYTES = (1 << 32) - (1 << 26)
MOST_MEMBERS = (1 << 16) - 1
CHUNK_BYTES = 1 << 18
_UTF8_NAMES = 0x0800


@dataclass(frozen=True)
class Member:
    """One file of the archive. name: its path there. path: where its content is; None for an empty file.

    size: bytes, crc32: of the content; both must be known beforehand, because they stand in front of it.
    """

    name: str
    path: Path | None = None
    size: int = 0
    crc32: int = 0


class StoredZip(io.RawIOBase):
    """The archive as a file that can be read, and read again from its beginning; nothing in it is compressed.

    on_progress: called with the number of bytes that were read since the beginning.
    Raises InvalidInput for more than an archive can hold; reading does when a file is no longer what it was.
    """

    def __init__(self, members: Sequence[Member], on_progress: Callable[[int], None] = lambda count: None):
        super().__init__()
        if sum(member.size for member in members) > LARGEST_BYTES or len(members) > MOST_MEMBERS:
            raise InvalidInput("These are more files, or larger ones, than one upload can hold: 4 GB.")
        self._on_progress = on_progress
        self._parts = list(_parts(members))
        self._length = sum(part.size if isinstance(part, Member) else len(part) for part in self._parts)
        self._position = 0
        self._pieces = self._read_parts()
        self._rest = b""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True, to its beginning and its end."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the beginning or the end and tell where that is. Raises ValueError for other places."""
        if offset != 0:
            raise ValueError("only the beginning and the end can be reached")
        if whence == io.SEEK_SET:
            self._position, self._pieces, self._rest = 0, self._read_parts(), b""
        elif whence == io.SEEK_END:
            self._position, self._pieces, self._rest = self._length, iter(()), b""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one piece goes; the number of bytes, 0 at the end."""
        self._rest = self._rest or next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        self._position += count
        self._on_progress(self._position)
        return count

    def _read_parts(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, Member):
                yield from _content(part)
            else:
                yield part


def _content(member: Member) -> Iterator[bytes]:
    assert member.path is not None
    left = member.size
    try:
        with member.path.open("rb") as file:
            while piece := file.read(min(left, CHUNK_BYTES)):
                left -= len(piece)
                yield piece
            grown = bool(file.read(1))
    except OSError as error:
        raise InvalidInput(f"'{member.path}' cannot be read: {error.strerror}.") from error
    if left or grown:
        raise InvalidInput(f"'{member.path}' was changed while it was uploaded.", "Run the command again.")


def _parts(members: Sequence[Member]) -> Iterator[bytes | Member]:
    """The archive in order: bytes as they are, and members for their content (PKWARE's APPNOTE 4.3)."""
    when = _dos_time(time.gmtime())
    directory, position = b"", 0
    for member in members:
        name = member.name.encode("utf-8")
        common = struct.pack(
            "<HHHIIIIHH", 20, _UTF8_NAMES, 0, when, member.crc32, member.size, member.size, len(name), 0
        )
        header = b"PK\x03\x04" + common + name
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, position) + name
        yield header
        if member.path is not None:
            yield member
        position += len(header) + member.size
    count = len(members)
    yield directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), position, 0)


def _dos_time(moment: time.struct_time) -> int:
    """A time as archives have it: the date in the upper 16 bits, the time in steps of 2 s in the lower."""
    date = (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
    return date << 16 | moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
