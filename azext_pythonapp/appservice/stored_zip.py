"""A zip archive that is generated while it is uploaded: of known length, with only one chunk of it in memory."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azext_pythonapp.errors import InvalidInput

# Offsets in the archive have 32 bits and the number of members 16; beyond that zip64 would be needed.
MAX_BYTES = (1 << 32) - (1 << 26)
MAX_MEMBERS = (1 << 16) - 1
CHUNK_BYTES = 1 << 18
_UTF8_NAMES = 0x0800


@dataclass(frozen=True)
class Member:
    """One file of the archive. name: its path there. path: where its content is; None for an empty file.

    size: bytes, crc32: of the content; both must be known beforehand, because they precede the content.
    """

    name: str
    path: Path | None = None
    size: int = 0
    crc32: int = 0


class StoredZip(io.RawIOBase):
    """The archive as a readable file that can be rewound; nothing in it is compressed.

    on_progress: called with the number of bytes read since the start.
    Raises InvalidInput for more than an archive can hold; reading raises it when a file has changed meanwhile.
    """

    def __init__(self, members: Sequence[Member], on_progress: Callable[[int], None] = lambda count: None):
        super().__init__()
        if sum(member.size for member in members) > MAX_BYTES or len(members) > MAX_MEMBERS:
            raise InvalidInput("The upload is too large: one upload holds at most 4 GB and 65535 files.")
        self._on_progress = on_progress
        self._parts = list(_parts(members))
        self._length = sum(part.size if isinstance(part, Member) else len(part) for part in self._parts)
        self._position = 0
        self._chunks = self._read_parts()
        self._rest = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True; only the start and the end can be reached."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the start or the end and return that position. Raises ValueError for any other position."""
        if offset != 0:
            raise ValueError("only the start and the end can be reached")
        if whence == io.SEEK_SET:
            self._position, self._chunks, self._rest = 0, self._read_parts(), b""
        elif whence == io.SEEK_END:
            self._position, self._chunks, self._rest = self._length, iter(()), b""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from at most one chunk; return the number of bytes, 0 at the end."""
        self._rest = self._rest or next(self._chunks, b"")
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
            while chunk := file.read(min(left, CHUNK_BYTES)):
                left -= len(chunk)
                yield chunk
            grown = bool(file.read(1))
    except OSError as error:
        raise InvalidInput(f"'{member.path}' cannot be read: {error.strerror}.") from error
    if left or grown:
        raise InvalidInput(f"'{member.path}' changed during the upload.", "Run the command again.")


def _parts(members: Sequence[Member]) -> Iterator[bytes | Member]:
    """Yield the archive in order: bytes, and members in place of their content (PKWARE's APPNOTE 4.3)."""
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
    """Return a time in the zip format: the date in the upper 16 bits, the time in steps of 2 s in the lower."""
    date = (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
    return date << 16 | moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
