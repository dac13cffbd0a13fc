"""What an answer, or the lack of one, tells about a request: did the service get it, and did it answer itself?

Between this machine and Kudu stand proxies, Azure's front end, HTTP.sys of the worker and ASP.NET, and all of them
answer with Kudu's status codes (docs/platform/kudu.md 1.4 and 6, docs/platform/recorded-traffic.md 1, 2). So the
status alone says little: Kudu's own errors are JSON, the others are web pages.
"""

from __future__ import annotations

import json
import ssl
from enum import Enum
from typing import Any

import requests

from azext_pythonapp.errors import Unreachable

# The front end gives up on a request after 230 s, with 500, 502 or 504 (docs/platform/recorded-traffic.md 1.1).
FRONT_END_SECONDS = 200.0
_TIMED_OUT = "the request timed out"
# HTTP.sys says it in a title of capitals and in a sentence; other front ends have one of the two.
_NO_WORKER = ("<title>service unavailable</title>", "the service is unavailable")
# ASP.NET's page of an application that could not begin: Kudu's own code has not run.
_NOT_BEGUN = ("pre-application start initialization", "httpruntime.firstrequestinit")
# urllib3's exceptions for a connection that was never made; az ships it only as a part of requests.
_NEVER_CONNECTED = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


class Outcome(Enum):
    """What is known of a request."""

    # The service itself answered: its word counts, whatever it is.
    ANSWERED = "answered"
    # The service did not begin with it, so it may be sent again, whatever it asks for.
    NOT_REACHED = "not reached"
    # The service may have it, and may still be working on it: only what can be repeated may be sent again.
    UNKNOWN = "unknown"


def of_response(status: int, content_type: str, text: str, seconds: float) -> Outcome:
    """What an SCM site's answer tells.

    text: the body, or its beginning. seconds: from the request to the answer.
    """
    page = is_page(content_type, text)
    lower = text.lower()
    if status == 429:
        return Outcome.NOT_REACHED
    if status == 408:
        return Outcome.UNKNOWN
    if status < 500:
        # What the front end says in the place of Kudu: "404 Web Site not found", "400 Invalid Hostname" (as a page),
        # and a 404 without a word. A refusal, 401 or 403, is one whoever says it.
        foreign = page and status in (400, 404, 405, 409, 410, 412) or status == 404 and not text.strip()
        return Outcome.NOT_REACHED if foreign else Outcome.ANSWERED
    if seconds >= FRONT_END_SECONDS or status in (502, 504) or _TIMED_OUT in lower:
        return Outcome.UNKNOWN
    if status == 503:
        return Outcome.NOT_REACHED if any(sign in lower for sign in _NO_WORKER) else Outcome.UNKNOWN
    if page and any(sign in lower for sign in _NOT_BEGUN):
        return Outcome.NOT_REACHED
    return Outcome.UNKNOWN if page or not text.strip() else Outcome.ANSWERED


def of_error(error: Exception) -> Outcome:
    """What an exception of requests tells: never UNKNOWN where the request certainly was not sent."""
    return Outcome.NOT_REACHED if never_sent(error) else Outcome.UNKNOWN


def never_sent(error: BaseException | None) -> bool:
    """Whether an exception of requests, or of what is below it, came before the request was sent.

    urllib3 also calls it the proxy's failure when a connection through a proxy ends before the answer.
    """
    if isinstance(
        error,
        (
            requests.exceptions.ConnectTimeout,
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidHeader,
        ),
    ):
        return True
    cause = error.args[0] if error is not None and error.args else None
    reason = getattr(cause, "reason", cause)
    if type(error).__name__ in _NEVER_CONNECTED or type(reason).__name__ in _NEVER_CONNECTED:
        return True
    if isinstance(error, requests.exceptions.ProxyError):
        # A tunnel that the proxy refused, or no way to it; not a connection that broke later.
        original = getattr(reason, "original_error", None)
        return original is not None and not isinstance(original, (ConnectionError, TimeoutError))
    return is_certificate_error(error)


def is_hopeless(error: BaseException | None) -> bool:
    """Whether another try would meet the very same: a proxy that refuses, a certificate that is not trusted."""
    if isinstance(error, Unreachable):
        return error.final
    if isinstance(error, requests.exceptions.ConnectionError) and not isinstance(
        error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)
    ):
        return False
    return never_sent(error) and "Tunnel connection failed: 5" not in str(error)


def is_certificate_error(error: BaseException | None) -> bool:
    """Whether TLS was not agreed on, which comes before any request; a TLS connection that broke is none."""
    if not isinstance(error, requests.exceptions.SSLError):
        return False
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    inner = reason.args[0] if isinstance(reason, Exception) and reason.args else reason
    if isinstance(inner, ssl.SSLCertVerificationError):
        return True
    text = str(error).upper()
    return any(
        sign in text
        for sign in (
            "CERTIFICATE_VERIFY_FAILED",
            "WRONG_VERSION_NUMBER",
            "HANDSHAKE_FAILURE",
            "UNSUPPORTED_PROTOCOL",
            "DOESN'T MATCH",
            "TLSV1_ALERT",
            "INVALID CA",
        )
    )


def is_page(content_type: str, text: str) -> bool:
    """Whether an answer is a web page, which none of Kudu's interfaces gives but for the app's own files."""
    return "html" in content_type.lower() or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def says_not_found(text: str) -> bool:
    """Whether a 404 is Kudu's own word that there is no such thing.

    Kudu answers 404 also when a file is there and cannot be read or deleted (`says_held`).
    """
    body = parsed(text)
    return isinstance(body, dict) and "Message" in body and not says_held(text)


def says_held(text: str) -> bool:
    """Whether a 404 of Kudu's own tells of an exception with something that is there: the exception's type says what
    happened (docs/platform/kudu.md 3.2 and 3.4)."""
    body = parsed(text)
    kind = str(body.get("ExceptionType") or "") if isinstance(body, dict) and "Message" in body else ""
    return bool(kind) and kind.rsplit(".", 1)[-1] not in ("FileNotFoundException", "DirectoryNotFoundException")


def text_of(response: requests.Response) -> str:
    """The body as text. Kudu writes UTF-8; requests guesses the encoding of JSON where the header names none."""
    return response.content.decode("utf-8-sig", "replace")


def message(text: str, status: int) -> str:
    """The reason in an error answer, on one line: the JSON's own message, a page's title, or the start of the text."""
    body = parsed(text)
    if isinstance(body, dict):
        text = str(body.get("ExceptionMessage") or body.get("Message") or body.get("message") or json.dumps(body))
    elif "<title>" in text.lower():
        begin = text.lower().index("<title>") + len("<title>")
        text = text[begin:].split("<", 1)[0]
    return " ".join(text.split())[:300] or f"HTTP {status}"


def is_json(text: str) -> bool:
    """Whether a text is JSON, also `null`."""
    return text.strip() == "null" or parsed(text) is not None


def parsed(text: str) -> Any:
    """The JSON of a text, None for any other."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
