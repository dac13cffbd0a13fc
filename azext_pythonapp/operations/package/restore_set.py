"""Bring a Python's packages back to a set that it had before: what pip has to be asked for, all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound
from azext_pythonapp.history.record import PackageChange
from azext_pythonapp.jobs.request import Restore
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.job.run import PipRun, package_change, rose
from azext_pythonapp.operations.package.requirement_files import WHEELS_PAGE
from azext_pythonapp.packages import pip
from azext_pythonapp.packages.pip import Argument, HomeFile, JobFile, PipCommand, PipOptions
from azext_pythonapp.packages.wheels import STORE, stored_page
from azext_pythonapp.plan import Change

# Files in the job's folder: what pip collects first, what it installs, what it removes, and its own version.
COLLECTED, INSTALLED, REMOVED, PIP = "collected.txt", "packages.txt", "removed.txt", "pip.txt"
WHEELS = "wheels"
EDITABLE = "-e "
# pip before 20.3 reads a file as the system's code page unless it says otherwise in its first line.
_HEAD = "# -*- coding: utf-8 -*-\n"
_HOME = "%HOME%\\"
# The other options that say where packages come from; a record, which others can write, gives pip no further ones.
_FLAGS = ("--prefer-binary",)
_WITH_VALUE = ("--trusted-host", "--only-binary", "--no-binary", "--use-feature")


@dataclass(frozen=True)
class PackageSet:
    """Packages that a Python is to have, and no others.

    versions: by canonical name. addresses: where those came from that no index has, by name; an editable one begins
    with "-e ". options: where pip finds the others. links: further places for --find-links.
    """

    versions: Mapping[str, str]
    addresses: Mapping[str, str] = field(default_factory=dict)
    options: PipOptions = PipOptions()
    links: tuple[Argument, ...] = ()

    def but(self, versions: Mapping[str, str]) -> PackageSet:
        """Return other packages, from the same places."""
        return replace(self, versions=versions)


def package_set(
    change: PackageChange, index_url: str | None = None, extra_index_urls: Sequence[str] = ()
) -> PackageSet:
    """Return the packages that a Python had before a change. index_url, extra_index_urls: in place of the recorded."""
    switches: set[str] = set()
    links: list[Argument] = []
    index, extra, more = None, list[str](), list[str]()
    words = iter([part for word in change.arguments for part in _split(word)])
    for word in words:
        if word in ("-i", "--index-url"):
            index = next(words, None)
        elif word == "--extra-index-url":
            extra += list(filter(None, [next(words, None)]))
        elif word in ("-f", "--find-links"):
            links += [_place(value) for value in filter(None, [next(words, None)])]
        elif word in ("--no-index", "--pre"):
            switches.add(word)
        elif word in _FLAGS:
            more.append(word)
        elif word in _WITH_VALUE:
            more += [word, *filter(None, [next(words, None)])]
    options = PipOptions(
        pre="--pre" in switches,
        no_index="--no-index" in switches and not index_url,
        index_url=index_url or index,
        extra_index_urls=tuple(extra_index_urls or extra),
        more=tuple(more),
    )
    return PackageSet(dict(change.before or {}), change.addresses, options, tuple(links))


def same_packages(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether two sets of packages are the same. Versions count, not how they are spelled."""
    return not changes_to(one, other) and ("pip" in one) == ("pip" in other)


def plan_restore(app: App, target: Target, present: Mapping[str, str], wanted: PackageSet) -> PipRun | None:
    """Return the run of pip that makes a Python's packages the wanted ones; None when they are.

    present: those that are there, version by canonical name. pip collects all that is to be installed before anything
    is changed: one that is nowhere to be had leaves everything as it was. After a failure that comes later, what was
    changed is put back. pip itself, which is never removed, is changed last.
    """
    planned = changes_to(present, wanted.versions)
    if not planned:
        return None
    names = [change.target.partition("/")[2] for change in planned]
    installed = [name for name in names if name in wanted.versions and name != "pip"]
    removed = [name for name in names if name not in wanted.versions]
    files = {
        COLLECTED: _lines([requirement_line(name, wanted) for name in installed if not _is_editable(name, wanted)]),
        INSTALLED: _lines([requirement_line(name, wanted) for name in installed]),
        REMOVED: _lines(removed),
        PIP: _lines([requirement_line("pip", wanted)] if "pip" in names else []),
    }
    uploads = {name: content.encode("utf-8") for name, content in files.items() if content}
    page = stored_wheels(app, {name: wanted.versions[name] for name in names if name in wanted.versions})
    options = wanted.options
    if page is not None:
        uploads[WHEELS_PAGE] = page
        options = replace(options, wheel_dir=JobFile(WHEELS_PAGE))
    preparation, *calls = _calls(uploads, options, wanted.links, present.get("pip"))
    return PipRun(
        target,
        "Bringing back the packages of",
        calls[0] if calls else preparation,
        planned,
        uploads=uploads,
        preparation=preparation if calls else None,
        present=present,
        restore=Restore((*pip.restore_arguments(options), *_find(wanted.links))),
        then=tuple(calls[1:]),
    )


