"""`uninstall`: remove a Python runtime, its site extension and the folder that it would leave behind."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site_extensions import delete_extension
from azext_pythonapp.errors import NotFound, Refused, RemoteFailed
from azext_pythonapp.history.record import FAILED
from azext_pythonapp.jobs.late_compile import end_compiling
from azext_pythonapp.operations.app.observe import Observation, not_answered, observe
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import noted_run, package_part, runtime_change
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.app.site_packages import direct_addresses
from azext_pythonapp.operations.runtime.choose import require_one_name, say_new_id
from azext_pythonapp.operations.runtime.in_use import environments_on, shortened, uses_of_runtime
from azext_pythonapp.operations.runtime.keep_packages import BUNDLED, note_of, packages_in
from azext_pythonapp.operations.runtime.last_lines import EXTENSION as EXTENSIONS
from azext_pythonapp.operations.runtime.last_lines import uninstalled_lines
from azext_pythonapp.operations.runtime.unfinished import Unfinished, end, end_of_install, unfinished_of
from azext_pythonapp.packages import record
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec, identify, same_extension
from azext_pythonapp.windows import home_folder_of, join, same_path

COMMAND = "uninstall"


@dataclass(frozen=True)
class UninstallRequest:
    """Which runtime to remove: a version, perhaps with an architecture, or the id of its site extension.

    keep_files: leave its folder and the packages in it. force: also when web.config uses it.
    confirmed: do not ask.
    """

    spec: VersionSpec | None
    architecture: str | None
    extension_id: str | None
    keep_files: bool
    force: bool
    confirmed: bool

    @classmethod
    def from_options(
        cls,
        *,
        version: str | None,
        architecture: str | None,
        extension_id: str | None,
        keep_files: bool,
        force: bool,
        confirmed: bool,
    ) -> UninstallRequest:
        """From the command's options. Raises InvalidInput when they do not name one runtime."""
        require_one_name(
            version, extension_id, architecture, "See what the app has: `az webapp python list --output table`."
        )
        spec = VersionSpec.parse(version) if version else None
        return cls(spec, architecture, extension_id, keep_files, force, confirmed)

    def names(self, extension_id: str) -> bool:
        """Return whether the request means the runtime of an extension's id."""
        if self.extension_id is not None:
            return same_extension(self.extension_id, extension_id)
        identity = identify(extension_id)
        return (
            identity is not None
            and self.spec is not None
            and self.spec.matches(identity.version)
            and self.architecture in (None, identity.architecture)
        )

    def __str__(self) -> str:
        architecture = f" {self.architecture}" if self.architecture else ""
        return str(self.extension_id) if self.spec is None else f"Python {self.spec}{architecture}"


def uninstall(app: App, request: UninstallRequest, dry_run: bool) -> dict[str, Any]:
    """Remove the runtime, if it is there. Returns the answer (docs/json-output.md).

    Raises Refused while web.config starts it, or the app names a path below its folder, unless it is forced.
    """
    # A web.config that cannot be read may start any Python, so only --force goes on without knowing.
    seen = observe(app)
    if request.force:
        seen.say_problem()
    else:
        _ = seen.handler
    pythons = seen.pythons
    python = _chosen(app, request, pythons)
    if python is None:
        return _without_python(app, request, dry_run)
    if python.in_use and not request.force:
        raise Refused(
            f"web.config of {app.site.label} starts {python.python_path}, so it is not uninstalled.",
            f"Switch to another one first (`az webapp python list-versions {app.site.arguments}` shows which there "
            "are); or uninstall it all the same with --force.",
        )
    if not request.force:
        _refuse_used(app, python)
        _refuse_standing(seen, python)
    folder = _doomed_folder(app, python, pythons, request.keep_files)
    packages = packages_in(app, folder) if folder is not None else {}
    steps = _folder_steps(app, folder, packages) if folder is not None else []
    plan = Plan([*_extension_steps(app, python), *steps])
    if dry_run:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=True)
        return report(app.site.to_dict(), plan.changes, True)
    if not plan.steps:
        app.progress.conclude(
            f"Nothing was changed: only the folder of {python.name} is on {app.site.label}, and it stays."
        )
        return report(app.site.to_dict(), [], False)
    if not request.confirmed:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=False)
        app.progress.confirm(f"{_summary(app, python, plan)} Continue?")
    with recorded(app, COMMAND) as change:
        plan.guard = change.require
        change.note(runtimes=(runtime_change("uninstall", python),))
        part = None
        if folder is not None:
            target = Target(python.python_path, folder, python.version or "", python.architecture or "")
            part = replace(package_part(target, packages), addresses=direct_addresses(app, python.python_path))
            part = replace(part, last_run=noted_run(app, folder))
            change.note_packages(part)
        change.begin()
        changes = plan.apply(app.progress)
        if part is not None:
            change.note_packages(replace(part, after={}))
        change.finish(changes)
    end_of_install(app, python.python_path, FAILED)
    app.progress.conclude(*uninstalled_lines(app, python, changes, change.undo))
    return report(app.site.to_dict(), changes, False, changeId=change.change_id)


