"""The output of a failed pip run: the facts in its lines that tell why it failed."""

from __future__ import annotations

import re

from azext_pythonapp.packages.build_output import BuildOutput
from azext_pythonapp.packages.conflict import Conflict
from azext_pythonapp.packages.index_answers import IndexAnswers
from azext_pythonapp.packages.uv_output import UvOutput
from azext_pythonapp.packages.version_words import pinned_version, satisfying

# The runner's first line: "Python 3.8.10 cp38 win_amd64 at D:\home\...".
_PYTHON = re.compile(r"Python (?P<version>\S+) (?P<tag>cp\d+) (?P<platform>win\S*|\S+) at ")
_SOURCE = re.compile(
    r"(?:Downloading|Using cached|Processing) (?:\S*[/\\])?(?P<name>[A-Za-z0-9][\w.-]*?)"
    r"-(?P<version>\d[\w.+!]*?)\.(?:tar\.gz|tar\.bz2|zip|tgz)\b"
)
_SOURCE_OF_UV = re.compile(r"error: Failed to (?:download and )?build `(?P<name>[\w.-]+)==(?P<version>[^`]+)`")
_BUILD_FAILED = (
    re.compile(r"Failed building wheel for (?P<name>[\w.-]+)"),
    re.compile(r"Could not build wheels for (?P<name>[\w.-]+)"),
    re.compile(r"^error: Failed to (?:download and )?build `(?P<name>[\w.-]+)"),
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
# Versions that need another Python: the runner's line names the package, pip's does not.
_OTHER_PYTHONS = re.compile(r"For other Pythons: (?P<name>\S+) (?P<groups>.*)")
_GROUP = re.compile(r"(?P<versions>[^;()]+) \((?P<python>[^()]*)\)(?:; |$)")
_IGNORED = re.compile(r"Ignored the following versions that require a different python version: (?P<rows>.*)")
_IGNORED_ROW = re.compile(r"(?P<version>\S+) Requires-Python (?P<python>[^;]+)")
_YANKED = re.compile(r"Ignored the following yanked versions: (?P<versions>.*)")
# One package that needs another Python: of pip 20 and newer, and of older ones.
_WRONG_PYTHON = (
    re.compile(r"Package '?(?P<name>[^' ]+)'? requires a different Python: \S+ not in '(?P<python>[^']*)'"),
    re.compile(r"(?P<name>\S+) requires Python '(?P<python>[^']*)' but the running Python is"),
)
_DOWNLOADED = re.compile(
    r"(?:Downloading|Using cached|Processing|Saved) (?:\S*[/\\])?(?P<name>[A-Za-z0-9][\w.]*)-(?P<version>\d[^-\s]*)"
    r"-\S*\.whl"
)
_NO_GIT = re.compile(
    r"Cannot find command '(?P<name>git|hg|svn|bzr)'|while executing command (?P<other>git|hg|svn|bzr) |"
    r"(?:No such file or directory|cannot find the file specified): '(?P<third>git|hg|svn|bzr)'"
)
_TOO_DEEP = re.compile(r"resolution-too-deep|ResolutionTooDeep|Dependency resolution exceeded maximum depth")
_INCOMPLETE = re.compile(
    r"Download failed (?:because|after)|incomplete-download|"
    r"Could not install packages due to an \w+: HTTPS?ConnectionPool",
    re.IGNORECASE,
)
_BAD_LINE = re.compile(
    r"^(?:ERROR: )?Invalid requirement: (?P<quote>['\"]?)(?P<text>.+?)(?P=quote)(?:: (?P<why>[^'\"].*)| \(from.*)?$"
)
_PLACE = re.compile(r"\(from line (?P<line>\d+) of (?P<file>[^)]*)\)")
_BAD_OPTION = re.compile(r"\S*\.py: error: (?P<why>.+)$")
_NO_FILE = re.compile(r"Could not open requirements file: .*?(?P<quote>['\"])(?P<name>.+?)(?P=quote)")
_NO_SETUPTOOLS = re.compile(r"No module named '?setuptools'?$|Could not import setuptools which is required")
_NO_PIP = re.compile(r"No module named '?pip'?$")
_ONLY_BINARY = re.compile(r"pip (?:install|wheel|download) .*--only-binary\b")
_RAISED = re.compile(
    r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|TooDeep|BadZip[Ff]ile|BackendUnavailable|VersionConflict)\b.*"
)
_DISK_FULL = re.compile(
    r"\[Errno 28\]|\[WinError (?:112|39|1816)\]|No space left on device|"
    r"not enough (?:free )?space on the disk|\(os error (?:28|39|112|1816)\)",
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
    r"No module named '?(?:distutils|imp|pkg_resources|setuptools\.[\w.]+|ConfigParser|urllib2|urlparse|cStringIO|"
    r"StringIO|httplib|__builtin__)'?$|SafeConfigParser|"
    r"cannot import name '?(?:Mapping|MutableMapping|Iterable|Callable|Sequence)'? from "
    r"'collections'|"
    r"module 'collections' has no attribute|module 'inspect' has no attribute 'getargspec'",
    re.ASCII,
)
_REPLACED = re.compile(r"\b(?:package )?is deprecated,? (?:please )?use '?(?P<name>[A-Za-z0-9][\w.-]*\w)'?(?: |$)")
_COMPILERS = (
    (re.compile(r"Microsoft Visual C\+\+ \S+(?: or greater)?"), None),
    (re.compile(r"Rust|cargo", re.IGNORECASE), "Rust"),
    (re.compile("Fortran", re.IGNORECASE), "a Fortran compiler"),
    (re.compile(r"vcvarsall|\bcl(?:\.exe)?\b"), "Microsoft Visual C++"),
)
_WRONG_WHEEL = re.compile(r"(?:ERROR: )?(?P<name>\S+\.whl) is not a supported wheel on this platform")
_HTTP_ERROR = re.compile(
    r"Could not install requirement .* because of (?:HTTP )?error (?P<name>[45]\d\d)\b(?:.*? for url: (?P<url>\S+))?"
)
_NOT_UNINSTALLABLE = re.compile(r"Cannot uninstall '?(?P<name>[A-Za-z0-9][\w.-]*\w)\b")
# Windows says the second for a path that is too long, and the third when a folder in it could not be made.
_LONG_PATH = re.compile(
    r"does not have Windows Long Path support enabled|\[(?:Win)?Error 206\] [^'\"]*['\"]|"
    r"\[(?:Errno 2|WinError 3)\] [^'\"]*(['\"])(?P<path>.{250,})\1"
)
_LONGEST_PATH = 250
# Metadata or a version that pip refuses, of a file that the index has.
_REFUSED = re.compile(
    r"Requested (?P<requirement>\S+)(?: @ \S+)? from \S+ .*?has (?:inconsistent (?P<what>\w+): "
    r"(?:filename has|expected) '(?P<expected>[^']*)', but metadata has '(?P<found>[^']*)'|"
    r"invalid metadata: (?P<why>.*))"
)
_NO_MEMORY = re.compile(r"Could not install packages due to an \w+: \[(?:WinError (?:8|14|1455)|Errno 12)\]")
_GIT_NO_REF = re.compile(
    r"pathspec '(?P<name>[^']+)' did not match|Remote branch (?P<other>\S+) not found|"
    r"couldn't find remote ref (?P<third>\S+)"
)
_GIT_NO_HOST = re.compile(
    r"fatal: unable to access '(?P<url>[^']*)': (?P<why>(?:Could not resolve host|Failed to connect|"
    r"Connection timed out|Recv failure|SSL).*)"
)
_GIT_SSH = re.compile(r"Host key verification failed|Permission denied \(publickey")
_PROXY_ADDRESS = re.compile(
    r"(?P<why>check_hostname requires server_hostname|Missing dependencies for SOCKS support|"
    r"Not supported proxy scheme|Proxy URL had no scheme)"
)
_NO_LOCAL_FILE = re.compile(
    r"Could not install packages due to an \w+: \[Errno 2\] No such file or directory: "
    r"(['\"])(?P<name>(?:(?!\\Temp\\).)+\.(?:whl|zip|tar\.gz|tar\.bz2))\1"
)
# Whether hashes are missing (True) or wrong (False).
_HASH_ERRORS = {
    "THESE PACKAGES DO NOT MATCH THE HASHES": False,
    "Hashes are required in --require-hashes mode": True,
    "all requirements must have their versions pinned with ==": True,
}


