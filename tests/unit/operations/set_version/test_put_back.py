"""Putting web.config back: the sentences say what became of the file, and what of the restart."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Conflict, PlatformFailed, Unreachable
from azext_pythonapp.operations.set_version.steps import put_back
from azext_pythonapp.plan import Plan, Step
from tests.unit.operations.web_config.test_change import OLD, THEIRS, Files, planned
from tests.unit.progress import Recorded


def app(restart=lambda site: None):
    kudu = SimpleNamespace(list_directory=lambda path: [])
    return SimpleNamespace(
        kudu=kudu,
        arm=SimpleNamespace(restart=restart),
        site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop"),
    )


def refusing(error):
    def restart(site):
        raise error

    return restart


@pytest.fixture
def files():
    return Files(OLD)


@pytest.fixture
def change(files):
    applied = planned(files)
    applied.apply()
    return applied


def test_file_and_restart(files, change):
    assert put_back(app(), change, restart=True) == (
        "web.config of app 'shop' was put back as it was. The app was restarted with it."
    )
    assert files.content == OLD


def test_failed_restart_still_reports_the_restored_file(files, change):
    said = put_back(app(refusing(PlatformFailed("Azure answered 500."))), change, restart=True)
    assert said.startswith(
        "web.config of app 'shop' was put back as it was. The restart after that failed: Azure answered 500. "
    )
    assert "`az webapp restart -g rg -n shop`" in said and files.content == OLD


def test_without_a_restart(change):
    assert put_back(app(refusing(AssertionError())), change, restart=False).endswith("put back as it was.")


def test_a_running_job_is_not_ended_by_the_restart(change, monkeypatch):
    job = SimpleNamespace(id="20261126-120000-0009")
    monkeypatch.setattr("azext_pythonapp.operations.set_version.steps.living_job", lambda kudu: job)
    said = put_back(app(refusing(AssertionError())), change, restart=True)
    assert "put back" in said and "20261126-120000-0009" in said


def test_unrestored_file_is_an_error_without_a_restart(files, change):
    files.change(THEIRS)
    with pytest.raises(Conflict):
        put_back(app(refusing(AssertionError())), change, restart=True)
    assert files.content == THEIRS


def test_an_undo_that_fails_tells_what_to_do():
    def undo():
        raise Unreachable("The app is stopped.", "`az webapp start` starts it.")

    def fail():
        raise Conflict("It failed.")

    with pytest.raises(Conflict) as caught:
        Plan([Step("one", [], lambda: [], undo), Step("two", [], fail)]).apply(Recorded())
    assert caught.value.message == ("It failed. Undoing it failed: The app is stopped. `az webapp start` starts it.")
