"""The steps of `rollback`, in order."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Sequence
from functools import partial

from azext_pythonapp.errors import RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.pending_restart import START, markers
from azext_pythonapp.operations.app.health_check import Served
from azext_pythonapp.operations.app.home_space import require_room, require_writable_root
from azext_pythonapp.operations.app.import_check import check_import, import_target, require_import
from azext_pythonapp.operations.app.registration import SITE_TRANSFORM, is_read, unread_registration
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.environment.registration import plan_registration, restart_step
from azext_pythonapp.operations.job.pending_restart import compile_packages, plan_pending, restart_to_read, run_pending
from azext_pythonapp.operations.rollback.environment import package_rows
from azext_pythonapp.operations.rollback.files import FileReturn
from azext_pythonapp.operations.rollback.run import NOTHING, Run
from azext_pythonapp.operations.rollback.runtimes import installation_steps, removal_of_extra
from azext_pythonapp.operations.set_version.put_back import runs_again
from azext_pythonapp.operations.set_version.words import capital
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.runtimes.environment import letter_of
from azext_pythonapp.windows import same_path, started_path


def plan_steps(run: Run) -> Plan:
    """Return the steps, in order. Raises Refused for what cannot be done: without a restart, with read-only files."""
    found, request, app = run.found, run.request, run.found.app
    files = [each for each in run.files if each.change.action != "none"]
    # What an interrupted rollback has changed, the app may not have loaded yet.
    cut = found.target.interrupted is not None
    used = [each for each in run.packages if each.used or each.found.absent]
    others = [each for each in run.packages if each not in used]
    published = _published_steps(run)
    runtimes = installation_steps(found, lambda pythons: setattr(run, "pythons", pythons))
    steps = [
        *runtimes,
        *([run.environment.step()] if run.environment is not None else []),
        *_registration_steps(run),
        *published,
        *(each.step(request.restart) for each in used),
        *([_import_step(run)] if files or used or published or cut else []),
        *_file_steps(run, files),
    ]
    pending = _pending(run)
    live = bool(files or published or cut) or any(each.used for each in used)
    if files or published:
        require_writable_root(app)
    elif steps:
        require_room(app)
    if pending or (live and request.restart and found.running and not run.only_switches):
        planned = pending or [Change("app", "restart", note="the app does not answer for some seconds")]
        steps.append(Step("", planned, lambda: _restart(run, live, pending)))
    steps += _page_steps(run, live, bool(pending))
    # What the app does not run any more is changed last.
    steps += [each.step(False) for each in others]
    steps += removal_of_extra(found)
    if live:
        steps.insert(0, _anchor(run))
    for step in steps:
        if step.undo is not None:
            step.undo = partial(_undone, run, step.undo)
    return Plan(steps)


def _file_steps(run: Run, files: Sequence[FileReturn]) -> list[Step]:
    """Return the steps that put files back, in an order in which web.config never names what IIS does not know.

    Where the app runs an environment again, the registration of the environments comes first, and IIS reads it; where
    it runs none any more, it goes last.
    """
    found, app = run.found, run.found.app
    registration = [each for each in files if _is_registration(each)]
    others = [each for each in files if each not in registration]

    def steps_of(some: Sequence[FileReturn]) -> list[Step]:
        return [Step(_title(each), [each.change], each.apply, each.undo) for each in some]

    rows = package_rows(found.environment) if found.environment is not None and others else []
    switched = [*steps_of(others), *([Step("", rows, lambda: rows)] if rows else [])]
    if found.environment is None or found.environment.then is None or not registration:
        return [*switched, *steps_of(registration)]
    fast_cgi = found.handler is not None and found.handler.kind == "fastCgi"
    if not (fast_cgi and found.running):
        return [*steps_of(registration), *switched]
    if not run.request.restart:
        raise unread_registration(app, run.version, False, "--no-restart")

    def compile_again() -> Sequence[Change]:
        """Have the packages of an environment compiled after all: the restart has ended that."""
        compile_packages(app, run.jobs)
        return []

    again = [Step("", [], compile_again)] if run.environment is not None else []
    return [*steps_of(registration), restart_step(app), *again, *switched]


def _is_registration(file: FileReturn) -> bool:
    return file.kept.path.lower() == SITE_TRANSFORM.lower()


def _undone(run: Run, undo: Callable[[], str]) -> str:
    """Undo a step; note that it could not be undone."""
    try:
        return undo()
    except BaseException:
        run.lost = True
        raise


def _pending(run: Run) -> list[Change]:
    """Return the start or restart that an earlier job left to do, or the change itself: its client died."""
    app = run.found.app
    own = [each for each in markers(app.kudu) if each.kind == START and each.job_id in run.found.target.jobs]
    if app.site.stopped and own:
        return [Change("app", "update", "Stopped", "Running")]
    return plan_pending(app, True) if run.request.restart else []


def _title(file: FileReturn) -> str:
    if file.kept.before is None:
        return f"Removing {file.title}: there was none before."
    return f"Giving {file.title} back the bytes that it had."


def _anchor(run: Run) -> Step:
    """Return the first step: it does nothing, and is undone last, when all else is as it was."""
    found, app = run.found, run.found.app
    run.compares_page = bool(run.checked and found.running)

    def undo() -> str:
        if not run.touched:
            left = " now; what the interrupted rollback has changed stays" if run.goes_on else ""
            return f"What {app.site.label} runs was not changed{left}."
        running = found.running or run.restarted

        def page() -> int | str | None:
            now = found.web_config.content if found.seen.readable_handler is not None else None
            return run.health.put_back_status(now or NOTHING)

        with app.progress.phase(f"Waiting until {app.site.label} answers as before."):
            return runs_again(
                app,
                "Not all is as it was before this command." if run.lost else "All is as it was before this command.",
                restart=run.request.restart and running and not run.only_switches,
                jobs=run.jobs,
                page_status=page if running and run.checked else None,
            )

    return Step("", [], lambda: [], undo)


def _published_steps(run: Run) -> list[Step]:
    """Return the steps that put published files back; none where they are as they were."""
    exchange, label = run.exchange, run.found.app.site.label
    if exchange is None or not run.exchanges:
        return []
    done, root = exchange.published, exchange.published.root
    rows = [Change(f"{root}/{name}", "create") for name in done.created]
    rows += [Change(f"{root}/{name}", "update") for name in done.replaced]
    rows += [Change(f"{root}/{name}", "delete") for name in done.deleted]

    def keep() -> Sequence[Change]:
        exchange.keep()
        return []

    def put_back() -> Sequence[Change]:
        exchange.send()
        exchange.complete()
        exchange.remember()
        return rows

    def undo() -> str:
        if run.tried:
            return ""
        run.tried, run.sent = True, exchange.changed
        sentence = exchange.put_back()
        run.recording().note(published=None)  # nothing of it is left to undo
        return sentence

    files = f"{len(rows)} file{'' if len(rows) == 1 else 's'}"
    old = len(done.replaced) + len(done.deleted)
    them = f"{old} files of {label} as they are" if old != 1 else f"1 file of {label} as it is"
    # A step that fails is not undone itself; the one before it puts back what was changed.
    return [
        Step(f"Keeping {them} now." if old else "", [], keep, undo),
        Step(f"Putting {files} of {label} back as before." if rows else "", rows, put_back, undo),
    ]


def _registration_steps(run: Run) -> list[Step]:
    """Return the restart with which IIS reads a FastCGI registration, before web.config names it.

    Raises Refused when the person wants no restart.
    """
    found, app, request = run.found, run.found.app, run.request
    handler, now, home = found.handler, found.seen.readable_handler, found.app.kudu.home()
    if handler is None or handler.kind != "fastCgi" or not found.running:
        return []
    starts = now is not None and now.kind == "fastCgi" and same_path(now.python_path, handler.python_path, home)
    again = any(same_path(each.runtime.python_path, handler.python_exe, home) for each in found.missing)
    python = run.python
    read: bool | None = False
    if run.only_switches and found.environment is not None and found.environment.then is not None:
        if any(_is_registration(each) for each in run.files):
            return []  # it comes back with the files, and IIS reads it then
        in_use = found.environment.now.letter if found.environment.now and now and now.kind == "fastCgi" else None
        if in_use is not None:
            return []  # both were registered at once
        return list(plan_registration(app, lambda: run.record, restart=request.restart).steps)
    if not again:
        identifier = python.extension_id if python is not None else None
        read = True if starts or identifier is None else is_read(app, identifier)
    if read:
        return []
    if not request.restart:
        raise unread_registration(app, run.version, read, "--no-restart")

    def restart() -> Sequence[Change]:
        with app.progress.phase(
            f"Restarting {app.site.label}, because IIS reads the registration of a Python only then."
        ):
            restart_to_read(app)
        return []

    return [Step("", [], restart)]


def _import_step(run: Run) -> Step:
    if not run.request.import_check:
        return Step("Not checking that the entry point imports (--no-import-check).", [], lambda: _note_log(run))
    if run.found.handler is None:
        return Step("", [], lambda: [])
    if run.goes_back_at_once:
        return Step("", [], lambda: _note_log(run))
    return Step("Checking that the entry point imports.", [], lambda: _check_import(run))


def _note_log(run: Run) -> Sequence[Change]:
    run.log = ServerLog(run.found.app, run.content)
    return []


def _check_import(run: Run) -> Sequence[Change]:
    """Import the entry point with the Python that IIS will start.

    An import that fails does not matter to an app whose page is an error now: it is not broken by it.
    """
    _note_log(run)
    found, app = run.found, run.found.app
    target = import_target(run.content, lambda: known_settings(app))
    if target is None or found.handler is None:
        return []
    path = started_path(found.handler.python_exe, app.kudu.home())
    present = run.content == found.web_config.content
    check = check_import(app, path, target, run.content, present)
    run.verification.update(pythonVersion=check.python_version, importOk=check.error is None)
    try:
        require_import(app, target, check, "web.config was not touched.", in_use=True)
    except RemoteFailed as error:
        before = run.health.before
        if before is None or before.status is None or before.status < 500:
            raise
        app.progress.say(f"Warning: {error.message} The app answers {before.status} now, so it is undone all the same.")
    return []


def _restart(run: Run, live: bool, pending: Sequence[Change]) -> Sequence[Change]:
    app = run.found.app
    jobs = [*run.found.target.jobs, *run.jobs]
    changed = live and run.found.running
    runs = f"Python {run.version}" if run.found.handler is not None else "as before that change"
    try:
        changes = run_pending(app, own=jobs, changed=changed, why=f"so that it runs {runs}")
    except UnknownOutcome as error:
        if run.checked is None:
            raise
        # The page tells whether the app runs as it should; IIS also restarts it for a changed web.config.
        app.progress.say(f"Warning: {error.message}")
        return []
    # A start after a job of this very change is none of `changes`.
    done = changes or [each for each in pending if each.action == "update" and not run.found.running]
    run.restarted = bool(done)
    return done


def _page_steps(run: Run, live: bool, pending: bool) -> list[Step]:
    """Return the check of the page, where a Python is going to answer it."""
    found, app, checked = run.found, run.found.app, run.checked
    if checked is None or not (live or pending):
        return []
    if not (found.running or pending):
        run.health.require_running()
        app.progress.say(f"{capital(app.site.label)} is stopped, so its page is not fetched.")
        return []
    if found.handler is None:
        return []
    return [Step(f"Fetching {run.health.url}.", [], lambda: _check_page(run))]


def _check_page(run: Run) -> Sequence[Change]:
    found, home = run.found, run.found.app.kudu.home()
    if not (found.running or run.restarted):
        return []
    handler, now = found.handler, found.seen.readable_handler
    assert handler is not None
    new = now is None or not same_path(now.python_exe, handler.python_exe, home)
    folder = _folder_of(started_path(handler.python_exe, home), home) if new else None
    changed = run.touched or run.restarted or run.goes_on
    run.health.check(run.content, Served(run.version, handler.kind, folder, run.log), changed)
    return []


def _folder_of(python_path: str, home: str) -> str:
    """Return the folder whose files an error page of a Python names."""
    folder = ntpath.dirname(python_path)
    return (ntpath.dirname(folder) if letter_of(python_path, home) is not None else folder) + "\\"
