"""Two terminals that make the same switch: the second one finds nothing to write, and undoes nothing of the first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Conflict, RemoteFailed
from azext_pythonapp.operations.environment.place import Place
from azext_pythonapp.operations.set_version import steps
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.run import edit_for
from azext_pythonapp.operations.set_version.steps import _switch_steps
from azext_pythonapp.plan import Plan, Step
from azext_pythonapp.webconfig.handlers import read_in_force, write_handler
from tests.unit.operations.set_version.test_last_lines import NEW, OLD, OTHER, fast
from tests.unit.operations.web_config.test_change import Files, planned
from tests.unit.progress import Recorded

BEFORE = write_handler(None, fast(OLD)).content
SAME = write_handler(BEFORE, fast(NEW)).content
ANOTHER = write_handler(BEFORE, fast(OTHER)).content


@pytest.fixture
def world(monkeypatch):
    """A switch from OLD to NEW, as it was planned: (decision, run, files)."""
    monkeypatch.setattr(steps, "switch_title", lambda decision: "Switching.")
    files = Files(BEFORE)
    found = SimpleNamespace(
        web_config=files.state("web.config"), current=read_in_force(BEFORE), files=SimpleNamespace(shown=str), base=None
    )
    app = SimpleNamespace(site=SimpleNamespace(label="app 'shop'"), progress=Recorded())
    decision = SimpleNamespace(restarts=True, app=app, found=found, health=None, place=None)
    run = SimpleNamespace(intent=fast(NEW), python=NEW, change=None, restart_reason=None)
    run.web_config = planned(files, edit=lambda content: edit_for(decision, run, content))
    return decision, run, files


def test_the_same_switch_by_somebody_else_is_no_conflict(world):
    decision, run, files = world
    (step,) = _switch_steps(decision, run)
    files.change(SAME)
    changes = list(step.apply())
    assert [change.action for change in changes] == ["none"] and files.content == SAME
    with pytest.raises(RemoteFailed) as failed:
        raise_after(step)
    assert files.content == SAME and "was switched by another command" in failed.value.message


def raise_after(step):
    def fail():
        raise RemoteFailed("The page answered 500.")

    Plan([step, Step("", [], fail)]).apply(Recorded())


def test_another_switch_is_a_conflict(world):
    decision, run, files = world
    (step,) = _switch_steps(decision, run)
    files.change(ANOTHER)
    with pytest.raises(Conflict, match="Yours, 3.8.10, was not made"):
        step.apply()
    assert files.content == ANOTHER


def test_a_switch_that_is_not_needed_is_not_told(world):
    """The environment that was built has the same packages, so the app stays in its own: nothing is to be undone."""
    decision, run, files = world
    place = Place("b", OLD, NEW, None, None)
    decision = Decision(decision.app, SimpleNamespace(restart=True), decision.found, None, NEW, fast(NEW), place)
    run.letter = "b"
    (step,) = _switch_steps(decision, run)
    assert step.said == "Switching."
    run.letter, run.python, run.intent = "a", OLD, fast(OLD)
    run.web_config.recompute()
    assert step.said == ""
    with pytest.raises(RemoteFailed) as failed:
        raise_after(step)
    assert (failed.value.message, files.content) == ("The page answered 500.", BEFORE)
