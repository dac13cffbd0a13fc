"""The installation of a package of CPython: download, verify, upload, and register it as a site extension."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.download import Told
from azext_pythonapp.errors import (
    Conflict,
    Interrupted,
    NotFound,
    PythonAppError,
    Refused,
    RemoteFailed,
    UnknownOutcome,
)
from azext_pythonapp.jobs.late_compile import end_compiling
from azext_pythonapp.jobs.state import Job
from azext_pythonapp.operations.app.observe import list_pythons
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import package_part, runtime_change, with_result
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.job.run import PipRun, require_job_success, result_changes
from azext_pythonapp.operations.job.same_job import pip_once
from azext_pythonapp.operations.job.watch import again_advice
from azext_pythonapp.operations.runtime.choose import Choice
from azext_pythonapp.operations.runtime.cpython_upload import (
    EXTRACTION_SECONDS,
    await_program,
    package_note,
    prepare,
    tell_upload,
)
from azext_pythonapp.operations.runtime.site_extension import INTERRUPTED, Installation
from azext_pythonapp.operations.runtime.unfinished import Unfinished, begin, end, unfinished_in
from azext_pythonapp.packages.pip import PipCommand
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.runtimes.cpython import CPythonBuild
from azext_pythonapp.runtimes.cpython_package import PROGRAM, extension_files
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.probe import probe
from azext_pythonapp.windows import quote_command

# 3.0.0 of wfastcgi is a source package only; 2.2.1 is a wheel and the same program but for a debugger's hook. pip takes
# these as variables, because an old one ignores a variable that it does not know
# (docs/platform/site-extensions.md 3.1, 4.8).
WFASTCGI = PipCommand(("install", "--no-deps", "wfastcgi"), {"PIP_PREFER_BINARY": "1", "PIP_RETRIES": "1"})


class CPythonInstallation:
    """One package of CPython that is about to be installed.

    offer: the package. file: its file on this machine; None downloads it. present: the runtime, when it is on the app
    already and only its registration with IIS is missing.
    runtime: the Python as it will be, and after the steps as it is. warnings: what is not as one would expect.
    Raises Refused when the runtime's folder is taken.
    """

    def __init__(
        self, app: App, offer: CPythonBuild, file: Path | None = None, present: InstalledRuntime | None = None
    ):
        self._app = app
        self.offer = offer
        self._file = file
        self._present = present
        self._registered = False
        self._change: OpenChange | None = None
        self._begun = False
        self._extracting = False
        self._has_pip = True
        self._unfinished: Unfinished | None = None
        self.warnings: list[str] = []
        self.runtime = present or InstalledRuntime(
            version=offer.version,
            architecture=offer.architecture,
            extension_id=offer.extension_id,
            package_version=offer.package_version,
            python_path=offer.identity.python_path(app.kudu.home()),
            source="siteExtension",
            in_use=False,
            answered=False,
            package=offer.package_id,
        )
        if present is None:
            self._require_free_folder()

    @property
    def registered(self) -> bool:
        """Whether the steps registered the runtime with IIS, which takes effect with a restart."""
        return self._registered

    def steps(self) -> list[Step]:
        """One step: it leaves either the whole runtime or nothing."""
        offer, label = self.offer, self._app.site.label
        packages, extension = Change("packages/wfastcgi", "install"), f"siteextensions/{offer.extension_id}"
        if self._present is not None:
            change = Change(extension, "update", "HttpPlatform only", "FastCGI and HttpPlatform")
            return [
                Step(
                    f"Registering Python {offer.version} {offer.architecture} of {label} for FastCGI.",
                    [packages, change],
                    lambda: self._complete(change),
                )
            ]
        planned = [
            Change(offer.target, "install", None, offer.package_version, note=package_note(offer, self._file)),
            packages,
            Change(extension, "install", None, offer.package_version, note="registers that Python with IIS"),
        ]
        return [
            Step(
                f"Installing Python {offer.version} {offer.architecture} ({offer.title}) on {label}; this takes "
                "a few minutes.",
                planned,
                lambda: self._install(planned[0], planned[-1]),
            )
        ]

    def record_in(self, change: OpenChange) -> None:
        """Note what is about to change; one request for a runtime that is there. A package is checked before that."""
        self._change = change
        if self._present is None:
            change.note(runtimes=(runtime_change("install", self.runtime),))
        else:
            change.note_packages(package_part(self._target, present_packages(self._app, self.offer.folder)))
            change.begin()

    def _begin(self) -> None:
        if self._change is not None:
            self._change.begin()
        self._begun = True

    @property
    def _target(self) -> Target:
        return Target(self.runtime.python_path, self.offer.folder, self.offer.version, self.offer.architecture)

    @property
    def question(self) -> str | None:
        """There is nothing to ask: it overwrites nothing."""
        return None

    def _install(self, runtime: Change, extension: Change) -> Sequence[Change]:
        """Do everything, or what an earlier command left to do; when a part of it fails, remove what was uploaded.

        After Ctrl-C and UnknownOutcome nothing is removed: the worker may still be extracting, or running pip there,
        and the same command goes on with it.
        """
        app, offer = self._app, self.offer
        try:
            if not self._arrived():
                self._transfer()
            with app.progress.phase(f"Asking the new Python {offer.version} of {app.site.label} for its version."):
                self._require_answer()
            if not self._has_pip:
                self._provide_pip()
            packages = self._provide_wfastcgi()
            with app.progress.phase(f"Registering Python {offer.version} of {app.site.label} with IIS."):
                self._register()
                self._look()
                end(app, offer.folder)
        except UnknownOutcome as error:
            error.extend([f"Nothing was removed from {app.site.label}, because it may still be at work there."])
            if not error.message.startswith(INTERRUPTED):
                error.recommendation = " ".join(filter(None, [error.recommendation, self._finish]))
            raise
        except Interrupted as interrupted:  # before pip was started
            raise self._interrupted() from interrupted
        except PythonAppError as error:
            error.extend([self._remove()] if self._begun else [])
            raise
        except KeyboardInterrupt as interrupt:
            raise self._interrupted() from interrupt
        except BaseException:
            if self._begun:
                app.progress.say(self._remove())
            raise
        return [runtime, *packages, extension]

    def _interrupted(self) -> PythonAppError:
        """The error for Ctrl-C: what goes on, and how it is finished."""
        label, python = self._app.site.label, f"Python {self.offer.version} {self.offer.architecture}"
        if not self._begun:
            return Interrupted(f"{INTERRUPTED} Nothing was uploaded to {label}.", again_advice(self._app))
        what = (
            f"{python} was being uploaded to {label}, which may go on extracting it."
            if self._extracting
            else f"{python} is in the folder {self.offer.folder} of {label}, but its installation is not complete."
        )
        return UnknownOutcome(f"{INTERRUPTED} {what}", self._finish)

    @property
    def _finish(self) -> str:
        """What finishes an installation whose outcome is not known, and what gives it up."""
        site, offer = self._app.site, self.offer
        install = f"az webapp python install {site.arguments} --version {offer.version} --arch {offer.architecture}"
        return (
            f"To finish, run the same command again, which goes on with it: `{self._app.command or install}`. To give "
            f"up: `az webapp python uninstall {site.arguments} --version {offer.version} --arch {offer.architecture}`."
        )

    def _transfer(self) -> None:
        """Get the package and upload it."""
        with tempfile.TemporaryDirectory(prefix="pythonapp-") as folder:
            archive = Path(folder) / "runtime.zip"
            self._has_pip = prepare(self._app, self.offer, self._file, Path(folder) / "package.nupkg", archive)
            self._upload(archive)

    def _arrived(self) -> bool:
        """Whether an earlier command has uploaded the very package; one that is still being extracted is waited for.

        What was not extracted in time never will be: it is removed.
        """
        earlier, app = self._unfinished, self._app
        if earlier is None:
            return False
        self._begin()
        self._extracting = True
        self._has_pip = earlier.has_pip
        left = EXTRACTION_SECONDS - (earlier.seconds or 0)
        with app.progress.phase(
            f"Going on with an installation of Python {self.offer.version} that began earlier on {app.site.label}."
        ):
            try:
                await_program(app, self.offer, earlier.size, max(left, 1.0))
                self._extracting = False
                return True
            except UnknownOutcome:
                if left > 0:
                    raise
                self._remove()
                self._unfinished = None
                return False

    def _complete(self, change: Change) -> Sequence[Change]:
        packages = self._provide_wfastcgi()
        if not self._registered:
            return packages
        self._register()
        return [*packages, change]

    def _upload(self, archive: Path) -> None:
        app, total = self._app, archive.stat().st_size
        with zipfile.ZipFile(archive) as content:
            size = content.getinfo(PROGRAM).file_size
        self._begin()
        begin(app, self.offer, size, self._has_pip)
        with app.progress.phase(f"Uploading {total / 1e6:.0f} MB to {self.offer.folder} of {app.site.label}."):
            self._extracting = True
            try:
                with archive.open("rb") as file:
                    told = Told(file, lambda count: tell_upload(app, count, total))
                    app.kudu.upload_archive(self.offer.folder, told)  # type: ignore[arg-type]
            except Conflict:
                self._extracting = False
                raise
            except UnknownOutcome as error:
                app.progress.say(f"{error.message} Waiting for it.")
                await_program(app, self.offer, size)
            self._extracting = False

    def _require_answer(self) -> None:
        """Raise RemoteFailed unless python.exe on the worker is the Python that the package promised."""
        path, offer = self.runtime.python_path, self.offer
        replies = probe(self._app.kudu, [path])
        answer = replies.answers.get(path)
        if path in replies.unknown:
            raise UnknownOutcome(
                f"{path} of {self._app.site.label}, uploaded from the {offer.title}, did not answer "
                f"in time ({replies.unknown[path]}).",
                "Try again when the worker is less busy.",
            )
        if answer is None:
            raise RemoteFailed(
                f"{path} of {self._app.site.label}, uploaded from the {offer.title}, does not start.",
                "This version of Python may be too new for the worker's Windows.",
            )
        if (answer.version, answer.architecture) != (offer.version, offer.architecture):
            raise RemoteFailed(
                f"{path} of {self._app.site.label} says that it is Python {answer.version} "
                f"{answer.architecture}, not {offer.version} {offer.architecture} as its package says."
            )

    def _provide_pip(self) -> None:
        command = quote_command(self.runtime.python_path, "-E", "-s", "-m", "ensurepip", "--default-pip")
        with self._app.progress.phase("The package contains no pip; installing it with ensurepip."):
            result = self._app.kudu.run(command)
        if result.exit_code:
            reason = ((result.error or result.output).strip().splitlines() or ["it printed nothing"])[-1]
            raise RemoteFailed(f"ensurepip of {self.runtime.python_path} on {self._app.site.label} failed: {reason}.")

    def _provide_wfastcgi(self) -> list[Change]:
        """Put wfastcgi.py beside python.exe, where FastCGI finds it (docs/platform/site-extensions.md 1.5).

        Without it, because no package index can be reached for example, the runtime is still good for HttpPlatform;
        that is a warning.
        """
        app, folder = self._app, self.offer.folder
        run = PipRun(self._target, "Installing wfastcgi into", WFASTCGI, [])
        try:
            with app.progress.phase("Installing wfastcgi, which IIS starts Python with under FastCGI."):
                job = pip_once(app, run, "install", on_success=None, noting=self._note_job)
                self._note_result(job)
                result = require_job_success(app, job)
            program = app.kudu.read(f"{folder}/Lib/site-packages/wfastcgi.py").content
        except (RemoteFailed, NotFound) as error:
            warning = (
                f"Python {self.offer.version} {self.offer.architecture} runs under HttpPlatform only, because "
                f"wfastcgi could not be installed: {error.message} `az webapp python install "
                f"{app.site.arguments} --version {self.offer.version} --arch {self.offer.architecture} --source "
                f"{self.offer.source}` tries again."
            )
            self.warnings.append(warning)
            app.progress.say(f"Warning: {warning}")
            return []
        app.kudu.write(f"{folder}/wfastcgi.py", program)
        self._registered = True
        return result_changes(result)

    def _note_job(self, job_id: str) -> None:
        if self._change is not None:
            self._change.job(job_id)

    def _note_result(self, job: Job) -> None:
        change = self._change
        if change is not None and self._present is not None:
            for part in change.record.packages:
                change.note_packages(with_result(part, job.result))

    def _register(self) -> None:
        earlier, offer = self._unfinished, self.offer
        built = replace(offer, package_id=earlier.package_id) if earlier is not None else offer
        files = extension_files(built, self._registered)
        self._app.kudu.upload(f"SiteExtensions/{self.offer.extension_id}", files)

    def _look(self) -> None:
        """Raise RemoteFailed unless Azure lists the runtime as it does any other."""
        python = next(
            (python for python in list_pythons(self._app) if python.extension_id == self.offer.extension_id), None
        )
        if python is not None and not python.answered:
            raise UnknownOutcome(f"{python.problem}")
        if python is None:
            raise RemoteFailed(
                f"Azure does not list {self.offer.extension_id} among the site extensions of "
                f"{self._app.site.label}, although it was uploaded."
            )
        self.runtime = python

    def _remove(self) -> str:
        """Delete what the installation uploaded; a sentence that says so."""
        kept = []
        for folder in (f"SiteExtensions/{self.offer.extension_id}", self.offer.folder):
            try:
                end_compiling(self._app.kudu, folder)
                self._app.kudu.delete_directory(folder)
            except PythonAppError as error:
                kept.append(f"The folder {folder} was left behind: {error.message}")
            except KeyboardInterrupt:  # a second one, during the clean-up
                kept.append(f"Its deletion was interrupted, so the folder {folder} may be left behind.")
        if not kept:
            with suppress(PythonAppError, KeyboardInterrupt):
                end(self._app, self.offer.folder)
        return " ".join(kept) or "What was uploaded was removed again."

    def _require_free_folder(self) -> None:
        try:
            taken = bool(self._app.kudu.list_directory(folder := self.offer.folder))
        except NotFound:
            return
        # One that is still empty may be about to be filled.
        unfinished = unfinished_in(self._app, folder)
        self._unfinished = unfinished if unfinished and unfinished.is_of(self.offer) else None
        if taken and self._unfinished is None:
            raise Refused(
                f"Python {self.offer.version} {self.offer.architecture} would go into the folder {folder} of "
                f"{self._app.site.label}, but there is one already.",
                f"Use what is in it (`az webapp python list {self._app.site.arguments}`), or remove it: `az "
                f"webapp python uninstall {self._app.site.arguments} --version {self.offer.version}`.",
            )


def installation_of(
    app: App, choice: Choice, pythons: Sequence[InstalledRuntime], package_version: str | None = None
) -> Installation | CPythonInstallation | None:
    """The installation that a choice needs; None for a Python that is there.

    pythons: those on the app now. package_version: of a site extension, the one to insist on.
    """
    if choice.offer is None:
        return None
    if choice.offer.runtime is not None:
        return CPythonInstallation(app, choice.offer.runtime)
    return Installation(app, choice.offer, pythons, package_version)
