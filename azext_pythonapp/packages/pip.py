"""The pip commands that run on the worker: their arguments, and the variables that hold credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azext_pythonapp.packages import cooldown
from azext_pythonapp.packages.index_urls import needs_decoding
from azext_pythonapp.packages.pip_versions import ENCODED_EXTRA_INDEX, ENCODED_INDEX
from azext_pythonapp.url_secrets import has_secrets, without_secrets
from azext_pythonapp.url_secrets import masked as _masked

masked = _masked
has_credentials = has_secrets
_FLAGS = ("upgrade", "pre", "no_deps", "require_hashes")


@dataclass(frozen=True)
class JobFile:
    """A file in the job's own folder, as an argument of pip. path: '/'-separated; "" is the folder itself."""

    path: str

    def to_json(self) -> dict[str, str]:
        """Return its form in request.json; the runner turns it into a full path."""
        return {"job": self.path}


@dataclass(frozen=True)
class HomeFile:
    """A file below %HOME%, as an argument of pip. path: '/'-separated, such as "site/wwwroot/requirements.txt"."""

    path: str

    def to_json(self) -> dict[str, str]:
        """Return its form in request.json; the runner turns it into a full path."""
        return {"home": self.path}


Argument = str | JobFile | HomeFile


@dataclass(frozen=True)
class PipOptions:
    """The user's options for `pip install -r`.

    constraints, wheel_dir: files on the worker. index_url, extra_index_urls, proxy and environment may contain
    credentials. only_binary: package names or ":all:". uploaded_prior_to: as cooldown.parse returns it. more: further
    arguments, environment: further variables, as pip_arguments.parse returns them.
    """

    upgrade: bool = False
    pre: bool = False
    no_index: bool = False
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    require_hashes: bool = False
    no_deps: bool = False
    only_binary: str | None = None
    proxy: str | None = None
    uploaded_prior_to: str | None = None
    more: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    constraints: tuple[JobFile | HomeFile, ...] = ()
    wheel_dir: JobFile | HomeFile | None = None

    @property
    def features(self) -> list[str]:
        """Return the options in use that not every pip supports."""
        names = ["--require-hashes"] if self.require_hashes else []
        names += ["--only-binary"] if self.only_binary else []
        names += ["--constraint"] if self.constraints else []
        names += [ENCODED_INDEX] if self.index_url and not self.no_index and needs_decoding(self.index_url) else []
        names += [ENCODED_EXTRA_INDEX] if any(map(needs_decoding, self.extra_index_urls)) else []
        return names + [word for word in self.more if word.startswith("--")]

    def normalised(self) -> dict[str, Any]:
        """Return the options that affect the result, without credentials, for the record."""
        options: dict[str, Any] = {}
        for name in (*_FLAGS, "no_index"):
            if getattr(self, name):
                options[name] = True
        if self.only_binary:
            options["only_binary"] = self.only_binary
        if self.uploaded_prior_to:
            options["uploaded_prior_to"] = self.uploaded_prior_to
        if self.more or self.environment:
            options["more"] = [
                *self.more,
                *(f"{name}={without_secrets(value)}" for name, value in sorted(self.environment.items())),
            ]
        if self.index_url:
            options["index_url"] = without_secrets(self.index_url)
        if self.extra_index_urls:
            options["extra_index_urls"] = [without_secrets(url) for url in self.extra_index_urls]
        return options


@dataclass(frozen=True)
class PipCommand:
    """One pip command. arguments: visible to anybody; environment: in a file that the job deletes at once."""

    arguments: tuple[Argument, ...]
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def install(requirements: JobFile | HomeFile, options: PipOptions) -> PipCommand:
    """Return the command `pip install -r`.

    Index addresses are passed as variables, never on a command line: Kudu traces command lines, and the worker's
    process list shows them (docs/platform/site-extensions.md 4.8). Several are separated by blanks.
    """
    arguments: list[Argument] = ["install"]
    for name in _FLAGS:
        if getattr(options, name):
            arguments.append("--" + name.replace("_", "-"))
    if options.only_binary:
        arguments += ["--only-binary", options.only_binary]
    if options.uploaded_prior_to:
        arguments += [cooldown.OPTION, options.uploaded_prior_to]
    arguments += sources(options)
    for constraint in options.constraints:
        arguments += ["-c", constraint]
    arguments += [*options.more, "-r", requirements]
    return PipCommand(tuple(arguments), environment(options))


def gather(requirements: JobFile | HomeFile, options: PipOptions, folder: JobFile, build: bool) -> PipCommand:
    """Return the command that collects wheels of the requirements and their dependencies in a folder.

    build: whether pip builds wheels of source packages. Before pip 10 that needs the package wheel, so source packages
    are downloaded as they are.
    """
    arguments: list[Argument] = ["wheel", "--wheel-dir", folder] if build else ["download", "--dest", folder]
    arguments += ["--pre"] if options.pre else []
    arguments += sources(options)
    for constraint in options.constraints:
        arguments += ["-c", constraint]
    return PipCommand((*arguments, "-r", requirements), environment(options))


def install_pip(requirement: str, options: PipOptions) -> PipCommand:
    """Return the command that changes pip's own version, from the same index or wheel folder as the packages.

    requirement: such as "pip<=21.3.1".
    """
    return PipCommand(("install", "--upgrade", *sources(options), requirement), environment(options))


def uninstall(requirements: JobFile | HomeFile) -> PipCommand:
    """Return the command `pip uninstall -r`."""
    return PipCommand(("uninstall", "-y", "-r", requirements))


def list_outdated(options: PipOptions) -> PipCommand:
    """Return the command that lists outdated packages as one line of JSON; for pip 9 and newer."""
    pre = ("--pre",) if options.pre else ()
    return PipCommand(("list", "--outdated", "--format=json", *pre, *sources(options)), environment(options))


def sources(options: PipOptions) -> list[Argument]:
    """Return the arguments that say where packages come from, without credentials."""
    arguments: list[Argument] = ["--no-index"] if options.no_index else []
    return arguments + (["--find-links", options.wheel_dir] if options.wheel_dir is not None else [])


def restore_arguments(options: PipOptions) -> tuple[Argument, ...]:
    """Return the arguments for restoring packages: from the same places and in the same way as in the run."""
    return (*sources(options), *(word for word in options.more if word not in ("-I", "--ignore-installed")))


def environment(options: PipOptions) -> dict[str, str]:
    """Return the variables for pip that say where packages come from and may contain credentials.

    pip assumes HTTP for a proxy without a scheme; with a scheme, its credentials can be recognised and masked.
    """
    variables = dict(options.environment)
    if options.index_url:
        variables["PIP_INDEX_URL"] = options.index_url
    if options.extra_index_urls:
        variables["PIP_EXTRA_INDEX_URL"] = " ".join(options.extra_index_urls)
    if options.proxy:
        variables["PIP_PROXY"] = options.proxy if "://" in options.proxy else f"http://{options.proxy}"
    return variables
