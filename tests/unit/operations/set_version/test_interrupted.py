"""An interrupted switch says what the app runs now."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Interrupted, RemoteFailed, UnknownOutcome
from azext_pythonapp.operations.set_version import interrupted
from azext_pythonapp.operations.set_version.interrupted import saying_what_runs
from tests.unit.operations.shop import shop_site

AGAIN = "az webapp python set-version -g rg -n shop --version 3.11"


def raised(monkeypatch, error, runs="Python 3.8.10", running=True, attempted=False, undone=False):
    monkeypatch.setattr(interrupted, "runs_in_words", lambda decision: runs)
    decision = SimpleNamespace(app=SimpleNamespace(site=shop_site(), command=AGAIN), running=running)
    run = SimpleNamespace(web_config=SimpleNamespace(attempted=attempted), undone=undone)
    with pytest.raises(type(error)), saying_what_runs(decision, run):
        raise error
    return error


@pytest.mark.parametrize(
    "runs, running, sentence",
    [
        ("Python 3.8.10", True, "App 'shop' still runs Python 3.8.10; web.config was not touched."),
        (None, True, "web.config of app 'shop' was not touched."),
        ("Python 3.8.10", False, "App 'shop' is stopped; its web.config was not touched."),
    ],
)
def test_before_the_switch_the_app_runs_what_it_ran(monkeypatch, runs, running, sentence):
    error = raised(monkeypatch, Interrupted("Interrupted."), runs, running)
    assert error.message == f"Interrupted. {sentence}" and error.recommendation == f"Run the command again: `{AGAIN}`."


def test_advice_of_the_step_itself_stands(monkeypatch):
    error = raised(monkeypatch, UnknownOutcome("Interrupted. pip is still running.", "To finish, …"))
    assert error.recommendation == "To finish, …" and error.message.endswith("web.config was not touched.")


@pytest.mark.parametrize("state", [{"attempted": True}, {"undone": True}])
def test_after_the_switch_the_undo_tells(monkeypatch, state):
    """So it does where files were put back, and web.config was not yet written."""
    error = raised(monkeypatch, Interrupted("Interrupted. Rolled back: …"), **state)
    assert error.message == "Interrupted. Rolled back: …"


def test_a_failure_is_not_an_interruption(monkeypatch):
    error = raised(monkeypatch, RemoteFailed("pip failed."))
    assert (error.message, error.recommendation) == ("pip failed.", None)
