"""One page of an app, as a visitor gets it, and who it was that answered: the app, IIS, the front end, or nobody."""

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
LARGEST_BODY = 65536
MOST_REDIRECTS = 10
# The front end sends a client that has it to the instance of that id (docs/platform/kudu.md 6).
AFFINITY_COOKIES = ("ARRAffinity", "ARRAffinitySameSite")
_FORBIDDEN_IP = "x-ms-forbidden-ip"
_REDIRECTS = (301, 302, 303, 307, 308)
_LONGEST_LINE = 300
# The sentence that the front end's pages of stopped, over quota, forbidden and unknown share, and the reason phrases
# that it sends with them (docs/platform/recordings/frontend).
_FRONT_END = re.compile(
    r"web app you have attempted to reach|this web app is stopped|web site not found", re.IGNORECASE
)
_FRONT_END_PHRASES = ("site disabled", "ip forbidden", "web forbidden", "quota exceeded")
_PLATFORM_500 = re.compile(
    r"http error 500\.0\b|detailed error - 500\.0\b|500 - the request timed out|the page "
    r"cannot be displayed because an internal server error has occurred",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt)\b")


@dataclass(frozen=True)
class Page:
    """What a request for a page led to, same-host redirects followed.

    status: the HTTP status; None when nothing answered.
    reason: the telling line of the page, or why nothing answered.
    text: the lines of its text, at most LARGEST_BODY bytes of the body; "" for a status below 400.
    elsewhere: the other host that a redirect names; None for any other answer.
    instance: the instance that the front end says has answered; None when it did not say.
    not_reached: why this page tells nothing about the app, which the request never reached; None when it did.
    """

    status: int | None
    reason: str
    text: str = ""
    elsewhere: str | None = None
    instance: str | None = None
    not_reached: str | None = None

    @property
    def fine(self) -> bool:
        """Whether it is good whatever was there before: 2xx, or 3xx on the same host."""
        return self.status is not None and self.status < 400 and self.elsewhere is None

    @property
    def passing(self) -> bool:
        """Whether a restart that goes on may answer so: nothing, a gateway's error, or IIS's own 500.0.

        IIS also shows as 500.0 what Python wrote to stderr; an exception there is the app's own answer.
        """
        if self.not_reached is not None:
            return False
        if self.status is None or self.status in (502, 503, 504):
            return True
        return self.status == 500 and bool(_PLATFORM_500.search(self.text)) and not self.shows_exception

    @property
    def shows_exception(self) -> bool:
        """Whether the page is or holds a Python traceback."""
        return "Traceback (most recent call last)" in self.text or bool(_EXCEPTION.match(self.reason))


def fetch_page(
    session: requests.Session, url: str, seconds: float = FETCH_SECONDS, instance: str | None = None
) -> Page:
    """Get a page without credentials or cookies.

    url: absolute. seconds: for everything; past them the page has no status. instance: the id of the one to ask.
    Redirects to another host, port or scheme are not followed. Never raises for what the app or the network does.
    """
    fetch = _Fetch(_plain(session), url, seconds, instance)
    threading.Thread(target=fetch.run, name="page", daemon=True).start()
    return fetch.wait()


class _Fetch:
    """One page, got in a thread of its own, because no time-out of requests limits an answer that trickles."""

    def __init__(self, session: requests.Session, url: str, seconds: float, instance: str | None):
        self._session = session
        self._url = url
        self._seconds = seconds
        self._cookie = "; ".join(f"{name}={instance}" for name in AFFINITY_COOKIES) if instance else None
        self._answered = threading.Event()
        self._enough = threading.Event()
        self._read = threading.Event()
        self._response: requests.Response | None = None
        self._elsewhere: str | None = None
        self._error: Exception | None = None
        self._body = bytearray()

    def run(self) -> None:
        """Ask; what comes is kept as it comes."""
        try:
            self._response = self._follow(self._url)
            self._answered.set()
            if self._response.status_code >= 400:
                for piece in self._response.iter_content(4096):
                    self._body += piece
                    if len(self._body) >= LARGEST_BODY or self._enough.is_set():
                        break
        except (OSError, ValueError, HTTPException) as error:  # requests' exceptions are OSErrors
            self._error = error
        finally:
            self._answered.set()
            self._read.set()
            if self._response is not None:
                self._response.close()

    def wait(self) -> Page:
        """The page, as far as it came in time."""
        in_time = self._answered.wait(self._seconds)
        if not in_time or isinstance(self._error, requests.exceptions.ReadTimeout) and self._response is None:
            return Page(None, f"there was no answer within {self._seconds:.0f} s")
        response = self._response
        if response is None:
            return _no_answer(self._error)
        if response.status_code >= 400:
            self._read.wait(min(BODY_SECONDS, self._seconds))
            self._enough.set()
        text = _readable(response, bytes(self._body[:LARGEST_BODY]).decode(_charset(response), "replace"))
        unreached = _front_end_refusal(response, text)
        return Page(
            None if unreached else response.status_code,
            telling_line(text) or _phrase(response),
            text,
            self._elsewhere,
            _instance(response.headers),
            unreached,
        )

    def _follow(self, url: str) -> requests.Response:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        for _ in range(MOST_REDIRECTS):
            response = self._session.get(
                url, timeout=self._seconds, headers=headers, auth=_no_credentials, allow_redirects=False, stream=True
            )
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            try:
                target = urljoin(url, _text_of(location))
                here, there = _origin(url), _origin(target)
            except ValueError:  # no address at all
                return response
            if there != here:
                self._elsewhere = there[1] if there[1] != here[1] else None
                return response
            url = target
            response.close()
        return response


