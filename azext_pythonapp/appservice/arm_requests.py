"""Requests to Azure Resource Manager: sent through az's pipeline, retried where that is safe, read page by page.

Requests go through the pipeline of azure-mgmt-web's client (authentication, az's headers and TLS settings) with bodies
of our own, because the generated methods cannot install or delete a site extension
(docs/platform/az-extension.md 4.2 and 4.3), and because a slot is then just a longer resource id. The pipeline's own
retries are off: a retry must know that a 409 or 404 can be the answer to its own first try
(docs/platform/recorded-traffic.md 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from azext_pythonapp.appservice.outcome import error_text, is_web_page
from azext_pythonapp.appservice.retry import Outage, Retry, seconds_of
from azext_pythonapp.errors import AccessDenied, Conflict, NotFound, PlatformFailed, UnknownOutcome, Unreachable

API_VERSION = "2023-12-01"
# Resource Manager could not reach App Service or Kudu properly: whether a change was started is not known.
UNCERTAIN_STATUSES = (408, 500, 502, 503, 504)
# A 500 is more often App Service's verdict than a transient error.
SERVER_ERROR_SECONDS = 10.0
NO_CONNECTION_SECONDS = 60.0
# "Cannot acquire exclusive lock to create, update or delete this site" is App Service's own 429
# (docs/platform/recordings/arm/error_429_exclusive_lock.json); the others count requests.
_LOCKED = "exclusive lock"
_THROTTLED = (_LOCKED, "toomanyrequests", "too many requests", "throttl")
# Headers of Resource Graph's answers.
_QUOTA_LEFT, _QUOTA_RESETS = "x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"
# No list has more pages.
MAX_PAGES = 100


@dataclass(frozen=True)
class ArmAnswer:
    """status: the HTTP status; body: parsed JSON, None when empty or not JSON; text: the body as text.

    retry_after: the pause in seconds that it asks for, None when it asks for none. headers: those whose names begin
    with x-ms-, by their names in lower case.
    """

    status: int
    body: Any
    text: str
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def asked_pause(self) -> float | None:
        """Return the pause in seconds before the next request; None when it asks for none.

        Resource Graph says when its quota begins anew (docs/platform/resource-manager.md 3.2).
        """
        return self.retry_after if self.retry_after is not None else seconds_of(self.headers.get(_QUOTA_RESETS, ""))

    @property
    def quota_used_up(self) -> bool:
        """Return whether the next query of Resource Graph would be refused."""
        return self.headers.get(_QUOTA_LEFT, "").strip() == "0"

    @property
    def is_foreign(self) -> bool:
        """Return whether something else answered: a web page, or a body that is not JSON, perhaps a truncated one."""
        return self.body is None and bool(self.text.strip()) and (self.status < 300 or is_web_page("", self.text))

    @property
    def is_throttled(self) -> bool:
        """Return whether it says that the request was not started and can be sent again later."""
        text = self.text.lower()
        return self.status == 429 and (self.retry_after is not None or any(sign in text for sign in _THROTTLED))

    @property
    def is_locked_site(self) -> bool:
        """Return whether it is App Service's own 429: another change of the same site goes on."""
        return self.status == 429 and _LOCKED in self.text.lower()

    def error_text(self, default: str | None = None) -> str:
        """Return the reason in an error answer, on one line. default: for an answer that gives none.

        Resource Manager's `error.message`, App Service's `Message`, or Kudu's `ExceptionMessage`, beside which
        `Message` is only "An error has occurred." (docs/platform/recorded-traffic.md 3.1); the start of any other text.
        """
        if isinstance(self.body, dict):
            error = self.body.get("error")
            places = [self.body, error if isinstance(error, dict) else {}]
            keys = ("ExceptionMessage", "exceptionMessage", "message", "Message")
            text = next((place[key] for key in keys for place in reversed(places) if place.get(key)), None)
            if text:
                return " ".join(str(text).split())[:300]
        return default if default and self.body is not None else error_text(self.text, self.status)

    def raise_for_status(self, subject: str) -> None:
        """Raise the error that a status other than 2xx stands for. subject: what was asked for."""
        if self.status < 300:
            return
        reason = self.error_text()
        if self.status == 404 and not self.is_foreign:
            raise NotFound(f"Azure did not find {subject}: {reason}")
        if self.status in (401, 403):
            raise AccessDenied(
                f"Azure refused access to {subject} ({self.status}): {reason}",
                "Ask for the role Website Contributor on the app, or sign in again with `az login`.",
            )
        if self.status == 409:
            raise Conflict(f"Azure is busy with {subject}: {reason}", "Try again in a minute.")
        raise PlatformFailed(f"Azure answered {self.status} for {subject}: {reason}")


