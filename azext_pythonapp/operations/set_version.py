"""`set-version`: make an app run a Python version, as one transaction."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.entrypoints.choose import parse_app_option
from azext_pythonapp.errors import NotFound, PythonAppError, UnknownOutcome
from azext_pythonapp.jobs.pending_restart import RESTART, living_job
from azext_pythonapp.operations.app.deployment_warnings import warn_of_deployment
from azext_pythonapp.operations.app.health_check import HealthCheck, HealthOptions, Served
from azext_pythonapp.operations.app.home_space import require_room, require_writable_root
from azext_pythonapp.operations.app.import_check import check_import, import_target, require_import
from azext_pythonapp.operations.app.observe import pythons_on, read_web_config
from azext_pythonapp.operations.app.python_in_use import Target, pip_target
from azext_pythonapp.operations.app.registration import find_registration, is_read, refuse_unread
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_configs import names_on_app
from azext_pythonapp.operations.app.site_packages import installed_packages
from azext_pythonapp.operations.app.worker_fit import fit_warnings
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles, FileState
from azext_pythonapp.operations.job.pending_restart import PACKAGES, plan_pending, restart_to_read, run_pending
from azext_pythonapp.operations.job.run import PipJob, require_job_success, result_changes, start_pip
from azext_pythonapp.operations.package.pip_plan import last_good_run, plan_pip
from azext_pythonapp.operations.package.requirement_files import RequirementFiles, files_on_app
from azext_pythonapp.operations.runtime.choose import choose_runtime
from azext_pythonapp.operations.runtime.nuget import installation_of
from azext_pythonapp.operations.web_config.change import WebConfigChange, conflict
from azext_pythonapp.operations.web_config.change_record import ChangeRecord
from azext_pythonapp.operations.web_config.entry_point import Start, find_start, shown_entry_point, taken_instead
from azext_pythonapp.operations.web_config.handler import HandlerOptions, build_intent, decide_kind
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment, required_packages
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import (
    Edit,
    HandlerIntent,
    PythonHandler,
    read_handler,
    read_settings,
    write_handler,
)
from azext_pythonapp.windows import same_path, worker_path

COMMAND = "set-version"


@dataclass(frozen=True)
class SetVersionRequest:
    """The command's options. health: None for no health check."""

    wish: VersionSpec
    architecture: str | None
    handler: HandlerOptions
    app: str | None
    requirements: bool
    restart: bool
    health: HealthOptions | None
    confirmed: bool
    import_check: bool = True
    prereleases: bool = False

    @classmethod
    def parse(
        cls,
        version: str,
        architecture: str | None,
        handler: str,
        app: str | None,
        startup_command: str | None,
        *,
        requirements: bool,
        restart: bool,
        health: HealthOptions | None,
        confirmed: bool,
        import_check: bool = True,
        prereleases: bool = False,
    ) -> SetVersionRequest:
        """From the command's options. Raises InvalidInput for what cannot be meant."""
        wish = HandlerOptions(handler.lower(), startup_command)
        wish.check()
        if app is not None:
            parse_app_option(app)
        return cls(
            VersionSpec.parse(version),
            architecture,
            wish,
            app,
            requirements,
            restart,
            health,
            confirmed,
            import_check,
            prereleases,
        )


def set_version(app: App, request: SetVersionRequest, dry_run: bool) -> dict[str, Any]:
    """Install the runtime, its packages, switch web.config, restart and verify. Returns the answer
    (docs/json-output.md).

    On a failure before the switch web.config is untouched; on one after it, it is put back.
    """
    found = read_web_config(app)
    current = read_handler(found.content) or read_settings(found.content)
    start = (
        Start(None, None)
        if request.handler.startup_command
        else find_start(AppFiles(app), request.app, current, app.progress.say, known_settings(app))
    )
    transaction = Transaction(app, request, found, current, pythons_on(app, current), start)
    for warning in fit_warnings(app, transaction.architecture):
        app.progress.say(warning)
    warn_of_deployment(app, transaction.python_path)
    plan = transaction.plan()
    if dry_run:
        transaction.say_notes()
        transaction.require_page()
        return report(app.site.to_dict(), plan.changes, True, **transaction.answer())
    if not request.confirmed:
        transaction.confirm()
    changes = plan.apply(app.progress.say)
    return report(app.site.to_dict(), changes, False, **transaction.answer())


