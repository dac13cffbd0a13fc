"""Requests to one SCM site: sent, judged, repeated where that is safe, and never believed when somebody else answers.

`appservice/kudu.py` knows Kudu's interfaces; this module knows the way to Kudu.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.outcome import (
    Outcome,
    is_hopeless,
    is_json,
    is_page,
    message,
    of_error,
    of_response,
    says_held,
    says_not_found,
    text_of,
)
from azext_pythonapp.appservice.patience import TOTAL_SECONDS, Retry, Trouble, retry_after_seconds
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
# Where nothing answers at all, or a stranger does, waiting for long is of no use.
NO_CONNECTION_SECONDS = 60.0
STRANGER_SECONDS = 30.0
# A file that Kudu could not read or write for a moment, because its own first try or a virus scanner held it.
HELD_SECONDS = 10.0


@dataclass(frozen=True)
class _Try:
    """One request as it went. error: why there is no answer; seconds: how long it took."""

    outcome: Outcome
    response: requests.Response | None
    error: Exception | None
    seconds: float

    @property
    def reason(self) -> str:
        """What the trouble is, in a few words."""
        if self.response is None:
            told = isinstance(self.error, PythonAppError)
            return str(self.error).rstrip(".") if told else f"no answer ({type(self.error).__name__})"
        status = self.response.status_code
        return f"it answers {status} ({message(text_of(self.response), status)[:80]})"

    @property
    def retry_after(self) -> float | None:
        """The pause in seconds that the answer asks for."""
        return retry_after_seconds(self.response.headers.get("Retry-After")) if self.response is not None else None


@dataclass(frozen=True)
class Answered:
    """An answer of Kudu's own. lost: whether an earlier try of the same request may have been carried out."""

    response: requests.Response
    lost: bool

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code


