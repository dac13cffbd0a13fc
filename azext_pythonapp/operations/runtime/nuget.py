"""The installation of a CPython package of NuGet: download, verify, upload, and register it as a site extension."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from azext_pythonapp.appservice.app import App, fetch_json
from azext_pythonapp.appservice.download import download
from azext_pythonapp.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PythonAppError,
    Refused,
    RemoteFailed,
    UnknownOutcome,
)
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import JobSpec
from azext_pythonapp.operations.app.observe import list_pythons
from azext_pythonapp.operations.job.run import PipJob, require_job_success, result_changes
from azext_pythonapp.operations.runtime.choose import Choice
from azext_pythonapp.operations.runtime.site_extension import Installation
from azext_pythonapp.packages.pip import PipCommand
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.end_of_life import support, support_words
from azext_pythonapp.runtimes.nuget import NugetRuntime, fetch_hash
from azext_pythonapp.runtimes.nuget_package import PROGRAM, extension_files, read_package, repack
from azext_pythonapp.runtimes.official import CPYTHON_PUBLISHER
from azext_pythonapp.runtimes.probe import probe
from azext_pythonapp.windows import quote_command

POLL_SECONDS = 5.0
# Extracting some thousand files on the app's share takes minutes; Azure's front end waits 230 s
# (docs/platform/kudu.md 1.4).
EXTRACTION_SECONDS = 15 * 60
# Kudu reads the whole archive before it makes the folder, so without a folder it never got the whole.
ARRIVAL_SECONDS = 60
# 3.0.0 of wfastcgi is a source package only; 2.2.1 is a wheel and the same program but for a debugger's hook. pip takes
# these as variables, because an old one ignores a variable that it does not know
# (docs/platform/site-extensions.md 3.1, 4.8).
WFASTCGI = PipCommand(("install", "--no-deps", "wfastcgi"), {"PIP_PREFER_BINARY": "1", "PIP_RETRIES": "1"})


class NugetInstallation:
    """One package of CPython that is about to be installed.

    offer: the package. file: its file on this machine; None downloads it. present: the runtime, when it is on the app
    already and only its registration with IIS is missing.
    runtime: the Python as it will be, and after the steps as it is. warnings: what is not as one would expect.
    Raises Refused when the runtime's folder is taken.
    """

    def __init__(
        self, app: App, offer: NugetRuntime, file: Path | None = None, present: InstalledRuntime | None = None
    ):
        self._app = app
        self.offer = offer
        self._file = file
        self._present = present
        self._registered = False
        self._extracting = False
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
            Change(f"nuget/{offer.package_id}", "install", None, offer.package_version, note=self._note),
            packages,
            Change(extension, "install", None, offer.package_version, note="registers that Python with IIS"),
        ]
        return [
            Step(
                f"Installing Python {offer.version} {offer.architecture} ({offer.source}) on {label}; this takes "
                "a few minutes.",
                planned,
                lambda: self._install(planned[0], planned[-1]),
            )
        ]

    @property
    def _note(self) -> str:
        """What a person is told about the package: its Python, publisher, source and end of life."""
        offer, known = self.offer, support(self.offer.version, date.today())
        source = f"the file '{self._file.name}'" if self._file else f"NuGet package of the {CPYTHON_PUBLISHER}"
        words = support_words(known.state, known.end_of_life)
        return f"Python {offer.version} {offer.architecture}, {source}, uploaded from this machine, {words}"

    @property
    def question(self) -> str | None:
        """There is nothing to ask: it overwrites nothing."""
        return None

    def _install(self, runtime: Change, extension: Change) -> Sequence[Change]:
        """Do everything; when a part of it fails, remove what was uploaded.

        After UnknownOutcome nothing is removed: the worker may still be extracting, or running pip there.
        """
        with tempfile.TemporaryDirectory(prefix="pythonapp-") as folder:
            archive = Path(folder) / "runtime.zip"
            has_pip = self._prepare(Path(folder) / "package.nupkg", archive)
            try:
                self._upload(archive)
                self._require_answer()
                if not has_pip:
                    self._provide_pip()
                packages = self._provide_wfastcgi()
                self._register()
                self._look()
            except UnknownOutcome as error:
                error.extend([self._left()])
                raise
            except PythonAppError as error:
                error.extend([self._remove()])
                raise
            except BaseException:
                self._app.progress.say(self._left() if self._extracting else self._remove())
                raise
        return [runtime, *packages, extension]

    def _complete(self, change: Change) -> Sequence[Change]:
        packages = self._provide_wfastcgi()
        if not self._registered:
            return packages
        self._register()
        return [*packages, change]

    def _prepare(self, downloaded: Path, archive: Path) -> bool:
        """Get the package, check it, and make the archive to upload; whether the runtime has pip."""
        try:
            if self._file is None:
                self._app.progress.say(f"Downloading {self.offer.address}.")
                with downloaded.open("wb") as target:
                    sha512 = fetch_hash(lambda url: fetch_json(self._app.web, url), self.offer)
                    download(self._app.web, str(self.offer.address), target, sha512)
            package = self._file or downloaded
            found = read_package(package)
            if (found.package_id, found.version) != (self.offer.package_id, self.offer.version):
                raise InvalidInput(f"The package '{package.name}' is {found.source}, not the {self.offer.source}.")
            return repack(package, archive)
        except OSError as error:
            raise Refused(
                f"The package could not be unpacked in {downloaded.parent}: {error.strerror or error}.",
                "Make room there, or name another folder in the environment variable TMPDIR.",
            ) from error

    def _upload(self, archive: Path) -> None:
        megabytes = archive.stat().st_size / 1e6
        self._app.progress.say(f"Uploading {megabytes:.0f} MB to {self.offer.folder}.")
        self._extracting = True
        try:
            with archive.open("rb") as file:
                self._app.kudu.upload_archive(self.offer.folder, file)
        except Conflict:
            self._extracting = False
            raise
        except UnknownOutcome as error:
            self._app.progress.say(f"{error.message} Waiting for it.")
            with zipfile.ZipFile(archive) as content:
                size = content.getinfo(PROGRAM).file_size
            self._await_program(size)
        self._extracting = False

    def _await_program(
        self, size: int, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Wait for python.exe, the last file of the archive. size: in bytes.

        Raises RemoteFailed when the archive certainly did not arrive, UnknownOutcome when it takes too long.
        """
        begun, arrived = clock(), False
        while clock() - begun < EXTRACTION_SECONDS:
            try:
                entries = self._app.kudu.list_directory(self.offer.folder)
                arrived = True
            except NotFound:
                if not arrived and clock() - begun >= ARRIVAL_SECONDS:
                    raise RemoteFailed(
                        f"The upload of Python {self.offer.version} to {self._app.site.label} is incomplete.",
                        "Try again over a faster or steadier connection.",
                    ) from None
                entries = []
            if any(entry.name == PROGRAM and entry.size == size for entry in entries):
                return
            sleep(POLL_SECONDS)
        raise UnknownOutcome(
            f"It is not known whether Python {self.offer.version} is complete on {self._app.site.label}: "
            f"its upload is still not extracted after {EXTRACTION_SECONDS // 60} minutes."
        )

    def _require_answer(self) -> None:
        """Raise RemoteFailed unless python.exe on the worker is the Python that the package promised."""
        path, offer = self.runtime.python_path, self.offer
        replies = probe(self._app.kudu, [path])
        answer = replies.answers.get(path)
        if path in replies.unknown:
            raise UnknownOutcome(
                f"{path} of {self._app.site.label}, uploaded from the {offer.source}, did not answer "
                f"in time ({replies.unknown[path]}).",
                "Try again when the worker is less busy.",
            )
        if answer is None:
            raise RemoteFailed(
                f"{path} of {self._app.site.label}, uploaded from the {offer.source}, does not start.",
                "This version of Python may be too new for the worker's Windows.",
            )
        if (answer.version, answer.architecture) != (offer.version, offer.architecture):
            raise RemoteFailed(
                f"{path} of {self._app.site.label} says that it is Python {answer.version} "
                f"{answer.architecture}, not {offer.version} {offer.architecture} as its package says."
            )

    def _provide_pip(self) -> None:
        self._app.progress.say("The package contains no pip; installing it with ensurepip.")
        command = quote_command(self.runtime.python_path, "-E", "-s", "-m", "ensurepip", "--default-pip")
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
        app.progress.say("Installing wfastcgi, which IIS starts Python with under FastCGI.")
        spec = JobSpec(command="install", python=self.runtime.python_path, runtime=folder, pip=WFASTCGI)
        try:
            result = require_job_success(app, PipJob(app, launch(app.kudu, spec, {}), None).wait())
            program = app.kudu.read(f"{folder}/Lib/site-packages/wfastcgi.py").content
        except (RemoteFailed, NotFound) as error:
            warning = (
                f"Python {self.offer.version} {self.offer.architecture} runs under HttpPlatform only, because "
                f"wfastcgi could not be installed: {error.message} `az webapp python install "
                f"{app.site.arguments} --version {self.offer.version} --arch {self.offer.architecture} --source "
                "nuget` tries again."
            )
            self.warnings.append(warning)
            app.progress.say(f"Warning: {warning}")
            return []
        app.kudu.write(f"{folder}/wfastcgi.py", program)
        self._registered = True
        return result_changes(result)

    def _register(self) -> None:
        files = extension_files(self.offer, self._registered)
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

    def _left(self) -> str:
        """What an installation whose outcome is not known leaves, in words, and what puts it right."""
        site, offer = self._app.site, self.offer
        return (
            f"Nothing was removed from {site.label}, because it may still be busy with the folder {offer.folder}. "
            f"Look in a few minutes: `az webapp python list {site.arguments}`; `az webapp python uninstall "
            f"{site.arguments} --version {offer.version} --arch {offer.architecture}` removes it, and then it can "
            "be installed again."
        )

    def _remove(self) -> str:
        """Delete what the installation uploaded; a sentence that says so."""
        kept = []
        for folder in (f"SiteExtensions/{self.offer.extension_id}", self.offer.folder):
            try:
                self._app.kudu.delete_directory(folder)
            except PythonAppError as error:
                kept.append(f"The folder {folder} was left behind: {error.message}")
        return " ".join(kept) or "What was uploaded was removed again."

    def _require_free_folder(self) -> None:
        folder = self.offer.folder
        try:
            taken = bool(self._app.kudu.list_directory(folder))
        except NotFound:
            return
        if taken:
            raise Refused(
                f"Python {self.offer.version} {self.offer.architecture} would go into the folder {folder} of "
                f"{self._app.site.label}, but there is one already.",
                f"Use what is in it (`az webapp python list {self._app.site.arguments}`), or remove it: `az "
                f"webapp python uninstall {self._app.site.arguments} --version {self.offer.version}`.",
            )


def installation_of(
    app: App, choice: Choice, pythons: Sequence[InstalledRuntime], package_version: str | None = None
) -> Installation | NugetInstallation | None:
    """The installation that a choice needs; None for a Python that is there.

    pythons: those on the app now. package_version: of a site extension, the one to insist on.
    """
    if choice.offer is None:
        return None
    if choice.offer.runtime is not None:
        return NugetInstallation(app, choice.offer.runtime)
    return Installation(app, choice.offer, pythons, package_version)
