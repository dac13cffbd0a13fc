"""The environment that an app is to run again: whether it is still there as it was, and how it is built anew if not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused, RemoteFailed
from azext_pythonapp.history.environment import EnvironmentChange, RecordedEnvironment
from azext_pythonapp.history.record import PackageChange, Record
from azext_pythonapp.jobs.request import EnvironmentBuild
from azext_pythonapp.operations.app.observe import Observation, Part
from azext_pythonapp.operations.app.record_parts import environment_part
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.environment.build import build, build_title, folder_change
from azext_pythonapp.operations.environment.contents import Contents
from azext_pythonapp.operations.environment.place import Place
from azext_pythonapp.operations.environment.standing import environment_python, read_description, target_of
from azext_pythonapp.operations.job.run import PipRun
from azext_pythonapp.operations.package.restore_set import (
    changes_to,
    package_set,
    requirement_line,
    same_packages,
    stored_wheels,
)
from azext_pythonapp.operations.rollback.index_before import name_an_index
from azext_pythonapp.packages import pip
from azext_pythonapp.packages.pip import JobFile
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import (
    LETTERS,
    LOCK,
    Description,
    Letter,
    folder_of,
    letter_of,
    may_be_one,
    other,
    python_of,
)
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.windows import same_path

# Files in the job's folder.
PACKAGES, STORED = "packages.txt", "stored.html"
_HEAD = "# -*- coding: utf-8 -*-\n"
# An environment has no pip of its own.
_NOT_INSTALLED = "pip"


@dataclass(frozen=True)
class FoundEnvironment:
    """The environments of an app, as far as undoing a change has to do with them.

    change: what the record says; None for nothing. now: the one that the app runs, then: the one that it is to run
    again; None for the runtime's own packages. there: whether that is in its folder as it was. letter: the folder that
    the app is to run it from: another one than of then where it has to be built and the app runs what is there now.
    """

    change: EnvironmentChange | None
    now: RecordedEnvironment | None
    then: RecordedEnvironment | None
    there: bool
    letter: Letter | None

    @property
    def foreign(self) -> bool:
        """Return whether the app runs neither what the change left nor what there was before it."""
        if self.change is None or self.back:
            return False
        return not (same_environment(self.now, self.change.after) or same_environment(self.now, self.change.before))

    @property
    def back(self) -> bool:
        """Return whether the app runs what it is to run."""
        return same_environment(self.now, self.then)

    @property
    def built(self) -> bool:
        """Return whether an environment has to be built."""
        return self.then is not None and not self.there

    @property
    def moved(self) -> bool:
        """Return whether the kept web.config names another folder than the app is to run from."""
        return self.then is not None and self.letter != self.then.letter


def find_environment(
    app: App, seen: Observation, record: Record, handler: PythonHandler | None
) -> FoundEnvironment | None:
    """Look at the environments that a change has to do with; None where it has to do with none.

    handler: that of the web.config that the app gets back. Costs a round of requests where there is one.
    Raises Refused where that names an environment that is not there, and nobody knows what was in it.
    """
    change, running, home = record.environment, seen.environment, app.kudu.home
    wanted = letter_of(handler.python_exe, home()) if handler and may_be_one(handler.python_exe) else None
    if change is None and running is None and wanted is None:
        return None
    parts: dict[Letter, Part[Description | None]] = {
        letter: Part("description", partial(read_description, app, letter))
        for letter in LETTERS
        if letter in (running, wanted)
    }
    listed = Part("packages", partial(_present, app, wanted)) if wanted is not None and wanted != running else None
    found = {letter: part.get() for letter, part in parts.items()}
    described = {letter: environment_part(letter, each) for letter, each in found.items() if each is not None}
    now = (described.get(running) or _unreadable(seen, running)) if running is not None else None
    if wanted is None:
        return FoundEnvironment(change, now, None, True, None)
    recorded = change.before if change is not None else None
    then = recorded if recorded is not None and recorded.letter == wanted else None
    if then is None:
        then = now if wanted == running else described.get(wanted)
        if then is None:
            raise _not_there(app, wanted)
    if wanted == running:
        there = same_environment(now, then)
    else:
        there = wanted in described and same_environment(described[wanted], then)
        there = there and (listed is None or _has(listed.get(), then.packages))
    letter = wanted if there or wanted != running else other(wanted)
    return FoundEnvironment(change, now, then, there, letter)


def same_environment(one: RecordedEnvironment | None, two: RecordedEnvironment | None) -> bool:
    """Return whether two environments are the same, as far as is known: one job built them, or both have the same."""
    if one is None or two is None:
        return one is two
    if one.letter != two.letter or one.job is None or two.job is None or one.job == two.job:
        return one.letter == two.letter
    base = (one.version, one.architecture) == (two.version, two.architecture)
    return base and same_packages(one.packages or {}, two.packages or {})


def relettered(content: bytes, old: Letter, new: Letter) -> bytes:
    """Return a web.config that names one environment in place of the other, and is otherwise the same."""
    place = re.compile(rb"(?i)(pythonapp[\\/]+environments[\\/]+)" + old.encode("ascii") + rb"(?=[\\/])")
    return place.sub(lambda match: match[1] + new.encode("ascii"), content)


def environment_words(environment: RecordedEnvironment | None) -> str:
    """Return an environment for a sentence: "environment a with 12 packages"."""
    if environment is None:
        return "the packages of the runtime"
    count = len(environment.packages) if environment.packages is not None else None
    packages = f" with {count} package{'' if count == 1 else 's'}" if count is not None else ""
    return f"environment {environment.letter} on Python {environment.version}{packages}"


def package_rows(found: FoundEnvironment) -> list[Change]:
    """Return the rows of the packages that the app has again; none where the runtime's own come or go."""
    now, then = found.now, found.then
    if now is None or then is None or now.packages is None or then.packages is None:
        return []
    return changes_to(now.packages, then.packages)


