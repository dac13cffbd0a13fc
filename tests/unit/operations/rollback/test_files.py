"""One file gets back the bytes that it had, guarded by its ETag."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Conflict, Interrupted, UnknownOutcome, Unreachable
from azext_pythonapp.history.record import KeptFile
from azext_pythonapp.operations.rollback.files import FileReturn, difference, read_state
from tests.unit.operations.rollback.pythons import WEB_CONFIG


class Kept:
    """What the record of this command is told."""

    def __init__(self):
        self.calls = []

    def keep(self, path, name, previous, planned=None):
        self.calls.append(("keep", path, previous))

    def wrote(self, path, content):
        self.calls.append(("wrote", path, content))

    def discard(self, path):
        self.calls.append(("discard", path))


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def file(app):
    (app.kudu.folder / WEB_CONFIG).parent.mkdir(parents=True)
    return app.kudu.folder / WEB_CONFIG


def returning(app, kept, before):
    part = KeptFile(WEB_CONFIG, "web.config", before, b"new", True)
    return FileReturn(app, part, read_state(app, WEB_CONFIG), lambda: kept)


@pytest.mark.parametrize(
    "now, before, action",
    [(b"new", b"old", "update"), (b"new", None, "delete"), (None, b"old", "create"), (b"old", b"old", "none")],
)
def test_bytes_come_back_and_can_go_again(app, kept, file, now, before, action):
    if now is not None:
        file.write_bytes(now)
    change = returning(app, kept, before)
    assert change.change.action == action and (not change.change.diff) == (action == "none")
    assert [each.action for each in change.apply()] == ([] if action == "none" else [action])
    assert (file.read_bytes() if file.exists() else None) == before
    if action != "none":
        assert kept.calls == [("keep", WEB_CONFIG, now), ("wrote", WEB_CONFIG, before)]
    change.undo()
    assert (file.read_bytes() if file.exists() else None) == now


def test_bytes_of_somebody_else_are_not_overwritten(app, kept, file):
    file.write_bytes(b"new")
    change = returning(app, kept, b"old")
    file.write_bytes(b"theirs")
    with pytest.raises(Conflict, match=r"web.config of app 'shop' was not changed"):
        change.apply()
    assert file.read_bytes() == b"theirs" and kept.calls[-1] == ("discard", WEB_CONFIG)
    assert change.undo() == "web.config of app 'shop' was not changed." and file.read_bytes() == b"theirs"


@pytest.mark.parametrize("before", [b"old", None])
def test_a_lost_answer_is_no_failure(app, kept, file, before):
    file.write_bytes(b"new")
    change = returning(app, kept, before)

    def cut(request):
        if request in (f"write {WEB_CONFIG}", f"delete {WEB_CONFIG}"):
            file.write_bytes(before) if before is not None else file.unlink()
            app.kudu.before_request = lambda request: None
            raise UnknownOutcome("cut")

    app.kudu.before_request = cut
    assert change.apply() == [change.change] and kept.calls[-1] == ("wrote", WEB_CONFIG, before)
    change.undo()
    assert file.read_bytes() == b"new"


def test_what_did_not_arrive_is_a_failure(app, kept, file):
    file.write_bytes(b"new")
    change = returning(app, kept, b"old")

    def away(request):
        if request.startswith("write"):
            raise Unreachable("away")

    app.kudu.before_request = away
    with pytest.raises(Unreachable, match="^away$"):
        change.apply()

    def all_away(request):
        raise Unreachable("away")

    app.kudu.before_request = all_away
    with pytest.raises(Unreachable, match="not known whether web.config of app 'shop' was written"):
        change.apply()


def test_ctrl_c_while_it_is_written(app, kept, file):
    file.write_bytes(b"new")
    change = returning(app, kept, b"old")

    def stopped(request):
        if request.startswith("write"):
            app.kudu.before_request = lambda request: None
            file.write_bytes(b"old")
            raise KeyboardInterrupt

    app.kudu.before_request = stopped
    with pytest.raises(Interrupted, match="web.config of app 'shop' has again what it had"):
        change.apply()
    assert file.read_bytes() == b"new"


def test_a_file_that_goes_has_a_diff():
    assert difference(b"<a/>\n", None, WEB_CONFIG).splitlines()[:2] == [f"--- a/{WEB_CONFIG}", "+++ /dev/null"]
    assert difference(None, None, WEB_CONFIG) == ""
