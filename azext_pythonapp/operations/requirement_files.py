"""The requirement, constraint and wheel files of one pip run: read here, uploaded from here, or read on the app."""
from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, NotFound
from azext_pythonapp.operations.wwwroot import web_root
from azext_pythonapp.packages import record, requirements
from azext_pythonapp.packages.pip import HomeFile, JobFile
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.packages.wheels import Wheel, choose, find_links_page, read_folder

REQUIREMENTS = "requirements.txt"
UPLOADED_REQUIREMENTS = "requirements"
UPLOADED_CONSTRAINTS = "constraints"
WHEELS_PAGE = "wheels.html"


@dataclass(frozen=True)
class RequirementFiles:
    """What one pip run installs from.

    name: how messages name the requirements file. main: where pip finds it. directory: where pip runs.
    uploads: contents of files for the job's folder, by path in it. watched: contents of files on the app, by path.
    parsed: the requirements of the file and of all files that it includes.
    complete: whether every included file could be read, so that `pinned` can be trusted.
    wheels: all local wheels. fitting: those of them that are to be uploaded, once `for_target` has chosen.
    """

    name: str
    main: JobFile | HomeFile
    directory: JobFile | HomeFile
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    watched: Mapping[str, bytes] = field(default_factory=dict)
    parsed: tuple[Requirement, ...] = ()
    complete: bool = True
    constraints: tuple[JobFile, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    fitting: tuple[Wheel, ...] = ()

    @property
    def fingerprint(self) -> str:
        """One hash over all of it, the same before and after `for_target`."""
        own = {name: content for name, content in self.uploads.items() if name != WHEELS_PAGE}
        wheels = {f"wheels/{wheel.name}": wheel.sha256.encode("ascii") for wheel in self.wheels}
        return record.fingerprint({**own, **self.watched, **wheels})

    @property
    def find_links(self) -> JobFile | None:
        """The page by which pip finds the wheels; None without any."""
        return JobFile(WHEELS_PAGE) if self.wheels else None

    def for_target(self, target: TargetEnvironment, warn: Callable[[str], None]) -> RequirementFiles:
        """The same with only those wheels to be uploaded that fit a Python; warn is told of the others.

        Raises InvalidInput when a requirement is there in wheels that do not fit only.
        """
        if not self.wheels:
            return self
        fitting, others = choose(self.wheels, self.parsed, target)
        if others:
            names = ", ".join(wheel.name for wheel in others)
            warn(f"Warning: not uploaded, because Python {target.version} {target.architecture} does not take them: "
                 f"{names}.")
        return replace(self, uploads={**self.uploads, WHEELS_PAGE: find_links_page(fitting)}, fitting=fitting)

    @property
    def pinned(self) -> bool:
        """Whether every requirement names exactly one version."""
        return self.complete and all(requirement.pinned for requirement in self.parsed)


@dataclass
class _Collected:
    contents: dict[str, bytes] = field(default_factory=dict)
    parsed: list[Requirement] = field(default_factory=list)
    complete: bool = True


def local_files(requirement: str, constraint: str | None, wheel_dir: str | None) -> RequirementFiles:
    """Read a local requirements file, what it includes, a constraints file and a folder of wheels.

    Raises InvalidInput for a file that cannot be read, or that pip would refuse.
    """
    path = Path(requirement)

    def read(name: str) -> bytes:
        return _read_local(path.parent / name, "requirements")

    found = _collect(path.name, read, strict=True)
    uploads = {f"{UPLOADED_REQUIREMENTS}/{name}": content for name, content in found.contents.items()}
    extra, constraints = _constraints(constraint)
    return RequirementFiles(requirement, JobFile(f"{UPLOADED_REQUIREMENTS}/{path.name}"),
                            JobFile(UPLOADED_REQUIREMENTS), {**uploads, **extra}, {}, tuple(found.parsed),
                            found.complete, constraints, _wheels(wheel_dir))


def files_on_app(app: App, constraint: str | None, wheel_dir: str | None) -> RequirementFiles:
    """The requirements.txt in the app's wwwroot and what it includes; constraints and wheels are local.

    Raises NotFound when the app has no requirements.txt.
    """
    root = web_root(app)

    def read(name: str) -> bytes:
        return app.kudu.read(f"{root}/{name}").content

    found = _collect("requirements.txt", read, strict=False)
    if not found.contents:
        raise NotFound(f"The {app.site.label} has no requirements.txt in its wwwroot.",
                       f"Give a local one: `az webapp python install-requirements {app.site.arguments} "
                       "-r requirements.txt`.")
    watched = {f"{root}/{name}": content for name, content in found.contents.items()}
    uploads, constraints = _constraints(constraint)
    return RequirementFiles("requirements.txt", HomeFile(f"{root}/{REQUIREMENTS}"), HomeFile(root), uploads, watched,
                            tuple(found.parsed), found.complete, constraints, _wheels(wheel_dir))


def _constraints(constraint: str | None) -> tuple[dict[str, bytes], tuple[JobFile, ...]]:
    if constraint is None:
        return {}, ()
    name = f"{UPLOADED_CONSTRAINTS}/{Path(constraint).name}"
    return {name: _read_local(Path(constraint), "constraints")}, (JobFile(name),)


def _wheels(wheel_dir: str | None) -> tuple[Wheel, ...]:
    return read_folder(wheel_dir) if wheel_dir is not None else ()


def _collect(main: str, read: Callable[[str], bytes], strict: bool) -> _Collected:
    """A requirements file and all that it includes, by path relative to its folder.

    strict: whether a file that is missing or outside that folder is the caller's mistake; else pip will say so.
    """
    found = _Collected()
    waiting = [(main, True)]
    while waiting:
        name, holds_requirements = waiting.pop()
        if name in found.contents:
            continue
        if name.startswith("../") or posixpath.isabs(name) or ":" in name:
            if strict:
                raise InvalidInput(f"{main} includes '{name}', which is outside its own folder and is not uploaded.",
                                   "Put the included file beside it.")
            found.complete = False
            continue
        try:
            content = read(name)
        except NotFound:
            found.complete = False
            continue
        found.contents[name] = content
        parsed = requirements.parse(content, name)
        if holds_requirements:
            found.parsed.extend(parsed.requirements)
        folder = posixpath.dirname(name)
        included_files = [(each, True) for each in parsed.includes] + [(each, False) for each in parsed.constraints]
        for included, kind in included_files:
            waiting.append((posixpath.normpath(posixpath.join(folder, included.replace("\\", "/"))), kind))
    return found


def _read_local(path: Path, kind: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The {kind} file '{path}' cannot be read: {error.strerror}.",
                           "Give the path of a file on this machine.") from error
