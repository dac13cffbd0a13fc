"""`package vendor`: a local folder of libraries for an app's Python, to be deployed with the app's files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, PythonAppError
from azext_pythonapp.jobs.launch import launch
from azext_pythonapp.jobs.request import JobSpec, folder
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.python_in_use import Target, runtime_of, target_in_use
from azext_pythonapp.operations.app.site_packages import site_packages
from azext_pythonapp.operations.job.run import PipJob, check_timeout, job_summary, require_job_success
from azext_pythonapp.operations.package.requirement_files import (
    RequirementFiles,
    files_on_app,
    local_files,
    require_possible,
)
from azext_pythonapp.operations.package.vendor_path import check_app_path, deployed_path, path_warnings
from azext_pythonapp.operations.package.wheel_upload import upload_wheels
from azext_pythonapp.packages import installed, pip
from azext_pythonapp.packages.local_errors import MAX_WINDOWS_PATH, clear_errors
from azext_pythonapp.packages.lock import is_lock
from azext_pythonapp.packages.package_plan import UNKNOWN, plan_changes
from azext_pythonapp.packages.pip import JobFile, PipOptions, masked
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.vendoring import (
    Library,
    Vendored,
    put_in_place,
    read_marker,
    too_long,
    tree_hash,
    unpack_all,
    workplace,
    write_marker,
)
from azext_pythonapp.plan import Change, report
from azext_pythonapp.webconfig.handlers import PythonHandler

COMMAND = "package vendor"
GATHERED = "vendored"


@dataclass(frozen=True)
class VendorRequest:
    """The command's options.

    directory: the local folder. before: what it was made for, None for none. app_path: where it will be below wwwroot.
    local: the files that were named; None for the requirements.txt on the app. timeout: seconds, None for no limit.
    """

    directory: Path
    before: Vendored | None
    app_path: str
    local: RequirementFiles | None
    constraint: str | None
    wheel_dir: str | None
    options: PipOptions
    timeout: float | None

    @classmethod
    def from_options(
        cls,
        *,
        target: str,
        app_path: str | None,
        requirement: str | None,
        constraint: str | None,
        wheel_dir: str | None,
        options: PipOptions,
        timeout: float | None,
    ) -> VendorRequest:
        """From the command's options; local files are read here, before anything is asked of Azure.

        Raises InvalidInput for files that cannot be used, and for a folder that was not made by this command.
        """
        check_timeout(timeout)
        if requirement is not None and is_lock(requirement):
            raise InvalidInput(
                f"`package vendor` takes requirements files, and {masked(requirement)} is a lock.",
                "Install a lock with `az webapp python install-requirements -r`.",
            )
        directory = Path(target)
        local = local_files(requirement, constraint, wheel_dir) if requirement is not None else None
        return cls(
            directory,
            read_marker(directory),
            check_app_path(app_path or directory.absolute().name),
            local,
            constraint,
            wheel_dir,
            options,
            timeout,
        )


def vendor(app: App, request: VendorRequest, dry_run: bool) -> dict[str, Any]:
    """Make the folder, unless it is there for the same requirements and the same Python. Returns the answer."""
    files = request.local or files_on_app(app, request.constraint, request.wheel_dir)
    seen = observe(app)
    handler, target = seen.handler, runtime_of(target_in_use(seen))
    require_possible(app, files, _environment(target))
    files = files.for_target(_environment(target), app.progress.say)
    options = replace(request.options, constraints=files.constraints, wheel_dir=files.find_links)
    run = _Vendoring(app, request, files, options, target)
    if run.is_done():
        assert request.before is not None
        return run.answer(handler, [], request.before.libraries, dry_run)
    if dry_run:
        return run.answer(handler, run.planned(), request.before.libraries if request.before else (), True)
    return run.make(handler)


class _Vendoring:
    """One run of the command against one Python."""

    def __init__(self, app: App, request: VendorRequest, files: RequirementFiles, options: PipOptions, target: Target):
        self._app = app
        self._request = request
        self._files = files
        self._options = options
        self._target = target
        self._kept_options = {name: value for name, value in options.normalised().items() if name != "upgrade"}
        self._job_id: str | None = None
        before = request.before
        with clear_errors(request.directory):
            self._intact = before is not None and tree_hash(request.directory) == before.files_sha256
        self._same_python = before is not None and (
            before.python == target.version and before.architecture == target.architecture
        )

    def is_done(self) -> bool:
        """Whether the folder is just what would be made; without --upgrade the index is not asked for more."""
        before = self._request.before
        return (
            before is not None
            and self._intact
            and self._same_python
            and before.requirements_sha256 == self._files.fingerprint
            and before.options == self._kept_options
            and self._files.covered
            and (not self._options.upgrade or self._files.pinned)
        )

    def planned(self) -> list[Change]:
        """What is expected to change; the dependencies are pip's to find out."""
        before = self._request.before.versions if self._request.before and self._same_python else {}
        changes = plan_changes(
            self._files.parsed, before, _environment(self._target), self._options.upgrade, self._files.limits
        )
        rows = [Change(f"{GATHERED}/{text}", "install", None, UNKNOWN) for text in self._files.unseen]
        rows += [
            Change(f"{GATHERED}/{change.name}", change.action, change.before, change.after, note=change.note or None)
            for change in changes
            if change.action != "none"
        ]
        return rows or [self._folder_change()]

    def make(self, handler: PythonHandler | None) -> dict[str, Any]:
        """Let the worker gather the wheels, and unpack them here."""
        directory, before = self._request.directory, self._request.before
        with clear_errors(directory), workplace(directory) as new:
            libraries = self._gather(new)
            made = Vendored(
                self._target.version,
                self._target.architecture,
                self._files.fingerprint,
                self._kept_options,
                libraries,
                tree_hash(new),
            )
            if before is not None and self._intact and self._same_python and before.libraries == libraries:
                write_marker(directory, made)
                return self.answer(handler, [], libraries, False)
            write_marker(new, made)
            put_in_place(new, directory)
        changes = _differences(before.libraries if before else (), libraries)
        return self.answer(handler, changes or [self._folder_change()], libraries, False)

    def answer(
        self, handler: PythonHandler | None, changes: Sequence[Change], libraries: Sequence[Library], dry_run: bool
    ) -> dict[str, Any]:
        """The answer (docs/json-output.md), with what keeps the app from using the folder."""
        app, target = self._app, self._target
        path = deployed_path(app, self._request.app_path)
        warnings = path_warnings(app, handler, path)
        with clear_errors(self._request.directory):
            count = too_long(self._request.directory, path)
        if count:
            warnings.append(
                f"{count} of the files get paths of {MAX_WINDOWS_PATH} characters or more below {path}, which "
                "Windows refuses; deploy them to a folder with a shorter name: `--app-path lib`."
            )
        self._tell(changes, libraries, warnings, dry_run)
        return report(
            app.site.to_dict(),
            changes,
            dry_run,
            directory=str(self._request.directory),
            runtime={"version": target.version, "architecture": target.architecture, "pythonPath": target.python_path},
            packages=[{"name": each.name, "version": each.version} for each in libraries],
            deployedPath=path,
            warnings=warnings,
            job=job_summary(app, self._job_id, SUCCEEDED) if self._job_id else None,
        )

    def _tell(
        self, changes: Sequence[Change], libraries: Sequence[Library], warnings: Sequence[str], dry_run: bool
    ) -> None:
        """Show the plan of a dry run, else the last lines: what the folder has now, and what changed in it."""
        progress, target, directory = self._app.progress, self._target, self._request.directory
        python = f"Python {target.version} {target.architecture}"
        if dry_run:
            progress.show_plan(str(directory), f"for {python}", changes, dry_run=True, warnings=warnings)
            return
        has = f"{directory} has {len(libraries)} {'library' if len(libraries) == 1 else 'libraries'} for {python}"
        counts = [
            (sum(change.action == "install" for change in changes), "new"),
            (sum(change.action in ("upgrade", "downgrade", "update") for change in changes), "changed"),
            (sum(change.action == "uninstall" for change in changes), "removed"),
        ]
        said = ", ".join(f"{count} {word}" for count, word in counts if count)
        progress.conclude(
            f"{has} ({f'{said}; ' if said else ''}{progress.seconds:.0f} s). Deploy it with the app's files."
            if changes
            else f"Nothing was changed: {has}, as asked for.",
            *(f"Warning: {warning}" for warning in warnings),
        )

    def _gather(self, new: Path) -> tuple[Library, ...]:
        """Have pip on the worker choose and make the wheels, get them, and unpack them into a folder."""
        app, target = self._app, self._target
        upload_wheels(app, self._files.fitting)
        present = installed.packages(site_packages(app, target.folder)).get("pip")
        call = pip.gather(self._files.main, self._options, JobFile(GATHERED), build=_builds_wheels(present))
        spec = JobSpec(
            command=COMMAND,
            python=target.python_path,
            runtime=target.folder,
            pip=call,
            directory=self._files.directory,
            exclusive=False,
            checked=False,
        )
        title = f"Gathering wheels for Python {target.version} ({target.python_path}) of {app.site.label}."
        with app.progress.phase(title):
            started = launch(app.kudu, spec, self._files.uploads)
            self._job_id = started.job_id
            require_job_success(app, PipJob(app, started, self._request.timeout).wait())
        gathered = f"{folder(started.job_id)}/{GATHERED}"
        try:
            return self._fetch(gathered, new)
        finally:
            self._clear(gathered)

    def _fetch(self, gathered: str, new: Path) -> tuple[Library, ...]:
        app = self._app
        expected = {entry.name: entry.size for entry in app.kudu.list_directory(gathered)}
        megabytes = sum(expected.values()) / (1 << 20)
        title = f"Getting {len(expected)} wheels ({megabytes:.1f} MB) from {app.site.label}."
        with app.progress.phase(title), tempfile.TemporaryFile(dir=new.parent) as archive:
            app.kudu.download_archive(gathered, archive)
            return unpack_all(archive, expected, new, _environment(self._target))

    def _clear(self, gathered: str) -> None:
        """Delete the wheels on the worker; failing that, the job's own end of life does."""
        try:
            self._app.kudu.delete_directory(gathered)
        except PythonAppError as error:
            self._app.progress.say(f"Warning: {gathered} was left on {self._app.site.label}: {error.message}")

    def _folder_change(self) -> Change:
        before = self._request.before
        python = f"Python {self._target.version} {self._target.architecture}"
        return Change(
            GATHERED,
            "create" if before is None else "update",
            f"Python {before.python} {before.architecture}" if before else None,
            python,
        )


