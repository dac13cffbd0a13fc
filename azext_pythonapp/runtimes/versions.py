"""Version numbers, and the user's wish for one."""
from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.appservice.errors import InvalidInput

_LEADING_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_WISH = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){0,2}")
_LATEST = "latest"
_PACKAGE_NUMBERS = 4

PackageOrder = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]
Numbers = tuple[int, ...]


def numbers(version: str | None) -> Numbers:
    """The leading numbers of a version as integers, so that 3.10 sorts after 3.9: "3.6.4" is (3, 6, 4).

    None and a text that does not begin with a number give (), which sorts before every version.
    """
    found = _LEADING_NUMBERS.match(version or "")
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def minor(version: str) -> str:
    """The feature release that a version belongs to: "3.6.4" is of "3.6"."""
    return ".".join(str(number) for number in numbers(version)[:2])


def package_order(version: str) -> PackageOrder:
    """A sort key for the versions of NuGet packages, oldest first.

    NuGet compares up to four numbers, then a version with a pre-release label sorts before the one without, and
    labels compare as in SemVer 2.0.0; what follows "+" does not count
    (https://learn.microsoft.com/nuget/concepts/package-versioning).
    """
    core, _, label = version.split("+", 1)[0].partition("-")
    parts = numbers(core)
    padded = parts + (0,) * (_PACKAGE_NUMBERS - len(parts))
    if not label:
        return padded, 1, ()
    identifiers = tuple((0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part.lower())
                        for part in label.split("."))
    return padded, 0, identifiers


@dataclass(frozen=True)
class VersionWish:
    """What a user asked for with `--version`.

    text: as the user wrote it, without blanks around it.
    parts: the numbers that a version must begin with; () stands for "latest", which every version satisfies.
    """

    text: str
    parts: Numbers

    @classmethod
    def parse(cls, text: str) -> VersionWish:
        """Read "3", "3.6", "3.6.4" or "latest".

        Raises InvalidInput for everything else.
        """
        cleaned = text.strip()
        if cleaned.lower() == _LATEST:
            return cls(_LATEST, ())
        if not _WISH.fullmatch(cleaned):
            raise InvalidInput(f"'{text}' is not a Python version.",
                               "Give a version such as 3, 3.6 (the newest patch of it), 3.6.4, or latest.")
        return cls(cleaned, numbers(cleaned))

    @property
    def is_exact(self) -> bool:
        """Whether only one Python version can satisfy it."""
        return len(self.parts) == 3

    def matches(self, version: str) -> bool:
        """Whether a version, such as "3.6.4", is one that was asked for. "3.1" is not satisfied by "3.11.1"."""
        return bool(numbers(version)) and numbers(version)[:len(self.parts)] == self.parts

    def __str__(self) -> str:
        return self.text


def distance(version: str, wish: VersionWish) -> tuple[int, ...]:
    """A sort key for what to offer instead of a wish that nothing satisfies: the nearest first, newer before older."""
    found = (numbers(version) + (0, 0, 0))[:len(wish.parts)]
    return tuple(abs(one - other) for one, other in zip(found, wish.parts)) + \
        tuple(-number for number in numbers(version))
