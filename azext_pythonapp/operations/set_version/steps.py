"""The steps of `set-version`, and what has happened so far while they run."""

from __future__ import annotations

import ntpath
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.jobs.pending_restart import RESTART
from azext_pythonapp.operations.app.health_check import Served
from azext_pythonapp.operations.app.home_space import require_room, require_writable_root
from azext_pythonapp.operations.app.import_check import check_import, import_target, require_import
from azext_pythonapp.operations.app.python_in_use import pip_target
from azext_pythonapp.operations.app.registration import is_read, unread_registration
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.environment.contents import leaving
from azext_pythonapp.operations.job.pending_restart import PACKAGES, plan_pending, restart_to_read, run_pending
from azext_pythonapp.operations.job.recorded_job import note_end
from azext_pythonapp.operations.job.run import require_job_success, result_changes
from azext_pythonapp.operations.job.same_job import pip_once
from azext_pythonapp.operations.package.pip_plan import last_good_run, plan_pip
from azext_pythonapp.operations.set_version.decision import Decision, intent_for_installed
from azext_pythonapp.operations.set_version.environment_steps import (
    environment_steps,
    pair_steps,
    switch_of,
    unpair_steps,
)
from azext_pythonapp.operations.set_version.packages_back import PackagesBack
from azext_pythonapp.operations.set_version.put_back import Together, Undoable, left_behind, runs_again
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.operations.set_version.static_files import static_steps
from azext_pythonapp.operations.set_version.words import as_run, capital, runs_in_words, switch_title
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.windows import same_path, worker_path

# A web.config that says nothing.
NOTHING = b"<configuration/>"


def plan_steps(decision: Decision, run: Run) -> Plan:
    """Return the steps, in order; those without changes only verify.

    Raises Refused for what cannot be done: without a restart, with read-only files, on a stopped app.
    """
    app, request, brought = decision.app, decision.request, run.brought
    files = decision.found.requirements
    read_by_pip = (files.watched if files.covered else None) if files is not None else ()
    own = environment_steps(decision, run) if decision.place is not None else _package_steps(decision, run)
    packages = brought.steps(own, read_by_pip, lambda: _undo(decision, run))
    pending = plan_pending(app, True) if request.restart else []
    registration = _registration_steps(decision, run)
    steps = [
        *_install_steps(decision, run),
        *registration,
        *packages,
        _import_step(decision, run),
        *pair_steps(decision, run),
        *_switch_steps(decision, run),
        *unpair_steps(decision, run),
    ]
    restarts = any(step.changes for step in steps) or bool(packages) or brought.restart_due
    steps += static_steps(decision, run.web_config, run.record)
    changes = any(step.changes for step in steps) or brought.restart_due
    steps += brought.last_steps() if changes else []
    run.acts, run.restarts_first = bool(changes or packages or pending), bool(registration)
    if run.web_config.change.action != "none" or brought.writes:
        run.free = require_writable_root(app, files=brought.writes)
    elif changes:
        run.free = require_room(app)
    restarts = restarts and decision.running and request.restart and (decision.place is None or brought.writes)
    if pending or restarts:
        planned = pending or ([Change("app", "restart")] if changes else [])
        noted = [_noted(change, bool(registration)) for change in planned]
        steps.append(_restart_step(decision, run, noted))
    if decision.health and (decision.running or pending):
        url = run.health.url
        run.compares_page = bool(decision.running and (changes or packages))
        steps.append(Step(f"Fetching {url}.", [], lambda: _check_page(decision, run)))
    elif decision.health:
        run.health.require_running()
        app.progress.say(f"{capital(app.site.label)} is stopped, so its page is not fetched.")
    return Plan(steps, lambda changes: _left_behind(decision, run, changes))


def _noted(change: Change, twice: bool) -> Change:
    """Return a restart of the plan with what it means. twice: whether there is one before the switch as well."""
    if change.action != "restart":
        return change
    first = ", twice: IIS has to read the registration of the new Python first" if twice else ""
    return replace(change, note=f"the app does not answer for some seconds{first}")


def _left_behind(decision: Decision, run: Run, changes: Sequence[Change]) -> list[str]:
    python = decision.place.base if decision.place is not None else run.python
    return left_behind(decision.app, python, run.web_config, changes, decision.installation is not None)


