"""What pip would change in a runtime, as far as that is known without starting a Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.jobs.request import Restore
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.site_packages import InstalledMetadata, present_packages, site_packages
from azext_pythonapp.operations.job.run import PipRun, package_change
from azext_pythonapp.operations.package.requirement_files import RequirementFiles, require_possible
from azext_pythonapp.packages import installed, package_plan, pip, pip_versions, record
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.plan import Change


def last_good_run(
    app: App, folder: str, files: RequirementFiles, options: PipOptions, place: str | None = None
) -> record.Record | None:
    """The record of the run that left a runtime just as these files want it; None when pip must look.

    folder: the runtime's folder name in %HOME%, after which its record is named. place: the folder that its packages
    are in, where that is another one, as for an environment. Costs two requests and starts no Python; none when pip
    reads more than a record can tell of, such as a folder of the app.
    """
    if not files.covered:
        return None
    try:
        last = record.parse(app.kudu.read(record.path_for(folder)).content)
    except NotFound:
        return None
    satisfied = record.is_satisfied(
        last,
        files.fingerprint,
        options.normalised(),
        installed.digest(site_packages(app, place or folder)),
        pinned=files.pinned,
    )
    return last if satisfied else None


def plan_pip(
    app: App,
    target: Target,
    files: RequirementFiles,
    options: PipOptions,
    restore: bool = False,
    dependencies: bool = True,
) -> PipRun:
    """See what pip would change in a runtime, which need not be installed yet; no Python is started.

    restore: whether a pip that fails is to have what it changed put back.
    dependencies: whether to look at what the packages that are there need, too: one request for each, several at once.
    Raises InvalidInput for lines that no pip could install there, Refused for options that no pip of that Python knows
    and for a restore from indexes that are not known.
    """
    environment = TargetEnvironment(target.version, target.architecture)
    require_possible(app, files, environment)
    if restore and files.unseen:
        raise Refused(
            f"--restore needs to know the indexes that the requirements for {app.site.label} name, and "
            f"{files.unseen[0]} is read on the worker only.",
            "Omit --restore, or give a local file.",
        )
    names = site_packages(app, target.place)
    present = present_packages(app, target.place, names)
    planned = expected_changes(files, options, present, environment)
    if dependencies and not options.no_deps and not files.complete:
        metadata = InstalledMetadata(app, target.place, names)
        more = package_plan.plan_dependencies(files.parsed, present, environment, metadata.requires, files.limits)
        known = {change.target for change in planned}
        planned += [change for change in _rows(more) if change.target not in known]
    parts = files.parts(options)
    features = list(dict.fromkeys(each for _, own in parts for each in own.features))
    newer_pip = pip_versions.upgrade_for(features, present.get("pip"), target.version)
    if newer_pip is not None:
        newer = package_change("pip", "upgrade", present["pip"], newer_pip.removeprefix("pip") or "newest")
        planned.insert(0, replace(newer, note=f"for {pip_versions.missing(features, present['pip'])[0]}"))
    call, *then = (pip.install(each.main, own) for each, own in parts)
    return PipRun(
        target,
        f"Installing {files.name} into",
        call,
        planned,
        files.directory,
        files.uploads,
        files.watched,
        record.to_json(files.fingerprint, options.normalised()),
        pip.install_pip(newer_pip, options) if newer_pip else None,
        Restore(pip.restore_arguments(options), files.sources) if restore else None,
        covered=files.covered,
        present=present,
        sources=files.sources,
        then=tuple(then),
    )


def expected_changes(
    files: RequirementFiles, options: PipOptions, present: Mapping[str, str], environment: TargetEnvironment
) -> list[Change]:
    """Return what pip would do for the requirements themselves, and what only it can tell."""
    changes = package_plan.plan_changes(files.parsed, present, environment, options.upgrade, files.limits)
    if contains(options.more, *REINSTALL):
        changes = [replace(change, action="reinstall") if change.action == "none" else change for change in changes]
    return _rows(changes) + [package_change(text, "install", None, package_plan.UNKNOWN) for text in files.unseen]


def _rows(changes: Sequence[package_plan.PackageChange]) -> list[Change]:
    return [
        replace(package_change(change.name, change.action, change.before, change.after), note=change.note or None)
        for change in changes
        if change.action != "none"
    ]