class Transaction:
    """One run of set-version: what was seen, what is planned, and what became of it."""

    def __init__(
        self,
        app: App,
        request: SetVersionRequest,
        found: FileState,
        current: PythonHandler | None,
        pythons: Sequence[Installed],
        start: Start,
    ):
        choice = choose_runtime(app, pythons, request.wish, request.architecture, prereleases=request.prereleases)
        self._app = app
        self._request = request
        self._found = found
        self._current = current
        self._installation = installation_of(app, choice, pythons)
        self._start = start
        self._python = self._installation.runtime if self._installation else choice.required
        self._files = self._requirement_files()
        self._intent = self._build_intent()
        self._record = ChangeRecord(app.kudu, COMMAND)
        self._web_config = WebConfigChange(AppFiles(app), WEB_CONFIG, found, self._edit, self._record)
        self._changed = False
        self._why = ""  # the app is restarted, where that was not said before
        self._jobs: list[str] = []
        self._log: ServerLog | None = None
        self._verification: dict[str, Any] = {"pythonVersion": None, "importOk": None}
        self._running = app.site.state.lower() != "stopped"
        self._restarted = False
        # Without a restart nothing new may be running yet; then only a page that the person names is looked at.
        checked = request.health if request.health and (request.restart or request.health.demanded) else None
        self._health = HealthCheck(app, checked or HealthOptions())
        self._checked = checked is not None

    def plan(self) -> Plan:
        """The steps, in order. Those without changes only verify."""
        packages = self._package_steps()
        left = plan_pending(self._app, True) if self._request.restart else []
        steps = [
            *self._install_steps(),
            *self._registration_steps(),
            *packages,
            self._import_step(),
            *self._switch_steps(),
        ]
        changes = any(step.changes for step in steps)
        if self._web_config.change.action != "none":
            require_writable_root(self._app)
        elif changes:
            require_room(self._app)
        if left or ((changes or packages) and self._request.restart and self._running):
            # Whether anything takes a restart is known then, so run_pending says it.
            steps.append(Step("", left or ([Change("app", "restart")] if changes else []), self._restart))
        if self._checked and (self._running or left):
            if self._running and (changes or packages):
                steps.insert(0, Step(f"Fetching {self._health.url} as it is now.", [], self._look_before))
            steps.append(Step(f"Fetching {self._health.url}.", [], self._check_page))
        elif self._checked:
            self._health.require_running()
            self._app.progress.say(f"The {self._app.site.label} is stopped, so its page is not verified.")
        return Plan(steps)

    @property
    def python_path(self) -> str:
        """Of the Python that is going to run."""
        return self._python.python_path

    @property
    def architecture(self) -> str | None:
        """Of the Python that is going to run."""
        return self._python.architecture

    def confirm(self) -> None:
        """Ask before packages in a folder that the installation wipes are moved. Raises Refused for a no."""
        if self._installation is not None:
            self._installation.confirm()

    def say_notes(self) -> None:
        """Tell what the edit of web.config means, which is not made."""
        if self._web_config.edit.changed and self._web_config.edit.notes:
            self._app.progress.say(f"Planned for web.config of {self._app.site.label} (nothing was changed):")
            for note in self._web_config.edit.notes:
                self._app.progress.say(f"  {note}")

    def require_page(self) -> None:
        """Raise Refused where the run would, because the page that the person demands cannot be reached."""
        wish = self._request.health
        if wish is not None and wish.demanded and self._running:
            self._health.look_before(self._web_config.content)

    def answer(self) -> dict[str, Any]:
        """The command's own keys."""
        intent = self._intent
        text = (intent.entry_point or self._start.text) if intent.kind == "fastCgi" else intent.arguments
        return {
            "runtime": replace(self._python, in_use=True).to_dict(),
            "environment": None,
            "handler": intent.kind,
            "entryPoint": shown_entry_point(intent.kind, text, intent.python_path),
            "verification": {**self._verification, **self._health.result},
            "changeId": self._record.change_id if self._record.used else None,
        }

    def _requirement_files(self) -> RequirementFiles | None:
        if not self._request.requirements:
            return None
        try:
            return files_on_app(self._app, None, None)
        except NotFound:
            return None

    def _target(self) -> Target:
        return pip_target(
            self._app, self._python.python_path, str(self._python.version), str(self._python.architecture)
        )

    def _registration(self) -> Registration | None:
        if self._installation is not None:
            identity = self._installation.offer.identity
            return Registration(identity.registered_path, identity.registered_arguments)
        return find_registration(self._app, self._python.extension_id, self._python.python_path)

    def _build_intent(self) -> HandlerIntent:
        registration, label = self._registration(), self._app.site.label
        kind = decide_kind(label, self._request.handler, self._current, self._start, registration is not None)
        taken = taken_instead(self._start, kind, self._current)
        if taken is not None:
            self._app.say_once(taken)
        intent = build_intent(
            label,
            kind,
            self._request.handler,
            self._current,
            self._start,
            self._python.python_path,
            registration,
            self._server_packages(),
            AppFiles(self._app).worker_folder,
        )
        new = self._current is None or not self._current.python_path
        return replace(intent, taken_names=names_on_app(self._app)) if new else intent

    def _server_packages(self) -> Iterator[str]:
        """Where a web server is looked for, also with --no-requirements; the Python's own only when it is there."""
        if self._files is not None:
            environment = TargetEnvironment(str(self._python.version), str(self._python.architecture))
            yield from required_packages(self._files.parsed, environment)
        if self._installation is None:
            yield from installed_packages(self._app, self._python.python_path)

    def _install_steps(self) -> list[Step]:
        if self._installation is None:
            return []
        steps = self._installation.steps()
        steps.append(Step(f"Looking at the new Python of {self._app.site.label}.", [], self._take_installed))
        return steps

    def _registration_steps(self) -> list[Step]:
        """IIS reads a FastCGI registration only when the app starts: before web.config names a new one.

        Raises Refused when the person wants no restart.
        """
        if self._intent.kind != "fastCgi" or not self._running or self._is_started_already():
            return []
        identifier = self._python.extension_id  # None: one that no site extension registered just now
        read = False if self._installation else identifier is None or is_read(self._app, identifier)
        if read:
            return []
        if not self._request.restart:
            raise refuse_unread(self._app, str(self._python.version), read, "--no-restart")
        return [
            Step(
                f"Restarting {self._app.site.label}, because IIS reads the registration of a Python only then.",
                [],
                self._restart_to_read,
            )
        ]

    def _is_started_already(self) -> bool:
        """Whether web.config names this registration already, so that switching it cannot make IIS look for another."""
        current = self._current
        return (
            self._installation is None
            and current is not None
            and current.kind == "fastCgi"
            and same_path(current.python_path, self._python.python_path, self._app.kudu.home())
        )

    def _restart_to_read(self) -> Sequence[Change]:
        if self._intent.kind == "fastCgi":
            restart_to_read(self._app)
        return []

    def _take_installed(self) -> Sequence[Change]:
        """Go on with the Python that is there now, and with what it registered with IIS."""
        assert self._installation is not None
        self._python, self._installation = self._installation.runtime, None
        self._changed = True
        self._intent = self._build_intent()
        self._web_config.recompute()
        return []

    def _package_steps(self) -> list[Step]:
        if self._files is None:
            return []
        files, options, target = self._files, PipOptions(), self._target()
        if self._installation is None and last_good_run(self._app, target.folder, files, options):
            return []
        run = plan_pip(self._app, target, files, options)

        def install() -> Sequence[Change]:
            started = start_pip(self._app, run, COMMAND, on_success=RESTART if self._request.restart else None)
            self._jobs.append(started.job_id)
            job = PipJob(self._app, started, None).wait()
            changes = result_changes(require_job_success(self._app, job))
            if changes:
                self._changed, self._why = True, PACKAGES
            return changes

        return [
            Step(
                f"Installing {files.name} into Python {target.version} ({target.python_path}) of "
                f"{self._app.site.label}.",
                run.planned,
                install,
            )
        ]

    def _import_step(self) -> Step:
        title = (
            f"Checking with {self._python.python_path} that the entry point imports."
            if self._request.import_check
            else "Not checking that the entry point imports (--no-import-check)."
        )
        return Step(title, [], self._check_import)

    def _switch_steps(self) -> list[Step]:
        if self._web_config.change.action == "none":
            return []
        title = f"Switching web.config of {self._app.site.label} to Python {self._python.version}."
        return [Step(title, [self._web_config.change], self._switch, self._put_back)]

    def _edit(self, content: bytes | None) -> Edit:
        """The edit of web.config; Conflict when somebody else changed what it starts since the plan was made."""
        if content != self._found.content and (read_handler(content) or read_settings(content)) != self._current:
            raise conflict(
                f"web.config of {self._app.site.label}",
                self._found.content,
                content,
                write_handler(self._found.content, self._intent).content,
            )
        return write_handler(content, self._intent)

    def _switch(self) -> Sequence[Change]:
        self._changed, self._why = True, ""
        change = self._web_config.apply()
        for note in self._web_config.edit.notes:
            self._app.progress.say(f"  {note}")
        return [change]

    def _put_back(self) -> str:
        return put_back(self._app, self._web_config, restart=self._request.restart and self._running)

    def _restart(self) -> Sequence[Change]:
        try:
            changes = run_pending(self._app, own=self._jobs, changed=self._changed, why=self._why)
        except UnknownOutcome as error:
            if not self._checked:
                raise
            # The page tells whether the app runs as it should; IIS also starts it anew for a changed web.config.
            self._app.progress.say(f"Warning: {error.message}")
            return []
        self._restarted = bool(changes)
        self._running = self._running or self._restarted
        return changes

    def _check_import(self) -> Sequence[Change]:
        self._log = ServerLog(self._app, self._web_config.content)
        self._verification["pythonVersion"] = self._python.version
        content = self._web_config.content
        target = import_target(content, known_settings(self._app)) if self._request.import_check else None
        if target is None:
            return []
        check = check_import(self._app, self._python.python_path, target, content, content == self._found.content)
        self._verification.update(pythonVersion=check.python_version, importOk=check.error is None)
        require_import(
            self._app,
            target,
            check,
            "web.config was not touched." if self._web_config.edit.changed else "Nothing was changed.",
            self._request.requirements,
        )
        return []

    def _look_before(self) -> Sequence[Change]:
        self._health.look_before(self._web_config.content)
        return []

    def _check_page(self) -> Sequence[Change]:
        assert self._log is not None
        if not self._running:
            return []
        home, current = self._app.kudu.home(), self._current
        new = current is None or not same_path(current.python_path, self._python.python_path, home)
        folder = ntpath.dirname(worker_path(self._python.python_path, home)) + "\\" if new else None
        self._health.prove(
            self._web_config.content,
            Served(str(self._python.version), self._intent.kind, folder, self._log),
            self._changed or self._restarted,
        )
        return []


def put_back(app: App, change: WebConfigChange, *, restart: bool) -> str:
    """Undo the change of web.config and restart the app; return what became of both, in sentences.

    restart: whether to restart the app. Raises what `change.undo` raises.
    """
    sentence = change.undo()
    if not restart:
        return sentence
    try:
        busy = living_job(app.kudu)
        if busy is not None:
            return (
                f"{sentence} IIS restarts the worker process of {app.site.label} because of it. The app itself was not "
                f"restarted, because that would end job {busy.id}."
            )
        app.arm.restart(app.site)
    except PythonAppError as error:
        return (
            f"{sentence} The restart after that failed: {error.message.rstrip('.')}. Until it is restarted, "
            f"{app.site.label} may go on as it was after the change: `az webapp restart {app.site.arguments}`."
        )
    return f"{sentence} The app was restarted with it."
