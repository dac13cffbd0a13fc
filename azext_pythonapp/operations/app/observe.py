"""One observation of an app: its web.config, what that starts, and its Pythons."""

from __future__ import annotations

import ntpath
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site import Site, SiteConfiguration
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.appservice.snapshot import Snapshot, look_command
from azext_pythonapp.entrypoints.detection import FOREIGN_FOLDERS
from azext_pythonapp.errors import AccessDenied, InvalidWebConfig, NotFound, PythonAppError, UnknownOutcome
from azext_pythonapp.jobs import pending_restart
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.activity import LOOK, Records, activity, parse_records, tells_no_lease
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, WWWROOT, AppFiles, FileState, home_folder, web_root
from azext_pythonapp.packages import record
from azext_pythonapp.runtimes import environment
from azext_pythonapp.runtimes.discovery import InstalledRuntime, discover
from azext_pythonapp.runtimes.environment import Letter
from azext_pythonapp.runtimes.identity import REGISTERED_HOME, identify_folder
from azext_pythonapp.runtimes.probe import Survey, survey
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler
from azext_pythonapp.windows import home_folder_of, join, same_path, started_path

T = TypeVar("T")


class Part(Generic[T]):
    """What one request of an observation gets, in a thread of its own; its error is raised when it is needed.

    Nobody waits for the thread when the command ends before it, by an error of another part or by Ctrl-C.
    """

    def __init__(self, name: str, fetch: Callable[[], T]):
        self._values: list[T] = []
        self._error: BaseException | None = None
        self._fetch = fetch
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def get(self) -> T:
        """Return what was fetched, once it is there. Raises what fetching it raised."""
        while self._thread.is_alive():
            self._thread.join(1.0)  # on Windows, Ctrl-C does not end a wait without a limit
        if self._error is not None:
            raise self._error
        return self._values[0]

    def _run(self) -> None:
        try:
            self._values.append(self._fetch())
        except BaseException as error:  # pylint: disable=broad-exception-caught  # raised by `get`
            self._error = error


@dataclass(frozen=True)
class _Pythons:
    """What discovers Pythons."""

    extensions: Part[list[dict[str, Any]]]
    survey: Part[Survey]


