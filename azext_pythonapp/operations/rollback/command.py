"""The command: choose the change, look, plan, apply, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Interrupted, NotFound, PythonAppError, Refused, RemoteFailed
from azext_pythonapp.history.environment import EnvironmentChange
from azext_pythonapp.history.lease import EXPIRE_SECONDS, read_lease, watch, way_out
from azext_pythonapp.history.record import FAILED, SUCCEEDED, UNFINISHED, PackageChange, Record, RuntimeChange
from azext_pythonapp.jobs.store import show
from azext_pythonapp.operations.app.left_change import came_along, settle
from azext_pythonapp.operations.app.python_in_use import Target as PipTarget
from azext_pythonapp.operations.app.record_parts import in_use, package_part, runtime_change
from azext_pythonapp.operations.app.recording import recorded
from azext_pythonapp.operations.app.site_packages import direct_addresses, present_packages
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.files.exchange import exchange_back
from azext_pythonapp.operations.files.kept import Kept, is_complete, kept_files
from azext_pythonapp.operations.files.since import changed_since, lost
from azext_pythonapp.operations.job.run import PipJob
from azext_pythonapp.operations.job.same_job import once_begun
from azext_pythonapp.operations.rollback.difference import require_ours, starts_words
from azext_pythonapp.operations.rollback.environment import environment_words
from azext_pythonapp.operations.rollback.found import Found, look
from azext_pythonapp.operations.rollback.last_lines import last_lines, nothing_to_do, stays_lines
from azext_pythonapp.operations.rollback.packages import COMMAND
from azext_pythonapp.operations.rollback.run import RollbackRequest, Run
from azext_pythonapp.operations.rollback.steps import plan_steps
from azext_pythonapp.operations.rollback.target import Target, choose_target, described
from azext_pythonapp.operations.runtime.site_extension import await_earlier
from azext_pythonapp.operations.set_version.words import capital
from azext_pythonapp.plan import Change, Plan, report
from azext_pythonapp.runtimes.cpython import EXTENSION_PREFIX
from azext_pythonapp.windows import home_folder_of, same_path


def rollback(app: App, request: RollbackRequest, dry_run: bool) -> dict[str, Any]:
    """Undo a recorded change and verify it; return what docs/json-output.md says.

    Raises NotFound when there is no such change, Conflict when what it left was changed since. When a step fails, what
    this command did before is undone.
    """
    with app.progress.phase(f"Looking at the history of {app.site.label}."):
        target = choose_target(app, request.change_id)
    if not dry_run:
        _require_ended(app, target)
    warnings = _await_jobs(app, target, dry_run)
    published = target.record.published
    with kept_files(app, published.archive if published else None) as kept, kept_files(app, None) as mine:
        _require_kept(app, target, kept)
        with app.progress.phase(f"Looking at {app.site.label}, to undo {described(target.record)}."):
            found = look(app, target)
            require_ours(found, request.force, changed_since(app, published) if published is not None else [])
            run = Run(found, request, exchange_back(app, published, kept) if published is not None else None)
            plan = plan_steps(run)
        return _undo(run, plan, mine, [*warnings, *_warnings(found, request.change_id is None)], dry_run)


def _undo(run: Run, plan: Plan, kept: Kept, warnings: Sequence[str], dry_run: bool) -> dict[str, Any]:
    """Show the plan, ask, apply it, and return the answer. kept: for the published files that are replaced."""
    found, request, app, target = run.found, run.request, run.found.app, run.found.target
    cut = [each for each in (target.record, target.interrupted) if each is not None and each.state == UNFINISHED]
    if dry_run:
        _show_plan(run, plan, warnings, dry_run=True)
        app.progress.conclude(*([] if plan.changes else [nothing_to_do(found)]), *stays_lines(found))
        return report(app.site.to_dict(), plan.changes, True, **_answer(run))
    if not plan.changes and not cut:
        _require_undone(found)
        app.progress.conclude(*last_lines(run, ()))
        return report(app.site.to_dict(), [], False, **_answer(run))
    if plan.changes and not request.confirmed:
        _show_plan(run, plan, warnings, dry_run=False)
        app.progress.confirm(f"Undo {described(target.record)} of {app.site.label}?")
    else:
        for warning in warnings:
            app.progress.say(f"Warning: {warning}")
    app.kudu.memory.forget()
    changes = _apply(run, plan, kept)
    try:
        _close(app, cut, run)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(f"Interrupted when {described(target.record)} of {app.site.label} was undone.") from interrupt
    app.progress.conclude(*last_lines(run, changes))
    return report(app.site.to_dict(), changes, False, **_answer(run))


def _require_kept(app: App, target: Target, kept: Kept) -> None:
    """Raise Refused when the previous files of a change are not on the app any more.

    Those of one that was cut off, or failed, are not there yet as long as it has changed no file.
    """
    published = target.record.published
    if published is None or is_complete(kept, published):
        return
    publish = "Publish the earlier state of the folder: `az webapp python publish`."
    if target.record.state != SUCCEEDED:
        names = lost(app, published, kept)
        if not names:
            return
        raise Refused(
            f"{capital(described(target.record))} of {app.site.label} did not succeed, and the previous versions of "
            f"what it replaced or deleted are not complete in {published.archive}, so they cannot be brought back: "
            f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}. Nothing was changed.",
            publish,
        )
    raise Refused(
        f"The previous versions of the files that {described(target.record)} replaced or deleted on {app.site.label} "
        f"are not complete in {published.archive}, so it cannot be undone. Nothing was changed.",
        publish,
    )


def _apply(run: Run, plan: Plan, kept: Kept) -> list[Change]:
    """Apply the plan under the app's lease, and record it."""
    found, app, exchange = run.found, run.found.app, run.exchange
    undoes, status = found.target.record.id, run.fetch_before()
    with recorded(app, COMMAND, undoes=undoes, continues=lambda earlier: earlier.undoes == undoes) as record:
        run.record = record
        record.note(packages=_packages(run), runtimes=_runtimes(found))
        record.note(runtime_before=in_use(found.seen.current), page_before=status)
        if found.environment is not None:
            record.note(**_environments(found))
        if exchange is not None and run.exchanges:
            earlier = record.earlier.published if record.earlier is not None else None
            record.note(published=exchange.note(record.record.id, kept, earlier))
        plan.guard = record.require
        if plan.changes or run.exchanges:
            record.begin()
        changes = plan.apply(app.progress)
        if exchange is not None and run.exchanges:
            record.note(published=exchange.published)
        record.finish(changes, runtime_after=in_use(run.python))
    return changes


