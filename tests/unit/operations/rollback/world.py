"""An app whose change is undone, with what checks its page and its import."""

from __future__ import annotations

from types import SimpleNamespace

from azext_pythonapp.errors import RemoteFailed
from azext_pythonapp.history.record import Record
from azext_pythonapp.history.store import History
from azext_pythonapp.operations.app.health_check import HealthOptions
from azext_pythonapp.operations.app.import_check import ImportCheck
from azext_pythonapp.operations.rollback import found as found_module
from azext_pythonapp.operations.rollback import run, steps
from azext_pythonapp.operations.rollback.command import rollback
from azext_pythonapp.operations.rollback.run import RollbackRequest
from azext_pythonapp.plan import Change
from tests.unit.operations.rollback.pythons import NEW, OLD, WEB_CONFIG, python, seen

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
        self.result["httpStatusBefore"] = self._world.before

    def check(self, content, served, changed):
        self._world.done.append(f"page with Python {served.version}")
        self._world.judged.append((self.before.status if self.before else None, changed))
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
        self.judged: list[tuple[int | None, bool]] = []  # the page before, and whether the app was changed, by check
        self.why, self.held, self.stuck = "", False, False
        self.pythons = [OLD, NEW]
        app.kudu.memory = SimpleNamespace(forget=lambda: None)
        app.arm = SimpleNamespace(
            slots=lambda site: [], restart=lambda site: self.done.append("restart"), start=lambda site: None
        )
        monkeypatch.setattr(found_module, "observe", self.observe)
        monkeypatch.setattr(found_module, "uses_of_runtime", lambda opened, path: [])
        monkeypatch.setattr(run, "HealthCheck", lambda opened, options: Page(self))
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
        found = seen(opened, [])
        current = found.handler.python_path if found.handler else None
        found.pythons = [python(each, in_use=each == current) for each in self.pythons]
        found.current = next((each for each in found.pythons if each.in_use), None)
        return found

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
