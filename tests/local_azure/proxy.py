"""One ASGI app under Azure's own host names: a CONNECT proxy on loopback in front of a TLS server with a CA of ours.

Clients need nothing but environment variables (docs/platform/local-azure.md 1). Names that are not served get a 403 and
are recorded, so that a test can show that nothing else was reached. Beside them a server of plain HTTP, which leads to
HTTPS, for clients that ask without a proxy (docs/platform/local-azure.md 6).
"""

from __future__ import annotations

import contextlib
import http.server
import logging
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import trustme
import uvicorn
from starlette.types import ASGIApp


class Proxy:
    """Context manager: `app` is reachable by every client that uses this proxy and trusts `ca_file`.

    names: host names served, each exact or with `*` as its first label.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], folder: Path):
        self.names = tuple(names)
        self.ca_file = folder / "ca.pem"
        self.connects: list[str] = []
        self.refused: list[str] = []
        self._certificate = folder / "certificate.pem"
        self._app = app
        self._tunnels = _Tunnels()

    def serves(self, host: str) -> bool:
        """Whether tunnels to `host` are let through."""
        wildcard = "*." + host.partition(".")[2]
        return host in self.names or wildcard in self.names

    @property
    def url(self) -> str:
        """The value for HTTPS_PROXY."""
        host, port = self._proxy.server_address[:2]
        return f"http://{str(host)}:{port}"

    @property
    def ports(self) -> dict[str, int]:
        """The ports of this machine that stand for 80 and 443."""
        return {"80": self._plain.server_address[1], "443": self._proxy.upstream[1]}

    def cut(self, port: int) -> None:
        """Close the client connection whose tunnel reaches the TLS server from the local port `port`."""
        self._tunnels.cut(port)

    def __enter__(self) -> Proxy:
        self._issue_certificate()
        listener = socket.create_server(("127.0.0.1", 0))
        # Inherited by what it accepts: asyncio sets it only for sockets that were made with the protocol's number, and
        # without it the second part of each answer waits 40 ms for the client to acknowledge the first one.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        logging.getLogger("uvicorn.error").addFilter(_is_no_cut_answer)
        config = uvicorn.Config(self._app, ssl_certfile=self._certificate, lifespan="off", log_level="error")
        self._server = uvicorn.Server(config)
        self._proxy = _ProxyServer(self, listener.getsockname(), self._tunnels)
        self._plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ToHttps)
        self._threads = [
            threading.Thread(target=self._server.run, args=([listener],), daemon=True, name="azure"),
            threading.Thread(target=self._proxy.serve_forever, args=(0.05,), daemon=True, name="proxy"),
            threading.Thread(target=self._plain.serve_forever, args=(0.05,), daemon=True, name="plain"),
        ]
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if not self._threads[0].is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the local Azure did not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *exception: object) -> None:
        for server in (self._proxy, self._plain):
            server.shutdown()
            server.server_close()
        self._tunnels.close()  # clients keep tunnels open; uvicorn would wait for them
        self._server.should_exit = True
        self._server.force_exit = True
        for thread in self._threads:
            thread.join(10)

    def _issue_certificate(self) -> None:
        self.ca_file.parent.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        authority.issue_cert(*self.names).private_key_and_cert_chain_pem.write_to_path(self._certificate)


class _Tunnels:
    """The tunnels that are open now, by the local port of their inner end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, tuple[socket.socket, socket.socket]] = {}

    def add(self, client: socket.socket, upstream: socket.socket) -> int:
        port = upstream.getsockname()[1]
        with self._lock:
            self._open[port] = (client, upstream)
        return int(port)

    def remove(self, port: int) -> None:
        with self._lock:
            self._open.pop(port, None)

    def cut(self, port: int) -> None:
        with self._lock:
            ends = self._open.get(port, ())
        for sock in ends:
            _shut(sock)

    def close(self) -> None:
        with self._lock:
            ends = [sock for pair in self._open.values() for sock in pair]
        for sock in ends:
            _shut(sock)


class _ProxyServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy, upstream: tuple[str, int], tunnels: _Tunnels):
        super().__init__(("127.0.0.1", 0), _Connect)
        self.proxy, self.upstream, self.tunnels = proxy, upstream, tunnels


class _Connect(http.server.BaseHTTPRequestHandler):
    server: _ProxyServer
    rbufsize = 0  # what follows the CONNECT belongs to the tunnel

    def do_CONNECT(self) -> None:  # pylint: disable=invalid-name
        host, _, port = self.path.lower().rpartition(":")
        if port != "443" or not self.server.proxy.serves(host):
            self._refuse()
            return
        self.server.proxy.connects.append(host)
        with socket.create_connection(self.server.upstream) as upstream:
            for end in (self.connection, upstream):  # small writes must not wait for each other's acknowledgements
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tunnel = self.server.tunnels.add(self.connection, upstream)
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join()
            self.server.tunnels.remove(tunnel)
        self.close_connection = True

    def _refuse(self) -> None:
        self.server.proxy.refused.append(f"{self.command} {self.path}")
        self.send_error(403, "not part of the local Azure")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _refuse

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        """Log nothing: requests are recorded in `connects` and `refused`."""


class _ToHttps(http.server.BaseHTTPRequestHandler):
    """What the front end does with plain HTTP where httpsOnly is set."""

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        self.send_response(301)
        self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        """Log nothing."""


def _is_no_cut_answer(record: logging.LogRecord) -> bool:
    """Return False for uvicorn's message about a response that was cut on purpose."""
    return "without completing response" not in record.getMessage()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