def page_text(markup: str) -> str:
    """The text of a page, a line per piece, without what stands in scripts, styles and comments. Takes linear time."""
    pieces: list[str] = []
    position = 0
    while position < len(markup):
        start = markup.find("<", position)
        pieces.append(markup[position:] if start < 0 else markup[position:start])
        if start < 0:
            break
        position = _after_tag(markup, start)
    return _clean("\n".join(pieces), html.unescape)


def telling_line(text: str) -> str:
    """The line that a person would read first: of a traceback the exception, else the page's first one."""
    lines = [line[:_LONGEST_LINE] for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), lines[0] if lines else "")


def _readable(response: requests.Response, body: str) -> str:
    kind = response.headers.get("Content-Type", "")
    return page_text(body) if "html" in kind.lower() or body.lstrip()[:1] == "<" else _clean(body, str)


def _clean(text: str, decode: Callable[[str], str]) -> str:
    """The lines that hold something, cut where they are long, with nothing that a terminal would obey."""
    lines = (" ".join(decode(line[: 2 * _LONGEST_LINE]).split()) for line in text.splitlines())
    return "\n".join("".join(letter for letter in line if letter.isprintable()) for line in lines if line)


def _after_tag(markup: str, start: int) -> int:
    """Where the text goes on after the tag, comment, script or style that begins at `start`."""
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
    """A session with the same proxies and TLS settings that keeps no cookies, for use by one thread.

    It sees no redirects either, because requests reads the whole body of one even where it is not to follow it.
    """
    plain = copy.copy(session)
    plain.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    setattr(plain, "get_redirect_target", lambda response: None)
    return plain


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from looking a password up in .netrc."""
    return request


def _no_answer(error: Exception | None) -> Page:
    """What an exception of requests means: the app's failure to answer, or this client's failure to ask."""
    reason = " ".join(str(error or "no reason was given").split())[:_LONGEST_LINE]
    if isinstance(error, requests.exceptions.SSLError):
        return Page(None, reason, not_reached=f"its certificate was not accepted here: {reason}")
    if isinstance(error, requests.exceptions.ProxyError) and never_sent(error):
        return Page(None, reason, not_reached=f"the proxy did not let the request through: {reason}")
    if never_sent(error):
        return Page(None, reason, not_reached=f"it could not be connected to from here: {reason}")
    return Page(None, reason)


def _front_end_refusal(response: requests.Response, text: str) -> str | None:
    """Why the front end did not let the request through to the app; None when it did."""
    if response.status_code not in (403, 404):
        return None
    address = response.headers.get(_FORBIDDEN_IP)
    if address is not None or (response.reason or "").lower() == "ip forbidden":
        named = _clean(address or "", str) or "Ip Forbidden"
        return f"the app's access restrictions do not let this client through ({named})"
    if not _FRONT_END.search(text) and (response.reason or "").lower() not in _FRONT_END_PHRASES:
        return None
    if "blocked your access" in text:
        return "the app's access restrictions do not let this client through"
    headline = next((line for line in text.splitlines() if line.startswith("Error 40")), telling_line(text))
    said = headline.rstrip(".") or _phrase(response)
    return f"Azure's front end answers {response.status_code} in the app's place: {said}"


def _instance(headers: Mapping[str, str]) -> str | None:
    match = re.search(r"\bARRAffinity=([0-9A-Za-z]+)", headers.get("Set-Cookie", ""))
    return match[1] if match else None


def _phrase(response: requests.Response) -> str:
    return "".join(letter for letter in response.reason or "" if letter.isprintable())[:_LONGEST_LINE]


def _charset(response: requests.Response) -> str:
    """The encoding to read a body in: the named one if Python knows it for text, else UTF-8."""
    name = response.encoding or "utf-8"
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return name if name.lower() != "iso-8859-1" else "utf-8"


def _text_of(header: str) -> str:
    """A header as text: http.client reads the bytes as Latin-1, and a path that is not escaped is UTF-8 mostly."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), port
