"""One request to a site, read completely, in the shape that the modules of the front end share."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request


@dataclass(frozen=True)
class SiteRequest:
    """A request as it reaches the worker.

    `target` is the path as it came (percent-encoded), `path` the same decoded, `query` what follows the question mark.
    """

    method: str
    host: str
    target: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The decoded path; it begins with a slash."""
        return unquote(self.target)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names between the slashes of the decoded path."""
        return tuple(name for name in self.path.split("/") if name)


async def read(request: Request) -> SiteRequest:
    """Reads a Starlette request with its whole body."""
    target = request.scope.get("raw_path", request.scope["path"].encode()).split(b"?")[0].decode("ascii")
    return SiteRequest(
        method=request.method,
        host=request.headers.get("host", ""),
        target=target,
        query=request.url.query,
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
        body=await request.body(),
        client=request.client.host if request.client else "127.0.0.1",
    )
