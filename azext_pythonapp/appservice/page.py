"""The app's own page, as a visitor gets it."""
from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

FETCH_SECONDS = 100
# While a worker restarts, the front end answers these; IIS's own 500s after a restart pass as well, but sooner.
RESTARTING_STATUSES = (502, 503, 504)
# HttpPlatformHandler's own sub-status: the process did not start (facts/python-site-extensions.md 2.3).
PROCESS_FAILED = "502.5"
RESTART_LIMIT_SECONDS = 120
SERVER_ERROR_TRIES = 3
PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Page:
    """What the app answered. status: None when nothing answered; reason: the last telling line of the page."""

    status: int | None
    reason: str

    @property
    def healthy(self) -> bool:
        """Whether the app itself answered, a demand to sign in included."""
        if self.status is None:
            return False
        stopped = self.status == 403 and "stopped" in self.reason.lower()
        return self.status < 400 or (self.status in (401, 403) and not stopped)


def fetch_page(session: requests.Session, url: str) -> Page:
    """Get a page without credentials. url: absolute. Never raises for what the app or the network does."""
    try:
        response = session.get(url, timeout=FETCH_SECONDS, auth=_no_credentials)
    except requests.RequestException as error:
        return Page(None, " ".join(str(error).split())[:300])
    return Page(response.status_code, _reason(response.text))


def wait_for_page(session: requests.Session, url: str, clock: Callable[[], float] = time.monotonic,
                  sleep: Callable[[float], None] = time.sleep) -> Page:
    """Get a page after a restart: repeated while the worker comes up, and a few times more on a server error.

    Returns the first healthy answer, else the last one.
    """
    deadline = clock() + RESTART_LIMIT_SECONDS
    errors = 0
    while True:
        page = fetch_page(session, url)
        restarting = page.status is None or (page.status in RESTARTING_STATUSES and PROCESS_FAILED not in page.reason)
        errors += 0 if restarting else 1
        if page.healthy or errors >= SERVER_ERROR_TRIES or clock() >= deadline:
            return page
        sleep(PAUSE_SECONDS)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from looking a password up in .netrc."""
    return request


def _reason(body: str) -> str:
    """The last line that a person would read: of a traceback the exception, else of the page's text or title."""
    text = re.sub(r"(?is)<(script|style).*?</\1>", " ", body)
    text = html.unescape(re.sub(r"<[^>]*>", "\n", text))
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        if re.match(r"[A-Za-z_][\w.]*(Error|Exception|Warning|Exit|Interrupt)\b", line):
            return line[:300]
    return lines[0][:300] if lines else ""
