"""`install` of a package of CPython: of NuGet, of python.org, or a file; it becomes a site extension of the app."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.app.observe import list_pythons
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.app.registration import find_registration
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.job.pending_restart import await_quiet, changes_unused_runtime, restart_beside
from azext_pythonapp.operations.runtime.choose import newest_present
from azext_pythonapp.operations.runtime.cpython import CPythonInstallation
from azext_pythonapp.operations.runtime.last_lines import installed_lines
from azext_pythonapp.operations.runtime.unfinished import installs
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.runtimes.cpython import EXTENSION_PREFIX, CPythonBuild
from azext_pythonapp.runtimes.cpython_package import read_package
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.nuget import PACKAGE_IDS
from azext_pythonapp.runtimes.versions import VersionSpec

COMMAND = "install"
NO_WAIT = "--no-wait cannot be combined with python.org's builds, which are uploaded from this machine."


@dataclass(frozen=True)
class PackageRequest:
    """A package file to install, and what it is."""

    file: Path
    content: CPythonBuild

    @classmethod
    def from_options(
        cls,
        *,
        package: str,
        version: str | None,
        architecture: str | None,
        extension_id: str | None,
        package_version: str | None,
        source: str | None,
        wait: bool,
    ) -> PackageRequest:
        """From the command's options; reads the package file's manifest.

        Raises InvalidInput when they do not name one runtime, or contradict each other.
        """
        if extension_id is not None or package_version is not None:
            raise InvalidInput(
                "--extension-id and --package-version name a package of a gallery, so they cannot be combined "
                "with a file (--package)."
            )
        if source == "gallery":
            raise InvalidInput("--package takes a package of CPython, so it cannot be combined with --source gallery.")
        if not wait:
            raise InvalidInput(NO_WAIT)
        content = read_package(Path(package))
        if source not in (None, content.source):
            raise InvalidInput(
                f"The package '{package}' is the {content.title}, so it does not go with --source {source}."
            )
        spec = VersionSpec.parse(version or content.version)
        if not spec.matches(content.version) or architecture not in (None, content.architecture):
            asked = f"Python {spec}" + (f" {architecture}" if architecture else "")
            raise InvalidInput(
                f"The package '{package}' is Python {content.version} {content.architecture}, not {asked}."
            )
        return cls(Path(package), content)


def install_package(app: App, request: PackageRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime in a package file unless it is there. Returns what `install_release` returns."""
    pythons = [python for python in list_pythons(app) if python.source == "siteExtension"]
    content = request.content
    present = newest_present(app, pythons, VersionSpec.parse(content.version), content.architecture)
    if present is not None:
        return install_registration(app, present, dry_run)
    return install_release(app, content, request.file, dry_run)


def install_release(app: App, runtime: CPythonBuild, file: Path | None, dry_run: bool) -> dict[str, Any]:
    """Install a package of CPython. file: None downloads it.

    Returns the answer (docs/json-output.md) with `runtime`, and `warnings` if any.
    """
    return _install(app, CPythonInstallation(app, runtime, file), dry_run)


def install_registration(app: App, python: InstalledRuntime, dry_run: bool) -> dict[str, Any]:
    """For a Python that is on the app: nothing, or its registration with IIS, where an earlier run could not make it.

    Returns what `install_release` returns.
    """
    runtime = _unregistered(app, python)
    if runtime is None:
        if dry_run:
            app.progress.show_plan(app.site.label, None, [], dry_run=True)
        else:
            app.progress.conclude(f"Nothing was changed: {python.name} is already on {app.site.label}.")
        return report(app.site.to_dict(), [], dry_run, runtime=python.to_dict())
    return _install(app, CPythonInstallation(app, runtime, None, python), dry_run)


def _install(app: App, installation: CPythonInstallation, dry_run: bool) -> dict[str, Any]:
    for warning in fit_warnings(app, installation.offer.architecture):
        app.progress.say(warning)
    plan = Plan([*installation.steps(), *_restart_steps(app, installation)])
    if dry_run:
        app.progress.show_plan(app.site.label, None, plan.changes, dry_run=True)
        return report(app.site.to_dict(), plan.changes, True, runtime=installation.runtime.to_dict())
    path = installation.runtime.python_path
    with recorded(app, COMMAND, continues=lambda record: installs(app, record, path)) as change:
        plan.guard = change.require
        installation.record_in(change)
        changes = plan.apply(app.progress)
        change.finish(changes)
    lines = installed_lines(app, installation.runtime, changes, change.undo)
    app.progress.conclude(*lines, *installation.warnings)
    more = {"warnings": installation.warnings} if installation.warnings else {}
    return report(
        app.site.to_dict(), changes, False, changeId=change.change_id, runtime=installation.runtime.to_dict(), **more
    )


def _unregistered(app: App, python: InstalledRuntime) -> CPythonBuild | None:
    """A runtime of ours that IIS does not know yet; None for any other."""
    if not (python.extension_id or "").startswith(EXTENSION_PREFIX):
        return None
    if find_registration(app, python.extension_id, python.python_path) is not None:
        return None
    architecture, version = str(python.architecture), str(python.package_version or python.version)
    return CPythonBuild(python.package or PACKAGE_IDS[architecture], version, architecture)


def _restart_steps(app: App, installation: CPythonInstallation) -> list[Step]:
    """A restart makes IIS read the registration (docs/platform/site-extensions.md 1.5); a stopped app stays stopped."""
    if app.site.stopped:
        return []
    change = Change("app", "restart", note="IIS reads the registration of a Python when the app starts")

    def restart() -> Sequence[Change]:
        if not installation.registered:
            return []
        busy = await_quiet(app, (), time.sleep)
        if busy is not None and not changes_unused_runtime(app, busy):
            app.progress.say(
                f"Job {busy.id}, {busy.shown_title}, is running, and a restart would end "
                f"it, so {app.site.label} is not restarted now. IIS reads the registration of the new "
                f"Python when it is: `az webapp restart {app.site.arguments}`."
            )
            return []
        with app.progress.phase(f"Restarting {app.site.label}, so that IIS reads the registration of the new Python."):
            restart_beside(app, busy)
        return [change]

    return [Step("", [change], restart)]
