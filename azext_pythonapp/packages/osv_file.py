"""A file of OSV advisories: a zip of one JSON file for each, as OSV exports it, or JSON with one record or a list.

The file may come from anywhere. Nothing of it is extracted, so the names in an archive do no harm; how much is
unpacked is bounded; and a record that is none is named.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from azext_pythonapp.errors import Refused
from azext_pythonapp.packages.osv import fault, packages_of

# Bytes of a file, of one record, and of all that an archive holds; and records. OSV's export for PyPI has some 20,000
# records in 30 MB, which are 150 MB when unpacked.
LARGEST_FILE, LARGEST_RECORD, LARGEST_CONTENT = 400 << 20, 32 << 20, 2 << 30
MOST_RECORDS = 1_000_000
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1
_EXAMPLE = "Take the export of https://osv.dev, or JSON of that format (https://ossf.github.io/osv-schema/)."


class Indexes(Protocol):
    """Where what was found out about a file is kept, by the file's digest."""

    def read(self, digest: str) -> Any:
        """Return the JSON value that was kept; None for none."""

    def write(self, digest: str, index: Any) -> None:
        """Keep a JSON value. Never raises."""


class Advisories:
    """The records of one file; every one was looked at, now or when the file was first read."""

    def __init__(self, label: str, content: bytes, indexes: Indexes | None = None):
        """label: names the file in messages. content: all bytes of it. Raises Refused for what is no OSV."""
        self._label = label
        self._records: _Archive | list[dict[str, Any]]
        if len(content) > LARGEST_FILE:
            raise self._refused(f"has {len(content):,} bytes, and {LARGEST_FILE:,} are the most that is read")
        if content[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            self._records = _Archive(content, self._refused)
            digest = hashlib.sha256(content).hexdigest()
            known = _index(indexes.read(digest) if indexes is not None else None, len(self._records))
            self._index = known if known is not None else self._read_all()
            if known is None and indexes is not None:
                indexes.write(digest, self._index)
        else:
            self._records = self._listed(content)
            self._index = self._read_all()
        if len(self._records) == 0:
            raise self._refused("holds no OSV record")

    def __len__(self) -> int:
        return len(self._records)

    def about(self, names: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Return the records about packages. names: canonical; those without a record are left out."""
        return {
            name: [self._record(number) for number in self._index[name]]
            for name in sorted(names)
            if name in self._index
        }

    def _read_all(self) -> dict[str, list[int]]:
        """Return the numbers of the records about each package, having looked at every record."""
        index: dict[str, list[int]] = {}
        for number in range(len(self._records)):
            for name in packages_of(self._record(number)):
                index.setdefault(name, []).append(number)
        return index

    def _record(self, number: int) -> Mapping[str, Any]:
        """Raises Refused for a record that is none."""
        records = self._records
        where = records.name(number) if isinstance(records, _Archive) else f"record {number + 1}"
        record = self._parsed(records.content(number), where) if isinstance(records, _Archive) else records[number]
        reason = fault(record)
        if reason is not None:
            raise self._refused(f"is no file of OSV advisories: {where}: {reason}")
        return record

    def _listed(self, content: bytes) -> list[Any]:
        value = self._parsed(content, "")
        return value if isinstance(value, list) else [value]

    def _parsed(self, content: bytes, where: str) -> Any:
        place = f" {where}:" if where else ""
        try:
            return json.loads(content.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise self._refused(f"is no file of OSV advisories:{place} it is not in UTF-8") from error
        except (ValueError, RecursionError) as error:
            words = f"it is no JSON ({error})" if isinstance(error, json.JSONDecodeError) else "it is no usable JSON"
            raise self._refused(f"is no file of OSV advisories:{place} {words}") from error

    def _refused(self, why: str) -> Refused:
        return Refused(f"{self._label} {why}.", _EXAMPLE)


def _index(value: Any, count: int) -> dict[str, list[int]] | None:
    """Return an index that was kept; None for what is none."""
    if not isinstance(value, dict):
        return None
    numbers = [number for each in value.values() if isinstance(each, list) for number in each]
    sound = all(isinstance(each, list) for each in value.values()) and set(map(type, numbers)) <= {int}
    return value if sound and (not numbers or 0 <= min(numbers) <= max(numbers) < count) else None


class _Archive:
    """The JSON files of a zip. zipfile reads the directory; opening 20,000 members with it takes over a second."""

    def __init__(self, content: bytes, refused: Callable[[str], Refused]):
        self._content = memoryview(content)
        self._refused = refused
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise refused(f"is no usable zip file: {error}") from error
        self._members = [
            each
            for each in members
            # Beside each file, the Finder of macOS puts one with what it knows of it.
            if each.filename.lower().endswith(".json") and not each.filename.startswith("__MACOSX/")
        ]
        if len(self._members) > MOST_RECORDS:
            raise refused(f"has more than {MOST_RECORDS:,} files")
        if sum(each.file_size for each in self._members) > LARGEST_CONTENT:
            raise refused(f"has more than {LARGEST_CONTENT:,} bytes when it is unpacked")

    def __len__(self) -> int:
        return len(self._members)

    def name(self, number: int) -> str:
        """Return the name of a member."""
        return self._members[number].filename

    def content(self, number: int) -> bytes:
        """Return a member's bytes: as many as the directory says, which are bounded. Raises Refused."""
        member = self._members[number]
        size, start = member.file_size, member.header_offset
        if size > LARGEST_RECORD:
            raise self._refused(f"has a record of {size:,} bytes, {member.filename}")
        try:
            mark, names, extra = _LOCAL_HEADER.unpack(self._content[start : start + _LOCAL_HEADER.size])
            start += _LOCAL_HEADER.size + names + extra
            packed = self._content[start : start + member.compress_size]
            if mark != b"PK\x03\x04" or member.flag_bits & _ENCRYPTED:
                raise ValueError("it is encrypted" if member.flag_bits & _ENCRYPTED else "its header is not there")
            content = self._unpacked(packed, member.compress_type, size)
            if len(content) != size or zlib.crc32(content) != member.CRC:
                raise ValueError("it is damaged")
        except (ValueError, struct.error, zlib.error) as error:
            raise self._refused(f"is no usable zip file: {member.filename}: {error}") from error
        return content

    @staticmethod
    def _unpacked(packed: memoryview, method: int, size: int) -> bytes:
        if method == zipfile.ZIP_STORED:
            return bytes(packed)
        if method != zipfile.ZIP_DEFLATED:
            raise ValueError("it is compressed in a way that is not supported")
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