class EnvironmentReturn:
    """An environment that is built anew, of the very packages that it had, in the folder that the app does not use.

    job: the id of the job that has built it; None before that.
    """

    def __init__(
        self,
        app: App,
        seen: Observation,
        found: FoundEnvironment,
        base: Callable[[], InstalledRuntime | None],
        record: Callable[[], OpenChange],
        places: Mapping[str, object],
    ):
        """base: returns the runtime that it stands on, once that is there. record: of this command.

        places: index_url and extra_index_urls, in place of those of then. Raises Refused where it is not known what
        was in it.
        """
        then = found.then
        assert then is not None and found.letter is not None
        self._app, self._seen, self._found, self._then = app, seen, found, then
        self._letter: Letter = found.letter
        self._base, self._record = base, record
        if then.packages is None:
            raise Refused(
                f"Environment {then.letter} of {app.site.label} is not there any more, and which packages it had is "
                "not recorded, so it cannot be built anew. Nothing was changed.",
                f"Build one of the app's requirements: `az webapp python install-requirements {app.site.arguments}`.",
            )
        change = found.change or EnvironmentChange(then)
        had = {name: version for name, version in then.packages.items() if name != _NOT_INSTALLED}
        part = PackageChange(
            then.python_path, then.version, then.architecture, LOCK, had, None, change.addresses, change.arguments
        )
        self._wanted = package_set(part, **places)  # type: ignore[arg-type]
        self.job: str | None = None

    @property
    def title(self) -> str:
        """Return the title of the step."""
        return build_title(self._app, self._place(self._stand_in(), None))

    def step(self) -> Step:
        """Return the step that builds it. What it has built stays when a later step fails; the app does not use it."""
        row = folder_change(self._place(self._stand_in(), None))
        return Step(self.title, [row], lambda: self._apply(row), lambda: "")

    def _apply(self, row: Change) -> Sequence[Change]:
        app, base, change = self._app, self._base(), self._record()
        if base is None:
            raise NotFound(
                f"Python {self._then.version} ({self._then.python_path}) is not on {app.site.label}, so no environment "
                "can stand on it. Nothing was changed."
            )
        place = self._place(base, Contents(self._run(base)))
        try:
            job = build(app, place, "rollback", change, None)
        except RemoteFailed as error:
            if self._wanted.options.no_index:
                error.recommendation = name_an_index(app, change, LOCK)
            raise
        self.job = job.id
        description = read_description(app, self._letter)
        if description is not None:
            change.note(environment_after=environment_part(self._letter, description))
        return [row]

    def _run(self, base: InstalledRuntime) -> PipRun:
        """Return the run of pip: every package in the version of then, and nothing that those would require beside."""
        app, then, wanted = self._app, self._then, self._wanted
        versions = wanted.versions
        options = replace(wanted.options, no_deps=True)
        lines = "".join(f"{requirement_line(name, wanted)}\n" for name in sorted(versions))
        uploads = {PACKAGES: (_HEAD + lines).encode("utf-8")}
        page = stored_wheels(app, versions)
        links: list[pip.Argument] = list(wanted.links)
        if page is not None:
            uploads[STORED] = page
            links.append(JobFile(STORED))
        call = pip.install(JobFile(PACKAGES), options)
        name, *rest = call.arguments
        found = [word for link in links for word in ("--find-links", link)]
        running = self._found.now
        return PipRun(
            target_of(app, self._letter, base),
            "Building again",
            replace(call, arguments=(name, *found, *rest)),
            [],
            uploads=uploads,
            build=EnvironmentBuild(
                then.requirements,
                then.digest,
                tuple(then.added),
                tuple(then.removed),
                (f"{self._seen.root}/{WEB_CONFIG}",),
                f"{folder_of(running.letter)}/Lib/site-packages" if running is not None else None,
            ),
        )

    def _place(self, base: InstalledRuntime, contents: Contents | None) -> Place:
        return Place(self._letter, base, environment_python(self._app, self._letter, base), contents, None)

    def _stand_in(self) -> InstalledRuntime:
        """Return the runtime as the record names it, for words before it is there."""
        base, then = self._base(), self._then
        if base is not None:
            return base
        return InstalledRuntime(then.version, then.architecture, None, None, then.python_path, "folder", False)


