"""`install`: put a Python runtime on the app."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound
from azext_pythonapp.history.record import SUCCEEDED
from azext_pythonapp.operations.app.home_space import require_room
from azext_pythonapp.operations.app.observe import list_pythons, not_answered
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.runtime.choose import (
    BUILDS,
    EVERYWHERE,
    Choice,
    choose_runtime,
    newest_present,
    require_one_name,
    say_new_id,
)
from azext_pythonapp.operations.runtime.install_package import COMMAND, NO_WAIT, install_registration, install_release
from azext_pythonapp.operations.runtime.keep_packages import Replacement, begun_replacement
from azext_pythonapp.operations.runtime.last_lines import installed_lines
from azext_pythonapp.operations.runtime.site_extension import Installation, await_earlier
from azext_pythonapp.operations.runtime.sources import SourceName, app_offers, package_offers
from azext_pythonapp.operations.runtime.unfinished import end_of_install, installs
from azext_pythonapp.plan import Plan, report
from azext_pythonapp.runtimes.cpython import EXTENSION_PREFIX
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec, canonical_id, identify, same_extension
from azext_pythonapp.runtimes.selection import resolve_id
from azext_pythonapp.runtimes.versions import numbers
from azext_pythonapp.windows import home_folder_of


@dataclass(frozen=True)
class InstallRequest:
    """What to install: a spec for a version, or the id of a package and perhaps its version.

    sources: where a version may come from. prereleases: whether one of theirs will do.
    """

    spec: VersionSpec | None
    architecture: str | None
    extension_id: str | None
    package_version: str | None
    sources: tuple[SourceName, ...]
    prereleases: bool
    wait: bool
    confirmed: bool

    @classmethod
    def from_options(
        cls,
        *,
        version: str | None,
        architecture: str | None,
        extension_id: str | None,
        package_version: str | None,
        source: str | None = None,
        prereleases: bool = False,
        wait: bool,
        confirmed: bool,
    ) -> InstallRequest:
        """From the command's options. Raises InvalidInput when they do not name one runtime."""
        require_one_name(
            version,
            extension_id,
            architecture,
            "List what is available: `az webapp python list-versions --output table`.",
        )
        if package_version is not None and extension_id is None:
            raise InvalidInput("--package-version can only be used with --extension-id.")
        if package_version is not None and not numbers(package_version):
            raise InvalidInput(
                f"'{package_version}' is not a package version.",
                "Package versions look like 3.6.4.4; the Python version goes with --version.",
            )
        if source in BUILDS and extension_id is not None:
            raise InvalidInput(
                "--extension-id names a package of the site extension gallery, so it cannot be combined with "
                f"--source {source}."
            )
        spec = VersionSpec.parse(version) if version else None
        if source in BUILDS and not wait:
            raise InvalidInput(NO_WAIT)
        sources = tuple(name for name in EVERYWHERE if source in (None, name))
        if spec is None and str(extension_id).lower().startswith(EXTENSION_PREFIX):
            # An id that this product gives a build of python.org stands for that build, whatever a gallery has.
            identity = identify(str(extension_id))
            if package_version is not None:
                raise InvalidInput(
                    "--package-version can only be used with a site extension of the gallery; this id stands for one "
                    "of python.org's builds."
                )
            if identity is not None:
                spec, architecture, sources = VersionSpec.parse(identity.version), identity.architecture, BUILDS
        return cls(spec, architecture, extension_id, package_version, sources, prereleases, wait, confirmed)


