"""Credentials for an SCM site: a bearer token, or publishing credentials where the site allows them."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from azext_pythonapp.appservice.outcome import is_permanent
from azext_pythonapp.errors import AccessDenied, PythonAppError, Unreachable

TOKEN_SECONDS = 60.0
# az returns only tokens that are valid for five more minutes, so the last one stays usable when az returns no newer.
VALID_SECONDS = 240.0


class ScmCredentials(AuthBase):
    """Sign requests to one SCM host, with a bearer token first.

    scm_host: the only host that credentials are sent to; a request to another one is left unsigned.
    get_token: returns a bearer token without "Bearer ". Called again every minute: az takes 40 ms to find it in its
        cache, and returns only tokens that are valid for five more minutes.
    get_publishing_credentials: returns (user, password) when the SCM site allows basic authentication, else None.
        Called at most once, and only after the token was refused
        (docs/platform/kudu.md 6: with basicPublishingCredentialsPolicies/scm off, basic answers 401).
    clock: seconds, monotonic.

    Several threads can sign at the same time; they share one token.
    Signing raises AccessDenied when az has no token, and Unreachable when the network is the reason.
    """

    def __init__(
        self,
        scm_host: str,
        get_token: Callable[[], str],
        get_publishing_credentials: Callable[[], tuple[str, str] | None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._host = scm_host.lower()
        self._get_token = get_token
        self._get_publishing_credentials = get_publishing_credentials
        self._clock = clock
        self._token: tuple[float, str] | None = None
        self._renewed: str | None = None
        self._basic: str | None = None
        self._fell_back = False
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if (urlsplit(request.url or "").hostname or "").lower() == self._host:
            with self._lock:
                request.headers["Authorization"] = self._basic or f"Bearer {self._bearer_token()}"
        return request

    def _bearer_token(self) -> str:
        now = self._clock()
        if self._token is not None and now - self._token[0] < TOKEN_SECONDS:
            return self._token[1]
        try:
            self._token = now, self._get_token()
        except Exception as error:  # pylint: disable=broad-except  # az, MSAL and requests have no common base class
            if self._token is None or now - self._token[0] >= VALID_SECONDS:
                raise token_failure(error) from error
        return self._token[1]

    def fall_back(self, refused: str | None) -> bool:
        """Switch to the next credentials after a refusal; return whether to try again.

        First a token that is newer than the refused one, then publishing credentials.
        refused: the request's Authorization header; another thread may have switched since it was sent.
        """
        with self._lock:
            current = self._basic or (self._token and f"Bearer {self._token[1]}")
            return refused != current or self._switch()

    def _switch(self) -> bool:
        if self._basic is not None:
            return False
        refused, self._token = self._token, None
        if refused is not None and refused[1] != self._renewed:
            self._renewed = self._bearer_token()
            if self._renewed != refused[1]:
                return True
        if self._fell_back:
            return False
        try:
            pair = self._get_publishing_credentials()
        except PythonAppError:
            return False
        self._fell_back = True
        if pair is not None:
            self._basic = f"Basic {base64.b64encode(':'.join(pair).encode('utf-8')).decode('ascii')}"
        return pair is not None


def token_failure(error: Exception) -> PythonAppError:
    """Return the error when az has no token: Unreachable for a network error, else AccessDenied with az's message."""
    if isinstance(error, PythonAppError):
        return error
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (requests.RequestException, OSError)):
        failure = Unreachable(
            f"The sign-in service could not be reached: {reason}", "Check the network and the proxy settings."
        )
        failure.permanent = is_permanent(error)
        return failure
    advice = getattr(error, "recommendations", None)
    denied = AccessDenied(
        f"az has no access token: {reason}",
        " ".join(str(each) for each in advice) if advice else "Sign in again with `az login`.",
    )
    denied.signed_in = False
    return denied
