"""Plan what pip will change for requirements, as far as that is known without an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment

# The planned version where only pip knows it.
UNKNOWN = "unknown"
# The requirements of installed packages, by name: lines of their metadata, None when they could not be read.
RequiresDist = Callable[[Collection[str]], Mapping[str, Sequence[str] | None]]


@dataclass(frozen=True)
class PackageChange:
    """What pip will do for one requirement.

    action: "install", "upgrade", "downgrade" or "none"; "update" for an installed package and a line that only pip
    understands. before: the installed version, or None.
    after: the version when it is already known, else what is allowed, such as ">=2,<3", "newest", or "unknown".
    note: for a person: what else the line asks for, or who needs it; "" for nothing.
    """

    name: str
    action: Literal["install", "upgrade", "downgrade", "update", "reinstall", "none"]
    before: str | None
    after: str
    note: str = ""


def plan_changes(
    requirements: Iterable[Requirement],
    installed: Mapping[str, str],
    environment: TargetEnvironment,
    upgrade: bool = False,
    constraints: Iterable[Requirement] = (),
) -> list[PackageChange]:
    """Return what `pip install -r` will do for the requirements themselves.

    installed: version by canonical name (installed.packages). upgrade: pip's --upgrade. constraints: of the
    constraints files.
    Returns one change per requirement that applies to the target, in their order. Dependencies are not included, and
    the index is not asked: an "upgrade" to "newest" may turn out to change nothing.
    """
    limits = _limits(constraints, environment)
    return [
        _change(requirement, installed, upgrade, limits.get(requirement.name or "", SpecifierSet()))
        for requirement in requirements
        if requirement.applies(environment)
    ]


def plan_dependencies(
    requirements: Iterable[Requirement],
    installed: Mapping[str, str],
    environment: TargetEnvironment,
    requires: RequiresDist,
    constraints: Iterable[Requirement] = (),
) -> list[PackageChange]:
    """Return what `pip install -r` will do for the direct and indirect dependencies of installed requirements.

    requires: called once for each installed package in the closure.
    Returns only changes, each package once; one whose metadata could not be read is updated to "unknown".
    """
    limits = _limits(constraints, environment)
    waiting = {
        (each.name, frozenset(each.extras))
        for each in requirements
        if each.name and each.name in installed and each.applies(environment)
    }
    seen: set[tuple[str, frozenset[str]]] = set()
    known: dict[str, Sequence[str] | None] = {}
    changes: dict[str, PackageChange] = {}
    while waiting:
        known.update(requires(sorted({name for name, _ in waiting} - known.keys())))
        seen |= waiting
        following = set()
        for name, extras in sorted(waiting, key=lambda each: (each[0], sorted(each[1]))):
            lines = known[name]
            if lines is None:
                changes.setdefault(name, PackageChange(name, "update", installed[name], UNKNOWN))
            for needed in (_needed(text, extras, environment) for text in lines or ()):
                if needed is None:
                    continue
                dependency = str(canonicalize_name(needed.name))
                change = _compared(dependency, needed.specifier & limits.get(dependency, SpecifierSet()), installed)
                if change.action == "none":
                    following.add((dependency, frozenset(needed.extras)))
                else:
                    changes.setdefault(dependency, replace(change, note=f"needed by {name}"))
        waiting = following - seen
    return list(changes.values())


def closure(
    requirements: Iterable[Requirement],
    installed: Mapping[str, str],
    environment: TargetEnvironment,
    requires: RequiresDist,
) -> frozenset[str]:
    """Return which installed packages some requirements need, directly and indirectly, themselves among them.

    requires: called once for each of them. What one needs whose metadata could not be read is not known.
    """
    waiting = {
        (each.name, frozenset(each.extras))
        for each in requirements
        if each.name and each.name in installed and each.applies(environment)
    }
    seen: set[tuple[str, frozenset[str]]] = set()
    known: dict[str, Sequence[str] | None] = {}
    while waiting:
        known.update(requires(sorted({name for name, _ in waiting} - known.keys())))
        seen |= waiting
        following = {
            (str(canonicalize_name(each.name)), frozenset(each.extras))
            for name, extras in waiting
            for each in (_needed(text, extras, environment) for text in known[name] or ())
            if each is not None
        }
        waiting = {row for row in following if row[0] in installed} - seen
    return frozenset(name for name, _ in seen)


def dependents(
    removed: Collection[str], installed: Collection[str], environment: TargetEnvironment, requires: RequiresDist
) -> tuple[dict[str, list[str]], list[str]]:
    """Return which other installed packages need each removed one, and those of which it could not be read.

    removed, installed: canonical names. requires: called once for the packages that stay. What only an extra needs does
    not count, because nothing tells which extras were asked for.
    """
    staying = sorted(set(installed) - set(removed))
    found: dict[str, list[str]] = {}
    unread = []
    for name, lines in sorted(requires(staying).items()):
        if lines is None:
            unread.append(name)
        for needed in (_needed(text, frozenset(), environment) for text in lines or ()):
            dependency = str(canonicalize_name(needed.name)) if needed is not None else ""
            if dependency in removed and name not in found.setdefault(dependency, []):
                found[dependency].append(name)
    return found, unread


@dataclass(frozen=True)
class Broken:
    """What an installed package needs and does not have.

    package: "a 1.0". name: of what it needs. specifier: which versions of it. present: the one that is there, or None.
    wanted: the requirement that all installed packages together have for it.
    """

    package: str
    name: str
    specifier: str
    present: str | None
    wanted: str

    @property
    def sentence(self) -> str:
        """Return the problem in pip's sense, without a full stop."""
        if self.present is None:
            return f"{self.package} requires {self.name}{self.specifier}, which is not installed"
        return f"{self.package} requires {self.name}{self.specifier}, and {self.name} {self.present} is installed"


