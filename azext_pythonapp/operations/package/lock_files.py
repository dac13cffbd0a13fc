"""A lock in place of a requirements file: of this machine, from an address, or the app's own pylock.toml."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import requests
from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound, RemoteFailed
from azext_pythonapp.operations.app.wwwroot import web_root
from azext_pythonapp.operations.package.requirement_files import (
    UPLOADED_REQUIREMENTS,
    WHEELS_PAGE,
    RequirementFiles,
    files_on_app,
)
from azext_pythonapp.operations.package.requirement_trees import read_local
from azext_pythonapp.packages import cooldown, record
from azext_pythonapp.packages import lock as locks
from azext_pythonapp.packages.lock import Lock, LockedFile
from azext_pythonapp.packages.lock_requirements import WHEELS, LockPart, parts_of, strongest
from azext_pythonapp.packages.lock_select import Selected, select
from azext_pythonapp.packages.pip import JobFile, PipOptions, masked
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment, parse
from azext_pythonapp.packages.wheels import Wheel, find_links_page, read_folder, read_wheel

MOST_BYTES = 64 << 20
SECONDS = 60
_CHUNK_BYTES = 1 << 18
# From a page in the job's folder, data/pythonapp/jobs/<id>/requirements, to %HOME%.
_TO_HOME = "../../../../../"


@dataclass(frozen=True)
class LockedFiles(RequirementFiles):
    """A lock, of which `for_target` chooses what one Python gets. It is complete: nothing else may get in.

    lock: as read; content: its bytes. folder: on this machine, or below %HOME%, from which its paths lead; None for a
    lock from an address. selected: what was chosen; None before that. calls: what pip is called with. paths: wheels
    that the lock itself names by a path on this machine.
    """

    lock: Lock = field(default_factory=lambda: Lock(locks.NAME, None, None, None, (), ()), repr=False)
    content: bytes = field(default=b"", repr=False)
    folder: Path | str | None = None
    options: PipOptions = field(default_factory=PipOptions)
    selected: tuple[Selected, ...] | None = field(default=None, repr=False)
    calls: tuple[LockPart, ...] = field(default=(), repr=False)

    @property
    def complete(self) -> bool:
        """Return whether nothing but the requirements themselves is installed."""
        return True

    @property
    def fingerprint(self) -> str:
        """One hash over the lock and the local wheels, the same before and after `for_target`."""
        wheels = {f"wheels/{wheel.name}": wheel.sha256.encode("ascii") for wheel in self.wheels}
        return record.fingerprint({locks.NAME: self.content, **wheels})

    @property
    def find_links(self) -> JobFile | None:
        """None: the lock's own file names the page of local wheels."""
        return None

    @property
    def pinned(self) -> bool:
        """Return whether each package is exactly one version: that is what a lock is for."""
        return True

    def parts(self, options: PipOptions) -> tuple[tuple[RequirementFiles, PipOptions], ...]:
        """Return what pip is called with, one call after the other, once `for_target` has chosen."""
        found = []
        for call in self.calls:
            name = f"{UPLOADED_REQUIREMENTS}/{_name_of(call)}"
            alone = RequirementFiles(
                self.name,
                JobFile(name),
                self.directory,
                {name: "".join(f"{line}\n" for line in call.lines).encode("ascii")},
                parsed=self._parsed(call),
            )
            own = replace(options, no_deps=True, require_hashes=call.hashed, no_index=False, wheel_dir=None)
            if call.anew:  # --upgrade alone leaves what an address gives in the version that is there
                again = () if contains(options.more, *REINSTALL) else ("--force-reinstall",)
                own = replace(own, upgrade=True, more=(*options.more, *again))
            found.append((alone, own))
        return tuple(found)

    def for_target(self, target: TargetEnvironment, warn: Callable[[str], None]) -> LockedFiles:
        """Choose what a Python gets; warn is told what of the lock, and of the local wheels, does not count.

        Raises InvalidInput for a lock that is not for that Python, or names what the worker cannot get.
        """
        if self.selected is not None:
            return self
        if self.lock.newer is not None:
            warn(
                f"Warning: {self.name} has lock-version {self.lock.newer}; what is newer in it than in 1.0 is not "
                "understood, and is passed over."
            )
        given = {wheel.sha256: wheel for wheel in self.wheels}

        def is_given(file: LockedFile) -> bool:
            return file.hashes.get("sha256") in given

        usable = (lambda file: is_given(file) or file.path is not None) if self.options.no_index else _any
        selected = select(self.lock, target, usable)
        self._require_allowed(selected, is_given)
        wheels: dict[str, Wheel] = {}
        for each in selected:
            if each.kind == "wheel":
                wheel = given.get(each.file.hashes.get("sha256", "")) or self._own_wheel(each.file)
                if wheel is not None:
                    wheels[each.file.key] = wheel
        fitting = tuple(dict.fromkeys(wheels.values()))
        others = [wheel.name for wheel in self.wheels if wheel not in fitting]
        if others:
            warn(
                f"Warning: not uploaded, because {self.name} names other files for Python {target.version} "
                f"{target.architecture}: {', '.join(others)}."
            )

        def local(file: LockedFile) -> str | None:
            return "" if file.key in wheels else self._on_app(file)

        page = f"../{WHEELS_PAGE}" if fitting else None
        calls = parts_of(self.lock, selected, indexed=self._indexed, local=local, local_page=page)
        uploads = dict(self._texts(calls))
        if fitting:
            uploads[WHEELS_PAGE] = find_links_page(fitting)
        return replace(
            self,
            selected=selected,
            calls=calls,
            uploads=uploads,
            fitting=fitting,
            parsed=tuple(each for call in calls for each in self._parsed(call)),
        )

    @property
    def _indexed(self) -> bool:
        """Return whether the person names an index that has the files."""
        options = self.options
        return not options.no_index and bool(options.index_url or options.extra_index_urls)

    def _require_allowed(self, selected: Collection[Selected], is_given: Callable[[LockedFile], bool]) -> None:
        """Raise InvalidInput for what the person's options forbid."""
        words = [word.strip() for word in (self.options.only_binary or "").split(",")]
        binary = [word if word.startswith(":") else canonicalize_name(word) for word in words]
        for each in selected:
            name, where = each.package.name, f"{self.name}:{each.package.line}: {each.package.name}"
            if each.kind == "sdist" and {":all:", name}.intersection(binary):
                raise InvalidInput(
                    f"{where} has no wheel for this Python in the lock, so it would be built, which --only-binary "
                    "forbids.",
                    "Lock a version that has a wheel for Windows, or omit --only-binary for it.",
                )
            if each.kind == "repository" and self.options.require_hashes:
                raise InvalidInput(
                    f"{where} is a commit of a repository, which has no hash, and --require-hashes wants one.",
                    "Lock a wheel of it, or omit --require-hashes: commits are fixed as well.",
                )
            if self.options.no_index and not (
                each.kind == "wheel" and (is_given(each.file) or each.file.path is not None)
            ):
                wanted = "" if each.kind == "repository" else f" ({each.file.name}, {_hash_in_words(each.file)})"
                raise InvalidInput(
                    f"{where}{wanted} is not among the wheels of --wheel-dir, and --no-index allows nothing else.",
                    "Put that very file into the folder of --wheel-dir, or omit --no-index.",
                )

    def _own_wheel(self, file: LockedFile) -> Wheel | None:
        """Return the wheel that a path in the lock names on this machine; None for another place.

        Raises InvalidInput where it is not there, or another file.
        """
        if file.path is None or isinstance(self.folder, str):
            return None
        if self.folder is None:
            raise InvalidInput(
                f"{self.name}: {file.key} is the path {file.path[:200]!r}, which leads nowhere from an address.",
                "Download the lock with its wheels, and give its path on this machine.",
            )
        path = self.folder / Path(*re.split(r"[/\\]", file.path)) if not os.path.isabs(file.path) else Path(file.path)
        if not path.is_file():
            raise InvalidInput(
                f"{self.name}: {file.key} is the file '{path}', which is not there.", "Put it there, or lock anew."
            )
        wheel = read_wheel(path)
        algorithm, value = strongest(self.lock, file)
        if hashlib.new(algorithm, path.read_bytes()).hexdigest() != value:
            raise InvalidInput(
                f"{self.name}: {file.key} is the file '{path}', and its {algorithm} is not that of the lock.",
                "Put the very file there that was locked, or lock anew.",
            )
        return wheel

    def _on_app(self, file: LockedFile) -> str | None:
        """Return the link to a wheel that the app's own lock names by a path; None for any other."""
        if file.path is None or not isinstance(self.folder, str):
            return None
        path = posixpath.normpath(file.path.replace("\\", "/"))
        if path.startswith(("../", "/")) or path == ".." or ":" in path:
            raise InvalidInput(
                f"{self.name}: {file.key} is the path {file.path[:200]!r}, which is not below the app's files.",
                "Deploy it beside the lock, and lock its path from there.",
            )
        return _TO_HOME + quote(f"{self.folder}/{path}")

    def _texts(self, calls: Collection[LockPart]) -> Iterator[tuple[str, bytes]]:
        for call in calls:
            name = _name_of(call)
            page = name.replace(".txt", ".html")
            yield f"{UPLOADED_REQUIREMENTS}/{name}", call.text(page).encode("ascii")
            if call.page is not None:
                yield f"{UPLOADED_REQUIREMENTS}/{page}", call.page

    def _parsed(self, call: LockPart) -> tuple[Requirement, ...]:
        """Return the lines as requirements that know the line of the lock they come from."""
        found = parse("".join(f"{line}\n" for line in call.lines), self.name).requirements
        return tuple(replace(each, line=number) for each, number in zip(found, call.numbers))


