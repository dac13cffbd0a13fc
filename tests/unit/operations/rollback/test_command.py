"""The command as a whole: what it changes, in which order, what it records, and what it puts back."""

from __future__ import annotations

import zipfile

import pytest

from azext_pythonapp.errors import Conflict, Refused, RemoteFailed
from azext_pythonapp.history.lease import LEASE
from azext_pythonapp.history.record import FAILED, SUCCEEDED, KeptFile, Published
from azext_pythonapp.operations.rollback import command, steps
from tests.unit.operations.rollback.pythons import NEW, OLD, WEB_CONFIG, config
from tests.unit.operations.rollback.world import undo


def test_bytes_come_back_and_it_is_recorded(world):
    answer = undo(world)
    assert world.web_config == config(OLD)
    assert world.done == ["page before", f"import with {OLD}", "restart", "page with Python 3.8.10"]
    record = world.records[0]
    assert (record.state, record.undoes, record.user) == (SUCCEEDED, world.change.id, "bob@contoso.com")
    assert [(each.before, each.after, each.written) for each in record.files] == [(config(NEW), config(OLD), True)]
    assert record.runtime_before.python_path == NEW and record.runtime_after.python_path == OLD
    assert (answer["undone"], answer["changeId"], answer["changed"]) == (world.change.id, record.id, True)
    assert answer["runtime"]["pythonPath"] == OLD and answer["verification"]["importOk"] is True
    assert world.app.progress.last[-1] == (
        f"Undo: az webapp python rollback -g rg -n shop --change-id {record.id} --yes"
    )
    assert world.app.progress.last[0].endswith("App 'shop' runs Python 3.8.10 x64. 1 file put back, 12 s.")
    assert not (world.folder / LEASE).exists()


def test_a_second_time_nothing_is_written(world):
    undo(world)
    del world.app.kudu.requests[:], world.done[:]
    answer = undo(world, change_id=world.change.id)
    assert (answer["changed"], answer["changes"], answer["changeId"]) == (False, [], None)
    assert world.writes() == [] and world.done == []
    assert "already; nothing changed." in world.app.progress.last[-1]


def test_a_dry_run_writes_nothing(world):
    answer = undo(world, dry_run=True, confirmed=False)
    assert answer["dryRun"] is True and [each["target"] for each in answer["changes"]] == [WEB_CONFIG, "app"]
    assert world.writes() == [] and world.done == [] and answer["runtime"]["pythonPath"] == OLD
    (plan,) = world.app.progress.plans
    assert plan[1] == "Python 3.11.9, FastCGI" and plan[2][0].after == "Python 3.8.10, FastCGI"


def test_without_yes_the_plan_is_shown_and_asked(world):
    with pytest.raises(AssertionError, match=f"Undo change {world.change.id} .set-version, by ann@contoso.com, .*"):
        undo(world, confirmed=False)
    assert world.writes() == [] and len(world.app.progress.plans) == 1


def test_a_rollback_of_a_rollback_makes_the_change_again(world):
    first = undo(world)
    second = undo(world, change_id=first["changeId"])
    assert second["undone"] == first["changeId"] and world.web_config == config(NEW)
    again = f"undoing it makes change {world.change.id} again."
    assert [line for line in world.app.progress.said if again in line and line.endswith("again.")], "it was named"
    undo(world, dry_run=True)
    older = "To undo an older change, name it with --change-id."
    assert any(older in line for line in [*world.app.progress.said, *world.app.progress.warnings])
    third = undo(world, change_id=second["changeId"])
    assert world.web_config == config(OLD) and third["runtime"]["pythonPath"] == OLD


def test_a_page_that_is_bad_puts_everything_back(world):
    world.bad = True
    with pytest.raises(RemoteFailed, match="The page answered 500.*has again what it had.*answers 200, as before"):
        undo(world)
    assert world.web_config == config(NEW) and world.done[-2:] == ["restart", "page after it was put back"]
    assert world.records[0].state == FAILED and not (world.folder / LEASE).exists()
    world.bad = False
    assert undo(world)["undone"] == world.change.id, "and the change can still be undone"


def test_an_import_that_fails_leaves_a_working_app_as_it_is(world):
    world.imports = False
    with pytest.raises(RemoteFailed, match="cannot import the entry point"):
        undo(world)
    assert world.web_config == config(NEW) and "restart" not in world.done


def test_an_app_that_is_broken_now_is_undone_all_the_same(world):
    world.imports, world.before = False, 500
    answer = undo(world)
    assert world.web_config == config(OLD) and answer["verification"]["importOk"] is False
    assert any("The app answers 500 now, so it is undone all the same." in line for line in world.app.progress.said)


def test_checks_can_be_left_out(world):
    world.imports = False
    undo(world, health=None, import_check=False, restart=False)
    assert world.web_config == config(OLD) and world.done == []


def test_a_registration_that_iis_has_not_read_needs_a_restart(world, monkeypatch):
    monkeypatch.setattr(steps, "is_read", lambda opened, identifier: False)
    with pytest.raises(Refused, match="IIS does not know Python 3.8.10"):
        undo(world, restart=False)
    monkeypatch.setattr(steps, "restart_to_read", lambda opened: world.done.append("restart to read"))
    undo(world)
    assert world.done[:3] == ["page before", "restart to read", f"import with {OLD}"]


