"""uv in place of pip: which version, what pip's call is for it, and where it would not mean the same.

Facts about uv, with their sources: docs/platform/uv.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from azext_pythonapp.packages.pip import Argument, HomeFile, JobFile, PipOptions

VERSION = "0.13.9"
_TOOLS = "data/pythonapp/tools"
# An index page of uv's own wheels, and the requirement with which pip gets one.
PROJECT = "uv"
REQUIREMENT = f"{PROJECT}=={VERSION}"
# Options of pip that change nothing in what is installed by uv, with and without a value.
_WITHOUT_EFFECT = (
    "-v",
    "-vv",
    "-vvv",
    "--verbose",
    "--no-compile",
    "--no-warn-script-location",
    "--no-warn-conflicts",
    "--no-input",
    "--no-color",
    "--disable-pip-version-check",
    "--no-python-version-warning",
    "--use-pep517",
    "--no-clean",
    "--debug",
    "--break-system-packages",
)
_VALUES_WITHOUT_EFFECT = ("--progress-bar", "--root-user-action")
_FLAGS = {
    "--compile": "--compile-bytecode",
    "--force-reinstall": "--reinstall",
    "--no-cache-dir": "--no-cache",
    "--no-build-isolation": "--no-build-isolation",
}
_VALUED = {
    "--find-links": "--find-links",
    "--trusted-host": "--allow-insecure-host",
    "--config-settings": "--config-setting",
    "--config-setting": "--config-setting",
}
# uv takes these from variables only; the runner translates those of pip (jobs/runner/uv_settings.py).
_BY_VARIABLE = {
    "--timeout": "PIP_TIMEOUT",
    "--default-timeout": "PIP_TIMEOUT",
    "--retries": "PIP_RETRIES",
    "--cert": "PIP_CERT",
    "--client-cert": "PIP_CLIENT_CERT",
}


@dataclass(frozen=True)
class Build:
    """uv for one kind of Python. wheel: its file's name. sha256: of wheel and uv.exe; size: of uv.exe, in bytes."""

    wheel: str
    wheel_sha256: str
    sha256: str
    size: int
    folder: str

    @property
    def program(self) -> HomeFile:
        """Return where uv.exe is on an app."""
        return HomeFile(f"{self.folder}/uv.exe")

    @property
    def marker(self) -> str:
        """Return the name of the file beside uv.exe that shows that it is complete: it is written after it."""
        return f"uv.exe.{self.sha256}"

    @property
    def member(self) -> str:
        """Return the path of uv.exe in the wheel."""
        return f"{PROJECT}-{VERSION}.data/scripts/uv.exe"


# By architecture of the Python. As the index had them on 2026-11-27 (docs/platform/uv.md 1).
BUILDS = {
    "x64": Build(
        f"uv-{VERSION}-py3-none-win_amd64.whl",
        "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b",
        "7e6349bc24cfc7249f892c41298e4371826a19008c3cbcfe13eacd08ac398470",
        32581424,
        f"{_TOOLS}/uv-{VERSION}",
    ),
    "x86": Build(
        f"uv-{VERSION}-py3-none-win32.whl",
        "3eeeb51a267a2144640fcd8f38d4a2f63439b39bc47445fd84727c3fc462c843",
        "5d108399068e4932b361beaf180e2ad6fd16ea5173eee846af61c621b5a14c5e",
        34045232,
        f"{_TOOLS}/uv-{VERSION}/win32",
    ),
}
# Its cache on the app, for all Pythons.
CACHE = HomeFile(f"{_TOOLS}/uv-cache")


@dataclass(frozen=True)
class UvInstall:
    """What a job needs to call uv in place of pip.

    build: which uv. calls: of `uv pip install`, one after the other; each has its arguments, without what the runner
    adds: the Python, the cache and how files are copied. together: one call that comes to the same as all of them where
    uv finds a solution for it, and is tried first; None for none. environment: variables of pip, which the runner
    translates. own_index: whether a requirements file names the index itself, which then counts for pip, and not for
    uv, where a setting on the worker names another one.
    fetched: whether the worker's pip may download uv, from the index of the packages, when it is not there.
    or_pip: whether pip tries what uv could not, when that failed before it changed anything.
    """

    build: Build
    calls: tuple[tuple[Argument, ...], ...]
    together: tuple[Argument, ...] | None = None
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    own_index: bool = False
    fetched: bool = False
    or_pip: bool = False


