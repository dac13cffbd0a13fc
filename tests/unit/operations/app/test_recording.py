"""The record of a change while it is made, and what becomes of it when its command fails or is cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from azext_pythonapp.errors import Conflict, Interrupted, Refused, UnknownOutcome, Unreachable
from azext_pythonapp.history.lease import LEASE, read_lease
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED
from azext_pythonapp.history.store import HISTORY, History
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.plan import Change, Plan, Step
from tests.unit.folder_site import FolderSite
from tests.unit.operations.app.recorded_changes import NOW, OTHER, SWITCH, WEB_CONFIG, WROTE, App, change, records
from tests.unit.progress import Recorded


def test_a_change_is_recorded_before_it_is_made(site: FolderSite) -> None:
    with recorded(App(site), "set-version") as made:
        assert not site.path("", LEASE).exists()  # so that a refusal has written nothing
        made.take()
        assert site.path("", LEASE).exists() and records(site) == [] and made.change_id is None
        made.keep(WEB_CONFIG, "web.config", b"old")
        assert [each.state for each in records(site)] == [UNFINISHED]
        made.wrote(WEB_CONFIG, b"new")
        made.finish(WROTE)
    assert not site.path("", LEASE).exists()
    (found,) = records(site)
    assert (found.state, found.user, found.command_line) == (SUCCEEDED, "ann@contoso.com", SWITCH)
    assert found.object_id.endswith("a") and found.id == made.change_id
    kept = found.file(WEB_CONFIG)
    assert kept is not None and (kept.before, kept.after, kept.written) == (b"old", b"new", True)
    assert "diff" not in found.changes[0] and b"-secret" not in found.to_json()


def test_a_change_that_changed_nothing_leaves_no_record(site: FolderSite) -> None:
    with recorded(App(site), "install-requirements") as made:
        made.job("20261126-120000-0001")
        made.finish([Change("app", "restart")])
    assert made.change_id is None and records(site) == [] and not site.path("", LEASE).exists()


def test_a_refusal_before_anything_is_changed_leaves_nothing(site: FolderSite) -> None:
    with pytest.raises(Refused), recorded(App(site), "set-version"):
        raise Refused("no")
    assert records(site) == [] and not site.path("", LEASE).exists()


@pytest.mark.parametrize(("error", "state"), [(Refused("no"), FAILED), (UnknownOutcome("?"), UNFINISHED)])
def test_an_error_ends_the_record(site: FolderSite, error: Exception, state: str) -> None:
    with pytest.raises(type(error)), recorded(App(site), "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        raise error
    assert [each.state for each in records(site)] == [state]
    assert site.path("", LEASE).exists() == (state == UNFINISHED)


def test_an_app_that_was_changed_meanwhile_is_looked_at_again(site: FolderSite) -> None:
    site.began = NOW
    change(site, command=OTHER)
    with pytest.raises(Conflict, match="while this command looked"):
        change(site)
    site.began = NOW + timedelta(hours=1)
    assert change(site) is not None


def test_a_clock_that_was_set_back_refuses_nothing(site: FolderSite) -> None:
    site.began = NOW
    change(site, command=OTHER)
    (found,) = records(site)
    site.clock = lambda: NOW - timedelta(days=1)
    site.began = site.clock()
    assert change(site) is not None
    site.upload(HISTORY, {f"{found.id}.json": replace(found, finished_at="9999-12-31T23:59:59Z").to_json()})
    assert change(site) is not None


def test_changes_of_one_second_are_sorted_as_they_were_made(site: FolderSite) -> None:
    """Ids of one second end in four digits by chance; the newest change is the one that `rollback` undoes."""
    site.clock = lambda: NOW
    made = [change(site) for _ in range(6)]
    assert History(site).ids() == made[::-1]


def test_a_change_behind_a_clock_that_was_set_back(site: FolderSite) -> None:
    first = change(site)
    site.clock = lambda: NOW - timedelta(minutes=20)
    second = change(site)
    assert History(site).ids() == [second, first]


def test_a_change_is_made_though_the_clock_cannot_be_asked(site: FolderSite) -> None:
    def gone() -> datetime:
        raise Unreachable("The SCM site did not answer.")

    with recorded(App(site), "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        site.clock = gone
        site.read = lambda path: pytest.fail(path)  # type: ignore[method-assign]
        made.finish(WROTE)
    assert made.record.state == SUCCEEDED


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("at, words", [("end", "is not finished; what it did so far stays"), ("lease", "was complete")])
def test_ctrl_c_behind_the_steps_says_what_was_done(site: FolderSite, at: str, words: str, presses: int) -> None:
    left = [presses]

    def press(request: str) -> None:
        if left[0] and request.startswith("upload" if at == "end" else "delete"):
            left[0] -= 1
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=words), recorded(App(site), "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        site.before_request = press
        made.finish(WROTE)
    site.before_request = lambda request: None
    assert [each.state for each in records(site)] == [UNFINISHED if at == "end" else SUCCEEDED]


def test_ctrl_c_before_anything_is_written_changed_nothing(site: FolderSite) -> None:
    with pytest.raises(KeyboardInterrupt), recorded(App(site), "set-version"):
        raise KeyboardInterrupt


def test_a_full_disk_is_no_reason_to_refuse(site: FolderSite) -> None:
    def full(request: str) -> None:
        if request.startswith(("write", "upload")):
            raise Conflict("There is not enough space on the disk.")

    site.before_request = full
    app = App(site)
    with recorded(app, "uninstall") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        made.finish(WROTE)
    assert made.change_id is None and made.undo is None and "not recorded" in app.progress.said[0]


def test_an_end_that_cannot_be_written_is_said(site: FolderSite) -> None:
    app = App(site)
    with recorded(app, "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        site.before_request = _full
        made.finish(WROTE)
        site.before_request = lambda request: None
    assert any("could not be recorded" in line for line in app.progress.said)
    assert [each.state for each in records(site)] == [UNFINISHED]


def _full(request: str) -> None:
    if request.startswith("upload"):
        raise Conflict("There is not enough space on the disk.")


def test_a_full_disk_that_takes_the_lease_is_none_either(site: FolderSite) -> None:
    """An uninstallation makes room, and is not refused."""
    site.before_request = _full
    app = App(site)
    with recorded(app, "uninstall") as made:
        made.begin()
        made.job("20261126-120000-0001")
        made.finish(WROTE)
    assert made.change_id is None and made.undo is None
    assert ["not recorded" in line for line in app.progress.said] == [True] and not site.path("", LEASE).exists()


def test_a_lost_lease_stops_a_plan_before_its_next_step(site: FolderSite) -> None:
    done: list[str] = []

    def first() -> list[Change]:
        done.append("first")
        lease, _ = read_lease(site)
        assert lease is not None
        site.write(LEASE, lease.to_json().replace(b"ann@", b"bob@").replace(b'"owner": "', b'"owner": "x'))
        made._lease._somebody_else()  # type: ignore[union-attr]
        return []

    steps = [Step("One.", [], first), Step("Two.", [], lambda: done.append("second") or [])]  # type: ignore[func-returns-value]
    with pytest.raises(Conflict, match="bob@contoso.com"), recorded(App(site), "set-version") as made:
        made.begin()
        Plan(steps, guard=made.require).apply(Recorded())
    assert done == ["first"] and site.path("", LEASE).exists()
    assert site.path("", f"{HISTORY}/{made.record.id}.json").exists()