def _environment(target: Target) -> TargetEnvironment:
    return TargetEnvironment(target.version, target.architecture)


def _builds_wheels(pip_version: str | None) -> bool:
    """Whether `pip wheel` works without the package wheel, which a runtime need not have: from pip 10 on."""
    try:
        return Version(pip_version or "") >= Version("10")
    except InvalidVersion:
        return True


def _differences(before: Sequence[Library], after: Sequence[Library]) -> list[Change]:
    """What differs between two sets of libraries, by name."""
    old, new = {each.name: each for each in before}, {each.name: each for each in after}
    changes = []
    for name in sorted(old.keys() | new.keys()):
        first, second = old.get(name), new.get(name)
        if first is None and second is not None:
            changes.append(Change(f"{GATHERED}/{name}", "install", None, second.version))
        elif first is not None and second is None:
            changes.append(Change(f"{GATHERED}/{name}", "uninstall", first.version, None))
        elif first is not None and second is not None and first.version != second.version:
            rose = Version(second.version) > Version(first.version)
            changes.append(
                Change(f"{GATHERED}/{name}", "upgrade" if rose else "downgrade", first.version, second.version)
            )
        elif first is not None and second is not None and first.sha256 != second.sha256:
            changes.append(Change(f"{GATHERED}/{name}", "update", first.version, second.version))
    return changes
