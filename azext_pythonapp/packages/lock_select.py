"""What of a lock a Python on Windows gets (docs/platform/pylock.md 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.lock import Lock, LockedFile, LockedPackage, LockedRepository
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.wheels import ranked_tags


@dataclass(frozen=True)
class Selected:
    """One package of a lock, and what it is installed from.

    kind: "wheel", "sdist", "archive" or "repository". version: None where only its metadata tells it.
    """

    package: LockedPackage
    kind: str
    source: LockedFile | LockedRepository
    version: str | None

    @property
    def file(self) -> LockedFile:
        """Return its file; raise TypeError for a repository."""
        if isinstance(self.source, LockedRepository):
            raise TypeError("a repository is no file")
        return self.source


def select(
    lock: Lock, target: TargetEnvironment, usable: Callable[[LockedFile], bool] = lambda file: True
) -> tuple[Selected, ...]:
    """Return what of a lock is installed into a Python, in the order of the lock.

    usable: whether a wheel may be taken, by which others than the best may be. Extras are not asked for, and of the
    groups those that the lock names as default. Raises InvalidInput for a lock that is not for that Python, names a
    package twice, or has nothing of one that fits.
    """
    markers = target.markers()
    if lock.requires_python is not None and not _contains(lock.requires_python, target):
        raise _unfit(lock, target, f"its requires-python is {str(lock.requires_python)!r}")
    if lock.environments and not any(_is_true(each, markers, lock, "environments") for each in lock.environments):
        raise _unfit(lock, target, "none of its environments is that of this Python")
    chosen: dict[str, Selected] = {}
    for package in lock.packages:
        if package.marker is not None and not _is_true(package.marker, markers, lock, f"{package.key}.marker"):
            continue
        if package.requires_python is not None and not _contains(package.requires_python, target):
            raise _unfit(lock, target, f"{package.name} ({package.key}) requires Python {package.requires_python}")
        if package.name in chosen:
            other = chosen[package.name].package
            raise InvalidInput(
                f"{lock.name} names {package.name} twice for Python {target.version}: {other.key} and {package.key} "
                "both apply.",
                "Lock anew, so that markers tell them apart.",
            )
        chosen[package.name] = _source_of(lock, package, target, usable)
    return tuple(chosen.values())


def _source_of(
    lock: Lock, package: LockedPackage, target: TargetEnvironment, usable: Callable[[LockedFile], bool]
) -> Selected:
    if package.repository is not None:
        return Selected(package, "repository", package.repository, package.version)
    if package.directory is not None:
        raise InvalidInput(
            f"{lock.name}:{package.line}: {package.name} is a folder of the machine that made the lock "
            f"({package.key}.directory), which no worker has.",
            "Lock without the project itself, such as with `uv export --format pylock.toml --no-emit-project`; "
            "build a wheel of any other folder, and lock that.",
        )
    if package.archive is not None:
        return Selected(package, "archive", package.archive, package.version)
    fitting = fitting_wheels(package, target)
    wheel = next(filter(usable, fitting), fitting[0] if fitting else None)
    if wheel is not None:
        return Selected(package, "wheel", wheel, package.version or str(parse_wheel_filename(wheel.name)[1]))
    if package.sdist is not None:
        version = package.version or str(parse_sdist_filename(package.sdist.name)[1])
        return Selected(package, "sdist", package.sdist, version)
    names = ", ".join(each.name for each in package.wheels[:5]) + (" …" if len(package.wheels) > 5 else "")
    raise InvalidInput(
        f"{lock.name}:{package.line}: no wheel of {package.name} is for Python {target.version} {target.architecture}, "
        f"and there is no source distribution: {names}.",
        "Lock anew for Windows and that Python.",
    )


def fitting_wheels(package: LockedPackage, target: TargetEnvironment) -> list[LockedFile]:
    """Return the wheels of a package that a Python takes, the one that it prefers first."""
    ranks = {tag: rank for rank, tag in enumerate(ranked_tags(target.version, target.architecture))}
    rows = []
    for number, wheel in enumerate(package.wheels):
        found = [ranks[tag] for tag in parse_wheel_filename(wheel.name)[3] if tag in ranks]
        if found:
            rows.append((min(found), number, wheel))
    return [wheel for _, _, wheel in sorted(rows, key=lambda row: row[:2])]


def _contains(versions: SpecifierSet, target: TargetEnvironment) -> bool:
    """Return whether versions have that of a Python, without the end of a pre-release's, as pip sees it."""
    return versions.contains(Version(target.version).base_version, prereleases=True)


def _is_true(marker: Marker, markers: Mapping[str, str], lock: Lock, key: str) -> bool:
    """Return whether a marker applies; raise InvalidInput for one that cannot be evaluated.

    Older versions of packaging have no lock files in mind; they have no markers about groups and extras either.
    """
    values = {name: value for name, value in markers.items() if name != "extra"}
    sets = {"extras": frozenset[str](), "dependency_groups": frozenset(lock.default_groups)}
    try:
        try:
            return bool(marker.evaluate({**values, **sets}, context="lock_file"))
        except TypeError:
            return bool(marker.evaluate({**values, "extra": ""}))
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            f"{lock.name} is no valid lock: {key} is {str(marker)!r}, which cannot be evaluated: {error}.",
            "Lock anew, or correct the marker.",
        ) from error


def _unfit(lock: Lock, target: TargetEnvironment, why: str) -> InvalidInput:
    return InvalidInput(
        f"{lock.name} is not for Python {target.version} {target.architecture} on Windows: {why}.",
        "Lock anew for Windows and that Python, or make the app run a Python that the lock is for: "
        "`az webapp python set-version`.",
    )