@dataclass(frozen=True)
class Observation:
    """An app as it was at one moment. `observe` makes it.

    Each property raises the error of the request that it needs, and of no other.
    """

    app: App
    _configuration: Part[SiteConfiguration] | None = field(repr=False)
    _usual_web_config: Part[FileState] = field(repr=False)
    _asked: _Pythons | None = field(repr=False)

    @property
    def site(self) -> Site:
        """The app or slot as Resource Manager described it."""
        return self.app.site

    @cached_property
    def root(self) -> str:
        """The folder below %HOME% that IIS serves at "/". Raises what `web_root` raises."""
        if self._configuration is None:
            return WWWROOT
        with suppress(AccessDenied):  # `web_root` tells the person, and takes the usual folder
            self._configuration.get()
        return web_root(self.app)

    @cached_property
    def web_config(self) -> FileState:
        """The app's web.config; its absence is an answer, not an error."""
        if self.root.lower() == WWWROOT:
            return self._usual_web_config.get()
        return AppFiles(self.app).state(WEB_CONFIG)

    @cached_property
    def handler(self) -> PythonHandler | None:
        """What web.config starts. Raises InvalidWebConfig for one that cannot be read."""
        try:
            return read_handler(self.web_config.content)
        except InvalidWebConfig as error:
            finding = findings.unreadable(self.site, error)
            raise InvalidWebConfig(finding.message, finding.advice) from error

    @property
    def problem(self) -> Finding | None:
        """Why web.config cannot be read; None for one that can, or that is not there."""
        try:
            _ = self.handler
        except InvalidWebConfig as error:
            return Finding(error.message, error.recommendation or "")
        return None

    @property
    def readable_handler(self) -> PythonHandler | None:
        """What web.config starts; None, too, for one that cannot be read."""
        return None if self.problem else self.handler

    @cached_property
    def pythons(self) -> list[InstalledRuntime]:
        """Every Python on the app, with the version that its own python.exe names, newest first.

        The one that web.config starts is `in_use`; none is when web.config cannot be read. They are asked now when
        `observe` was not told to ask them.
        """
        handler = self.readable_handler
        asked = self._pythons
        in_use = handler.python_exe if handler is not None else None
        return discover(self.app.kudu, asked.extensions.get(), in_use or None, asked.survey.get())

    @cached_property
    def _pythons(self) -> _Pythons:
        return self._asked or _ask_pythons(self.app)

    @property
    def environment(self) -> Letter | None:
        """The environment whose Python web.config starts; None for none, and for a web.config that cannot be read."""
        handler = self.readable_handler
        if handler is None or not environment.may_be_one(handler.python_exe):
            return None
        found = environment.letter_of(handler.python_exe, REGISTERED_HOME)
        return found or environment.letter_of(handler.python_exe, self.app.kudu.home())

    def base_of(self, letter: Letter) -> str | None:
        """Return python.exe of the runtime that an environment stands on; None when that is not known.

        It costs a request for one that did not answer, and for one that is half built.
        """
        standing = (self._pythons.survey.get().environments or {}).get(letter)
        folder = standing.base if standing is not None else _base_named(self.app, letter)
        return join(folder, "python.exe") if folder is not None else None

    @cached_property
    def environments(self) -> dict[Letter, str | None]:
        """python.exe of the runtime that each complete environment stands on; None where that is not known.

        Costs requests only where the command that asks the Pythons was cut off, or an environment did not answer.
        """
        known = self._pythons.survey.get().environments
        letters = known if known is not None else [each for each in environment.LETTERS if _is_complete(self.app, each)]
        return {letter: self.base_of(letter) for letter in letters}

    @property
    def current(self) -> InstalledRuntime | None:
        """The Python that web.config starts; None when it starts none, or one that is not on the app."""
        found = next((python for python in self.pythons if python.in_use), None)
        base = self.base if found is not None and found.source == "environment" else None
        return replace(found, base=base) if found is not None and base is not None else found

    @property
    def base(self) -> InstalledRuntime | None:
        """The runtime of the environment that web.config starts; None when it starts none, or that is not on the app.

        Costs a request where the environment did not answer.
        """
        letter = self.environment
        path = self.base_of(letter) if letter is not None else None
        own = (each for each in self.pythons if each.is_runtime and path is not None)
        return next((each for each in own if same_path(each.python_path, str(path), self.app.kudu.home())), None)

    @cached_property
    def trouble(self) -> Finding | None:
        """Why the Python that web.config starts does not run; None when it answered, or web.config starts none.

        Costs one request more for a Python that is not on the app, as far as the survey tells.
        """
        handler, current, site = self.readable_handler, self.current, self.site
        if handler is None or (current is not None and current.answered):
            return None
        if current is not None and current.unknown:
            return findings.python_silent(site, current)
        if current is not None:
            finding = findings.python_gone if current.missing else findings.python_broken
            return finding(site, current.python_path, current.named)
        if len(handler.python_paths) != 1:
            return findings.other_program(site, handler.python_path)
        return self._trouble_at(started_path(handler.python_paths[0], self.app.kudu.home()))

    def _trouble_at(self, path: str) -> Finding:
        """path: of a python.exe that did not answer, as the worker sees it."""
        letter = environment.letter_of(path, self.app.kudu.home())
        base = self.base_of(letter) if letter is not None else None
        if letter is not None and base is not None and is_there(self.app, base) is False:
            named = identify_folder(home_folder_of(base, self.app.kudu.home()) or "")
            return findings.base_gone(self.site, letter, base, named)
        there = is_there(self.app, path)
        if there is None:
            return findings.python_not_seen(self.site, path)
        named = identify_folder(home_folder_of(path, self.app.kudu.home()) or "")
        if there:
            return findings.python_broken(self.site, path, named)
        present = named is not None and any(
            python.answered and (python.version, python.architecture) == (named.version, named.architecture)
            for python in self.pythons
        )
        return findings.python_gone(self.site, path, named, present)

    def remember_files(self) -> None:
        """Let the SCM site answer what `observe(files=True)` found: listings and small files, until anything changes.

        Raises what the request raises.
        """
        asked = self._asked.survey.get() if self._asked is not None else None
        snapshot = Snapshot.parse(asked.output) if asked is not None and asked.home is not None else None
        if snapshot is not None:
            self.app.kudu.memory.remember(snapshot)

    @cached_property
    def records(self) -> Records | None:
        """What the app's records on the worker say of jobs, pending restarts and changes; None when that is not known.

        They come with the answers of the Pythons. Where a busy worker did not get to its end, they are asked for once
        more, alone. Raises what the command that asks the Pythons raised.
        """
        if self._asked is None:
            return None
        found = parse_records(self._asked.survey.get().output)
        return _ask_records(self.app) if found is None else found

    def say_problem(self) -> None:
        """Tell the person when web.config cannot be read, so that no Python is known to be in use."""
        if self.problem:
            self.app.say_once(str(self.problem))


def observe(app: App, *, pythons: bool = True, files: bool = False) -> Observation:
    """Ask everything about an app that a command begins with, at the same time, and return at once.

        seen = observe(app)                        # config/web, web.config, site extensions, the Pythons: 4 requests
        seen = observe(app, pythons=False)         # config/web and web.config: 2 requests
        seen.web_config.content, seen.web_config.etag
        seen.handler                               # PythonHandler or None; raises InvalidWebConfig
        seen.pythons                           # list[InstalledRuntime]

    app: opened, so that its site is known: the other round trip. pythons: whether the Pythons are surely needed. files:
    whether the app's files and records are needed too; the command that asks the Pythons reads them (`remember_files`).
    What was asked is an answer about this moment: after a change, observe again (`config/web` is asked once only).
    web.config is asked for in site/wwwroot, where it nearly always is; it costs one request more, later, where
    `config/web` names another folder.
    Raises nothing: the errors are raised by the properties of what is returned, each where it is needed.
    """
    asked = _ask_pythons(app, _look() if files else LOOK) if pythons else None
    configuration = Part("configuration", partial(app.arm.configuration, app.site))
    return Observation(app, configuration, Part("web.config", partial(_usual_web_config, app)), asked)


