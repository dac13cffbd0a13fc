"""Editing a web.config takes time in proportion to its size: files of 1 KB to 1 MB, compared within one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 3
CEILING = 3.0
"""How much more a byte of the largest file may cost than one of the smaller ones; it would be 10 if time were quadratic
in only the last step."""

INTENT = HandlerIntent(
    "fastCgi",
    r"D:\home\python364x64\python.exe",
    entry_point="app.app",
    environment={"WSGI_LOG": r"D:\home\LogFiles\wfastcgi.log", "LEVEL": "info"},
)
HEAD = '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <appSettings>\r\n'
TAIL = (
    '  </appSettings>\r\n  <system.webServer>\r\n    <handlers>\r\n      <add name="Other" path="*.x" verb="*" '
    'type="A, B" />\r\n    </handlers>\r\n  </system.webServer>\r\n</configuration>\r\n'
)


def settings(number: int) -> str:
    """One setting of the app's own."""
    return f'    <!-- number {number} -->\r\n    <add key="Setting{number}" value="&#xA;value {number}" />\r\n'


def with_comments(number: int) -> str:
    """One setting and a comment, in a mixed layout."""
    return f'    <add key="A{number}" value="1" />\r\n    <!-- <nested> {"x" * (number % 40)} -->\r\n\t\r\n'


def file_of(size: int, part: Callable[[int], str]) -> bytes:
    """A web.config of about that many bytes (never more), full of such parts."""
    room, number, parts = size - len(HEAD) - len(TAIL), 0, []
    while room > 0:
        parts.append(part(number))
        room -= len(parts[-1])
        number += 1
    return (HEAD + "".join(parts[:-1]) + TAIL).encode("utf-8")


def seconds_for(content: bytes) -> float:
    """Processor time of all that a command does with a file: read, edit, read again, compare; the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        read_handler(content)
        edit = write_handler(content, INTENT)
        assert edit.changed and unified_diff(content, edit.content, "web.config")
        times.append(time.process_time() - began)
    return min(times)


def test_time_is_linear_in_the_size():
    for part in (settings, with_comments):
        files = {size: file_of(size, part) for size in SIZES}
        costs = {size: seconds_for(content) / len(content) for size, content in files.items()}
        print(
            f"\nweb.config full of {part.__name__}: "
            + ", ".join(
                f"{len(files[size]) / 1000:,.1f} KB {cost * len(files[size]) * 1000:.1f} ms"
                for size, cost in costs.items()
            )
        )
        middle = statistics.median([costs[10_000], costs[100_000]])
        assert costs[1_000_000] < CEILING * middle, costs
