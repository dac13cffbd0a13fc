"""requirements.txt: what it asks for, and what pip would have to change for it."""
from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from azext_pythonapp.appservice.errors import InvalidInput
from azext_pythonapp.packages.pip import masked

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CODING = re.compile(r"coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_WHEEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-(\d[^-/\\]*)(-\d[^-/\\]*)?-[^-/\\]+-[^-/\\]+-[^-/\\]+\.whl$")
_SOURCE = re.compile(r"^(?:[a-z][a-z0-9+.]*:|[.~]?[\\/]|[.]{2}[\\/]|[A-Za-z]:[\\/]|[.]$)"
                     r"|^[^=<>;@]*[\\/]|\.(?:whl|zip|tar\.gz|tgz)(?:$|[\[#;\s])", re.IGNORECASE)
_VALUED = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c", "-e": "-e", "--editable": "-e",
           "-i": "--index-url", "--index-url": "--index-url", "--pypi-url": "--index-url",
           "--extra-index-url": "--extra-index-url", "-f": "--find-links", "--find-links": "--find-links",
           "--trusted-host": "--trusted-host", "--no-binary": "--no-binary", "--only-binary": "--only-binary",
           "--use-feature": "--use-feature"}
_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--always-unzip", "-Z")
_PER_REQUIREMENT = re.compile(r"\s--(?:hash|global-option|install-option|config-settings?)\b.*$")


