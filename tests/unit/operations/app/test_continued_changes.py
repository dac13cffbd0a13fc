"""What becomes of a change whose client was killed: said, gone on with, or settled."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from azext_pythonapp.errors import Interrupted, Refused
from azext_pythonapp.history import owner
from azext_pythonapp.history.environment import RecordedEnvironment
from azext_pythonapp.history.lease import LEASE, read_lease
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, PackageChange
from azext_pythonapp.history.store import History
from azext_pythonapp.operations.app import recording
from azext_pythonapp.operations.app.left_change import LeftChange, interrupted_change, settle
from azext_pythonapp.operations.app.recording import recorded
from tests.unit.folder_site import FolderSite
from tests.unit.operations.app.recorded_changes import (
    OTHER,
    SWITCH,
    WEB_CONFIG,
    WROTE,
    App,
    Killed,
    change,
    kill,
    records,
)


def kill_between_lease_and_record(site: FolderSite, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """End a client that holds the lease and has not begun its change."""

    def dead(request: str) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(recording, "this_process", lambda: f"{owner.this_process().rsplit(' ', 1)[0]} 1")
        with recorded(App(site, OTHER), "install", **parts) as made:
            made.take()
            site.before_request = dead
            raise Killed
    site.before_request = lambda request: None


@pytest.mark.parametrize("undoes", [False, True])
def test_a_client_that_had_not_begun_hides_no_older_change(
    site: FolderSite, monkeypatch: pytest.MonkeyPatch, undoes: bool
) -> None:
    cut = kill(site, monkeypatch)
    for _ in range(3):
        kill_between_lease_and_record(site, monkeypatch, **({"undoes": cut} if undoes else {}))
        found = interrupted_change(App(site))
        assert found is not None and found.id == cut
    app = App(site, "az webapp python uninstall -g rg -n shop --version 3.6")
    with recorded(app, "uninstall") as made:
        made.keep("site/wwwroot/b.txt", "b.txt", b"old")
        made.finish(WROTE)
    assert [line for line in app.progress.said if f"Change {cut} of app 'shop'" in line and "not finished" in line]
    assert interrupted_change(App(site)).id == cut
    app = App(site, SWITCH)
    with recorded(app, "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        made.finish(WROTE)
    assert made.change_id == cut and interrupted_change(App(site)) is None and not site.path("", LEASE).exists()


@pytest.mark.parametrize("ended", ["run again", "settled"])
def test_one_of_two_interrupted_changes_ends(site: FolderSite, monkeypatch: pytest.MonkeyPatch, ended: str) -> None:
    first, second = kill(site, monkeypatch), kill(site, monkeypatch, OTHER)
    assert interrupted_change(App(site)).id == second
    if ended == "settled":
        settle(App(site), History(site).read(second))
    else:
        with recorded(App(site, OTHER), "set-version") as made:
            made.keep(WEB_CONFIG, "web.config", b"old")
            made.finish(WROTE)
        assert made.change_id == second
    assert interrupted_change(App(site)).id == first
    settle(App(site), History(site).read(first))
    assert interrupted_change(App(site)) is None and not site.path("", LEASE).exists()


def test_a_lease_tells_since_when_its_own_command_runs(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the interrupted change began that it goes on with."""
    cut = kill(site, monkeypatch)
    begun = History(site).read(cut).started_at
    with recorded(App(site), "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", b"old")
        held, _ = read_lease(site)
        assert made.record.id == cut and made.record.started_at == begun
        assert held is not None and held.change == cut and held.started_at > begun
        made.finish(WROTE)


def fail(site: FolderSite, found: bytes, **parts: Any) -> None:
    """Run the switch once more, until Ctrl-C in its check of the page; web.config is put back as it was found."""
    with pytest.raises(Interrupted), recorded(App(site), "set-version") as made:
        made.note(**parts)
        made.keep(WEB_CONFIG, "web.config", found, b"new")
        made.wrote(WEB_CONFIG, b"new")
        made.wrote(WEB_CONFIG, found)
        raise Interrupted("Interrupted. web.config was put back as it was.")


