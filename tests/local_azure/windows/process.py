"""A process on the Windows worker, as Linux sees it: its output as it comes, its exit code, its end."""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Stream = Literal["out", "err"]


class StartFailure(OSError):
    """Windows could not start the program; `windows_error` is its number, e.g. 2 for a file that is not there."""

    def __init__(self, windows_error: int | None, message: str) -> None:
        super().__init__(message)
        self.windows_error = windows_error


@dataclass(frozen=True)
class ProcessInfo:
    """A line of the worker's task list.  Pids are Windows pids; `started` is in UTC."""

    pid: int
    parent: int
    name: str
    command_line: str
    started: datetime


class Agent(Protocol):
    """What a Process asks of the worker that it runs on."""

    def ask(self, operation: str, **arguments: Any) -> Any:
        """Run one operation of agent.py and return its result."""


def receive_frame(channel: socket.socket) -> tuple[bytes, bytes] | None:
    """The next frame of agent.py's protocol as (kind, content); None when the connection has ended."""
    header = _receive(channel, 5)
    if header is None:
        return None
    kind, length = header[:1], struct.unpack(">I", header[1:])[0]
    content = _receive(channel, length)
    return None if content is None else (kind, content)


def _receive(channel: socket.socket, length: int) -> bytes | None:
    content = bytearray()
    while len(content) < length:
        try:
            part = channel.recv(min(length - len(content), 1 << 16))
        except OSError:
            return None
        if not part:
            return None
        content += part
    return bytes(content)


def receive_pid(channel: socket.socket) -> int:
    """The pid that the agent answers a start with.  Otherwise closes `channel` and raises StartFailure, or
    ConnectionError when the agent is gone."""
    return int(receive_value(channel, b"p"))


def receive_value(channel: socket.socket, kind: bytes) -> Any:
    """The value in a frame of this `kind`.  Otherwise closes `channel` and raises StartFailure or ConnectionError."""
    frame = receive_frame(channel)
    if frame is not None and frame[0] == kind:
        return json.loads(frame[1])
    channel.close()
    if frame is None:
        raise ConnectionError("the Windows worker went away")
    failure = json.loads(frame[1])
    raise StartFailure(failure["windows_error"], failure["message"])


class LineSplitter:
    """Cuts a stream of bytes into lines without their ends; CR, LF and CRLF end a line, as .NET's reader has it."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, content: bytes) -> list[bytes]:
        """The lines that `content` completes.  A CR at its very end waits for what follows."""
        text = self._pending + content
        held = b""
        if text.endswith(b"\r"):
            text, held = text[:-1], b"\r"
        *lines, rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._pending = rest + held
        return lines

    def finish(self) -> list[bytes]:
        """What is left when the stream ends: no line, or one."""
        rest, self._pending = self._pending, b""
        return [rest[:-1] if rest.endswith(b"\r") else rest] if rest else []


class Process:
    """A running or ended process on the worker.  Made by Machine.spawn; output is kept until it is read."""

    def __init__(self, channel: socket.socket, agent: Agent) -> None:
        """Take over `channel`, on which the agent has been asked to spawn.  Raises StartFailure."""
        self._agent = agent
        self._channel = channel
        self.pid = receive_pid(channel)
        self._exit_code: int | None = None
        self._exited = threading.Event()
        self._lines: queue.SimpleQueue[tuple[Stream, bytes] | None] = queue.SimpleQueue()
        threading.Thread(target=self._receive, name=f"windows-process-{self.pid}", daemon=True).start()

    def lines(self) -> Iterator[tuple[Stream, bytes]]:
        """Each line of output as it comes, without its line end, until both streams have ended.

        They end when nobody holds them any more, which may be after the process itself (a child of `start /b`).
        To be iterated once.
        """
        while (item := self._lines.get()) is not None:
            yield item

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._exit_code

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, a signed number of 32 bits as .NET has it.  Raises TimeoutError after `timeout` seconds."""
        if not self._exited.wait(timeout):
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        assert self._exit_code is not None
        return self._exit_code

    def kill(self) -> None:
        """End it and its descendants, children first; one whose parent has gone already is not found, as on Kudu."""
        if self._exit_code is None:
            self._agent.ask("kill", pid=self.pid)

    def cpu_seconds(self) -> float:
        """Processor time used by it and its living descendants; 0 when they have all ended."""
        return float(self._agent.ask("cpu", pid=self.pid))

    def _receive(self) -> None:
        splitters: dict[Stream, LineSplitter] = {"out": LineSplitter(), "err": LineSplitter()}
        streams: dict[bytes, Stream] = {b"o": "out", b"e": "err"}
        with self._channel:
            while (frame := receive_frame(self._channel)) is not None:
                kind, content = frame
                if kind in streams:
                    for line in splitters[streams[kind]].feed(content):
                        self._lines.put((streams[kind], line))
                elif kind == b"x":
                    self._end(json.loads(content))
                elif kind == b"z":
                    break
        for stream, splitter in splitters.items():
            for line in splitter.finish():
                self._lines.put((stream, line))
        self._lines.put(None)
        self._end(-1)  # no exit code will come from a worker that was shut down

    def _end(self, code: int) -> None:
        if self._exit_code is None:
            self._exit_code = code - (1 << 32) if code >= 1 << 31 else code
            self._exited.set()
