"""The archive that is made while it is sent: the standard library must be able to read it, and memory must not."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.appservice.stored_zip import Member, StoredZip
from azext_pythonapp.errors import InvalidInput

NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\/"), min_size=1, max_size=12),
    max_size=5,
    unique=True,
)


def member(folder: Path, name: str, content: bytes) -> Member:
    """A member with a file of its own."""
    path = folder / f"file-{len(list(folder.iterdir()))}"
    path.write_bytes(content)
    return Member(name, path, len(content), zlib.crc32(content))


@given(names=NAMES, content=st.binary(max_size=3000), chunk=st.integers(1, 5000))
def test_what_goes_in_comes_out(tmp_path_factory, names, content, chunk):
    folder = tmp_path_factory.mktemp("zip")
    members = [member(folder, f"folder/{name}", content + name.encode()) for name in names] + [Member("empty")]
    archive = io.BufferedReader(StoredZip(members), 1024)
    length = archive.seek(0, io.SEEK_END)
    archive.seek(0)
    whole = b""
    while piece := archive.read(chunk):
        whole += piece
    assert len(whole) == length
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {"empty": b""} | {
            f"folder/{name}": content + name.encode() for name in names
        }
        assert found.namelist()[-1] == "empty"
    archive.seek(0)
    assert archive.read() == whole


def test_progress_counts_what_was_read(tmp_path):
    seen: list[int] = []
    archive = StoredZip([member(tmp_path, "a", b"x" * 1000)], seen.append)
    total = len(archive.read())
    assert seen == sorted(seen) and seen[-1] == total


@pytest.mark.parametrize("change", [b"", b"short", b"x" * 1001])
def test_a_file_that_changed_meanwhile_is_not_sent(tmp_path, change):
    changing = member(tmp_path, "a", b"x" * 1000)
    changing.path.write_bytes(change)
    with pytest.raises(InvalidInput, match="changed during the upload"):
        StoredZip([changing]).read()


def test_a_file_that_vanished_is_named(tmp_path):
    vanished = member(tmp_path, "a", b"x")
    vanished.path.unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        StoredZip([vanished]).read()


def test_more_than_the_format_holds_is_refused(tmp_path):
    huge = Member("a", tmp_path / "a", 3 << 30, 0)
    with pytest.raises(InvalidInput, match="4 GB"):
        StoredZip([huge, huge])


def test_a_large_file_is_never_in_memory(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    archive = io.BufferedReader(StoredZip([Member("large", path, 64 << 20, 0)]), 1 << 18)
    tracemalloc.start()
    while archive.read(1 << 18):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