def test_a_continued_change_that_is_put_back_has_failed(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = kill(site, monkeypatch)
    fail(site, b"old")
    (found,) = records(site)
    assert (found.id, found.state) == (cut, FAILED) and not site.path("", LEASE).exists()


@pytest.mark.parametrize("left", ["bytes of the interrupted run", "packages"])
def test_a_continued_change_of_which_something_is_left_stays(
    site: FolderSite, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    cut = kill(site, monkeypatch)
    part = PackageChange("python.exe", "3.8", "x64", "python38", {"six": "1"})
    if left == "packages":
        fail(site, b"old", packages=(part,))
    else:
        fail(site, b"new")
    (found,) = records(site)
    assert (found.id, found.state) == (cut, UNFINISHED) and site.path("", LEASE).exists()


def test_the_same_command_goes_on_with_a_killed_one(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = kill(site, monkeypatch, before=b"first")
    assert change(site, b"half") == interrupted
    (found,) = records(site)
    assert found.state == SUCCEEDED and found.files[0].before == b"first" and not site.path("", LEASE).exists()


def test_another_command_says_what_a_killed_one_left(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = kill(site, monkeypatch)
    app = App(site, OTHER)
    with recorded(app, "install") as made:
        made.note(packages=(PackageChange("p", "3.6", "x64", "python364x64", {"flask": "1.0"}),))
        made.begin()
        made.finish(WROTE)
    (sentence,) = app.progress.said
    assert interrupted in sentence and f"`{SWITCH}`" in sentence and "rollback -g" in sentence and "--yes`" in sentence
    assert [each.state for each in records(site)] == [SUCCEEDED, UNFINISHED]


def test_a_reader_says_what_a_killed_one_left(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = App(site, "az webapp python show -g rg -n shop")
    LeftChange(reader).tell(True)  # type: ignore[arg-type]
    assert reader.progress.said == []
    interrupted = kill(site, monkeypatch)
    for _ in range(2):
        LeftChange(reader).tell(True)  # type: ignore[arg-type]
    assert len(reader.progress.said) == 2 and interrupted in reader.progress.said[0]


def test_a_late_look_is_spared_where_there_is_no_lease(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many apps, each request counts: the command that asks the Pythons has seen it."""
    interrupted = kill(site, monkeypatch)
    reader = App(site, "az webapp python show -g rg -n shop")
    number = len(site.requests)
    reader.no_lease.set()
    LeftChange(reader, late=True).tell(True)  # type: ignore[arg-type]
    assert reader.progress.said == [] and len(site.requests) == number
    reader.no_lease.clear()
    LeftChange(reader, late=True).tell(True)  # type: ignore[arg-type]
    assert interrupted in reader.progress.said[0]
    found = LeftChange(reader, late=True).before()  # type: ignore[arg-type]
    assert found is not None and found.id == interrupted


def test_the_same_command_without_work_left_completes_it(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(site, monkeypatch)
    app = App(site)
    LeftChange(app).tell(False)  # type: ignore[arg-type]
    assert [each.state for each in records(site)] == [UNFINISHED] and len(app.progress.said) == 1
    LeftChange(app).tell(True)  # type: ignore[arg-type]
    assert [each.state for each in records(site)] == [SUCCEEDED] and not site.path("", LEASE).exists()


def test_a_client_that_died_before_its_record_left_nothing(site: FolderSite) -> None:
    with recorded(App(site), "set-version") as made:
        made.take()
        lease, _ = read_lease(site)
    assert lease is not None
    site.write(LEASE, lease.to_json().replace(b'"expires_at": "2026', b'"expires_at": "2025'))
    app = App(site)
    LeftChange(app).tell(True)  # type: ignore[arg-type]
    assert app.progress.said == [] and change(site) is not None


def test_a_change_is_gone_on_with_in_other_words(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `install --extension-id` finishes what `install --version` began."""
    interrupted = kill(site, monkeypatch)
    with recorded(App(site, OTHER), "install", continues=lambda record: record.id == interrupted) as made:
        made.finish(WROTE)
    assert made.change_id == interrupted and [each.state for each in records(site)] == [SUCCEEDED]


def test_a_second_run_that_fails_leaves_it_unfinished(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first one had done is not undone by it."""
    kill(site, monkeypatch)
    with pytest.raises(Refused), recorded(App(site), "set-version"):
        raise Refused("no")
    assert [each.state for each in records(site)] == [UNFINISHED] and site.path("", LEASE).exists()


def of(letter: Literal["a", "b"]) -> RecordedEnvironment:
    """An environment as a record has it."""
    return RecordedEnvironment(letter, f"20261126-120000-000{letter}", "python.exe", "3.8", "x64", {"six": "1"})


@pytest.mark.parametrize("moved_in", [False, True])
def test_the_environment_of_before_is_that_of_the_first_run(
    site: FolderSite, monkeypatch: pytest.MonkeyPatch, moved_in: bool
) -> None:
    app = App(site)
    before = None if moved_in else of("a")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(recording, "this_process", lambda: f"{owner.this_process().rsplit(' ', 1)[0]} 1")
        with recorded(app, "install-requirements") as made:
            made.note(environment_before=before, environment_arguments=["--pre"])
            made.note(environment_after=of("b"))
            made.keep(WEB_CONFIG, "web.config", b"old", b"new")
            raise Killed
    with recorded(App(site), "install-requirements") as again:
        again.note(environment_before=of("b"))
        again.note(jobs=("20261126-120000-0009",))
        again.note(environment_after=of("a"))
        again.finish(WROTE)
    (found,) = records(site)
    assert found.environment is not None and found.state == SUCCEEDED
    assert [each and each.letter for each in (found.environment.before, found.environment.after)] == [
        None if moved_in else "a",
        "a",
    ]
    assert list(found.environment.arguments) == ["--pre"]


def test_an_app_without_environments_has_no_part_of_them(site: FolderSite) -> None:
    with recorded(App(site), "set-version") as made:
        made.note(environment_before=None)
        made.keep(WEB_CONFIG, "web.config", b"old")
        made.finish(WROTE, environment_after=None)
    assert [each.environment for each in records(site)] == [None]
