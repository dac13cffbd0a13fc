"""Plans: order, undo, and what an error tells afterwards."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Interrupted, RemoteFailed
from azext_pythonapp.plan import Change, Plan, Step, report
from tests.unit.progress import Recorded

APP = {"name": "shop", "resourceGroup": "rg", "slot": None}


def step(title, log, changes=(), fails=None, undo=None):
    def apply():
        log.append(title)
        if fails:
            raise fails
        return changes

    return Step(title, changes, apply, undo)


def test_steps_run_in_order_and_report_what_really_changed():
    log = []
    install = Change("packages/flask", "install", None, "2.0.3")
    plan = Plan([step("one", log, [install]), step("two", log)])
    said = []
    assert plan.changes == [install]
    assert plan.apply(Recorded(said)) == [install]
    assert log == said == ["one", "two"]


def test_a_step_without_a_title_says_itself_what_it_does():
    log, said = [], []
    Plan([step("", log), step("two", log)]).apply(Recorded(said))
    assert log == ["", "two"] and said == ["two"]


def test_failure_undoes_finished_steps_in_reverse():
    log = []

    def undo(name):
        return lambda: log.append(f"undo {name}") or f"{name} was put back."

    plan = Plan(
        [
            step("runtime", log, [Change("siteextensions/x", "install", None, "1")]),
            step("web.config", log, [Change("web.config", "update")], undo=undo("web.config")),
            step("other", log, [Change("other", "update")], undo=undo("other")),
            step("page", log, fails=RemoteFailed("The app answered 500.")),
        ]
    )
    with pytest.raises(RemoteFailed) as caught:
        plan.apply(Recorded())
    assert log == ["runtime", "web.config", "other", "page", "undo other", "undo web.config"]
    assert (
        str(caught.value)
        == caught.value.message
        == (
            "The app answered 500. other was put back. web.config was put back. These changes remain: siteextensions/x (install)."
        )
    )


def test_an_undo_that_fails_is_told_and_hides_nothing():
    def undo():
        raise RemoteFailed("The SCM site is gone.")

    plan = Plan(
        [
            step("web.config", [], [Change("web.config", "update")], undo=undo),
            step("page", [], fails=RemoteFailed("The app answered 500.")),
        ]
    )
    with pytest.raises(RemoteFailed, match="answered 500. Undoing it failed: The SCM site is gone."):
        plan.apply(Recorded())


def test_an_interrupt_undoes_as_well():
    log = []
    plan = Plan(
        [
            step("web.config", log, undo=lambda: log.append("undone") or "undone"),
            step("page", log, fails=KeyboardInterrupt()),
        ]
    )
    with pytest.raises(Interrupted, match="Interrupted. undone"):
        plan.apply(Recorded())
    assert log == ["web.config", "page", "undone"]


def test_the_report_leaves_out_what_does_not_change():
    answer = report(APP, [Change("packages/flask", "none", "2", "2")], False, runtime=None)
    assert answer == {"changed": False, "app": APP, "changes": [], "changeId": None, "runtime": None}


def test_a_dry_run_has_the_same_shape_and_says_that_it_is_one():
    change = Change("web.config", "update", "a", "b", diff="--- a")
    answer = report(APP, [change], True)
    assert answer == {
        "changed": True,
        "app": APP,
        "dryRun": True,
        "changes": [{"target": "web.config", "action": "update", "before": "a", "after": "b", "diff": "--- a"}],
        "changeId": None,
    }
