"""The record of a change while it is made, and what becomes of it when its command fails, is cut, or is run again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.appservice.app import Principal
from azext_pythonapp.errors import Conflict, Interrupted, Refused, UnknownOutcome, Unreachable
from azext_pythonapp.history import owner
from azext_pythonapp.history.lease import LEASE, read_lease
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, PackageChange, Record
from azext_pythonapp.history.store import HISTORY, History
from azext_pythonapp.operations.app import recording
from azext_pythonapp.operations.app.left_change import LeftChange, interrupted_change, settle
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.plan import Change, Plan, Step
from tests.unit.folder_site import FolderSite, ticking
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
SWITCH = "az webapp python set-version -g rg -n shop --version 3.6"
OTHER = "az webapp python install -g rg -n shop --version 3.6"
WEB_CONFIG = "site/wwwroot/web.config"
WROTE = [Change(WEB_CONFIG, "update", "3.5", "3.6", diff="-secret")]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class App:
    """An app whose SCM site is a folder."""

    kudu: FolderSite
    command: str | None = SWITCH
    name: str = "ann@contoso.com"
    site: Any = field(default_factory=shop_site)
    progress: Recorded = field(default_factory=Recorded)
    left: set[str] = field(default_factory=set)
    looks: list[Any] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return str(self.command)

    def principal(self) -> Principal:
        return Principal(self.name, "00000000-0000-0000-0000-00000000000a")

    def say_once(self, sentence: str) -> None:
        self.progress.say(sentence)


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    made = FolderSite(tmp_path)
    made.clock = ticking(NOW)
    return made


def records(site: FolderSite) -> list[Record]:
    return [each for each in History(site).read_all(History(site).ids()) if isinstance(each, Record)]


def change(site: FolderSite, before: bytes | None = b"old", command: str = SWITCH) -> str | None:
    """Make a change as a command does."""
    with recorded(App(site, command), "set-version") as made:
        made.keep(WEB_CONFIG, "web.config", before)
        made.wrote(WEB_CONFIG, b"new")
        made.finish(WROTE)
        return made.change_id


def kill(site: FolderSite, monkeypatch: pytest.MonkeyPatch, command: str = SWITCH, before: bytes = b"old") -> str:
    """End a client in the middle of a change: nothing that it does afterwards reaches the worker."""
    found = ""

    def dead(request: str) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(recording, "this_process", lambda: f"{owner.this_process().rsplit(' ', 1)[0]} 1")
        with recorded(App(site, command), "set-version") as made:
            made.keep(WEB_CONFIG, "web.config", before)
            found = made.record.id
            site.before_request = dead
            raise Killed
    site.before_request = lambda request: None
    return found


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


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
def test_the_same_command_goes_on_with_a_killed_one(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = kill(site, monkeypatch, before=b"first")
    assert change(site, b"half") == interrupted
    (found,) = records(site)
    assert found.state == SUCCEEDED and found.files[0].before == b"first" and not site.path("", LEASE).exists()


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
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


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
def test_a_reader_says_what_a_killed_one_left(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = App(site, "az webapp python show -g rg -n shop")
    LeftChange(reader).tell(True)  # type: ignore[arg-type]
    assert reader.progress.said == []
    interrupted = kill(site, monkeypatch)
    for _ in range(2):
        LeftChange(reader).tell(True)  # type: ignore[arg-type]
    assert len(reader.progress.said) == 2 and interrupted in reader.progress.said[0]


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
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


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
def test_a_change_is_gone_on_with_in_other_words(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `install --extension-id` finishes what `install --version` began."""
    interrupted = kill(site, monkeypatch)
    with recorded(App(site, OTHER), "install", continues=lambda record: record.id == interrupted) as made:
        made.finish(WROTE)
    assert made.change_id == interrupted and [each.state for each in records(site)] == [SUCCEEDED]


@pytest.mark.skipif(not owner.this_process(), reason="a dead process is known at once on Linux only")
def test_a_second_run_that_fails_leaves_it_unfinished(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first one had done is not undone by it."""
    kill(site, monkeypatch)
    with pytest.raises(Refused), recorded(App(site), "set-version"):
        raise Refused("no")
    assert [each.state for each in records(site)] == [UNFINISHED] and site.path("", LEASE).exists()
