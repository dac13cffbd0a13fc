"""Fetch one page of an app like a visitor, and tell who answered: the app, IIS, the front end, or nobody."""

from __future__ import annotations

import copy
import html
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
from requests.cookies import RequestsCookieJar

from azext_pythonapp.appservice.outcome import never_sent

FETCH_SECONDS = 100.0
BODY_SECONDS = 10.0
MAX_BODY_BYTES = 65536
MAX_REDIRECTS = 10
# The front end routes a client with this cookie to the instance of that id (docs/platform/kudu.md 6).
AFFINITY_COOKIES = ("ARRAffinity", "ARRAffinitySameSite")
_FORBIDDEN_IP = "x-ms-forbidden-ip"
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_LINE = 300
# Text in the front end's pages (stopped, over quota, forbidden, unknown app), and the reason phrases of these answers
# (docs/platform/recordings/frontend).
_FRONT_END = re.compile(
    r"web app you have attempted to reach|this web app is stopped|web site not found", re.IGNORECASE
)
_FRONT_END_PHRASES = ("site disabled", "ip forbidden", "web forbidden", "quota exceeded")
_PLATFORM_500 = re.compile(
    r"http error 500\.0\b|detailed error - 500\.0\b|500 - the request timed out|the page "
    r"cannot be displayed because an internal server error has occurred",
    re.IGNORECASE,
)
# The page that IIS sends by itself for what it does not find (docs/platform/site-extensions.md 2.6).
_NOT_FOUND_BY_IIS = re.compile(
    r"404 - file or directory not found|http error 404\b|the resource you are looking for has been removed",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt)\b")


@dataclass(frozen=True)
class Page:
    """The result of a request for a page, after redirects on the same host.

    status: the HTTP status; None when nothing answered.
    reason: the page's error line, or why nothing answered.
    text: the lines of its text, from at most MAX_BODY_BYTES of the body; "" for a status below 400.
    elsewhere: the other host that a redirect names; None for any other answer.
    instance: the instance that answered, according to the front end; None when it did not say.
    not_reached: why the request never reached the app, so that the page says nothing about it; None when it did.
    """

    status: int | None
    reason: str
    text: str = ""
    elsewhere: str | None = None
    instance: str | None = None
    not_reached: str | None = None

    @property
    def is_success(self) -> bool:
        """Return whether it is 2xx, or 3xx on the same host."""
        return self.status is not None and self.status < 400 and self.elsewhere is None

    @property
    def is_transient(self) -> bool:
        """Return whether a running restart may cause it: no answer, a gateway error, or IIS's own 500.0.

        IIS also shows Python's stderr as a 500.0; an exception there is the app's own answer.
        """
        if self.not_reached is not None:
            return False
        if self.status is None or self.status in (502, 503, 504):
            return True
        return self.status == 500 and bool(_PLATFORM_500.search(self.text)) and not self.shows_exception

    @property
    def of_iis(self) -> bool:
        """Return whether IIS answered a 404 by itself, so that the request did not get to Python."""
        return self.status == 404 and bool(_NOT_FOUND_BY_IIS.search(self.text))

    @property
    def shows_exception(self) -> bool:
        """Return whether the page contains a Python traceback or exception."""
        return "Traceback (most recent call last)" in self.text or bool(_EXCEPTION.match(self.reason))


def fetch_page(
    session: requests.Session, url: str, seconds: float = FETCH_SECONDS, instance: str | None = None
) -> Page:
    """Fetch a page without credentials or cookies.

    url: absolute. seconds: for the whole request; after that the page has no status. instance: the id of the instance
    that is to answer. Redirects to another host, port or scheme are not followed.
    Never raises for errors of the app or the network.
    """
    fetch = _Fetch(_plain(session), url, seconds, instance)
    threading.Thread(target=fetch.run, name="page", daemon=True).start()
    return fetch.wait()


class _Fetch:
    """One page, fetched in its own thread, because the timeouts of requests do not limit a slowly trickling answer."""

    def __init__(self, session: requests.Session, url: str, seconds: float, instance: str | None):
        self._session = session
        self._url = url
        self._seconds = seconds
        self._cookie = "; ".join(f"{name}={instance}" for name in AFFINITY_COOKIES) if instance else None
        self._answered = threading.Event()
        self._stop_reading = threading.Event()
        self._read = threading.Event()
        self._response: requests.Response | None = None
        self._elsewhere: str | None = None
        self._error: Exception | None = None
        self._body = bytearray()

    def run(self) -> None:
        """Send the request and keep what arrives."""
        try:
            self._response = self._follow(self._url)
            self._answered.set()
            if self._response.status_code >= 400:
                for chunk in self._response.iter_content(4096):
                    self._body += chunk
                    if len(self._body) >= MAX_BODY_BYTES or self._stop_reading.is_set():
                        break
        except (OSError, ValueError, HTTPException) as error:  # requests' exceptions are OSErrors
            self._error = error
        finally:
            self._answered.set()
            self._read.set()
            if self._response is not None:
                self._response.close()

    def wait(self) -> Page:
        """Return the page, as far as it arrived in time."""
        in_time = self._answered.wait(self._seconds)
        if not in_time or isinstance(self._error, requests.exceptions.ReadTimeout) and self._response is None:
            return Page(None, f"there was no answer within {self._seconds:.0f} s")
        response = self._response
        if response is None:
            return _no_answer(self._error)
        if response.status_code >= 400:
            self._read.wait(min(BODY_SECONDS, self._seconds))
            self._stop_reading.set()
        text = _readable(response, bytes(self._body[:MAX_BODY_BYTES]).decode(_charset(response), "replace"))
        not_reached = _front_end_refusal(response, text)
        return Page(
            None if not_reached else response.status_code,
            error_line(text) or _phrase(response),
            text,
            self._elsewhere,
            _instance(response.headers),
            not_reached,
        )

    def _follow(self, url: str) -> requests.Response:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        for _ in range(MAX_REDIRECTS):
            response = self._session.get(
                url, timeout=self._seconds, headers=headers, auth=_no_credentials, allow_redirects=False, stream=True
            )
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            try:
                target = urljoin(url, _text_of(location))
                here, there = _origin(url), _origin(target)
            except ValueError:  # an invalid address
                return response
            if there != here:
                self._elsewhere = there[1] if there[1] != here[1] else None
                return response
            url = target
            response.close()
        return response