def observe_alone(app: App) -> Observation:
    """Ask only the SCM site of an app: web.config in site/wwwroot and one command, at the same time.

    For many apps, because Resource Manager counts requests: neither path mappings nor site extensions are asked for.
    The SCM site remembers the listings of the packages. Raises nothing, as `observe`.
    """
    folders = [f"{environment.folder_of(letter)}/Lib/site-packages" for letter in environment.LETTERS]
    more = look_command(None, [*folders, "site"], (), ())
    asked = _Pythons(Part("no site extensions", list), Part("pythons", partial(survey, app.kudu, more)))
    return Observation(app, None, Part("web.config", partial(_usual_web_config, app)), asked)


def with_path_mappings(seen: Observation) -> Observation:
    """Return what `observe_alone` saw, with web.config in the folder that the path mappings name: one request more."""
    return replace(seen, _configuration=Part("configuration", partial(seen.app.arm.configuration, seen.app.site)))


def observe_all(app: App) -> Observation:
    """Return `observe(app, files=True)`, whose files and listings the SCM site of the app remembers."""
    seen = observe(app, files=True)
    seen.remember_files()
    return seen


def _base_named(app: App, letter: Letter) -> str | None:
    """Return the folder of the runtime that an environment's own file names."""
    try:
        return environment.base_folder(
            app.kudu.read(f"{environment.folder_of(letter)}/{environment.CONFIGURATION}").content
        )
    except NotFound:
        return None


def _is_complete(app: App, letter: Letter) -> bool:
    try:
        entries = app.kudu.list_directory(environment.folder_of(letter))
    except NotFound:
        return False
    return any(entry.name == environment.DESCRIPTION for entry in entries)


def going_on(seen: Observation) -> tuple[Finding, ...]:
    """Return what is worth knowing of jobs and pending restarts; nothing where that did not arrive."""
    try:
        return activity(seen.app, seen.records, time.sleep).findings if seen.records is not None else ()
    except PythonAppError:
        return ()


def is_there(app: App, path: str) -> bool | None:
    """Return whether a file is on the worker; None for one outside the home directory, where it cannot be looked for.

    path: absolute, in any spelling of %HOME%. Costs one request.
    """
    place = ntpath.dirname(path)
    # Most paths show by themselves that they are below %HOME%, and %HOME% may cost a request.
    folder = home_folder(place, REGISTERED_HOME) or home_folder(place, app.kudu.home())
    if folder is None:
        return None
    try:
        entries = app.kudu.list_directory(folder)
    except NotFound:
        return False
    return any(entry.name.lower() == ntpath.basename(path).lower() for entry in entries)


def list_pythons(app: App) -> list[InstalledRuntime]:
    """Observe an app and return its Pythons; tell the person when web.config cannot be read."""
    seen = observe(app)
    seen.say_problem()
    return seen.pythons


def not_answered(app: App, python: InstalledRuntime, unknown: str) -> UnknownOutcome:
    """The error for a Python that did not answer in time; unknown: what is not known for that, in words."""
    return UnknownOutcome(
        f"{python.problem or python.python_path} So {unknown} on {app.site.label} is not known. Nothing was changed.",
        "Run the command again when the worker is less busy; `az webapp python list "
        f"{app.site.arguments}` asks every Python of the app.",
    )


def _ask_pythons(app: App, more: str = LOOK) -> _Pythons:
    ask = app.kudu.site_extensions if app.one_of_many else partial(list_extensions, app.arm, app.site)
    extensions = Part("site extensions", ask)
    return _Pythons(extensions, Part("pythons", partial(_survey, app, more)))


def _survey(app: App, more: str) -> Survey:
    found = survey(app.kudu, more)
    if tells_no_lease(found.output):
        app.no_lease.set()
    return found


def _ask_records(app: App) -> Records | None:
    try:
        return parse_records(app.kudu.run(LOOK).output)
    except PythonAppError:
        return None


def _look() -> str:
    """Return the command that reads what a switch needs to know, apart from web.config, which needs its ETag."""
    folders = ("site", pending_restart.FOLDER, "data/pythonapp/installs", "LogFiles")
    files = ((WWWROOT, ".txt"), (f"{WWWROOT}/requirements", ".txt"), (record.FOLDER, ".json"))
    return look_command(WWWROOT, folders, files, FOREIGN_FOLDERS)


def _usual_web_config(app: App) -> FileState:
    try:
        found = app.kudu.read(f"{WWWROOT}/{WEB_CONFIG}")
    except NotFound:
        return FileState(None, None)
    return FileState(found.content, found.etag)