def _without_python(app: App, request: UninstallRequest, dry_run: bool) -> dict[str, Any]:
    """Remove what an interrupted installation of the runtime left, if there is anything; its Python is not there."""
    left = unfinished_of(app, request.names)
    plan = Plan([step for each in left for step in left_steps(app, each)])
    if dry_run:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=True)
        return report(app.site.to_dict(), plan.changes, True)
    if not plan.steps:
        app.progress.conclude(f"{request} is not on {app.site.label}; there is nothing to do.")
        return report(app.site.to_dict(), [], False)
    with recorded(app, COMMAND) as change:
        plan.guard = change.require
        change.begin()
        changes = plan.apply(app.progress)
        change.finish(changes)
    for each in left:
        end_of_install(app, join(app.kudu.home(), each.folder, "python.exe"), FAILED)
    app.progress.conclude(f"What an interrupted installation of {request} had left on {app.site.label} is removed.")
    return report(app.site.to_dict(), changes, False, changeId=change.change_id)


def removal_steps(app: App, python: InstalledRuntime, pythons: Sequence[InstalledRuntime]) -> list[Step]:
    """Return the steps that remove a Python, its site extension and its folder. pythons: all that are on the app."""
    folder = _doomed_folder(app, python, pythons, False)
    steps = _folder_steps(app, folder, packages_in(app, folder)) if folder is not None else []
    return [*_extension_steps(app, python), *steps]


def left_steps(app: App, left: Unfinished) -> list[Step]:
    """Return the step that deletes what an interrupted installation left."""
    change = Change(left.folder, "uninstall", "not complete", None)

    def apply() -> Sequence[Change]:
        end_compiling(app.kudu, left.folder)
        for folder in (f"SiteExtensions/{left.extension_id}", left.folder):
            app.kudu.delete_directory(folder)
        end(app, left.folder)
        return [change]

    return [Step(f"Deleting the incomplete folder {left.folder} of {app.site.label}.", [change], apply)]


def _refuse_used(app: App, python: InstalledRuntime) -> None:
    """Raise Refused when the app names something below the folder of python; it need not be what web.config starts."""
    places = uses_of_runtime(app, python.python_path)
    if places:
        raise Refused(
            f"The {app.site.label} uses {ntpath.dirname(python.python_path)}: {shortened(places)}. So it is "
            "not uninstalled.",
            "Change these places first, or uninstall it anyway with --force.",
        )


def _refuse_standing(seen: Observation, python: InstalledRuntime) -> None:
    """Raise Refused when an environment stands on python, in use or not: `rollback` may go back to it."""
    app, standing = seen.app, environments_on(seen, python.python_path)
    if not standing:
        return
    words = [
        f"environment {letter}, which {'the app runs' if letter == seen.environment else '`rollback` may go back to'}"
        for letter in standing
    ]
    raise Refused(
        f"{ntpath.dirname(python.python_path)} of {app.site.label} is the runtime of {', and of '.join(words)}, so it "
        "is not uninstalled.",
        "Uninstall it anyway with --force: an environment does not start without its runtime. `rollback` installs it "
        "again before it goes back to one.",
    )


