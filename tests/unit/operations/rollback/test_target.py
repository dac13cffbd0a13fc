"""Which change a rollback undoes."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.history.store import HISTORY
from azext_pythonapp.operations.rollback.target import choose_target, described


def test_the_newest_that_is_in_force(app, add):
    first, second = add(), add("install")
    add(state="failed")
    target = choose_target(app, None)
    assert target.record == second and [each.state for each in target.later] == ["failed"]
    assert target.in_force == [] and not target.open and target.undone_by is None
    add("rollback", undoes=second.id, state="failed")
    assert choose_target(app, None).record == second, "an undo that failed undid nothing"
    undo = add("rollback", undoes=second.id)
    assert choose_target(app, None).record == undo, "undoing a rollback makes the change again"
    named = choose_target(app, second.id)
    assert named.record == second and named.undone_by == undo
    assert choose_target(app, first.id).in_force == [undo]


def test_one_that_was_undone_is_passed_over(app, add):
    first, second = add(), add()
    add("rollback", undoes=second.id)
    add("rollback", state="failed", undoes=first.id)
    undo = choose_target(app, None).record
    assert undo.undoes == second.id
    add("rollback", undoes=undo.id)
    target = choose_target(app, None)
    assert target.record.undoes == undo.id, "the newest one, which made the change again"
    assert choose_target(app, second.id).undone_by is None


def test_an_interrupted_change_is_undone(app, add):
    add()
    cut = add("install-requirements", state="unfinished")
    target = choose_target(app, None)
    assert target.record == cut and target.open


def test_an_interrupted_undo_is_completed(app, add):
    change = add()
    cut = add("rollback", state="unfinished", undoes=change.id)
    target = choose_target(app, None)
    assert target.record == change and target.interrupted == cut and target.open
    assert choose_target(app, cut.id).record == cut, "unless it is named: then it is undone itself"


def test_an_interrupted_undo_of_a_forgotten_change(app, add):
    cut = add("rollback", state="unfinished", undoes="20200101-000000-aaaa")
    assert choose_target(app, None).record == cut


def test_the_beginning_of_an_id_will_do(app, add):
    first, second = add(), add()
    assert choose_target(app, first.id[:-1].upper()).record == first
    with pytest.raises(NotFound, match="begin with 20261126-12"):
        choose_target(app, "20261126-12")
    assert choose_target(app, f" {second.id} ").record == second


def test_no_such_change_lists_the_newest_five(app, add):
    made = [add("install", "failed" if number == 5 else "succeeded") for number in range(6)]
    (app.kudu.folder / HISTORY / f"{made[4].id}.json").write_bytes(b"{")
    with pytest.raises(NotFound) as caught:
        choose_target(app, "20200101-000000-aaaa")
    message = caught.value.message
    assert message.startswith("There is no change 20200101-000000-aaaa on app 'shop'.")
    assert [each.id in message for each in made] == [False, True, True, True, True, True]
    with pytest.raises(NotFound):
        choose_target(app, "")


def test_no_record_at_all(app):
    with pytest.raises(NotFound, match="No change of app 'shop' is recorded, so there is nothing to undo"):
        choose_target(app, None)
    with pytest.raises(
        NotFound, match="There is no change 20200101-000000-aaaa on app 'shop': no change is recorded yet"
    ):
        choose_target(app, "20200101-000000-aaaa")


def test_nothing_in_force(app, add):
    add(state="failed")
    with pytest.raises(NotFound, match="failed or was undone"):
        choose_target(app, None)


def test_what_cannot_be_read_is_named_and_passed_over(app, add):
    good, torn = add(), add()
    (app.kudu.folder / HISTORY / f"{torn.id}.json").write_bytes(b'{"id": ')
    assert choose_target(app, None).record == good
    assert any(torn.id in line and "cannot be read" in line for line in app.progress.said)
    with pytest.raises(Refused, match=f"{torn.id} of app 'shop' cannot be read"):
        choose_target(app, torn.id)


def test_a_change_far_back_is_found(app, add):
    first = add()
    for _ in range(20):
        add(state="failed")
    assert choose_target(app, None).record == first
    assert described(first) == f"change {first.id} (set-version, by ann@contoso.com, 2026-11-26 12:00 UTC)"
