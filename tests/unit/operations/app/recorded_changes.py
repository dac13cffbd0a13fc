"""Changes of an app that are recorded as commands do it, and clients that are killed in the middle of one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest

from azext_pythonapp.appservice.app import Principal
from azext_pythonapp.history import owner
from azext_pythonapp.history.record import Record
from azext_pythonapp.history.store import History
from azext_pythonapp.operations.app import recording
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.plan import Change
from tests.unit.folder_site import FolderSite
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
    no_lease: threading.Event = field(default_factory=threading.Event)

    @property
    def fingerprint(self) -> str:
        return str(self.command)

    def principal(self) -> Principal:
        return Principal(self.name, "00000000-0000-0000-0000-00000000000a")

    def say_once(self, sentence: str) -> None:
        self.progress.say(sentence)


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
