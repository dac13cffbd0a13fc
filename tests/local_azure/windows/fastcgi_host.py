"""Runs inside Wine: what IIS' FastCgiModule does to a FastCGI program, i.e. a duplex named pipe as its stdin.

wfastcgi reads *and writes* its standard input, so neither a plain pipe nor a Linux socket will do
(docs/platform/worker.md 7).

Python 3.11, standard library only.
"""

import ctypes
import itertools
import msvcrt
import os
import select
import socket
import struct
import subprocess
from ctypes import wintypes

KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
KERNEL.CreateNamedPipeW.restype = wintypes.HANDLE
KERNEL.CreateNamedPipeW.argtypes = [wintypes.LPCWSTR] + [wintypes.DWORD] * 6 + [wintypes.LPVOID]
KERNEL.CreateFileW.restype = wintypes.HANDLE
KERNEL.CreateFileW.argtypes = [
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPVOID,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
]
KERNEL.ConnectNamedPipe.argtypes = [wintypes.HANDLE, wintypes.LPVOID]
INVALID_HANDLE = wintypes.HANDLE(-1).value

PIPE_ACCESS_DUPLEX, OPEN_EXISTING, READ_AND_WRITE = 3, 3, 0xC0000000
CREATE_NO_WINDOW = 0x08000000
STDIN, END_REQUEST = 5, 3
GONE = bytes(8)
NUMBERS = itertools.count(1)


class Process:
    """One FastCGI program, started at once.  Raises OSError when it cannot be."""

    def __init__(self, command_line, directory, environment):
        name = rf"\\.\pipe\IISFCGI-{os.getpid()}-{next(NUMBERS)}"
        server = KERNEL.CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, 0, 1, 65536, 65536, 0, None)
        if server == INVALID_HANDLE:
            raise ctypes.WinError(ctypes.get_last_error())
        self.pipe = msvcrt.open_osfhandle(server, os.O_RDWR | os.O_BINARY)
        client = KERNEL.CreateFileW(name, READ_AND_WRITE, 0, None, OPEN_EXISTING, 0, None)
        if client == INVALID_HANDLE:
            raise ctypes.WinError(ctypes.get_last_error())
        KERNEL.ConnectNamedPipe(server, None)
        standard_input = msvcrt.open_osfhandle(client, os.O_RDWR | os.O_BINARY)
        try:
            self.process = subprocess.Popen(
                command_line,
                cwd=directory,
                env={**environment, "_FCGI_X_PIPE_": name},
                stdin=standard_input,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                creationflags=CREATE_NO_WINDOW,
            )
        except OSError:
            os.close(self.pipe)
            raise
        finally:
            os.close(standard_input)
        self.pid = self.process.pid

    def relay(self, channel):
        """Pass whole requests from the socket `channel` in and whole answers out, until either side ends.

        One after the other, never both at once: reads and writes of one synchronous pipe handle exclude each other.
        """
        try:
            while self._request_comes(channel):
                request = message(lambda length: receive(channel, length), STDIN)
                if not self._delivered(request):
                    break
                channel.sendall(message(self._read, END_REQUEST))
            leave(channel)
        except OSError:
            pass  # either side has gone, which is how this ends
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.pipe)

    def _request_comes(self, channel):
        """Wait for a request; False when the process ends first."""
        while not select.select([channel], [], [], 0.1)[0]:
            if self.process.poll() is not None:
                return False
        return True

    def _delivered(self, request):
        """Hand a request over; False when the process had ended before it got any of it."""
        if self.process.poll() is not None:
            return False
        try:
            self._write(request[:1])
        except OSError:
            return False
        self._write(request[1:])
        return True

    def _write(self, content):
        view = memoryview(content)
        while view:
            view = view[os.write(self.pipe, view[:32768]) :]

    def _read(self, length):
        content = b""
        while len(content) < length:
            part = os.read(self.pipe, length - len(content))
            if not part:
                raise ConnectionResetError("the FastCGI process closed its pipe")
            content += part
        return content


def leave(channel):
    """Tell the other side that the process ended without a request in its hands, and wait until it has read that: what
    it sends meanwhile would reset the connection."""
    channel.sendall(GONE)
    channel.shutdown(socket.SHUT_WR)
    while channel.recv(65536):
        pass


def receive(channel, length):
    content = b""
    while len(content) < length:
        part = channel.recv(length - len(content))
        if not part:
            raise ConnectionResetError("the web server hung up")
        content += part
    return content


def message(read, last):
    """The records up to the one that ends a request (an empty STDIN) or an answer (END_REQUEST)."""
    records = []
    while True:
        header = read(8)
        kind, length, padding = struct.unpack(">xBxxHBx", header)
        records += [header, read(length + padding)]
        if kind == last and (kind == END_REQUEST or not length):
            return b"".join(records)
