"""The Linux side of a Windows process, against an agent that is played here."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local_azure.windows.process import LineSplitter, Process, StartFailure


class FakeAgent:
    """Remembers what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def ask(self, operation: str, **arguments: Any) -> Any:
        self.asked.append((operation, arguments))
        return 1.5


class Wire:
    """The agent's end of a connection."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel

    def send(self, kind: bytes, value: Any) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode("ascii")
        self.channel.sendall(kind + struct.pack(">I", len(content)) + content)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Wire]]:
    """Both ends of a connection: Linux's, and the agent's."""
    linux, windows = socket.socketpair()
    with linux, windows:
        yield linux, Wire(windows)


def test_lines_and_exit_code(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    wire.send(b"p", 42)
    process = Process(linux, FakeAgent())
    assert (process.pid, process.poll()) == (42, None)
    wire.send(b"o", b"Collecting fl")
    wire.send(b"e", b"oops\n")
    wire.send(b"o", b"ask\r\nDone")
    lines = process.lines()
    assert [next(lines), next(lines)] == [("err", b"oops"), ("out", b"Collecting flask")]
    wire.send(b"x", 4294967295)
    assert process.wait(5) == process.poll() == -1
    wire.send(b"z", b"")
    assert list(lines) == [("out", b"Done")]


def test_output_may_go_on_after_the_process_has_ended(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    wire.send(b"p", 7)
    process = Process(linux, FakeAgent())
    wire.send(b"x", 0)
    assert process.wait(5) == 0
    wire.send(b"o", b"from a child of start /b\r\n")
    wire.send(b"z", b"")
    assert list(process.lines()) == [("out", b"from a child of start /b")]


def test_a_worker_that_goes_away_ends_everything(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    wire.send(b"p", 7)
    process = Process(linux, FakeAgent())
    wire.send(b"o", b"half a li")
    wire.channel.close()
    assert list(process.lines()) == [("out", b"half a li")]
    assert process.wait(5) == -1


def test_a_program_that_cannot_be_started(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    wire.send(b"f", {"windows_error": 2, "message": "[WinError 2] File not found"})
    with pytest.raises(StartFailure, match="File not found") as caught:
        Process(linux, FakeAgent())
    assert caught.value.windows_error == 2


def test_no_time_to_wait(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    wire.send(b"p", 7)
    with pytest.raises(TimeoutError, match="process 7 still runs"):
        Process(linux, FakeAgent()).wait(0.01)


def test_kill_and_processor_time_are_asked_for(ends: tuple[socket.socket, Wire]) -> None:
    linux, wire = ends
    agent = FakeAgent()
    wire.send(b"p", 7)
    process = Process(linux, agent)
    assert process.cpu_seconds() == 1.5
    process.kill()
    wire.send(b"x", 1)
    process.wait(5)
    process.kill()
    assert agent.asked == [("cpu", {"pid": 7}), ("kill", {"pid": 7})]


@given(
    st.binary(max_size=60).map(lambda raw: bytes(b"\r\nab"[byte % 4] for byte in raw)),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_lines_do_not_depend_on_how_they_arrive(text: bytes, cuts: list[int]) -> None:
    splitter = LineSplitter()
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    lines = [line for start, end in zip(bounds, bounds[1:]) for line in splitter.feed(text[start:end])]
    lines += splitter.finish()
    expected = re.split(rb"\r\n|\r|\n", text)
    assert lines == (expected if expected[-1] else expected[:-1])
