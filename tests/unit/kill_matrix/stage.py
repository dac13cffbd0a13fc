"""An app on which the kill matrix plays: its state is kept and put back, and pictures of it are compared."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local_azure import login
from tests.local_azure.front_door import Exchange
from tests.local_azure.site import Site
from tests.unit.kill_matrix.clients import AzHost, Ended
from tests.unit.kill_matrix.gate import Kill, Moment
from tests.unit.kill_matrix.worker import WorkerAzure
from tests.unit.local_azure.linux_azure import Client

OWN = "data/pythonapp"
HISTORY = f"{OWN}/history"
# What two runs of the same command write differently.
_VARIES = re.compile(rb"[0-9a-f]{16,}|[0-9]{8}-[0-9]{6}-[0-9a-f]{4}|[0-9]+")
_NO_STATE = ("LogFiles", "direct_url.json", "RECORD", "REQUESTED")
# A busy machine takes its time; what hangs is still found.
QUIET_SECONDS = 600


@dataclass(frozen=True)
class Picture:
    """What an app is to its users: the files outside of the product's own folder, its empty folders, and the page."""

    files: Mapping[str, str]
    page: str

    def against(self, other: Picture) -> list[str]:
        """What is different in another one."""
        names = sorted(set(self.files) | set(other.files))
        found = [
            f"{'only before' if name not in other.files else 'only now' if name not in self.files else 'changed'}: {name}"
            for name in names
            if self.files.get(name) != other.files.get(name)
        ]
        return found[:12] + ([f"the page was {self.page!r}, and is {other.page!r}"] if self.page != other.page else [])


