"""Bring the packages of one Python back as a step of a plan, and forth again when a later step fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import RemoteFailed
from azext_pythonapp.history.record import PackageChange
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.record_parts import note_last_run, noted_run, package_part
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.job.pending_restart import run_pending
from azext_pythonapp.operations.job.recorded_job import note_end
from azext_pythonapp.operations.job.run import PipRun, require_job_success, result_changes
from azext_pythonapp.operations.package.change import Attempts, RunOptions
from azext_pythonapp.operations.package.restore_set import PackageSet, changes_to, plan_restore
from azext_pythonapp.operations.rollback.found import FoundPackages
from azext_pythonapp.operations.rollback.index_before import name_an_index
from azext_pythonapp.operations.runtime.keep_packages import BUNDLED
from azext_pythonapp.plan import Change, Step

COMMAND = "rollback"


class PackageReturn:
    """The packages of one Python, which get the set that the Python had before a change.

    used: whether the app is to run that Python. planned: what is going to change, as far
    as it is known: the packages of a Python that is installed again are those beside the ones that come with it.
    changed: whether anything was. jobs: the ids of pip's jobs.
    """

    def __init__(
        self, app: App, found: FoundPackages, used: bool, wanted: PackageSet, record: Callable[[], OpenChange]
    ):
        """wanted: what it had. record: returns the record of this command, while it changes something."""
        change = found.change
        self._app = app
        self._record = record
        self._target = Target(change.python_path, change.folder, change.version, change.architecture)
        self._wanted = wanted
        self._present = dict(found.now)
        self._absent = found.absent
        self._noted: dict[str, Any] | None = None  # by the last install-requirements before this command
        self.used = used
        self.found = found
        self.changed = False
        self.jobs: list[str] = []
        shown = {name: version for name, version in self._wanted.versions.items() if name not in BUNDLED}
        self.planned = changes_to({}, shown) if found.absent else changes_to(self._present, self._wanted.versions)

    @property
    def part(self) -> PackageChange | None:
        """Return the packages for the record of this command, as they are; None for those of a Python to come."""
        part = package_part(self._target, self._present)
        return None if self._absent else replace(part, arguments=self.found.change.arguments)

    def step(self, restart: bool) -> Step:
        """Return the step. restart: whether the app may be restarted when it was changed."""
        label = self._app.site.label
        title = "" if self.planned else f"Looking at the packages of Python {self._target.version} of {label}."
        return Step(title, self.planned, lambda: self._apply(restart), None if self._absent else self._undo)

    def _apply(self, restart: bool) -> Sequence[Change]:
        if self._absent:
            self._present = present_packages(self._app, self._target.folder)
        run = plan_restore(self._app, self._target, self._present, self._wanted)
        if run is None:
            return []
        wanted = self.found.change.last_run
        if wanted is not None:
            self._noted = noted_run(self._app, self._target.folder)
        try:
            changes = self._pip(run, restart and self.used)
        except RemoteFailed as error:
            error.precede(f"The packages of Python {self._target.version} could not be brought back. ")
            if self._wanted.options.no_index:
                error.recommendation = name_an_index(self._app, self._record(), self._target.folder)
            raise
        if wanted is not None:
            note_last_run(self._app, self._target.folder, wanted)
        return changes

    def _pip(self, run: PipRun, restart: bool) -> list[Change]:
        """Run pip, with the app stopped where that is needed; a stopped app is started by the restart that follows."""
        change = self._record()
        part = replace(run.packages, arguments=self.found.change.arguments, last_run=self._noted)
        change.note_packages(part)
        attempts = Attempts(self._app, run, COMMAND, RunOptions(restart=restart), change)
        job = attempts.run()
        self.jobs += attempts.job_ids
        note_end(change, part, job)
        if job.state != SUCCEEDED or not self.used:  # else it is started when all else is done
            run_pending(self._app, own=attempts.job_ids, restart=False)
        result = require_job_success(self._app, job)
        self.changed = self.changed or result.changed
        return result_changes(result)

    def _undo(self) -> str:
        """Bring back the packages that were there when this command began."""
        label, python = self._app.site.label, f"Python {self._target.version}"
        if not self.changed:
            return f"No package of {python} of {label} was changed."
        present = present_packages(self._app, self._target.folder)
        run = plan_restore(self._app, self._target, present, self._wanted.but(self._present))
        if run is not None:
            self._pip(run, False)
        if self._noted is not None:
            note_last_run(self._app, self._target.folder, self._noted)
        if self.used:
            run_pending(self._app, own=self.jobs, restart=False)
        return f"The packages of {python} of {label} are again those that were there."