def install(
    requirements: JobFile | HomeFile,
    options: PipOptions,
    names: tuple[str, ...] = (),
    hashes: bool = False,
    pages: tuple[JobFile, ...] = (),
    fresh: tuple[str, ...] = (),
) -> tuple[tuple[Argument, ...], dict[str, str]]:
    """Return the arguments of `uv pip install` that mean what pip.install() means to pip, and variables of pip.

    names: the required packages; `--upgrade` of pip upgrades those, and others only where that is needed, while
    that of uv upgrades all. hashes: whether a requirement has a hash: pip wants one for each package then. pages: of
    links to wheels, beside that of the options. fresh: packages of which the index is asked anew, as pip asks it for
    all; of others uv believes what it was told up to ten minutes ago (docs/platform/uv.md 2).
    Indexes, the proxy and what may be secret stay in pip's variables, which the runner translates.
    Raises ValueError for an option without an equal: `why_pip` finds those first.
    """
    arguments: list[Argument] = []
    if options.upgrade:
        arguments += [word for name in names for word in ("--upgrade-package", name)]
    arguments += ["--refresh"] if options.upgrade else []
    arguments += [] if options.upgrade else [word for name in fresh for word in ("--refresh-package", name)]
    arguments += ["--prerelease", "allow"] if options.pre else []
    arguments += ["--exclude-newer", options.uploaded_prior_to] if options.uploaded_prior_to else []
    arguments += ["--no-deps"] if options.no_deps else []
    arguments += ["--require-hashes"] if options.require_hashes or hashes else []
    for name in _names(options.only_binary):
        arguments += ["--only-binary", name]
    arguments += ["--no-index"] if options.no_index else []
    for page in (*pages, *([options.wheel_dir] if options.wheel_dir is not None else [])):
        arguments += ["--find-links", page]
    for constraint in options.constraints:
        arguments += ["-c", constraint]
    variables: dict[str, str] = {}
    for option, value in pairs(options.more):
        arguments += _translated(option, value, variables)
    return (*arguments, "-r", requirements), variables


def pairs(words: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Return the options that pip_arguments.parse has returned, with their values; None for a flag."""
    found: list[tuple[str, str | None]] = []
    for word in words:
        if word.startswith("-"):
            name, assigned, value = word.partition("=")
            found.append((name, value if assigned else None))
        elif found:
            found[-1] = (found[-1][0], word)
    return found


def untranslatable(option: str, value: str | None) -> str | None:
    """Return why an option of pip has no equal in uv, as the end of a sentence; None where it has one."""
    try:
        _translated(option, value, {})
    except ValueError as error:
        return str(error)
    return None


def _translated(option: str, value: str | None, variables: dict[str, str]) -> list[str]:
    """Return an option of pip as words for uv; one that uv takes from a variable is added to `variables`."""
    if option in _WITHOUT_EFFECT and value is None or option in _VALUES_WITHOUT_EFFECT and value is not None:
        return []
    if option in _FLAGS and value is None:
        return [_FLAGS[option]]
    if (option, value) in (("--upgrade-strategy", "only-if-needed"), ("--keyring-provider", "disabled")):
        return []
    if option in _VALUED and value is not None:
        return [_VALUED[option], value]
    if option in _BY_VARIABLE and value is not None:
        variables[_BY_VARIABLE[option]] = value
        return []
    shown = (
        option if value is None or option not in ("--upgrade-strategy", "--keyring-provider") else f"{option} {value}"
    )
    raise ValueError(f"uv has nothing that means the same as {shown}")


def _names(only_binary: str | None) -> list[str]:
    """Return the names of --only-binary, which uv takes one by one; ":none:" empties the list, as in pip."""
    names = [each.strip() for each in (only_binary or "").split(",") if each.strip()]
    if ":none:" in names:
        names = names[len(names) - names[::-1].index(":none:") :]
    return names
