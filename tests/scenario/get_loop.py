"""Visitors of an app: threads that ask for a page again and again, and note every answer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import TracebackType

import requests

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site

VISITORS = 3
PATIENCE = 120
"""Seconds that a visitor waits for an answer; App Service's front end gives up after 230."""


class GetLoop:
    """Requests a page from several threads for as long as the block lasts.

    answers: how often each (status, text) came. failed: what was no answer below 500, with the moment: an error page or
    a connection that failed or was cut.
    """

    def __init__(self, azure: LocalAzure, site: Site, path: str = "/", visitors: int = VISITORS) -> None:
        self._azure, self._url = azure, f"https://{site.host}{path}"
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(visitors)]
        self._end = threading.Event()
        self._lock = threading.Condition()
        self.answers: Counter[tuple[int, str]] = Counter()
        self.failed: list[str] = []
        self._began = time.monotonic()

    def __enter__(self) -> GetLoop:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def count(self) -> int:
        """How many requests were made."""
        with self._lock:
            return sum(self.answers.values()) + len(self.failed)

    def await_answer(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until a visitor is answered with a text from now on. Raises AssertionError when none is in that time."""
        with self._lock:
            before = self.answers[200, text]
            came = self._lock.wait_for(lambda: self.answers[200, text] > before, seconds)
        assert came, f"no visitor got {text!r}: {self.answers}, {self.failed[:5]}"

    def _visit(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a variable with other authorities would go before `verify`
            session.verify = self._azure.env["REQUESTS_CA_BUNDLE"]
            session.proxies = {"https": self._azure.env["HTTPS_PROXY"]}
            while not self._end.is_set():
                try:
                    answer = session.get(self._url, timeout=PATIENCE)
                    self._note(answer.status_code, answer.text)
                except requests.RequestException as error:
                    self._note(None, repr(error))

    def _note(self, status: int | None, text: str) -> None:
        with self._lock:
            if status is None or status >= 500:
                self.failed.append(f"{time.monotonic() - self._began:.2f} s: {status} {text[:400]}")
            else:
                self.answers[status, text] += 1
            self._lock.notify_all()