def _install_steps(decision: Decision, run: Run) -> list[Step]:
    installation = decision.installation
    if installation is None:
        return []

    def take_installed() -> Sequence[Change]:
        """Go on with the Python that is there now, and with what it registered with IIS."""
        if decision.place is not None:
            return []  # nothing of the environment that stands on it is known before that is built
        run.restart_reason = ""
        run.python = installation.runtime
        run.intent = intent_for_installed(decision.app, decision.request, decision.found, run.python)
        run.web_config.recompute()
        return []

    return [*installation.steps(), Step(f"Looking at the new Python of {decision.app.site.label}.", [], take_installed)]


def _registration_steps(decision: Decision, run: Run) -> list[Step]:
    """Return the restart with which IIS reads a new FastCGI registration, before web.config names it.

    Raises Refused when the person wants no restart.
    """
    app, python = decision.app, decision.python
    if decision.intent.kind != "fastCgi" or not decision.running or decision.starts_registration_already:
        return []
    if decision.place is not None:
        return []
    identifier = python.extension_id  # None: one that no site extension registered just now
    read = False if decision.installation else identifier is None or is_read(app, identifier)
    if read:
        return []
    if not decision.request.restart:
        raise unread_registration(app, str(python.version), read, "--no-restart")

    def restart() -> Sequence[Change]:
        if run.intent.kind == "fastCgi":
            with app.progress.phase(
                f"Restarting {app.site.label}, because IIS reads the registration of a Python only then."
            ):
                restart_to_read(app)
        return []

    return [Step("", [], restart)]


def _package_steps(decision: Decision, run: Run) -> list[Step]:
    app, files, python = decision.app, decision.found.requirements, decision.python
    standing = decision.found.standing
    if files is None and standing is None:
        return []
    target = pip_target(app, python.python_path, str(python.version), str(python.architecture))
    if files is not None and decision.installation is None and last_good_run(app, target.folder, files, PipOptions()):
        files = None
    if standing is not None:
        pip_run = leaving(app, target, standing.description, files)
    else:
        pip_run = plan_pip(app, target, files, PipOptions()) if files is not None else None
    if pip_run is None or (files is not None and files.complete and not pip_run.planned):
        return []
    if _is_in_use(decision):
        run.packages = PackagesBack(app, pip_run, run.brought.command, decision.request.restart)

    def install() -> Sequence[Change]:
        leaves, switch, change = RESTART if decision.request.restart else None, switch_of(decision), run.change
        assert change is not None
        present = pip_run.present if decision.installation is None else present_packages(app, target.folder)
        packages = replace(pip_run, present=present).packages
        change.note_packages(packages)
        if run.packages is not None:
            run.packages.begun(change)
        job = pip_once(app, pip_run, run.brought.command, on_success=leaves, switch=switch, noting=change.job)
        run.jobs.append(job.id)
        note_end(change, packages, job)
        changes = result_changes(require_job_success(app, job))
        if changes:
            run.restart_reason = PACKAGES
        return changes

    title = f"{pip_run.title} Python {target.version} ({target.python_path}) of {app.site.label}."
    return [Step(title, pip_run.planned, install, (lambda: _undo(decision, run)) if run.packages is not None else None)]


def _is_in_use(decision: Decision) -> bool:
    """Return whether the app runs the Python that it is to run, so that its packages are those of the old version."""
    before, home = decision.before, decision.app.kudu.home()
    return (
        decision.installation is None
        and before is not None
        and same_path(before.python_path, decision.python.python_path, home)
    )


def _import_step(decision: Decision, run: Run) -> Step:
    def title() -> str:
        if decision.request.import_check:
            return f"Checking with {run.python.python_path} that the entry point imports."
        return "Not checking that the entry point imports (--no-import-check)."

    return Step(title, [], lambda: _check_import(decision, run))


def _check_import(decision: Decision, run: Run) -> Sequence[Change]:
    app, request, content = decision.app, decision.request, run.web_config.content
    if run.acts:
        run.log = ServerLog(app, content)
    run.verification["pythonVersion"] = run.python.version
    target = import_target(content, lambda: known_settings(app)) if request.import_check else None
    if target is None:
        return []
    present = content == decision.found.web_config.content
    check = check_import(app, run.python.python_path, target, content, present)
    run.verification.update(pythonVersion=check.python_version, importOk=check.error is None)
    differs = run.web_config.edit.changed or run.brought.changed
    untouched = "web.config was not touched." if differs else "Nothing was changed."
    # What a folder needs belongs into its own requirements.txt: `package install` is for the app that is there.
    before = decision.before if run.brought.command == "set-version" else None
    in_use = before is not None and same_path(before.python_path, run.python.python_path, app.kudu.home())
    require_import(app, target, check, untouched, request.requirements, in_use, run.brought.missing)
    return []