def _close(app: App, cut: Sequence[Record], run: Run) -> None:
    """End the records of changes that were interrupted, so that nobody is told to finish them any more.

    One that this command went on with has its own end. An undo that was interrupted when all was undone has succeeded;
    any other has failed, as far as it got.
    """
    own = run.record.record.id if run.record is not None else None
    undone_now = run.record is not None and run.record.used
    for each in cut:
        if each.id == own or (undone_now and each.id == run.found.target.record.id):
            continue
        try:
            complete = each.id != run.found.target.record.id and not undone_now
            settle(app, each, SUCCEEDED if complete else FAILED)
        except PythonAppError as error:
            app.progress.say(f"Warning: The end of change {each.id} could not be recorded: {error.message}")


def _require_ended(app: App, target: Target) -> None:
    """Raise Refused while the command that makes the change is at work.

    A lease that is not renewed in time belongs to nobody any more; that is waited for.
    """
    found, _ = read_lease(app.kudu) if target.open else (None, None)
    if found is None or found.change != target.record.id or not found.held(app.kudu.now()):
        return
    with app.progress.phase(
        f"Looking for up to {EXPIRE_SECONDS:.0f} s whether {described(target.record)} still goes on."
    ):
        again = watch(app.kudu, found)
    if again is not None and again.change == found.change:
        raise Refused(
            f"{capital(described(target.record))} of {app.site.label} is being made now. Nothing was undone.",
            f"Run the command again when it has ended.{way_out(again, app.kudu.now())}",
        )


def _await_jobs(app: App, target: Target, dry_run: bool) -> list[str]:
    """Wait for jobs of an interrupted change that still run, and return warnings for those that a dry run leaves.

    A job that was lost, or never began, is over. An installation that Azure may go on with is waited for as well.
    """
    warnings = []
    for record in filter(None, (target.record, target.interrupted)) if not dry_run else ():
        for each in record.runtimes if record.state == UNFINISHED else ():
            _await_installation(app, each)
    for job_id in target.jobs if target.open else ():
        try:
            job = show(app.kudu, job_id)
        except NotFound:
            continue
        if job.over:
            continue
        if dry_run:
            warnings.append(f"Job {job_id} is still running, so what it changes is not known yet; it is waited for.")
            continue
        with app.progress.phase(f"Waiting for job {job_id}, {job.shown_title}, of {app.site.label}."):
            try:
                if not once_begun(app, job).over:
                    PipJob(app, job_id, None).wait()
            except RemoteFailed as error:
                app.progress.say(error.message)
    return warnings


