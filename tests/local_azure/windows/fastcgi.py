"""FastCGI from the web server's side: the records, and one application process on the worker."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress

from tests.local_azure.windows.process import Agent, receive_pid

BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER, KEEP_CONNECTION = 1, 1
LARGEST = 65535
VERSION, GONE = 1, 0
"""The version of FastCGI's records, and what fastcgi_host.py sends in its place: the process ended before it got any of
the request, or without one."""


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBB", VERSION, kind, 1, len(content), 0, 0) + content


def _stream(kind: int, content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), LARGEST):
        yield _record(kind, content[start : start + LARGEST])
    yield _record(kind, b"")


def _pairs(params: Mapping[str, str]) -> bytes:
    encoded = bytearray()
    for name, value in params.items():
        texts = name.encode("utf-8"), value.encode("utf-8")
        for text in texts:
            encoded += struct.pack(">B", len(text)) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)
        encoded += texts[0] + texts[1]
    return bytes(encoded)


def request_records(params: Mapping[str, str], body: bytes) -> bytes:
    """The whole of a request, to be sent at once; the connection is to be kept."""
    begin = _record(BEGIN_REQUEST, struct.pack(">HB5x", RESPONDER, KEEP_CONNECTION))
    return b"".join([begin, *_stream(PARAMS, _pairs(params)), *_stream(STDIN, body)])


class FastCgiProcess:
    """A FastCGI application process on the worker, which answers one request at a time."""

    def __init__(self, channel: socket.socket, agent: Agent) -> None:
        """Take over `channel`, on which the agent has been asked for it.  Raises StartFailure."""
        self._agent = agent
        self._channel = channel
        self.pid = receive_pid(channel)
        self._answers = channel.makefile("rb")

    @property
    def alive(self) -> bool:
        """Whether it still runs and can be sent a request."""
        if self._channel.fileno() < 0:
            return False
        try:
            self._channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            return False  # GONE, or the end: it says nothing unasked
        except BlockingIOError:
            return True
        except OSError:
            return False

    def request(self, params: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Send a request and return what it wrote to (stdout, stderr); stdout is a CGI answer.

        Raises BrokenPipeError when the process had gone before it got any of it, and EOFError when it went away before it
        had answered.
        """
        try:
            self._channel.sendall(request_records(params, body))
            return self._answer()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise EOFError(f"FastCGI process {self.pid} went away: {error}") from error

    def _answer(self) -> tuple[bytes, bytes]:
        written = {STDOUT: bytearray(), STDERR: bytearray()}
        while True:
            version, kind, length, padding = struct.unpack(">BBxxHBx", self._read(8))
            if version == GONE:
                raise BrokenPipeError(f"FastCGI process {self.pid} had gone")
            content = self._read(length)
            self._read(padding)
            if kind == END_REQUEST:
                return bytes(written[STDOUT]), bytes(written[STDERR])
            if kind in written:
                written[kind] += content

    def _read(self, length: int) -> bytes:
        content = self._answers.read(length)
        if len(content) < length:
            raise EOFError(f"FastCGI process {self.pid} went away before it had answered")
        return content

    def close(self) -> None:
        """End the process, also one that is busy with a request; whoever waits for the answer gets an EOFError."""
        with suppress(OSError):  # it, or the whole worker, has gone already
            self._agent.ask("kill", pid=self.pid)
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._answers.close()
        self._channel.close()
