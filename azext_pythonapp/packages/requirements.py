"""Parse requirements.txt into requirements, includes, constraints and options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from azext_pythonapp.packages import requirement_lines
from azext_pythonapp.packages.pip import masked
from azext_pythonapp.packages.requirement_lines import UnknownOption

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
# A package from an index, whatever its version specifier: only these characters can follow its name.
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;(,@]|$)")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_WHEEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-(\d[^-/\\]*)(-\d[^-/\\]*)?-[^-/\\]+-[^-/\\]+-[^-/\\]+\.whl$")
_AT_URL = re.compile(r"\s*@\s*(?=(?:[a-z][a-z0-9+.-]*|\$\{[A-Z0-9_]+\}):)", re.IGNORECASE)
_SOURCE = re.compile(
    r"^(?:[a-z][a-z0-9+.]*:|[.~]?[\\/]|[.]{2}[\\/]|[A-Za-z]:[\\/]|[.]{1,2}(?:$|[\s;\[]))"
    r"|^[^=<>;@]*[\\/]|\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))(?:$|[\[#;\s])",
    re.IGNORECASE,
)
# No file name is longer.
_MAX_FILE_NAME = 260
# A URL whose content cannot change unnoticed: with a hash, or with a commit.
_FIXED_URL = re.compile(
    r"^https?://[^#]*#(?:.*&)?sha(?:224|256|384|512)=[0-9a-f]{56,}(?:&|$)"
    r"|^(?:git|hg)\+(?!file:)[^#]*@[0-9a-f]{40}(?:#|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Requirement:  # pylint: disable=too-many-instance-attributes
    """One requirement of the file, or a line that only pip understands.

    name: canonical; None for a path or URL whose name is only in its metadata, and for a line without a name.
    specifier: the allowed versions; all of them for a URL or path.
    source: the URL or path, credentials masked; None for a package from an index.
    variables: names of the ${VARIABLES} in it, whose values only the worker knows.
    line: number of its first line, from 1. file: the file's name in messages.
    text: the line, credentials masked.
    known: whether all of it was parsed; pip decides about any other.
    covered: whether the text determines what pip reads: it has no folder, archive or address whose content may change.
    """

    name: str | None
    extras: tuple[str, ...]
    specifier: SpecifierSet
    marker: Marker | None
    source: str | None
    editable: bool
    hashes: tuple[str, ...]
    variables: tuple[str, ...]
    line: int
    file: str = "requirements.txt"
    text: str = ""
    known: bool = True
    covered: bool = True

    @property
    def pinned(self) -> bool:
        """Return whether it names exactly one version of one package."""
        if self.source is not None or self.variables or not self.known:
            return False
        return any(clause.operator in ("==", "===") and "*" not in clause.version for clause in self.specifier)

    def applies(self, environment: TargetEnvironment) -> bool:
        """Return whether its marker is true on the target; True for one that cannot be evaluated here."""
        try:
            return self.marker is None or self.marker.evaluate({**environment.markers()})
        except ValueError:
            return True


@dataclass(frozen=True)
class RequirementsFile:
    """A parsed requirements file.

    includes, constraints: the files that -r and -c name, as written, relative to this file.
    options: the other option lines as (name, value) pairs in order, credentials masked; "" for a flag's value.
    option_lines: all parsed option lines, as their numbers (first, last) and their unmasked pairs.
    """

    requirements: tuple[Requirement, ...]
    includes: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    option_lines: tuple[tuple[int, int, tuple[tuple[str, str], ...]], ...] = field(default=(), repr=False)

    @property
    def pinned(self) -> bool:
        """Return whether every requirement names one version and the file includes no other."""
        return not self.includes and all(requirement.pinned for requirement in self.requirements)


@dataclass(frozen=True)
class TargetEnvironment:
    """The CPython on Windows for which markers are evaluated.

    version: such as "3.6.4". architecture: "x64" or "x86", the interpreter's own.
    """

    version: str
    architecture: str

    def markers(self) -> dict[str, str]:
        """Return PEP 508's variables as in that Python.

        platform_machine is the machine's, AMD64 also for a 32-bit Python: platform.machine() asks for the native
        architecture of a WOW64 process, and every App Service worker is 64-bit.
        """
        return {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "nt",
            "platform_machine": "AMD64",
            "platform_release": "10",
            "platform_system": "Windows",
            "platform_version": "10.0.14393",
            "python_full_version": self.version,
            "platform_python_implementation": "CPython",
            "sys_platform": "win32",
            "python_version": ".".join(self.version.split(".")[:2]),
            "extra": "",
        }


def parse(text: str | bytes, name: str = "requirements.txt") -> RequirementsFile:
    """Parse a requirements file. A line that cannot be parsed becomes a requirement that is not `known`.

    name: the file's name in errors. Raises InvalidInput for bytes that no pip can read as text.
    """
    found: list[Requirement] = []
    option_lines = []
    for line in requirement_lines.lines(requirement_lines.decode(text, name) if isinstance(text, bytes) else text):
        reader = _Reader(line.text, line.first, name)
        if not line.text.startswith("-"):
            found.append(reader.requirement())
            continue
        try:
            pairs = tuple(requirement_lines.options(line.text))
        except UnknownOption as error:
            found.append(reader.unknown(None, covered=error.old))
            continue
        except ValueError:
            found.append(reader.unknown(None, covered=False))
            continue
        option_lines.append((line.first, line.last, pairs))
        found += [reader.from_source(value, True, ()) for option, value in pairs if option == "-e"]
    pairs = tuple(pair for _, _, each in option_lines for pair in each)
    return RequirementsFile(
        tuple(found),
        tuple(value for option, value in pairs if option == "-r"),
        tuple(value for option, value in pairs if option == "-c"),
        tuple((option, masked(value)) for option, value in pairs if option not in ("-r", "-c", "-e")),
        tuple(option_lines),
    )


class _Reader:
    """Parse one line into a Requirement. file: the file's name in messages."""

    def __init__(self, line: str, number: int, file: str):
        self._line = line
        self._number = number
        self._file = file
        self._variables = tuple(_VARIABLE.findall(line))

    def requirement(self) -> Requirement:
        """Parse a line that is not an option line."""
        line, tail = requirement_lines.split_options(self._line)
        try:
            options = requirement_lines.options(tail)
        except ValueError:
            return self._of_index(line, (), known=False)
        hashes = tuple(value for option, value in options if option == "--hash")
        if _SOURCE.search(_AT_URL.split(line)[0]):
            return self.from_source(line, False, hashes)
        return self._of_index(line, hashes, known=True)

    def from_source(self, line: str, editable: bool, hashes: tuple[str, ...]) -> Requirement:
        """Parse a requirement that is a URL or a path, perhaps followed by `; marker`."""
        named = _AT_URL.split(line, 1)
        if editable and len(named) > 1 and _NAMED.match(line):
            # `-e "name @ git+https://…"`, for pip 25.1 and newer.
            return self._of_index(line, hashes, known=True, editable=True)
        source, _, condition = line.partition(" ;") if " ;" in line else line.partition("; ")
        source = source.strip().strip("\"'")
        file = re.split(r"[/\\]", source.split("#")[0].rstrip())[-1]
        egg, wheel = _EGG.search(source), _WHEEL.search(file[-_MAX_FILE_NAME:])
        name = egg[1] if egg else wheel[1] if wheel else None
        try:
            marker, known = Marker(condition.strip()) if condition.strip() else None, True
        except InvalidMarker:
            marker, known = None, False
        return self._make(name, source=source, editable=editable, hashes=hashes, marker=marker, known=known)

    def unknown(self, name: str | None, covered: bool) -> Requirement:
        """Return a line that only pip understands."""
        return Requirement(
            str(canonicalize_name(name)) if name else None,
            (),
            SpecifierSet(),
            None,
            None,
            False,
            (),
            self._variables,
            self._number,
            self._file,
            masked(self._line),
            False,
            covered and not self._variables,
        )

    def _of_index(self, line: str, hashes: tuple[str, ...], known: bool, editable: bool = False) -> Requirement:
        """Parse a requirement that starts with a package's name."""
        try:
            found = Specification(line)
        except InvalidRequirement:
            named = _NAMED.match(line)
            if self._variables and named:
                return self._make(named["name"], source=line, hashes=hashes)
            return self.unknown(named["name"] if named else None, covered=bool(named) and "@" not in line)
        return self._make(
            found.name,
            extras=tuple(sorted(found.extras)),
            specifier=found.specifier,
            marker=found.marker,
            source=found.url,
            hashes=hashes,
            known=known,
            editable=editable,
        )

    def _make(
        self,
        name: str | None,
        *,
        source: str | None,
        hashes: tuple[str, ...] = (),
        known: bool = True,
        extras: tuple[str, ...] = (),
        specifier: SpecifierSet | None = None,
        marker: Marker | None = None,
        editable: bool = False,
    ) -> Requirement:
        fixed = (
            source is None
            or (not editable or source.startswith(("git+", "hg+")))
            and (_FIXED_URL.search(source) is not None or bool(hashes) and source.startswith(("https://", "http://")))
        )
        return Requirement(
            str(canonicalize_name(name)) if name else None,
            extras,
            SpecifierSet() if specifier is None else specifier,
            marker,
            masked(source) if source else None,
            editable,
            hashes,
            self._variables,
            self._number,
            self._file,
            masked(self._line),
            known,
            fixed and not self._variables,
        )


def required_packages(requirements: Iterable[Requirement], environment: TargetEnvironment | None) -> list[str]:
    """Return the required packages in the form that choose_server takes: "uvicorn[standard]>=0.20".

    environment: the Python for which markers are evaluated; None where it is not known, and all are included.
    """
    return [
        f"{each.name}{'[' + ','.join(each.extras) + ']' if each.extras else ''}{each.specifier}"
        for each in requirements
        if each.name and (environment is None or each.applies(environment))
    ]
