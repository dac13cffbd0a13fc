"""How pip is called on the worker: what goes on its command line, and what travels out of sight."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_CREDENTIALS = re.compile(r"://[^/\s]*@")


@dataclass(frozen=True)
class JobFile:
    """A file of the job's own folder, as an argument of pip. path: '/'-separated; "" is the folder itself."""

    path: str

    def to_json(self) -> dict[str, str]:
        """As request.json holds it; the runner makes a full path of it."""
        return {"job": self.path}


@dataclass(frozen=True)
class HomeFile:
    """A file below %HOME%, as an argument of pip. path: '/'-separated, such as "site/wwwroot/requirements.txt"."""

    path: str

    def to_json(self) -> dict[str, str]:
        """As request.json holds it; the runner makes a full path of it."""
        return {"home": self.path}


Argument = str | JobFile | HomeFile


@dataclass(frozen=True)
class PipOptions:  # pylint: disable=too-many-instance-attributes
    """What the user may ask of `pip install -r`.

    constraints, wheel_dir: files on the worker. index_url and extra_index_urls may hold credentials.
    """

    upgrade: bool = False
    pre: bool = False
    no_index: bool = False
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    require_hashes: bool = False
    constraints: tuple[JobFile | HomeFile, ...] = ()
    wheel_dir: JobFile | HomeFile | None = None

    def normalised(self) -> dict[str, Any]:
        """The options that make a difference to the result, without credentials, to be kept in the record."""
        options: dict[str, Any] = {}
        for name in ("upgrade", "pre", "no_index", "require_hashes"):
            if getattr(self, name):
                options[name] = True
        if self.index_url:
            options["index_url"] = without_credentials(self.index_url)
        if self.extra_index_urls:
            options["extra_index_urls"] = [without_credentials(url) for url in self.extra_index_urls]
        return options


@dataclass(frozen=True)
class PipCommand:
    """One call of pip. arguments: shown to anybody; environment: kept in a file that the job deletes at once."""

    arguments: tuple[Argument, ...]
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def install(requirements: JobFile | HomeFile, options: PipOptions) -> PipCommand:
    """The call of `pip install -r`.

    Index addresses go in pip's environment, never on a command line: Kudu traces command lines, and the worker's
    process list shows them (facts/python-site-extensions.md 4.8). Several are separated by blanks there.
    """
    arguments: list[Argument] = ["install"]
    for name in ("upgrade", "pre", "no_index", "require_hashes"):
        if getattr(options, name):
            arguments.append("--" + name.replace("_", "-"))
    if options.wheel_dir is not None:
        arguments += ["--find-links", options.wheel_dir]
    for constraint in options.constraints:
        arguments += ["-c", constraint]
    arguments += ["-r", requirements]
    environment = {}
    if options.index_url:
        environment["PIP_INDEX_URL"] = options.index_url
    if options.extra_index_urls:
        environment["PIP_EXTRA_INDEX_URL"] = " ".join(options.extra_index_urls)
    return PipCommand(tuple(arguments), environment)


def without_credentials(text: str) -> str:
    """The text without the `user:password@` of any URL in it."""
    return _CREDENTIALS.sub("://", text)


def masked(text: str) -> str:
    """The text with `****@` in place of the `user:password@` of any URL in it."""
    return _CREDENTIALS.sub("://****@", text)


def has_credentials(content: bytes) -> bool:
    """Whether a file holds a URL with credentials. content: as it is, UTF-16 included."""
    return _CREDENTIALS.search(content.replace(b"\0", b"").decode("latin-1")) is not None