class ArmRequests:
    """Sends requests to Resource Manager.

    send: takes (method, url without query, query parameters, JSON body or None, whether the answer is secret and must
        not be logged), sends it once and returns an ArmAnswer; raises Unreachable when the request was not sent,
        UnknownOutcome when its answer never came, and AccessDenied when there is no token.
    endpoint: the cloud's Resource Manager address. outage: tells the user when requests take long.
    """

    def __init__(
        self,
        send: Callable[[str, str, dict[str, str], Any, bool], ArmAnswer],
        endpoint: str,
        outage: Outage | None = None,
    ):
        self._send = send
        self._endpoint = endpoint.rstrip("/")
        self.outage = outage or Outage("Azure Resource Manager")

    def call(
        self,
        method: str,
        resource_id: str,
        body: Any = None,
        *,
        secret: bool = False,
        query: Mapping[str, str] | None = None,
        accept_in_progress: bool = False,
        only_reads: bool = False,
    ) -> ArmAnswer:
        """Send a request and return its answer; the caller checks the status.

        A request that only reads is retried for up to four minutes on transient errors. One that changes something is
        retried only when it was not started, as a 429 says; its 500, 502, 503 and 504 are returned.
        secret: keep the answer out of `az --debug`. query: parameters in addition to the api-version.
        accept_in_progress: return a 429 that does not ask to come back later: the same change is already in progress.
        only_reads: for a POST that changes nothing, such as a query.
        Raises Unreachable, PlatformFailed for an answer that is not Resource Manager's, and UnknownOutcome when the
        answer to a change never came.
        """
        reads = only_reads or method == "GET" or resource_id.endswith("/list")
        retry = Retry(self.outage)
        while True:
            try:
                answer = self._send(
                    method, self._endpoint + resource_id, {"api-version": API_VERSION, **(query or {})}, body, secret
                )
            except Unreachable as error:
                if error.permanent or not retry.again("no answer", limit=NO_CONNECTION_SECONDS):
                    raise
                continue
            except UnknownOutcome as error:
                if not reads:
                    raise
                if not retry.again("its answer was cut"):
                    raise Unreachable(error.message, error.recommendation) from error
                continue
            if not self._should_retry(answer, retry, reads, accept_in_progress):
                return answer

    def _should_retry(self, answer: ArmAnswer, retry: Retry, reads: bool, accept_in_progress: bool) -> bool:
        """Return, after a pause, whether to try again; raises PlatformFailed when a foreign answer is the last one."""
        reason = f"it answers {answer.status} ({answer.error_text()[:80]})"
        if answer.status == 429 and (answer.is_throttled or not accept_in_progress):
            return retry.again(reason, answer.asked_pause)
        if answer.is_foreign:
            if reads and retry.again(reason, limit=NO_CONNECTION_SECONDS):
                return True
            raise PlatformFailed(
                f"Azure Resource Manager answered {answer.status} with something that it does not send itself: "
                f"{answer.error_text()}",
                "Check that no proxy or sign-in page answers in its place.",
            )
        if reads and answer.status in UNCERTAIN_STATUSES:
            return retry.again(reason, answer.retry_after, SERVER_ERROR_SECONDS if answer.status == 500 else None)
        self.outage.over()
        return False

    def rows(self, resource_id: str, subject: str) -> list[dict[str, Any]]:
        """Return a whole list, with all its pages. subject: what was asked for, for messages.

        Raises PlatformFailed also for an answer that is not a list: an unreadable list is not an empty one.
        """
        return [row for page in self.pages(resource_id, subject) for row in page]

    def pages(self, resource_id: str, subject: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a list, each when it is wanted. Parameters and errors are those of `rows`."""
        query: Mapping[str, str] | None = {}
        for _ in range(MAX_PAGES):
            answer = self.call("GET", resource_id, query=query)
            answer.raise_for_status(subject)
            has_value = isinstance(answer.body, dict) and "value" in answer.body
            value = (answer.body["value"] or []) if has_value else answer.body
            value = [row for row in value if row is not None] if isinstance(value, list) else None
            if value is None or not all(isinstance(row, dict) for row in value):
                raise PlatformFailed(
                    f"Azure did not return {subject}: the answer is not a list.", "Try again in a minute."
                )
            yield value
            link = answer.body.get("nextLink") if isinstance(answer.body, dict) else None
            if not link:
                return
            query = self._next_page(link, resource_id)
            if query is None:
                break
        raise PlatformFailed(f"Azure did not return all of {subject}.", "Try again in a minute.")

    def _next_page(self, link: Any, resource_id: str) -> Mapping[str, str] | None:
        """Return the query of a list's next page; None for an address that is not the same list at Resource Manager."""
        own = urlsplit(self._endpoint + resource_id)
        try:
            other = urlsplit(str(link))
            same = (other.hostname, other.port or 443) == (own.hostname, own.port or 443)
        except ValueError:
            return None
        if not same or other.path.rstrip("/").lower() != own.path.rstrip("/").lower() or other.scheme != own.scheme:
            return None
        return dict(parse_qsl(other.query, keep_blank_values=True))
