"""Requests to one SCM site: sent, checked, and retried where that is safe; answers of anything but Kudu are rejected.

`appservice/kudu.py` knows Kudu's APIs; this module knows how to get a request to Kudu and its answer back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.outcome import (
    Outcome,
    error_text,
    is_json,
    is_permanent,
    is_web_page,
    of_error,
    of_response,
    parse_json,
    says_locked,
    says_not_found,
    text_of,
)
from azext_pythonapp.appservice.retry import TOTAL_SECONDS, Outage, Retry, retry_after_seconds
from azext_pythonapp.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    PlatformFailed,
    PythonAppError,
    UnknownOutcome,
    Unreachable,
)

CONNECT_SECONDS = 30
READ_SECONDS = 120
# Where nothing answers at all, or something other than Kudu, a long wait is of no use.
NO_CONNECTION_SECONDS = 60.0
NOT_KUDU_SECONDS = 30.0
# How long a locked file is retried: our own first try or a virus scanner may hold it for a moment.
LOCKED_SECONDS = 10.0


@dataclass(frozen=True)
class _Attempt:
    """One try of a request. error: why there is no answer; seconds: how long it took."""

    outcome: Outcome
    response: requests.Response | None
    error: Exception | None
    seconds: float

    @property
    def reason(self) -> str:
        """Return what went wrong, in a few words."""
        if self.response is None:
            ours = isinstance(self.error, PythonAppError)
            return str(self.error).rstrip(".") if ours else f"no answer ({type(self.error).__name__})"
        status = self.response.status_code
        return f"it answers {status} ({error_text(text_of(self.response), status)[:80]})"

    @property
    def retry_after(self) -> float | None:
        """Return the pause in seconds that the answer asks for."""
        return retry_after_seconds(self.response.headers.get("Retry-After")) if self.response is not None else None

    @property
    def retry_limit(self) -> float | None:
        """Return for how many seconds such an error is retried; None for the full time."""
        if self.response is None:
            return NO_CONNECTION_SECONDS if self.outcome is Outcome.NOT_REACHED else None
        return NOT_KUDU_SECONDS if self.response.status_code < 429 else None


@dataclass(frozen=True)
class KuduAnswer:
    """An answer of Kudu's own. after_unknown: whether an earlier try of the same request may have been processed."""

    response: requests.Response
    after_unknown: bool

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self.response.status_code


