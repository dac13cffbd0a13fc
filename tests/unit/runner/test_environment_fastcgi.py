"""The wfastcgi.py of an environment ends its process between requests, and not while IIS still sends some."""

from __future__ import annotations

import importlib.util
import queue
import re
import shutil
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import azext_pythonapp.jobs.runner

PROGRAM = Path(azext_pythonapp.jobs.runner.__path__[0]) / "environment_fastcgi.py"
OWN = '<add scriptProcessor="D:\\home\\data\\pythonapp\\environments\\a\\Scripts\\python.exe|x" />'
OTHER = OWN.replace("\\a\\", "\\b\\")
SECONDS = 20


class Original:
    """What the program uses of wfastcgi 3.0.0: its main loop on one thread, its watcher on another, and its names.

    It answers a record when `answers` lets it; a record None is one of several of a request.
    """

    def __init__(self, root: Path) -> None:
        self.module: Any = types.ModuleType("wfastcgi_original")
        self.root = root
        self.records: queue.Queue[str | None] = queue.Queue()
        self.read, self.answers = threading.Semaphore(0), threading.Semaphore(0)
        self.names: queue.Queue[str] = queue.Queue()
        self.seen = threading.Semaphore(0)
        self.ended = threading.Event()
        self.switched = threading.Event()
        self.module.re, self.module.main = re, self._main
        self.module.read_fastcgi_record = lambda stream: self.records.get()
        self.module.start_file_watcher = self._start_file_watcher
        self.module.ExitProcess = lambda code: self.ended.set()

    def _main(self) -> None:
        self.module.start_file_watcher(str(self.root), r".*((\.py)|(\.config))$")
        while True:
            record = self.module.read_fastcgi_record(None)
            self.read.release()
            if record:
                self.answers.acquire()

    def _start_file_watcher(self, path: str, pattern: str) -> None:
        restart = self.module.re.compile(pattern)

        def watcher() -> None:
            while True:
                name = self.names.get()
                if not name or restart.match(name):
                    self.module.ExitProcess(0)
                self.seen.release()

        threading.Thread(target=watcher, daemon=True).start()

    def begin(self) -> None:
        """Have a request arrive, which is answered with end()."""
        self.records.put(None)
        self.records.put("request")
        for _ in range(2):
            assert self.read.acquire(timeout=SECONDS)

    def end(self) -> None:
        """Have the request answered."""
        self.answers.release()

    def change(self, name: str, content: str | None = None) -> None:
        """Write a file, of which the watcher is told twice, as Windows does for one that is emptied first."""
        if content is not None:
            path = self.root / name
            path.write_text(content, encoding="utf-8")
        self.names.put(name)
        self.names.put(name)


Start = Callable[..., Original]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the program in environment a; its numbers can be set."""

    def make(**numbers: float) -> Original:
        root, folder = tmp_path / "wwwroot", tmp_path / "environments" / "a"
        root.mkdir()
        folder.mkdir(parents=True)
        (root / "web.config").write_text(OWN, encoding="utf-8")
        original = Original(root)
        monkeypatch.setitem(sys.modules, "wfastcgi_original", original.module)
        spec = importlib.util.spec_from_file_location("program", shutil.copy(PROGRAM, folder / "wfastcgi.py"))
        assert spec is not None and spec.loader is not None
        program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
        for name, number in numbers.items():
            monkeypatch.setattr(program, name, number)
        uses = program.Watched.uses_this

        def uses_this(watched: Any) -> bool:
            used: bool = uses(watched)
            if not used:
                original.switched.set()
            return used

        monkeypatch.setattr(program.Watched, "uses_this", uses_this)
        threading.Thread(target=program.main, daemon=True).start()
        return original

    yield make


@pytest.mark.parametrize("name, content", [("app.py", None), ("", None), ("web.config", OWN + "<!-- changed -->")])
def test_it_finishes_its_request_before_it_ends(start, name, content):
    process = start()
    process.begin()
    process.change(name, content)
    assert not process.ended.wait(0.5)
    process.end()
    assert process.ended.wait(SECONDS)


def test_a_touched_web_config_ends_it(start):
    process = start()
    process.begin()
    process.end()
    (process.root / "web.config").unlink()  # so that its time is another
    process.change("web.config", OWN)
    assert process.ended.wait(SECONDS)


def test_it_answers_after_a_switch_until_nothing_comes(start):
    process = start(QUIET_SECONDS=1)
    process.begin()
    process.change("web.config", OTHER)
    assert not process.ended.wait(1.5), "the request that it has is not finished"
    process.end()
    process.begin()
    process.end()
    assert process.ended.wait(SECONDS)


def test_it_stays_when_the_switch_is_taken_back(start):
    process = start(QUIET_SECONDS=1000, LONGEST_SECONDS=1000)
    process.begin()
    process.change("web.config", OTHER)
    assert process.switched.wait(SECONDS)
    process.change("web.config", OWN)
    for _ in range(4):
        assert process.seen.acquire(timeout=SECONDS), "the watcher goes on"
    assert not process.ended.is_set()
    process.end()
    process.begin()
    process.end()
    assert not process.ended.wait(0.5)
    process.change("app.py")
    assert process.ended.wait(SECONDS)


def test_it_ends_when_requests_never_stop_coming(start):
    process = start(QUIET_SECONDS=1000, LONGEST_SECONDS=1)
    process.begin()
    process.change("web.config", OTHER)
    process.end()
    assert process.ended.wait(SECONDS)


def test_a_shutdown_by_iis_waits_for_the_request_only(start):
    process = start()
    process.begin()
    threading.Thread(target=process.module.ExitProcess, args=(0,), daemon=True).start()
    assert not process.ended.wait(0.5)
    process.end()
    assert process.ended.wait(SECONDS)


def test_another_wfastcgi_runs_as_it_is(tmp_path, monkeypatch):
    other: Any = types.ModuleType("wfastcgi_original")
    ran = []
    other.main = lambda: ran.append(True)
    monkeypatch.setitem(sys.modules, "wfastcgi_original", other)
    spec = importlib.util.spec_from_file_location("program", PROGRAM)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    program.main()
    assert ran == [True] and not hasattr(other, "ExitProcess")
