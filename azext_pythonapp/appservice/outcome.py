"""The outcome of a request: was it received, and did the service itself answer?

Proxies, Azure's front end, the worker's HTTP.sys and ASP.NET stand between this machine and Kudu, and all of them
answer with status codes that Kudu uses too (docs/platform/kudu.md 1.4 and 6, docs/platform/recorded-traffic.md 1, 2).
So the status alone says little: Kudu's own errors are JSON, the others are web pages.
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
# HTTP.sys has both the title and the sentence; other front ends have one of the two.
_NO_WORKER = ("<title>service unavailable</title>", "the service is unavailable")
# ASP.NET's page for an application that failed to start: Kudu's own code has not run.
_NOT_STARTED = ("pre-application start initialization", "httpruntime.firstrequestinit")
# urllib3's exceptions for a connection that was never made; az has urllib3 only as a dependency of requests.
_NEVER_CONNECTED = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


class Outcome(Enum):
    """What is known about a request."""

    # The service itself answered; its answer is final.
    ANSWERED = "answered"
    # The service did not start processing it, so any request can be sent again.
    NOT_REACHED = "not reached"
    # The service may have received it and may still be processing it: only an idempotent request can be sent again.
    UNKNOWN = "unknown"


def of_response(status: int, content_type: str, text: str, seconds: float) -> Outcome:
    """Return the outcome of a request that an SCM site answered.

    text: the body, or its beginning. seconds: from the request to the answer.
    """
    page = is_web_page(content_type, text)
    lower = text.lower()
    if status == 429:
        return Outcome.NOT_REACHED
    if status == 408:
        return Outcome.UNKNOWN
    if status < 500:
        # What the front end answers in place of Kudu: "404 Web Site not found", "400 Invalid Hostname" (as a page),
        # and a 404 with an empty body. A 401 or 403 is final, whoever sends it.
        foreign = page and status in (400, 404, 405, 409, 410, 412) or status == 404 and not text.strip()
        return Outcome.NOT_REACHED if foreign else Outcome.ANSWERED
    if seconds >= FRONT_END_SECONDS or status in (502, 504) or _TIMED_OUT in lower:
        return Outcome.UNKNOWN
    if status == 503:
        return Outcome.NOT_REACHED if any(sign in lower for sign in _NO_WORKER) else Outcome.UNKNOWN
    if page and any(sign in lower for sign in _NOT_STARTED):
        return Outcome.NOT_REACHED
    return Outcome.UNKNOWN if page or not text.strip() else Outcome.ANSWERED


def of_error(error: Exception) -> Outcome:
    """Return the outcome of a request that ended with an exception of requests."""
    return Outcome.NOT_REACHED if never_sent(error) else Outcome.UNKNOWN


def never_sent(error: BaseException | None) -> bool:
    """Return whether an exception of requests, or of the layers below it, was raised before the request was sent.

    urllib3 also reports a proxy error when a connection through a proxy ends before the answer.
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
        # The proxy refused the tunnel or could not be reached; a connection that broke later does not count.
        original = getattr(reason, "original_error", None)
        return original is not None and not isinstance(original, (ConnectionError, TimeoutError))
    return is_certificate_error(error)


def is_permanent(error: BaseException | None) -> bool:
    """Return whether a retry would fail the same way: a proxy that refuses, a certificate that is not trusted."""
    if isinstance(error, Unreachable):
        return error.permanent
    if isinstance(error, requests.exceptions.ConnectionError) and not isinstance(
        error, (requests.exceptions.SSLError, requests.exceptions.ProxyError)
    ):
        return False
    return never_sent(error) and "Tunnel connection failed: 5" not in str(error)


def is_certificate_error(error: BaseException | None) -> bool:
    """Return whether the TLS handshake failed, so that no request was sent; not for a connection that broke later."""
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


def is_web_page(content_type: str, text: str) -> bool:
    """Return whether an answer is a web page; Kudu's APIs return one only as the content of an app's file."""
    return "html" in content_type.lower() or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def says_not_found(text: str) -> bool:
    """Return whether a 404 is Kudu's own "does not exist".

    Kudu also answers 404 when a file exists but cannot be read or deleted (`says_locked`).
    """
    body = parse_json(text)
    return isinstance(body, dict) and "Message" in body and not says_locked(text)


def says_locked(text: str) -> bool:
    """Return whether Kudu's own 404 means that a file exists but could not be used.

    The exception's type tells (docs/platform/kudu.md 3.2 and 3.4).
    """
    body = parse_json(text)
    kind = str(body.get("ExceptionType") or "") if isinstance(body, dict) and "Message" in body else ""
    return bool(kind) and kind.rsplit(".", 1)[-1] not in ("FileNotFoundException", "DirectoryNotFoundException")


def text_of(response: requests.Response) -> str:
    """Return the body as text. Kudu writes UTF-8; requests would guess the encoding where the header names none."""
    return response.content.decode("utf-8-sig", "replace")


def error_text(text: str, status: int) -> str:
    """Return the reason in an error answer, on one line: the JSON's message, a page's title, or the text's start."""
    body = parse_json(text)
    if isinstance(body, dict):
        text = str(body.get("ExceptionMessage") or body.get("Message") or body.get("message") or json.dumps(body))
    elif "<title>" in text.lower():
        start = text.lower().index("<title>") + len("<title>")
        text = text[start:].split("<", 1)[0]
    return " ".join(text.split())[:300] or f"HTTP {status}"


def is_json(text: str) -> bool:
    """Return whether a text is JSON, `null` included."""
    return text.strip() == "null" or parse_json(text) is not None


def parse_json(text: str) -> Any:
    """Return the JSON value of a text, None when it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