def base_in(
    pythons: Sequence[InstalledRuntime], environment: RecordedEnvironment, home: str
) -> InstalledRuntime | None:
    """Return the runtime that an environment stands on; None when it is not on the app."""
    own = (each for each in pythons if each.is_runtime and same_path(each.python_path, environment.python_path, home))
    return next(own, None)


def _unreadable(seen: Observation, letter: Letter) -> RecordedEnvironment:
    """Return an environment whose description cannot be read."""
    python = seen.current
    version, architecture = (python.version, python.architecture) if python is not None else (None, None)
    base = seen.base_of(letter) or python_of(letter, seen.app.kudu.home())
    return RecordedEnvironment(letter, None, base, version or "", architecture or "", None)


def _present(app: App, letter: Letter) -> dict[str, str]:
    try:
        return present_packages(app, folder_of(letter))
    except NotFound:
        return {}


def _has(present: Mapping[str, str], packages: Mapping[str, str] | None) -> bool:
    """Return whether packages are there, in these versions."""
    missing = changes_to({name: each for name, each in present.items() if name in (packages or {})}, packages or {})
    return not missing


def _not_there(app: App, letter: Letter) -> Refused:
    return Refused(
        f"The web.config that {app.site.label} would get back starts environment {letter}, which is not there any "
        "more, and no record says what was in it. Nothing was changed.",
        f"See what the app has: `az webapp python show {app.site.arguments}`.",
    )
