"""What a recorded change touched, as it is now: its files, its Pythons and their packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidWebConfig, NotFound
from azext_pythonapp.history.record import KeptFile, PackageChange, Record, RuntimeChange
from azext_pythonapp.operations.app.observe import Observation, not_answered, observe
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, FileState
from azext_pythonapp.operations.package.restore_set import same_packages
from azext_pythonapp.operations.rollback.environment import FoundEnvironment, find_environment, relettered
from azext_pythonapp.operations.rollback.files import read_state
from azext_pythonapp.operations.rollback.target import Target
from azext_pythonapp.operations.runtime.in_use import environments_on, uses_of_runtime
from azext_pythonapp.operations.runtime.unfinished import unfinished_in
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import identify_folder
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler
from azext_pythonapp.windows import home_folder_of, same_path, started_path

# What these commands installed stays: what ran before them comes back without its removal.
_STAYS_AFTER = ("set-version", "publish")


@dataclass(frozen=True)
class FoundFile:
    """A file that the change wrote. kept: as it comes back. now: as it is. recorded: where that is another one."""

    kept: KeptFile
    now: FileState
    recorded: KeptFile | None = None

    @property
    def back(self) -> bool:
        """Return whether it is as it was before the change."""
        return self.now.content == self.kept.before

    @property
    def foreign(self) -> bool:
        """Return whether it is neither as the change left it nor as it was before."""
        own = self.recorded or self.kept
        return own.written and self.now.content not in (own.after, own.before) and not self.back


@dataclass(frozen=True)
class FoundPackages:
    """The packages of a Python that the change touched. now: version by name; absent: whether that Python is gone."""

    change: PackageChange
    now: Mapping[str, str]
    absent: bool

    @property
    def back(self) -> bool:
        """Return whether they are as they were before the change."""
        return not self.absent and same_packages(self.now, self.change.before or {})

    @property
    def foreign(self) -> bool:
        """Return whether they are neither as the change left them nor as they were before."""
        after = self.change.after
        return after is not None and not same_packages(self.now, after) and not self.back


@dataclass(frozen=True)
class Missing:
    """A Python that has to be installed again.

    partial: whether the rest of one that was being uninstalled is in its folder. packages: that it had; None for not
    known.
    """

    runtime: RuntimeChange
    partial: bool
    packages: PackageChange | None


@dataclass(frozen=True)
class Found:
    """The app, as far as the change touched it.

    web_config: the one that IIS reads now; wanted_config: what it is to be. handler: what that starts. files, packages:
    of the change. missing: Pythons to install again. extra: Pythons that the change installed and that are to go.
    rests: folders of those of which only a part is left. used: why another one that it installed cannot go, by its
    name. stays: those that it installed and that stay. environment: of the app; None where none has to do with it.
    """

    app: App
    target: Target
    seen: Observation
    web_config: FileState
    wanted_config: bytes | None
    handler: PythonHandler | None
    files: Sequence[FoundFile]
    packages: Sequence[FoundPackages]
    missing: Sequence[Missing]
    extra: Sequence[InstalledRuntime]
    rests: Sequence[str]
    used: Mapping[str, str]
    stays: Sequence[InstalledRuntime]
    environment: FoundEnvironment | None = None

    @property
    def switches_environment(self) -> bool:
        """Return whether the app runs an environment, or is to run one: IIS ends its processes when it is switched."""
        found = self.environment
        return found is not None and (found.now is not None or found.then is not None)

    @property
    def running(self) -> bool:
        """Return whether the app ran when it was looked at."""
        return not self.app.site.stopped

    @property
    def python_exe(self) -> str | None:
        """Return the python.exe that the app is to run, as the worker sees it; None where none is named."""
        return started_path(self.handler.python_exe, self.app.kudu.home()) if self.handler else None

    def is_wanted(self, python_path: str) -> bool:
        """Return whether the app is to run a Python."""
        paths = self.handler.python_paths if self.handler is not None else ()
        return any(same_path(path, python_path, self.app.kudu.home()) for path in paths)


def look(app: App, target: Target) -> Found:
    """Look at everything that a change touched.

    Raises UnknownOutcome when a Python that matters did not answer in time.
    """
    seen = observe(app)
    record, home = target.record, app.kudu.home()
    present = seen.web_config
    kept = record.file(f"{seen.root}/{WEB_CONFIG}")
    wanted = kept.before if kept is not None else present.content
    handler = _handler(app, wanted)
    environment = find_environment(app, seen, record, handler)
    if environment is not None and environment.moved and wanted is not None:
        wanted = _moved(wanted, environment)
        handler = _handler(app, wanted)
    files = [
        FoundFile(replace(each, before=wanted), present, each)
        if each is kept
        else FoundFile(each, read_state(app, each.path))
        for each in reversed(record.files)
    ]
    installed = list(_installed(record))
    own = [each for each in record.packages if not any(same_path(path, each.python_path, home) for path in installed)]
    bases = [environment.then.python_path] if environment is not None and environment.then is not None else []
    missing = list(_missing(app, target, handler, own, seen.pythons, bases))
    gone = [each.runtime.python_path for each in missing]
    packages = [_packages(app, each, gone) for each in own if each.before is not None]
    known = [each.change.python_path for each in packages]
    packages += [
        FoundPackages(each.packages, {}, True)
        for each in missing
        if each.packages is not None and not any(same_path(path, each.runtime.python_path, home) for path in known)
    ]
    there = [python for path in installed for python in seen.pythons if same_path(path, python.python_path, home)]
    stays = record.command in _STAYS_AFTER or bool(record.files)
    used = {} if stays else {python.name: use for python in there if (use := _use(seen, python))}
    return Found(
        app,
        target,
        seen,
        present,
        wanted,
        handler,
        files,
        packages,
        missing,
        [] if stays else [python for python in there if python.name not in used],
        [] if stays else _rests(app, target, installed, there),
        used,
        there if stays else [],
        environment,
    )


def _moved(content: bytes, environment: FoundEnvironment) -> bytes:
    """Return the web.config that the app gets back, naming the folder that the environment is going to be in."""
    assert environment.then is not None and environment.letter is not None
    return relettered(content, environment.then.letter, environment.letter)


def _handler(app: App, content: bytes | None) -> PythonHandler | None:
    try:
        return read_handler(content)
    except InvalidWebConfig as error:
        app.progress.say(
            f"Warning: The web.config that {app.site.label} gets back cannot be read, so what it starts is not "
            f"checked: {error.message}"
        )
        return None


def _installed(record: Record) -> Iterator[str]:
    """Return the paths of the Pythons that a change installed where there were none."""
    seen: set[str] = set()
    for each in record.runtimes:
        if each.python_path.lower() not in seen and each.action == "install":
            yield each.python_path
        seen.add(each.python_path.lower())


def _rests(app: App, target: Target, installed: Sequence[str], there: Sequence[InstalledRuntime]) -> list[str]:
    """Return the folders of Pythons that were being installed or uninstalled when a command was cut off."""
    home = app.kudu.home()
    gone = [path for path in installed if not any(same_path(path, python.python_path, home) for python in there)]
    folders = [home_folder_of(path, home) for path in gone] if target.open else []
    return [folder for folder in folders if folder is not None and is_rest(app, folder)]


def _missing(
    app: App,
    target: Target,
    handler: PythonHandler | None,
    packages: Sequence[PackageChange],
    pythons: Sequence[InstalledRuntime],
    bases: Sequence[str],
) -> Iterator[Missing]:
    """Return the Pythons that are not there: those that the change uninstalled, and the one of web.config.

    bases: python.exe of the runtimes that environments stand on.
    """
    home, record, seen = app.kudu.home(), target.record, set[str]()
    first: dict[str, RuntimeChange] = {}
    for each in record.runtimes:
        first.setdefault(each.python_path.lower(), each)
    needed = [each.python_path for each in first.values() if each.action == "uninstall"]
    if handler is not None and len(handler.python_paths) == 1:
        needed.append(started_path(handler.python_exe, home))
    needed += [*bases, *(each.python_path for each in packages if each.before)]
    for path in needed:
        wanted = _recorded(target, path, home)
        if path.lower() in seen or home_folder_of(path, home) is None:
            continue
        seen.add(path.lower())
        python = next((each for each in pythons if same_path(each.python_path, path, home)), None)
        if python is not None and python.unknown:
            raise not_answered(app, python, "whether it has to be installed again")
        own = first.get(path.lower())
        if python is not None and python.answered and (own is None or _is_same(own, python)):
            continue
        if wanted is not None:
            whole = python is not None and python.answered
            yield Missing(wanted[0], not whole and is_rest(app, home_folder_of(path, home)), wanted[1])


def is_rest(app: App, folder: str | None) -> bool:
    """Return whether a folder of %HOME% has files that nobody is installing. folder: its name; None for none."""
    try:
        return folder is not None and bool(app.kudu.list_directory(folder)) and unfinished_in(app, folder) is None
    except NotFound:
        return False


def _is_same(wanted: RuntimeChange, python: InstalledRuntime) -> bool:
    """Return whether a Python that is there is the one that is wanted, its package's version included."""
    return wanted.package_version in (None, python.package_version) or wanted.action != "uninstall"


