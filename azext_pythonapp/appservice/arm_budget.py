"""Resource Manager's limits of one subscription, kept to by all requests of a command that works on many apps.

Resource Manager counts the requests of each principal in a subscription: 250 reads that refill at 25 a second, and 200
writes and 200 deletions that refill at 10 a second. Each answer says how many are left; 429 says when to come back
(docs/platform/resource-manager.md 2.1).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from azext_pythonapp.appservice.arm_requests import ArmAnswer

# How fast each kind of request is allowed again, per second.
_RATES = {"reads": 25.0, "writes": 10.0, "deletes": 10.0}
_LEFT = "x-ms-ratelimit-remaining-subscription-"
# With so few requests left, they are sent no faster than that.
FEW = 25
# A 429 that does not say when to come back.
PAUSE = 10.0
# For how long one request is held back by 429, in seconds; after that the answer is the app's.
MOST_SECONDS = 900.0

Send = Callable[[str, str, dict[str, str], Any, bool], ArmAnswer]


def kind_of(method: str) -> str:
    """Return what Resource Manager counts a request as: "reads", "writes" or "deletes"."""
    return {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")


class ArmBudget:
    """Paces the requests to one subscription. Several threads can use it at the same time.

    subscription: its id, for messages. say: takes one line for the user. clock: seconds, monotonic. sleep: waits for
    so many seconds.
    """

    def __init__(
        self,
        subscription: str,
        say: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._subscription = subscription
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._until = 0.0
        self._said = False
        self._few: dict[str, bool] = {}
        self._turns: dict[str, float] = {}

    def keeping(self, send: Send) -> Send:
        """Return a function that sends as `send` does, when the budget allows it, and again after a 429."""

        def sending(method: str, url: str, query: dict[str, str], body: Any, secret: bool) -> ArmAnswer:
            began = self._clock()
            while True:
                self.wait(method, began + MOST_SECONDS)
                answer = send(method, url, query, body, secret)
                if not self.note(method, answer) or self._clock() - began >= MOST_SECONDS:
                    return answer

        return sending

    def wait(self, method: str, latest: float = float("inf")) -> None:
        """Wait until a request may be sent. method: its HTTP method. latest: when it is sent in any case."""
        pause = self._turn(kind_of(method))
        while (pause := min(pause, latest - self._clock())) > 0:
            self._sleep(pause)
            with self._lock:
                pause = self._until - self._clock()

    def _turn(self, kind: str) -> float:
        """Return how long a request waits for its turn; the one after it waits for longer while few are left."""
        with self._lock:
            now = self._clock()
            at = max(now, self._until)
            if self._few.get(kind):
                at = max(at, self._turns.get(kind, 0.0))
                self._turns[kind] = at + 1 / _RATES[kind]
            return at - now

    def note(self, method: str, answer: ArmAnswer) -> bool:
        """Take from an answer how many requests are left; return whether it is a 429 of the subscription's limits.

        App Service's own 429, about one site that is being changed, is not (ArmAnswer.is_throttled).
        """
        left = answer.headers.get(f"{_LEFT}{kind_of(method)}", "")
        if left.isdecimal():
            with self._lock:
                self._few[kind_of(method)] = int(left) <= FEW
        if not answer.is_throttled or answer.is_locked_site:
            return False
        pause = PAUSE if answer.retry_after is None else answer.retry_after
        with self._lock:
            self._few[kind_of(method)] = True
            self._until = max(self._until, self._clock() + pause)
            first, self._said = not self._said, True
        if first:
            self._say(
                f"Azure Resource Manager limits the requests to subscription {self._subscription}; all of its apps "
                f"wait when it says so, now for {pause:.0f} s."
            )
        return True
