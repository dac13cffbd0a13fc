"""The command as a whole: what it changes, in which order, what it records, and what it puts back."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import Conflict, InvalidWebConfig, NotFound, Refused, RemoteFailed
from azext_pythonapp.history import lease as lease_module
from azext_pythonapp.history.lease import LEASE, LeaseFile
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, KeptFile, Published, Record
from azext_pythonapp.history.store import HISTORY, History
from azext_pythonapp.jobs.pending_restart import mark_start
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.app.health_check import HealthOptions
from azext_pythonapp.operations.app.import_check import ImportCheck
from azext_pythonapp.operations.app.left_change import interrupted_change
from azext_pythonapp.operations.job import same_job
from azext_pythonapp.operations.rollback import command, steps
from azext_pythonapp.operations.rollback import found as found_module
from azext_pythonapp.operations.rollback.command import rollback
from azext_pythonapp.operations.rollback.files import read_state
from azext_pythonapp.operations.rollback.steps import RollbackRequest
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.webconfig.handlers import read_handler
from tests.unit.operations.rollback.conftest import WEB_CONFIG
from tests.unit.operations.rollback.test_found import NEW, OLD, config, has, python, runtime
from tests.unit.operations.shop import shop_site
from tests.unit.passing_time import Time

READS = ("read", "list", "tail")


class Page:
    """The health check; `answers` has what comes of it."""

    url = "https://shop/"
    good = True
    sentence = None

    def __init__(self, world):
        self._world = world
        self.before = None
        self.result = {"httpStatus": None, "httpStatusBefore": None, "instances": []}

    def fetch_before(self, content):
        self._world.done.append("page before")
        self.before = SimpleNamespace(status=self._world.before)

    def check(self, content, served, changed):
        self._world.done.append(f"page with Python {served.version}")
        if self._world.bad:
            raise RemoteFailed("The page answered 500.")
        self.result["httpStatus"] = 200

    def put_back_status(self, content):
        self._world.done.append("page after it was put back")
        return 200

    def require_running(self):
        pass


class World:
    """An app with a web.config, two Pythons and a page."""

    def __init__(self, app, folder, monkeypatch):
        self.app, self.folder = app, folder
        self.before, self.bad, self.imports = 200, False, True
        self.done: list[str] = []
        self.why, self.held, self.stuck = "", False, False
        app.kudu.memory = SimpleNamespace(forget=lambda: None)
        app.arm = SimpleNamespace(
            slots=lambda site: [], restart=lambda site: self.done.append("restart"), start=lambda site: None
        )
        monkeypatch.setattr(found_module, "observe", self.observe)
        monkeypatch.setattr(found_module, "uses_of_runtime", lambda opened, path: [])
        monkeypatch.setattr(steps, "HealthCheck", lambda opened, options: Page(self))
        monkeypatch.setattr(HealthOptions, "of_app", lambda options, opened: options)
        monkeypatch.setattr(steps, "ServerLog", lambda opened, content: None)
        monkeypatch.setattr(steps, "check_import", self.check_import)
        monkeypatch.setattr(steps, "import_target", lambda content, settings: SimpleNamespace(spec="app.app"))
        monkeypatch.setattr(steps, "plan_pending", lambda opened, restart: [])
        monkeypatch.setattr(steps, "run_pending", self.run_pending)
        monkeypatch.setattr(steps, "is_read", lambda opened, identifier: True)
        monkeypatch.setattr(steps, "require_writable_root", lambda opened: None)
        monkeypatch.setattr(steps, "require_room", lambda opened: None)
        monkeypatch.setattr("azext_pythonapp.operations.set_version.put_back.living_job", lambda kudu: None)

    def put(self, content):
        path = self.folder / WEB_CONFIG
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    @property
    def web_config(self):
        path = self.folder / WEB_CONFIG
        return path.read_bytes() if path.exists() else None

    def observe(self, opened):
        state = read_state(opened, WEB_CONFIG)
        try:
            handler = read_handler(state.content)
        except InvalidWebConfig:
            handler = None
        current = handler.python_path if handler else None
        pythons = [python(each, in_use=each == current) for each in (OLD, NEW)]
        return SimpleNamespace(
            app=opened,
            root="site/wwwroot",
            web_config=state,
            handler=handler,
            readable_handler=handler,
            pythons=pythons,
            current=next((each for each in pythons if each.in_use), None),
        )

    def check_import(self, opened, path, target, content, present):
        self.done.append(f"import with {path}")
        return ImportCheck("3.8.10", None if self.imports else "ModuleNotFoundError: No module named 'flask'")

    def run_pending(self, opened, own, changed, why):
        self.done.append("restart")
        self.why = why
        return [Change("app", "restart")] if changed else []

    @property
    def records(self):
        return [
            each for each in History(self.app.kudu).read_all(History(self.app.kudu).ids()) if isinstance(each, Record)
        ]

    def writes(self):
        return [each for each in self.app.kudu.requests if each.split(" ")[0] not in READS]


@pytest.fixture
def world(app, add, tmp_path, monkeypatch):
    """An app that set-version switched from 3.8 to 3.11."""
    made = World(app, tmp_path, monkeypatch)
    made.change = add(files=(KeptFile(WEB_CONFIG, "web.config", config(OLD), config(NEW), True),))
    made.put(config(NEW))
    del app.kudu.requests[:]
    return made


def undo(world, dry_run=False, **options):
    values = {
        "change_id": None,
        "force": False,
        "restart": True,
        "health": HealthOptions(),
        "import_check": True,
        "confirmed": True,
    }
    return rollback(world.app, RollbackRequest(**values | options), dry_run)


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
    order = ["note None", "page before", "keep", "send", "complete", "remember", f"import with {OLD}", "restart"]
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


def test_an_interrupted_change_that_did_nothing_is_settled(world, add):
    cut = add("install-requirements", UNFINISHED)
    answer = undo(world)
    assert (answer["undone"], answer["changed"], answer["changeId"]) == (cut.id, False, None)
    assert [(each.id, each.state) for each in world.records[:1]] == [(cut.id, FAILED)]
    assert interrupted_change(world.app) is None


def test_an_interrupted_change_is_undone(world, add):
    cut = add(
        "web-config set",
        UNFINISHED,
        files=(KeptFile(WEB_CONFIG, "web.config", config(NEW), b"<configuration/>", True),),
    )
    world.put(b"<configuration/>")
    answer = undo(world)
    assert answer["undone"] == cut.id and world.web_config == config(NEW)
    assert undo(world, change_id=cut.id)["changed"] is False


def test_an_interrupted_rollback_is_completed(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    answer = undo(world)
    assert answer["undone"] == world.change.id and world.web_config == config(OLD)
    states = {each.id: each.state for each in world.records}
    assert states[cut.id] == FAILED and states[answer["changeId"]] == SUCCEEDED, (
        "its lease was gone, so it is a new one"
    )


def test_an_interrupted_rollback_keeps_its_id_and_what_it_found(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    lease = LeaseFile(cut.id, "rollback", "az webapp python rollback --yes", "", "", cut.started_at, "")
    world.app.kudu.write(LEASE, lease.to_json(), None)
    world.put(config(OLD))
    answer = undo(world, change_id=world.change.id)
    assert answer["changeId"] == cut.id and world.records[0].id == cut.id, "whatever its command line was"
    assert (world.records[0].state, world.records[0].files) == (SUCCEEDED, (part,))
    assert undo(world, change_id=cut.id)["undone"] == cut.id and world.web_config == config(NEW)


def test_an_interrupted_rollback_is_undone_itself(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    lease = LeaseFile(cut.id, "rollback", "az webapp python rollback --yes", "", "", cut.started_at, "")
    world.app.kudu.write(LEASE, lease.to_json(), None)
    world.put(config(OLD))
    answer = undo(world, change_id=cut.id)
    assert answer["undone"] == cut.id and world.web_config == config(NEW)
    assert interrupted_change(world.app) is None
    assert undo(world)["undone"] == answer["changeId"], "the newest; undoing it goes back once more"


def test_a_rollback_cut_off_after_writing_is_loaded_and_checked(world, add):
    part = KeptFile(WEB_CONFIG, "web.config", config(NEW), config(OLD), True)
    cut = add("rollback", UNFINISHED, undoes=world.change.id, files=(part,))
    world.put(config(OLD))
    answer = undo(world)
    assert [each["target"] for each in answer["changes"]] == ["app"]
    assert world.done == ["page before", f"import with {OLD}", "restart", "page with Python 3.8.10"]
    assert {each.id: each.state for each in world.records}[cut.id] == SUCCEEDED
    del world.done[:]
    assert undo(world, change_id=world.change.id)["changed"] is False and world.done == []


def test_an_app_that_was_stopped_for_its_job_is_started(world, add, monkeypatch):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=(job_id,))
    monkeypatch.setattr(
        steps, "run_pending", lambda opened, own, changed, why: world.done.append(f"start {list(own)}") or []
    )
    mark_start(world.app.kudu, job_id)
    world.app.site = shop_site("Stopped")
    answer = undo(world)
    assert [(each["target"], each["before"], each["after"]) for each in answer["changes"]] == [
        ("app", "Stopped", "Running")
    ]
    assert world.done == [f"start ['{job_id}']", "page with Python 3.11.9"]
    assert world.records[0].undoes == cut.id and answer["changeId"] == world.records[0].id


@pytest.mark.parametrize("ending", ["ends", "never began"])
def test_a_job_that_still_runs_is_waited_for(world, add, monkeypatch, ending):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=("20261126-120400-aaaa", job_id))

    def seen(kudu, asked):
        if asked != job_id:
            raise NotFound("deleted since")
        return Job(job_id, "install-requirements", "running", None)

    class Waited:
        def __init__(self, opened, asked, timeout):
            world.done.append(f"wait for {asked}")

        def wait(self):
            if ending == "never began":
                raise RemoteFailed("It never began.")

    monkeypatch.setattr(command, "show", seen)
    monkeypatch.setattr(command, "PipJob", Waited)
    assert undo(world, dry_run=True)["undone"] == cut.id and world.done == []
    assert any("is still running" in line for line in world.app.progress.warnings)
    undo(world)
    assert world.done == [f"wait for {job_id}"]


def test_a_job_that_was_never_started_is_given_up(world, add, monkeypatch):
    job_id = "20261126-120500-aaaa"
    cut = add("install-requirements", UNFINISHED, jobs=(job_id,))
    folder = world.folder / "data/pythonapp/jobs" / job_id
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(json.dumps({"id": job_id, "createdAt": "2026-11-26T12:05:00Z"}))
    passing = Time()
    world.app.kudu.clock = lambda: (
        datetime(2026, 11, 26, 12, 5, tzinfo=timezone.utc) + timedelta(seconds=sum(passing.pauses))
    )
    monkeypatch.setattr(same_job, "time", passing)
    monkeypatch.setattr(command, "PipJob", lambda *arguments: pytest.fail("it is waited for"))
    assert undo(world)["undone"] == cut.id
    assert json.loads((folder / "state.json").read_bytes())["state"] == "failed"
    assert sum(passing.pauses) == same_job.BEGIN_SECONDS


def test_an_installation_that_goes_on_is_waited_for(world, add, monkeypatch):
    add("install", UNFINISHED, runtimes=(runtime("install", OLD, extension_id="Contoso-python3810x64"),))
    world.put(b"<configuration/>")

    def waited(opened, identifier):
        world.done.append(f"wait for {identifier}")
        raise RemoteFailed("There is none.")

    monkeypatch.setattr(command, "await_earlier", waited)
    gone = Change("siteextensions/Contoso-python3810x64", "uninstall", "3.8.10", None)
    step = Step("Uninstalling.", [gone], lambda: [gone])
    monkeypatch.setattr("azext_pythonapp.operations.rollback.runtimes.removal_steps", lambda *arguments: [step])
    monkeypatch.setattr(command, "direct_addresses", lambda opened, folder: {"six": "https://h/six.whl"})
    has(world.folder, OLD, {"pip": "25.0"})
    assert undo(world, dry_run=True)["changed"] is True and world.done == []
    assert [each["target"] for each in undo(world)["changes"]] == [gone.target]
    assert world.done == ["wait for Contoso-python3810x64"]
    record = world.records[0]
    assert [(each.action, each.python_path) for each in record.runtimes] == [("uninstall", OLD)]
    (packages,) = record.packages
    assert (packages.before, packages.after, packages.addresses) == ({"pip": "25.0"}, {}, {"six": "https://h/six.whl"})


def test_a_change_that_is_being_made_now_is_left(world, add, monkeypatch):
    cut = add(state=UNFINISHED)
    since = {"change": cut.id, "started_at": cut.started_at, "held": lambda now: True}
    lease, renewed = (SimpleNamespace(**since, expires_at=end) for end in "12")
    answers = iter([lease, lease, renewed])
    for module in (command, lease_module):
        monkeypatch.setattr(module, "read_lease", lambda kudu: (next(answers), "etag"))
    monkeypatch.setattr(lease_module, "LOOK_SECONDS", 0)
    with pytest.raises(Refused, match="is being made now"):
        undo(world)


def test_a_torn_record_of_this_app_does_not_stand_in_the_way(world):
    (world.folder / HISTORY / "20261127-000000-aaaa.json").write_bytes(b"")
    assert undo(world)["undone"] == world.change.id
    with pytest.raises(Refused):
        undo(world, change_id="20261127-000000-aaaa")
    with pytest.raises(NotFound):
        undo(world, change_id="nonsense")
