"""Install Pythons again that are gone, and uninstall those that a change had installed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, Refused
from azext_pythonapp.history.record import RuntimeChange
from azext_pythonapp.operations.app.observe import list_pythons
from azext_pythonapp.operations.rollback.found import Found, Missing
from azext_pythonapp.operations.runtime.choose import BUILDS, EVERYWHERE, Choice, choose_runtime
from azext_pythonapp.operations.runtime.cpython import installation_of
from azext_pythonapp.operations.runtime.sources import SourceName, app_offers, package_offers
from azext_pythonapp.operations.runtime.unfinished import unfinished_of
from azext_pythonapp.operations.runtime.uninstall import left_steps, removal_steps
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.runtimes.catalogue import Offer
from azext_pythonapp.runtimes.cpython import EXTENSION_PREFIX, source_of
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec, canonical_id, same_extension
from azext_pythonapp.runtimes.selection import resolve_id
from azext_pythonapp.windows import home_folder_of

# Only such a folder is ever deleted: a record, which others can write, may name any.
_OF_A_PYTHON = re.compile(r"python", re.IGNORECASE)


def installation_steps(found: Found, installed: Callable[[Sequence[InstalledRuntime]], None]) -> list[Step]:
    """Return the steps that install the missing Pythons again. installed: takes the app's Pythons once they are there.

    Raises NotFound when no source has the very package any more.
    """
    app = found.app
    steps = [
        step
        for each in found.missing
        for step in _installation_steps(app, each, found.seen.pythons, found.target.record.id)
    ]

    def take() -> Sequence[Change]:
        installed(list_pythons(app))
        return []

    return [*steps, Step(f"Looking at the Pythons of {app.site.label}.", [], take)] if steps else []


def removal_of_extra(found: Found) -> list[Step]:
    """Return the steps that uninstall the Pythons that the change had installed."""
    app = found.app
    steps = [step for each in found.extra for step in removal_steps(app, each, found.seen.pythons)]
    for folder in found.rests:
        _require_python_folder(app, folder, found.target.record.id)
        steps.append(_rest_step(app, folder))
    ids = [each.extension_id for each in found.target.record.runtimes if each.action == "install" and each.extension_id]
    if found.stays or found.used or found.target.record.state != "unfinished":
        return steps
    left = unfinished_of(app, lambda identifier: any(same_extension(identifier, each) for each in ids))
    there = {home_folder_of(each.python_path, app.kudu.home()) for each in found.extra}
    return steps + [step for each in left if each.folder not in there for step in left_steps(app, each)]


def _require_python_folder(app: App, folder: str, change_id: str) -> None:
    """Raise Refused for a folder that is not one of a Python by its name. folder: in %HOME%."""
    if not _OF_A_PYTHON.match(folder):
        raise Refused(
            f"The folder {folder} of {app.site.label} is not one of a Python, as change {change_id} says, so it is not "
            "deleted. Nothing was changed.",
            f"See what is recorded: `az webapp python history show --change-id {change_id}`.",
        )


def _rest_step(app: App, folder: str) -> Step:
    """Return the step that deletes what is left of a Python's folder."""
    change = Change(folder, "uninstall", "not complete", None)

    def delete() -> Sequence[Change]:
        app.kudu.delete_directory(folder)
        return [change]

    return Step(f"Deleting the rest of the folder {folder} of {app.site.label}.", [change], delete)


def _installation_steps(app: App, missing: Missing, pythons: Sequence[InstalledRuntime], change_id: str) -> list[Step]:
    runtime = missing.runtime
    choice = Choice(None, _offer(app, runtime))
    if not missing.partial:
        installation = installation_of(app, choice, pythons, runtime.package_version)
        return list(installation.steps()) if installation is not None else []
    folder = home_folder_of(runtime.python_path, app.kudu.home())
    assert folder is not None
    _require_python_folder(app, folder, change_id)
    shown = Change(
        f"siteextensions/{runtime.extension_id or folder}", "install", None, runtime.package_version or runtime.version
    )

    def delete_rest() -> Sequence[Change]:
        app.kudu.delete_directory(folder)
        return []

    def install() -> Sequence[Change]:
        installation = installation_of(app, choice, list_pythons(app), runtime.package_version)
        return Plan(list(installation.steps()) if installation is not None else []).apply(app.progress)

    return [
        Step(f"Deleting the rest of the folder {folder} of {app.site.label}, which is not complete.", [], delete_rest),
        Step("", [shown], install),
    ]


def _offer(app: App, runtime: RuntimeChange) -> Offer | None:
    """Return the package that a Python came from."""
    identifier = runtime.extension_id
    name = " ".join(filter(None, ("Python", runtime.version, runtime.architecture)))
    try:
        if identifier is not None and not identifier.lower().startswith(EXTENSION_PREFIX):
            offers = app_offers(app)
            if runtime.package_version is not None:
                offers += package_offers(app, canonical_id(identifier), runtime.package_version)
            return resolve_id(offers, identifier, runtime.package_version)
        if runtime.version is None:
            raise NotFound(f"Which version {runtime.python_path} was is not known.")
        sources: tuple[SourceName, ...] = BUILDS if identifier is not None else EVERYWHERE
        if runtime.package is not None:
            sources = (source_of(runtime.package),)
        spec = VersionSpec.parse(runtime.version)
        return choose_runtime(app, [], spec, runtime.architecture, sources, prereleases=True).offer
    except NotFound as error:
        raise Refused(
            f"{name}, which was uninstalled from {app.site.label}, cannot be installed again: {error.message} Nothing "
            "was changed.",
            error.recommendation,
        ) from error