def given_lock(
    name: str, content: bytes, constraint: str | None, wheel_dir: str | None, options: PipOptions, folder: Path | None
) -> LockedFiles:
    """Return a lock that the command names. folder: of the file; None for one from an address.

    Raises InvalidInput for one that is no lock, and for options that contradict it.
    """
    shown = masked(name)
    _require_no_contradiction(shown, constraint, options)
    return _locked(shown, locks.parse(content, shown), content, options, folder, wheel_dir)


def local_lock(path: str, constraint: str | None, wheel_dir: str | None, options: PipOptions) -> LockedFiles:
    """Read a lock of this machine. Raises InvalidInput as given_lock."""
    file = Path(path)
    return given_lock(path, read_local(file, "lock"), constraint, wheel_dir, options, file.parent)


def fetched_lock(app: App, url: str, constraint: str | None, wheel_dir: str | None, options: PipOptions) -> LockedFiles:
    """Read a lock from an address, on this machine. Raises RemoteFailed, and InvalidInput as given_lock."""
    shown = masked(url)
    try:
        with app.web.get(url, stream=True, timeout=SECONDS) as answer:
            answer.raise_for_status()
            content = b""
            for chunk in answer.iter_content(_CHUNK_BYTES):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise InvalidInput(f"{shown} is larger than {MOST_BYTES >> 20} MB, which no lock is.")
    except requests.HTTPError as error:
        raise RemoteFailed(
            f"{shown} answers HTTP {error.response.status_code}, so nothing was installed on {app.site.label}.",
            "Check the address, or download the lock and give its path.",
        ) from None
    except (requests.RequestException, OSError, ValueError) as error:
        raise RemoteFailed(
            f"{shown} cannot be read from this machine ({masked(type(error).__name__)}), so nothing was installed on "
            f"{app.site.label}.",
            "Check the address and this machine's proxy, or download the lock and give its path.",
        ) from None
    return given_lock(url, content, constraint, wheel_dir, options, None)


