"""The Pythons on an app: installed site extensions, folders of %HOME%, and the ones built into App Service."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.environment import letter_of, python_of
from azext_pythonapp.runtimes.extension import Extension, read_extensions
from azext_pythonapp.runtimes.identity import Identity, identify_folder
from azext_pythonapp.runtimes.probe import BUILT_IN_PYTHONS, Answer, Survey, probe, survey
from azext_pythonapp.runtimes.versions import is_prerelease, numbers, python_order
from azext_pythonapp.windows import same_path, started_path
from azext_pythonapp.worker import ScmSite

Source = Literal["siteExtension", "folder", "builtIn", "environment"]

_PATCH = 3
_PYTHON_FOLDER = re.compile(r"python", re.IGNORECASE)
_PYTHON_PROGRAM = re.compile(r"python[0-9.]*\.exe", re.IGNORECASE)


@dataclass(frozen=True)
class InstalledRuntime:
    r"""One Python on the app.

    version, architecture: as reported by python.exe. Without a report: those of its site extension, or of its folder if
        that is named like a package's (python364x64); else None.
    extension_id, package_version: of its site extension; None if it has none.
    python_path: as the worker sees it, below its %HOME%: `D:\home\python364x64\python.exe`.
    in_use: whether web.config starts it.
    problem: what is wrong with it, in one sentence; None for a Python that answered and matches its names.
    answered: whether python.exe ran and reported its version. Do not rely on one that did not: its file is broken or
        missing, or belongs to another extension, or it is `unknown`.
    unknown: whether it was probed twice without a complete answer; nothing may be wrong with it.
    named: what the name of its folder says, for one of which nothing else is known.
    missing: whether it is certain that there is no python.exe: only its site extension is there.
    base: of an environment, the runtime that it stands on; None where that is not known.
    package: the id of the package of CPython that this product built it from; None for any other.
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
    named: Identity | None = None
    missing: bool = False
    base: InstalledRuntime | None = None
    package: str | None = None

    @property
    def is_runtime(self) -> bool:
        """Whether it is the app's own and packages can be in it: neither built in nor an environment."""
        return self.source not in ("builtIn", "environment")

    @property
    def name(self) -> str:
        """Return its name for messages: "Python 3.6.4 x64", or less where less is known."""
        return " ".join(["Python", *filter(None, (self.version, self.architecture))])

    def to_dict(self) -> dict[str, Any]:
        """Return the object of docs/json-output.md; an environment has the extension of its runtime."""
        owner = self.base or self
        return {
            "version": self.version,
            "architecture": self.architecture,
            "extensionId": owner.extension_id,
            "packageVersion": owner.package_version,
            "pythonPath": self.python_path,
            "source": self.source,
            "inUse": self.in_use,
            "answered": self.answered,
        }

    def may_be(self, matches: Callable[[str], bool], architecture: str | None) -> bool:
        """Return whether it matches, by its own report or by its names.

        matches: checks a version. architecture: "x64", "x86", or None for any.
        """
        version = self.version or (self.named.version if self.named else "")
        own = self.architecture or (self.named.architecture if self.named else None)
        return matches(version) and (architecture is None or own in (None, architecture))


class _Runtime(NamedTuple):
    """An installed site extension that is a Python runtime."""

    extension: Extension
    identity: Identity


@dataclass(frozen=True)
class _Program:
    """One python.exe that exists.

    folder: its folder's name in %HOME%, None outside it. answer: its report. unknown: why there is no complete answer;
    None when there is one.
    """

    python_path: str
    folder: str | None
    source: Source
    answer: Answer | None
    unknown: str | None


