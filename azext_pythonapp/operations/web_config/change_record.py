r"""The bytes that a command replaced, kept on the app in %HOME%\data\pythonapp\changes\<id>."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.ids import ID, new_id
from azext_pythonapp.operations.app.activity import CHANGE, CHANGES, NEWEST_CHANGE
from azext_pythonapp.worker import ScmSite

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# A change that was made while a command ran is among the newest.
_NEWEST = 5


@dataclass(frozen=True)
class Maker:
    """Who replaced bytes of the app: the change that did, its user and its time; "" for what is not known."""

    change_id: str
    user: str
    made_at: str

    @property
    def sentence(self) -> str:
        """Return it as words for messages: "change 20261122-115930-4f2a, by ann@contoso.com, 2026-11-22 11:59 UTC"."""
        try:
            moment = datetime.strptime(self.made_at, _FORMAT).strftime("%Y-%m-%d %H:%M UTC")
        except ValueError:
            moment = ""
        return ", ".join(filter(None, (f"change {self.change_id}", self.user and f"by {self.user}", moment)))


class ChangeRecord:
    """The previous bytes of the files that one run of a command writes.

    Each file keeps its name below wwwroot; change.json beside them describes the change. The folder is created when the
    first file is kept. user: returns who az is signed in as; called when a file is kept.
    """

    def __init__(self, site: ScmSite, command: str, user: Callable[[], str] = lambda: ""):
        self._site = site
        self._command = command
        self._user = user
        self._files: list[dict[str, object]] = []
        self.change_id = new_id(site.now())

    @property
    def used(self) -> bool:
        """Return whether anything was kept, so that the folder exists."""
        return bool(self._files)

    @property
    def folder(self) -> str:
        r"""Return the folder as messages name it, such as %HOME%\data\pythonapp\changes\20261122-115930-4f2a."""
        return "\\".join(["%HOME%", *CHANGES.split("/"), self.change_id])

    def keep(self, path: str, name: str, previous: bytes | None) -> None:
        """Keep a file that is about to be written.

        path: below %HOME%. name: below wwwroot. previous: its present bytes; None for a file that is new.
        """
        self._files = [file for file in self._files if file["path"] != path]
        self._files.append({"path": path, "name": name, "created": previous is None})
        description = {
            "id": self.change_id,
            "command": self._command,
            "user": self._user(),
            "files": self._files,
            "madeAt": (self._site.now() or datetime.now(timezone.utc)).strftime(_FORMAT),
        }
        kept = {CHANGE: json.dumps(description, indent=2).encode("utf-8")}
        if previous is not None:
            kept[name] = previous
        files = {f"{self.change_id}/{each}": content for each, content in kept.items()}
        # A copy that `show` finds without listing the folders.
        self._site.upload(CHANGES, {**files, NEWEST_CHANGE: kept[CHANGE]})

    def discard(self, path: str) -> None:
        """Forget a file that was kept and then not written, so that nobody takes this command for its last change."""
        self._files = [file for file in self._files if file["path"] != path]
        if not self._files:
            with suppress(PythonAppError):  # what stays of it only tells of a change that was not made
                self._site.delete_directory(f"{CHANGES}/{self.change_id}")

    def maker_of(self, path: str, base: bytes | None) -> Maker | None:
        """Return who replaced just these bytes of a file, according to the newest other records; None for nobody known.

        path: below %HOME%. base: the bytes; None for a file that did not exist. Raises what the SCM site raises.
        """
        try:
            names = sorted((entry.name for entry in self._site.list_directory(CHANGES)), reverse=True)
        except NotFound:
            return None
        for name in [name for name in names if ID.fullmatch(name) and name != self.change_id][:_NEWEST]:
            description = self._description(name)
            for file in description.get("files") or []:
                if file.get("path") == path and self._kept(name, file) == base:
                    return Maker(name, str(description.get("user") or ""), str(description.get("madeAt") or ""))
        return None

    def _description(self, change_id: str) -> dict[str, Any]:
        try:
            found = json.loads(self._site.read(f"{CHANGES}/{change_id}/{CHANGE}").content)
        except (NotFound, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _kept(self, change_id: str, file: dict[str, Any]) -> bytes | None:
        """Return the bytes that a record kept of a file; None for one that was new. Version 0.1 wrote no "name"."""
        if file.get("created"):
            return None
        name = str(file.get("name") or str(file["path"]).rpartition("/")[2])
        try:
            return self._site.read(f"{CHANGES}/{change_id}/{name}").content
        except NotFound:
            return b""
