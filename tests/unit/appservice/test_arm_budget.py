"""Many apps share the limits of Resource Manager."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice.arm_budget import FEW, MOST_SECONDS, ArmBudget, kind_of
from azext_pythonapp.appservice.arm_requests import ArmAnswer

OK = ArmAnswer(200, {}, "{}")
THROTTLED = ArmAnswer(429, {}, '{"error": {"code": "SubscriptionRequestsThrottled"}}', 7.0)


def left(number):
    """An answer that says how many requests are left, of each kind."""
    names = (f"x-ms-ratelimit-remaining-subscription-{kind}" for kind in ("reads", "writes", "deletes"))
    return ArmAnswer(200, {}, "", None, dict.fromkeys(names, str(number)))


class Time:
    """A clock that only goes on where somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Sender:
    def __init__(self, time, *answers):
        self.time, self.answers, self.moments = time, list(answers), []

    def __call__(self, method, url, query, body, secret):
        self.moments.append((method, self.time.clock()))
        return self.answers.pop(0) if self.answers else OK


def budget(said=None):
    time = Time()
    return ArmBudget("sub", (said if said is not None else []).append, time.clock, time.sleep), time


@pytest.mark.parametrize(
    "method, kind", [("GET", "reads"), ("HEAD", "reads"), ("POST", "writes"), ("PUT", "writes"), ("DELETE", "deletes")]
)
def test_kinds_of_requests(method, kind):
    assert kind_of(method) == kind


def test_requests_are_not_held_back_while_many_are_left():
    within, time = budget()
    send = within.keeping(Sender(time, *[left(200)] * 20))
    began = time.clock()
    for _ in range(20):
        send("GET", "url", {}, None, False)
    assert time.clock() == began


def test_requests_are_slowed_down_when_few_are_left():
    within, time = budget()
    sender = Sender(time, *[left(FEW)] * 30)
    send = within.keeping(sender)
    began = time.clock()
    for _ in range(26):
        send("GET", "url", {}, None, False)
    assert time.clock() - began == pytest.approx(24 / 25, abs=0.01)
    for _ in range(4):
        send("POST", "url", {}, None, False)
    posts = [moment for method, moment in sender.moments if method == "POST"]
    assert posts[3] - posts[0] == pytest.approx(0.2, abs=0.01)


def test_they_are_fast_again_when_many_are_left():
    within, time = budget()
    few, many = left(1), left(100)
    send = within.keeping(Sender(time, few, many, many, many))
    for _ in range(2):
        send("GET", "url", {}, None, False)
    began = time.clock()
    for _ in range(2):
        send("GET", "url", {}, None, False)
    assert time.clock() == began


def test_a_429_holds_all_requests_back_and_is_said_once():
    said: list[str] = []
    within, time = budget(said)
    sender = Sender(time, THROTTLED, THROTTLED, OK)
    began = time.clock()
    assert within.keeping(sender)("POST", "url", {}, None, False) is OK
    assert [moment - began for _, moment in sender.moments] == [0, 7, 14]
    assert len(said) == 1 and "subscription sub" in said[0] and "7 s" in said[0]


def test_another_request_waits_for_the_same_time():
    within, time = budget()
    within.note("GET", THROTTLED)
    began = time.clock()
    within.wait("DELETE")
    assert time.clock() - began == 7


def test_a_429_about_one_site_holds_nothing_back():
    within, time = budget()
    locked = ArmAnswer(429, {}, "Cannot acquire exclusive lock to create, update or delete this site.", 5.0)
    began = time.clock()
    assert within.keeping(Sender(time, locked))("POST", "url", {}, None, False) is locked
    assert time.clock() == began


def test_a_429_is_not_waited_for_forever():
    within, time = budget()
    sender = Sender(time, *[THROTTLED] * 1000)
    assert within.keeping(sender)("GET", "url", {}, None, False) is THROTTLED
    assert 100 < len(sender.moments) < 200


@pytest.mark.parametrize("seconds", [86400.0, 1e300])
def test_a_long_retry_after_does_not_hold_a_request_longer(seconds):
    within, time = budget()
    began = time.clock()
    refused = ArmAnswer(429, {}, "TooManyRequests", seconds)
    assert within.keeping(Sender(time, *[refused] * 9))("GET", "url", {}, None, False) is refused
    assert time.clock() - began == MOST_SECONDS