class PipOutput:  # pylint: disable=too-many-instance-attributes
    """What the lines of a job's log say about why pip failed.

    python, tag: the runtime's version ("3.8.10") and wheel tag ("cp38 win_amd64").
    answers: of the indexes. conflict: of the requirements.
    sources: the version of each source package that pip used, by canonical name; last_source: the name of the last.
    wheels: the version of each downloaded wheel, by canonical name.
    build_failed: the package whose wheel could not be built. no_compiler: a build did not find a compiler; compiler:
    which, where it says so. building: a build failed. unix_only, too_old: the source does not support Windows, or this
    Python or its setuptools; no_setuptools: the Python has none to build with.
    replaced_by: the package that a deprecated one names. wrong_wheel: the name of a wheel for another platform.
    http_status: of a requirement's address. not_uninstallable: the package that pip could not uninstall.
    hashes_missing: True where hashes are missing, False where they differ, None for neither; hashed: pip's rows then.
    only_binary: whether pip may not use sources.
    bad_line, bad_option: matches of a requirement that is none, and of an unknown option; place: its file and line.
    raised: the exception that ended pip; raised_in: the last file in its traceback. no_git: the version control tool
    that is not there; git_failure: a match of what git could not do. refused: a match of a file that pip does not use.
    proxy: why the address of the proxy is of no use. no_local_file: a file in the requirements that is not there.
    build: what the failed build said. uv: what uv said, where it was used.
    """

    def __init__(self) -> None:
        self.python, self.tag = "this Python", "this Python on Windows"
        self.answers, self.conflict, self.build = IndexAnswers(), Conflict(), BuildOutput()
        self.uv = UvOutput()
        self.sources: dict[str, str] = {}
        self.wheels: dict[str, str] = {}
        self.last_source: str | None = None
        self.build_failed: str | None = None
        self.compiler: str | None = None
        self.no_compiler = self.building = self.git = self.no_setuptools = False
        self.disk_full = self.circular = self.long_path = self.too_deep = self.incomplete = self.no_pip = (
            self.no_memory
        ) = False
        self.no_version: re.Match[str] | None = None
        self.unix_only = self.too_old = False
        self.replaced_by: str | None = None
        self.wrong_wheel: str | None = None
        self.http_error: re.Match[str] | None = None
        self.not_uninstallable: str | None = None
        self.hashes_missing: bool | None = None
        self.hashed: list[str] = []
        self.bad_line: re.Match[str] | None = None
        self.bad_option: re.Match[str] | None = None
        self.place: re.Match[str] | None = None
        self.no_file: str | None = None
        self.no_git: str | None = None
        self.only_binary = False
        self.raised: str | None = None
        self.raised_in = ""
        self.git_failure: re.Match[str] | None = None
        self.refused: dict[str, re.Match[str]] = {}
        self.proxy: str | None = None
        self.no_local_file: str | None = None
        self.yanked: list[str] = []
        self._other_pythons: dict[str | None, dict[str, str]] = {}
        self._wrong_python: re.Match[str] | None = None
        self._in_traceback = False

    def take(self, line: str) -> None:
        """Read the next line."""
        python = _PYTHON.match(line)
        if python:
            self.python, self.tag = python["version"], f"{python['tag']} {python['platform']}"
        source, wheel = _SOURCE.search(line) or _SOURCE_OF_UV.match(line), _DOWNLOADED.search(line)
        if source:
            self.last_source = source["name"]
            self.sources[canonical(source["name"])] = source["version"]
        elif wheel:
            self.wheels[canonical(wheel["name"])] = wheel["version"]
        self.only_binary = self.only_binary or _ONLY_BINARY.match(line) is not None
        self.answers.take(line)
        self.conflict.take(line)
        self.build.take(line)
        self.uv.take(line)
        self._take_build(line)
        self._take_versions(line)
        self._take_requirements(line)
        self._take_signs(line)
        if self.uv.hashes_missing is not None:
            self.hashes_missing, self.hashed = self.uv.hashes_missing, list(self.uv.hashed)

    def _take_build(self, line: str) -> None:
        for pattern in _BUILD_FAILED:
            failed = pattern.search(line)
            if failed and self.build_failed is None:
                self.build_failed = failed["name"]
        if _NO_COMPILER.search(line):
            self.no_compiler = True
            for pattern, name in _COMPILERS:
                found = pattern.search(line)
                if found and self.compiler is None:
                    self.compiler = name or found[0]
        self.building = self.building or _BUILDING.search(line) is not None
        self.unix_only = self.unix_only or _UNIX_ONLY.search(line) is not None
        self.too_old = self.too_old or _TOO_OLD.search(line) is not None
        self.no_setuptools = self.no_setuptools or _NO_SETUPTOOLS.search(line) is not None
        replaced = _REPLACED.search(line)
        self.replaced_by = replaced["name"] if replaced else self.replaced_by

    def _take_versions(self, line: str) -> None:
        self.no_version = _NO_VERSION.search(line) or self.no_version
        other, ignored, yanked = _OTHER_PYTHONS.match(line), _IGNORED.search(line), _YANKED.search(line)
        if other:
            rows = self._other_pythons.setdefault(canonical(other["name"]), {})
            for group in _GROUP.finditer(other["groups"]):
                rows.update({version.strip(): group["python"] for version in group["versions"].split(",")})
        if ignored:
            self._other_pythons[None] = {
                row["version"]: row["python"] for row in _IGNORED_ROW.finditer(ignored["rows"])
            }
        if yanked:
            self.yanked = [each.strip() for each in yanked["versions"].split(",")]
        refused = _REFUSED.search(line)
        if refused:
            self.refused[canonical(project(refused["requirement"]))] = refused
        for pattern in _WRONG_PYTHON:
            self._wrong_python = pattern.search(line) or self._wrong_python

    def _take_requirements(self, line: str) -> None:
        self.bad_line = _BAD_LINE.search(line) or self.bad_line
        self.bad_option = _BAD_OPTION.match(line) or self.bad_option
        self.place = _PLACE.search(line) or self.place
        wheel, stuck = _WRONG_WHEEL.search(line), _NOT_UNINSTALLABLE.search(line)
        self.wrong_wheel = wheel["name"] if wheel else self.wrong_wheel
        self.http_error = _HTTP_ERROR.search(line) or self.http_error
        self.not_uninstallable = stuck["name"] if stuck else self.not_uninstallable
        absent_file = _NO_LOCAL_FILE.search(line)
        self.no_local_file = absent_file["name"].replace("\\\\", "\\") if absent_file else self.no_local_file
        missing = _NO_FILE.search(line)
        self.no_file = missing["name"] if missing else self.no_file
        for sign, absent in _HASH_ERRORS.items():
            if sign in line:
                self.hashes_missing, self.hashed = absent, []
                return
        if self.hashes_missing is not None and line[:1] == " " and line.strip():
            self.hashed.append(line.strip())

    def _take_signs(self, line: str) -> None:
        self.git = self.git or _GIT.search(line) is not None
        tool = _NO_GIT.search(line)
        self.no_git = (tool["name"] or tool["other"] or tool["third"]) if tool else self.no_git
        self.disk_full = self.disk_full or _DISK_FULL.search(line) is not None
        self.circular = self.circular or line.startswith("RecursionError: maximum recursion depth")
        long = _LONG_PATH.search(line)
        path = long["path"] if long else None
        if long and (path is None or len(path.replace("\\\\", "\\")) > _LONGEST_PATH):
            self.long_path = True
        for pattern in (_GIT_NO_REF, _GIT_NO_HOST, _GIT_SSH):
            self.git_failure = pattern.search(line) or self.git_failure
        proxy = _PROXY_ADDRESS.search(line)
        self.no_memory = self.no_memory or _NO_MEMORY.search(line) is not None
        self.proxy = proxy["why"] if proxy else self.proxy
        self.too_deep = self.too_deep or _TOO_DEEP.search(line) is not None
        self.incomplete = self.incomplete or _INCOMPLETE.search(line) is not None
        self.no_pip = self.no_pip or _NO_PIP.search(line) is not None
        if line.startswith("Traceback (most recent call last)"):
            self._in_traceback, self.raised_in = True, ""
        elif self._in_traceback and line.startswith('  File "'):
            self.raised_in = line.split('"')[1]
        elif self._in_traceback and line[:1] not in (" ", "\t", ""):
            self.raised = line.strip() if _RAISED.match(line) else self.raised
            self._in_traceback = False

    @property
    def versions(self) -> list[str] | None:
        """Return the versions that pip found for the requirement; None when it did not list them."""
        found = self.no_version["versions"] if self.no_version is not None else None
        return (
            None if found is None else [each.strip() for each in found.replace("none", "").split(",") if each.strip()]
        )

    def newest_elsewhere(self, name: str) -> tuple[str, str] | None:
        """Return the newest version of a package that is for other Pythons only, and its Requires-Python."""
        rows = self._other_pythons.get(canonical(name), {})
        version = satisfying(name, list(rows))
        return (version, rows[version]) if version is not None else None

    def needs_other_python(self) -> tuple[str, str, str] | None:
        """Return what is only there for other Pythons: name, version and Requires-Python; None when nothing is."""
        if self.no_version is not None:
            requirement = self.no_version["requirement"]
            name = project(requirement)
            for rows in (self._other_pythons.get(canonical(name), {}), self._other_pythons.get(None, {})):
                # pip's own line has the versions of all packages: only a pinned one tells which package it is of.
                known = rows is not self._other_pythons.get(None) or pinned_version(requirement) is not None
                version = satisfying(requirement, list(rows)) if known else None
                if version is not None:
                    return name, version, rows[version]
            return None
        wrong = self._wrong_python
        if wrong is None:
            return None
        version = {**self.sources, **self.wheels}.get(canonical(wrong["name"]), "")
        return wrong["name"], version, wrong["python"]

    def with_version(self, name: str) -> str:
        """Return a package's name with the version of its source, where known: "lxml 4.9.3"."""
        return f"{name} {self.sources.get(canonical(name), '')}".rstrip()


def project(requirement: str) -> str:
    """Return the name of the package that a requirement is for."""
    found = re.match(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", requirement)
    return found[0] if found else requirement


def canonical(name: str) -> str:
    """Return a project name in its canonical form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
