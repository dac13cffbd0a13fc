"""The store of wheels on an app: what is there costs no upload, and what was cut off is not taken for whole."""

from __future__ import annotations

import io
import zipfile
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import NotFound, UnknownOutcome
from azext_pythonapp.operations.package.wheel_upload import STALLED_SECONDS, upload_wheels
from azext_pythonapp.packages.wheels import STORE, read_folder
from tests.unit.progress import Recorded


class Store:
    """A Kudu that keeps a folder of names; when it is told to be cut, it extracts only so many members at first."""

    def __init__(self):
        self.names: set[str] = set()
        self.uploaded: list[list[str]] = []
        self.bytes = 0
        self.listings = 0
        self.cut_after: int | None = None
        self.late: list[str] = []

    def list_directory(self, path):
        assert path == STORE
        self.listings += 1
        if self.late:
            self.names.add(self.late.pop(0))
        if not self.names:
            raise NotFound("no store yet")
        return [SimpleNamespace(name=name) for name in self.names]

    def upload_archive(self, folder, archive):
        assert folder == STORE
        content = archive.read()
        self.bytes += len(content)
        members = [name.split("/")[0] for name in zipfile.ZipFile(io.BytesIO(content)).namelist()]
        self.uploaded.append(members)
        self.names.update(members[: self.cut_after])
        if self.cut_after is not None:
            self.late += members[self.cut_after :]
            raise UnknownOutcome("cut")


@pytest.fixture
def app():
    return SimpleNamespace(kudu=Store(), progress=Recorded(), site=SimpleNamespace(label="app 'shop'"))


@pytest.fixture
def found(tmp_path):
    for number in range(3):
        (tmp_path / f"p{number}-1.0-py3-none-any.whl").write_bytes(bytes([number]) * 70_000)
    return read_folder(str(tmp_path))


def test_missing_wheels_go_up_before_their_markers(app, found):
    upload_wheels(app, found)
    assert app.kudu.uploaded == [[part for wheel in found for part in (wheel.key, wheel.marker)]]
    assert app.kudu.listings == 1
    assert app.progress.said[0] == "Uploading 3 wheels (0.2 MB) to app 'shop'."
    assert any("100%" in state for state in app.progress.statuses if state) and app.progress.statuses[-1] is None


def test_unchanged_wheels_cost_one_listing_and_no_byte(app, found):
    upload_wheels(app, found)
    sent = app.kudu.bytes
    upload_wheels(app, found)
    assert (app.kudu.bytes, app.kudu.listings) == (sent, 2)
    assert app.progress.said[-1] == "3 wheels that fit are on app 'shop' already."


def test_only_a_changed_wheel_goes_up(app, found, tmp_path):
    upload_wheels(app, found)
    (tmp_path / found[1].name).write_bytes(b"rebuilt")
    again = read_folder(str(tmp_path))
    upload_wheels(app, again)
    assert app.kudu.uploaded[1] == [again[1].key, again[1].marker]
    assert "2 are there already" in app.progress.said[-2]


def test_a_wheel_without_its_marker_is_not_whole(app, found):
    app.kudu.names = {found[0].key, found[1].key, found[1].marker}
    upload_wheels(app, found)
    assert app.kudu.uploaded == [[found[0].key, found[0].marker, found[2].key, found[2].marker]]


def test_extracting_that_goes_on_after_a_cut_is_waited_for(app, found):
    app.kudu.cut_after = 2
    upload_wheels(app, found, sleep=lambda seconds: None)
    assert len(app.kudu.uploaded) == 1 and found[2].marker in app.kudu.names


def test_wheels_that_never_arrive_are_an_unknown_outcome(app, found):
    app.kudu.cut_after = 2
    now = [0.0]

    def sleep(seconds):
        app.kudu.late = []
        now[0] += seconds

    with pytest.raises(UnknownOutcome, match="2 of 3 wheels did not arrive"):
        upload_wheels(app, found, clock=lambda: now[0], sleep=sleep)
    assert now[0] > STALLED_SECONDS


def test_no_wheels_ask_nothing(app):
    upload_wheels(app, ())
    assert app.kudu.listings == 0
