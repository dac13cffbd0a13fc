"""The Python handler of a web.config as plain values: the intended one, the present one, and the result of an edit."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.webconfig.command_line import Program, understand
from azext_pythonapp.webconfig.httpplatform import check_settings

Kind = Literal["fastCgi", "httpPlatform"]

NEW_STARTUP_TIME_LIMIT = 120

# %INTERPRETERPATH% of Visual Studio's templates, <path to python> of articles.
_PLACEHOLDER = re.compile(r"%(?!HOME%|HOME_EXPANDED%|SystemDrive%)[^%]+%|[<>{}]", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True)
class HandlerIntent:
    """The Python that IIS is to start for every request, and how.

    python_path: for fastCgi the literal path that the runtime registered with IIS (`D:\\home\\…`: the pair of it and
        wfastcgi_path is the key of the registration, docs/platform/site-extensions.md 2.1); for httpPlatform a path
        that IIS expands (`%HOME%\\…`, 2.3).
    wfastcgi_path: fastCgi only; None is wfastcgi.py beside python.exe. IIS reads what follows `|` as arguments.
    entry_point: fastCgi only; the value of WSGI_HANDLER. None keeps the one that the file has, or leaves it to the
        app's settings.
    arguments: httpPlatform only; None keeps those that the file has.
    environment: what to set: appSettings for fastCgi, environmentVariables for httpPlatform. Others stay as they are.
    startup_time_limit: httpPlatform; seconds, 0 to 3600. None keeps the one that the file has, else writes
        NEW_STARTUP_TIME_LIMIT: its default is 10 or 120 by version (2.3), so it is always there.
    stdout_log: httpPlatform; path of the log of the process, None leaves logging as it is.
    settings: httpPlatform; further attributes of <httpPlatform>, such as {"processesPerApplication": "4"}.
    taken_names: in lower case; names of handlers that a new one must not have, because another file adds them.
    """

    kind: Kind
    python_path: str
    wfastcgi_path: str | None = None
    entry_point: str | None = None
    arguments: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    startup_time_limit: int | None = None
    stdout_log: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    taken_names: frozenset[str] = frozenset()

    @property
    def script_processor(self) -> str:
        """Return the scriptProcessor attribute for fastCgi: `<python.exe>|<wfastcgi.py>`."""
        beside = ntpath.join(ntpath.dirname(self.python_path), "wfastcgi.py")
        return f"{self.python_path}|{self.wfastcgi_path or beside}"

    @property
    def python_paths(self) -> tuple[str, ...]:
        """Return every python.exe that it may start, the likeliest first; python_path itself where that is unknown."""
        if self.kind == "fastCgi":
            return (self.python_path,)
        return understand(self.python_path, self.arguments).python_paths or (self.python_path,)

    @property
    def app_settings(self) -> dict[str, str]:
        """Return the appSettings to write for fastCgi, WSGI_HANDLER first."""
        first = {} if self.entry_point is None else {"WSGI_HANDLER": self.entry_point}
        return {**first, **self.environment}

    @property
    def platform_settings(self) -> dict[str, str]:
        """Return the attributes of <httpPlatform> to write, in order."""
        attributes = {"processPath": self.python_path}
        if self.arguments is not None:
            attributes["arguments"] = self.arguments
        limit = NEW_STARTUP_TIME_LIMIT if self.startup_time_limit is None else self.startup_time_limit
        attributes["startupTimeLimit"] = str(limit)
        attributes.update(self.settings)
        if self.stdout_log is not None:
            attributes.update(stdoutLogEnabled="true", stdoutLogFile=self.stdout_log)
        return attributes

    def check(self) -> None:
        """Raise InvalidInput for what cannot work on IIS or with wfastcgi."""
        if not self.python_path:
            raise InvalidInput("The path of python.exe is empty.", "Name the runtime with --version.")
        for name, value in self.environment.items():
            if not name or name != name.strip() or "=" in name:
                raise InvalidInput(
                    f"{name!r} cannot be the name of an environment variable.",
                    "Write --env NAME=VALUE, without blanks in NAME.",
                )
            if name == "WSGI_HANDLER" and self.kind == "fastCgi":
                raise InvalidInput("WSGI_HANDLER is set by the entry point.", "Use --app MODULE:OBJECT instead.")
            if name == "WSGI_LOG" and not _ABSOLUTE.match(value):
                raise InvalidInput(
                    f"WSGI_LOG is '{value}', but wfastcgi does not expand variables in it.",
                    r"Use an absolute path, such as WSGI_LOG=D:\home\LogFiles\wfastcgi.log.",
                )
        if self.kind == "fastCgi":
            self._check_fastcgi()
        else:
            check_settings(self.platform_settings)

    def _check_fastcgi(self) -> None:
        for character in "%|":
            if character in self.script_processor.replace("|", "", 1):
                raise InvalidInput(
                    f"The FastCGI path '{self.script_processor}' contains '{character}'; IIS compares it literally "
                    "with the path that the runtime registered.",
                    r"Use a literal path, such as D:\home\python364x64\python.exe.",
                )
        if self.entry_point is not None and not self.entry_point.strip():
            raise InvalidInput("The entry point is empty.", "Name it with --app MODULE:OBJECT.")


@dataclass(frozen=True)
class Unused:
    """The settings in a web.config for the other kind of handler, which are not in use now.

    process_path, arguments: those of an <httpPlatform>; "" and None where there is none. environment: its
    environmentVariables, or the appSettings. They may contain the app's secrets: do not log them.
    shared: another handler of the same level uses that <httpPlatform>.
    """

    process_path: str = ""
    arguments: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False

    @property
    def program(self) -> Program:
        """Return what that <httpPlatform> would start."""
        return understand(self.process_path, self.arguments)


@dataclass(frozen=True)
class PythonHandler:
    """What an app's web.config runs now.

    python_path: as written in the file; "" where only settings are there, and no handler that starts Python yet
        (`read_settings`). wfastcgi_path and entry_point: fastCgi only; entry_point is the app's own even
        when the old PTVS proxy stands before it. arguments: httpPlatform only.
    environment: every appSetting beside WSGI_HANDLER, as wfastcgi reads them (fastCgi), or the environmentVariables
        (httpPlatform). It may hold the app's secrets: do not log it.
    handler_name: what `<remove name="…"/>` in a static folder's web.config has to name.
    path, verb: which requests it takes. location: the part of the site whose <location> it is in, "" for all of it.
    """

    kind: Kind
    python_path: str
    wfastcgi_path: str | None
    entry_point: str | None
    arguments: str | None
    environment: dict[str, str]
    handler_name: str
    path: str = "*"
    verb: str = "*"
    location: str = ""
    unused: Unused = Unused()

    @property
    def program(self) -> Program:
        """Return what it starts, as a program with arguments."""
        return understand(self.python_path, self.arguments)

    @property
    def python_paths(self) -> tuple[str, ...]:
        """Return every python.exe that it may need, the likeliest first; () where the file does not say.

        A scriptProcessor that is a folder stands for the python.exe in it; a placeholder for none.
        """
        path = self.python_path
        if self.kind == "httpPlatform":
            # IIS expands a processPath: "%SystemRoot%\\System32\\cmd.exe" may start a known Python.
            return tuple(each for each in self.program.python_paths if not _PLACEHOLDER.search(each))
        if not path or _PLACEHOLDER.search(path):
            return ()
        return (path,) if path.lower().endswith(".exe") else (ntpath.join(path.rstrip("\\/"), "python.exe"),)

    @property
    def command_text(self) -> str | None:
        """Return what tells which application is served: WSGI_HANDLER for fastCgi, the arguments for httpPlatform."""
        return self.entry_point if self.kind == "fastCgi" else self.arguments

    @property
    def python_exe(self) -> str:
        """Return the python.exe that it most likely needs; python_path itself where that is unknown."""
        return next(iter(self.python_paths), self.python_path)

    @property
    def part(self) -> str | None:
        """Return the part of the site that it is for, for messages; None when Python gets every request."""
        parts = [f"the location '{self.location}'"] if self.location else []
        if self.path not in ("*", "/*"):
            parts.append(f"the path '{self.path}'")
        if "*" not in self.verb:
            parts.append(f"the verbs {self.verb}")
        return " and ".join(parts) or None


@dataclass(frozen=True)
class Edit:
    """A new web.config: its bytes, whether they differ from the old ones, and one sentence for each thing to know.

    notes: all of them. remarks: those of notes that say what stays as it is; warnings: those of remarks that tell a
        fault.
    """

    content: bytes
    changed: bool
    notes: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Notes:
    """Collect the sentences of an Edit, in order.

    all: every sentence. remarks: what stays as it is. warnings: the remarks that report a fault.
    """

    def __init__(self) -> None:
        self.all: list[str] = []
        self.remarks: list[str] = []
        self.warnings: list[str] = []

    def done(self, sentence: str) -> None:
        """Add a change."""
        self.all.append(sentence)

    def remark(self, sentence: str) -> None:
        """Add something that stays as it is."""
        self.all.append(sentence)
        self.remarks.append(sentence)

    def warn(self, sentence: str) -> None:
        """Add a fault of the file that stays."""
        self.remark(sentence)
        self.warnings.append(sentence)
