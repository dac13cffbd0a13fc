"""The web.config that a command works on: that of an app, or a local file without Azure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from azext_pythonapp.appservice.app import App, Progress
from azext_pythonapp.errors import InvalidInput, NotFound, Refused
from azext_pythonapp.history.record import RecordedRuntime
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.findings import Finding
from azext_pythonapp.operations.app.home_space import require_writable_root
from azext_pythonapp.operations.app.observe import not_answered, observe
from azext_pythonapp.operations.app.record_parts import in_use
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.app.registration import (
    SITE_TRANSFORM,
    find_registration,
    is_read,
    is_site_transform_read,
    registrations_of,
    unread_registration,
)
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_configs import handler_names_in_folders, handler_names_on_app
from azext_pythonapp.operations.app.site_packages import installed_packages
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles, FileState, LocalFiles, Wwwroot
from azext_pythonapp.operations.package.requirement_files import REQUIREMENTS, files_on_app, local_files
from azext_pythonapp.operations.runtime.choose import require_present
from azext_pythonapp.operations.web_config.decide import PythonChoice
from azext_pythonapp.operations.web_config.handler import starts_python
from azext_pythonapp.operations.web_config.options import WebConfigRequest
from azext_pythonapp.packages.requirements import required_packages
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import letter_of
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.probe import probe
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import HandlerIntent, PythonHandler
from azext_pythonapp.windows import same_path, started_path

_NAME_PATH = r"Name it with --python-path D:\home\python364x64\python.exe."
_NAME_IT = "Name one with `--version` or `--python-path`."


class WebConfigTarget(Protocol):
    """The web.config of an app, or a local file."""

    files: Wwwroot
    progress: Progress

    def web_config(self) -> FileState:
        """Return web.config as it was when the command began. Raises InvalidWebConfig for one that cannot be read."""

    def without_python(self) -> Finding:
        """Return what to say of a web.config that starts no Python, or is not there."""

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        """Return the Python that web.config is to start. Raises NotFound, and InvalidInput when none is named."""

    def packages(self, python_path: str) -> Iterator[str]:
        """Yield the requirements of requirements.txt and the installed packages; read when the first is taken."""

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """Raise Refused when IIS does not know yet what to start for the wanted handler."""

    def require_writable(self) -> None:
        """Raise Refused when it is known already that the files cannot be written."""

    def settings(self) -> dict[str, str] | None:
        """Return the app settings, which hold secrets; None when they are not known."""

    def other_names(self) -> frozenset[str]:
        """Return the names of handlers in other web.config files of the site, in lower case."""

    def recorded(self, command: str) -> AbstractContextManager[OpenChange | None]:
        """Hold the app's lease and keep the record of a change while a block makes it; None for a local file."""

    def starts(self, handler: PythonHandler | None) -> RecordedRuntime | None:
        """Return the Python of the app that a handler starts; None for none, and without an app."""

    def after_write(self) -> Sequence[str]:
        """Return the last lines after a write: what follows from it."""

    def to_dict(self) -> dict[str, Any] | None:
        """Return the app as output names it; None for a local file."""


