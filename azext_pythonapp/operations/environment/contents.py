"""What packages a new environment gets: those of the requirements, those of single wishes, in the versions of now.

An environment is built from nothing. So that a build changes what was asked for and nothing else, packages that stay
are installed first, in the versions of the Python in use, as far as the requirements still need and allow them. Then
pip gets the requirements as it always does, and what is there already satisfies them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification
from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.jobs.request import EnvironmentBuild
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.site_packages import (
    InstalledMetadata,
    direct_addresses,
    present_packages,
    site_packages,
)
from azext_pythonapp.operations.job.run import PipRun, package_change
from azext_pythonapp.operations.package.installer import AUTO, Part, parts_of, with_installer
from azext_pythonapp.operations.package.pip_plan import expected_changes, plan_pip
from azext_pythonapp.operations.package.requirement_files import RequirementFiles, require_possible
from azext_pythonapp.operations.package.restore_set import PackageSet, requirement_line, stored_wheels
from azext_pythonapp.packages import package_plan, pip, record
from azext_pythonapp.packages.pip import JobFile, PipCommand, PipOptions
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment, parse
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.environment import Description
from azext_pythonapp.runtimes.versions import minor

# Files in the job's folder.
KEPT, ADDED, STORED = "kept.txt", "added.txt", "stored.html"
# Bytes of python.exe and the DLLs of a runtime, of which 3.11 has 6 MB, and some.
PROGRAMS = 10_000_000
_HEAD = "# -*- coding: utf-8 -*-\n"
# What an environment gets in another way, or does not need: it has no pip of its own.
NOT_TAKEN = frozenset({"pip", "certifi", "wfastcgi"})


@dataclass(frozen=True)
class Wanted:
    """What a command wants a new environment to have.

    files: requirements to install; None for none. options: for pip. singles: packages that the person adds, as files.
    removed: canonical names of packages to leave out. stays: whether the packages of now stay, whatever asked for
    them; that is for commands about single packages.
    bring: as in Place. installer: as in `with_installer`. wheel_dir: as in `tool_of`.
    """

    files: RequirementFiles | None = None
    options: PipOptions = field(default_factory=PipOptions)
    singles: RequirementFiles | None = None
    removed: tuple[str, ...] = ()
    stays: bool = False
    bring: Callable[[Callable[[], None]], None] = lambda starting: None
    installer: str = AUTO
    wheel_dir: str | None = None


@dataclass(frozen=True)
class InUse:
    """The Python that the app runs now, as far as a new environment takes from it.

    place: the folder below %HOME% that its Lib\\site-packages is in. python_path: of its python.exe. version,
    architecture: of it. description: of the environment that it is; None for a runtime.
    """

    place: str
    python_path: str
    version: str
    architecture: str
    description: Description | None = None

    def suits(self, target: Target) -> bool:
        """Return whether its packages, as they are, suit another Python: wheels are made for one minor version."""
        return minor(self.version) == minor(target.version) and self.architecture == target.architecture


@dataclass(frozen=True)
class Contents:
    """What is going to be in an environment.

    run: of pip, as a job. extra: packages of the Python in use that no requirement asks for, "name==version", and that
    are taken along. size: the bytes that the environment takes, about, by the packages of the Python in use.
    """

    run: PipRun
    extra: tuple[str, ...] = ()
    size: int = 0


def contents_of(app: App, target: Target, wanted: Wanted, now: InUse | None, web_configs: Sequence[str]) -> Contents:
    """Plan what the packages of a new environment are; nothing is changed, and no Python is started.

    target: the environment. now: the Python that the app runs; None when it runs none. web_configs: of the app, below
    %HOME%. Raises InvalidInput for lines that no pip could install there.
    """
    return _Composition(app, target, wanted, now, web_configs).contents()


class _Composition:
    """The work of contents_of."""

    def __init__(self, app: App, target: Target, wanted: Wanted, now: InUse | None, web_configs: Sequence[str]):
        self._app, self._target, self._wanted, self._now = app, target, wanted, now
        self._environment = TargetEnvironment(target.version, target.architecture)
        self._web_configs = tuple(web_configs)
        self._names = site_packages(app, now.place) if now is not None else []
        self._present = present_packages(app, now.place, self._names) if now is not None else {}
        self._suits = now is not None and now.suits(target)
        self._described = now.description if now is not None else None
        self._known = self._described_packages()
        self._addresses: Mapping[str, str] | None = None

    def contents(self) -> Contents:
        wanted, files, options = self._wanted, self._wanted.files, self._wanted.options
        if files is not None:
            require_possible(self._app, files, self._environment)
        if wanted.singles is not None:
            require_possible(self._app, wanted.singles, self._environment)
        needed = self._needed()
        extra = self._extra(needed)
        added = self._added(extra)
        kept = self._kept(needed, extra)
        uploads, parts = dict(files.uploads) if files is not None else {}, list[Part]()
        if kept:
            parts.append(self._keep(kept, uploads))
        if files is not None:
            parts += parts_of(files, options, kept)
        plain = replace(options, require_hashes=False, upgrade=False, no_index=False, uploaded_prior_to=None)
        again = [line for line in added if not _is_among(line, kept) and line not in self._single_lines()]
        if again:
            uploads[ADDED] = _text(again)
            parts.append(Part(_lines_file(ADDED, uploads[ADDED]), plain, settled=kept))
        if wanted.singles is not None:
            uploads.update(wanted.singles.uploads)
            parts.append(Part(wanted.singles, options, settled=kept))
        just_kept = bool(kept) and len(parts) == 2 and not wanted.removed and set(kept) <= set(needed or ())
        calls = [part.for_pip() for part in parts]
        first = calls[0] if calls else PipCommand(())
        run = PipRun(
            self._target,
            "Building an environment for",
            first,
            self._planned(kept, added, needed),
            directory=files.directory if files is not None else JobFile(""),
            uploads=uploads,
            watched=files.watched if files is not None else {},
            record=self._record(),
            then=tuple(calls[1:]),
            covered=(files is None or files.covered) and (wanted.singles is None or wanted.singles.covered),
            present=self._present,
            sources=files.sources if files is not None else (),
            build=self._build(added, kept),
        )
        run = with_installer(self._app, run, wanted.installer, parts, kept=just_kept)
        return Contents(run, tuple(extra), self._size())

    def _size(self) -> int:
        """Return the bytes that the environment takes, about: its packages with their compiled modules."""
        if self._now is None:
            return PROGRAMS
        known = self._described
        if known is not None and known.size is not None and known.packages.keys() == self._present.keys():
            return PROGRAMS + known.size * 3 // 2
        names = [name for name in self._present if name not in NOT_TAKEN]
        sizes = InstalledMetadata(self._app, self._now.place, self._names).sizes(names)
        return PROGRAMS + sizes * 3 // 2

    def _build(self, added: Sequence[str], kept: Mapping[str, str]) -> EnvironmentBuild:
        files, described = self._wanted.files, self._described
        own = files is not None
        removed = self._wanted.removed if own or described is None else (*described.removed, *self._wanted.removed)
        wanted = {each.name for each in self._single_requirements()}
        return EnvironmentBuild(
            files.name if files is not None else described.requirements if described is not None else None,
            files.fingerprint if files is not None else described.digest if described is not None else None,
            tuple(added),
            tuple(name for name in dict.fromkeys(removed) if name not in wanted),
            self._web_configs,
            f"{self._now.place}/Lib/site-packages" if self._now is not None else None,
            tuple(sorted(kept)),
        )

    def _record(self) -> Mapping[str, object] | None:
        files = self._wanted.files
        return record.to_json(files.fingerprint, self._wanted.options.normalised()) if files is not None else None

    def _single_requirements(self) -> Sequence[Requirement]:
        return self._wanted.singles.parsed if self._wanted.singles is not None else ()

    def _single_lines(self) -> list[str]:
        return [each.text for each in self._single_requirements()]

    def _added_before(self) -> list[str]:
        """Return what a person had added one by one, as far as it is not added anew or taken out now."""
        lines = self._described.added if self._described is not None else ()
        gone = {*self._wanted.removed, *(each.name for each in self._single_requirements())}
        return [line for line in lines if _name_of(line) not in gone]

    def _needed(self) -> frozenset[str] | None:
        """Return what of the present packages the requirements need; None where that is not asked.

        One request for each package that they need and whose needs the environment's description does not tell.
        """
        files = self._wanted.files
        if files is None or not self._suits or not self._present:
            return None
        roots = [*files.parsed, *self._single_requirements()]
        for line in self._added_before():
            roots += parse(line, ADDED).requirements
        assert self._now is not None
        metadata = InstalledMetadata(self._app, self._now.place, self._names)
        told = self._described.requires if self._described is not None else {}

        def requires(names: Collection[str]) -> dict[str, Sequence[str] | None]:
            known: dict[str, Sequence[str] | None] = {
                name: told[name] for name in self._known.intersection(told, names)
            }
            return {**known, **metadata.requires([name for name in names if name not in known])}

        return package_plan.closure(roots, self._present, self._environment, requires)

    def _described_packages(self) -> frozenset[str]:
        """Return the present packages that are those of the environment's description, not put there since."""
        told = self._described.packages if self._described is not None else {}
        return frozenset(name for name, version in self._present.items() if told.get(name) == version)

    def _extra(self, needed: Collection[str] | None) -> list[str]:
        """Return the packages of the runtime in use that no requirement asks for; an environment has a list of them."""
        if not self._suits or self._described is not None or self._now is None:
            return []
        gone = {*NOT_TAKEN, *(needed or ()), *self._wanted.removed}
        names = {name: version for name, version in self._present.items() if name not in gone}
        return list(self._lines(names).values())

    def _added(self, extra: Sequence[str]) -> list[str]:
        lines = [*self._added_before(), *extra, *self._single_lines()]
        return list(dict.fromkeys(lines))

    def _kept(self, needed: Collection[str] | None, extra: Sequence[str]) -> dict[str, str]:
        """Return the packages that are installed first, as they are now: version by canonical name."""
        wanted, options, files = self._wanted, self._wanted.options, self._wanted.files
        if not self._suits:
            return {}
        singles = {each.name for each in self._single_requirements()}
        gone = {*NOT_TAKEN, *wanted.removed, *(singles if options.upgrade else ())}
        staying = {name: version for name, version in self._present.items() if name not in gone}
        if files is not None and files.complete:  # what a lock names comes from the lock, by its hashes
            own = {each.name for each in files.parsed}
            others = {name: version for name, version in staying.items() if name not in own}
            return others if self._of_other_requirements(files) else {}
        if files is None or (wanted.stays and not options.upgrade) or self._of_other_requirements(files):
            return staying
        if options.no_index or contains(options.more, *REINSTALL) or options.upgrade or options.require_hashes:
            return {}
        if any(each.hashes for each in files.parsed) or needed is None:
            return {}
        changing = self._changing()
        along = {_name_of(line) for line in extra}
        return {
            name: version
            for name, version in staying.items()
            if name in along or (name in needed and name not in changing)
        }

    def _of_other_requirements(self, files: RequirementFiles) -> bool:
        """Return whether the environment in use was built of a requirements file with another name."""
        known = self._described.requirements if self._described is not None else None
        return known is not None and known != files.name and not self._wanted.options.upgrade

    def _changing(self) -> set[str]:
        """Return the required packages whose present version the requirements do not allow."""
        files = self._wanted.files
        rows = package_plan.plan_changes(
            files.parsed if files is not None else (),
            self._present,
            self._environment,
            False,
            files.limits if files is not None else (),
        )
        return {row.name for row in rows if row.action != "none"}

    def _keep(self, kept: Mapping[str, str], uploads: dict[str, bytes]) -> Part:
        """Return what installs the packages that stay, and lay its files out: where those came from is still asked."""
        options = replace(
            self._wanted.options,
            upgrade=False,
            no_index=False,
            no_deps=True,
            require_hashes=False,
            constraints=(),
            only_binary=None,
            uploaded_prior_to=None,
        )
        uploads[KEPT] = _text(self._lines(kept).values())
        page = stored_wheels(self._app, kept)
        if page is not None:
            uploads[STORED] = page
        pages = () if page is None else (JobFile(STORED),)
        return Part(_lines_file(KEPT, uploads[KEPT]), options, pages, kept)

    def _lines(self, versions: Mapping[str, str]) -> dict[str, str]:
        """Return packages as lines of a requirements file, by name: with where those came from that no index has."""
        if not versions or self._now is None:
            return {}
        if self._addresses is None:
            direct = self._described.direct if self._described is not None else None
            told = direct is not None and self._known.issuperset(versions) and not set(direct).intersection(versions)
            self._addresses = {} if told else direct_addresses(self._app, self._now.python_path)
        wanted = PackageSet(versions, self._addresses)
        return {name: requirement_line(name, wanted) for name in sorted(versions)}

    def _planned(self, kept: Mapping[str, str], added: Sequence[str], needed: Collection[str] | None) -> list[Change]:
        """Return what is going to be different from the Python in use, as far as that is known without pip."""
        files, options = self._wanted.files, self._wanted.options
        present = self._present if self._suits else {}
        rows: list[Change] = []
        for each in (files, self._wanted.singles):
            if each is not None:
                rows += expected_changes(each, options, present, self._environment)
        requirements = [one for line in added for one in parse(line, ADDED).requirements]
        rows += [
            package_change(row.name, row.action, row.before, row.after)
            for row in package_plan.plan_changes(requirements, {**present, **kept}, self._environment)
            if row.action != "none"
        ]
        rows += [
            package_change(name, "uninstall", self._present[name], None)
            for name in self._wanted.removed
            if name in self._present
        ]
        if needed is not None and self._described is not None and not self._wanted.stays:
            gone = set(self._present) - set(needed) - set(kept) - NOT_TAKEN - set(self._wanted.removed)
            rows += [package_change(name, "uninstall", self._present[name], None) for name in sorted(gone)]
        return list({row.target: row for row in reversed(rows)}.values())[::-1]


