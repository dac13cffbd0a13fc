"""The same work for many things, some at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each_of(
    things: Sequence[T], work: Callable[[T], R], parallel: int, done: Callable[[int], None] = lambda count: None
) -> list[R]:
    """Return what `work` returns for each thing, in their order.

    parallel: how many at a time. done: called, in the caller's thread, with the number of those that are done.
    After Ctrl-C no more are begun, and nobody waits for the threads. Raises what `work` raised for any thing, at once.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[int, R | None, BaseException | None]] = queue.SimpleQueue()
    for index in range(len(things)):
        waiting.put(index)

    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                ended.put((index, work(things[index]), None))
            except BaseException as error:  # pylint: disable=broad-exception-caught  # raised by the caller's thread
                over.set()
                ended.put((index, None, error))

    for number in range(min(parallel, len(things))):
        threading.Thread(target=run, name=f"fleet-{number}", daemon=True).start()
    results: dict[int, R] = {}
    try:
        while len(results) < len(things):
            try:
                index, result, error = ended.get(timeout=1.0)  # on Windows, Ctrl-C does not end a wait without a limit
            except queue.Empty:
                continue
            if error is not None:
                raise error
            results[index] = result  # type: ignore[assignment]
            done(len(results))
    finally:
        over.set()
    return [results[index] for index in range(len(things))]
