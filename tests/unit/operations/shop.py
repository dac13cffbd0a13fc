"""The app that the unit tests of operations work on, as Resource Manager describes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from azext_pythonapp.appservice.app import Principal
from azext_pythonapp.appservice.site import Site
from tests.unit.folder_site import FolderSite
from tests.unit.progress import Recorded


def shop_site(state: str = "Running") -> Site:
    """The app 'shop' of resource group 'rg'."""
    host = "shop.azurewebsites.net"
    return Site("shop", "rg", None, "/sites/shop", host, "shop.scm.azurewebsites.net", state)


@dataclass
class FolderApp:
    """The app 'shop', whose SCM site is a folder. name: of who is signed in."""

    kudu: FolderSite
    name: str = "ann@contoso.com"
    command: str | None = "az webapp python set-version -g rg -n shop --version 3.6"
    left: set[str] = field(default_factory=set)
    looks: list[Any] = field(default_factory=list)
    no_lease: threading.Event = field(default_factory=threading.Event)
    site: Site = field(default_factory=shop_site)
    progress: Recorded = field(default_factory=Recorded)
    arm: Any = None

    @property
    def fingerprint(self) -> str:
        return self.command or ""

    def principal(self) -> Principal:
        return Principal(self.name, "")

    def say_once(self, sentence: str) -> None:
        self.progress.say(sentence)


def shop_app(kudu: FolderSite, name: str = "ann@contoso.com", **fields: Any) -> Any:
    """The app 'shop' on a folder; where an App is asked for."""
    return FolderApp(kudu, name, **fields)


def unrecorded() -> Any:
    """A change whose jobs nobody writes down; where an OpenChange is asked for."""
    return SimpleNamespace(job=lambda job_id: None)
