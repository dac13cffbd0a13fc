"""The output of a failed pip run: the facts in its lines that tell why it failed."""

from __future__ import annotations

import re

# The runner's first line: "Python 3.8.10 cp38 win_amd64 at D:\home\...".
_PYTHON = re.compile(r"Python (?P<version>\S+) (?P<tag>cp\d+) (?P<platform>win\S*|\S+) at ")
_SOURCE = re.compile(
    r"(?:Downloading|Using cached|Processing) (?:\S*[/\\])?(?P<name>[A-Za-z0-9][\w.-]*?)"
    r"-(?P<version>\d[\w.+!]*?)\.(?:tar\.gz|tar\.bz2|zip|tgz)\b"
)
_BUILD_FAILED = (
    re.compile(r"Failed building wheel for (?P<name>[\w.-]+)"),
    re.compile(r"Could not build wheels for (?P<name>[\w.-]+)"),
    re.compile(r"Failed to build '?(?!installable wheels)(?P<name>[\w.-]+)"),
    re.compile(r"Failed to build installable wheels for .*\((?P<name>[\w.-]+)"),
    re.compile(
        r"Command .*(?:setup\.py|egg_info).* failed with error code \d+ in "
        r"\S*[/\\](?P<name>[\w.-]+)[/\\]?$"
    ),
)
_NO_COMPILER = re.compile(
    r"Microsoft Visual C\+\+ .*is required|Unable to find vcvarsall\.bat|"
    r"command '(?:cl|gcc|cc|link|[^']*cl)(?:\.exe)?' failed|cl\.exe|No (?:working )?C compiler|"
    r"Unknown compiler|can't find Rust compiler|Fortran compiler",
    re.IGNORECASE,
)
_BUILDING = re.compile(
    r"metadata-generation-failed|subprocess-exited-with-error|finished with status 'error'|"
    r"egg_info.*(?:failed with error code|Check the logs)",
    re.IGNORECASE,
)
_GIT = re.compile(
    r"× git \S+ .*did not run successfully|Command errored out with exit status \d+: git |"
    r'Command "git .*" failed with error code'
)
_NO_VERSION = re.compile(
    r"Could not find a version that satisfies the requirement (?P<requirement>.+?)"
    r"(?: \((?:from .*?\) \()?from versions: (?P<versions>.*?)\)"
    r"| \(from [^()]*(?:\([^()]*\))?\))?$"
)
_OTHER_PYTHON = re.compile(
    r"Ignored the following versions that require a different python version: "
    r"(?:.*; )?(?P<version>\S+) Requires-Python (?P<python>[^;]+)"
)
# Only the last retry means that an index could not be reached; an earlier one may have been followed by success.
_INDEX_ERROR = (
    re.compile(r"Retrying \(Retry\(total=0,.*after connection broken by '(?P<reason>.*)': "),
    re.compile(
        r"Could not fetch URL \S+: (?P<reason>There was a problem confirming the ssl certificate: .*?)"
        r"(?: - skipping)?$"
    ),
    re.compile(r"(?P<reason>(?:The repository located at )?(?<!\S)\S+ is not a trusted or secure host)"),
    re.compile(r"(?P<reason>401 Error, Credentials not correct for \S+)"),
)
_DISK_FULL = re.compile(
    r"\[Errno 28\]|\[WinError (?:112|39|1816)\]|No space left on device|"
    r"not enough (?:free )?space on the disk",
    re.IGNORECASE,
)
_UNIX_ONLY = re.compile(
    r"(?:not|n't) (?:\w+ )?(?:support|supported|run|work|available|compatible|implemented)\b[^.]{0,40}\bWindows\b|"
    r"\bWindows (?:is|are) (?:\w+ )?(?:not|un)[- ]?(?:\w+ )?supported|"
    r"\bonly (?:\w+ )?(?:supports?|supported|works?|runs?|available)\b[^.]{0,30}\b(?:Linux|Unix|POSIX|macOS)\b|"
    r"\brequires? (?:an? )?(?:macOS|Linux|Unix|POSIX|Darwin)\b|"
    r"\b(?:Linux|Unix|POSIX)[- ]only\b|module '?os'? has no attribute "
    r"'(?:uname|fork|getuid|geteuid|getgid|getegid|sysconf|getpgrp|setsid|mkfifo|WNOHANG)'|"
    r"No module named '?(?:pwd|grp|fcntl|resource|termios)'?$",
    re.IGNORECASE,
)
# Errors of sources that were written for another Python, or for setuptools before version 58.
_TOO_OLD = re.compile(
    r"use_2to3 is invalid|Missing parentheses in call to 'print'|ImpImporter|"
    r"No module named '?(?:distutils|imp|pkg_resources|setuptools\.[\w.]+)'?$|SafeConfigParser|"
    r"cannot import name '?(?:Mapping|MutableMapping|Iterable|Callable|Sequence)'? from "
    r"'collections'|"
    r"module 'collections' has no attribute|module 'inspect' has no attribute 'getargspec'",
    re.ASCII,
)
_REPLACED = re.compile(r"\b(?:package )?is deprecated,? (?:please )?use '?(?P<name>[A-Za-z0-9][\w.-]*\w)'?(?: |$)")
_WRONG_WHEEL = re.compile(r"(?:ERROR: )?(?P<name>\S+\.whl) is not a supported wheel on this platform")
_HTTP_ERROR = re.compile(r"Could not install requirement .* because of (?:HTTP )?error (?P<name>4\d\d)\b")
_NOT_UNINSTALLABLE = re.compile(r"Cannot uninstall '?(?P<name>[A-Za-z0-9][\w.-]*\w)\b")
_LONG_PATH = "does not have Windows Long Path support enabled"
# Whether hashes are missing (True) or wrong (False).
_HASH_ERRORS = {
    "THESE PACKAGES DO NOT MATCH THE HASHES": False,
    "Hashes are required in --require-hashes mode": True,
    "all requirements must have their versions pinned with ==": True,
}