def discover(
    kudu: ScmSite, extensions: Iterable[Mapping[str, Any]], in_use_path: str | None, surveyed: Survey | None = None
) -> list[InstalledRuntime]:
    """Return every Python on the app, newest first.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or Resource Manager's.
    in_use_path: the python.exe that web.config names, in any spelling of %HOME%; None when it names none.

    surveyed: what `survey` has just returned; None to run it now.

    Takes the one remote command of `survey`; only when that was cut off, %HOME% is listed and everything probed again.
    Each Python that did not answer takes one more listing, to tell a broken Python from a folder with such a name, and
    one more command, to probe it alone. A Python outside %HOME% that web.config starts takes one more command. An
    extension is included also when its python.exe is missing, or was replaced by another extension's (`Python27` is the
    folder of every 2.7): Azure reports it as installed, and `problem` says what is wrong with it.
    """
    surveyed = survey(kudu) if surveyed is None else surveyed
    home = surveyed.home or kudu.home()
    programs = _find_programs(kudu, home, in_use_path, surveyed)
    runtimes = [
        _Runtime(extension, identity) for extension in read_extensions(extensions) if (identity := extension.identity)
    ]
    found: list[InstalledRuntime] = []
    for program in programs:
        candidates = [runtime for runtime in runtimes if _uses_folder(runtime.identity, program.folder)]
        in_use = _is_in_use(program.python_path, in_use_path, home)
        if program.answer is None and candidates:
            # Only python.exe itself could say which extension it belongs to.
            found.extend(_installed(program, runtime, in_use) for runtime in candidates)
            continue
        owner = _owner(candidates, program.answer)
        found.append(_installed(program, owner, in_use))
        found.extend(_replaced(runtime, program) for runtime in candidates if runtime is not owner)
    for runtime in runtimes:
        if not any(_uses_folder(runtime.identity, program.folder) for program in programs):
            path = runtime.identity.python_path(home)
            found.append(_missing(runtime, path, _is_in_use(path, in_use_path, home)))
    return sorted(
        found, reverse=True, key=lambda one: (python_order(one.version), one.architecture == "x64", one.in_use)
    )


def _find_programs(kudu: ScmSite, home: str, in_use_path: str | None, surveyed: Survey) -> list[_Program]:
    """Return every python.exe: in a folder of %HOME% named like a Python, built in, or named in web.config."""
    folders = surveyed.folders
    if folders is None:
        entries = kudu.list_directory("")
        folders = tuple(entry.name for entry in entries if entry.is_directory and _PYTHON_FOLDER.match(entry.name))
    paths = {ntpath.join(home, folder, "python.exe"): folder for folder in folders}
    elsewhere = [*BUILT_IN_PYTHONS]
    letter = letter_of(in_use_path, home) if in_use_path else None
    if letter is not None and letter in (surveyed.environments or ()):
        elsewhere.append(python_of(letter, home))
    # A connection that was cut, and output that cannot be relied on, say nothing about any of them.
    says_nothing = surveyed.cut is not None or (surveyed.completed and surveyed.home is None)
    probed = [] if says_nothing else [*paths, *elsewhere]
    if in_use_path and _PYTHON_PROGRAM.fullmatch(ntpath.basename(started_path(in_use_path, home))):
        if not any(same_path(in_use_path, path, home) for path in [*paths, *elsewhere]):
            elsewhere.append(started_path(in_use_path, home))
    exists = cache(lambda path: path not in paths or _has_python(kudu, paths[path]))
    replies = probe(
        kudu,
        [*paths, *elsewhere],
        lambda path: path in paths and exists(path) or _is_in_use(path, in_use_path, home),
        surveyed if probed else None,
        probed,
    )
    answers, unknown = replies.answers, replies.unknown
    programs = [
        _Program(path, folder, "folder", answers.get(path), unknown.get(path))
        for path, folder in paths.items()
        if path in answers or exists(path)
    ]
    programs += [
        _Program(path, None, _source_of(path, home), answers.get(path), unknown.get(path))
        for path in elsewhere
        if path in answers or (path in unknown and _is_in_use(path, in_use_path, home))
    ]
    return programs


def _source_of(path: str, home: str) -> Source:
    """Return what a Python outside of the folders of %HOME% is."""
    if path in BUILT_IN_PYTHONS:
        return "builtIn"
    return "environment" if letter_of(path, home) is not None else "folder"


