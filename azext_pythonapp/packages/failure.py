"""Why pip failed, read off its lines, where its own words do not say what to do."""
from __future__ import annotations

import re
from dataclasses import dataclass

# The runner's first line: "Python 3.8.10 cp38 win_amd64 at D:\home\...".
_PYTHON = re.compile(r"Python (?P<version>\S+) (?P<tag>cp\d+) (?P<platform>win\S*|\S+) at ")
_SOURCE = re.compile(r"(?:Downloading|Using cached|Processing) (?:\S*[/\\])?(?P<name>[A-Za-z0-9][\w.-]*?)"
                     r"-(?P<version>\d[\w.+!]*?)\.(?:tar\.gz|tar\.bz2|zip|tgz)\b")
_UNBUILT = (re.compile(r"Failed building wheel for (?P<name>[\w.-]+)"),
            re.compile(r"Could not build wheels for (?P<name>[\w.-]+)"),
            re.compile(r"Failed to build '?(?!installable wheels)(?P<name>[\w.-]+)"),
            re.compile(r"Failed to build installable wheels for .*\((?P<name>[\w.-]+)"),
            re.compile(r"Command .*(?:setup\.py|egg_info).* failed with error code \d+ in "
                       r"\S*[/\\](?P<name>[\w.-]+)[/\\]?$"))
_NO_COMPILER = re.compile(r"Microsoft Visual C\+\+ .*is required|Unable to find vcvarsall\.bat|"
                          r"command '(?:cl|gcc|cc|link|[^']*cl)(?:\.exe)?' failed|cl\.exe|No (?:working )?C compiler|"
                          r"Unknown compiler|can't find Rust compiler|Fortran compiler", re.IGNORECASE)
_BUILDING = re.compile(r"metadata-generation-failed|subprocess-exited-with-error|python setup\.py egg_info|"
                       r"Getting requirements to build wheel", re.IGNORECASE)
_NO_VERSION = re.compile(r"Could not find a version that satisfies the requirement (?P<wanted>.+?) "
                         r"\((?:from .*?\) \()?from versions: (?P<versions>.*?)\)")
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
        self._building = False
        self._no_version: re.Match[str] | None = None

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
        self._no_compiler = self._no_compiler or _NO_COMPILER.search(line) is not None
        self._building = self._building or _BUILDING.search(line) is not None
        self._no_version = _NO_VERSION.search(line) or self._no_version

    @property
    def explanation(self) -> Explanation | None:
        """Why pip failed, supposing that it did; None when its own words are all that is known."""
        name = self._unbuilt or (self._last_source if self._no_compiler or self._building else None)
        if name is not None:
            return self._of_build(name)
        if self._no_version is not None:
            return self._of_versions(self._no_version["wanted"], self._no_version["versions"])
        return None

    def _of_build(self, name: str) -> Explanation:
        version = self._sources.get(_canonical(name))
        package = f"{name} {version}" if version else name
        consequence = ("the worker has no compiler" if self._no_compiler else
                       "building it from its source failed on the worker, which has no compiler")
        return Explanation(f"{package} has no wheel for {self._tag}, and {consequence}.",
                           f"Ask for a version of {name} that has a wheel for {self._tag} (--only-binary {name} "
                           "makes pip look for one), build the wheel on a Windows machine and give its folder with "
                           "--wheel-dir, or use a Python that there are wheels for.")

    def _of_versions(self, wanted: str, versions: str) -> Explanation:
        found = _NAME.match(wanted)
        name = found[0] if found else wanted
        if versions.strip() in ("", "none"):
            return Explanation(f"The index has nothing called {name} that fits Python {self._python} ({self._tag}).",
                               f"Check the spelling and the index; if {name} exists, it has no wheel for {self._tag} "
                               f"or does not support Python {self._python}.")
        return Explanation(f"For Python {self._python} ({self._tag}) the index has {name} in these versions only: "
                           f"{_shortened(versions)}.",
                           f"Ask for one of them, or use a Python that the wanted version of {name} supports.")


def _shortened(versions: str) -> str:
    """A list of versions, oldest first; of a long one the newest."""
    found = [version.strip() for version in versions.split(",")]
    return ", ".join(found) if len(found) <= 8 else "… " + ", ".join(found[-8:])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