def page_text(markup: str) -> str:
    """Return the text of a page in lines, without scripts, styles and comments. Takes linear time."""
    pieces: list[str] = []
    position = 0
    while position < len(markup):
        start = markup.find("<", position)
        pieces.append(markup[position:] if start < 0 else markup[position:start])
        if start < 0:
            break
        position = _after_tag(markup, start)
    return _clean("\n".join(pieces), html.unescape)


def error_line(text: str) -> str:
    """Return the line that says what went wrong: the exception of a traceback, else the page's first line."""
    lines = [line[:_MAX_LINE] for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), lines[0] if lines else "")


def _readable(response: requests.Response, body: str) -> str:
    kind = response.headers.get("Content-Type", "")
    return page_text(body) if "html" in kind.lower() or body.lstrip()[:1] == "<" else _clean(body, str)


def _clean(text: str, decode: Callable[[str], str]) -> str:
    """Return the lines that are not empty, truncated, without control characters."""
    lines = (" ".join(decode(line[: 2 * _MAX_LINE]).split()) for line in text.splitlines())
    return "\n".join("".join(letter for letter in line if letter.isprintable()) for line in lines if line)


def _after_tag(markup: str, start: int) -> int:
    """Return the end of the tag, comment, script or style that starts at `start`."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start)
        return len(markup) if end < 0 else end + 3
    end = markup.find(">", start)
    if end < 0:
        return len(markup)
    hidden = re.match(r"<(script|style)\b", markup[start : start + 8], re.IGNORECASE)
    if hidden is None:
        return end + 1
    closing = re.compile(f"</{hidden[1]}", re.IGNORECASE).search(markup, end)
    if closing is None:
        return len(markup)
    end = markup.find(">", closing.end())
    return len(markup) if end < 0 else end + 1


def _plain(session: requests.Session) -> requests.Session:
    """Return a session with the same proxies and TLS settings that keeps no cookies, for use by one thread.

    It does not detect redirects either: requests reads a redirect's whole body even when it is not to follow it.
    """
    plain = copy.copy(session)
    plain.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    setattr(plain, "get_redirect_target", lambda response: None)
    return plain


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from looking up a password in .netrc."""
    return request


def _no_answer(error: Exception | None) -> Page:
    """Return the page for an exception of requests: the app did not answer, or this client could not send."""
    reason = " ".join(str(error or "no reason was given").split())[:_MAX_LINE]
    if isinstance(error, requests.exceptions.SSLError):
        return Page(None, reason, not_reached=f"its certificate is not trusted on this machine: {reason}")
    if isinstance(error, requests.exceptions.ProxyError) and never_sent(error):
        return Page(None, reason, not_reached=f"the proxy refused the request: {reason}")
    if never_sent(error):
        return Page(None, reason, not_reached=f"this machine could not connect to it: {reason}")
    return Page(None, reason)


def _front_end_refusal(response: requests.Response, text: str) -> str | None:
    """Return why the front end refused the request; None when the app answered."""
    if response.status_code not in (403, 404):
        return None
    address = response.headers.get(_FORBIDDEN_IP)
    if address is not None or (response.reason or "").lower() == "ip forbidden":
        named = _clean(address or "", str) or "Ip Forbidden"
        return f"the app's access restrictions block this client ({named})"
    if not _FRONT_END.search(text) and (response.reason or "").lower() not in _FRONT_END_PHRASES:
        return None
    if "blocked your access" in text:
        return "the app's access restrictions block this client"
    headline = next((line for line in text.splitlines() if line.startswith("Error 40")), error_line(text))
    said = headline.rstrip(".") or _phrase(response)
    return f"Azure's front end answered {response.status_code} in place of the app: {said}"


def _instance(headers: Mapping[str, str]) -> str | None:
    match = re.search(r"\bARRAffinity=([0-9A-Za-z]+)", headers.get("Set-Cookie", ""))
    return match[1] if match else None


def _phrase(response: requests.Response) -> str:
    return "".join(letter for letter in response.reason or "" if letter.isprintable())[:_MAX_LINE]


def _charset(response: requests.Response) -> str:
    """Return the encoding of a body: the named one if it is a text encoding of Python, else UTF-8."""
    name = response.encoding or "utf-8"
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return name if name.lower() != "iso-8859-1" else "utf-8"


def _text_of(header: str) -> str:
    """Return a header as text: http.client decodes it as Latin-1, but an unescaped path is usually UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), port
