"""A package index on loopback: the "simple" repository API over a folder of wheels and sdists (PEP 503).

It lets clients cache what PyPI does (docs/platform/uv.md 2): pages of projects for ten minutes, files for ever.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.parser import HeaderParser
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, unquote


def normalized(name: str) -> str:
    """A project's name as it stands in an index's URLs."""
    return re.sub(r"[-_.]+", "-", name).lower()


PAGE_CACHE, FILE_CACHE = "max-age=600, public", "max-age=365000000, immutable, public"


class Distribution:
    """A wheel or sdist file: which project it is of, and what an index says about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        stem = path.name.removesuffix(".tar.gz").removesuffix(".zip")
        self.project = normalized(path.name.split("-")[0] if path.suffix == ".whl" else stem.rpartition("-")[0])

    @cached_property
    def sha256(self) -> str:
        """Hash of the file, which pip compares after the download."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @cached_property
    def requires_python(self) -> str | None:
        """Requires-Python of a wheel's METADATA, so that an old pip's Python gets an old enough release."""
        if self.path.suffix != ".whl":
            return None
        with zipfile.ZipFile(self.path) as wheel:
            name = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            return HeaderParser().parsestr(wheel.read(name).decode("utf-8"))["Requires-Python"]

    def link(self) -> str:
        """The anchor of this file on its project's page."""
        requires = f' data-requires-python="{html.escape(self.requires_python)}"' if self.requires_python else ""
        name = self.path.name
        return f'<a href="/files/{quote(name)}#sha256={self.sha256}"{requires}>{html.escape(name)}</a><br/>'


class PackageIndex:
    """Serves a folder while it is entered as a context manager.  `url` is what --index-url wants.

    `requests` lists the paths that were asked for; `refused` what the Authorization of each said that was refused:
    user:password, None without one.
    """

    def __init__(self, folder: Path, sign_in: str | None = None) -> None:
        """Bind a free port of 127.0.0.1; nothing is answered before the context is entered.

        :param folder: of *.whl, *.tar.gz and *.zip files; read once, now
        :param sign_in: user:password that every request must bring; None asks for none
        """
        self.requests: list[str] = []
        self.refused: list[str | None] = []
        self._sign_in = sign_in
        self._files = {
            path.name: Distribution(path)
            for path in sorted(folder.iterdir())
            if path.name.endswith((".whl", ".tar.gz", ".zip"))
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple/"

    def __enter__(self) -> PackageIndex:
        threading.Thread(target=self._server.serve_forever, name="package-index", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Have no file of this name until the block ends."""
        file = self._files.pop(name)
        try:
            yield
        finally:
            self._files[name] = file

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return the response to a GET of `path`: status, content type, body."""
        parts = [unquote(part) for part in path.partition("?")[0].split("/") if part]
        if parts == ["simple"]:
            projects = sorted({file.project for file in self._files.values()})
            return 200, "text/html", _page([f'<a href="/simple/{name}/">{name}</a><br/>' for name in projects])
        if len(parts) == 2 and parts[0] == "simple":
            links = [file.link() for file in self._files.values() if file.project == normalized(parts[1])]
            if links:
                return 200, "text/html", _page(links)
        if len(parts) == 2 and parts[0] == "files" and parts[1] in self._files:
            return 200, "application/octet-stream", self._files[parts[1]].path.read_bytes()
        return 404, "text/plain", b"not found"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the body waits 40 ms for the client to acknowledge the headers

            def do_HEAD(self) -> None:  # of uv
                self.do_GET()

            def do_GET(self) -> None:
                index.requests.append(self.path)
                given = _basic(self.headers["Authorization"])
                allowed = index._sign_in in (None, given)
                if not allowed:
                    index.refused.append(given)
                status, content_type, body = index.answer(self.path) if allowed else (401, "text/plain", b"sign in")
                tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"' if status == 200 else None
                if tag and self.headers["If-None-Match"] == tag:
                    status, body = 304, b""
                self.send_response(status)
                if tag:
                    self.send_header("ETag", tag)
                    self.send_header("Cache-Control", FILE_CACHE if self.path.startswith("/files/") else PAGE_CACHE)
                if not allowed:
                    self.send_header("WWW-Authenticate", 'Basic realm="packages"')
                if status != 304:
                    self.send_header("Content-Type", content_type)
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    with suppress(ConnectionError):  # uv reads the beginning of a wheel and hangs up
                        self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing: `requests` is the log."""

        return Handler


def _basic(authorization: str | None) -> str | None:
    """user:password of an Authorization header; None when there is none of the kind Basic."""
    kind, _, value = (authorization or "").partition(" ")
    return base64.b64decode(value).decode("utf-8") if kind == "Basic" else None


def _page(lines: list[str]) -> bytes:
    return "\n".join(["<!DOCTYPE html><html><body>", *lines, "</body></html>"]).encode("utf-8")
