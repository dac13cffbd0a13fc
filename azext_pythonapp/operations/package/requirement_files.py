"""The requirement, constraint and wheel files of one pip run: read here, uploaded from here, or read on the app."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.operations.app.wwwroot import web_root
from azext_pythonapp.operations.package.requirement_trees import Tree, local_tree, tree_on_app
from azext_pythonapp.packages import record
from azext_pythonapp.packages.pip import HomeFile, JobFile, PipOptions, masked
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.packages.wheels import Wheel, choose, find_links_page, read_folder
from azext_pythonapp.packages.worker_places import impossible, place

REQUIREMENTS = "requirements.txt"
UPLOADED_REQUIREMENTS = "requirements"
UPLOADED_CONSTRAINTS = "constraints"
WHEELS_PAGE = "wheels.html"


@dataclass(frozen=True)
class RequirementFiles:
    """What one pip run installs from.

    name: how messages name the requirements file. main: where pip finds it. directory: where pip runs.
    uploads: contents of files for the job's folder, by path in it. watched: contents of files on the app, by path.
    parsed: the requirements of the file and of all files that it includes. limits: those of the constraints files.
    unseen: what pip reads and this command could not, in words.
    covered: whether all that pip reads is in uploads, watched and wheels, so that it changed if and only if they did.
    sources: the lines of all files that say where packages come from, as Tree has them.
    wheels: all local wheels. fitting: those of them that are to be uploaded, once `for_target` has chosen.
    coming: paths below %HOME%, in lower case, of files that will be there when pip runs.
    """

    name: str
    main: JobFile | HomeFile
    directory: JobFile | HomeFile
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    watched: Mapping[str, bytes] = field(default_factory=dict)
    parsed: tuple[Requirement, ...] = ()
    limits: tuple[Requirement, ...] = ()
    unseen: tuple[str, ...] = ()
    covered: bool = True
    sources: tuple[tuple[str, str | HomeFile], ...] = field(default=(), repr=False)
    constraints: tuple[JobFile, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    fitting: tuple[Wheel, ...] = ()
    coming: frozenset[str] = field(default=frozenset(), repr=False)

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
            warn(
                f"Warning: not uploaded, because Python {target.version} {target.architecture} does not take them: "
                f"{names}."
            )
        return replace(self, uploads={**self.uploads, WHEELS_PAGE: find_links_page(fitting)}, fitting=fitting)

    @property
    def complete(self) -> bool:
        """Whether nothing but the requirements themselves is installed: with a lock (lock_files.py)."""
        return False

    def parts(self, options: PipOptions) -> tuple[tuple[RequirementFiles, PipOptions], ...]:
        """What pip is called with, one call after the other: the file of each, and its options."""
        return ((self, options),)

    @property
    def pinned(self) -> bool:
        """Whether every requirement names exactly one version."""
        return not self.unseen and all(requirement.pinned for requirement in self.parsed)


def local_files(requirement: str, constraint: str | None, wheel_dir: str | None) -> RequirementFiles:
    """Read a local requirements file, what it includes, a constraints file and a folder of wheels.

    requirement, constraint: paths on this machine, or addresses that the worker's pip is to fetch.
    Raises InvalidInput for a file that cannot be read.
    """
    main, tree = _given(requirement, "-r", UPLOADED_REQUIREMENTS)
    return _with_extras(
        RequirementFiles(
            masked(requirement),
            main,
            JobFile(UPLOADED_REQUIREMENTS),
            tree.contents,
            {},
            tuple(tree.requirements),
            sources=tuple(tree.sources),
        ),
        tree,
        constraint,
        wheel_dir,
    )


def files_on_app(
    app: App,
    constraint: str | None,
    wheel_dir: str | None,
    read: Callable[[str], bytes] | None = None,
    coming: Collection[str] = (),
) -> RequirementFiles:
    """The requirements.txt in the app's wwwroot and what it includes; constraints and wheels are local.

    read: reads a file as it will be when pip runs, by its path below %HOME%; None for the files that are there now.
    coming: paths, in lower case, of those that may not be there now.
    Raises NotFound when the app has no requirements.txt.
    """
    root = web_root(app)
    try:
        tree = tree_on_app(read or (lambda path: app.kudu.read(path).content), root, REQUIREMENTS)
    except NotFound as error:
        raise NotFound(
            f"The {app.site.label} has no requirements.txt in its wwwroot.",
            f"Give a local one: `az webapp python install-requirements {app.site.arguments} -r requirements.txt`.",
        ) from error
    return _with_extras(
        RequirementFiles(
            REQUIREMENTS,
            HomeFile(f"{root}/{REQUIREMENTS}"),
            HomeFile(root),
            {},
            tree.contents,
            tuple(tree.requirements),
            sources=tuple(tree.sources),
            coming=frozenset(coming),
        ),
        tree,
        constraint,
        wheel_dir,
    )


def _with_extras(
    files: RequirementFiles, tree: Tree, constraint: str | None, wheel_dir: str | None
) -> RequirementFiles:
    """The same with a constraints file and a folder of wheels."""
    wheels = read_folder(wheel_dir) if wheel_dir is not None else ()
    limits, unseen, covered = tree.constraints, tree.unseen, tree.covered
    if constraint is None:
        return replace(files, limits=tuple(limits), unseen=tuple(unseen), covered=covered, wheels=wheels)
    main, more = _given(constraint, "-c", UPLOADED_CONSTRAINTS)
    return replace(
        files,
        uploads={**files.uploads, **more.contents},
        constraints=(main,),
        wheels=wheels,
        limits=(*limits, *more.requirements, *more.constraints),
        unseen=(*unseen, *more.unseen),
        covered=covered and more.covered,
        sources=(*more.sources, *files.sources),
    )


def _given(name: str, option: str, folder: str) -> tuple[JobFile, Tree]:
    """A file that an option of the command names: where pip finds it, and what is uploaded for it."""
    if not re.match(r"https?://", name, re.IGNORECASE):
        tree = local_tree(Path(name), folder, "requirements" if option == "-r" else "constraints")
        return JobFile(next(iter(tree.contents))), tree
    # The address may hold a secret, and pip's command line is no place for one.
    tree = Tree(contents={f"{folder}/{folder}.txt": f"{option} {shlex.quote(name)}\n".encode("utf-8")})
    tree.miss(option, name)
    return JobFile(f"{folder}/{folder}.txt"), tree


def require_possible(app: App, files: RequirementFiles, environment: TargetEnvironment) -> None:
    """Raises InvalidInput for lines that no pip could install on the worker, with the reason of the first.

    One request more for each folder below %HOME% that a line names.
    """
    uploaded = isinstance(files.main, JobFile)
    wrong = [
        (requirement, problem)
        for requirement in files.parsed
        if requirement.applies(environment)
        for problem in [impossible(requirement, uploaded) or _absent(app, requirement, files.coming)]
        if problem
    ]
    if not wrong:
        return
    requirement, (reason, advice) = wrong[0]
    others = [f"{each.file}:{each.line}" for each, _ in wrong[1:]]
    more = f" So do {len(others)} more lines: {_some(others)}." if others else ""
    raise InvalidInput(
        f"{requirement.file}:{requirement.line}: {requirement.text!r} cannot be installed on "
        f"{app.site.label}: {reason}.{more}",
        advice,
    )


def _absent(app: App, requirement: Requirement, coming: Collection[str]) -> tuple[str, str] | None:
    """Why a line fails that names something below %HOME% which is not there; None for any other line."""
    if requirement.source is None or requirement.variables:
        return None
    where = place(re.sub(r"\[[^\]]*\]$", "", requirement.source))
    if where.kind != "home" or where.path.lower() in coming:
        return None
    try:
        names = {entry.name.lower() for entry in app.kudu.list_directory(posixpath.dirname(where.path))}
    except NotFound:
        names = set()
    if posixpath.basename(where.path).lower() in names:
        return None
    windows = where.path.replace("/", "\\")
    return (f"{app.kudu.home()}\\{windows} is not there", "Deploy it first, or correct the line.")


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts) if len(texts) <= 5 else f"{', '.join(texts[:5])} …"
