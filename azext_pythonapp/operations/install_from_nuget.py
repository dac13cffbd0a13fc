"""`install --source nuget`: put a release of CPython on the app that no site extension brings."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, PlatformFailed
from azext_pythonapp.operations.handler_choice import find_registration
from azext_pythonapp.operations.list_runtimes import pythons_on, readable_handler
from azext_pythonapp.operations.nuget_installation import NugetInstallation
from azext_pythonapp.operations.nuget_lookup import find_in_nuget
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.nuget import DEFAULT_ARCHITECTURE, EXTENSION_PREFIX, PACKAGE_IDS, NugetRuntime
from azext_pythonapp.runtimes.nuget_package import read_package
from azext_pythonapp.runtimes.versions import VersionWish, numbers


@dataclass(frozen=True)
class NugetRequest:
    """What to install: a wish for a version, or a package file and what it is; both when they agree.

    architecture: "x64" or "x86".
    """

    wish: VersionWish
    architecture: str
    file: Path | None
    content: NugetRuntime | None

    @classmethod
    def parse(cls, version: str | None, architecture: str | None, extension_id: str | None,
              package_version: str | None, package: str | None, *, source: str | None, wait: bool) -> NugetRequest:
        """From the command's options; reads the package file's manifest.

        Raises InvalidInput when they do not name one runtime, or contradict each other.
        """
        if extension_id is not None or package_version is not None:
            raise InvalidInput("--extension-id and --package-version name a site extension; a package of NuGet is "
                               "named with --version, or given with --package.")
        if package is not None and source == "gallery":
            raise InvalidInput("--package gives a package of NuGet, so it contradicts --source gallery.")
        if not wait:
            raise InvalidInput("--no-wait does not go with a package of NuGet: this machine uploads it.")
        if package is None:
            if version is None:
                raise InvalidInput("Name the Python with --version, or give its package with --package.")
            return cls(VersionWish.parse(version), architecture or DEFAULT_ARCHITECTURE, None, None)
        content = read_package(Path(package))
        wish = VersionWish.parse(version or content.version)
        if not wish.matches(content.version) or architecture not in (None, content.architecture):
            asked = f"Python {wish}" + (f" {architecture}" if architecture else "")
            raise InvalidInput(f"The package '{package}' is Python {content.version} {content.architecture}, not "
                               f"{asked}.")
        return cls(VersionWish.parse(content.version), content.architecture, Path(package), content)


def install_from_nuget(app: App, request: NugetRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime unless it is there. Returns the contract's answer with `runtime`, and `warnings` if any.

    One that an earlier run could not register with IIS is registered.
    """
    pythons = pythons_on(app, readable_handler(app))
    present, offer = _choose(app, pythons, request)
    if offer is None and present is not None:
        offer = _unregistered(app, present)
    if offer is None:
        return report(app.site.to_dict(), [], dry_run, runtime=present.to_dict() if present else None)
    installation = NugetInstallation(app, offer, request.file, present)
    plan = Plan([*installation.steps(), *_restart_steps(app, installation)])
    if dry_run:
        return report(app.site.to_dict(), plan.changes, True, runtime=installation.runtime.to_dict())
    changes = plan.apply(app.progress.say)
    more = {"warnings": installation.warnings} if installation.warnings else {}
    return report(app.site.to_dict(), changes, False, runtime=installation.runtime.to_dict(), **more)


def _choose(app: App, pythons: Sequence[Installed], request: NugetRequest
            ) -> tuple[Installed | None, NugetRuntime | None]:
    """A Python that is on the app, or a package that must be installed first; never both.

    An exact version that is on the app needs no gallery, and neither does any while NuGet is out of reach.
    """
    present = max((python for python in pythons if python.source == "siteExtension" and python.answered
                   and request.wish.matches(python.version or "") and python.architecture == request.architecture),
                  default=None, key=lambda python: numbers(python.version))
    if present and request.wish.is_exact:
        return present, None
    if request.content is not None:
        return None, request.content
    try:
        offer = find_in_nuget(app, request.wish, request.architecture)
    except PlatformFailed as error:
        if not present:
            raise
        app.progress.say(f"{error.message} Taking what is on the app.")
        return present, None
    if present and numbers(present.version) >= numbers(offer.version):
        return present, None
    return None, offer


def _unregistered(app: App, python: Installed) -> NugetRuntime | None:
    """A runtime of ours that IIS does not know yet; None for any other."""
    if not (python.extension_id or "").startswith(EXTENSION_PREFIX):
        return None
    if find_registration(app, python.extension_id, python.python_path) is not None:
        return None
    architecture = str(python.architecture)
    return NugetRuntime(PACKAGE_IDS[architecture], str(python.package_version or python.version), architecture)


def _restart_steps(app: App, installation: NugetInstallation) -> list[Step]:
    """A restart makes IIS read the registration (facts/python-site-extensions.md 1.5); a stopped app stays stopped."""
    if app.site.state.lower() == "stopped":
        return []
    change = Change("app", "restart")

    def restart() -> Sequence[Change]:
        if not installation.registered:
            return []
        app.arm.restart(app.site)
        return [change]

    return [Step(f"Restarting {app.site.label}.", [change], restart)]