def _has_python(kudu: ScmSite, folder: str) -> bool:
    try:
        return any(entry.name.lower() == "python.exe" for entry in kudu.list_directory(folder))
    except NotFound:
        return False


def _uses_folder(identity: Identity, folder: str | None) -> bool:
    return folder is not None and identity.folder.lower() == folder.lower()


def _is_in_use(path: str, in_use_path: str | None, home: str) -> bool:
    return in_use_path is not None and same_path(path, in_use_path, home)


def _owner(candidates: Sequence[_Runtime], answer: Answer | None) -> _Runtime | None:
    """Return the extension, among those that share a folder, whose Python is installed there now."""
    for runtime in candidates:
        if answer and _agrees(runtime.identity, answer):
            return runtime
    return candidates[0] if len(candidates) == 1 else None


def _agrees(identity: Identity, answer: Answer) -> bool:
    said, named = numbers(answer.version), numbers(identity.version)
    same = said[: len(named)] == named and is_prerelease(answer.version) == is_prerelease(identity.version)
    return same and identity.architecture in (None, answer.architecture)


def _names_all(identity: Identity) -> bool:
    """Return whether a folder is named like a package's, with patch and architecture."""
    return identity.architecture is not None and len(numbers(identity.version)) == _PATCH


def _installed(program: _Program, owner: _Runtime | None, in_use: bool) -> InstalledRuntime:
    identity = owner.identity if owner else identify_folder(program.folder or "")
    version, architecture, problem = None, None, None
    if program.answer is None:
        problem = f"{program.python_path} does not run: it did not report its version."
        if program.unknown is not None:
            problem = f"{program.python_path} did not answer in time when asked for its version ({program.unknown})."
        if identity is not None and (owner is not None or _names_all(identity)):
            version, architecture = identity.version, identity.architecture
            problem += " The version shown is the one in its name."
    else:
        version, architecture = program.answer.version, program.answer.architecture
        if identity and not _agrees(identity, program.answer):
            problem = f"{program.python_path} is Python {version} {architecture}, but it is named {_named(identity)}."
    return InstalledRuntime(
        version=version,
        architecture=architecture,
        extension_id=owner.extension.id if owner else None,
        package_version=owner.extension.package_version or None if owner else None,
        python_path=program.python_path,
        source="siteExtension" if owner else program.source,
        in_use=in_use,
        problem=problem,
        answered=program.answer is not None,
        unknown=program.answer is None and program.unknown is not None,
        named=identity,
        package=owner.extension.built_from if owner else None,
    )


def _replaced(runtime: _Runtime, program: _Program) -> InstalledRuntime:
    other = f"Python {program.answer.version} {program.answer.architecture}" if program.answer else "another Python"
    return _without_python(
        runtime,
        program.python_path,
        False,
        f"{runtime.extension.id} is installed, but {program.python_path} is now {other}; "
        "another extension uses the same folder.",
    )


def _missing(runtime: _Runtime, python_path: str, in_use: bool) -> InstalledRuntime:
    problem = f"{runtime.extension.id} is installed, but {python_path} does not exist."
    return _without_python(runtime, python_path, in_use, problem, missing=True)


def _without_python(
    runtime: _Runtime, python_path: str, in_use: bool, problem: str, missing: bool = False
) -> InstalledRuntime:
    return InstalledRuntime(
        version=runtime.identity.version,
        architecture=runtime.identity.architecture,
        extension_id=runtime.extension.id,
        package_version=runtime.extension.package_version or None,
        python_path=python_path,
        source="siteExtension",
        in_use=in_use,
        problem=problem,
        answered=False,
        named=runtime.identity,
        missing=missing,
        package=runtime.extension.built_from,
    )


def _named(identity: Identity) -> str:
    return f"Python {identity.version}" + (f" {identity.architecture}" if identity.architecture else "")
