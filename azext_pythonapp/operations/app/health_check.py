"""Check that the app answers after a change, on every instance; if it does not, its own log says why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.page import Page, fetch_page
from azext_pythonapp.errors import InvalidInput, PythonAppError, Refused, RemoteFailed
from azext_pythonapp.operations.app.health_wait import (
    Verdict,
    fetch_before,
    fetch_instance,
    judge_unchanged,
    wait_for_page,
)
from azext_pythonapp.operations.app.server_log import WSGI_LOG, ServerLog
from azext_pythonapp.webconfig.handlers import Kind, platform_attributes

DEFAULT_PATH = "/"
DEFAULT_SECONDS = 120.0
# How much longer than the handler itself this waits for the process that the handler starts.
AFTER_STARTUP_SECONDS = 60.0
LONGEST_SECONDS = 86400.0
MOST_AT_ONCE = 16
_WORST_FIRST = ("bad", "asBefore", "good", "notReached")
_NOT_MEANT = "If that page is not supposed to answer, name another with --health-path, or use --no-health-check."


@dataclass(frozen=True)
class HealthOptions:
    """The options about the health check.

    path: of the page, from "/". demanded: whether the user named it; a page that cannot be reached is a failure then.
    seconds: how long to wait for it; None for the default.
    """

    path: str = DEFAULT_PATH
    demanded: bool = False
    seconds: float | None = None

    @classmethod
    def from_options(cls, *, path: str | None, seconds: float | None) -> HealthOptions:
        """Read the command's options. Raises InvalidInput for values that are malformed."""
        if path is not None and not path.startswith("/"):
            raise InvalidInput(f"--health-path is '{path}'; it must be a path of the app that begins with '/'.")
        if seconds is not None and not 0 < seconds <= LONGEST_SECONDS:
            raise InvalidInput(
                f"--health-timeout is {seconds}; it must be a number of seconds above 0 and at most "
                f"{LONGEST_SECONDS:.0f}."
            )
        return cls(path or DEFAULT_PATH, path is not None, seconds)

    def patience(self, content: bytes) -> float:
        """Return the seconds to wait for the page. content: the web.config that will be in force."""
        if self.seconds is not None:
            return self.seconds
        limit = platform_attributes(content).get("startupTimeLimit", "").strip()
        return max(DEFAULT_SECONDS, min(int(limit[:9]), 3600) + AFTER_STARTUP_SECONDS if limit.isdecimal() else 0)


@dataclass(frozen=True)
class Served:
    """The process that should answer: named in errors, and told apart from the one before it.

    version: of the Python. kind: of its handler. folder: its full Windows path when the app ran another Python before,
    else None. log: of the app's server, from before the switch on.
    """

    version: str
    kind: Kind
    folder: str | None
    log: ServerLog

    def shows(self, page: Page) -> bool:
        """Return whether an error page certainly comes from the new Python: it names files of it."""
        return self.folder is not None and self.folder.lower() in page.text.lower()


