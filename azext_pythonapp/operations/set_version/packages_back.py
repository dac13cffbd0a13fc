"""The packages of the Python that an app runs, which come back when the new version of the app does not work."""

from __future__ import annotations

from dataclasses import replace

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError, RemoteFailed
from azext_pythonapp.jobs.state import SUCCEEDED
from azext_pythonapp.operations.app.left_change import undo_command
from azext_pythonapp.operations.app.record_parts import source_arguments
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.job.pending_restart import run_pending
from azext_pythonapp.operations.job.recorded_job import note_end
from azext_pythonapp.operations.job.run import PipRun, require_job_success
from azext_pythonapp.operations.package.change import Attempts, RunOptions
from azext_pythonapp.operations.package.restore_set import package_set, plan_restore


class PackagesBack:
    """What brings packages back that pip has changed.

    The record of the change knows which there were. changed: whether pip was begun, and they were not brought back.
    problem: a sentence about why they are not as before; "" when they are. jobs: the ids of pip's jobs that did it.
    command: the user's, for the job. restart: whether the app may be stopped for it.
    """

    def __init__(self, app: App, run: PipRun, command: str, restart: bool):
        """run: of pip, which changes them."""
        self._app = app
        self._run = run
        self._command = command
        # Whoever puts the app back restarts it when all is back, so this job leaves no restart to do.
        self._options = RunOptions(stop_app="auto" if restart else "never", restart=False)
        self._change: OpenChange | None = None
        self.changed = False
        self.problem = ""
        self.jobs: list[str] = []

    def begun(self, change: OpenChange) -> None:
        """Note that pip is about to be started. change: with what was there before."""
        self._change, self.changed = change, True

    def put_back(self) -> str:
        """Bring them back; return a sentence about it, "" when none was changed after all, or when it failed.

        Raises nothing of Azure's: `problem` says why it failed, which change it is, and how that is undone.
        """
        if not self.changed or self._change is None:
            return ""
        self.changed = False
        label, version = self._app.site.label, self._run.target.version
        try:
            done = self._bring_back(self._change)
        except PythonAppError as error:
            undo = undo_command(self._app, self._change.record.id)
            self.problem = (
                f"The packages of Python {version} of {label} are not as before: {error.message.rstrip('.')}. They are "
                f"those of this `{self._command}`, change {self._change.record.id}; `{undo}` brings the previous ones "
                "back."
            )
            return ""
        return f"The packages of Python {version} of {label} are as before." if done else ""

    def _bring_back(self, change: OpenChange) -> bool:
        """Run pip, unless nothing was changed after all; return whether it was run."""
        app, target = self._app, self._run.target
        part = next(each for each in change.record.packages if each.folder.lower() == target.folder.lower())
        if part.before is None:
            raise RemoteFailed("it is not known which there were")
        present = present_packages(app, target.folder)
        # With the secrets that the record does not keep, such as an index's password.
        places = source_arguments(self._run.call, self._run.sources, secrets=True)
        run = plan_restore(app, target, present, package_set(replace(part, arguments=places)))
        if run is None:
            change.note_packages(replace(part, after=part.before))
            return False
        noted = replace(run.packages, arguments=part.arguments)
        attempts = Attempts(app, run, self._command, self._options, change)
        job = attempts.run()
        self.jobs += attempts.job_ids
        note_end(change, noted, job)
        if attempts.stopped or job.state != SUCCEEDED:
            run_pending(app, own=attempts.job_ids, restart=False)
        require_job_success(app, job)
        return True
