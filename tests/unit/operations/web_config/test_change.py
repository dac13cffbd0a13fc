"""Changing a web.config that somebody else may be changing too, and undoing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.errors import Conflict, Interrupted, UnknownOutcome, Unreachable
from azext_pythonapp.history.record import FAILED, UNFINISHED, Record
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.plan import Plan
from azext_pythonapp.webconfig.handlers import Edit
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_app
from tests.unit.progress import Recorded

NOTE = "A comment was added."


def document(*comments: str) -> bytes:
    """Return a web.config that holds these comments."""
    lines = "".join(f"  <!-- {comment} -->\n" for comment in comments)
    return f"<configuration>\n{lines}</configuration>\n".encode()


OLD, THEIRS = document("old"), document("theirs")
OLD_AND_OURS, THEIRS_AND_OURS = document("old", "ours"), document("theirs", "ours")


class Files:
    """Files in memory. before_write: called ahead of each write with its number, as somebody else would come first."""

    label = "app 'shop'"
    worker_folder = r"D:\home\site\wwwroot"

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


class Editor:
    """Adds a comment, unless it is there. asked: the contents that it was asked to edit."""

    def __init__(self) -> None:
        self.asked: list[bytes | None] = []

    def __call__(self, content: bytes | None) -> Edit:
        self.asked.append(content)
        if content is None:
            return Edit(document("ours"), True, (NOTE,))
        if b"ours" in content:
            return Edit(content, False, ())
        return Edit(content.replace(b"</configuration>", b"  <!-- ours -->\n</configuration>"), True, (NOTE,))


def planned(
    files: Files, record: OpenChange | None = None, edit: Callable[[bytes | None], Edit] | None = None
) -> WebConfigChange:
    return WebConfigChange(files, "web.config", files.state("web.config"), edit or Editor(), lambda: record)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[OpenChange]:
    with recorded(shop_app(FolderSite(tmp_path)), "set-version") as change:
        yield change


def kept(record: OpenChange, files: Files) -> tuple[bytes | None, bytes | None]:
    """Return the bytes before and after that the app's record has of a file."""
    part = record_of(record).file(files.shown("web.config"))
    assert part is not None and part.written
    return part.before, part.after


def record_of(record: OpenChange) -> Record:
    return record.history.read(record.record.id)


