"""Check that the app answers after a change, on every instance; if it does not, its own log says why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from azext_pythonapp.operations.app.observe import Part
from azext_pythonapp.operations.app.server_log import WSGI_LOG, ServerLog
from azext_pythonapp.webconfig.handlers import Kind, platform_attributes

DEFAULT_PATH = "/"
DEFAULT_SECONDS = 120.0
# How much longer than the handler itself this waits for the process that the handler starts.
AFTER_STARTUP_SECONDS = 60.0
LONGEST_SECONDS = 86400.0
# How long to wait for the page of an app that runs again what it ran before.
PUT_BACK_SECONDS = 120.0
MOST_AT_ONCE = 16
_WORST_FIRST = ("bad", "asBefore", "good", "notReached")
_NOT_MEANT = "If that page is not supposed to answer, name another with --health-path, or use --no-health-check."
_SLOW = "If the app takes longer than that to start, give it more time with --health-timeout."


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
                f"--health-timeout is {seconds}; it must be above 0 and at most {LONGEST_SECONDS:.0f} seconds."
            )
        return cls(path or DEFAULT_PATH, path is not None, seconds)

    def of_app(self, app: App) -> HealthOptions:
        """Return the same with the app's own `healthCheckPath`, unless the user named a path.

        It is in `config/web`, which is requested once; where the caller's role may not read that, the path stays.
        """
        if self.demanded:
            return self
        try:
            return replace(self, path=app.arm.configuration(app.site).health_check_path or self.path)
        except PythonAppError:
            return self

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
    else None. log: of the app's server, from before the switch on; None where nothing is changed.
    """

    version: str
    kind: Kind
    folder: str | None
    log: ServerLog | None

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
        self._verdicts: dict[str | None, Verdict] = {}
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

        changed: whether anything was changed; if not, each page is fetched once, and the one fetched before counts.
        Raises RemoteFailed, with the instances, when one does not answer well, and when the user named the page and it
        cannot be reached. Says what could not be verified.
        """
        if changed:
            self._judge(self._ask(self._instances(), self._options.patience(content), served.shows), served)
        else:
            self._judge(self._as_it_is(content), served, changed=False)

    def put_back_status(self, content: bytes) -> int | str | None:
        """Fetch the page after what the app ran before was put back.

        Return its status when it is good, a sentence when the app answered anything else, None when it was not reached.
        content: the web.config that is in force again. Takes at most PUT_BACK_SECONDS, and raises nothing of Azure's.
        """
        seconds = min(self._options.patience(content), PUT_BACK_SECONDS)
        verdicts = self._ask(self._instances(), seconds, lambda page: False)
        worst = min(verdicts.values(), key=lambda verdict: _WORST_FIRST.index(verdict.outcome))
        if worst.outcome in ("bad", "asBefore"):
            again = ", as before the change" if worst.outcome == "asBefore" else ""
            same = [one for one, verdict in verdicts.items() if verdict.outcome == worst.outcome]
            return (
                f"After that, {self.url} {_answered(worst.page)}{_on(same, verdicts)}{again}. "
                f"See why: `az webapp python show {self._app.site.arguments} --check`."
            )
        good = all(verdict.outcome == "good" for verdict in verdicts.values())
        return worst.page.status if good else None

    def _as_it_is(self, content: bytes) -> dict[str | None, Verdict]:
        """Return the verdict on each instance's page, fetched once, of an app that was not changed."""
        listing = Part("instances", self._instances)
        if self.before is None:
            self.fetch_before(content)
        assert self.before is not None
        ids = listing.get()
        if len(ids) == 1:
            return {ids[0]: judge_unchanged(self.before)}
        seconds = self._options.patience(content)

        def look(instance: str | None) -> Verdict:
            fetch = partial(fetch_instance, self._fetch, instance) if instance else self._fetch
            return judge_unchanged(fetch_before(fetch, seconds, self._clock, self._sleep))

        return dict(zip(ids, _all_at_once([partial(look, one) for one in ids])))

    def _ask(
        self, ids: Sequence[str | None], seconds: float, is_new: Callable[[Page], bool]
    ) -> dict[str | None, Verdict]:
        """Return the verdict on each instance's page. is_new: as for wait_for_page."""
        say_once = _Once(
            lambda page: self._app.progress.say(
                f"{self.url} {_answered(page)} so far; waiting up to {seconds:.0f} s for the restart."
            )
        )

        def wait(instance: str | None) -> Verdict:
            fetch = partial(fetch_instance, self._fetch, instance) if instance and len(ids) > 1 else self._fetch
            return wait_for_page(fetch, self.before, seconds, is_new, say_once, self._clock, self._sleep)

        verdicts = dict(zip(ids, _all_at_once([partial(wait, one) for one in ids])))
        if len(ids) > 1 and any(verdict.outcome == "notReached" for verdict in verdicts.values()):
            present = self._instances()
            verdicts = {
                one: verdict for one, verdict in verdicts.items() if verdict.outcome != "notReached" or one in present
            } or verdicts
        return verdicts

    def _judge(self, verdicts: dict[str | None, Verdict], served: Served, changed: bool = True) -> None:
        worst = min(verdicts.values(), key=lambda verdict: _WORST_FIRST.index(verdict.outcome))
        self._verdicts = verdicts
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
            why = f"{(worst.page.reason or 'no reason was given').rstrip('.')}."
            self._app.progress.say(
                f"Warning: {self.url} {_answered(worst.page)}, as it did before the change, so nothing is "
                f"put back: {why}"
                if changed
                else f"Warning: {self.url} {_answered(worst.page)}: {why} Nothing was changed."
            )

    @property
    def good(self) -> bool:
        """Return whether pages were fetched after the change, and every one that was reached was good."""
        reached = [verdict.outcome for verdict in self._verdicts.values() if verdict.outcome != "notReached"]
        return bool(reached) and set(reached) == {"good"}

    @property
    def sentence(self) -> str | None:
        """Return what the page answers now, for the last lines; None when it was not checked."""
        if not self._verdicts:
            return None
        unreached = [one for one, verdict in self._verdicts.items() if verdict.outcome == "notReached"]
        reached = [verdict for verdict in self._verdicts.values() if verdict.outcome != "notReached"]
        if not reached:
            page = next(iter(self._verdicts.values())).page
            return f"{self.url} was not verified: {(page.not_reached or '').rstrip('.')}."
        worst = min(reached, key=lambda verdict: _WORST_FIRST.index(verdict.outcome))
        where = _on_how_many(len(reached), len(self._verdicts), self._app.site.affinity)
        rest = f"; not verified{_on(unreached, self._verdicts)}" if unreached else ""
        return f"{self.url} {_answers(worst.page)}{where}{rest}."

    def _failure(self, bad: Sequence[str | None], verdicts: dict[str | None, Verdict], served: Served) -> RemoteFailed:
        page = verdicts[bad[0]].page
        before = "" if self.before is None or self.before.not_reached else f" ({_status(self.before)} before)"
        logged = served.log.explanation() if served.log is not None else None
        # The page's own exception is certain; in the log the same one has its place, and another may be of elsewhere.
        by_page = page.reason if page.shows_exception and not (logged and page.reason in logged) else None
        why = f": {page.reason.rstrip('.')}." if page.reason and (by_page or logged is None) else "."
        why += f" {logged.rstrip('.')}." if logged is not None and by_page is None else ""
        place = served.log.where(logged is None) if served.log is not None else None
        advice = []
        if page.status is not None and page.status < 500:
            advice.append(_NOT_MEANT)
        elif page.is_transient and logged is None:
            advice.append(_SLOW)
        advice.append(place or _how_to_log(self._app, served.kind))
        return RemoteFailed(
            f"With Python {served.version}, {self.url} {_answered(page)}{_on(bad, verdicts)}{before}{why}",
            " ".join(advice),
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


def _status(page: Page) -> str:
    return str(page.status) if page.status is not None else "no answer"


def _answers(page: Page) -> str:
    """Return what a page that was not put back answers, in the present tense."""
    if page.status is None:
        return "does not answer, as before"
    if page.is_success:
        return f"answers {page.status}"
    if page.elsewhere is not None:
        return f"answers {page.status} to {page.elsewhere}, as before"
    who = "" if page.status >= 500 else ", from IIS itself" if page.of_iis else ", from the app itself"
    return f"answers {page.status}{who}, as before"


def _on_how_many(number: int, of: int, told_apart: bool) -> str:
    if of < 2:
        return ""
    if not told_apart:
        return f" each of {of} times; its instances cannot be asked one by one"
    if number == of == 2:
        return " on both instances"
    return f" on all {of} instances" if number == of else f" on {number} of {of} instances"


def _on(ids: Sequence[str | None], verdicts: dict[str | None, Verdict]) -> str:
    """Return the instances as text; "" for an app that has only one."""
    if len(verdicts) < 2:
        return ""
    named = ", ".join(str(one) for one in ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return f" on {len(ids)} of {len(verdicts)} instances ({named})"


def _how_to_log(app: App, kind: Kind) -> str:
    option = f"--env WSGI_LOG={WSGI_LOG}" if kind == "fastCgi" else r'--stdout-log "%HOME%\LogFiles\python"'
    return f"web.config names no log. Turn one on: `az webapp python web-config set {app.site.arguments} {option}`."
