"""The Pythons on an app: installed site extensions, folders of %HOME%, and the ones that App Service brings."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.extension import Extension, read_extensions
from azext_pythonapp.runtimes.identity import Identity, identify_folder
from azext_pythonapp.runtimes.probe import Answer, probe
from azext_pythonapp.runtimes.versions import is_prerelease, numbers, python_order
from azext_pythonapp.windows import same_path, started_path
from azext_pythonapp.worker import ScmSite

Source = Literal["siteExtension", "folder", "builtIn"]

# Read-only; D:\Python34 holds 3.6.6 since 2018 (docs/platform/site-extensions.md 1.7). VFS does not reach them.
BUILT_IN_PYTHONS = (r"D:\Python27\python.exe", r"D:\Python34\python.exe")
_PATCH = 3
_PYTHON_FOLDER = re.compile(r"python", re.IGNORECASE)
_PYTHON_PROGRAM = re.compile(r"python[0-9.]*\.exe", re.IGNORECASE)


@dataclass(frozen=True)
class Installed:
    r"""One Python on the app.

    version, architecture: what python.exe itself said; where it said nothing, what the site extension that it belongs
        to says, or the folder where it is named as packages name theirs (python364x64); else None.
    extension_id, package_version: of the site extension that it belongs to; None for any other.
    python_path: as the worker sees it, below its %HOME%: `D:\home\python364x64\python.exe`.
    in_use: whether web.config starts it.
    problem: what is wrong with it, in one sentence; None for a Python that answered and is what its names say.
    answered: whether python.exe ran and told its version. One that did not must not be built upon: its file is broken
        or gone, or is another extension's, or it is `unknown`.
    unknown: whether it was asked, twice, and not heard to its end: it may be as good as any.
    likely: what the name of its folder says, for one of which nothing else is known.
    """

    version: str | None
    architecture: str | None
    extension_id: str | None
    package_version: str | None
    python_path: str
    source: Source
    in_use: bool
    problem: str | None = None
    answered: bool = True
    unknown: bool = False
    likely: Identity | None = None

    @property
    def name(self) -> str:
        """How messages name it: "Python 3.6.4 x64", or less where less is known."""
        return " ".join(["Python", *filter(None, (self.version, self.architecture))])

    def to_dict(self) -> dict[str, Any]:
        """The row that `list` prints."""
        return {
            "version": self.version,
            "architecture": self.architecture,
            "extensionId": self.extension_id,
            "packageVersion": self.package_version,
            "pythonPath": self.python_path,
            "source": self.source,
            "inUse": self.in_use,
            "answered": self.answered,
        }

    def may_be(self, matches: Callable[[str], bool], architecture: str | None) -> bool:
        """Whether it is such a Python, by what it said or by what its names say.

        matches: judges a version. architecture: "x64", "x86", or None for any.
        """
        version = self.version or (self.likely.version if self.likely else "")
        own = self.architecture or (self.likely.architecture if self.likely else None)
        return matches(version) and (architecture is None or own in (None, architecture))


class _Runtime(NamedTuple):
    """An installed site extension that is a Python."""

    extension: Extension
    identity: Identity


@dataclass(frozen=True)
class _Place:
    """One python.exe that there is.

    folder: its folder's name in %HOME%, None outside it. answer: what it said. unknown: why it was not heard to its
    end; None when it was.
    """

    python_path: str
    folder: str | None
    source: Source
    answer: Answer | None
    unknown: str | None


def discover(kudu: ScmSite, extensions: Iterable[Mapping[str, Any]], in_use_path: str | None) -> list[Installed]:
    """Every Python on the app, newest first.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or ARM's.
    in_use_path: the python.exe that web.config names, in any spelling of %HOME%; None when it names none.

    Costs one listing of %HOME% and one remote command; for each Python that did not answer one listing more, to tell
    a broken Python from a folder that merely has such a name, and one command more, to ask it alone. An extension is
    listed also when its python.exe is gone, or was replaced by another extension's (`Python27` is the folder of every
    2.7): it is installed, Azure says so, and `problem` says what is wrong with it.
    """
    home = kudu.home()
    places = _places(kudu, home, in_use_path)
    runtimes = [
        _Runtime(extension, identity) for extension in read_extensions(extensions) if (identity := extension.identity)
    ]
    found: list[Installed] = []
    for place in places:
        claimants = [runtime for runtime in runtimes if _lives_in(runtime.identity, place.folder)]
        in_use = _is_in_use(place.python_path, in_use_path, home)
        if place.answer is None and claimants:
            # Whose Python it is, only the Python can tell.
            found.extend(_at_place(place, runtime, in_use) for runtime in claimants)
            continue
        owner = _owner(claimants, place.answer)
        found.append(_at_place(place, owner, in_use))
        found.extend(_replaced(runtime, place) for runtime in claimants if runtime is not owner)
    for runtime in runtimes:
        if not any(_lives_in(runtime.identity, place.folder) for place in places):
            path = runtime.identity.python_path(home)
            found.append(_gone(runtime, path, _is_in_use(path, in_use_path, home)))
    return sorted(
        found, reverse=True, key=lambda one: (python_order(one.version), one.architecture == "x64", one.in_use)
    )


def _places(kudu: ScmSite, home: str, in_use_path: str | None) -> list[_Place]:
    """Every python.exe there is: in a folder of %HOME% named like a Python, built in, or where web.config says."""
    folders = [
        entry.name for entry in kudu.list_directory("") if entry.is_directory and _PYTHON_FOLDER.match(entry.name)
    ]
    paths = {ntpath.join(home, folder, "python.exe"): folder for folder in folders}
    elsewhere = [*BUILT_IN_PYTHONS]
    if in_use_path and _PYTHON_PROGRAM.fullmatch(ntpath.basename(started_path(in_use_path, home))):
        if not any(same_path(in_use_path, path, home) for path in [*paths, *elsewhere]):
            elsewhere.append(started_path(in_use_path, home))
    there = cache(lambda path: path not in paths or _has_python(kudu, paths[path]))
    replies = probe(
        kudu, [*paths, *elsewhere], lambda path: path in paths and there(path) or _is_in_use(path, in_use_path, home)
    )
    answers, unknown = replies.answers, replies.unknown
    places = [
        _Place(path, folder, "folder", answers.get(path), unknown.get(path))
        for path, folder in paths.items()
        if path in answers or there(path)
    ]
    places += [
        _Place(path, None, "builtIn" if path in BUILT_IN_PYTHONS else "folder", answers.get(path), unknown.get(path))
        for path in elsewhere
        if path in answers or (path in unknown and _is_in_use(path, in_use_path, home))
    ]
    return places


def _has_python(kudu: ScmSite, folder: str) -> bool:
    try:
        return any(entry.name.lower() == "python.exe" for entry in kudu.list_directory(folder))
    except NotFound:
        return False


def _lives_in(identity: Identity, folder: str | None) -> bool:
    return folder is not None and identity.folder.lower() == folder.lower()


def _is_in_use(path: str, in_use_path: str | None, home: str) -> bool:
    return in_use_path is not None and same_path(path, in_use_path, home)


def _owner(claimants: Sequence[_Runtime], answer: Answer | None) -> _Runtime | None:
    """Which of the extensions that share a folder put the Python there that is there now."""
    for runtime in claimants:
        if answer and _agrees(runtime.identity, answer):
            return runtime
    return claimants[0] if len(claimants) == 1 else None


def _agrees(identity: Identity, answer: Answer) -> bool:
    said, named = numbers(answer.version), numbers(identity.version)
    same = said[: len(named)] == named and is_prerelease(answer.version) == is_prerelease(identity.version)
    return same and identity.architecture in (None, answer.architecture)


def _names_all(identity: Identity) -> bool:
    """Whether a folder is named as a runtime's package names it, down to the patch and the architecture."""
    return identity.architecture is not None and len(numbers(identity.version)) == _PATCH


