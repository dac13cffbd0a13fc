r"""The bytes that a command replaced, kept on the app in %HOME%\data\pythonapp\changes\<id>."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from azext_pythonapp.ids import new_id
from azext_pythonapp.worker import ScmSite

CHANGES_FOLDER = "data/pythonapp/changes"


class ChangeRecord:
    """The previous bytes of the files that one run of a command writes.

    Each file keeps its name below wwwroot; change.json beside them describes the change. The folder is created when the
    first file is kept.
    """

    def __init__(self, site: ScmSite, command: str):
        self._site = site
        self._command = command
        self._files: list[dict[str, object]] = []
        self.change_id = new_id()

    @property
    def used(self) -> bool:
        """Return whether anything was kept, so that the folder exists."""
        return bool(self._files)

    @property
    def folder(self) -> str:
        r"""Return the folder as messages name it, such as %HOME%\data\pythonapp\changes\20261122-115930-4f2a."""
        return "\\".join(["%HOME%", *CHANGES_FOLDER.split("/"), self.change_id])

    def keep(self, path: str, name: str, previous: bytes | None) -> None:
        """Keep a file that is about to be written.

        path: below %HOME%. name: below wwwroot. previous: its present bytes; None for a file that is new.
        """
        self._files = [file for file in self._files if file["path"] != path]
        self._files.append({"path": path, "created": previous is None})
        description = {
            "id": self.change_id,
            "command": self._command,
            "files": self._files,
            "madeAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        kept = {"change.json": json.dumps(description, indent=2).encode("utf-8")}
        if previous is not None:
            kept[name] = previous
        self._site.upload(f"{CHANGES_FOLDER}/{self.change_id}", kept)