class ScmSite:
    """One SCM site.

    session: its TLS settings and proxies are used as they are, its redirects never are.
    host: the one that Resource Manager named; credentials go to it and to no other.
    label: how errors name the app, such as "app 'shop' (slot 'staging')". trouble: who is told when it takes long.
    total: seconds for which a request is repeated; 0 for no second try.
    """

    def __init__(
        self,
        session: requests.Session,
        host: str,
        credentials: ScmCredentials,
        label: str,
        trouble: Trouble,
        total: float = TOTAL_SECONDS,
    ):
        self.base = f"https://{host}"
        self.label = label
        self.trouble = trouble
        self._session = session
        self._credentials = credentials
        self._host = host
        self._total = total

    def patient(self, seconds: float) -> ScmSite:
        """The same site, whose requests are repeated for at most so many seconds."""
        return ScmSite(self._session, self._host, self._credentials, self.label, self.trouble, seconds)

    def ask(
        self,
        method: str,
        url: str,
        what: str,
        *,
        accept: tuple[int, ...] = (),
        wants_json: bool = False,
        **options: Any,
    ) -> Answered:
        """A request that may be repeated: one that reads, or leaves the same when it is carried out twice.

        what: names the thing in errors, such as "site/wwwroot/web.config". accept: statuses of Kudu's own that are the
        caller's to judge. wants_json: take a body that is no JSON for one that was cut.
        Raises what `raise_for` raises; Unreachable and PlatformFailed when the time is up; UnknownOutcome instead of
        them when it changes something and may have been carried out.
        """
        retry, lost = Retry(self.trouble, self._total), False
        while True:
            attempt = self._try(method, url, READ_SECONDS, wants_json, options)
            lost = lost or attempt.outcome is Outcome.UNKNOWN
            if attempt.outcome is Outcome.ANSWERED and attempt.response is not None:
                if not (
                    self._is_held(attempt.response, method, lost) and retry.again(attempt.reason, total=HELD_SECONDS)
                ):
                    self.trouble.over()
                    return self._judged(attempt.response, what, accept, lost)
            elif is_hopeless(attempt.error) or not retry.again(attempt.reason, attempt.retry_after, _worth(attempt)):
                raise self._given_up(attempt, method, what, retry.seconds, lost)

    def act(
        self,
        method: str,
        url: str,
        timeout: float,
        what: str,
        *,
        accept: tuple[int, ...] = (),
        pause: Callable[[float], None] | None = None,
        **options: Any,
    ) -> requests.Response:
        """A request that must not be carried out twice: it is repeated only when it certainly did not reach Kudu.

        timeout: seconds. pause: passes the seconds between two tries; what it raises ends them.
        Raises UnknownOutcome when the request may have reached Kudu and its answer never came.
        """
        retry = Retry(self.trouble, self._total, pause)
        while True:
            attempt = self._try(method, url, timeout, False, options)
            if attempt.outcome is Outcome.UNKNOWN:
                raise self.cut(attempt.seconds) from attempt.error
            if attempt.outcome is Outcome.ANSWERED and attempt.response is not None:
                self.trouble.over()
                return self._judged(attempt.response, what, accept, False).response
            if is_hopeless(attempt.error) or not retry.again(attempt.reason, attempt.retry_after, _worth(attempt)):
                raise self._given_up(attempt, "GET", what, retry.seconds, False)

    def cut(self, seconds: float) -> UnknownOutcome:
        """The error of a request whose answer never came, after so many seconds."""
        return UnknownOutcome(
            f"The connection to the SCM site of {self.label} was cut after {seconds:.0f} s, before "
            "the answer came; it may still be running there.",
            "Look in a few minutes what is there, and run the command again.",
        )

    def unreachable(self, error: Exception | None) -> Unreachable:
        """The error of a request that nothing answered."""
        failure = Unreachable(
            f"The SCM site of {self.label} at {self.base} could not be reached: {error}",
            "Check the network, the proxy settings and that the app exists.",
        )
        failure.final = is_hopeless(error)
        return failure

    def raise_for(self, response: requests.Response, what: str) -> None:
        """Raise what an answer of Kudu's own other than 2xx means."""
        status, text = response.status_code, text_of(response) if response.status_code >= 300 else ""
        if status < 300:
            return
        if status == 404 and says_not_found(text):
            raise NotFound(f"{what} was not found on {self.label}.")
        if status == 404 and says_held(text):
            raise Conflict(f"{what} of {self.label} is there, but could not be used: {message(text, status)}")
        if status in (409, 412):
            raise Conflict(f"{what} of {self.label} could not be written: {message(text, status)}")
        if status == 401:
            raise AccessDenied(
                f"The SCM site of {self.label} refused the sign-in (401).",
                "You need the permission Microsoft.Web/sites/publish/Action on the app; sign in again with `az login`.",
            )
        if status == 403:
            raise AccessDenied(
                f"The SCM site of {self.label} refused access (403): {message(text, status)}",
                "Look at the app's state and quota, and at the access restrictions of its SCM site: "
                "`az webapp config access-restriction show`.",
            )
        raise PlatformFailed(f"The SCM site of {self.label} answered {status} for {what}: {message(text, status)}")

    def _try(self, method: str, url: str, timeout: float, wants_json: bool, options: dict[str, Any]) -> _Try:
        begun = self.trouble.clock()
        try:
            response = self._send(method, url, timeout=(CONNECT_SECONDS, timeout), **options)
        except requests.RequestException as error:
            return _Try(of_error(error), None, error, self.trouble.clock() - begun)
        except Unreachable as error:  # of the token
            return _Try(Outcome.NOT_REACHED, None, error, self.trouble.clock() - begun)
        seconds, status = self.trouble.clock() - begun, response.status_code
        if status >= 300:
            try:
                return _Try(
                    of_response(status, response.headers.get("Content-Type", ""), text_of(response), seconds),
                    response,
                    None,
                    seconds,
                )
            except requests.RequestException as error:  # the body of a stream
                return _Try(Outcome.UNKNOWN, None, error, seconds)
        text = text_of(response) if wants_json else ""
        if wants_json and not is_json(text) and not is_page(response.headers.get("Content-Type", ""), text):
            return _Try(Outcome.UNKNOWN, response, None, seconds)
        return _Try(Outcome.ANSWERED, response, None, seconds)

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send once; when the credentials are refused, again with the next ones that the site allows."""
        while True:
            response = self._session.request(method, url, auth=self._credentials, allow_redirects=False, **options)
            if response.status_code != 401 or not self._credentials.fall_back():
                return response

    def _is_held(self, response: requests.Response, method: str, lost: bool) -> bool:
        """Whether Kudu answers that something is held which it may have itself, or for a moment only."""
        status = response.status_code
        if method == "GET":
            return status == 404 and says_held(text_of(response))
        return lost and (status in (400, 409) or status == 404 and says_held(text_of(response)))

    def _judged(self, response: requests.Response, what: str, accept: tuple[int, ...], lost: bool) -> Answered:
        status = response.status_code
        if status < 300 and is_page(response.headers.get("Content-Type", ""), "") and not response.headers.get("ETag"):
            raise PlatformFailed(
                f"The SCM site of {self.label} answered with a web page instead of Kudu's data.",
                "Check that nothing between this machine and Azure signs in for you.",
            )
        if status not in accept:
            self.raise_for(response, what)
        return Answered(response, lost)

    def _given_up(self, attempt: _Try, method: str, what: str, seconds: float, lost: bool) -> PythonAppError:
        if lost and method != "GET":
            return UnknownOutcome(
                f"Whether {what} of {self.label} was changed is not known: {attempt.reason}, for {seconds:.0f} s.",
                "Run the command again; it looks first what is there.",
            )
        if attempt.response is not None:
            status = attempt.response.status_code
            return PlatformFailed(
                f"The SCM site of {self.label} answered {status} for {what}, for {seconds:.0f} s: "
                f"{message(text_of(attempt.response), status)}",
                "Try again in a few minutes; the SCM site may be starting or busy.",
            )
        if isinstance(attempt.error, PythonAppError):
            return attempt.error
        return self.unreachable(attempt.error)


def _worth(attempt: _Try) -> float | None:
    """For how many seconds such trouble is waited out; None for as long as any."""
    if attempt.response is None:
        return NO_CONNECTION_SECONDS if attempt.outcome is Outcome.NOT_REACHED else None
    return STRANGER_SECONDS if attempt.response.status_code < 429 else None
