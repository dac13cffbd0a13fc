"""Putting web.config back: the sentences say what became of the file, and what of the restart."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Conflict, PlatformFailed, Unreachable
from azext_pythonapp.operations.set_version.put_back import left_behind, runs_again
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.webconfig.handlers import Edit, HandlerIntent, write_handler
from tests.unit.operations.web_config.test_change import OLD, THEIRS, Files, planned
from tests.unit.progress import Recorded


def put_back(app, change, *, restart, **more):
    """Undo a change, and say what became of it."""
    return runs_again(app, f"Rolled back: {change.undo()}", restart=restart, **more)


def app(restart=lambda site: None):
    kudu = SimpleNamespace(list_directory=lambda path: [], home=lambda: r"D:\home")
    return SimpleNamespace(
        kudu=kudu,
        arm=SimpleNamespace(restart=restart),
        site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop"),
        progress=Recorded(),
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


PUT_BACK = "Rolled back: web.config of app 'shop' was put back as it was."


def test_what_runs_again_is_said_when_its_page_was_fetched(files, change):
    asked = []
    said = put_back(
        app(asked.append), change, restart=True, before="Python 3.11.9", page_status=lambda: len(asked) and 200
    )
    assert said == "Rolled back: app 'shop' runs Python 3.11.9 again (200)."
    assert files.content == OLD and len(asked) == 1, "the page was fetched after the restart"


def test_a_page_that_is_not_good_after_it_is_not_called_good(change):
    said = put_back(app(), change, restart=True, before="Python 3.11.9", page_status=lambda: None)
    assert said == f"{PUT_BACK} Whether the app answers as before was not verified."


def test_an_interrupt_while_the_page_is_fetched_keeps_the_rest(files, change):
    def interrupted():
        raise KeyboardInterrupt

    said = put_back(app(), change, restart=True, before="Python 3.11.9", page_status=interrupted)
    assert said == f"{PUT_BACK} Whether the app answers as before was not verified." and files.content == OLD


def test_a_page_that_is_bad_after_it_is_told(change):
    said = put_back(app(), change, restart=True, before="Python 3.11.9", page_status=lambda: "It answered 500.")
    assert said == f"{PUT_BACK} It answered 500."


def test_an_interrupted_restart_keeps_what_was_put_back(files, change):
    said = put_back(app(refusing(KeyboardInterrupt())), change, restart=True, before="Python 3.11.9")
    assert said.startswith(f"{PUT_BACK} The restart after that was interrupted") and files.content == OLD
    assert "`az webapp restart -g rg -n shop`" in said


def test_an_app_that_ran_no_python(change):
    assert put_back(app(), change, restart=True, page_status=lambda: 403) == f"{PUT_BACK} It answers 403, as before."


def test_failed_restart_still_reports_the_restored_file(files, change):
    said = put_back(app(refusing(PlatformFailed("Azure answered 500."))), change, restart=True)
    assert said.startswith(f"{PUT_BACK} The restart after that failed: Azure answered 500. ")
    assert "`az webapp restart -g rg -n shop`" in said and files.content == OLD


def test_without_a_restart(change):
    assert put_back(app(refusing(AssertionError())), change, restart=False).startswith(PUT_BACK)


def test_a_running_job_is_not_ended_by_the_restart(change, monkeypatch):
    job = SimpleNamespace(id="20261126-120000-0009")
    monkeypatch.setattr("azext_pythonapp.operations.set_version.put_back.living_job", lambda kudu: job)
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


PYTHON = InstalledRuntime(
    "3.8.10", "x64", "python3810x64", "3.8.10", r"D:\home\python3810x64\python.exe", "folder", False
)
INSTALL = Change("siteextensions/python3810x64", "install", None, "3.8.10")
PACKAGES = [Change(f"packages/p{number}", "install", None, "1") for number in range(7)]


def running(folder):
    intent = HandlerIntent("fastCgi", rf"D:\home\{folder}\python.exe", rf"D:\home\{folder}\wfastcgi.py", "app.app")
    return planned(Files(write_handler(None, intent).content), edit=lambda content: Edit(content, False, ()))


def test_a_runtime_that_is_left_is_named_with_its_removal():
    said = left_behind(app(), PYTHON, running("python3119x64"), [INSTALL, *PACKAGES], True)
    assert said == [
        "Left on app 'shop', not in use: Python 3.8.10 with 7 packages. To remove it: "
        "`az webapp python uninstall -g rg -n shop --extension-id python3810x64`."
    ]


def test_a_runtime_that_others_use_now_is_not_called_unused():
    said = left_behind(app(), PYTHON, running("python3810x64"), [INSTALL], True)
    assert said == ["These changes remain: siteextensions/python3810x64 (install)."]


@pytest.mark.parametrize("theirs", [True, False])
def test_a_python_that_is_still_started_is_not_called_unused(theirs):
    files = Files(running("python3119x64").content)
    switched = planned(files, edit=lambda content: Edit(running("python3810x64").content, True, ()))
    switched.apply()
    assert left_behind(app(), PYTHON, switched, [INSTALL], True) == [
        "These changes remain: siteextensions/python3810x64 (install)."
    ]
    if theirs:
        files.change(THEIRS)
        with pytest.raises(Conflict):
            put_back(app(), switched, restart=True)
    else:
        put_back(app(), switched, restart=True)
    said = left_behind(app(), PYTHON, switched, [INSTALL], True)
    assert ("not in use" in said[0]) is not theirs


def test_packages_that_stay_changed_are_named():
    names = "p0, p1, p2, p3, p4 and 2 more"
    said = left_behind(app(), PYTHON, running("python3119x64"), PACKAGES, False)
    assert said == [f"Not undone in Python 3.8.10, which the app does not use: {names}."]
    said = left_behind(app(), PYTHON, running("python3810x64"), PACKAGES, False)
    assert said == [f"Not undone in Python 3.8.10, which the app uses: {names}."]
    assert left_behind(app(), PYTHON, running("python3810x64"), [Change("app", "restart")], False) == []