class ScmRequests:
    """Sends requests to one SCM site.

    session: its TLS settings and proxies are used as they are; redirects are never followed.
    host: as Resource Manager returned it; credentials are sent to it and to no other.
    label: the app's name in errors, such as "app 'shop' (slot 'staging')". outage: tells the user of a long wait.
    total: seconds for which a request is retried; 0 for no retry.
    """

    def __init__(
        self,
        session: requests.Session,
        host: str,
        credentials: ScmCredentials,
        label: str,
        outage: Outage,
        total: float = TOTAL_SECONDS,
    ):
        self.base = f"https://{host}"
        self.label = label
        self.outage = outage
        self._session = session
        self._credentials = credentials
        self._host = host
        self._total = total

    def retrying_for(self, seconds: float) -> ScmRequests:
        """Return the same site, whose requests are retried for at most so many seconds."""
        return ScmRequests(self._session, self._host, self._credentials, self.label, self.outage, seconds)

    def close(self) -> None:
        """Close the connections that are open."""
        self._session.close()

    def send_idempotent(
        self,
        method: str,
        url: str,
        subject: str,
        *,
        accept: tuple[int, ...] = (),
        wants_json: bool = False,
        **options: Any,
    ) -> KuduAnswer:
        """Send a request that may be sent twice: one that reads, or that has the same effect when repeated.

        subject: the thing that errors name, such as "site/wwwroot/web.config". accept: statuses of Kudu's own that the
        caller handles. wants_json: treat a body that is not JSON as one that was cut.
        Raises what `raise_for_status` raises; Unreachable and PlatformFailed when the time is up; UnknownOutcome
        instead of them when the request changes something and may have been processed.
        """
        retry, after_unknown = Retry(self.outage, self._total), False
        while True:
            attempt = self._try(method, url, READ_SECONDS, wants_json, options)
            after_unknown = after_unknown or attempt.outcome is Outcome.UNKNOWN
            if attempt.outcome is Outcome.ANSWERED and attempt.response is not None:
                if not (
                    self._is_locked(attempt.response, method, after_unknown)
                    and retry.again(attempt.reason, limit=LOCKED_SECONDS)
                ):
                    self.outage.over()
                    return self._checked(attempt.response, subject, accept, after_unknown)
            elif is_permanent(attempt.error) or not retry.again(
                attempt.reason, attempt.retry_after, attempt.retry_limit
            ):
                raise self._final_error(attempt, method, subject, retry.seconds, after_unknown)

    def send_once(
        self,
        method: str,
        url: str,
        timeout: float,
        subject: str,
        *,
        accept: tuple[int, ...] = (),
        sleep: Callable[[float], None] | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request that must not be processed twice: it is retried only when it certainly did not reach Kudu.

        timeout: seconds. sleep: waits between two tries; an exception from it ends them.
        Raises UnknownOutcome when the request may have reached Kudu and its answer never came.
        """
        retry = Retry(self.outage, self._total, sleep)
        while True:
            attempt = self._try(method, url, timeout, False, options)
            if attempt.outcome is Outcome.UNKNOWN:
                raise self.unknown_outcome(attempt.seconds) from attempt.error
            if attempt.outcome is Outcome.ANSWERED and attempt.response is not None:
                self.outage.over()
                return self._checked(attempt.response, subject, accept, False).response
            if is_permanent(attempt.error) or not retry.again(attempt.reason, attempt.retry_after, attempt.retry_limit):
                raise self._final_error(attempt, "GET", subject, retry.seconds, False)

    def get_json(self, url: str, subject: str, **options: Any) -> Any:
        """Return the JSON of an answer. subject: what is asked for, for messages."""
        answer = self.send_idempotent("GET", url, subject, wants_json=True, **options)
        return parse_json(text_of(answer.response))

    def get_rows(self, url: str, subject: str, **options: Any) -> list[dict[str, Any]]:
        """Return the JSON of an answer that is a list of objects.

        Raises PlatformFailed for anything else: an unreadable list is not an empty one.
        """
        rows = self.get_json(url, subject, **options)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.not_kudu(subject)
        return rows

    def not_kudu(self, subject: str) -> PlatformFailed:
        """Return the error for JSON that is not what Kudu returns."""
        return PlatformFailed(
            f"The SCM site of {self.label} answered for {subject} with something that Kudu does not send.",
            "Try again; check that no proxy answers in its place.",
        )

    def unknown_outcome(self, seconds: float) -> UnknownOutcome:
        """Return the error for a request whose answer never came. seconds: how long it took."""
        return UnknownOutcome(
            f"The connection to the SCM site of {self.label} was cut after {seconds:.0f} s, before "
            "the answer came; the request may still be running there.",
            "Check the state in a few minutes, then run the command again.",
        )

    def unreachable(self, error: Exception | None) -> Unreachable:
        """Return the error for a request that nothing answered."""
        failure = Unreachable(
            f"The SCM site of {self.label} at {self.base} could not be reached: {error}",
            "Check the network, the proxy settings and that the app exists.",
        )
        failure.permanent = is_permanent(error)
        return failure

    def raise_for_status(self, response: requests.Response, subject: str) -> None:
        """Raise the error that Kudu's own answer stands for, unless it is a 2xx."""
        status, text = response.status_code, text_of(response) if response.status_code >= 300 else ""
        if status < 300:
            return
        if status == 404 and says_not_found(text):
            raise NotFound(f"{subject} was not found on {self.label}.")
        if status == 404 and says_locked(text):
            raise Conflict(f"{subject} of {self.label} exists, but could not be used: {error_text(text, status)}")
        if status in (409, 412):
            raise Conflict(f"{subject} of {self.label} could not be written: {error_text(text, status)}")
        if status == 401:
            raise AccessDenied(
                f"The SCM site of {self.label} refused the sign-in (401).",
                "You need the permission Microsoft.Web/sites/publish/Action on the app; sign in again with `az login`.",
            )
        if status == 403:
            raise AccessDenied(
                f"The SCM site of {self.label} refused access (403): {error_text(text, status)}",
                "Check the app's state and quota, and the access restrictions of its SCM site: "
                "`az webapp config access-restriction show`.",
            )
        raise PlatformFailed(
            f"The SCM site of {self.label} answered {status} for {subject}: {error_text(text, status)}"
        )

    def _try(self, method: str, url: str, timeout: float, wants_json: bool, options: dict[str, Any]) -> _Attempt:
        started = self.outage.clock()
        try:
            response = self._send(method, url, timeout=(CONNECT_SECONDS, timeout), **options)
        except requests.RequestException as error:
            return _Attempt(of_error(error), None, error, self.outage.clock() - started)
        except Unreachable as error:  # while getting a token
            return _Attempt(Outcome.NOT_REACHED, None, error, self.outage.clock() - started)
        seconds, status = self.outage.clock() - started, response.status_code
        if status >= 300:
            try:
                return _Attempt(
                    of_response(status, response.headers.get("Content-Type", ""), text_of(response), seconds),
                    response,
                    None,
                    seconds,
                )
            except requests.RequestException as error:  # reading the body of a stream
                return _Attempt(Outcome.UNKNOWN, None, error, seconds)
        text = text_of(response) if wants_json else ""
        if wants_json and not is_json(text) and not is_web_page(response.headers.get("Content-Type", ""), text):
            return _Attempt(Outcome.UNKNOWN, response, None, seconds)
        return _Attempt(Outcome.ANSWERED, response, None, seconds)

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send once; when the credentials are refused, again with the next ones that the site allows."""
        while True:
            response = self._session.request(method, url, auth=self._credentials, allow_redirects=False, **options)
            if response.status_code != 401:
                return response
            if not self._credentials.fall_back(response.request.headers.get("Authorization")):
                return response

    def _is_locked(self, response: requests.Response, method: str, after_unknown: bool) -> bool:
        """Return whether Kudu reports a file as locked that Kudu itself, or a scanner, may hold for a moment."""
        status = response.status_code
        if method == "GET":
            return status == 404 and says_locked(text_of(response))
        return after_unknown and (status in (400, 409) or status == 404 and says_locked(text_of(response)))

    def _checked(
        self, response: requests.Response, subject: str, accept: tuple[int, ...], after_unknown: bool
    ) -> KuduAnswer:
        status, kind = response.status_code, response.headers.get("Content-Type", "")
        if status < 300 and is_web_page(kind, "") and not response.headers.get("ETag"):
            raise PlatformFailed(
                f"The SCM site of {self.label} answered with a web page instead of Kudu's data.",
                "Check that no proxy or sign-in page answers in its place.",
            )
        if status not in accept:
            self.raise_for_status(response, subject)
        return KuduAnswer(response, after_unknown)

    def _final_error(
        self, attempt: _Attempt, method: str, subject: str, seconds: float, after_unknown: bool
    ) -> PythonAppError:
        if after_unknown and method != "GET":
            return UnknownOutcome(
                f"Whether {subject} of {self.label} was changed is not known: {attempt.reason}, for {seconds:.0f} s.",
                "Run the command again; it first checks the current state.",
            )
        if attempt.response is not None:
            status = attempt.response.status_code
            return PlatformFailed(
                f"The SCM site of {self.label} answered {status} for {subject}, for {seconds:.0f} s: "
                f"{error_text(text_of(attempt.response), status)}",
                "Try again in a few minutes; the SCM site may be starting or busy.",
            )
        if isinstance(attempt.error, PythonAppError):
            return attempt.error
        return self.unreachable(attempt.error)
