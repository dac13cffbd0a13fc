"""A web server on loopback that answers as a test says, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Write = Callable[[bytes], None]
Answer = Callable[[str, dict[str, str], Write], None]


def plain(status: int, body: bytes | str = b"", phrase: str = "X", **headers: str) -> bytes:
    """A whole answer. headers: `_` in a name stands for `-`."""
    content = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in named.items()),
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class PageServer:
    """answer: called with the path, the headers (names in lower case) and a function that writes bytes to the client.

    asked: (path, headers) of each request. over: set when the test ends, for an answer that takes its time.
    """

    def __init__(self, answer: Answer):
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Answer nothing more."""
        self.over.set()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    return
                request += piece
            first, *lines = request.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            path = first.split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.asked.append((path, headers))
            self._answer(path, headers, client.sendall)


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[PageServer]:
    """A server for one test."""
    server = PageServer(answer)
    try:
        yield server
    finally:
        server.close()