def _switch_steps(decision: Decision, run: Run) -> list[Step]:
    app, change = decision.app, run.web_config
    if change.change.action == "none":
        return []

    def title() -> str:
        return switch_title(as_run(decision, run)) if change.change.action != "none" else ""

    def switch() -> Sequence[Change]:
        if decision.restarts:
            run.restart_reason = f"so that it runs Python {run.python.version} with {HANDLER_NAMES[run.intent.kind]}"
        done = change.apply()
        run.switched = done.action != "none"
        for note in change.edit.notes:
            app.progress.say(f"  {note}")
        return [done]

    def undo() -> str:
        if change.change.action == "none":
            if as_run(decision, run) is not decision:
                return ""  # the app goes on with the environment it has
            return f"web.config of {app.site.label} was switched by another command, so it was left as that wrote it."
        return _undo(decision, run, change)

    return [Step(title, [change.change], switch, undo)]


def _undo(decision: Decision, run: Run, switch: WebConfigChange | None = None) -> str:
    """Put back the files that were brought, web.config, and packages; restart the app, and look at its page.

    switch: the change of web.config; None where it was not made, or is undone.
    """
    app, files, packages = decision.app, run.brought, run.packages
    undone: Undoable | None = switch
    own = files.changed
    if own:
        title = f"the files of {app.site.label}" + (", and web.config" if switch is not None else "")
        undone = Together(title, [files.put_back, *([switch.undo] if switch is not None else [])])
    sentence = ""
    if undone is not None:
        run.undone = True
        with app.progress.phase(f"Putting back {undone.title}."):
            sentence = undone.undo()
    # The new files need the new packages: those stay where the files cannot be put back.
    said = packages.put_back() if packages is not None else ""
    problem = packages.problem if packages is not None else ""
    if undone is None and not said:
        return problem
    run.undone = True
    previous = ("files and packages" if said else "files") if own else ""
    again = _runs_again(decision, run, " ".join(filter(None, ("Rolled back:", sentence, said))), previous)
    told = "" if previous or said in again else said
    return " ".join(filter(None, (again, told, problem)))


def _runs_again(decision: Decision, run: Run, sentence: str, previous: str) -> str:
    """Restart the app, look at its page, and return what became of it.

    sentence: what was put back. previous: what of it is none of web.config, in words; "" for nothing.
    """
    app, running = decision.app, decision.running or run.restarted
    content, before = run.web_config.previous.content or NOTHING, runs_in_words(decision)
    page = partial(run.health.put_back_status, content) if decision.health and running else None
    if previous and before:
        before = f"its previous {previous} with {before}"
    jobs = run.packages.jobs if run.packages is not None else ()
    restart = running and (decision.restarts or (decision.request.restart and bool(previous)))
    return runs_again(app, sentence, restart=restart, jobs=jobs, before=before, page_status=page)


def _restart_step(decision: Decision, run: Run, planned: Sequence[Change]) -> Step:
    """Return the restart, or the start that is pending after an earlier job; run_pending says which of them it is."""
    app = decision.app

    def restart() -> Sequence[Change]:
        reason = run.restart_reason
        if run.change is not None:
            run.change.take()
        if reason is None and (run.brought.changed or run.brought.restart_due):
            reason = "so that it runs the new files"
        try:
            changes = run_pending(app, own=run.jobs, changed=reason is not None, why=reason or "")
        except UnknownOutcome as error:
            if decision.health is None:
                raise
            # The page tells whether the app runs as it should; IIS also restarts it for a changed web.config.
            app.progress.say(f"Warning: {error.message}")
            return []
        run.restarted = bool(changes)
        return changes

    return Step("", planned, restart)


def _check_page(decision: Decision, run: Run) -> Sequence[Change]:
    if not (decision.running or run.restarted):
        return []
    home, current = decision.app.kudu.home(), decision.found.current
    new = current is None or not same_path(current.python_path, run.python.python_path, home)
    folder = ntpath.dirname(worker_path(run.python.python_path, home)) + "\\" if new else None
    if folder is not None and decision.place is not None:
        folder = ntpath.dirname(folder.rstrip("\\")) + "\\"
    run.health.check(
        run.web_config.content,
        Served(str(run.python.version), run.intent.kind, folder, run.log),
        run.restart_reason is not None or run.restarted or run.switched or run.goes_on,
    )
    return []