def own_files(
    app: App,
    constraint: str | None,
    wheel_dir: str | None,
    options: PipOptions = PipOptions(),
    read: Callable[[str], bytes] | None = None,
    coming: Collection[str] = (),
) -> RequirementFiles:
    """The app's own requirements.txt, else its pylock.toml; parameters as for files_on_app.

    options: of the person. Raises NotFound when the app has neither.
    """
    try:
        return files_on_app(app, constraint, wheel_dir, read, coming)
    except NotFound as missing:
        root = web_root(app)
        path = f"{root}/{locks.NAME}"
        try:
            content = read(path) if read is not None else app.kudu.read(path).content
        except NotFound:
            raise missing from None
        _require_no_contradiction(f"the {locks.NAME} of {app.site.label}", constraint, options)
        lock = locks.parse(content, f"{locks.NAME} of {app.site.label}")
        files = _locked(locks.NAME, lock, content, options, root, wheel_dir)
        own = any(wheel.path is not None for package in lock.packages for wheel in package.wheels)
        return replace(files, watched={path: content}, covered=not own, coming=frozenset(coming))


def _require_no_contradiction(name: str, constraint: str | None, options: PipOptions) -> None:
    """Raise InvalidInput for an option that would choose other packages than a lock names."""
    for option, value in (("-c", constraint), (cooldown.OPTION, options.uploaded_prior_to)):
        if value is not None:
            raise InvalidInput(
                f"{option} cannot be combined with {name}: a lock names one version of each package.",
                f"Omit {option}." if option == "-c" else "Give it to the program that makes the lock.",
            )


def _locked(
    name: str, lock: Lock, content: bytes, options: PipOptions, folder: Path | str | None, wheel_dir: str | None
) -> LockedFiles:
    wheels = read_folder(wheel_dir) if wheel_dir is not None else ()
    return LockedFiles(
        name,
        JobFile(f"{UPLOADED_REQUIREMENTS}/{_FILES[WHEELS]}"),
        JobFile(UPLOADED_REQUIREMENTS),
        parsed=tuple(_any_target(lock, name)),
        wheels=wheels,
        lock=lock,
        content=content,
        folder=folder,
        options=options,
    )


def _any_target(lock: Lock, name: str) -> Iterator[Requirement]:
    """Return what a lock names, whatever the Python, for what is decided before that is known."""
    for package in lock.packages:
        line = package.name if package.version is None else f"{package.name}=={package.version}"
        yield from parse(line, name).requirements


_FILES: Mapping[str, str] = {
    "wheels": "pylock.txt",
    "sdists": "pylock-sdists.txt",
    "archives": "pylock-archives.txt",
    "repositories": "pylock-repositories.txt",
}


def _name_of(call: LockPart) -> str:
    return _FILES[call.kind]


def _any(_: LockedFile) -> bool:
    return True


def _hash_in_words(file: LockedFile) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(file.hashes.items()))