def _chosen(app: App, request: UninstallRequest, pythons: Sequence[InstalledRuntime]) -> InstalledRuntime | None:
    """The one Python that the request means; None when there is none."""
    own = [python for python in pythons if python.is_runtime]
    if request.extension_id is not None:
        return _named(app, request.extension_id, own)
    assert request.spec is not None
    matching = [python for python in own if python.may_be(request.spec.matches, request.architecture)]
    for python in matching:
        # What a site extension says of itself is certain; the name of a folder is not.
        if python.unknown and python.extension_id is None:
            raise not_answered(app, python, f"whether it is {request}")
    if len(matching) > 1:
        names = ", ".join(
            python.extension_id or (python.name if python.version else python.python_path) for python in matching
        )
        raise Refused(
            f"{request} on {app.site.label} means several runtimes: {names}.",
            "Name one with --extension-id, or with a full version and --arch.",
        )
    return matching[0] if matching else None


def _named(app: App, extension_id: str, own: Sequence[InstalledRuntime]) -> InstalledRuntime | None:
    """The runtime of a site extension; where that is uninstalled already, the folder that it left behind."""
    say_new_id(app, extension_id)
    present = next(
        (python for python in own if python.extension_id and same_extension(python.extension_id, extension_id)), None
    )
    identity = identify(extension_id)
    if present or identity is None:
        return present
    left = identity.python_path(app.kudu.home())
    python = next(
        (
            python
            for python in own
            if python.source == "folder" and same_path(python.python_path, left, app.kudu.home())
        ),
        None,
    )
    if python is not None and python.unknown:
        raise not_answered(app, python, f"whether it is what {extension_id} left behind")
    said = (python.version, python.architecture) if python is not None else None
    return python if said == (identity.version, identity.architecture) else None


def _extension_steps(app: App, python: InstalledRuntime) -> list[Step]:
    if python.extension_id is None:
        return []
    identifier = python.extension_id
    change = Change(f"{EXTENSIONS}{identifier}", "uninstall", python.package_version, None)

    def apply() -> Sequence[Change]:
        delete_extension(app.arm, app.site, identifier, app.kudu.delete_directory)
        return [change]

    return [Step(f"Uninstalling site extension {identifier} from {app.site.label}.", [change], apply)]


def _doomed_folder(
    app: App, python: InstalledRuntime, pythons: Sequence[InstalledRuntime], keep_files: bool
) -> str | None:
    """Return the name of the runtime's folder that is to be deleted; None for none.

    It stays when it is to be kept, or when another installed extension lives in it as well.
    """
    folder = home_folder_of(python.python_path, app.kudu.home())
    shared = any(
        other is not python and other.extension_id and other.python_path.lower() == python.python_path.lower()
        for other in pythons
    )
    return None if keep_files or shared or folder is None or not _exists(app, folder) else folder


def _folder_steps(app: App, folder: str, packages: Mapping[str, str]) -> list[Step]:
    """Delete a runtime's folder, which no package's own uninstallation does (docs/platform/site-extensions.md 1.5).

    packages: what is in it.
    """
    change = Change(folder, "uninstall", _content(packages), None)

    def apply() -> Sequence[Change]:
        end_compiling(app.kudu, folder)
        app.kudu.delete_directory(folder)
        app.kudu.delete(record.path_for(folder))
        end(app, folder)
        app.kudu.delete(note_of(folder))
        if _exists(app, folder):
            raise RemoteFailed(
                f"The folder {folder} of {app.site.label} could not be deleted completely.",
                f"Stop the app (`az webapp stop {app.site.arguments}`) and run the command again.",
            )
        return [change]

    return [Step(f"Deleting the folder {folder} of {app.site.label}.", [change], apply)]


def _exists(app: App, folder: str) -> bool:
    try:
        app.kudu.list_directory(folder)
    except NotFound:
        return False
    return True


def _content(packages: Mapping[str, str]) -> str:
    """What a deletion would lose, for the plan: the packages that did not come with the runtime."""
    count = len(packages.keys() - BUNDLED)
    return "no packages" if count == 0 else "1 package" if count == 1 else f"{count} packages"


def _summary(app: App, python: InstalledRuntime, plan: Plan) -> str:
    parts = [
        f"the site extension {change.target.removeprefix(EXTENSIONS)}"
        if change.target.startswith(EXTENSIONS)
        else f"the folder {change.target} ({change.before} in it)"
        for change in plan.changes
    ]
    in_use = ", which web.config starts," if python.in_use else ""
    return f"This removes {python.name}{in_use} from {app.site.label}: {' and '.join(parts)}."
