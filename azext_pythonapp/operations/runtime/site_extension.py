"""The installation of one site extension: what it will change, the steps, and the proof that the Python is there."""

from __future__ import annotations

import ntpath
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site_extensions import await_install, delete_extension, install_or_join, start_install
from azext_pythonapp.errors import PythonAppError, Refused, RemoteFailed, UnknownOutcome
from azext_pythonapp.history.record import RuntimeChange
from azext_pythonapp.operations.app.observe import list_pythons
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import package_part, runtime_change
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.runtime.choose import require_version
from azext_pythonapp.operations.runtime.keep_packages import Replacement, begun_replacement, packages_at_risk
from azext_pythonapp.plan import Action, Change, Step
from azext_pythonapp.runtimes.catalogue import Offer
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.end_of_life import support_words
from azext_pythonapp.runtimes.identity import same_extension
from azext_pythonapp.runtimes.versions import minor, package_order

INTERRUPTED = "Interrupted."


def interrupted_install(app: App, identifier: str) -> UnknownOutcome:
    """Return the error for Ctrl-C while Azure installs a site extension: how to finish that, and how to give up."""
    install = f"az webapp python install {app.site.arguments} --extension-id {quoted(identifier)}"
    return UnknownOutcome(
        f"{INTERRUPTED} Azure may go on installing the site extension {identifier} on {app.site.label}.",
        f"To finish, run the same command again, which waits for it: `{app.command or install}`. To give up, when it "
        f"is there: `az webapp python uninstall {app.site.arguments} --extension-id {quoted(identifier)}`.",
    )


def await_earlier(app: App, identifier: str) -> dict[str, Any]:
    """Wait for an installation that an earlier command began, as await_install does.

    Raises UnknownOutcome for Ctrl-C as well.
    """
    try:
        return await_install(app.arm, app.site, identifier)
    except KeyboardInterrupt:
        raise interrupted_install(app, identifier) from None