class PipOutput:
    """What the lines of a job's log say about why pip failed.

    python, tag: the runtime's version ("3.8.10") and wheel tag ("cp38 win_amd64").
    sources: the version of each source package that pip used, by canonical name; last_source: the name of the last.
    build_failed: the package whose wheel could not be built. no_compiler: a build did not find a compiler.
    building, git: a build or git failed. disk_full, conflict, circular, long_path: pip reported that.
    no_version: the line about a requirement without a matching version. other_python: the line about a newer version
        that needs another Python. index_error: why an index could not be used.
    unix_only: a package said that it does not support Windows. too_old: a source is for an older Python or setuptools.
    replaced_by: the package that a deprecated one names. wrong_wheel: the name of a wheel for another platform.
    http_status: of a requirement's address. not_uninstallable: the package that pip could not uninstall.
    hashes_missing: True where hashes are missing, False where they differ, None for neither.
    """

    def __init__(self) -> None:
        self.python, self.tag = "this Python", "this Python on Windows"
        self.sources: dict[str, str] = {}
        self.last_source: str | None = None
        self.build_failed: str | None = None
        self.no_compiler = self.building = self.git = False
        self.disk_full = self.conflict = self.circular = self.long_path = False
        self.no_version: re.Match[str] | None = None
        self.other_python: re.Match[str] | None = None
        self.index_error: str | None = None
        self.unix_only = self.too_old = False
        self.replaced_by: str | None = None
        self.wrong_wheel: str | None = None
        self.http_status: str | None = None
        self.not_uninstallable: str | None = None
        self.hashes_missing: bool | None = None

    def take(self, line: str) -> None:
        """Read the next line."""
        python = _PYTHON.match(line)
        if python:
            self.python, self.tag = python["version"], f"{python['tag']} {python['platform']}"
        source = _SOURCE.search(line)
        if source:
            self.last_source = source["name"]
            self.sources[canonical(source["name"])] = source["version"]
        self._take_build(line)
        self._take_signs(line)

    def _take_build(self, line: str) -> None:
        for pattern in _BUILD_FAILED:
            failed = pattern.search(line)
            if failed and self.build_failed is None:
                self.build_failed = failed["name"]
        self.no_compiler = self.no_compiler or _NO_COMPILER.search(line) is not None
        self.building = self.building or _BUILDING.search(line) is not None
        self.unix_only = self.unix_only or _UNIX_ONLY.search(line) is not None
        self.too_old = self.too_old or _TOO_OLD.search(line) is not None
        replaced = _REPLACED.search(line)
        self.replaced_by = replaced["name"] if replaced else self.replaced_by

    def _take_signs(self, line: str) -> None:
        self.git = self.git or _GIT.search(line) is not None
        self.disk_full = self.disk_full or _DISK_FULL.search(line) is not None
        self.circular = self.circular or line.startswith("RecursionError: maximum recursion depth")
        self.conflict = self.conflict or "The conflict is caused by:" in line
        self.long_path = self.long_path or _LONG_PATH in line
        self.no_version = _NO_VERSION.search(line) or self.no_version
        self.other_python = _OTHER_PYTHON.search(line) or self.other_python
        for pattern in _INDEX_ERROR:
            error = pattern.search(line)
            self.index_error = _innermost(error["reason"]) if error else self.index_error
        wheel, status, stuck = _WRONG_WHEEL.search(line), _HTTP_ERROR.search(line), _NOT_UNINSTALLABLE.search(line)
        self.wrong_wheel = wheel["name"] if wheel else self.wrong_wheel
        self.http_status = status["name"] if status else self.http_status
        self.not_uninstallable = stuck["name"] if stuck else self.not_uninstallable
        for sign, missing in _HASH_ERRORS.items():
            self.hashes_missing = missing if sign in line else self.hashes_missing

    @property
    def versions(self) -> str | None:
        """Return the versions that pip found for the requirement, "" for none; None when it did not list them."""
        found = self.no_version["versions"] if self.no_version is not None else None
        return None if found is None else found.strip().replace("none", "")

    def with_version(self, name: str) -> str:
        """Return a package's name with the version of its source, where known: "lxml 4.9.3"."""
        return f"{name} {self.sources.get(canonical(name), '')}".rstrip()


def canonical(name: str) -> str:
    """Return a project name in its canonical form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _innermost(reason: str) -> str:
    """Return the quoted texts in a nested exception."""
    text = re.sub(r"<[^<>]*>:? ?", "", reason)
    quoted = [single or double for single, double in re.findall(r"'([^']{6,})'|\"([^\"]{6,})\"", text)]
    found = ": ".join(part.rstrip(".") for part in quoted[-2:]) or text
    return found if len(found) <= 200 else found[:200] + " …"
