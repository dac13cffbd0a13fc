"""An app whose SCM site is a folder, and records of its changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.appservice.app import Principal
from azext_pythonapp.history.record import SUCCEEDED, KeptFile, Record
from azext_pythonapp.history.store import History
from tests.unit.folder_site import FolderSite, ticking
from tests.unit.operations.rollback.pythons import NEW, OLD, WEB_CONFIG, config
from tests.unit.operations.rollback.world import World
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)


class WorkerSite(FolderSite):
    """The folder, which the worker calls D:\\home."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.folder = folder
        self.home = lambda: r"D:\home"  # type: ignore[assignment, return-value]

    def path(self, method: str, path: str) -> Path:
        """Where a file is on this machine; the request is noted."""
        self.requests.append(f"{method} {path}")
        self.before_request(f"{method} {path}")
        return self.folder / path


@dataclass
class App:
    """An app whose SCM site is a folder."""

    kudu: WorkerSite
    site: Any = field(default_factory=shop_site)
    progress: Recorded = field(default_factory=Recorded)
    arm: Any = field(default_factory=lambda: SimpleNamespace(slots=lambda site: []))
    no_lease: threading.Event = field(default_factory=threading.Event)
    command: str | None = "az webapp python rollback -g rg -n shop --yes"
    fingerprint: str = "rollback --yes"

    def principal(self) -> Principal:
        """Who is signed in."""
        return Principal("bob@contoso.com", "")

    def say_once(self, sentence: str) -> None:
        """Print it."""
        self.progress.say(sentence)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """An app without a record."""
    site = WorkerSite(tmp_path)
    site.clock = ticking(NOW)
    return App(site)


@pytest.fixture
def add(app: App) -> Callable[..., Record]:
    """Writes the record of one more change; returns it."""
    numbers = iter(range(1, 1000))

    def record(command: str = "set-version", state: str = SUCCEEDED, **parts: Any) -> Record:
        number = next(numbers)
        made = Record(
            id=f"20261126-12{number // 60:02d}{number % 60:02d}-{number:04x}",
            command=command,
            command_line=f"az webapp python {command} -g rg -n shop",
            app=app.site.to_dict(),
            user="ann@contoso.com",
            object_id="",
            started_at=f"2026-11-26T12:{number // 60:02d}:{number % 60:02d}Z",
            finished_at=None if state == "unfinished" else f"2026-11-26T12:{number // 60:02d}:{number % 60:02d}Z",
            state=state,
            **parts,
        )
        History(app.kudu).write(made)
        return made

    return record


@pytest.fixture
def world(app: App, add: Callable[..., Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An app that set-version switched from 3.8 to 3.11."""
    made = World(app, tmp_path, monkeypatch)
    made.add = add
    made.change = add(files=(KeptFile(WEB_CONFIG, "web.config", config(OLD), config(NEW), True),))
    made.put(config(NEW))
    del app.kudu.requests[:]
    return made
