"""An SCM site over a folder of this machine, for what is tested without HTTP: files are files, commands are run."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from azext_pythonapp.errors import Conflict, NotFound


@dataclass(frozen=True)
class File:
    content: bytes
    server_time: datetime | None
    etag: str = ""


@dataclass(frozen=True)
class Entry:
    name: str
    is_directory: bool
    modified: str


@dataclass(frozen=True)
class Result:
    output: str = ""
    error: str = ""
    exit_code: int = 0


class Pending:
    def __init__(self) -> None:
        self.answer: Result | None = None
        self.process: subprocess.Popen[str] | None = None
        self.thread: threading.Thread | None = None
        self.kept_back = False
        self.given_up = False

    def result(self) -> Result | None:
        return self.answer

    def give_up(self) -> bool:
        self.given_up = True
        return self.kept_back

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def ticking(moment: datetime) -> Callable[[], datetime]:
    """A server's clock that is a second later each time it is read. moment: the first."""
    moments = (moment + timedelta(seconds=number) for number in itertools.count())
    return lambda: next(moments)


class FolderSite:
    """home: the folder that stands for %HOME%.

    before_request: called with "<method> <path>" ahead of each request; may raise what a broken site would.
    environment: what commands run with. clock: the server's.
    began: its time of the first answer. running: the answers to `processes`, one after the other.
    """

    def __init__(self, home: Path):
        self.home = home
        self.before_request: Callable[[str], None] = lambda request: None
        # What this machine tells its own pip is none of a worker's.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        self.environment["PIP_CONFIG_FILE"] = os.devnull
        self.clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
        self.began: datetime | None = None
        self.requests: list[str] = []
        self.running: list[list[object]] = []
        self.pending: list[Pending] = []

    def path(self, method: str, path: str) -> Path:
        self.requests.append(f"{method} {path}")
        self.before_request(f"{method} {path}")
        return self.home / path

    def list_directory(self, path: str) -> list[Entry]:
        folder = self.path("list", path)
        if not folder.is_dir():
            raise NotFound(f"{path} was not found.")
        return [Entry(child.name, child.is_dir(), self._written(child)) for child in folder.iterdir()]

    @staticmethod
    def _written(path: Path) -> str:
        """When a file was written, as Kudu says it: with seven digits of a second."""
        moment = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0+00:00"

    def retrying_for(self, seconds: float) -> FolderSite:
        """Nothing is sent again here."""
        return self

    def now(self) -> datetime | None:
        return self.clock()

    def read(self, path: str) -> File:
        content = self._content("read", path)
        return File(content, self.clock(), self._etag(content))

    @staticmethod
    def _etag(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    def read_from(self, path: str, offset: int) -> bytes:
        return self._content("tail", path)[offset:]

    def _content(self, method: str, path: str) -> bytes:
        try:
            return self.path(method, path).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{path} was not found.") from None

    def delete(self, path: str, if_match: str = "*") -> None:
        target = self.path("delete", path)
        if if_match != "*" and target.exists() and self._etag(target.read_bytes()) != if_match:
            raise Conflict(f"{path} has another ETag.")
        target.unlink(missing_ok=True)

    def processes(self, program: str) -> list[object]:
        """What runs of a program: whatever the test says."""
        self.path("processes", program)
        return list(self.running.pop(0)) if self.running else []

    def delete_directory(self, path: str) -> None:
        shutil.rmtree(self.path("delete-directory", path), ignore_errors=True)

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        target = self.path("write", path)
        if target.exists() and if_match is None:
            raise Conflict(f"{path} exists.")
        if if_match not in (None, "*", "") and (not target.exists() or self._etag(target.read_bytes()) != if_match):
            raise Conflict(f"{path} has another ETag.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return self._etag(content)

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        target = self.path("upload", folder)
        for name, content in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)

    def start(self, command: str, directory: str = "") -> Pending:
        cwd = self.path("start", directory.replace("\\", "/"))
        pending = Pending()
        pending.process = subprocess.Popen(
            command,
            shell=True,
            cwd=cwd,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

        def wait() -> None:
            output, error = pending.process.communicate()
            pending.answer = Result(output, error, pending.process.returncode)

        pending.thread = threading.Thread(target=wait)
        pending.thread.start()
        self.pending.append(pending)
        return pending
