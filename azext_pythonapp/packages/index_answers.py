"""What the log of a failed pip says about its indexes: which could not be reached, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name as canonical

# The lines of jobs/runner/index_requests.py.
_NOT_REACHED = re.compile(r"Not reached: (?P<url>\S+): (?P<reason>.*)")
_ANSWERED = re.compile(r"Answered with HTTP (?P<status>\d{3})\b.*?: (?P<url>\S+)$")
_NOTHING_ASKED = "No index was asked."
_NO_INDEX = re.compile(r"pip (?:install|wheel|download|list) .*--no-index\b")
# pip's own lines. Only the last retry means that an index was not reached; an earlier one may have been followed by
# success.
_LAST_RETRY = re.compile(
    r"Retrying \(Retry\(total=0,.*after connection broken by '(?P<reason>.*)': (?P<url>/\S*)", re.DOTALL
)
_CERTIFICATE = re.compile(
    r"Could not fetch URL (?P<url>\S+): There was a problem confirming the ssl certificate: (?P<reason>.*?)"
    r"(?: - skipping)?$"
)
_NOT_TRUSTED = re.compile(r"(?:The repository located at )?(?<!\S)(?P<url>\S+) is not a trusted or secure host")
_SIGN_IN = re.compile(r"(?P<status>401) Error, Credentials not correct for (?P<url>\S+)")
_STATUS = re.compile(r"Could not fetch URL (?P<url>\S+): (?P<status>[45]\d\d) (?:Client|Server) Error")
_NO_PAGE = re.compile(
    r"Skipping page (?P<url>\S+) because the \S+ request got (?P<reason>Content-Type: [^\s,;]*[^\s,;.])", re.IGNORECASE
)
_READING = re.compile(
    r"(?:ReadTimeoutError|ConnectTimeoutError|ProtocolError|IncompleteRead|ChunkedEncodingError|ConnectionError): "
    r"(?P<reason>.*)"
)
# What the reasons of requests mean; the numbers are those of Windows, which translates its messages.
_MEANINGS = (
    (r"SSL module is not available", "python"),
    (r"check_hostname requires server_hostname|dependencies for SOCKS|proxy scheme|Proxy URL had no scheme", "scheme"),
    (
        r"getaddrinfo|NameResolution|Errno 1100[1-4]\b|Name or service not known|name resolution|No address assoc"
        r"|failed to lookup address|os error 1100[1-4]\b",
        "name",
    ),
    (r"Tunnel connection failed|tunnel error|ProxyError|Cannot connect to proxy|407 Proxy", "proxy"),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|doesn't match|Hostname mismatch|self.signed"
        r"|invalid peer certificate",
        "certificate",
    ),
    (r"\[?SSL|TLS|received corrupt message|WRONG_VERSION_NUMBER|EOF occurred in violation", "tls"),
    (r"10061|Connection refused|actively refused", "refused"),
    (r"timed? ?out|10060|TimeoutError", "time"),
    (r"10013|10051|10065|unreachable|No route|Permission denied|forbidden by its access", "network"),
    (r"1005[34]|reset by peer|aborted|closed connection|Connection broken|IncompleteRead|without response", "cut"),
)
_TEXTS = {
    "name": "the name {host} cannot be resolved",
    "refused": "{host} refused the connection",
    "time": "{host} did not answer in time",
    "proxy": "the proxy did not pass it on",
    "scheme": "pip cannot use the address of the proxy",
    "python": "this Python has no ssl module, without which there is no https",
    "network": "the worker's network does not let it through",
    "cut": "the connection was cut",
}
_ADVICE = {
    "name": "Check the index's address. For a private index: the app must be in its network (VNet integration), and "
    "its private DNS zone linked to that.",
    "certificate": "For an index with a certificate of its own put the CA's file on the app: "
    '`az webapp python install-requirements --pip-args="--cert FILE"`.',
    "tls": "Check the index's address (https or http, and the port) and that the server takes a TLS version of "
    "this Python; a newer Python has newer ones.",
    "proxy": "Check --proxy, its credentials, and what the proxy lets through.",
    "scheme": "Write the address of the proxy with http:// at its beginning, in --proxy or in the app setting "
    "HTTPS_PROXY: that is how the proxy itself is reached, whatever is fetched through it.",
    "python": "The runtime is not complete: install it again with `az webapp python install`.",
    "busy": "The index limits how much one address may ask for: run the command again later.",
    "http": "Check the index's address and credentials, and that it lets in the app's outbound addresses.",
    "server": "The index itself has a fault: run the command again later.",
    "trust": 'pip takes packages over plain http only with `--pip-args="--trusted-host {host}"`; better is the '
    "index's https address.",
    "address": "Check the index's address; most end in /simple.",
    "": "Check the index's address, and that the app can reach it (its network, firewall and private DNS).",
}


@dataclass(frozen=True)
class Unreached:
    """A request that brought no page. url: of the page, credentials masked. kind: a key of _ADVICE. said: why."""

    url: str
    kind: str
    said: str
    status: int | None = None

    @property
    def index(self) -> str:
        """Return the index's address: that of the page without the package's name."""
        address = self.url.rstrip("/")
        return address.rpartition("/")[0] if self.url.endswith("/") and "/" in address.partition("://")[2] else address

    @property
    def name(self) -> str:
        """Return the package's name, canonical."""
        return canonical(self.url.rstrip("/").rpartition("/")[2])

    @property
    def is_file(self) -> bool:
        """Return whether a file of a package was requested, rather than a page."""
        return re.search(r"\.(?:whl|zip|tgz|tar\.\w+)(?:[?#]|$)", self.url) is not None

    @property
    def sentence(self) -> str:
        """Return what was not reached, and why."""
        if self.is_file:
            return f"{self.url} could not be downloaded by the worker: {self.said}."
        named = self.index if "/" not in self.index[:1] else f"whose path is {self.index}"
        return f"The index {named or 'in use'} could not be reached from the worker: {self.said}."

    @property
    def advice(self) -> str:
        """Return what to do about it."""
        return _ADVICE.get(self.kind, _ADVICE[""]).format(host=_host(self.url))


