"""Whose web.config a command works on: that of an app, or a local file with no Azure at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from azext_pythonapp.appservice.app import App, Progress
from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.operations.app.home_space import require_writable_root
from azext_pythonapp.operations.app.observe import not_answered, pythons_on
from azext_pythonapp.operations.app.registration import find_registration, is_read, refuse_unread, registrations_of
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_configs import names_in_folders, names_on_app
from azext_pythonapp.operations.app.site_packages import installed_packages
from azext_pythonapp.operations.app.wwwroot import AppFiles, LocalFiles, Wwwroot
from azext_pythonapp.operations.package.requirement_files import REQUIREMENTS, files_on_app, local_files
from azext_pythonapp.operations.runtime.choose import require_present
from azext_pythonapp.operations.web_config.change_record import ChangeRecord
from azext_pythonapp.operations.web_config.decide import PythonChoice
from azext_pythonapp.operations.web_config.handler import keeps_python
from azext_pythonapp.operations.web_config.options import WebConfigRequest
from azext_pythonapp.packages.requirements import required_packages
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.probe import probe
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import HandlerIntent, PythonHandler
from azext_pythonapp.windows import same_path, started_path

# Where an app registers FastCGI programs of its own (docs/platform/site-extensions.md 2.1).
SITE_TRANSFORM = "site/applicationHost.xdt"
_NAME_IT = "Name one with `--version` or `--python-path`."


class WebConfigTarget(Protocol):
    """An app or a local file."""

    files: Wwwroot
    progress: Progress

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        """The Python that web.config is to start. Raises NotFound, or InvalidInput when none is named."""

    def packages(self, python_path: str) -> Iterator[str]:
        """Requirements of requirements.txt, and what a Python has; looked up when the first is taken."""

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """Raise Refused when IIS would not know what to start for the wanted handler at this moment."""

    def require_writable(self) -> None:
        """Raise Refused when it can be seen already that the files cannot be written."""

    def settings(self) -> dict[str, str] | None:
        """The app's own settings, which hold secrets; None when they are not known."""

    def other_names(self) -> frozenset[str]:
        """Names of handlers that other web.config files of the site add, in lower case."""

    def record(self, command: str) -> ChangeRecord | None:
        """Where replaced bytes are kept; None for nowhere."""

    def to_dict(self) -> dict[str, Any] | None:
        """The app as answers name it; None for a local file."""