def leaving(app: App, target: Target, standing: Description | None, files: RequirementFiles | None) -> PipRun | None:
    """Return what pip installs into a runtime that takes the place of an environment; None for nothing.

    target: the runtime. standing: the environment; what a person has added to it one by one goes along. files: the
    app's requirements, None for none, or where the runtime has them already.
    """
    lines = list(standing.added) if standing is not None else []
    run = plan_pip(app, target, files, PipOptions()) if files is not None else None
    environment = TargetEnvironment(target.version, target.architecture)
    present = run.present if run is not None and run.present is not None else present_packages(app, target.place)
    requirements = [one for line in lines for one in parse(line, ADDED).requirements]
    rows = [
        package_change(row.name, row.action, row.before, row.after)
        for row in package_plan.plan_changes(requirements, present, environment)
        if row.action != "none"
    ]
    if not rows:
        return run
    call, uploads = pip.install(JobFile(ADDED), PipOptions()), {ADDED: _text(lines)}
    if run is None:
        title = "Installing the packages that were added to the environment into"
        return PipRun(target, title, call, rows, uploads=uploads, present=present)
    planned = {row.target: row for row in (*rows, *run.planned)}
    return replace(
        run, uploads={**run.uploads, **uploads}, then=(*run.then, call), planned=list(planned.values()), record=None
    )


def _lines_file(name: str, content: bytes) -> RequirementFiles:
    """Return a requirements file of the job's folder. name: its own; content: as `_text` returns it."""
    parsed = parse(content.decode("utf-8"), name).requirements
    return RequirementFiles(name, JobFile(name), JobFile(""), {name: content}, parsed=tuple(parsed))


def _text(lines: Collection[str]) -> bytes:
    return (_HEAD + "".join(f"{line}\n" for line in lines)).encode("utf-8")


def _name_of(line: str) -> str | None:
    """Return the canonical name in a requirement; None for one that does not tell it."""
    found = parse(line, ADDED).requirements
    return found[0].name if found else None


def _is_among(line: str, versions: Mapping[str, str]) -> bool:
    """Return whether a requirement names one version, which is among some packages; it asks for nothing more then."""
    try:
        wanted = Specification(line)
    except InvalidRequirement:
        return False
    clauses = list(wanted.specifier)
    if wanted.url or wanted.extras or wanted.marker or len(clauses) != 1 or clauses[0].operator != "==":
        return False
    return versions.get(canonicalize_name(wanted.name)) == clauses[0].version
