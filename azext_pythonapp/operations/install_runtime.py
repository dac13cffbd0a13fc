"""`install`: put a Python runtime on the app."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, NotFound, Refused, RemoteFailed
from azext_pythonapp.appservice.site_extensions import await_install, install_extension, start_install
from azext_pythonapp.operations.list_runtimes import pythons_on, readable_handler
from azext_pythonapp.operations.list_versions import app_offers
from azext_pythonapp.operations.runtime_choice import Choice, choose_runtime, require_version
from azext_pythonapp.packages import installed
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.runtimes.catalogue import Offer, resolve_id
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.identity import VersionWish, same_extension


@dataclass(frozen=True)
class InstallRequest:
    """What to install: a wish for a version, or the id of a site extension and perhaps its package version."""

    wish: VersionWish | None
    architecture: str | None
    extension_id: str | None
    package_version: str | None
    wait: bool

    @classmethod
    def parse(cls, version: str | None, architecture: str | None, extension_id: str | None,
              package_version: str | None, wait: bool) -> InstallRequest:
        """From the command's options. Raises InvalidInput when they do not name one runtime."""
        if (version is None) == (extension_id is None):
            raise InvalidInput("Name the runtime with either --version or --extension-id.",
                               "See what there is: `az webapp python list-versions --output table`.")
        if extension_id is not None and architecture is not None:
            raise InvalidInput("--arch goes with --version; the id of a site extension names its architecture.")
        if package_version is not None and extension_id is None:
            raise InvalidInput("--package-version goes with --extension-id.")
        return cls(VersionWish.parse(version) if version else None, architecture, extension_id, package_version,
                   wait)


def install(app: App, request: InstallRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime unless it is there. Returns the contract's answer with `runtime`.

    One that is there may have been started with --no-wait: its installation is then waited for, which also makes
    Azure restart the app.
    """
    pythons = pythons_on(app, readable_handler(app))
    choice = _choose(app, pythons, request)
    if choice.offer is None:
        if choice.present and choice.present.extension_id and request.wait and not dry_run:
            await_install(app.arm, app.site, choice.present.extension_id)
        return report(app.site.to_dict(), [], dry_run, runtime=choice.present.to_dict() if choice.present else None)
    offer = choice.offer
    if dry_run:
        return report(app.site.to_dict(), [planned_install(app, offer)], True, runtime=planned_runtime(app, offer))
    if not request.wait:
        return _start_only(app, offer, request)
    runtime: list[Installed] = []

    def apply() -> Sequence[Change]:
        change, python = install_offer(app, offer, request.package_version)
        runtime.append(python)
        return [change]

    plan = Plan([Step(install_title(app, offer), [planned_install(app, offer)], apply)])
    changes = plan.apply(app.progress.say)
    return report(app.site.to_dict(), changes, False, runtime=runtime[0].to_dict())


def install_title(app: App, offer: Offer) -> str:
    """The progress line of an installation."""
    return (f"Installing Python {offer.version} {offer.architecture} (site extension {offer.extension_id} "
            f"{offer.package_version}) on {app.site.label}; this takes a minute or two.")


def planned_install(app: App, offer: Offer) -> Change:
    """What an installation will change.

    Raises Refused when it would wipe a folder that holds packages: install.cmd removes the folder first (facts 1.5).
    """
    folder = offer.identity.folder
    try:
        names = [entry.name for entry in app.kudu.list_directory(f"{folder}/Lib/site-packages")]
    except NotFound:
        names = []
    packages = installed.packages(names)
    if packages:
        raise Refused(f"Installing {offer.extension_id} on {app.site.label} would wipe the folder {folder}, which "
                      f"holds {len(packages)} packages.",
                      f"Move or delete the folder first, or use it as it is: `az webapp python list "
                      f"{app.site.arguments}`.")
    return Change(f"siteextensions/{offer.extension_id}", "install", None, offer.package_version)


def planned_runtime(app: App, offer: Offer) -> dict[str, Any]:
    """The runtime as it will be after an installation."""
    return Installed(version=offer.version, architecture=offer.architecture, extension_id=offer.extension_id,
                     package_version=offer.package_version,
                     python_path=offer.identity.python_path(app.kudu.home()), source="siteExtension",
                     in_use=False).to_dict()


def install_offer(app: App, offer: Offer, package_version: str | None = None) -> tuple[Change, Installed]:
    """Install a package, and verify by asking its python.exe.

    package_version: the one to insist on; None takes the gallery's newest.
    Raises RemoteFailed when what landed is not what was asked for.
    """
    entry = install_extension(app.arm, app.site, offer.extension_id, package_version)
    landed = str(entry.get("version") or "")
    if package_version and landed and landed != package_version:
        raise RemoteFailed(f"Azure installed {offer.extension_id} {landed} on {app.site.label}, although version "
                           f"{package_version} was asked for.",
                           "It keeps a newer package that is already there; uninstall it first.")
    python = next((python for python in pythons_on(app, readable_handler(app))
                   if python.extension_id and same_extension(python.extension_id, offer.extension_id)), None)
    if python is None:
        raise RemoteFailed(f"Azure says that {offer.extension_id} is installed on {app.site.label}, but its Python is "
                           "not there.", f"See what is there: `az webapp python list {app.site.arguments}`.")
    require_version(app, python, offer.version)
    return Change(f"siteextensions/{python.extension_id}", "install", None, landed or offer.package_version), python


def _choose(app: App, pythons: Sequence[Installed], request: InstallRequest) -> Choice:
    if request.wish is not None:
        extensions = [python for python in pythons if python.source == "siteExtension"]
        return choose_runtime(app, extensions, request.wish, request.architecture)
    wanted = str(request.extension_id)
    present = next((python for python in pythons
                    if python.extension_id and same_extension(python.extension_id, wanted)), None)
    if present and request.package_version in (None, present.package_version):
        return Choice(present, None)
    if present:
        raise Refused(f"{present.extension_id} {present.package_version} is installed on {app.site.label}; installing "
                      f"{request.package_version} over it would wipe the packages in it.",
                      "Uninstall it first.")
    offers = app_offers(app, all_versions=request.package_version is not None)
    return Choice(None, resolve_id(offers, wanted, request.package_version))


def _start_only(app: App, offer: Offer, request: InstallRequest) -> dict[str, Any]:
    planned = planned_install(app, offer)
    app.progress.say(install_title(app, offer))
    start_install(app.arm, app.site, offer.extension_id, request.package_version)
    finish = f"az webapp python install {app.site.arguments} --extension-id {offer.extension_id}"
    app.progress.say(f"The installation goes on. Still to do: restart the app, and check the runtime; `{finish}` does "
                     "both.")
    return report(app.site.to_dict(), [planned], False, runtime=planned_runtime(app, offer),
                  remaining=["wait for the installation", "restart the app"], finishCommand=finish)
