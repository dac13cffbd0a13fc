"""The app's web.config on the worker: read it, and change it so that it can be put back."""
from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import Conflict, NotFound

WEB_CONFIG = "site/wwwroot/web.config"
CHANGES_FOLDER = "data/pythonapp/changes"


@dataclass(frozen=True)
class WebConfigFile:
    """web.config as it was read. content and etag: None when there is none."""

    content: bytes | None
    etag: str | None


def read_web_config(app: App) -> WebConfigFile:
    """Read the app's web.config; its absence is an answer, not an error."""
    try:
        found = app.kudu.read(WEB_CONFIG)
    except NotFound:
        return WebConfigFile(None, None)
    return WebConfigFile(found.content, found.etag)


class WebConfigSwitch:
    """One change of web.config, guarded by its ETag, with the previous bytes kept on the app.

    previous: the file as the plan saw it; content: the new bytes; command: the command's name, for the record.
    """

    def __init__(self, app: App, previous: WebConfigFile, content: bytes, command: str):
        self._app = app
        self._previous = previous
        self._content = content
        self._command = command
        self._written_etag: str | None = None
        self.change_id = f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    def apply(self) -> None:
        """Keep the previous bytes, then write. Raises Conflict when somebody changed the file since it was read."""
        self._keep_previous()
        try:
            self._written_etag = self._app.kudu.write(WEB_CONFIG, self._content, self._previous.etag)
        except Conflict as error:
            current = read_web_config(self._app)
            if current == self._previous:
                raise Conflict(f"web.config of {self._app.site.label} cannot be written: {error.message}",
                               "If the app runs from a package, its wwwroot is read-only: put web.config into the "
                               "package.") from error
            raise Conflict(f"web.config of {self._app.site.label} was changed by somebody else meanwhile, so it was "
                           "left alone.", "Run the command again; it starts from the new file.") from error

    def undo(self) -> str:
        """Put the previous bytes back, or delete the file that was created; returns what was done."""
        etag = self._written_etag or "*"
        if self._previous.content is None:
            self._app.kudu.delete(WEB_CONFIG, etag)
            return f"web.config of {self._app.site.label} was removed again: there was none before."
        self._app.kudu.write(WEB_CONFIG, self._previous.content, etag)
        return f"web.config of {self._app.site.label} was put back as it was."

    def _keep_previous(self) -> None:
        record = {"id": self.change_id, "command": self._command, "path": WEB_CONFIG,
                  "created": self._previous.content is None,
                  "madeAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}
        files = {"change.json": json.dumps(record, indent=2).encode("utf-8")}
        if self._previous.content is not None:
            files["web.config"] = self._previous.content
        self._app.kudu.upload(f"{CHANGES_FOLDER}/{self.change_id}", files)