class IndexAnswers:
    """The answers of indexes in a log.

    unreached: requests without an answer of use. missing: the indexes that have no page of a package, by its
    canonical name.
    no_index: whether pip asked no index at all.
    """

    def __init__(self) -> None:
        self.unreached: list[Unreached] = []
        self.missing: dict[str, list[str]] = {}
        self.no_index = False

    def take(self, line: str) -> None:
        """Read the next line."""
        self.no_index = self.no_index or line.startswith(_NOTHING_ASKED) or _NO_INDEX.match(line) is not None
        answered = _ANSWERED.match(line) or _SIGN_IN.search(line) or _STATUS.search(line)
        if answered:
            self._take_status(answered["url"], int(answered["status"]))
            return
        for pattern in (_NOT_REACHED, _CERTIFICATE, _LAST_RETRY):
            found = pattern.search(line)
            if found:
                self._add(unreached(found["url"], found["reason"]))
                return
        found = _NO_PAGE.search(line)
        if found:
            self._add(
                Unreached(found["url"], "address", f"it answers with {found['reason']}, which is no list of files")
            )
        found = _NOT_TRUSTED.search(line)
        if found:
            host = found["url"]
            self._add(Unreached(host, "trust", "pip does not ask it, because it has no TLS"))

    def _take_status(self, url: str, status: int) -> None:
        if status not in (404, 410):
            kind = status_kind(status)
            wants = {401: ", it does not accept these credentials" if "@" in url else ", it asks for credentials"}
            said = f"it answers HTTP {status}{wants.get(status, '')}"
            self._add(Unreached(url, kind, said, status))
        elif url.endswith("/"):
            page = Unreached(url, "address", "", status)
            own = next((name for name, indexes in self.missing.items() if url.rstrip("/") in indexes), None)
            if own is None:
                self.missing.setdefault(page.name, []).append(page.index)
            else:  # the index's own page, which the runner looks at when there is none for the package
                self._add(
                    Unreached(f"{url}{own}/", "address", f"it answers HTTP {status}, for its own address and for {own}")
                )

    def _add(self, found: Unreached) -> None:
        if found.index.startswith("/") and any(each.index.endswith(found.index) for each in self.unreached):
            return
        # A page of which only the path is known gives way to the same one with its address.
        self.unreached = [each for each in self.unreached if not found.url.endswith(each.url)] + [found]

    def failure(self, name: str | None) -> Unreached | None:
        """Return the request that kept pip from a package; None when all indexes answered. name: None for any."""
        if not self.unreached:
            return None
        own = [each for each in self.unreached if name is not None and each.name == canonical(name)]
        return own[-1] if own else None if name is not None and canonical(name) in self.missing else self.unreached[-1]


def status_kind(status: int) -> str:
    """Return the key of the advice for a status of HTTP."""
    return "server" if status >= 500 else "proxy" if status == 407 else "busy" if status in (408, 429) else "http"


def reading_failure(raised: str | None) -> Unreached | None:
    """Return the broken download that an exception of pip is about; None for another exception."""
    found = _READING.search(raised or "")
    if found is None:
        return None
    host = re.search(r"host='([^']+)'", found["reason"])
    return unreached(f"https://{host[1]}" if host else "", found["reason"])


def unreached(url: str, reason: str) -> Unreached:
    """Return a request that brought nothing. reason: why, in the words of the program that sent it."""
    status = re.search(r"too many (5\d\d|4\d\d) error responses", reason)
    if status:
        return Unreached(url, "server", f"it answers HTTP {status[1]}", int(status[1]))
    kind = next((kind for pattern, kind in _MEANINGS if re.search(pattern, reason, re.IGNORECASE)), "")
    text, own = _TEXTS.get(kind, ""), _innermost(reason)
    host = _host(url) or "its host"
    return Unreached(url, kind, f"{text.format(host=host)} ({own})" if text and kind != "python" else text or own)


def _host(url: str) -> str:
    """Return the host of an address, with its port; the text itself when it is no address."""
    return (urlsplit(url).netloc.rpartition("@")[2] if "://" in url else url.partition("/")[0]) or ""


def _innermost(reason: str) -> str:
    """Return the text that says what happened, of a nested exception."""
    text = re.sub(r"<[^<>]*>:? ?", "", reason).strip()
    quoted = [single or double for single, double in re.findall(r"'([^']{6,})'|\"([^\"]{6,})\"", text)]
    if re.match(r"\w+\(", text) and not re.match(r"HTTPS?ConnectionPool", text) and quoted:
        text = ": ".join(part.rstrip(".") for part in quoted[-2:])
    text = re.sub(r"^ProxyError: |HTTPS?ConnectionPool\([^)]*\): |Failed to establish a new connection: ", "", text)
    return (text if len(text) <= 200 else text[:200] + " …").rstrip(".")
