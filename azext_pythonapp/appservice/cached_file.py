"""A public file that is downloaded when it has changed, with a copy on this machine for the time in between."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from azext_pythonapp.appservice.outcome import is_permanent
from azext_pythonapp.errors import PlatformFailed, Unreachable
from azext_pythonapp.output_file import write_whole

CHUNK_BYTES = 1 << 18
# Seconds to connect, and of silence.
TIMEOUTS = (15, 60)
PAUSES = (1.0,)
# Parameters of an address that say who may read it and until when, and not which file it is: those of a SAS
# (https://learn.microsoft.com/rest/api/storageservices/create-service-sas), and what other clouds and people call them.
_ACCESS = re.compile(
    r"sv|ss|srt|sp|se|st|spr|sip|si|sr|sig|sdd|ses|saoid|suoid|scid|skoid|sktid|skt|ske|sks|skv|x-(?:amz|goog)-.*|"
    r".*(?:key|token|secret|passw|pwd|auth|credential|signature|expir).*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Copy:
    """A file as it was.

    asked: when the server last said that it is this, UTC. changed: when it was changed there; None where the server did
    not say so. etag: the server's; "" for none. new: whether it was downloaded just now.
    """

    content: bytes
    asked: datetime
    changed: datetime | None
    etag: str
    new: bool = False


class CachedFile:
    """url: https, may hold secrets in its query, which are kept nowhere. folder: of the copies.

    clock: the time in UTC. Two commands at a time do not harm each other: a copy counts only when its description has
    its hash.
    """

    def __init__(
        self,
        session: requests.Session,
        url: str,
        folder: Path,
        most_bytes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._session = session
        self._url = url
        self._most = most_bytes
        self._clock = clock
        self._sleep = sleep
        parts = urlsplit(url)
        kinds = [each for each in parse_qsl(parts.query, keep_blank_values=True) if not _ACCESS.fullmatch(each[0])]
        place = f"{parts.hostname}:{parts.port}{parts.path}" + (json.dumps(sorted(kinds)) if kinds else "")
        name = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._content, self._description = folder / f"{name}.copy", folder / f"{name}.json"

    def copy(self) -> Copy | None:
        """Return the copy of this machine; None when there is none that is whole."""
        try:
            told = json.loads(self._description.read_bytes())
            content = self._content.read_bytes()
            if hashlib.sha256(content).hexdigest() != told["sha256"]:
                return None
            changed = _moment(told["changed"]) if told["changed"] is not None else None
            return Copy(content, _moment(told["asked"]), changed, str(told["etag"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def current(self, known: Copy | None, status: Callable[[int, int], None]) -> Copy:
        """Return the file as the server has it now; it is transferred only when it is not the known one.

        status: called with the bytes so far, and all of them (0 where that is not known).
        Raises Unreachable without an answer, PlatformFailed for one that is no file; the message is a reason.
        """
        headers = {"If-None-Match": known.etag} if known is not None and known.etag else {}
        for pause in (*PAUSES, None):
            try:
                return self._asked(headers, known, status)
            except requests.RequestException as error:
                if pause is None or is_permanent(error):
                    raise Unreachable(_reason(error)) from error
            self._sleep(pause)
        raise AssertionError("unreachable")

    def keep(self, copy: Copy) -> None:
        """Keep a copy for later. Raises OSError."""
        self._content.parent.mkdir(parents=True, exist_ok=True)
        if copy.new:
            write_whole(self._content, copy.content, private=True)
        told = {
            "sha256": hashlib.sha256(copy.content).hexdigest(),
            "etag": copy.etag,
            "asked": copy.asked.isoformat(),
            "changed": copy.changed.isoformat() if copy.changed is not None else None,
        }
        write_whole(self._description, json.dumps(told).encode("ascii"), private=True)

    def _asked(self, headers: dict[str, str], known: Copy | None, status: Callable[[int, int], None]) -> Copy:
        with self._session.get(self._url, headers=headers, stream=True, timeout=TIMEOUTS) as response:
            addresses = [each.url.lower() for each in (*response.history, response)]
            if self._url.lower().startswith("https:") and not all(each.startswith("https:") for each in addresses):
                raise PlatformFailed("the server redirects to an address without TLS")
            if response.status_code == 304 and known is not None:
                return replace(known, asked=self._clock())
            if response.status_code != 200:
                raise PlatformFailed(f"the server answered with status {response.status_code}")
            total = response.headers.get("Content-Length", "")
            size = int(total) if total.isdecimal() and total.isascii() else 0
            content = bytearray()
            for chunk in response.iter_content(CHUNK_BYTES):
                content += chunk
                status(len(content), size)
                if len(content) > self._most:
                    raise PlatformFailed(f"it has more than {self._most:,} bytes")
            changed = _http_date(response.headers.get("Last-Modified"))
            return Copy(bytes(content), self._clock(), changed, response.headers.get("ETag", ""), new=True)


def _reason(error: requests.RequestException) -> str:
    """Return in a few words why there was no answer."""
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted, or TLS failed"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not connect to it"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    return "it cannot be reached" if isinstance(error, requests.ConnectionError) else str(error)


def _moment(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _http_date(text: str | None) -> datetime | None:
    found = None
    with suppress(ValueError, TypeError, IndexError):
        found = parsedate_to_datetime(text) if text else None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
