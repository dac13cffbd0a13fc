"""One command of the kill matrix: its client is killed at each of its requests, and then there are two ways on."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.local_azure import login
from tests.local_azure.site import Site
from tests.local_azure.windows import gallery
from tests.unit.kill_matrix.clients import AzHost, Ended
from tests.unit.kill_matrix.gate import Kill, Moment
from tests.unit.kill_matrix.worker import WorkerAzure
from tests.unit.local_azure.linux_azure import Client

NAMING = "-g rg -n {name}"
OWN = "data/pythonapp"
# What two runs of the same command write differently.
_VARIES = re.compile(rb"[0-9a-f]{16,}|[0-9]{8}-[0-9]{6}-[0-9a-f]{4}|[0-9]+")
_NO_STATE = ("__pycache__", "LogFiles", "direct_url.json", "RECORD", "REQUESTED")
QUIET_SECONDS = 60


@dataclass(frozen=True)
class Story:
    """A command whose client is killed.

    name: for people. command: the words after `az webapp python`, without the app; {files} is a folder of `files`.
    before: lays out an app on which it has something to do. files: contents, by name, that the command reads.
    """

    name: str
    command: str
    before: Callable[[Stage], None]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """What an app is to its users: the files outside of the product's own folder, and the page."""

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

    azure: where it is. host: makes clients. folder: for kept states and the story's files.
    """

    def __init__(self, azure: WorkerAzure, host: AzHost, name: str, folder: Path):
        self.azure, self.host, self.folder = azure, host, folder
        self.site: Site = azure.add_site(name)
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
        return f"webapp python {command.format(files=self._files)} {NAMING.format(name=self.site.name)}"

    def lay_out(self, files: Mapping[str, str]) -> None:
        """Write the files that the story's command reads on the client's machine."""
        for name, text in files.items():
            path = self._files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

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

    def requests(self) -> int:
        """How many requests there were, sign-in not counted."""
        return sum(each.host != login.HOST for each in self.azure.requests)

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
        found = dict(_files(self.home))
        return Picture(
            {name: _digest(path) for name, path in found.items() if not name.startswith(OWN)},
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
        if path.is_file() and not set(path.parts) & set(_NO_STATE):
            yield path.relative_to(home).as_posix(), path


@dataclass
class Totals:
    """What a story's matrix has come to. broken: what was wrong, by request."""

    story: str
    requests: int = 0
    kills: int = 0
    states: int = 0
    ways: int = 0
    broken: list[str] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """As tests/conftest.py prints it."""
        return {**vars(self), "broken": len(self.broken)}


PYTHONS = ("3.8.10", "3.11.9")
APP = """\
PAGE = "old"


def application(environ, start_response):
    start_response("200 OK", [])
    return [PAGE.encode()]


def second(environ, start_response):
    start_response("200 OK", [])
    return [b"second"]
"""


def running_app(stage: Stage, pythons: Iterable[str] = PYTHONS, more: Mapping[str, str] | None = None) -> None:
    """Lay out an app that runs its first Python, switched to by the product."""
    stage.write({"site/wwwroot/app.py": APP, **(more or {})})
    for version in pythons:
        gallery.lay_down(stage.site.machine, gallery.find(f"Contoso-python{version.replace('.', '')}x64"))
    stage.site.restart()
    stage.run("set-version --version 3.8 --no-requirements")


class Matrix:
    """Plays a story.

    part, parts: only every so many-th request, from `part` on, so that the parts can be played at the same time.
    """

    def __init__(self, stage: Stage, story: Story, part: int, parts: int):
        self.stage, self.story = stage, story
        self.totals = Totals(story.name)
        stage.lay_out(story.files)
        story.before(stage)
        stage.settle()
        stage.keep("before")
        self.before = stage.picture()
        count = stage.requests()
        stage.run(story.command)
        stage.settle()
        self.requests = stage.requests() - count
        self.after = stage.picture()
        self._numbers = range(1 + part, self.requests + 1, parts)

    def play(self) -> Totals:
        """Kill the client at each request."""
        assert self.before.against(self.after), "the story changes nothing"
        seen = set[str]()
        for number in self._numbers:
            self.totals.requests += 1
            self.stage.restore("before")
            ended = self.stage.run_killed(self.story.command, number)
            self.totals.kills += ended.killed
            self.stage.settle()
            state = self.stage.fingerprint()
            if state in seen:
                continue  # nothing was changed since an earlier kill, and from there both ways on were taken
            seen.add(state)
            self.totals.states += 1
            self.stage.keep("killed")
            for check in (self._serves, self._again):
                try:
                    check()
                except AssertionError as error:
                    self.totals.broken.append(f"request {number}: {check.__name__}: {error}\n{ended}")
        return self.totals

    def _serves(self) -> None:
        """The app serves what it served, or what it is to serve."""
        now = self.stage.picture()
        assert now.page in (self.before.page, self.after.page), now.page
        name = "site/wwwroot/web.config"
        assert now.files.get(name) in (self.before.files.get(name), self.after.files.get(name)), "web.config"

    def _again(self) -> None:
        """The same command does the rest."""
        self.totals.ways += 1
        ended = self.stage.run(self.story.command)
        self.stage.settle()
        found = self.after.against(self.stage.picture())
        assert not found, "\n".join([*found, str(ended)])
