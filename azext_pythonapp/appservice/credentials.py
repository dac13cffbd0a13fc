"""What signs the requests to an SCM site: a bearer token, or publishing credentials where the site allows them."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from azext_pythonapp.appservice.outcome import is_hopeless
from azext_pythonapp.errors import AccessDenied, PythonAppError, Unreachable

TOKEN_SECONDS = 60.0
# az hands out no token that has not five minutes left, so one is good for a while although no newer can be had.
GOOD_SECONDS = 240.0


class ScmCredentials(AuthBase):
    """Signs requests to one SCM host, with a bearer token first.

    scm_host: the only host that ever gets a credential; a request to another one is left unsigned.
    get_token: returns a bearer token without "Bearer ". Asked again every minute: az takes 40 ms to find it in its
        cache, and hands out none that has not five minutes left.
    get_publishing_credentials: returns (user, password) when the site allows basic authentication on its SCM site,
        else None. Called at most once, and only after the token was refused
        (docs/platform/kudu.md 6: with basicPublishingCredentialsPolicies/scm off, basic answers 401).
    clock: seconds, monotonic.

    Signing raises AccessDenied when there is no token to be had, and Unreachable when the network is why.
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
        self._basic: HTTPBasicAuth | None = None
        self._fell_back = False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if (urlsplit(request.url or "").hostname or "").lower() != self._host:
            return request
        if self._basic is not None:
            self._basic(request)
            return request
        request.headers["Authorization"] = f"Bearer {self._bearer_token()}"
        return request

    def _bearer_token(self) -> str:
        now = self._clock()
        if self._token is not None and now - self._token[0] < TOKEN_SECONDS:
            return self._token[1]
        try:
            self._token = now, self._get_token()
        except Exception as error:  # pylint: disable=broad-except  # az, MSAL and requests have no common one
            if self._token is None or now - self._token[0] >= GOOD_SECONDS:
                raise token_failure(error) from error
        return self._token[1]

    def fall_back(self) -> bool:
        """Change the credentials after a refusal; returns whether another try makes sense.

        First to a token that is newer than the refused one, then to publishing credentials.
        """
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
        if pair is None:
            return False
        self._basic = HTTPBasicAuth(pair[0].encode("utf-8"), pair[1].encode("utf-8"))
        return True


def token_failure(error: Exception) -> PythonAppError:
    """What to raise when az has no token: Unreachable when the network is why, else AccessDenied with az's words."""
    if isinstance(error, PythonAppError):
        return error
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (requests.RequestException, OSError)):
        failure = Unreachable(
            f"The sign-in service could not be reached: {words}", "Check the network and the proxy settings."
        )
        failure.final = is_hopeless(error)
        return failure
    advice = getattr(error, "recommendations", None)
    return AccessDenied(
        f"az has no token for this: {words}",
        " ".join(str(each) for each in advice) if advice else "Sign in again with `az login`.",
    )
