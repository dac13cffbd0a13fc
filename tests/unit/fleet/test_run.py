"""Many apps, so many at a time."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from azext_pythonapp.errors import Conflict, Interrupted, NotFound, UnknownOutcome
from azext_pythonapp.fleet.outcome import Outcome, counted
from azext_pythonapp.fleet.run import Limits, run_all
from azext_pythonapp.fleet.selection import Member

SECONDS = 60


def members(number):
    ids = [f"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/a{each}" for each in range(number)]
    return [Member(text, "s", "rg", f"a{each}", None, f"a{each}") for each, text in enumerate(ids)]


class Watcher:
    def __init__(self):
        self.told = []

    def began(self, member):
        self.told.append(("began", member.name))

    def ended(self, member, outcome):
        self.told.append((outcome.status, member.name))

    def say(self, line):
        self.told.append(line)


def statuses(run):
    return [outcome.status for outcome in run.outcomes]


def test_outcomes_are_in_the_order_given():
    late = threading.Event()

    def work(member):
        if member.name == "a0":
            assert late.wait(SECONDS)
        if member.name == "a2":
            late.set()
        return member.name

    run = run_all(members(3), work, Limits(2), Watcher())
    assert [outcome.result for outcome in run.outcomes] == ["a0", "a1", "a2"] and not run.interrupted


def test_no_more_run_at_the_same_time_than_allowed():
    lock, running, most = threading.Lock(), [0], [0]
    met = threading.Barrier(3)

    def work(member):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        met.wait(SECONDS)
        with lock:
            running[0] -= 1

    run_all(members(9), work, Limits(3), Watcher())
    assert most == [3]


def test_the_others_go_on_when_one_fails():
    errors = {
        "a1": NotFound("The app 'a1' was not found.", "List them."),
        "a2": UnknownOutcome("It is not known."),
        "a3": Interrupted("Interrupted."),
        "a4": KeyError("a bug"),
        "a5": SystemExit(3),
        "a6": Conflict("Busy\x1b[2J with https://me:secret@host/"),
    }

    def work(member):
        if member.name in errors:
            raise errors[member.name]
        return {"changed": False}

    run = run_all(members(8), work, Limits(3), Watcher())
    assert statuses(run) == ["succeeded", "failed", "unknown", "unknown", "failed", "failed", "failed", "succeeded"]
    assert run.outcomes[1].error == {
        "code": 3,
        "message": "The app 'a1' was not found.",
        "recommendation": "List them.",
    }
    assert run.outcomes[4].error == {"code": 1, "message": "KeyError: 'a bug'", "recommendation": None}
    assert run.outcomes[6].error["message"] == "Busy with https://****@host/"
    assert counted(run.outcomes) == "8 apps: 2 succeeded, 4 failed, 2 unknown."


def test_after_so_many_failures_no_more_begin():
    def work(member):
        if member.name in ("a1", "a2"):
            raise Conflict("Busy.")

    run = run_all(members(6), work, Limits(1, max_failures=2), Watcher())
    assert statuses(run) == ["succeeded", "failed", "failed", "skipped", "skipped", "skipped"]
    assert run.outcomes[3].error["message"] == "Not started: 2 apps failed before, as --max-failures allows."


def test_what_is_known_is_not_done_again():
    known = [None, Outcome("failed", error={"code": 1, "message": "No.", "recommendation": None}), None]
    run = run_all(members(3), lambda member: member.name, Limits(2), Watcher(), known)
    assert [outcome.result for outcome in run.outcomes] == ["a0", None, "a2"]
    assert run.outcomes[1] is known[1]


def test_nothing_to_do_is_over_at_once():
    run = run_all(members(1), lambda member: None, Limits(2), Watcher(), [Outcome("skipped")])
    assert statuses(run) == ["skipped"]


def test_ctrl_c_lets_running_apps_end_and_no_more_begin():
    watcher, told = Watcher(), threading.Event()
    say = watcher.say
    watcher.say = lambda line: (say(line), told.set())

    def work(member):
        if member.name == "a1":
            os.kill(os.getpid(), signal.SIGINT)
        assert told.wait(SECONDS)
        return member.name

    run = run_all(members(5), work, Limits(2), watcher)
    assert run.interrupted and statuses(run) == ["succeeded", "succeeded", "skipped", "skipped", "skipped"]
    assert run.outcomes[4].error["message"] == "Not started: Ctrl-C was pressed before."
    assert any("3 apps will not be started. 2 apps are still worked on" in line for line in watcher.told)


@pytest.mark.parametrize("at, expected", [("before", "skipped"), ("after", "succeeded")])
def test_ctrl_c_while_threads_are_started_hangs_nothing(monkeypatch, at, expected):
    """Python may raise it between any two steps of the main thread: a thread was counted then, and never started."""
    start, main = threading.Thread.start, threading.current_thread()
    told, begun = threading.Event(), threading.Event()

    def interrupted(thread):
        if at == "after" or threading.current_thread() is not main:
            start(thread)
        if threading.current_thread() is main:
            assert at == "before" or begun.wait(SECONDS)
            raise KeyboardInterrupt

    def work(member):
        assert told.wait(SECONDS)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    watcher = Watcher()
    watcher.began = lambda member: begun.set()
    watcher.say = lambda line: told.set()
    run = run_all(members(3), work, Limits(3), watcher)
    assert run.interrupted and len(run.outcomes) == 3 and expected in statuses(run)


def test_a_second_ctrl_c_ends_at_once():
    watcher, over = Watcher(), threading.Event()
    watcher.say = lambda line: os.kill(os.getpid(), signal.SIGINT)

    def work(member):
        os.kill(os.getpid(), signal.SIGINT)
        assert over.wait(SECONDS)

    try:
        with pytest.raises(KeyboardInterrupt):
            run_all(members(3), work, Limits(1), watcher)
    finally:
        over.set()


def test_what_cannot_be_shown_ends_nothing():
    def broken(*_):
        raise IndexError("a bug")

    watcher = Watcher()
    watcher.began = watcher.ended = broken
    assert statuses(run_all(members(3), lambda member: member.name, Limits(1), watcher)) == ["succeeded"] * 3


@pytest.mark.parametrize("threads", [1, 2])
def test_fewer_threads_than_wanted_do_all_the_work(monkeypatch, threads):
    class Few(threading.Thread):
        started = 0

        def start(self):
            if Few.started == threads:
                raise RuntimeError("can't start new thread")
            Few.started += 1
            super().start()

    monkeypatch.setattr(threading, "Thread", Few)
    assert statuses(run_all(members(5), lambda member: None, Limits(4), Watcher())) == ["succeeded"] * 5