def cut_off(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return a write that succeeds, but whose answer is lost."""

    def cut(*arguments: Any) -> None:
        write(*arguments)
        raise UnknownOutcome("The connection was cut.")

    return cut


def away(*arguments: Any) -> None:
    raise Unreachable("The SCM site is away.")


def test_the_edit_is_computed_once() -> None:
    files, edit = Files(OLD), Editor()
    change = planned(files, edit=edit)
    assert (change.content, change.edit.notes, change.change.action) == (OLD_AND_OURS, (NOTE,), "update")
    row = change.change.to_dict()
    done = Plan([change.step("Writing it.")]).apply(Recorded())
    assert [each.to_dict() for each in done] == [row]
    assert change.content == files.content == OLD_AND_OURS
    change.undo()
    assert edit.asked == [OLD]


def test_a_dry_run_shows_the_diff() -> None:
    change = planned(Files(OLD)).change
    assert (change.target, change.action) == ("site/wwwroot/web.config", "update")
    assert change.diff is not None and "+  <!-- ours -->\n" in change.diff
    assert planned(Files(None)).change.action == "create"


def test_a_file_that_is_as_wanted_is_not_written() -> None:
    files = Files(OLD_AND_OURS)
    change = planned(files)
    assert (change.change.action, change.apply().action, files.writes) == ("none", "none", 0)


def test_undo() -> None:
    files = Files(OLD)
    change = planned(files)
    change.apply()
    assert files.content == OLD_AND_OURS
    assert change.undo() == "web.config of app 'shop' was put back as it was."
    assert files.content == OLD


def test_undo_of_a_new_file() -> None:
    files = Files(None)
    change = planned(files)
    assert (change.apply().action, files.content) == ("create", document("ours"))
    assert "was removed again" in change.undo()
    assert files.content is None


def test_somebody_elses_change_is_edited_and_kept_by_undo() -> None:
    files = Files(OLD, lambda number: files.change(THEIRS) if number == 1 else None)
    change, edit = planned(files), Editor()
    change = planned(files, edit=edit)
    done = change.apply()
    assert (files.content, files.writes) == (THEIRS_AND_OURS, 2)
    assert change.content == THEIRS_AND_OURS and edit.asked == [OLD, THEIRS]
    assert done.diff is not None and "theirs" in done.diff and "old" not in done.diff
    change.undo()
    assert files.content == THEIRS


def test_a_file_that_somebody_else_created_is_edited() -> None:
    files = Files(None, lambda number: files.change(THEIRS) if number == 1 else None)
    assert (planned(files).apply().action, files.content) == ("update", THEIRS_AND_OURS)


def test_a_second_foreign_change_is_a_conflict() -> None:
    files = Files(OLD, lambda number: files.change(document(f"theirs {number}")))
    with pytest.raises(Conflict) as raised:
        planned(files).apply()
    assert (files.content, files.writes) == (document("theirs 2"), 2)
    assert raised.value.message == (
        "Somebody changed web.config of app 'shop' while this ran. Your change was not made."
    )


def test_a_change_that_was_not_made_is_not_recorded(record: OpenChange) -> None:
    files = Files(OLD, lambda number: files.change(document(f"theirs {number}")))
    with pytest.raises(Conflict):
        planned(files, record).apply()
    assert record.record.files == ()


def test_a_change_that_is_made_at_the_second_try_is_recorded(record: OpenChange) -> None:
    files = Files(OLD, lambda number: files.change(THEIRS) if number == 1 else None)
    planned(files, record).apply()
    assert kept(record, files) == (THEIRS, THEIRS_AND_OURS) and record.used


def test_a_plan_that_no_longer_fits_is_not_carried_out() -> None:
    files = Files(OLD, lambda number: files.change(THEIRS))

    def strict(content: bytes | None) -> Edit:
        if content != OLD:
            raise Conflict("The plan is for another file.")
        return Editor()(content)

    with pytest.raises(Conflict, match="another file"):
        planned(files, edit=strict).apply()
    assert (files.content, files.writes) == (THEIRS, 1)


def test_somebody_else_made_the_same_change() -> None:
    files = Files(OLD, lambda number: files.change(OLD_AND_OURS))
    assert (planned(files).apply().action, files.writes) == ("none", 1)


def test_a_read_only_wwwroot_is_an_error_with_advice() -> None:
    files = Files(OLD)
    files.read_only = True
    with pytest.raises(Conflict) as raised:
        planned(files).apply()
    assert "cannot be written" in raised.value.message and "read-only" in raised.value.message
    assert "--output-file" in str(raised.value.recommendation)


def test_undo_does_not_overwrite_a_later_change(record: OpenChange) -> None:
    files = Files(OLD)
    change = planned(files, record)
    change.apply()
    files.change(THEIRS)
    with pytest.raises(Conflict) as caught:
        change.undo()
    undo = f"az webapp python rollback -g rg -n shop --change-id {record.change_id} --yes"
    assert f"`{undo}` puts its previous bytes back." in caught.value.message
    assert files.content == THEIRS


def test_the_bytes_are_recorded_before_they_are_written(record: OpenChange) -> None:
    """So that whose bytes are there is known even when the client dies while it writes them."""
    files = Files(OLD, lambda number: seen.append(kept(record, files)))
    seen: list[tuple[bytes | None, bytes | None]] = []
    change = planned(files, record)
    change.apply()
    assert seen == [(OLD, OLD_AND_OURS)] and record.change_id == record_of(record).id
    change.undo()
    part = record.record.file("site/wwwroot/web.config")
    assert part is not None and part.after == OLD


def test_a_lost_answer_to_undo_is_looked_up() -> None:
    files = Files(OLD)
    change = planned(files)
    change.apply()
    files.write = cut_off(files.write)  # type: ignore[method-assign]
    assert change.undo() == "web.config of app 'shop' was put back as it was." and files.content == OLD


def test_a_lost_answer_to_apply_is_looked_up() -> None:
    files = Files(OLD)
    write, files.write = files.write, cut_off(files.write)  # type: ignore[method-assign]
    change = planned(files)
    assert (change.apply().action, files.content) == ("update", OLD_AND_OURS)
    files.write = write  # type: ignore[method-assign]
    files.change(THEIRS)
    with pytest.raises(Conflict):
        change.undo()
    assert files.content == THEIRS


def test_an_answer_that_stays_lost_is_said(record: OpenChange) -> None:
    files = Files(OLD)
    change = planned(files, record)
    files.write = files.state = away  # type: ignore[method-assign,assignment]
    with pytest.raises(Unreachable) as caught:
        change.apply()
    assert "It is not known whether web.config of app 'shop' was written." in caught.value.message
    assert str(record.change_id) in caught.value.message
    record.end_failed(FAILED)
    assert record_of(record).state == UNFINISHED


def test_a_write_that_certainly_failed_is_an_ordinary_error(record: OpenChange) -> None:
    files = Files(OLD)
    change = planned(files, record)
    files.write = away  # type: ignore[method-assign,assignment]
    with pytest.raises(Unreachable) as caught:
        change.apply()
    assert caught.value.message == "The SCM site is away."


@pytest.mark.parametrize(
    "written, after, sentence",
    [
        (True, OLD, "web.config of app 'shop' was put back as it was."),
        (False, OLD, "web.config of app 'shop' was read again and is as it was."),
    ],
)
def test_ctrl_c_while_it_is_written_leaves_the_old_file(written, after, sentence) -> None:
    files = Files(OLD)
    change, write = planned(files), files.write

    def interrupt(name: str, content: bytes, etag: str | None) -> str:
        files.write = write
        if written:
            write(name, content, etag)
        raise KeyboardInterrupt

    assert not change.attempted
    files.write = interrupt
    with pytest.raises(Interrupted) as caught:
        change.apply()
    assert files.content == after and change.attempted
    assert caught.value.message == f"Interrupted while web.config of app 'shop' was being written. {sentence}"


def test_a_second_ctrl_c_says_what_is_not_known() -> None:
    files = Files(OLD)
    change = planned(files)

    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    files.write = files.state = interrupt
    with pytest.raises(Interrupted, match="It is not known whether web.config of app 'shop' was written."):
        change.apply()
