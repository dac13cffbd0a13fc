"""Why pip failed, read off its lines, where its own words do not say what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The runner's first line: "Python 3.8.10 cp38 win_amd64 at D:\home\...".
_PYTHON = re.compile(r"Python (?P<version>\S+) (?P<tag>cp\d+) (?P<platform>win\S*|\S+) at ")
_SOURCE = re.compile(
    r"(?:Downloading|Using cached|Processing) (?:\S*[/\\])?(?P<name>[A-Za-z0-9][\w.-]*?)"
    r"-(?P<version>\d[\w.+!]*?)\.(?:tar\.gz|tar\.bz2|zip|tgz)\b"
)
_UNBUILT = (
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
    r"Could not find a version that satisfies the requirement (?P<wanted>.+?)"
    r"(?: \((?:from .*?\) \()?from versions: (?P<versions>.*?)\)"
    r"| \(from [^()]*(?:\([^()]*\))?\))?$"
)
_OTHER_PYTHON = re.compile(
    r"Ignored the following versions that require a different python version: "
    r"(?:.*; )?(?P<version>\S+) Requires-Python (?P<python>[^;]+)"
)
# Of some retries only the last one tells that an index was not reached; the others may have been followed by success.
_UNREACHED = (
    re.compile(r"Retrying \(Retry\(total=0,.*after connection broken by '(?P<why>.*)': "),
    re.compile(
        r"Could not fetch URL \S+: (?P<why>There was a problem confirming the ssl certificate: .*?)"
        r"(?: - skipping)?$"
    ),
    re.compile(r"(?P<why>(?:The repository located at )?(?<!\S)\S+ is not a trusted or secure host)"),
    re.compile(r"(?P<why>401 Error, Credentials not correct for \S+)"),
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
# What sources say that were written for another Python, or for setuptools of before version 58.
_TOO_OLD = re.compile(
    r"use_2to3 is invalid|Missing parentheses in call to 'print'|ImpImporter|"
    r"No module named '?(?:distutils|imp|pkg_resources|setuptools\.[\w.]+)'?$|SafeConfigParser|"
    r"cannot import name '?(?:Mapping|MutableMapping|Iterable|Callable|Sequence)'? from "
    r"'collections'|"
    r"module 'collections' has no attribute|module 'inspect' has no attribute 'getargspec'",
    re.ASCII,
)
_PLACEHOLDER = re.compile(r"\b(?:package )?is deprecated,? (?:please )?use '?(?P<name>[A-Za-z0-9][\w.-]*\w)'?(?: |$)")
_UNFIT_WHEEL = re.compile(r"(?:ERROR: )?(?P<name>\S+\.whl) is not a supported wheel on this platform")
_UNREADABLE = re.compile(r"Could not install requirement .* because of (?:HTTP )?error (?P<name>4\d\d)\b")
_STUCK = re.compile(r"Cannot uninstall '?(?P<name>[A-Za-z0-9][\w.-]*\w)\b")
_LONG_PATH = "does not have Windows Long Path support enabled"
# What `pip freeze` names on a Debian or Ubuntu, and no index has.
_OF_DEBIAN = (
    "pkg-resources",
    "apturl",
    "command-not-found",
    "language-selector",
    "python-apt",
    "screen-resolution-extra",
    "ubuntu-advantage-tools",
    "ubuntu-drivers-common",
    "ubuntu-pro-client",
    "ufw",
    "unattended-upgrades",
    "usb-creator",
)
# What conda and poetry write of Python itself, and modules of its library that index and requirements files confuse.
_NO_PACKAGES = (
    "python",
    "base64",
    "collections",
    "csv",
    "ctypes",
    "datetime",
    "hashlib",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pickle",
    "random",
    "re",
    "shutil",
    "smtplib",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "tkinter",
    "traceback",
    "unittest",
    "urllib",
    "zipfile",
    "zlib",
)
_DEBIAN_VERSION = re.compile(r"\+(?:ubuntu|debian|deb\d)", re.IGNORECASE)
_HASHES = {
    "THESE PACKAGES DO NOT MATCH THE HASHES": False,
    "Hashes are required in --require-hashes mode": True,
    "all requirements must have their versions pinned with ==": True,
}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Explanation:
    """reason: one sentence. advice: what to do about it."""

    reason: str
    advice: str


class PipLines:
    """What of a job's log tells why pip failed; it takes the lines one by one."""

    def __init__(self) -> None:
        self._python, self._tag = "this Python", "this Python on Windows"
        self._sources: dict[str, str] = {}
        self._last_source: str | None = None
        self._unbuilt: str | None = None
        self._no_compiler = False
        self._building = self._git = self._disk_full = self._conflict = False
        self._circular = False
        self._no_version: re.Match[str] | None = None
        self._other_python: re.Match[str] | None = None
        self._unreached: str | None = None
        self._unix_only: str | None = None
        self._too_old = self._long_path = False
        self._instead: str | None = None
        self._unfit: str | None = None
        self._status: str | None = None
        self._stuck: str | None = None
        self._lacks_hash: bool | None = None

    def take(self, line: str) -> None:
        """Look at the next line."""
        python = _PYTHON.match(line)
        if python:
            self._python, self._tag = python["version"], f"{python['tag']} {python['platform']}"
        source = _SOURCE.search(line)
        if source:
            self._last_source = source["name"]
            self._sources[_canonical(source["name"])] = source["version"]
        for pattern in _UNBUILT:
            unbuilt = pattern.search(line)
            if unbuilt and self._unbuilt is None:
                self._unbuilt = unbuilt["name"]
        self._take_signs(line)

    def _take_signs(self, line: str) -> None:
        self._no_compiler = self._no_compiler or _NO_COMPILER.search(line) is not None
        self._building = self._building or _BUILDING.search(line) is not None
        self._git = self._git or _GIT.search(line) is not None
        self._disk_full = self._disk_full or _DISK_FULL.search(line) is not None
        self._circular = self._circular or line.startswith("RecursionError: maximum recursion depth")
        self._conflict = self._conflict or "The conflict is caused by:" in line
        self._no_version = _NO_VERSION.search(line) or self._no_version
        self._other_python = _OTHER_PYTHON.search(line) or self._other_python
        for pattern in _UNREACHED:
            unreached = pattern.search(line)
            if unreached:
                self._unreached = _innermost(unreached["why"])
        if _UNIX_ONLY.search(line):
            self._unix_only = line.strip()
        self._too_old = self._too_old or _TOO_OLD.search(line) is not None
        self._long_path = self._long_path or _LONG_PATH in line
        for pattern, name in (
            (_PLACEHOLDER, "_instead"),
            (_UNFIT_WHEEL, "_unfit"),
            (_UNREADABLE, "_status"),
            (_STUCK, "_stuck"),
        ):
            found = pattern.search(line)
            if found:
                setattr(self, name, found["name"])
        for sign, lacking in _HASHES.items():
            if sign in line:
                self._lacks_hash = lacking

    @property
    def explanation(self) -> Explanation | None:
        """Why pip failed, supposing that it did; None when its own words are all that is known."""
        return self._of_signs() or self._of_one_package() or self._of_source() or self._of_index()

    def _of_signs(self) -> Explanation | None:
        """Of what has a sign of its own."""
        if self._disk_full:
            return Explanation(
                "A disk is full: the app's own, or the worker's for temporary files.",
                "Delete what is not needed from the app's home directory, or use a larger plan. What is "
                "used: `az webapp python show`, and the app's File system storage in the portal.",
            )
        if self._lacks_hash is not None:
            return self._of_hashes(self._lacks_hash)
        if self._conflict:
            return Explanation(
                "These requirements cannot be fulfilled together.",
                "Ask for other versions of the packages that are named, or leave their versions open.",
            )
        if self._circular:
            return Explanation(
                "The requirements files include each other, which pip follows without end.",
                "Take out one of the lines -r or -c by which a file includes itself again.",
            )
        if self._long_path:
            return Explanation(
                "The path of a file is longer than the 260 characters that Windows takes.",
                "Ask for another version of the package whose name is in that path, or for a wheel of "
                "it in place of its source (--only-binary).",
            )
        if self._git:
            return Explanation(
                "git on the worker could not get a repository, and asks nobody for a password.",
                "Check its address; for a private one put a token into an app setting and write "
                "`git+https://${TOKEN}@host/…` in the requirements file.",
            )
        return None

    def _of_one_package(self) -> Explanation | None:
        """Of a package that pip names: it could not be fetched, replaced, or does not fit."""
        if self._status is not None:
            return Explanation(
                f"An address in the requirements answered with HTTP {self._status}.",
                "Check the address; a token in it may have expired, or be for something else, and the "
                "network of the app may not be let in.",
            )
        if self._stuck is not None:
            return Explanation(
                f"pip does not know which files are those of {self._stuck}, so it cannot replace it.",
                f"Put the new one over it: `az webapp python package install --packages {self._stuck} "
                '--pip-args="--ignore-installed"`, or leave it as it is.',
            )
        if self._unfit is not None:
            return Explanation(
                f"{self._unfit} is not for {self._tag}, as the end of its name tells.",
                f"Give the address of the wheel for {self._tag}, or ask for the package by its name and "
                "version; a line for another system or Python gets a marker: `; sys_platform != "
                '"win32"`.',
            )
        return None

    def _of_source(self) -> Explanation | None:
        """Of a package that could not be built."""
        name = self._unbuilt or (self._last_source if self._no_compiler or self._building else None)
        if name is not None and self._unix_only is not None:
            return self._of_unix(name)
        if name is not None and not self._no_compiler and (self._instead or self._too_old):
            return self._of_source_itself(name)
        return self._of_build(name) if name is not None else None

    def _of_index(self) -> Explanation | None:
        """Of an index that was not reached, or has not what is wanted."""
        if self._unreached is not None and (self._no_version is None or self._versions == ""):
            return Explanation(
                f"An index could not be used: {self._unreached.rstrip('.')}.",
                "Check its address and credentials, and that the app may go there (its network, "
                "firewall and private DNS). For an index with a certificate of its own: "
                '`--pip-args="--cert FILE"`; for one without any: '
                '`--pip-args="--trusted-host HOST"`.',
            )
        return self._of_versions(self._no_version["wanted"]) if self._no_version is not None else None

    @property
    def _versions(self) -> str | None:
        """Those that pip says there are, "" for none; None when it did not say."""
        found = self._no_version["versions"] if self._no_version is not None else None
        return None if found is None else found.strip().replace("none", "")

    def _of_hashes(self, lacking: bool) -> Explanation:
        if lacking:
            return Explanation(
                "In a file with hashes every package needs one; a file that was made on another system "
                "lacks those that only Windows needs.",
                f"Make the file for Windows and Python {self._python}, such as by `uv pip compile "
                "--universal --generate-hashes` or by pip-compile on Windows; or delete all hashes.",
            )
        return Explanation(
            "What the index has is not what it had when the hashes were made.",
            "Find out why. If the file is good, make the hashes anew, such as by `pip-compile --generate-hashes`.",
        )

    def _of_unix(self, name: str) -> Explanation:
        version = self._sources.get(_canonical(name))
        pinned = f"{name}=={version}" if version else name
        return Explanation(
            f"{name} does not work on Windows, as its installation says.",
            f"Delete the line of {name} from the requirements, or let it be for other systems only: "
            f'`{pinned}; sys_platform != "win32"`.',
        )

    def _of_source_itself(self, name: str) -> Explanation:
        """Of one that no compiler would help."""
        package = f"{name} {self._sources.get(_canonical(name), '')}".rstrip()
        if self._instead is not None:
            return Explanation(
                f"{package} is no package any more: its installation says what to take in its place.",
                f"Write {self._instead} in place of {name} in the requirements. Where another package "
                f"asks for {name}, ask for a newer version of that one.",
            )
        return Explanation(
            f"{package} has no wheel for {self._tag}, and its source is not for Python {self._python} "
            "or its setuptools.",
            f"Ask for a newer version of {name}, or use the Python that it was "
            "made for: `az webapp python set-version`.",
        )

    def _of_build(self, name: str) -> Explanation:
        version = self._sources.get(_canonical(name))
        package = f"{name} {version}" if version else name
        consequence = (
            "the worker has no compiler"
            if self._no_compiler
            else "building it from its source failed on the worker, which has no compiler"
        )
        return Explanation(
            f"{package} has no wheel for {self._tag}, and {consequence}.",
            f"Ask for a version of {name} that has a wheel for {self._tag} (--only-binary {name} "
            "makes pip look for one), build the wheel on a Windows machine and give its folder with "
            "--wheel-dir, or use a Python that there are wheels for.",
        )

    def _of_versions(self, wanted: str) -> Explanation:
        found = _NAME.match(wanted)
        name = found[0] if found else wanted
        if _canonical(name) in _OF_DEBIAN and not self._versions or _DEBIAN_VERSION.search(wanted):
            return Explanation(
                f"No index has {name} like that: `pip freeze` of Debian and Ubuntu makes such lines up, "
                "of packages of the system itself.",
                f"Delete the line of {name} from the requirements.",
            )
        if _canonical(name) in _NO_PACKAGES and not self._versions:
            return Explanation(
                f"{name} is no package of an index: it is Python, or comes with it.",
                f"Delete the line of {name} from the requirements; the app's Python is chosen "
                "with `az webapp python set-version --version`.",
            )
        more = (
            f" {self._other_python['version']} needs Python {self._other_python['python'].strip()}."
            if self._other_python
            else ""
        )
        if self._versions is None:
            return Explanation(
                f"For Python {self._python} ({self._tag}) the index gave nothing that fulfils {wanted}." + more,
                f"Check the spelling, the version and the index; {name} may have no wheel for "
                f"{self._tag}, or not support Python {self._python}.",
            )
        if not self._versions:
            return Explanation(
                f"The index has nothing called {name} that fits Python {self._python} ({self._tag})." + more,
                f"Check the spelling and the index; if {name} exists, it has no wheel for "
                f"{self._tag} or does not support Python {self._python}.",
            )
        return Explanation(
            f"For Python {self._python} ({self._tag}) the index has {name} in these versions only: "
            f"{_shortened(self._versions)}." + more,
            f"Ask for one of them, or use a Python that the wanted version of {name} supports.",
        )


def _innermost(why: str) -> str:
    """What a nest of exceptions says: the quoted texts in it."""
    text = re.sub(r"<[^<>]*>:? ?", "", why)
    quoted = [single or double for single, double in re.findall(r"'([^']{6,})'|\"([^\"]{6,})\"", text)]
    found = ": ".join(part.rstrip(".") for part in quoted[-2:]) or text
    return found if len(found) <= 200 else found[:200] + " …"


def _shortened(versions: str) -> str:
    """A list of versions, oldest first; of a long one the newest."""
    found = [version.strip() for version in versions.split(",")]
    return ", ".join(found) if len(found) <= 8 else "… " + ", ".join(found[-8:])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