def test_bytes_of_another_hand(world):
    world.put(b"<configuration/>")
    with pytest.raises(Conflict):
        undo(world)
    assert world.writes() == []
    answer = undo(world, force=True)
    assert world.web_config == config(OLD)
    undo(world, change_id=answer["changeId"])
    assert world.web_config == b"<configuration/>"


def test_a_new_web_config_goes_and_no_page_is_expected(world, add):
    made = add(files=(KeptFile(WEB_CONFIG, "web.config", None, config(NEW), True),))
    world.bad = True
    answer = undo(world)
    assert answer["undone"] == made.id and world.web_config is None and answer["runtime"] is None
    assert not any(each.startswith(("import", "page with")) for each in world.done)
    assert any("starts no Python" in line for line in world.app.progress.said)
    assert world.why == "so that it runs as before that change"


def test_a_web_config_that_cannot_be_read_is_replaced(world):
    world.put(b"<configuration>")
    answer = undo(world, force=True)
    assert world.web_config == config(OLD)
    undo(world, change_id=answer["changeId"])
    assert world.web_config == b"<configuration>", "and comes back, too"


class Files:
    """Published files that are put back."""

    def __init__(self, world):
        self._world = world
        self.changed, self.empty = False, False
        self.published = Published("site/wwwroot", None, ["old.py"], ["app.py"], ["new.py"])

    def note(self, change_id, kept, earlier):
        self._world.done.append(f"note {earlier}")
        return self.published

    def keep(self):
        self._world.done.append("keep")

    def send(self):
        self.changed = True
        self._world.done.append("send")

    def complete(self):
        self._world.done.append("complete")
        if self._world.held:
            raise Conflict("new.py is in use.")

    def remember(self):
        self._world.done.append("remember")

    def put_back(self):
        if not self.changed:
            return ""
        self._world.done.append("put back")
        if self._world.stuck:
            raise Conflict("app.py is in use.")
        self.changed = False
        return "The files of app 'shop' were put back as they were."


def test_published_files_come_back_before_the_import(world, add, monkeypatch):
    published = Published("site/wwwroot", "data/pythonapp/kept/x.zip", ["new.py"], ["app.py"], ["old.py"])
    made = add(
        "publish", files=(KeptFile(WEB_CONFIG, "web.config", config(OLD), config(NEW), True),), published=published
    )
    since: list[str] = []
    monkeypatch.setattr(command, "exchange_back", lambda opened, part, kept: Files(world))
    monkeypatch.setattr(command, "changed_since", lambda opened, part: since)
    before = world.web_config
    with pytest.raises(Refused, match="are not complete in data/pythonapp/kept/x.zip, so it cannot be undone"):
        undo(world)
    assert world.web_config == before
    path = world.folder / "data/pythonapp/kept/x.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("app.py", "old.py"):
            archive.writestr(name, "old")
    since += ["app.py", "b.py"]
    with pytest.raises(Conflict, match="files that are neither as before it nor as it left them: app.py, b.py"):
        undo(world)
    since.clear()
    world.bad = True
    with pytest.raises(RemoteFailed, match="were put back as they were"):
        undo(world)
    assert "put back" in world.done and world.web_config == config(NEW)
    assert world.records[0].state == FAILED and world.records[0].published is None, "nothing of it is left to undo"
    del world.done[:]
    world.bad = False
    answer = undo(world)
    assert answer["undone"] == made.id and world.web_config == config(OLD)
    assert [(each["target"].rpartition("/")[2], each["action"]) for each in answer["changes"]] == [
        ("old.py", "create"),
        ("app.py", "update"),
        ("new.py", "delete"),
        ("web.config", "update"),
        ("app", "restart"),
    ]
    order = ["page before", "note None", "keep", "send", "complete", "remember", f"import with {OLD}", "restart"]
    assert world.done == [*order, "page with Python 3.8.10"]
    assert world.records[0].published.replaced == ["app.py"]


@pytest.fixture
def publish_only(world, add, monkeypatch):
    """A publish that changed files and not web.config is the newest change; its files can be put back."""
    monkeypatch.setattr(command, "exchange_back", lambda opened, part, kept: Files(world))
    monkeypatch.setattr(command, "changed_since", lambda opened, part: [])
    world.put(config(NEW))
    return add("publish", published=Published("site/wwwroot", None, ["new.py"], [], []))


def test_files_that_are_put_back_are_loaded_again(world, publish_only):
    """IIS restarts the app for web.config, not for other files: it would go on with those of before."""
    world.bad = True
    with pytest.raises(RemoteFailed, match="were put back as they were.*All is as it was.*answers 200, as before") as e:
        undo(world)
    assert "was not changed" not in e.value.message
    assert world.done[-3:] == ["put back", "restart", "page after it was put back"]
    assert world.records[0].published is None


def test_files_that_come_back_in_part_are_put_back(world, publish_only):
    world.held = True
    with pytest.raises(Conflict, match="new.py is in use.*were put back as they were"):
        undo(world)
    assert world.done[-4:] == ["complete", "put back", "restart", "page after it was put back"]


def test_what_cannot_be_undone_is_not_called_as_before(world, publish_only):
    world.bad = world.stuck = True
    with pytest.raises(RemoteFailed, match="Undoing it failed: app.py is in use.*Not all is as it was before"):
        undo(world)
    assert world.done.count("put back") == 1
    assert world.records[0].published is not None, "so that it can be undone"
