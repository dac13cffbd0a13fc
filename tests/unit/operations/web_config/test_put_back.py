"""Putting web.config back: what is said of the file and of the restart is what became of either."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Conflict, PlatformFailed, UnknownOutcome, Unreachable
from azext_pythonapp.operations.web_config.change import WebConfigSwitch, put_back
from azext_pythonapp.plan import Plan, Step
from tests.unit.operations.web_config.test_change import Files, ours

RECORD = SimpleNamespace(change_id="20261126-120000-0001", keep=lambda *arguments: None)


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


def switched(files):
    change = WebConfigSwitch(files, "web.config", files.state("web.config"), ours, RECORD)
    change.apply()
    return change, Step("Switching", [], lambda: [], change.undo)


def test_file_and_restart_are_told_apart():
    files = Files(b"old")
    _, step = switched(files)
    assert put_back(app(), step, restart=True) == (
        "web.config of app 'shop' was put back as it was. The app was restarted with it."
    )
    assert files.content == b"old"


def test_failed_restart_still_reports_the_restored_file():
    files = Files(b"old")
    _, step = switched(files)
    said = put_back(app(refusing(PlatformFailed("Azure answered 500."))), step, restart=True)
    assert said.startswith(
        "web.config of app 'shop' was put back as it was. The restart after that failed: Azure answered 500. "
    )
    assert "`az webapp restart -g rg -n shop`" in said and files.content == b"old"


def test_without_a_restart_none_is_made():
    _, step = switched(Files(b"old"))
    assert put_back(app(refusing(AssertionError())), step, restart=False).endswith("put back as it was.")


def test_a_running_job_is_not_ended_by_the_restart(monkeypatch):
    job = SimpleNamespace(id="20261126-120000-0009")
    monkeypatch.setattr("azext_pythonapp.operations.web_config.change.living_job", lambda kudu: job)
    _, step = switched(Files(b"old"))
    said = put_back(app(refusing(AssertionError())), step, restart=True)
    assert "put back" in said and "20261126-120000-0009" in said


def test_unrestored_file_is_named_with_its_backup():
    files = Files(b"old")
    _, step = switched(files)
    files.change(b"theirs")
    with pytest.raises(Conflict) as caught:
        put_back(app(refusing(AssertionError())), step, restart=True)
    assert r"from before are in %HOME%\data\pythonapp\changes\20261126-120000-0001." in caught.value.message
    assert files.content == b"theirs"


def test_an_answer_that_was_lost_while_putting_back():
    files = Files(b"old")
    change, _ = switched(files)
    write = files.write

    def cut(*arguments):
        write(*arguments)
        raise UnknownOutcome("The connection was cut.")

    files.write = cut
    assert change.undo() == "web.config of app 'shop' was put back as it was." and files.content == b"old"


def test_an_answer_that_was_lost_while_writing_is_looked_up():
    files = Files(b"old")
    write = files.write

    def cut(*arguments):
        write(*arguments)
        raise UnknownOutcome("The connection was cut.")

    files.write = cut
    change = WebConfigSwitch(files, "web.config", files.state("web.config"), ours, RECORD)
    assert change.apply() == (b"old", b"old ours")
    files.write = write
    files.change(b"theirs")
    with pytest.raises(Conflict):
        change.undo()
    assert files.content == b"theirs"


def test_an_answer_that_stays_lost_is_told():
    files = Files(b"old")
    change = WebConfigSwitch(files, "web.config", files.state("web.config"), ours, RECORD)

    def away(*arguments):
        raise Unreachable("The SCM site is away.")

    files.write = files.state = away
    with pytest.raises(Unreachable) as caught:
        change.apply()
    assert "Whether web.config of app 'shop' was written is not known." in caught.value.message
    assert "20261126-120000-0001" in caught.value.message


def test_a_write_that_certainly_failed_is_an_ordinary_error():
    files = Files(b"old")
    change = WebConfigSwitch(files, "web.config", files.state("web.config"), ours, RECORD)

    def away(*arguments):
        raise Unreachable("The SCM site is away.")

    files.write = away
    with pytest.raises(Unreachable) as caught:
        change.apply()
    assert caught.value.message == "The SCM site is away."


def test_an_undo_that_fails_tells_what_to_do():
    def undo():
        raise Unreachable("The app is stopped.", "`az webapp start` starts it.")

    def fail():
        raise Conflict("It failed.")

    with pytest.raises(Conflict) as caught:
        Plan([Step("one", [], lambda: [], undo), Step("two", [], fail)]).apply(lambda title: None)
    assert caught.value.message == (
        "It failed. Putting it back failed: The app is stopped. `az webapp start` starts it."
    )
