"""The processes that serve one state of web.config: they finish what they have begun when the next state takes over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import fastcgi, http_platform

DRAIN_SECONDS = 90.0
"""After this long a process is ended in the middle of a request: IIS's shutdownTimeLimit."""


class Applications:
    """FastCGI pools and HttpPlatform servers, made when the first request needs them."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._made: dict[object, fastcgi.FastCgiPool | http_platform.HttpPlatformApplication] = {}
        self._answering = 0
        self._closed = False

    def enter(self) -> None:
        """Counts a request that begins."""
        with self._lock:
            self._answering += 1

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Holds for the time of a request that has been counted."""
        try:
            yield
        finally:
            with self._lock:
                self._answering -= 1
                self._lock.notify_all()

    def pool(self, key: object, make: Callable[[], fastcgi.FastCgiPool]) -> fastcgi.FastCgiPool:
        """The FastCGI pool of that key."""
        with self._lock:
            found = self._made.get(key) or self._made.setdefault(key, make())
        assert isinstance(found, fastcgi.FastCgiPool)
        return found

    def platform(
        self, key: object, make: Callable[[], http_platform.HttpPlatformApplication]
    ) -> http_platform.HttpPlatformApplication:
        """The HttpPlatform server of that key."""
        with self._lock:
            found = self._made.get(key) or self._made.setdefault(key, make())
        assert isinstance(found, http_platform.HttpPlatformApplication)
        return found

    def retire(self, linger: float) -> None:
        """Ends the processes behind the caller's back: when all requests are answered, and `linger` seconds later.

        Until then they hold their files (docs/platform/site-extensions.md 2.7).
        """
        threading.Thread(target=self._retire, args=(linger,), name="retiring", daemon=True).start()

    def _retire(self, linger: float) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._closed or not self._answering, DRAIN_SECONDS)
            self._lock.wait_for(lambda: self._closed, linger)
            # A request that had read the state before may have come since.
            self._lock.wait_for(lambda: self._closed or not self._answering, DRAIN_SECONDS)
        self.close()

    def close(self) -> None:
        """Ends every process, those in the middle of a request too; blocks until they are gone."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            made, self._made = list(self._made.values()), {}
        for application in made:
            application.close()
