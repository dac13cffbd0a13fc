"""Writing a web.config that somebody else may be writing too, and putting it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from azext_pythonapp.errors import Conflict
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.operations.web_config.change import WebConfigSwitch


class Files:
    """Files in memory. before_write: called ahead of each write with its number, as somebody else would come first."""

    label = "app 'shop'"

    def __init__(self, content: bytes | None, before_write: Callable[[int], None] = lambda number: None):
        self.content = content
        self.version = 1
        self.writes = 0
        self.before_write = before_write
        self.read_only = False

    def state(self, name: str) -> FileState:
        assert name == "web.config"
        return FileState(self.content, None if self.content is None else str(self.version))

    def change(self, content: bytes | None) -> None:
        self.content = content
        self.version += 1

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        self.writes += 1
        self.before_write(self.writes)
        if self.read_only:
            raise Conflict("Could not write to local resource: read-only.")
        if self.state(name).etag != etag:
            raise Conflict("ETag does not represent the latest state of the resource.")
        self.change(content)
        return str(self.version)

    def delete(self, name: str, etag: str) -> None:
        if self.state(name).etag != etag:
            raise Conflict("ETag does not represent the latest state of the resource.")
        self.change(None)

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        raise AssertionError(name)

    def shown(self, name: str) -> str:
        return f"site/wwwroot/{name}"


def ours(content: bytes | None) -> bytes:
    return (content or b"new") + b" ours"


def switch(files: Files) -> WebConfigSwitch:
    return WebConfigSwitch(files, "web.config", files.state("web.config"), ours, None)


def test_a_change_can_be_undone() -> None:
    files = Files(b"old")
    change = switch(files)
    assert change.apply() == (b"old", b"old ours")
    assert files.content == b"old ours"
    assert change.undo() == "web.config of app 'shop' was put back as it was."
    assert files.content == b"old"


def test_a_new_file_is_removed_again() -> None:
    files = Files(None)
    change = switch(files)
    assert change.apply() == (None, b"new ours")
    assert "was removed again" in change.undo()
    assert files.content is None


def test_concurrent_change_is_edited_and_undone_to_theirs() -> None:
    files = Files(b"old", lambda number: files.change(b"theirs") if number == 1 else None)
    change = switch(files)
    assert change.apply() == (b"theirs", b"theirs ours")
    assert (files.content, files.writes) == (b"theirs ours", 2)
    change.undo()
    assert files.content == b"theirs"


def test_a_file_that_appears_meanwhile_is_edited() -> None:
    files = Files(None, lambda number: files.change(b"theirs") if number == 1 else None)
    assert switch(files).apply() == (b"theirs", b"theirs ours")


def test_second_concurrent_change_stays_and_is_shown() -> None:
    files = Files(b"old\n", lambda number: files.change(b"theirs %d\n" % number))
    with pytest.raises(Conflict) as raised:
        switch(files).apply()
    assert (files.content, files.writes) == (b"theirs 2\n", 2)
    for part in ("was changed by somebody else", "+theirs 2", "-old", "+ ours"):
        assert part in raised.value.message, raised.value.message


def test_change_that_no_longer_fits_is_not_made() -> None:
    files = Files(b"old", lambda number: files.change(b"theirs"))

    def strict(content: bytes | None) -> bytes:
        if content != b"old":
            raise Conflict("The plan is for another file.")
        return b"new"

    with pytest.raises(Conflict, match="another file"):
        WebConfigSwitch(files, "web.config", files.state("web.config"), strict, None).apply()
    assert (files.content, files.writes) == (b"theirs", 1)


def test_somebody_else_made_the_same_change() -> None:
    files = Files(b"old", lambda number: files.change(b"done"))
    change = WebConfigSwitch(files, "web.config", files.state("web.config"), lambda _: b"done", None)
    assert change.apply() == (b"done", b"done")
    assert files.writes == 1


def test_a_read_only_wwwroot_is_said_with_a_way_on() -> None:
    files = Files(b"old")
    files.read_only = True
    with pytest.raises(Conflict) as raised:
        switch(files).apply()
    assert "cannot be written" in raised.value.message and "read-only" in raised.value.message
    assert "--output-file" in str(raised.value.recommendation)


def test_an_undo_never_overwrites_a_later_change() -> None:
    files = Files(b"old")
    change = switch(files)
    change.apply()
    files.change(b"later")
    with pytest.raises(Conflict):
        change.undo()
    assert files.content == b"later"
