"""What `doctor` sees of an app: one observation, and what else its checks need, asked for at the same time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu import Entry
from azext_pythonapp.appservice.kudu_commands import Process
from azext_pythonapp.appservice.site import Site, SiteConfiguration
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.observe import Observation, Part, observe
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import folder_of, letter_of
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.windows import home_folder_of

T = TypeVar("T")

# Of %HOME%, in which Kudu starts it, and of the files of the app (docs/platform/kudu.md 7).
_FREE_COMMAND = r'dir /-C /A:D "." & dir /-C /A:D "site\wwwroot"'
_FREE = re.compile(r"([0-9][0-9.,\s\u00a0]*) bytes free\s*$", re.MULTILINE)
_ADVISED = re.compile(r"`(az [^`]+)`")


class Sight:  # pylint: disable=too-many-public-methods
    """An app at one moment, for the checks.

    Each property raises the error of the request that it needs, and is asked for once, whichever check wants it first.
    """

    def __init__(self, app: App):
        self.app = app
        self._lock = threading.Lock()
        self._parts: dict[str, Part[Any]] = {}
        self.seen: Observation = observe(app, files=True)

    def begin(self) -> Sight:
        """Ask for everything that most checks need, at the same time, and wait for the observation."""
        for fetch in (self._settings, self._tier, self._free, self._basic, self._processes):
            fetch()
        with suppress(PythonAppError):  # each check that needs it says so
            self.seen.remember_files()
            _ = self.seen.trouble
        return self

    def part(self, name: str, fetch: Callable[[], T]) -> Part[T]:
        """Return what is fetched in a thread of its own, begun by whoever asks first. name: of it, unique."""
        with self._lock:
            if name not in self._parts:
                self._parts[name] = Part(f"doctor {name}", fetch)
            return self._parts[name]

    @property
    def site(self) -> Site:
        """The app or slot as Resource Manager described it."""
        return self.app.site

    @property
    def home(self) -> str:
        """%HOME% as the worker sees it."""
        return self.part("home", self.app.kudu.home).get()

    @property
    def configuration(self) -> SiteConfiguration:
        """The app's `config/web`."""
        return self.app.arm.configuration(self.site)

    @property
    def web_config(self) -> bytes | None:
        """The bytes of web.config; None where there is none."""
        return self.part("web.config", lambda: self.seen.web_config).get().content

    @property
    def root(self) -> str:
        """The folder below %HOME% that IIS serves at "/"."""
        return self.part("root", lambda: self.seen.root).get()

    @property
    def handler(self) -> PythonHandler | None:
        """What web.config starts; None, too, for one that cannot be read."""
        return self.part("handler", lambda: self.seen.readable_handler).get()

    @property
    def pythons(self) -> list[InstalledRuntime]:
        """Every Python on the app, newest first."""
        return self.part("pythons", lambda: self.seen.pythons).get()

    @property
    def current(self) -> InstalledRuntime | None:
        """The Python that web.config starts; None for none, and for one that is not on the app."""
        return self.part("current", lambda: self.seen.current).get()

    @property
    def trouble(self) -> Finding | None:
        """Why the Python that web.config starts does not run; None when it answered, or web.config starts none."""
        return self.part("trouble", lambda: self.seen.trouble).get()

    @property
    def packages(self) -> dict[str, str]:
        """The packages of the Python that web.config starts, by name, with their versions; {} where it starts none."""
        return self.part("packages", self._packages).get()

    @property
    def settings(self) -> dict[str, str] | None:
        """The app settings, which hold secrets; None when the caller's role may not read them."""
        return self._settings().get()

    @property
    def tier(self) -> str:
        """The tier of the app's plan, such as "Basic"; "" when the caller may not see the plan."""
        return self._tier().get()

    @property
    def basic_allowed(self) -> bool | None:
        """Whether the SCM site takes publishing credentials; None when Azure does not say."""
        return self._basic().get()

    @property
    def free_bytes(self) -> tuple[int | None, int | None]:
        """The bytes that are free in %HOME%, and in site/wwwroot; None for what the worker does not tell."""
        return self._free().get()

    @property
    def processes(self) -> list[Process]:
        """The Pythons that run on the instance that answers."""
        return self._processes().get()

    @property
    def clock_difference(self) -> timedelta | None:
        """How far the SCM site's clock is ahead of this machine's; None when it gave no time."""
        return self.app.kudu.clock_difference()

    @property
    def unknown_python(self) -> str | None:
        """Why it is not known which Python the app runs; None where it is, and where it runs none."""
        if self.current is not None:
            return None
        if self.handler is not None:
            return f"web.config starts {self.handler.python_path}, which is none of the app's Pythons."
        problem = self.part("problem", lambda: self.seen.problem).get() if self.web_config is not None else None
        return f"web.config cannot be read: {problem.message}" if problem is not None else None

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder below %HOME%; nothing for one that is not there."""
        try:
            return self.app.kudu.list_directory(folder)
        except NotFound:
            return []

    def read(self, path: str) -> bytes | None:
        """Return a file below %HOME%; None for one that is not there."""
        try:
            return self.app.kudu.read(path).content
        except NotFound:
            return None

    def az(self, words: str, *options: str) -> str:
        """Return a command for this app, to paste: `az <words> -g … -n … <options>`. options: quoted for a shell."""
        return " ".join([f"az {words} {self.site.arguments}", *options])

    def python(self, words: str, *options: str) -> str:
        """Return a command of this extension for this app, to paste."""
        return self.az(f"webapp python {words}", *options)

    def _packages(self) -> dict[str, str]:
        current = self.current
        if current is None:
            return {}
        letter = letter_of(current.python_path, self.home)
        folder = folder_of(letter) if letter is not None else home_folder_of(current.python_path, self.home)
        return dict(present_packages(self.app, folder)) if folder is not None and ":" not in folder else {}

    def _settings(self) -> Part[dict[str, str] | None]:
        return self.part("settings", lambda: known_settings(self.app))

    def _tier(self) -> Part[str]:
        return self.part("plan", lambda: self.app.arm.plan_tier(self.site))

    def _basic(self) -> Part[bool | None]:
        return self.part("basic", lambda: self.app.arm.allows_basic(self.site))

    def _processes(self) -> Part[list[Process]]:
        return self.part("processes", lambda: self.app.kudu.processes("python"))

    def _free(self) -> Part[tuple[int | None, int | None]]:
        return self.part("free", self._ask_free)

    def _ask_free(self) -> tuple[int | None, int | None]:
        output = self.app.kudu.run(_FREE_COMMAND, only_reads=True).output
        found = [int(re.sub(r"\D", "", number)) for number in _FREE.findall(output)]
        return (found[0], found[1]) if len(found) == 2 else (None, None)


def first_command(text: str) -> str | None:
    """Return the first command that a message advises; None when it advises none."""
    found = _ADVISED.search(text)
    return found[1] if found else None