class Stage:
    """An app on which a story is played, again and again from the same state.

    azure: where it is. host: makes clients. folder: for kept states and the story's files. slot: of an app of this name,
    for a stage that is a slot.
    """

    def __init__(self, azure: WorkerAzure, host: AzHost, name: str, folder: Path, slot: str | None = None):
        self.azure, self.host, self.folder = azure, host, folder
        self.site: Site = azure.add_site(name, slot=slot)
        self.site.use_32bit_worker = False
        self._files = folder / "files"
        self._kept: dict[str, tuple[str, int]] = {}
        self._web = Client(azure, self.site.host)

    @property
    def home(self) -> Path:
        """%HOME%."""
        return self.site.machine.home

    def write(self, files: Mapping[str, str]) -> None:
        """Lay out files in %HOME%."""
        for name, text in files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def words(self, command: str) -> str:
        """The words after `az` of a command."""
        slot = f" -s {self.site.slot}" if self.site.slot else ""
        return f"webapp python {command.format(files=self._files)} -g rg -n {self.site.name}{slot}"

    def lay_out(self, files: Mapping[str, str]) -> None:
        """Write the files that the story's command reads on the client's machine."""
        for name, text in files.items():
            path = self._files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def replace(self, folder: str, files: Mapping[str, str]) -> None:
        """Make a folder of the client's machine have these files, and no others."""
        shutil.rmtree(self._files / folder, ignore_errors=True)
        self.lay_out({f"{folder}/{name}": text for name, text in files.items()})

    def run(self, command: str, expect: int | None = 0) -> Ended:
        """Run a command to its end."""
        return self.host.run(self.words(command), expect)

    def run_killed(self, command: str, number: int, moment: Moment = "answered") -> Ended:
        """Run a command whose client is killed, unless it ends before."""
        plan = self.azure.gate.plan = Kill(number, moment)
        try:
            client = self.host.start(self.words(command))
            plan.of(client.kill)
            return client.wait()
        finally:
            self.azure.gate.plan = None

    def settle(self) -> None:
        """Wait until nothing runs on the worker any more."""
        until = time.monotonic() + QUIET_SECONDS
        while self.site.commands.running() or self.site.extensions.is_installing():
            assert time.monotonic() < until, [command.text[:200] for command in self.site.commands.running()]
            time.sleep(0.02)

    def requests(self) -> list[Exchange]:
        """The requests so far, without sign-in."""
        return [each for each in self.azure.requests if each.host != login.HOST]

    def record(self, change: str) -> dict[str, Any]:
        """The record of a change."""
        found: dict[str, Any] = json.loads((self.home / HISTORY / f"{change}.json").read_bytes())
        return found

    def records(self) -> list[dict[str, Any]]:
        """The records of all changes, oldest first."""
        return [self.record(path.stem) for path in sorted((self.home / HISTORY).glob("[0-9]*.json"))]

    def unfinished(self) -> str | None:
        """The id of the change that was interrupted, and not undone since; None when there is none."""
        records = self.records()
        undone = {each["undoes"] for each in records if each["state"] == "succeeded"}
        return next(
            (each["id"] for each in records if each["state"] == "unfinished" and each["id"] not in undone), None
        )

    def left_behind(self) -> list[str]:
        """What a command leaves only when it was interrupted; not the lease of one whose record is complete."""
        found = [each.name for each in (self.home / OWN).glob("locks/*")]
        found += [each.name for each in (self.home / OWN).glob("left/*") if self._matters(each)]
        return found + [f"{each} is unfinished" for each in [self.unfinished()] if each]

    def _matters(self, marker: Path) -> bool:
        """Whether a marker asks for something; a restart after a job in a Python that the app does not use does not."""
        job, _, kind = marker.name.partition(".")
        request = json.loads((self.home / OWN / "jobs" / job / "request.json").read_bytes())
        config = (self.home / "site/wwwroot/web.config").read_text("utf-8")
        return kind == "start" or f"\\{request['runtime']}\\" in config

    def keep(self, name: str) -> None:
        """Keep the state under a name."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.home, self.folder / name, symlinks=True)
        self._kept[name] = self.site.state, self.site.restarts

    def restore(self, name: str) -> None:
        """Go back to a kept state."""
        self.settle()
        shutil.rmtree(self.home)
        shutil.copytree(self.folder / name, self.home, symlinks=True)
        self.site.extensions.forget_successes()
        self.site.restart()
        state, self.site.restarts = self._kept[name]
        if state == "Stopped":
            self.site.stop()

    def picture(self) -> Picture:
        """What the app is now."""
        answer = self._web("GET", "/")
        found = {name: _digest(path) for name, path in _files(self.home) if not name.startswith(OWN)}
        web = [path for path in (self.home / "site/wwwroot").rglob("*") if path.is_dir()]
        return Picture(
            {**found, **{f"{path.relative_to(self.home).as_posix()}/": "" for path in web if not any(path.iterdir())}},
            f"{answer.status_code} {answer.text}",
        )

    def fingerprint(self) -> str:
        """The same for two states that differ in ids and times only."""
        total = hashlib.sha256(f"{self.site.restarts} {self.site.state}".encode())
        for name, path in sorted((_VARIES.sub(b"0", name.encode()), path) for name, path in _files(self.home)):
            content = path.read_bytes()
            total.update(name + b"\0" + (_VARIES.sub(b"0", content) if OWN.encode() in name else content) + b"\0")
        return total.hexdigest()


def _digest(path: Path) -> str:
    """The SHA-256 of a file; of a package its name says all, because the gallery packs it anew each time."""
    return "" if path.suffix == ".nupkg" else hashlib.sha256(path.read_bytes()).hexdigest()


def _files(home: Path) -> Iterable[tuple[str, Path]]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not set(path.parts) & set(_NO_STATE) and not _is_compiled(path):
            yield path.relative_to(home).as_posix(), path


def _is_compiled(path: Path) -> bool:
    """Whether a file is the compiled form of a module that is there: Python itself writes it at any time.

    One without its module is what a package has left behind, which counts.
    """
    folder = path.parent
    return folder.name == "__pycache__" and (folder.parent / f"{path.name.partition('.')[0]}.py").is_file()