def _recorded(target: Target, path: str, home: str) -> tuple[RuntimeChange, PackageChange | None] | None:
    """Return what the records say of a Python that is gone, and of its packages; else what its folder is called."""
    records = [target.record, *reversed(target.later)]
    for record in records:
        for each in record.runtimes:
            if each.action == "uninstall" and same_path(each.python_path, path, home):
                had = (one for one in record.packages if same_path(one.python_path, path, home) and one.before)
                return each, next(had, None)
    for record in records:
        for used in (record.runtime_before, record.runtime_after):
            if used is not None and same_path(used.python_path, path, home) and used.version:
                return RuntimeChange.of("uninstall", used), None
    named = identify_folder(home_folder_of(path, home) or "")
    if named is None:
        return None
    return RuntimeChange(named.version, named.architecture, None, None, None, path, "uninstall"), None


def _packages(app: App, change: PackageChange, gone: Sequence[str]) -> FoundPackages:
    home = app.kudu.home()
    absent = any(same_path(path, change.python_path, home) for path in gone)
    return FoundPackages(change, {} if absent else present_packages(app, change.folder), absent)


def _use(seen: Observation, python: InstalledRuntime) -> str | None:
    """Return what the app uses of a Python, in words; None for nothing."""
    if python.in_use:
        return f"web.config starts {python.python_path}"
    places = uses_of_runtime(seen.app, python.python_path)
    if places:
        return f"{places[0]} names its folder"
    standing = environments_on(seen, python.python_path)
    return f"environment {standing[0]} stands on it" if standing else None