def changes_to(present: Mapping[str, str], wanted: Mapping[str, str]) -> list[Change]:
    """Return what has to change in a set of packages; pip is never removed. Both: version by canonical name."""
    changes = []
    for name in sorted({*present, *wanted}):
        before, after = present.get(name), wanted.get(name)
        if _same_version(before, after) or (name == "pip" and after is None):
            continue
        if before is None:
            changes.append(package_change(name, "install", None, after))
        elif after is None:
            changes.append(package_change(name, "uninstall", before, None))
        else:
            changes.append(package_change(name, "upgrade" if rose(before, after) else "downgrade", before, after))
    return changes


def _calls(
    files: Collection[str], options: PipOptions, links: Sequence[Argument], pip_version: str | None
) -> list[PipCommand]:
    """Return pip's calls, in order. files: the names of those in the job's folder."""
    calls = []
    collects = COLLECTED in files and _is_at_least(pip_version, "8")
    if collects:
        collected = pip.gather(JobFile(COLLECTED), options, JobFile(WHEELS), _is_at_least(pip_version, "10"))
        calls.append(_with(collected, "--no-deps", *options.more, *_find(links)))
    if REMOVED in files:
        calls.append(pip.uninstall(JobFile(REMOVED)))
    for name in (INSTALLED, PIP):
        if name in files:
            places = [JobFile(WHEELS), *links] if collects and name == INSTALLED else links
            calls.append(_with(pip.install(JobFile(name), replace(options, no_deps=True)), *_find(places)))
    return calls


def _with(command: PipCommand, *arguments: Argument) -> PipCommand:
    """Return a command with more arguments behind its name."""
    name, *rest = command.arguments
    return replace(command, arguments=(name, *arguments, *rest))


def _find(places: Sequence[Argument]) -> list[Argument]:
    return [argument for place in places for argument in ("--find-links", place)]


def _place(text: str) -> Argument:
    """Return a place that a record names: an address, or a folder of the app."""
    if text.upper().startswith(_HOME):
        return HomeFile(text[len(_HOME) :].replace("\\", "/"))
    return text


def _same_version(one: str | None, other: str | None) -> bool:
    return one == other or (
        one is not None and other is not None and canonicalize_version(one) == canonicalize_version(other)
    )


def requirement_line(name: str, wanted: PackageSet) -> str:
    """Return the requirement of one package of a set: its version, or where it came from."""
    address, version = wanted.addresses.get(name), wanted.versions[name]
    if address is None:
        return f"{name}=={version}" if version else name
    return address if _is_editable(name, wanted) else f"{name} @ {address}"


def _is_editable(name: str, wanted: PackageSet) -> bool:
    return wanted.addresses.get(name, "").startswith(EDITABLE)


def _lines(lines: Sequence[str]) -> str:
    return _HEAD + "".join(f"{line}\n" for line in lines) if lines else ""


def stored_wheels(app: App, packages: Mapping[str, str]) -> bytes | None:
    """Return the page of the wheels in the app's store that hold packages; None for none. Costs one request."""
    if not packages:
        return None
    try:
        return stored_page([entry.name for entry in app.kudu.list_directory(STORE)], packages)
    except NotFound:
        return None


def _is_at_least(version: str | None, other: str) -> bool:
    """Return whether a version of pip is at least another one; True for one that is not known."""
    try:
        return Version(version or "") >= Version(other)
    except InvalidVersion:
        return True


def _split(word: str) -> list[str]:
    """Return an option and its value apart: "--index-url=URL"."""
    name, equals, value = word.partition("=")
    return [name, value] if equals and name.startswith("--") else [word]