def _at_place(place: _Place, owner: _Runtime | None, in_use: bool) -> Installed:
    identity = owner.identity if owner else identify_folder(place.folder or "")
    version, architecture, problem = None, None, None
    if place.answer is None:
        problem = f"{place.python_path} did not say its version: it does not run."
        if place.unknown is not None:
            problem = f"{place.python_path} was asked for its version and did not answer in time ({place.unknown})."
        if identity is not None and (owner is not None or _names_all(identity)):
            version, architecture = identity.version, identity.architecture
            problem += " What is shown is what its names say."
    else:
        version, architecture = place.answer.version, place.answer.architecture
        if identity and not _agrees(identity, place.answer):
            problem = f"{place.python_path} is Python {version} {architecture}, but its names say {_named(identity)}."
    return Installed(
        version=version,
        architecture=architecture,
        extension_id=owner.extension.id if owner else None,
        package_version=owner.extension.package_version or None if owner else None,
        python_path=place.python_path,
        source="siteExtension" if owner else place.source,
        in_use=in_use,
        problem=problem,
        answered=place.answer is not None,
        unknown=place.answer is None and place.unknown is not None,
        likely=identity,
    )


def _replaced(runtime: _Runtime, place: _Place) -> Installed:
    holds = f"Python {place.answer.version} {place.answer.architecture}" if place.answer else "another Python"
    return _without_python(
        runtime,
        place.python_path,
        False,
        f"{runtime.extension.id} is installed, but {place.python_path} is {holds} now; "
        "another extension uses the same folder.",
    )


def _gone(runtime: _Runtime, python_path: str, in_use: bool) -> Installed:
    return _without_python(
        runtime, python_path, in_use, f"{runtime.extension.id} is installed, but {python_path} is not there."
    )


def _without_python(runtime: _Runtime, python_path: str, in_use: bool, problem: str) -> Installed:
    return Installed(
        version=runtime.identity.version,
        architecture=runtime.identity.architecture,
        extension_id=runtime.extension.id,
        package_version=runtime.extension.package_version or None,
        python_path=python_path,
        source="siteExtension",
        in_use=in_use,
        problem=problem,
        answered=False,
    )


def _named(identity: Identity) -> str:
    return f"Python {identity.version}" + (f" {identity.architecture}" if identity.architecture else "")