class AppTarget:
    """The web.config of an app or slot."""

    def __init__(self, app: App):
        self._app = app
        self.files: Wwwroot = AppFiles(app)
        self.progress = app.progress
        self._chosen: Installed | None = None

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        """One that the request names, else the one that web.config starts, else the app's only one."""
        pythons = pythons_on(self._app, current)
        home = self._app.kudu.home()
        if request.version is not None:
            return self._choice(require_present(self._app, pythons, request.version, request.architecture), current)
        asked = request.python_path
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
        """Requirements of the requirements.txt on the app, and what the Python has."""
        try:
            yield from required_packages(files_on_app(self._app, None, None).parsed, None)
        except NotFound:
            pass
        yield from installed_packages(self._app, python_path)

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """Raise Refused when the app runs and IIS has certainly not read the Python's registration yet."""
        python, stopped = self._chosen, self._app.site.state.lower() == "stopped"
        if wanted is None or wanted.kind != "fastCgi" or python is None or python.extension_id is None or stopped:
            return
        if (
            current is not None
            and current.kind == "fastCgi"
            and same_path(current.python_path, wanted.python_path, self._app.kudu.home())
        ):
            return
        if is_read(self._app, python.extension_id) is False:
            raise refuse_unread(self._app, str(python.version), False)

    def require_writable(self) -> None:
        """Raise Refused while the app runs from a package, or when its home directory is full."""
        require_writable_root(self._app)

    def settings(self) -> dict[str, str] | None:
        """The app's own settings; None for a caller who may not see them."""
        return known_settings(self._app)

    def other_names(self) -> frozenset[str]:
        """Names of handlers that other web.config files of the site add, in lower case."""
        return names_on_app(self._app)

    def record(self, command: str) -> ChangeRecord:
        """A folder on the app."""
        return ChangeRecord(self._app.kudu, command)

    def to_dict(self) -> dict[str, Any]:
        """The app as answers name it."""
        return self._app.site.to_dict()

    def _choice(self, python: Installed, current: PythonHandler | None) -> PythonChoice:
        self._chosen = python
        return self._looked_up(python.python_path, python.extension_id, current)

    def _looked_up(self, python_path: str, extension_id: str | None, current: PythonHandler | None) -> PythonChoice:
        registration = self._registration(python_path, extension_id, current)
        return PythonChoice(python_path, registration, registration is None)

    def _registration(
        self, python_path: str, extension_id: str | None, current: PythonHandler | None
    ) -> Registration | None:
        """The pair for a Python: the one that web.config has, unless it was looked up that IIS does not know it."""
        found = find_registration(self._app, extension_id, python_path)
        written = _written_pair(current, python_path)
        if written is not None and (_same_registration(written, found) or (found is None and extension_id is None)):
            # Of the platform's own Pythons, and of the portal's handler mappings, nothing here tells.
            return written
        if found is not None and written is None:
            return found
        home = self._app.kudu.home()
        of_site = [
            each for each in registrations_of(self._app, SITE_TRANSFORM) if same_path(each.full_path, python_path, home)
        ]
        if written is not None and any(_same_registration(written, each) for each in of_site):
            return written
        return found or next(iter(of_site), None)

    def _say_unlisted(self, path: str) -> None:
        """Ask a python.exe that was named and that no list of the app's Pythons has, and say what is so."""
        replies = probe(self._app.kudu, [path])
        if path in replies.unknown:
            self.progress.say(
                f"{path} of {self._app.site.label} was asked for its version and did not answer in time "
                f"({replies.unknown[path]}); whether it is there is not known."
            )
        elif path not in replies.answers:
            self.progress.say(f"{path} was not found on {self._app.site.label}, or does not run.")

    def _only(self, pythons: Sequence[Installed]) -> Installed:
        own = [python for python in pythons if python.source != "builtIn" and python.answered]
        silent = next((python for python in pythons if python.source != "builtIn" and python.unknown), None)
        if silent is not None:
            raise not_answered(self._app, silent, "which Pythons there are")
        if len(own) != 1:
            there = ", ".join(str(python.version) for python in own) or "none of its own"
            raise InvalidInput(
                f"web.config of {self._app.site.label} starts no Python yet, and the app has {there}.",
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

    def python(self, request: WebConfigRequest, current: PythonHandler | None) -> PythonChoice:
        r"""The one that --python-path names, else the one in the file.

        FastCGI's pair is taken to be registered as every site extension does it: wfastcgi.py beside python.exe, in
        `D:\home` (docs/platform/site-extensions.md 1.5); it cannot be looked up here.
        """
        if request.version is not None:
            raise InvalidInput(
                "--version means a Python of an app, and with --file no app is asked.",
                r"Name it with --python-path D:\home\python364x64\python.exe.",
            )
        written = current is not None and bool(current.python_path)
        kept = request.python_path is None or keeps_python(current, request.python_path)
        path = current.python_exe if kept and current is not None and written else request.python_path
        if path is None or (kept and current is not None and current.kind == "fastCgi" and not current.python_paths):
            raise InvalidInput(
                f"{self.files.shown('web.config')} starts no Python yet.",
                r"Name it with --python-path D:\home\python364x64\python.exe.",
            )
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
            f"Whether IIS knows {literal} for FastCGI is not looked up with --file; a runtime registers "
            "itself when it is installed."
        )
        return PythonChoice(
            literal, Registration(literal, HandlerIntent("fastCgi", literal).script_processor.partition("|")[2])
        )

    def packages(self, python_path: str) -> Iterator[str]:  # pylint: disable=unused-argument
        """Requirements of the requirements.txt beside the file."""
        path = self._folder / REQUIREMENTS
        if path.is_file():
            yield from required_packages(local_files(str(path), None, None).parsed, None)

    def require_known(self, current: PythonHandler | None, wanted: PythonHandler | None) -> None:
        """What IIS knows cannot be looked up here."""

    def require_writable(self) -> None:
        """It is tried when it is written."""

    def settings(self) -> None:
        """They are not known here: no app is asked."""

    def other_names(self) -> frozenset[str]:
        """Names of handlers that the web.config files of the folders add, in lower case."""
        return names_in_folders(self.files)

    def record(self, command: str) -> None:
        """Nowhere: a local file has its own history."""

    def to_dict(self) -> None:
        """There is no app."""


def _written_pair(current: PythonHandler | None, python_path: str) -> Registration | None:
    """The pair of program and arguments that web.config has for a Python; None when it starts another, or by itself."""
    if current is None or current.kind != "fastCgi" or not keeps_python(current, python_path):
        return None
    if not current.python_path.lower().endswith(".exe"):
        return None
    pair = HandlerIntent("fastCgi", current.python_path, current.wfastcgi_path)
    return Registration(current.python_path, pair.script_processor.partition("|")[2])


def _same_registration(one: Registration, other: Registration | None) -> bool:
    """Whether IIS takes two pairs for the same; the case of letters does not matter."""
    return other is not None and (one.full_path.lower(), one.arguments.lower()) == (
        other.full_path.lower(),
        other.arguments.lower(),
    )