def install(app: App, request: InstallRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime unless it is there. Returns the answer (docs/json-output.md) with `runtime`.

    One that is there may have been started with --no-wait: its installation is then waited for, which also makes
    Azure restart the app. Packages in a folder that the installation wipes are put back.
    """
    pythons = list_pythons(app)
    choice, silent = _choose(app, pythons, request), None
    if request.wait and not dry_run:
        silent = _silent(pythons, choice)
    if silent is not None:
        with app.progress.phase(f"Waiting for the installation of {silent} on {app.site.label}, if it goes on."):
            await_earlier(app, silent)
        pythons = list_pythons(app)
        choice = _choose(app, pythons, request)
    if choice.offer is None:
        if choice.required.extension_id and request.wait and not dry_run:
            await_earlier(app, choice.required.extension_id)
            folder = home_folder_of(choice.required.python_path, app.kudu.home())
            begun = begun_replacement(app, folder) if folder else None
            if begun is not None:
                return _finish_replacement(app, choice.required, begun)
            end_of_install(app, choice.required.python_path, SUCCEEDED)
        return install_registration(app, choice.required, dry_run)
    require_room(app)
    if choice.offer.runtime is not None:
        if not request.wait:
            raise InvalidInput(f"Python {choice.offer.version} is one of them: {NO_WAIT}", "Leave --no-wait out.")
        return install_release(app, choice.offer.runtime, None, dry_run)
    runs = next((python for python in pythons if python.in_use), None)
    installation = Installation(app, choice.offer, pythons, request.package_version)
    return _install_extension(app, installation, runs, request, dry_run)


def _install_extension(
    app: App, installation: Installation, runs: InstalledRuntime | None, request: InstallRequest, dry_run: bool
) -> dict[str, Any]:
    """runs: the Python that the app runs."""
    plan = Plan(installation.steps())
    for warning in fit_warnings(app, installation.offer.architecture):
        app.progress.say(warning)
    now, planned = runs.name if runs else None, [*plan.changes, *installation.restart_planned]
    if dry_run:
        app.progress.show_plan(app.site.label, now, planned, dry_run=True)
        return report(app.site.to_dict(), plan.changes, True, runtime=installation.runtime.to_dict())
    if not request.wait:
        return _start_only(app, installation)
    if installation.question and not request.confirmed:
        app.progress.show_plan(app.site.label, now, planned, dry_run=False)
        app.progress.confirm(installation.question)
    with _recorded(app, installation.runtime) as change:
        plan.guard = change.require
        installation.record_in(change)
        changes = plan.apply(app.progress)
        change.finish(changes)
    done = [*changes, *installation.restart_planned]
    app.progress.conclude(*installed_lines(app, installation.runtime, done, change.undo, runs))
    runtime = installation.runtime.to_dict()
    return report(app.site.to_dict(), changes, False, changeId=change.change_id, runtime=runtime)


def _finish_replacement(app: App, python: InstalledRuntime, begun: Replacement) -> dict[str, Any]:
    """Put back the packages that an interrupted installation had moved aside, and start the app that it had stopped."""
    app.progress.say(f"{python.name} is on {app.site.label}; an earlier installation of it was interrupted.")
    with _recorded(app, python) as change:
        change.begin()
        changes = Plan(begun.steps_after(), guard=change.require).apply(app.progress)
        change.finish(changes)
    app.progress.conclude(*installed_lines(app, python, changes, change.undo))
    return report(app.site.to_dict(), changes, False, changeId=change.change_id, runtime=python.to_dict())


def _recorded(app: App, python: InstalledRuntime) -> AbstractContextManager[OpenChange]:
    """Record the installation of a runtime, or go on with one that is not finished, in whatever words it was begun."""
    return recorded(app, COMMAND, continues=lambda record: installs(app, record, python.python_path))


def _choose(app: App, pythons: Sequence[InstalledRuntime], request: InstallRequest) -> Choice:
    if request.spec is not None:
        return _choose_version(app, pythons, request.spec, request)
    wanted = str(request.extension_id)
    say_new_id(app, wanted)
    present = next(
        (python for python in pythons if python.extension_id and same_extension(python.extension_id, wanted)), None
    )
    if present and present.unknown:
        raise not_answered(app, present, "whether it has to be installed again")
    if present and present.answered and request.package_version in (None, present.package_version):
        return Choice(present, None)
    offers = app_offers(app)
    if request.package_version is not None:
        offers += package_offers(app, canonical_id(wanted), request.package_version)
    return Choice(None, resolve_id(offers, wanted, request.package_version))


def _choose_version(
    app: App, pythons: Sequence[InstalledRuntime], spec: VersionSpec, request: InstallRequest
) -> Choice:
    """The site extension that a version means; without any, the Python in a folder that set-version takes."""
    extensions = [python for python in pythons if python.source == "siteExtension"]
    try:
        return choose_runtime(app, extensions, spec, request.architecture, request.sources, request.prereleases)
    except NotFound:
        present = newest_present(app, pythons, spec, request.architecture)
        if present is None:
            raise
        return Choice(present, None)


def _silent(pythons: Sequence[InstalledRuntime], choice: Choice) -> str | None:
    """The id of an extension that Azure lists although its Python does not answer, where that one is to be installed.

    Its installation may still be under way: the package is listed before its install.cmd has run
    (docs/platform/kudu.md 4.3).
    """
    return next(
        (
            python.extension_id
            for python in pythons
            if choice.offer
            and python.extension_id
            and not python.answered
            and same_extension(python.extension_id, choice.offer.extension_id)
        ),
        None,
    )


def _start_only(app: App, installation: Installation) -> dict[str, Any]:
    if installation.packages:
        raise InvalidInput(
            f"Installing over {len(installation.packages)} packages of {app.site.label} moves them "
            "aside and back, so it cannot be combined with --no-wait.",
            "Leave --no-wait out.",
        )
    finish = f"az webapp python install {app.site.arguments} --extension-id {quoted(installation.offer.extension_id)}"
    with _recorded(app, installation.runtime) as change, app.progress.phase(installation.title):
        installation.record_in(change)
        installation.start()
        change.leave(finish, [installation.change])
    app.progress.conclude(
        f"Azure is installing Python {installation.offer.version} {installation.offer.architecture} on "
        f"{app.site.label}; it is not there yet.",
        f"This waits for it, has the app restarted and checks it: {finish}",
    )
    return report(
        app.site.to_dict(),
        [installation.change],
        False,
        changeId=change.change_id,
        runtime=installation.runtime.to_dict(),
        remaining=["wait for the installation", "restart the app"],
        finishCommand=finish,
    )
