"""Version numbers, and the version that a user asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidInput

# Longer numbers are not versions; Python refuses to parse numbers with thousands of digits.
_LEADING_NUMBERS = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")
_SPEC = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,2}")
_EXACT = 3
# A pre-release in Python's own spelling (3.14.0rc1), and in that of its NuGet packages (3.14.0-rc1).
_PRE = re.compile(
    r"(?P<final>[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})-?"
    r"(?P<stage>a|alpha|b|beta|c|rc)\.?(?P<number>[0-9]{1,9})",
    re.IGNORECASE,
)
_STAGES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2}
_WRITTEN = ("a", "b", "rc")
_FINAL = (3, 0)
_LATEST = "latest"
_PACKAGE_NUMBERS = 4

PythonOrder = tuple[tuple[int, ...], tuple[int, int]]
PackageOrder = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]
Numbers = tuple[int, ...]


def numbers(version: str | None) -> Numbers:
    """Return the leading numbers of a version as integers, so that 3.10 sorts after 3.9: "3.6.4" is (3, 6, 4).

    Returns () for None and a text that does not start with a number; it sorts before every version.
    """
    found = _LEADING_NUMBERS.match(version or "")
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def minor(version: str) -> str:
    """Return the feature release of a version: "3.6" for "3.6.4"."""
    return ".".join(str(number) for number in numbers(version)[:2])


def is_prerelease(version: str | None) -> bool:
    """Return whether a Python version is an alpha, a beta or a release candidate: "3.14.0rc1", "3.14.0-rc1"."""
    return _PRE.fullmatch(version or "") is not None


def python_order(version: str | None) -> PythonOrder:
    """Return a sort key for Python versions: 3.9.1 < 3.10.0a2 < 3.10.0b1 < 3.10.0rc1 < 3.10.0 < 3.10.1.

    None and a text that does not start with a number sort before every version.
    """
    found = _PRE.fullmatch(version or "")
    stage = (_STAGES[found["stage"].lower()], int(found["number"])) if found else _FINAL
    parts = numbers(version)[:_EXACT]
    return (parts + (0,) * (_EXACT - len(parts)) if parts else ()), stage


def python_version(version: str) -> str | None:
    """Return the Python version of a CPython package: "3.13.2" for "3.13.2.1", "3.14.0rc1" for "3.14.0-rc1".

    Returns None for any other version.
    """
    core = version.partition("+")[0]
    found = _PRE.fullmatch(core)
    if found:
        return f"{found['final']}{_WRITTEN[_STAGES[found['stage'].lower()]]}{int(found['number'])}"
    parts = numbers(core)
    if core != ".".join(str(part) for part in parts) or not _EXACT <= len(parts) <= _PACKAGE_NUMBERS:
        return None
    return ".".join(str(part) for part in parts[:_EXACT])


def package_version(version: str) -> str:
    """Return a Python version as NuGet writes it: "3.13.2", and "3.14.0-rc1" for "3.14.0rc1"."""
    found = _PRE.fullmatch(version)
    if found is None:
        return version
    return f"{found['final']}-{_WRITTEN[_STAGES[found['stage'].lower()]]}{int(found['number'])}"


def package_order(version: str) -> PackageOrder:
    """Return a sort key for the versions of NuGet packages, oldest first.

    NuGet compares up to four numbers; a version with a pre-release label sorts before the one without, and labels
    compare as in SemVer 2.0.0; anything after "+" is ignored
    (https://learn.microsoft.com/nuget/concepts/package-versioning).
    """
    core, _, label = version.split("+", 1)[0].partition("-")
    parts = numbers(core)
    padded = parts + (0,) * (_PACKAGE_NUMBERS - len(parts))
    if not label:
        return padded, 1, ()
    identifiers = tuple(
        (0, int(part), "") if re.fullmatch("[0-9]{1,18}", part) else (1, 0, part.lower()) for part in label.split(".")
    )
    return padded, 0, identifiers


@dataclass(frozen=True)
class VersionSpec:
    """The version that a user asks for with `--version`.

    text: as the user wrote it, without surrounding blanks; a pre-release in Python's own spelling.
    parts: the numbers that a version must start with; () means "latest", which every version matches.
    """

    text: str
    parts: Numbers

    @classmethod
    def parse(cls, text: str) -> VersionSpec:
        """Parse "3", "3.6", "3.6.4", "latest", or a pre-release in full: "3.14.0rc1", "3.14.0-rc1".

        Raises InvalidInput for anything else.
        """
        cleaned = text.strip()
        if cleaned.lower() == _LATEST:
            return cls(_LATEST, ())
        if is_prerelease(cleaned):
            return cls(str(python_version(cleaned)), numbers(cleaned))
        if not _SPEC.fullmatch(cleaned):
            raise InvalidInput(
                f"'{text}' is not a Python version.",
                "Use a version such as 3, 3.6 (its newest patch), 3.6.4, or latest.",
            )
        return cls(cleaned, numbers(cleaned))

    @property
    def is_latest(self) -> bool:
        """Return whether it asks for the newest version, whatever is already installed."""
        return not self.parts

    @property
    def is_exact(self) -> bool:
        """Return whether only one Python version can match it."""
        return len(self.parts) == _EXACT

    @property
    def is_prerelease(self) -> bool:
        """Return whether it names a pre-release in full."""
        return is_prerelease(self.text)

    def matches(self, version: str) -> bool:
        """Return whether a version, such as "3.6.4", matches. "3.11.1" does not match "3.1".

        3.14.0rc1 matches 3.14, but not 3.14.0.
        """
        if self.is_exact:
            return len(numbers(version)) >= _EXACT and python_order(version) == python_order(self.text)
        return bool(numbers(version)) and numbers(version)[: len(self.parts)] == self.parts

    def __str__(self) -> str:
        return self.text


def distance(version: str, spec: VersionSpec) -> tuple[int, ...]:
    """Return a sort key for alternatives to a version that does not exist: nearest first, newer before older."""
    found = (numbers(version) + (0, 0, 0))[: len(spec.parts)]
    return tuple(abs(one - other) for one, other in zip(found, spec.parts)) + tuple(
        -number for number in numbers(version)
    )
