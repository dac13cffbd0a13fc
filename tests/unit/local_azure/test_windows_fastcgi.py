"""FastCGI records, and the Linux side of a FastCGI process, against an application that is played here."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.local_azure.windows.fastcgi import FastCgiProcess, request_records


def record(kind: int, content: bytes, padding: int = 0) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), padding, 0) + content + bytes(padding)


def parsed(data: bytes) -> list[tuple[int, bytes]]:
    """The records in `data` as (type, content)."""
    records = []
    while data:
        version, kind, request_id, length, padding, _ = struct.unpack(">BBHHBB", data[:8])
        assert (version, request_id) == (1, 1)
        records.append((kind, data[8 : 8 + length]))
        data = data[8 + length + padding :]
    return records


class KillingAgent:
    """Of the agent's operations, a process needs one: to be killed."""

    def __init__(self) -> None:
        self.killed: list[object] = []

    def ask(self, operation: str, **arguments: object) -> object:
        assert operation == "kill"
        self.killed.append(arguments["pid"])
        return None


@pytest.fixture
def started() -> Iterator[Callable[[bytes], tuple[FastCgiProcess, socket.socket]]]:
    """Makes a process with `answer` waiting on its connection, and the application's end of that."""
    sockets: list[socket.socket] = []

    def start(answer: bytes) -> tuple[FastCgiProcess, socket.socket]:
        linux, windows = socket.socketpair()
        sockets.extend((linux, windows))
        pid = json.dumps(99).encode("ascii")
        windows.sendall(b"p" + struct.pack(">I", len(pid)) + pid)
        process = FastCgiProcess(linux, KillingAgent())
        windows.sendall(answer)
        return process, windows

    yield start
    for channel in sockets:
        channel.close()


def test_records_of_a_request() -> None:
    records = parsed(request_records({"A": "b", "LONG": "x" * 200}, b"body"))
    pairs = b"\x01\x01Ab" + b"\x04" + struct.pack(">I", 200 | 1 << 31) + b"LONG" + b"x" * 200
    assert records == [(1, b"\0\x01\x01" + bytes(5)), (4, pairs), (4, b""), (5, b"body"), (5, b"")]


def test_a_long_body_is_cut_into_records() -> None:
    body = bytes(range(256)) * 600
    parts = [content for kind, content in parsed(request_records({}, body)) if kind == 5]
    assert [len(part) for part in parts] == [65535, 65535, 153600 - 2 * 65535, 0]
    assert b"".join(parts) == body


def test_answers_are_put_together(started: Callable[[bytes], tuple[FastCgiProcess, socket.socket]]) -> None:
    process, windows = started(b"")
    assert (process.pid, process.alive) == (99, True)
    windows.sendall(
        record(6, b"Status: 200 OK\r\n\r\n", 6) + record(7, b"warning") + record(6, b"hello") + record(3, bytes(8))
    )
    assert process.request({"PATH_INFO": "/"}, b"") == (b"Status: 200 OK\r\n\r\nhello", b"warning")
    assert parsed(windows.recv(65536))[1] == (4, b"\x09\x01PATH_INFO/")
    process.close()
    assert windows.recv(1) == b""
    assert not process.alive


def test_a_process_that_goes_away_while_it_answers(
    started: Callable[[bytes], tuple[FastCgiProcess, socket.socket]],
) -> None:
    process, windows = started(record(6, b"half"))
    hang_up = threading.Timer(0.1, lambda: windows.shutdown(socket.SHUT_RDWR))
    hang_up.start()
    with pytest.raises(EOFError, match="99 went away"):
        process.request({}, b"")
    hang_up.join()
    assert not process.alive


def test_a_process_that_had_gone_before_the_request(
    started: Callable[[bytes], tuple[FastCgiProcess, socket.socket]],
) -> None:
    process, windows = started(bytes(8))
    windows.shutdown(socket.SHUT_WR)
    assert not process.alive
    with pytest.raises(BrokenPipeError, match="99 had gone"):
        process.request({}, b"")


def test_closing_kills_the_process_even_while_it_is_busy() -> None:
    linux, windows = socket.socketpair()
    windows.sendall(b"p" + struct.pack(">I", 2) + b"99")
    agent = KillingAgent()
    process = FastCgiProcess(linux, agent)
    process.close()
    assert (agent.killed, process.alive) == ([99], False)
    windows.close()
