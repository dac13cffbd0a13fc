"""What `rollback` was asked for, and what has happened so far while its steps run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from azext_pythonapp.appservice.page import Page
from azext_pythonapp.operations.app.health_check import HealthCheck, HealthOptions
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.server_log import ServerLog
from azext_pythonapp.operations.environment.standing import environment_python
from azext_pythonapp.operations.files.exchange import Exchange
from azext_pythonapp.operations.package.restore_set import package_set
from azext_pythonapp.operations.rollback.environment import EnvironmentReturn, base_in
from azext_pythonapp.operations.rollback.files import FileReturn
from azext_pythonapp.operations.rollback.found import Found
from azext_pythonapp.operations.rollback.packages import PackageReturn
from azext_pythonapp.operations.web_config.conflict import python_version
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.windows import same_path

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


class Run:
    """What has happened so far.

    record: of this command, while it changes something. pythons: on the app, as far as is known. health: the page,
    before and after. verification: what the import check said, by the keys of docs/json-output.md. sent: whether
    published files were put back, also when that was undone. tried: whether that was tried. lost: whether something
    could not be undone. compares_page: whether the page is fetched before anything is changed. goes_on: whether a
    rollback is gone on with that was interrupted, whose page before is known.
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
        self.environment = self._environment()
        self.health = HealthCheck(app, (request.health or HealthOptions()).of_app(app))
        self.log: ServerLog | None = None
        self.restarted = False
        self.sent = self.tried = self.lost = False
        self.compares_page = self.goes_on = False
        self.verification: dict[str, Any] = {"pythonVersion": None, "importOk": None}

    def recording(self) -> OpenChange:
        """Return the record of this command."""
        assert self.record is not None
        return self.record

    def _environment(self) -> EnvironmentReturn | None:
        """Return the environment that is built anew; None where that is not needed."""
        found, request = self.found, self.request
        if found.environment is None or not found.environment.built:
            return None
        places = {"index_url": request.index_url, "extra_index_urls": request.extra_index_urls}
        return EnvironmentReturn(found.app, found.seen, found.environment, self._base, self.recording, places)

    def _base(self) -> InstalledRuntime | None:
        """Return the runtime that the environment of then stands on; None while it is not on the app."""
        found = self.found.environment
        then = found.then if found is not None else None
        return base_in(self.pythons, then, self.found.app.kudu.home()) if then is not None else None

    def fetch_before(self) -> int | None:
        """Fetch the page before anything is changed, where it is compared; return its status, None for none.

        The app may run what an interrupted rollback has begun already: then the page before that one counts, if it is
        known. Raises what HealthCheck.fetch_before raises.
        """
        if not self.compares_page:
            return None
        cut, health, app = self.found.target.interrupted, self.health, self.found.app
        if cut is not None and cut.page_before is not None:
            self.goes_on = True
            health.before, health.result["httpStatusBefore"] = Page(cut.page_before, ""), cut.page_before
        else:
            with app.progress.phase(f"Fetching {health.url} as it is now."):
                health.fetch_before(self.content)
        return health.before.status if health.before is not None else None

    @property
    def jobs(self) -> list[str]:
        """Return the ids of the jobs that this command has started."""
        built = self.environment.job if self.environment is not None else None
        return [*(job for each in self.packages for job in each.jobs), *filter(None, [built])]

    @property
    def only_switches(self) -> bool:
        """Return whether nothing but web.config decides what the app runs: IIS ends its processes for that alone."""
        found = self.found
        used = any(each.used or each.found.absent for each in self.packages)
        return found.switches_environment and not (used or found.missing or self.exchanges)

    @property
    def goes_back_at_once(self) -> bool:
        """Return whether the app only goes back to an environment as it was: its page is asked then, and no import."""
        found, environment = self.found, self.found.environment
        kept = environment is not None and environment.there and None not in (environment.now, environment.then)
        return kept and self.only_switches and found.running and self.checked is not None

    @property
    def checked(self) -> HealthOptions | None:
        """Return how the page is checked; None for not at all: without a restart nothing else may be running yet."""
        health = self.request.health
        return health if health and (self.request.restart or self.only_switches or health.demanded) else None

    @property
    def content(self) -> bytes:
        """Return the web.config that the app is to have; one that says nothing where that starts no Python."""
        wanted = self.found.wanted_config
        return NOTHING if wanted is None or self.found.handler is None else wanted

    @property
    def python(self) -> InstalledRuntime | None:
        """Return the Python that the app is to run; None for none, and for one that is not on the app."""
        path, home = self.found.python_exe, self.found.app.kudu.home()
        environment = self.found.environment
        if environment is not None and environment.then is not None and environment.letter is not None:
            base = self._base()
            of_it = environment_python(self.found.app, environment.letter, base) if base is not None else None
            return replace(of_it, in_use=True) if of_it is not None else None
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
