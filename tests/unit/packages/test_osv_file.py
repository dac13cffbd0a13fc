"""Files of OSV records: what is read of them, and what is refused with which words."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.packages import osv_file
from azext_pythonapp.packages.osv_file import Advisories


def record(number: int, name: str = "flask") -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    return {"id": f"PYSEC-{number}", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}]}


def archive(members: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip. members: JSON values, or bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, value in members.items():
            made.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return content.getvalue()


def ids(found: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [record["id"] for record in records] for name, records in found.items()}


class Kept:
    """Indexes in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.reads = 0

    def read(self, digest):
        self.reads += 1
        return self.kept.get(digest)

    def write(self, digest, index):
        self.kept[digest] = json.loads(json.dumps(index))


@pytest.mark.parametrize(
    "content",
    [
        archive({"a.json": record(1), "b.json": record(2, "Django"), "README": b"no record"}),
        archive({"a.json": record(1), "__MACOSX/._a.json": b"\0\5\x16\7", "b.json": record(2, "django")}),
        archive({"../../etc/a.JSON": record(1), "C:\\b.json": record(2, "django")}, zipfile.ZIP_STORED),
        json.dumps([record(1), record(2, "django")]).encode(),
        b"\xef\xbb\xbf" + json.dumps([record(1), record(2, "django")]).encode(),
    ],
)
def test_records_are_found_by_the_name_of_a_package(content):
    found = Advisories("all.zip", content)
    assert len(found) == 2
    assert ids(found.about({"flask", "django", "absent"})) == {"django": ["PYSEC-2"], "flask": ["PYSEC-1"]}


def test_one_record_is_a_file_too():
    assert ids(Advisories("one.json", json.dumps(record(7)).encode()).about({"flask"})) == {"flask": ["PYSEC-7"]}


def test_what_was_found_out_about_a_zip_is_kept():
    content, indexes = archive({"a.json": record(1)}), Kept()
    first = Advisories("all.zip", content, indexes)
    assert list(indexes.kept.values()) == [{"flask": [0]}]
    assert Advisories("all.zip", content, indexes).about({"flask"}) == first.about({"flask"})
    other = Advisories("all.zip", archive({"a.json": record(2, "django")}), indexes)
    assert ids(other.about({"flask", "django"})) == {"django": ["PYSEC-2"]}


@pytest.mark.parametrize(
    "kept", [[], {"flask": 0}, {"flask": [1]}, {"flask": [-1]}, {"flask": ["0"]}, {"flask": [True]}]
)
def test_an_index_that_is_none_is_made_again(kept):
    content, indexes = archive({"a.json": record(1)}), Kept()
    Advisories("all.zip", content, indexes)
    indexes.kept = dict.fromkeys(indexes.kept, kept)
    assert ids(Advisories("all.zip", content, indexes).about({"flask"})) == {"flask": ["PYSEC-1"]}


def damaged(content: bytes) -> bytes:
    """The same archive with another byte in the data of its first member."""
    place = content.index(b"a.json") + 12
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def encrypted(content: bytes) -> bytes:
    """The same archive, whose directory says that its first member is encrypted."""
    place = content.index(b"PK\x01\x02") + 8
    return content[:place] + struct.pack("<H", 1) + content[place + 2 :]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is no file of OSV advisories: it is no JSON (Expecting value"),
        (b"<html>Sign in</html>", "it is no JSON"),
        (b"\xff\xfe{}", "it is not in UTF-8"),
        (b"[" * 100_000, "it is no usable JSON"),
        (b"{}", "record 1: it has no 'id'"),
        (b"[]", "holds no OSV record"),
        (json.dumps([record(1), {"name": "flask"}, 5]).encode(), "record 2: it has no 'id'"),
        (archive({}), "holds no OSV record"),
        (archive({"x.txt": b"x"}), "holds no OSV record"),
        (archive({"a.json": record(1), "b.json": {"name": "x"}, "c.json": 5}), "b.json: it has no 'id'"),
        (archive({"a.json": b"{"}), "a.json: it is no JSON"),
        (archive({"a.json": b"\xff"}), "a.json: it is not in UTF-8"),
        (archive({"a.json": record(1)})[:60], "is no usable zip file"),
        (damaged(archive({"a.json": record(1)}, zipfile.ZIP_STORED)), "a.json: it is damaged"),
        (encrypted(archive({"a.json": record(1)})), "a.json: it is encrypted"),
        (archive({"a.json": record(1)}, zipfile.ZIP_LZMA), "a.json: it is compressed in a way"),
    ],
)
def test_a_file_that_is_no_osv_is_named_with_what_is_wrong(content, words):
    with pytest.raises(Refused) as error:
        Advisories("--advisories 'x.zip'", content)
    assert error.value.message.startswith("--advisories 'x.zip' ") and words in error.value.message
    assert error.value.message.count(". ") == 0 and error.value.recommendation


def test_what_a_zip_unpacks_to_is_bounded(monkeypatch):
    bomb = archive({"a.json": b" " * 2_000_000})
    monkeypatch.setattr(osv_file, "LARGEST_RECORD", 1_000_000)
    with pytest.raises(Refused, match="a record of 2,000,000 bytes"):
        Advisories("x", bomb)
    monkeypatch.setattr(osv_file, "LARGEST_CONTENT", 1_500_000)
    with pytest.raises(Refused, match="more than 1,500,000 bytes"):
        Advisories("x", bomb)
    monkeypatch.setattr(osv_file, "LARGEST_FILE", 100)
    with pytest.raises(Refused, match="100 are the most"):
        Advisories("x", bomb)


def test_a_zip_that_lies_about_its_sizes_is_refused():
    content = archive({"a.json": b" " * 1_000_000 + json.dumps(record(1)).encode()})
    place = content.index(b"PK\x01\x02") + 24
    with pytest.raises(Refused, match="a.json: it is damaged"):
        Advisories("x", content[:place] + struct.pack("<I", 50) + content[place + 4 :])


def test_a_zip_with_too_many_files_is_refused(monkeypatch):
    monkeypatch.setattr(osv_file, "MOST_RECORDS", 2)
    with pytest.raises(Refused, match="more than 2 files"):
        Advisories("x", archive({f"{number}.json": record(number) for number in range(3)}))