class AppTarget:
    """The web.config of an app or slot."""

    def __init__(self, app: App):
        self._app = app
        self._seen = observe(app)
        self._file = self._seen.web_config
        self.files: Wwwroot = AppFiles(app)
        self.progress = app.progress
        self._chosen: InstalledRuntime | None = None

    def web_config(self) -> FileState:
        """Return web.config as it was when the command began. Raises InvalidWebConfig for one that cannot be read."""
        _ = self._seen.handler
        return self._file

    def without_python(self) -> Finding:
        """Return what to say of a web.config that starts no Python, or is not there."""
        return findings.starts_no_python(self._app.site, self._file.content is not None)

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        """Return the Python that the request names, else the one that web.config starts, else the app's only one.

        Raises Refused when web.config starts one that cannot run and the request names no other: no edit helps then.
        """
        pythons = self._seen.pythons
        home = self._app.kudu.home()
        if request.version is not None:
            return self._choice(require_present(self._app, pythons, request.version, request.architecture), current)
        asked = request.python_path
        trouble = self._seen.trouble if asked is None else None
        if trouble is not None and trouble.fatal:
            raise Refused(trouble.message, trouble.advice)
        paths = [asked] if asked is not None else list(current.python_paths) if current is not None else []
        known = next(
            (python for path in paths for python in pythons if same_path(python.python_path, path, home)), None
        )
        if known is not None:
            return self._choice(known, current)
        if asked is None and current is not None and current.kind == "httpPlatform" and current.python_path:
            return PythonChoice(current.python_exe, None)
        if not paths:
            return self._choice(self._only(pythons), current)
        path = started_path(paths[0], home)
        self._say_unlisted(path)
        return self._looked_up(path, None, current)

    def packages(self, python_path: str) -> Iterator[str]:
        """Yield the requirements of the app's requirements.txt and the packages of the Python."""
        try:
            yield from required_packages(files_on_app(self._app, None, None).parsed, None)
        except NotFound:
            pass
        yield from installed_packages(self._app, python_path)

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """Raise Refused when the app runs and IIS has not read the Python's registration yet."""
        python, home = self._chosen, self._app.kudu.home()
        if wanted is None or wanted.kind != "fastCgi" or self._app.site.stopped:
            return
        if (
            current is not None
            and current.kind == "fastCgi"
            and same_path(current.python_path, wanted.python_path, home)
        ):
            return
        letter = letter_of(wanted.python_path, home)
        if letter is not None and is_site_transform_read(self._app) is False:
            raise unread_registration(self._app, f"of environment {letter}", False)
        if python is not None and python.extension_id is not None and is_read(self._app, python.extension_id) is False:
            raise unread_registration(self._app, str(python.version), False)

    def require_writable(self) -> None:
        """Raise Refused while the app runs from a package, or when its home directory is full."""
        require_writable_root(self._app)

    def settings(self) -> dict[str, str] | None:
        """Return the app settings; None when the caller's role may not read them."""
        return known_settings(self._app)

    def other_names(self) -> frozenset[str]:
        """Return the names of handlers in other web.config files of the site, in lower case."""
        return handler_names_on_app(self._app)

    def recorded(self, command: str) -> AbstractContextManager[OpenChange]:
        """Hold the app's lease and keep the record of a change while a block makes it."""
        return recorded(self._app, command)

    def starts(self, handler: PythonHandler | None) -> RecordedRuntime | None:
        """Return the Python of the app that a handler starts; None for none of them."""
        if handler is None:
            return None
        home, path = self._app.kudu.home(), handler.python_exe
        return in_use(next((each for each in self._seen.pythons if same_path(each.python_path, path, home)), None))

    def after_write(self) -> Sequence[str]:
        """Say that IIS restarts the process, and that the page was not checked."""
        site = self._app.site
        checked = f"The page was not checked: `az webapp python show {site.arguments} --check`."
        if site.stopped:
            checked = f"The {site.label} is stopped. Start it: `az webapp start {site.arguments}`."
        return [f"{'' if site.stopped else 'IIS restarts the worker process for it. '}{checked}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the app as output names it."""
        return self._app.site.to_dict()

    def _choice(self, python: InstalledRuntime, current: PythonHandler | None) -> PythonChoice:
        self._chosen = python
        return self._looked_up(python.python_path, python.extension_id, current)

    def _looked_up(self, python_path: str, extension_id: str | None, current: PythonHandler | None) -> PythonChoice:
        registration = self._registration(python_path, extension_id, current)
        return PythonChoice(python_path, registration, registration is None)

    def _registration(
        self, python_path: str, extension_id: str | None, current: PythonHandler | None
    ) -> Registration | None:
        """Return the pair for a Python: the one in web.config, unless IIS is known not to have it."""
        home = self._app.kudu.home()
        found = find_registration(self._app, extension_id, python_path)
        written = _written_pair(current, python_path)
        by_app = letter_of(python_path, home) is not None
        if (
            written is not None
            and not by_app
            and (_same_registration(written, found) or (found is None and extension_id is None))
        ):
            # The platform's own Pythons and the portal's handler mappings cannot be looked up.
            return written
        if found is not None and written is None:
            return found
        of_site = [
            each for each in registrations_of(self._app, SITE_TRANSFORM) if same_path(each.full_path, python_path, home)
        ]
        if written is not None and any(_same_registration(written, each) for each in of_site):
            return written
        return found or next(iter(of_site), None)

    def _say_unlisted(self, path: str) -> None:
        """Start a python.exe that is not among the app's Pythons, and say whether it is there."""
        replies = probe(self._app.kudu, [path])
        if path in replies.unknown:
            self.progress.say(
                f"{path} of {self._app.site.label} did not answer in time ({replies.unknown[path]}); it is "
                "not known whether it is there."
            )
        elif path not in replies.answers:
            self.progress.say(f"{path} was not found on {self._app.site.label}, or does not run.")

    def _only(self, pythons: Sequence[InstalledRuntime]) -> InstalledRuntime:
        own = [python for python in pythons if python.is_runtime and python.answered]
        silent = next((python for python in pythons if python.is_runtime and python.unknown), None)
        if silent is not None:
            raise not_answered(self._app, silent, "which Pythons there are")
        if len(own) != 1:
            there = ", ".join(str(python.version) for python in own) or "none installed"
            raise InvalidInput(
                f"{self.without_python().message} Pythons on the app: {there}.",
                _NAME_IT
                if own
                else f"Install one: `az webapp python set-version {self._app.site.arguments} --version 3`.",
            )
        return own[0]


class FileTarget:
    """A web.config on this machine, in the folder of the app's files."""

    def __init__(self, file: Path, progress: Progress):
        self._folder = file.parent
        self.files: Wwwroot = LocalFiles(file.parent, file.name)
        self.progress = progress

    def web_config(self) -> FileState:
        """Return the file as it is now."""
        return self.files.state(WEB_CONFIG)

    def without_python(self) -> Finding:
        """Return what to say of a file that starts no Python, or is not there."""
        return Finding(f"{self.files.shown(WEB_CONFIG)} has no handler that starts Python.", _NAME_PATH)

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        r"""Return the Python that --python-path names, else the one in the file.

        FastCGI's pair is assumed to be registered as every site extension does it: wfastcgi.py beside python.exe, in
        `D:\home` (docs/platform/site-extensions.md 1.5); it cannot be looked up here.
        """
        if request.version is not None:
            raise InvalidInput(
                "--version names a Python of an app, and --file is used without an app.",
                r"Name it with --python-path D:\home\python364x64\python.exe.",
            )
        written = current is not None and bool(current.python_path)
        kept = request.python_path is None or starts_python(current, request.python_path)
        path = current.python_exe if kept and current is not None and written else request.python_path
        if path is None or (kept and current is not None and current.kind == "fastCgi" and not current.python_paths):
            raise InvalidInput(self.without_python().message, _NAME_PATH)
        stays = kept and current is not None and current.kind == "fastCgi"
        if not (
            request.handler.handler == "fastcgi"
            or (request.handler.handler == "auto" and current is not None and current.kind == "fastCgi")
        ):
            return PythonChoice(path, None)
        if kept and current is not None and not current.python_paths:
            return PythonChoice(path, None)
        if stays and current is not None and current.python_path.lower().endswith(".exe") and "%" not in path:
            pair = HandlerIntent("fastCgi", path, current.wfastcgi_path).script_processor.partition("|")
            return PythonChoice(path, Registration(path, pair[2]))
        literal = started_path(path, REGISTERED_HOME)
        self.progress.say(
            f"With --file it is not checked whether {literal} is registered with IIS for FastCGI; a runtime registers "
            "itself when it is installed."
        )
        return PythonChoice(
            literal, Registration(literal, HandlerIntent("fastCgi", literal).script_processor.partition("|")[2])
        )

    def packages(self, python_path: str) -> Iterator[str]:  # pylint: disable=unused-argument
        """Yield the requirements of the requirements.txt beside the file."""
        path = self._folder / REQUIREMENTS
        if path.is_file():
            yield from required_packages(local_files(str(path), None, None).parsed, None)

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """Do nothing: registrations cannot be looked up without an app."""

    def require_writable(self) -> None:
        """Do nothing: an error is raised when the file is written."""

    def settings(self) -> None:
        """Return None: without an app they are not known."""

    def other_names(self) -> frozenset[str]:
        """Return the names of handlers in the web.config files of the folders, in lower case."""
        return handler_names_in_folders(self.files)

    def recorded(self, command: str) -> AbstractContextManager[None]:  # pylint: disable=unused-argument
        """Record nothing: a local file is in its own version control."""
        return nullcontext()

    def starts(self, handler: PythonHandler | None) -> None:  # pylint: disable=unused-argument
        """Return None: there is no app."""

    def after_write(self) -> Sequence[str]:
        """Return nothing: a local file starts nothing."""
        return []

    def to_dict(self) -> None:
        """Return None: there is no app."""


def _written_pair(current: PythonHandler | None, python_path: str) -> Registration | None:
    """Return the pair of program and arguments that web.config has for a Python; None when it has none for this one."""
    if current is None or current.kind != "fastCgi" or not starts_python(current, python_path):
        return None
    if not current.python_path.lower().endswith(".exe"):
        return None
    pair = HandlerIntent("fastCgi", current.python_path, current.wfastcgi_path)
    return Registration(current.python_path, pair.script_processor.partition("|")[2])


def _same_registration(one: Registration, other: Registration | None) -> bool:
    """Return whether IIS takes two pairs for the same; it ignores case."""
    return other is not None and (one.full_path.lower(), one.arguments.lower()) == (
        other.full_path.lower(),
        other.arguments.lower(),
    )
