"""`install-requirements`: pip install -r with the Python that the app runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.operations.app.deployment_warnings import warn_of_deployment
from azext_pythonapp.operations.app.home_space import require_room
from azext_pythonapp.operations.app.left_change import own_interrupted
from azext_pythonapp.operations.app.observe import Observation, observe, observe_all
from azext_pythonapp.operations.app.python_in_use import target_in_use
from azext_pythonapp.operations.job.run import job_summary
from azext_pythonapp.operations.package.change import (
    Rebuild,
    RunOptions,
    change_packages,
    nothing_to_change,
    planned_answer,
)
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.operations.package.installer import AUTO, parts_of, tool_of, wheels_of, with_installer
from azext_pythonapp.operations.package.lock_files import fetched_lock, local_lock, own_files
from azext_pythonapp.operations.package.pip_plan import last_good_run, plan_pip
from azext_pythonapp.operations.package.requirement_files import RequirementFiles, local_files
from azext_pythonapp.packages.lock import is_address, is_lock
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.pip_arguments import REINSTALL, contains
from azext_pythonapp.packages.record import Record
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.runtimes.environment import LOCK, folder_of
from azext_pythonapp.windows import home_folder_of

COMMAND = "install-requirements"


@dataclass(frozen=True)
class RequirementsRequest:
    """The command's options. local: the files that were named; None for the app's own, and for a lock at an address.

    lock_url: that address; None for none. installer: as in `with_installer`.
    """

    local: RequirementFiles | None
    constraint: str | None
    wheel_dir: str | None
    options: PipOptions
    restore: bool
    run_options: RunOptions
    installer: str = AUTO
    lock_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_options(
        cls,
        *,
        requirement: str | None,
        constraint: str | None,
        wheel_dir: str | None,
        run_options: RunOptions,
        restore: bool = False,
        installer: str = AUTO,
        **options: Any,
    ) -> RequirementsRequest:
        """From the command's options; local files are read here, before anything is asked of Azure.

        options: those of parse_options. Raises InvalidInput for files that cannot be used and options that
        contradict each other.
        """
        if restore and options.get("require_hashes"):
            raise InvalidInput(
                "--restore cannot be combined with --require-hashes: the hashes of the installed "
                "packages are not known.",
                "Use only one of them.",
            )
        pip_options, installer = parse_options(**options), installer.lower()
        is_given_lock = requirement is not None and is_lock(requirement)
        lock_url = requirement if is_given_lock and requirement is not None and is_address(requirement) else None
        local: RequirementFiles | None = None
        if requirement is not None and lock_url is None:
            local = (
                local_lock(requirement, constraint, wheel_dir, pip_options)
                if is_given_lock
                else local_files(requirement, constraint, wheel_dir)
            )
        return cls(local, constraint, wheel_dir, pip_options, restore, run_options, installer, lock_url)

    def files(self, app: App) -> RequirementFiles:
        """The files to install from. Raises NotFound when the app has none."""
        if self.lock_url is not None:
            return fetched_lock(app, self.lock_url, self.constraint, self.wheel_dir, self.options)
        return self.local or own_files(app, self.constraint, self.wheel_dir, self.options)

    def pip_options(self, files: RequirementFiles) -> PipOptions:
        """The options for pip."""
        return replace(self.options, constraints=files.constraints, wheel_dir=files.find_links)


def install_requirements(app: App, request: RequirementsRequest, dry_run: bool, rebuild: Rebuild) -> dict[str, Any]:
    """Install the requirements unless the last run left them installed. Returns the answer (docs/json-output.md).

    rebuild: does it for an app that runs an environment.
    """
    files = request.files(app)
    options = request.pip_options(files)
    seen = observe(app, pythons=False)
    last = _done_before(seen, files, options)
    if last is not None and seen.environment is not None and own_interrupted(app) is not None:
        return rebuild(app, COMMAND, request.run_options, dry_run)  # with nothing to build: it looks at what runs
    if last is not None:
        why, restart = f"{files.name} is installed already on {app.site.label}", request.run_options.restart
        job = job_summary(app, last.job_id, SUCCEEDED)
        return nothing_to_change(app, COMMAND, why, restart, dry_run, check=last.check, job=job)
    if seen.environment is not None:
        seen = observe_all(app)  # what `rebuild` begins with
    target = target_in_use(seen)
    if target.letter is None:
        warn_of_deployment(app, target.python_path)
    try:
        files = files.for_target(TargetEnvironment(target.version, target.architecture), app.progress.say)
    except InvalidInput as error:
        error.extend([f"Nothing was changed on {app.site.label}."])
        raise
    if target.letter is not None:
        wheels = files.fitting
        return rebuild(
            app,
            COMMAND,
            request.run_options,
            dry_run,
            files=files,
            options=options,
            wheels=wheels,
            installer=request.installer,
            wheel_dir=request.wheel_dir,
            seen=seen,
        )
    require_room(app)
    run = plan_pip(app, target, files, options, request.restore, dependencies=dry_run)
    if files.complete and not run.planned and not contains(options.more, *REINSTALL):
        why = f"all that {files.name} names is installed already on {app.site.label}"
        return nothing_to_change(app, COMMAND, why, request.run_options.restart, dry_run)
    run = with_installer(app, run, request.installer, parts_of(files, options))
    if dry_run:
        return planned_answer(app, run)
    tool = tool_of(app, run, options, request.wheel_dir)
    return change_packages(app, run, COMMAND, request.run_options, wheels_of(run, files), tool)


def _done_before(seen: Observation, files: RequirementFiles, options: PipOptions) -> Record | None:
    """The record of an earlier run of the same, if it still holds for the Python that web.config starts."""
    app, handler, letter = seen.app, seen.handler, seen.environment
    if handler is None:
        return None
    if letter is not None:
        return last_good_run(app, LOCK, files, options, folder_of(letter))
    folder = home_folder_of(handler.python_exe, app.kudu.home())
    return None if folder is None else last_good_run(app, folder, files, options)
