"""What an index says of the files of a project: its pages in JSON and in HTML (docs/platform/pylock.md 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"  # the same as pip
)
_HASH = re.compile(r"(sha256|sha384|sha512)=([0-9a-fA-F]+)")


@dataclass(frozen=True)
class IndexFile:
    """One file. name: of it. url: absolute. hashes: in hex, by algorithm. size, uploaded: where the index says it."""

    name: str
    url: str
    hashes: Mapping[str, str]
    size: int | None = None
    uploaded: str | None = None


def files_of(content: bytes, kind: str, address: str) -> list[IndexFile]:
    """Return the files on the page of a project. kind: its Content-Type. address: of the page.

    Raises ValueError for a page that is none.
    """
    if "json" in kind.lower():
        return _of_json(content, address)
    links = _Links()
    links.feed(content.decode("utf-8", "replace"))
    return [_of_link(urljoin(address, link)) for link in links.found]


def _of_json(content: bytes, address: str) -> list[IndexFile]:
    fields = json.loads(content)
    rows = fields.get("files") if isinstance(fields, dict) else None
    if not isinstance(rows, list):
        raise ValueError("the page has no list of files")
    return [_of_row(row, address) for row in rows if isinstance(row, dict) and _is_text(row, "filename", "url")]


def _of_row(row: Mapping[str, Any], address: str) -> IndexFile:
    hashes, size, uploaded = row.get("hashes"), row.get("size"), row.get("upload-time")
    return IndexFile(
        row["filename"],
        urljoin(address, row["url"]),
        {str(name).lower(): value.lower() for name, value in hashes.items() if isinstance(value, str)}
        if isinstance(hashes, dict)
        else {},
        size if isinstance(size, int) and not isinstance(size, bool) else None,
        uploaded if isinstance(uploaded, str) else None,
    )


def _is_text(row: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(row.get(name), str) and row[name] for name in names)


def _of_link(url: str) -> IndexFile:
    parts = urlsplit(url)
    hashes = {found[1]: found[2].lower() for found in _HASH.finditer(parts.fragment)}
    return IndexFile(unquote(parts.path.rpartition("/")[2]), url, hashes)


class _Links(HTMLParser):
    """Collects the addresses of links, as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an address."""
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