class HealthCheck:
    """The app's page before and after a change.

    before: the page before the change; None until it was fetched. result: the keys httpStatus, httpStatusBefore and
    instances of docs/json-output.md. clock, sleep: seconds.
    """

    def __init__(
        self,
        app: App,
        options: HealthOptions,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._clock = clock
        self._sleep = sleep
        self._app = app
        self._options = options
        self.url = f"{app.page_address}{options.path}"
        self.before: Page | None = None
        self.result: dict[str, Any] = {"httpStatus": None, "httpStatusBefore": None, "instances": []}

    def require_running(self) -> None:
        """Raise Refused when the user named a page and the app is stopped. Called before any change."""
        if self._options.demanded:
            raise Refused(
                f"The {self._app.site.label} is stopped, so {self.url} cannot answer. Nothing was changed.",
                f"Start it (`az webapp start {self._app.site.arguments}`), or leave --health-path out.",
            )

    def fetch_before(self, content: bytes) -> None:
        """Fetch the page before anything is changed. content: the web.config that will be in force.

        Raises Refused when the user named the page and it cannot be reached from here.
        """
        page = fetch_before(self._fetch, self._options.patience(content), self._clock, self._sleep)
        self.before = page
        self.result["httpStatusBefore"] = page.status
        if page.not_reached and self._options.demanded:
            raise Refused(
                f"{self.url} of {self._app.site.label} cannot be checked: {page.not_reached}. Nothing was changed.",
                "Run the command where that page can be reached, or leave --health-path out.",
            )

    def check(self, content: bytes, served: Served, changed: bool = True) -> None:
        """Fetch the page of every instance after a change, until it is good.

        changed: whether anything was changed; if not, the page fetched before counts as the one after it.
        Raises RemoteFailed, with the instances, when one does not answer well, and when the user named the page and it
        cannot be reached. Says what could not be verified.
        """
        if self.before is None and not changed:
            self.fetch_before(content)
        ids = self._instances()
        if self.before is not None and not changed and len(ids) == 1:
            self._judge({ids[0]: judge_unchanged(self.before)}, served)
            return
        self._judge(self._ask(ids, content, served), served)

    def _ask(self, ids: Sequence[str | None], content: bytes, served: Served) -> dict[str | None, Verdict]:
        """Return the verdict on each instance's page."""
        seconds = self._options.patience(content)
        say_once = _Once(
            lambda page: self._app.progress.say(
                f"{self.url} {_answered(page)} so far; waiting up to {seconds:.0f} s for the restart."
            )
        )

        def wait(instance: str | None) -> Verdict:
            fetch = partial(fetch_instance, self._fetch, instance) if instance and len(ids) > 1 else self._fetch
            return wait_for_page(fetch, self.before, seconds, served.shows, say_once, self._clock, self._sleep)

        verdicts = dict(zip(ids, _all_at_once([partial(wait, one) for one in ids])))
        if len(ids) > 1 and any(verdict.outcome == "notReached" for verdict in verdicts.values()):
            present = self._instances()
            verdicts = {
                one: verdict for one, verdict in verdicts.items() if verdict.outcome != "notReached" or one in present
            } or verdicts
        return verdicts

    def _judge(self, verdicts: dict[str | None, Verdict], served: Served) -> None:
        worst = min(verdicts.values(), key=lambda verdict: _WORST_FIRST.index(verdict.outcome))
        self.result["httpStatus"] = worst.page.status
        known = self._app.site.affinity or len(verdicts) == 1
        self.result["instances"] = [
            {"id": one, "httpStatus": verdict.page.status if known else None}
            for one, verdict in verdicts.items()
            if one is not None
        ]
        if not known:
            self._app.progress.say(
                f"Warning: session affinity of {self._app.site.label} is off, so its "
                f"{len(verdicts)} instances could not be addressed one by one: the page was fetched "
                "that many times."
            )
        bad = [one for one, verdict in verdicts.items() if verdict.outcome == "bad"]
        if bad:
            raise self._failure(bad, verdicts, served)
        unreached = [one for one, verdict in verdicts.items() if verdict.outcome == "notReached"]
        if unreached and self._options.demanded:
            raise RemoteFailed(
                f"{self.url} of {self._app.site.label} could not be checked{_on(unreached, verdicts)}: "
                f"{verdicts[unreached[0]].page.not_reached}.",
                "Run the command where that page can be reached, or leave --health-path out.",
            )
        if unreached:
            self._say_not_verified(verdicts[unreached[0]].page, _on(unreached, verdicts))
        if worst.outcome == "asBefore":
            self._app.progress.say(
                f"Warning: {self.url} {_answered(worst.page)}, as it did before the change, so nothing is "
                f"put back: {worst.page.reason or 'no reason was given'}."
            )

    def _failure(self, bad: Sequence[str | None], verdicts: dict[str | None, Verdict], served: Served) -> RemoteFailed:
        page, label = verdicts[bad[0]].page, self._app.site.label
        before = "" if self.before is None or self.before.not_reached else f" Before, it {_answered(self.before)}."
        reason = " ".join(
            filter(None, (f"{(page.reason or 'no reason was given').rstrip('.')}.", served.log.explanation()))
        )
        advice = _NOT_MEANT if served.log.exists else f"{_how_to_log(self._app, served.kind)} {_NOT_MEANT}"
        return RemoteFailed(
            f"The {label} {_answered(page)} at {self.url}{_on(bad, verdicts)} with Python "
            f"{served.version}: {reason}{before}",
            advice,
        )

    def _say_not_verified(self, page: Page, where: str = "") -> None:
        self._app.progress.say(
            f"Warning: {self.url} of {self._app.site.label} was not verified{where}: {page.not_reached}."
        )

    def _fetch(self, seconds: float, instance: str | None = None) -> Page:
        return fetch_page(self._app.web, self.url, seconds, instance)

    def _instances(self) -> list[str | None]:
        """Return the ids of the app's instances; [None] when they cannot be listed."""
        try:
            found = list[str | None](self._app.arm.instances(self._app.site))
        except PythonAppError as error:
            self._app.progress.say(
                f"Warning: the instances of {self._app.site.label} could not be listed, so only one "
                f"of them is checked: {error.message}"
            )
            return [None]
        return found or [None]


class _Once:
    """Calls a function for the first page only, whichever thread it comes from."""

    def __init__(self, function: Callable[[Page], None]):
        self._function = function
        self._lock = threading.Lock()
        self._done = False

    def __call__(self, page: Page) -> None:
        with self._lock:
            first, self._done = not self._done, True
        if first:
            self._function(page)


def _all_at_once(functions: Sequence[Callable[[], Verdict]]) -> list[Verdict]:
    """Call the functions in threads that do not keep the process alive, and return what they return."""
    results: dict[int, Verdict] = {}
    failures: list[BaseException] = []
    turns = iter(list(enumerate(functions)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            try:
                results[turn[0]] = turn[1]()
            except BaseException as error:  # pylint: disable=broad-exception-caught
                failures.append(error)  # raised again below, in the command's own thread

    threads = [
        threading.Thread(target=work, name="instances", daemon=True) for _ in range(min(len(functions), MOST_AT_ONCE))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(functions))]


def _answered(page: Page) -> str:
    return f"answered {page.status}" if page.status is not None else "did not answer"


def _on(ids: Sequence[str | None], verdicts: dict[str | None, Verdict]) -> str:
    """Return the instances as text; "" for an app that has only one."""
    if len(verdicts) < 2:
        return ""
    named = ", ".join(str(one) for one in ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return f" on {len(ids)} of {len(verdicts)} instances ({named})"


def _how_to_log(app: App, kind: Kind) -> str:
    option = f"--env WSGI_LOG={WSGI_LOG}" if kind == "fastCgi" else r'--stdout-log "%HOME%\LogFiles\python"'
    return (
        f"web.config names no log with details. Turn it on: `az webapp python web-config set {app.site.arguments} "
        f"{option}`."
    )