def broken(
    installed: Mapping[str, str], environment: TargetEnvironment, requires: RequiresDist
) -> tuple[list[Broken], list[str]]:
    """Return what `pip check` would complain about, and the packages whose requirements could not be read.

    installed: version by canonical name. requires: called once for all of them. What only an extra needs is left out.
    """
    rows: list[tuple[str, str, SpecifierSet]] = []
    lines_of = requires(sorted(installed))
    for name, lines in sorted(lines_of.items()):
        needed = [each for text in lines or () if (each := _needed(text, frozenset(), environment)) is not None]
        rows += [(name, str(canonicalize_name(each.name)), each.specifier) for each in needed]
    together: dict[str, SpecifierSet] = {}
    for _, dependency, specifier in rows:
        together[dependency] = together.get(dependency, SpecifierSet()) & specifier
    found = [
        Broken(
            f"{name} {installed[name]}".strip(),
            dependency,
            str(specifier),
            installed.get(dependency),
            f"{dependency}{together[dependency]}",
        )
        for name, dependency, specifier in rows
        if _compared(dependency, specifier, installed).action in ("install", "upgrade", "downgrade")
    ]
    return found, sorted(name for name, lines in lines_of.items() if lines is None)


def _needed(text: str, extras: frozenset[str], environment: TargetEnvironment) -> Specification | None:
    """Parse a line of Requires-Dist; None unless it applies to the target and the extras.

    A line that cannot be parsed is ignored, as pip does for an installed package.
    """
    try:
        needed = Specification(text)
        if needed.marker is None or any(
            needed.marker.evaluate({**environment.markers(), "extra": extra}) for extra in (extras or {""})
        ):
            return needed
    except (InvalidRequirement, ValueError):
        pass
    return None


def _limits(constraints: Iterable[Requirement], environment: TargetEnvironment) -> dict[str, SpecifierSet]:
    limits: dict[str, SpecifierSet] = {}
    for each in constraints:
        if each.name and each.known and each.source is None and each.applies(environment):
            limits[each.name] = limits.get(each.name, SpecifierSet()) & each.specifier
    return limits


def _change(
    requirement: Requirement, installed: Mapping[str, str], upgrade: bool, limit: SpecifierSet
) -> PackageChange:
    change = _unexplained(requirement, installed, upgrade, limit)
    notes = [f"with {', '.join(requirement.extras)}"] if requirement.extras else []
    notes += ["for editing"] if requirement.editable else []
    notes += ["within the constraints"] if limit and change.action != "none" else []
    return replace(change, note="; ".join(notes))


def _unexplained(
    requirement: Requirement, installed: Mapping[str, str], upgrade: bool, limit: SpecifierSet
) -> PackageChange:
    """Return the change for a requirement, without its note."""
    name = requirement.name or requirement.source or requirement.text or "?"
    before = installed.get(name)
    if not requirement.known:
        return PackageChange(name, "install" if before is None else "update", before, UNKNOWN)
    if requirement.source is not None:
        return PackageChange(name, "install" if before is None else "upgrade", before, requirement.source)
    found = _compared(name, requirement.specifier & limit, installed)
    if found.action == "none" and upgrade and not requirement.pinned:
        return PackageChange(name, "upgrade", before, _wanted(requirement.specifier & limit))
    return found


def _compared(name: str, specifier: SpecifierSet, installed: Mapping[str, str]) -> PackageChange:
    """Return the change for a package that is required in some version."""
    before = installed.get(name)
    if before is None:
        return PackageChange(name, "install", None, _wanted(specifier))
    try:
        if specifier.contains(Version(before), prereleases=True):
            return PackageChange(name, "none", before, before)
    except InvalidVersion:
        return PackageChange(name, "update" if specifier else "none", before, UNKNOWN if specifier else before)
    return PackageChange(name, "upgrade" if _must_rise(specifier, before) else "downgrade", before, _wanted(specifier))


def _wanted(specifier: SpecifierSet) -> str:
    exact = [clause.version for clause in specifier if clause.operator in ("==", "===") and "*" not in clause.version]
    return exact[0] if exact else str(specifier) or "newest"


def _must_rise(specifier: SpecifierSet, before: str) -> bool:
    """Return whether a version that the specifier does not allow is too old, rather than too new."""
    try:
        present = Version(before)
        return any(
            clause.operator not in ("<", "<=", "!=") and Version(clause.version.replace(".*", "")) >= present
            for clause in specifier
        )
    except InvalidVersion:
        return True