@dataclass(frozen=True)
class Requirement:
    """One requirement of the file.

    name: canonical; None for a path or URL whose name only its metadata tells.
    specifier: the versions allowed; all of them for a URL or path.
    source: the URL or path, credentials masked; None for a package of the index.
    variables: names of the ${VARIABLES} in it, whose values only the worker knows; such a line may tell no more.
    line: number of its first line, from 1.
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

    @property
    def pinned(self) -> bool:
        """Whether it names exactly one version of one package."""
        if self.source is not None or self.variables:
            return False
        return any(clause.operator in ("==", "===") and "*" not in clause.version for clause in self.specifier)

    def applies(self, environment: TargetEnvironment) -> bool:
        """Whether its marker is true on the target; one that cannot be judged here is taken for true."""
        try:
            return self.marker is None or self.marker.evaluate({**environment.markers()})
        except (UndefinedComparison, UndefinedEnvironmentName):
            return True


@dataclass(frozen=True)
class RequirementsFile:
    """What a requirements file says.

    includes, constraints: the files that -r and -c name, as written, relative to this file.
    options: the other option lines as (name, value) pairs in order, credentials masked; "" for a flag's value.
    """

    requirements: tuple[Requirement, ...]
    includes: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def pinned(self) -> bool:
        """Whether every requirement names one version and nothing is left to a file that is not read here."""
        return not self.includes and all(requirement.pinned for requirement in self.requirements)


@dataclass(frozen=True)
class TargetEnvironment:
    """The CPython on Windows for which markers are evaluated.

    version: such as "3.6.4". architecture: "x64" or "x86", the interpreter's own.
    """

    version: str
    architecture: str

    def markers(self) -> dict[str, str]:
        """PEP 508's variables as that Python would give them.

        platform_machine is the machine's, AMD64 also for a 32-bit Python: platform.machine() asks for the native
        architecture of a WOW64 process, and every App Service worker is 64-bit.
        """
        return {"implementation_name": "cpython", "implementation_version": self.version, "os_name": "nt",
                "platform_machine": "AMD64", "platform_release": "10", "platform_system": "Windows",
                "platform_version": "10.0.14393", "python_full_version": self.version,
                "platform_python_implementation": "CPython", "sys_platform": "win32",
                "python_version": ".".join(self.version.split(".")[:2]), "extra": ""}


@dataclass(frozen=True)
class PackageChange:
    """What pip would do for one requirement.

    action: "install", "upgrade", "downgrade" or "none". before: the version that is there, or None.
    after: the version when it is known already, else what is allowed, such as ">=2,<3" or "newest".
    """

    name: str
    action: Literal["install", "upgrade", "downgrade", "none"]
    before: str | None
    after: str


def decode(content: bytes) -> str:
    """The text of a requirements file as pip reads it: by its BOM, its coding comment, else as UTF-8.

    Windows PowerShell's `pip freeze > requirements.txt` makes UTF-16 with a BOM. Bytes that are no UTF-8 are taken
    for cp1252, the ANSI code page of the workers.
    """
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content[len(bom):].decode(encoding, "replace")
    for line in content.split(b"\n")[:2]:
        coding = _CODING.search(line.decode("latin-1")) if line.startswith(b"#") else None
        if coding:
            try:
                return content.decode(coding[1], "replace")
            except LookupError:
                break
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def parse(text: str | bytes, name: str = "requirements.txt") -> RequirementsFile:
    """Read a requirements file.

    name: how errors name the file. Raises InvalidInput with file, line and text for a line that pip would refuse.
    """
    requirements: list[Requirement] = []
    options: list[tuple[str, str]] = []
    for number, line in _logical_lines(decode(text) if isinstance(text, bytes) else text):
        try:
            if not line.startswith("-"):
                requirements.append(_requirement(line, False, number))
                continue
            for option, value in _options(line):
                if option == "-e":
                    requirements.append(_requirement(value, True, number))
                else:
                    options.append((option, value if option in ("-r", "-c") else masked(value)))
        except ValueError as error:
            reason = " ".join(masked(str(error)).split())
            raise InvalidInput(f"{name}:{number}: {masked(line)!r} is nothing that pip understands: {reason}",
                               f"Correct line {number} of {name}.") from error
    return RequirementsFile(tuple(requirements), tuple(value for option, value in options if option == "-r"),
                            tuple(value for option, value in options if option == "-c"),
                            tuple(pair for pair in options if pair[0] not in ("-r", "-c")))


def plan_changes(requirements: Iterable[Requirement], installed: Mapping[str, str], environment: TargetEnvironment,
                 upgrade: bool = False) -> list[PackageChange]:
    """What `pip install -r` would do for the requirements themselves.

    installed: version by canonical name (installed.packages). upgrade: pip's --upgrade.
    Returns one change per requirement that applies to the target, in their order. Dependencies are not among them,
    and what the index holds is not asked: an "upgrade" to "newest" may turn out to be none.
    """
    return [_change(requirement, installed, upgrade)
            for requirement in requirements if requirement.applies(environment)]


def _change(requirement: Requirement, installed: Mapping[str, str], upgrade: bool) -> PackageChange:
    name = requirement.name or requirement.source or "?"
    before = installed.get(name)
    wanted = requirement.source or _wanted(requirement)
    if before is None:
        return PackageChange(name, "install", None, wanted)
    if requirement.source is not None:
        return PackageChange(name, "upgrade", before, wanted)
    satisfied = requirement.specifier.contains(before, prereleases=True)
    if satisfied and (not upgrade or requirement.pinned):
        return PackageChange(name, "none", before, before)
    if satisfied or _must_rise(requirement.specifier, before):
        return PackageChange(name, "upgrade", before, wanted)
    return PackageChange(name, "downgrade", before, wanted)


def _wanted(requirement: Requirement) -> str:
    if requirement.pinned:
        return next(clause.version for clause in requirement.specifier if clause.operator in ("==", "==="))
    return str(requirement.specifier) or "newest"


def _must_rise(specifier: SpecifierSet, before: str) -> bool:
    """Whether a version that the specifier does not allow is too old for it, rather than too new."""
    try:
        present = Version(before)
        return any(clause.operator not in ("<", "<=", "!=") and Version(clause.version.replace(".*", "")) >= present
                   for clause in specifier)
    except InvalidVersion:
        return True


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers: continuations joined, comments and blank ones gone, as pip does it."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        comment = _COMMENT.match(line) is not None and line.lstrip().startswith("#")
        if not parts:
            start = number
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        parts.append(" " + line if comment else line)
        joined = _COMMENT.sub("", "".join(parts)).strip()
        parts = []
        if joined:
            yield start, joined


def _options(line: str) -> Iterator[tuple[str, str]]:
    """The options of an option line as (name, value), split as pip splits them. Raises ValueError for others."""
    words = shlex.split(line)
    while words:
        name, assigned, value = words.pop(0).partition("=")
        if not assigned and name[:2] in _VALUED and not name.startswith("--") and len(name) > 2:
            name, assigned, value = name[:2], "=", name[2:]
        if name in _FLAGS:
            yield name, ""
            continue
        if name not in _VALUED:
            raise ValueError(f"unknown option {name}")
        if not assigned and words:
            value = words.pop(0)
        if not value:
            raise ValueError(f"{name} needs a value")
        yield _VALUED[name], value


def _requirement(line: str, editable: bool, number: int) -> Requirement:
    tail = _PER_REQUIREMENT.search(line)
    hashes = tuple(re.findall(r"--hash[= ](\S+)", tail[0])) if tail else ()
    line = line[:tail.start()].rstrip() if tail else line
    variables = tuple(_VARIABLE.findall(line))
    if editable or _SOURCE.search(line.split(" @ ")[0]):
        return _from_source(line, editable, hashes, variables, number)
    try:
        found = Specification(line)
    except InvalidRequirement:
        if not variables:
            raise
        name = _NAME.match(line)
        return Requirement(str(canonicalize_name(name[0])) if name else None, (), SpecifierSet(), None,
                           masked(line), editable, hashes, variables, number)
    return Requirement(str(canonicalize_name(found.name)), tuple(sorted(found.extras)), found.specifier, found.marker,
                       masked(found.url) if found.url else None, editable, hashes, variables, number)


def _from_source(line: str, editable: bool, hashes: tuple[str, ...], variables: tuple[str, ...], number: int
                 ) -> Requirement:
    """A requirement that is a URL or a path, perhaps followed by `; marker`."""
    source, _, condition = line.partition(" ;") if " ;" in line else line.partition("; ")
    egg, wheel = _EGG.search(source), _WHEEL.search(source.split("#")[0].rstrip())
    name = egg[1] if egg else wheel[1] if wheel else None
    return Requirement(str(canonicalize_name(name)) if name else None, (), SpecifierSet(),
                       Marker(condition.strip()) if condition.strip() else None, masked(source.strip().strip("\"'")),
                       editable, hashes, variables, number)
