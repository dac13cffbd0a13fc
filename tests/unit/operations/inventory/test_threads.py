"""The same work for many things: in order, some at a time, an error at once."""

from __future__ import annotations

import threading

import pytest

from azext_pythonapp.operations.inventory.threads import each_of


def test_results_come_in_the_order_of_the_things():
    counts: list[int] = []
    assert each_of(range(50), lambda number: number * 2, 7, counts.append) == [number * 2 for number in range(50)]
    assert counts == list(range(1, 51))


def test_no_more_than_allowed_at_a_time():
    lock, now, most = threading.Lock(), [0], [0]
    full = threading.Barrier(3)

    def work(number: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        if number < 3:
            full.wait(60)  # so many are under way together
        with lock:
            now[0] -= 1
        return number

    each_of(range(20), work, 3)
    assert most[0] == 3


def test_an_error_is_raised_and_nothing_more_is_begun():
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError):
        each_of(range(100), work, 1)
    assert begun == [0]


def test_after_ctrl_c_nothing_more_is_begun():
    begun: list[int] = []
    pressed = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number:
            assert pressed.wait(60)

    def press(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_of(range(100), work, 1, press)
    (worker,) = [thread for thread in threading.enumerate() if thread.name == "fleet-0"] or [None]
    pressed.set()
    if worker is not None:
        worker.join(60)
    assert len(begun) <= 2


def test_nothing_to_do_is_done():
    assert each_of([], str, 5) == []