class Installation:
    """One package that is about to be installed.

    pythons: those on the app now. package_version: the one to insist on; None takes the gallery's newest.
    runtime: the Python as it will be, and after the steps as it is. packages: what lies in the folder that the
    installation wipes, version by name.
    Raises Refused when those packages are for another Python than the new one.
    """

    def __init__(self, app: App, offer: Offer, pythons: Sequence[InstalledRuntime], package_version: str | None = None):
        self._app = app
        self.offer = offer
        self._package_version = package_version
        self._present = next(
            (
                python
                for python in pythons
                if python.extension_id and same_extension(python.extension_id, offer.extension_id)
            ),
            None,
        )
        path = offer.identity.python_path(app.kudu.home())
        self.runtime = InstalledRuntime(
            version=offer.version,
            architecture=offer.architecture,
            extension_id=offer.extension_id,
            package_version=offer.package_version,
            python_path=path,
            source="siteExtension",
            in_use=False,
            answered=False,
        )
        self.packages = packages_at_risk(app, offer.identity.folder)
        self._require_same_python(pythons)
        # What an interrupted installation has moved aside is put back after this one.
        self._change: OpenChange | None = None
        self._begun = None if self.packages else begun_replacement(app, offer.identity.folder)
        self._replacement = None
        if self.packages:
            replaced = self._present.extension_id if self._present else None
            self._replacement = Replacement(app, offer.identity.folder, self.packages, replaced)

    @property
    def title(self) -> str:
        """The progress line of the installation."""
        offer = self.offer
        return (
            f"Installing Python {offer.version} {offer.architecture} (site extension {offer.extension_id} "
            f"{offer.package_version}) on {self._app.site.label}; this takes a minute or two."
        )

    @property
    def change(self) -> Change:
        """What the installation itself changes."""
        before = self._present.package_version if self._present else None
        return Change(
            f"siteextensions/{self.offer.extension_id}",
            self._action(before),
            before,
            self._package_version or self.offer.package_version,
        )

    @property
    def _note(self) -> str:
        """What a person is told about the package: its Python, publisher, source and end of life."""
        offer = self.offer
        publisher = f"site extension by {offer.publisher}" if offer.publisher else "site extension without a publisher"
        words = support_words(offer.support, offer.end_of_life)
        return f"Python {offer.version} {offer.architecture}, {publisher}, {words}"

    def steps(self) -> list[Step]:
        """The installation, between keeping the folder's packages and putting them back when there are any."""
        install = Step(self.title, [replace(self.change, note=self._note)], self._install)
        if self._begun is not None:
            return [install, *self._begun.steps_after()]
        if self._replacement is None:
            return [install]
        return [*self._replacement.steps_before(), install, *self._replacement.steps_after()]

    def record_in(self, change: OpenChange) -> None:
        """Record what the installation is about to change, before it does."""
        self._change = change
        change.note(runtimes=self._runtimes)
        if self._replacement is not None:
            python = self.runtime
            target = Target(python.python_path, self.offer.identity.folder, self.offer.version, self.offer.architecture)
            change.note_packages(package_part(target, self._replacement.all_packages))
        change.begin()

    @property
    def _runtimes(self) -> tuple[RuntimeChange, ...]:
        """The runtime that goes, if there is one, and the one that comes."""
        gone = [runtime_change("uninstall", self._present)] if self._present is not None else []
        return (*gone, runtime_change("install", self.runtime))

    @property
    def question(self) -> str | None:
        """What to ask the person before packages are moved; None when none are."""
        return self._replacement.question if self._replacement is not None else None

    @property
    def restart_planned(self) -> list[Change]:
        """The restart that Azure does by itself after the installation; none for a stopped app.

        Resource Manager asks for it (docs/platform/kudu.md 4.3), and the package's install.cmd ends every python.exe
        before that (docs/platform/site-extensions.md 1.5). It is for the plan on the screen.
        """
        note = "by Azure after the installation, which ends every python.exe of the app"
        return [] if self._app.site.stopped else [Change("app", "restart", note=note)]

    def start(self) -> None:
        """Start the installation without waiting for it. Raises UnknownOutcome for Ctrl-C."""
        try:
            start_install(self._app.arm, self._app.site, self.offer.extension_id, self._package_version)
        except KeyboardInterrupt:
            raise self._interrupted() from None

    def _install(self) -> Sequence[Change]:
        """Install, and verify by asking python.exe. Raises RemoteFailed when what landed is not what was asked for."""
        app, identifier, change = self._app, self.offer.extension_id, self.change
        entry = self._install_extension()
        landed = str(entry.get("version") or "")
        if self._package_version and landed and package_order(landed) != package_order(self._package_version):
            raise RemoteFailed(
                f"Azure installed {identifier} {landed} on {app.site.label}, although version "
                f"{self._package_version} was asked for.",
                f"See what there is: `az webapp python list-versions {app.site.arguments} --all`.",
            )
        python = self._python()
        if python is not None and python.unknown:
            raise UnknownOutcome(
                f"Azure says that {identifier} is installed on {app.site.label}. {python.problem} So "
                "whether it works is not known.",
                f"Check again: `az webapp python list {app.site.arguments}`.",
            )
        if python is None or not python.answered:
            raise RemoteFailed(
                f"Azure says that {identifier} is installed on {app.site.label}, but its Python does not answer.",
                f"See what is there: `az webapp python list {app.site.arguments}`.",
            )
        require_version(app, python, self.offer.version)
        self.runtime = python
        if self._change is not None:
            self._change.note(runtimes=self._runtimes)
        return [
            Change(
                f"siteextensions/{python.extension_id}",
                change.action,
                change.before,
                landed or self.offer.package_version,
            )
        ]

    def _install_extension(self) -> dict[str, Any]:
        app, identifier = self._app, self.offer.extension_id
        try:
            if self.change.action == "update":
                joined = self._earlier()
                if joined is not None:
                    return joined
            if self.change.action in ("downgrade", "update") and self._replacement is None:
                # Kudu does nothing unless the package is newer than the one that is there (docs/platform/kudu.md 4.3).
                delete_extension(app.arm, app.site, identifier, app.kudu.delete_directory)
            return install_or_join(app.arm, app.site, identifier, self._package_version, app.progress.say)
        except KeyboardInterrupt:
            raise self._interrupted() from None
        except PythonAppError as error:
            if self._present is not None and self._replacement is None:
                # A failed installation deletes the one that was there as well (docs/platform/kudu.md 4.3).
                error.extend(
                    [
                        f"The site extension {identifier} {self._present.package_version} that was there may be "
                        f"gone: `az webapp python install {app.site.arguments} --extension-id "
                        f"{quoted(identifier)}`."
                    ]
                )
            raise

    def _interrupted(self) -> UnknownOutcome:
        return interrupted_install(self._app, self.offer.extension_id)

    def _earlier(self) -> dict[str, Any] | None:
        """Wait for the installation of the very package that an earlier command may have begun.

        Azure lists a package before its install.cmd has run (docs/platform/kudu.md 4.3). None when there was none, or
        when its Python does not answer after it: then the package has to be installed again.
        """
        app, identifier = self._app, self.offer.extension_id
        try:
            entry = await_install(app.arm, app.site, identifier)
        except RemoteFailed:
            return None
        python = self._python()
        return entry if python is not None and (python.answered or python.unknown) else None

    def _python(self) -> InstalledRuntime | None:
        """The Python of the package, as it is now."""
        identifier = self.offer.extension_id
        return next(
            (
                python
                for python in list_pythons(self._app)
                if python.extension_id and same_extension(python.extension_id, identifier)
            ),
            None,
        )

    def _action(self, before: str | None) -> Action:
        """`update` is for the same package again, whose Python does not answer."""
        if before is None:
            return "install"
        wanted, present = package_order(self._package_version or self.offer.package_version), package_order(before)
        if wanted == present:
            return "update"
        return "upgrade" if wanted > present else "downgrade"

    def _require_same_python(self, pythons: Sequence[InstalledRuntime]) -> None:
        folder = self.offer.identity.folder.lower()
        for python in pythons:
            if not (
                self.packages
                and python.answered
                and ntpath.basename(ntpath.dirname(python.python_path)).lower() == folder
            ):
                continue
            wanted = (minor(self.offer.version), self.offer.architecture)
            if (minor(python.version or ""), python.architecture) != wanted:
                raise Refused(
                    f"The folder {self.offer.identity.folder} of {self._app.site.label} holds "
                    f"{len(self.packages)} packages for Python {python.version} {python.architecture}, which "
                    f"do not fit Python {self.offer.version} {self.offer.architecture}, and installing that "
                    "wipes the folder.",
                    f"Uninstall the other one first: `az webapp python uninstall {self._app.site.arguments} "
                    f"--version {quoted(str(python.version))}`.",
                )
