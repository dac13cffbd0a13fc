"""The steps of `rollback`, and what has happened so far while they run."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from azext_pythonapp.errors import RemoteFailed, UnknownOutcome
from azext_pythonapp.jobs.pending_restart import START, markers
from azext_pythonapp.operations.app.health_check import HealthCheck, HealthOptions, Served
from azext_pythonapp.operations.app.home_space import require_room, require_writable_root
from azext_pythonapp.operations.app.import_check import check_import, import_target, require_import
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.registration import is_read, unread_registration
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.files.exchange import Exchange
from azext_pythonapp.operations.job.pending_restart import plan_pending, restart_to_read, run_pending
from azext_pythonapp.operations.package.restore_set import package_set
from azext_pythonapp.operations.rollback.files import FileReturn
from azext_pythonapp.operations.rollback.found import Found
from azext_pythonapp.operations.rollback.packages import PackageReturn
from azext_pythonapp.operations.rollback.runtimes import installation_steps, removal_of_extra
from azext_pythonapp.operations.set_version.put_back import runs_again
from azext_pythonapp.operations.set_version.words import capital
from azext_pythonapp.operations.web_config.conflict import python_version
from azext_pythonapp.plan import Change, Plan, Step
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.windows import same_path, started_path

# A web.config that says nothing.
NOTHING = b"<configuration/>"


@dataclass(frozen=True, kw_only=True)
class RollbackRequest:
    """How a change is undone.

    change_id: None for the newest. force: also where something was changed since. restart: whether the app may be
    restarted. health: None for no health check. import_check: whether the entry point is imported first. index_url,
    extra_index_urls: of pip, in place of those of then.
    """

    change_id: str | None
    force: bool
    restart: bool
    health: HealthOptions | None
    import_check: bool
    confirmed: bool
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()

    @property
    def checked(self) -> HealthOptions | None:
        """Return how the page is checked; None for not at all: without a restart nothing else may be running yet."""
        return self.health if self.health and (self.restart or self.health.demanded) else None


class Run:
    """What has happened so far.

    record: of this command, while it changes something. pythons: on the app, as far as is known. health: the page,
    before and after. verification: what the import check said, by the keys of docs/json-output.md. sent: whether
    published files were put back, also when that was undone. tried: whether that was tried. lost: whether something
    could not be undone.
    """

    def __init__(self, found: Found, request: RollbackRequest, exchange: Exchange | None = None):
        """exchange: of published files; None for none."""
        app = found.app
        self.exchange = exchange
        self.found = found
        self.request = request
        self.record: OpenChange | None = None
        self.pythons: Sequence[InstalledRuntime] = found.seen.pythons
        self.files = [FileReturn(app, each.kept, each.now, self.recording) for each in found.files]
        self.packages = [
            PackageReturn(
                app,
                each,
                found.is_wanted(each.change.python_path),
                package_set(each.change, request.index_url, request.extra_index_urls),
                self.recording,
            )
            for each in found.packages
            if not each.back
        ]
        self.health = HealthCheck(app, (request.checked or HealthOptions()).of_app(app))
        self.log: ServerLog | None = None
        self.restarted = False
        self.sent = self.tried = self.lost = False
        self.verification: dict[str, Any] = {"pythonVersion": None, "importOk": None}

    def recording(self) -> OpenChange:
        """Return the record of this command."""
        assert self.record is not None
        return self.record

    @property
    def content(self) -> bytes:
        """Return the web.config that the app is to have; one that says nothing where that starts no Python."""
        wanted = self.found.wanted_config
        return NOTHING if wanted is None or self.found.handler is None else wanted

    @property
    def python(self) -> InstalledRuntime | None:
        """Return the Python that the app is to run; None for none, and for one that is not on the app."""
        path, home = self.found.python_exe, self.found.app.kudu.home()
        found = (each for each in self.pythons if path is not None and same_path(each.python_path, path, home))
        python = next(found, None)
        return replace(python, in_use=True) if python is not None else None

    @property
    def version(self) -> str:
        """Return the version of the Python that the app is to run, or what else is known of it."""
        python = self.python
        return str((python.version if python else None) or python_version(self.found.handler) or "as before")

    @property
    def exchanges(self) -> bool:
        """Return whether published files come back, or what is known of them after an undo that was cut off."""
        exchange = self.exchange
        return exchange is not None and not (exchange.settled if self.found.target.open else exchange.empty)

    @property
    def touched(self) -> bool:
        """Return whether what the app runs was changed, as far as this command knows."""
        packages = any(each.used and each.changed for each in self.packages)
        files = self.sent or bool(self.exchange and self.exchange.changed)
        return packages or files or any(each.attempted for each in self.files)


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
        *_registration_steps(run),
        *published,
        *(each.step(request.restart) for each in used),
        *([_import_step(run)] if files or used or published or cut else []),
        *(Step(_title(each), [each.change], each.apply, each.undo) for each in files),
    ]
    pending = _pending(run)
    live = bool(files or published or cut) or any(each.used for each in used)
    if files or published:
        require_writable_root(app)
    elif steps:
        require_room(app)
    if pending or (live and request.restart and found.running):
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
    """Return the first step: it fetches the page as it is. It is undone last, when all else is as it was."""
    found, app = run.found, run.found.app

    def fetch() -> Sequence[Change]:
        run.health.fetch_before(run.content)
        return []

    def undo() -> str:
        if not run.touched:
            return f"What {app.site.label} runs was not changed."
        running = found.running or run.restarted

        def page() -> int | str | None:
            now = found.web_config.content if found.seen.readable_handler is not None else None
            return run.health.put_back_status(now or NOTHING)

        with app.progress.phase(f"Waiting until {app.site.label} answers as before."):
            return runs_again(
                app,
                "Not all is as it was before this command." if run.lost else "All is as it was before this command.",
                restart=run.request.restart and running,
                jobs=[job for each in run.packages for job in each.jobs],
                page_status=page if running and run.request.checked else None,
            )

    if run.request.checked and found.running:
        return Step(f"Fetching {run.health.url} as it is now.", [], fetch, undo)
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
    jobs = [*run.found.target.jobs, *(job for each in run.packages for job in each.jobs)]
    changed = live and run.found.running
    runs = f"Python {run.version}" if run.found.handler is not None else "as before that change"
    try:
        changes = run_pending(app, own=jobs, changed=changed, why=f"so that it runs {runs}")
    except UnknownOutcome as error:
        if run.request.checked is None:
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
    found, app, checked = run.found, run.found.app, run.request.checked
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
    folder = ntpath.dirname(started_path(handler.python_exe, home)) + "\\" if new else None
    run.health.check(run.content, Served(run.version, handler.kind, folder, run.log), run.touched or run.restarted)
    return []