def _await_installation(app: App, runtime: RuntimeChange) -> None:
    identifier = runtime.extension_id
    if runtime.action != "install" or identifier is None or identifier.lower().startswith(EXTENSION_PREFIX):
        return
    with app.progress.phase(f"Waiting for the installation of {identifier} on {app.site.label}, if it goes on."):
        try:
            await_earlier(app, identifier)
        except (RemoteFailed, NotFound):
            pass  # there is none


def _require_undone(found: Found) -> None:
    """Raise Refused when nothing can be undone because the app uses what the change installed."""
    if found.used:
        uses = "; ".join(f"{name}: {use}" for name, use in found.used.items())
        raise Refused(
            f"{capital(described(found.target.record))} of {found.app.site.label} cannot be undone, because the app "
            f"uses what it installed ({uses}). Nothing was changed.",
            f"Switch to another Python first; this shows which there are: `az webapp python list "
            f"{found.app.site.arguments}`.",
        )


def _warnings(found: Found, newest: bool) -> list[str]:
    """Return what is to be known before the plan is applied. newest: whether no change was named."""
    target, label = found.target, found.app.site.label
    along = came_along(found.app, target.record)
    warnings = [along] if along is not None else []
    if target.record.undoes:
        older = " To undo an older change, name it with --change-id." if newest else ""
        warnings.append(
            f"Change {target.record.id} is a rollback; undoing it makes change {target.record.undoes} again.{older}"
        )
    if found.handler is None and found.seen.readable_handler is not None:
        warnings.append(f"After this, web.config of {label} starts no Python, so its page is not checked.")
    environment = found.environment
    if environment is not None and environment.built and environment.then is not None:
        warnings.append(
            f"{capital(environment_words(environment.then))} is not on {label} any more as it was, so it is built "
            "again, of the very same versions."
        )
    warnings += [
        f"Which packages Python {each.runtime.version} had is not recorded, so it is installed without them."
        for each in found.missing
        if each.packages is None
    ]
    return warnings


def _show_plan(run: Run, plan: Plan, warnings: Sequence[str], *, dry_run: bool) -> None:
    found = run.found
    now, label = starts_words(found.web_config.content), found.app.site.label
    web_config = f"{found.seen.root}/{WEB_CONFIG}"
    changes = [
        replace(change, before=now, after=starts_words(found.wanted_config)) if change.target == web_config else change
        for change in plan.changes
    ]
    found.app.progress.show_plan(label, now, changes, dry_run=dry_run, warnings=warnings)


def _answer(run: Run) -> dict[str, Any]:
    """Return the command's own keys."""
    python = run.python
    return {
        "undone": run.found.target.record.id,
        "runtime": python.to_dict() if python is not None else None,
        "environment": run.found.environment.letter if run.found.environment is not None else None,
        "verification": {**run.verification, **run.health.result},
        "changeId": run.record.change_id if run.record is not None else None,
    }


def _packages(run: Run) -> tuple[PackageChange, ...]:
    """Return the packages of each Python that this command changes or uninstalls, as they are."""
    app, home = run.found.app, run.found.app.kudu.home()
    parts = [part for each in run.packages if (part := each.part) is not None]
    for python in run.found.extra:
        folder = home_folder_of(python.python_path, home)
        if folder is None or not python.version or not python.architecture:
            continue
        target = PipTarget(python.python_path, folder, python.version, python.architecture)
        part = package_part(target, present_packages(app, folder))
        parts.append(replace(part, after={}, addresses=direct_addresses(app, python.python_path)))
    return tuple(parts)


def _environments(found: Found) -> dict[str, Any]:
    """Return the parts of the record about environments, by the names of `OpenChange.note`."""
    environment = found.environment
    assert environment is not None
    change = environment.change or EnvironmentChange(None)
    return {
        "environment_before": environment.now,
        "environment_after": environment.then,
        "environment_addresses": change.addresses,
        "environment_arguments": change.arguments,
        "environment_wheels": change.wheels,
    }


def _runtimes(found: Found) -> tuple[RuntimeChange, ...]:
    """Return the Pythons that this command installs and uninstalls."""
    home = found.app.kudu.home()
    rows = []
    for each in found.missing:
        path = each.runtime.python_path
        rows += [
            runtime_change("uninstall", python)
            for python in found.seen.pythons
            if python.extension_id is not None and python.answered and same_path(python.python_path, path, home)
        ]
        rows.append(replace(each.runtime, action="install"))
    return (*rows, *(runtime_change("uninstall", each) for each in found.extra))
