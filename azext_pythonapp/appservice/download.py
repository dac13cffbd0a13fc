"""Download a public file in chunks and verify its hash."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import requests

from azext_pythonapp.appservice.outcome import is_permanent
from azext_pythonapp.errors import InvalidInput, PlatformFailed

CHUNK_BYTES = 1 << 18
SECONDS = 100
PAUSES = (1.0, 3.0)


def download(
    session: requests.Session, url: str, target: BinaryIO, sha512: str, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Write a public file to `target`, with only one chunk of it in memory.

    url: absolute, https. target: seekable; a download that ends early is restarted twice.
    sha512: the hash that it must have, in base64, as NuGet's catalog gives it.
    Raises PlatformFailed when it cannot be downloaded completely or does not match the hash.
    """
    start = target.tell()
    for pause in (*PAUSES, None):
        try:
            found = _fetch(session, url, target)
            break
        except requests.RequestException as error:
            refused = isinstance(error, requests.HTTPError) and error.response.status_code < 429
            if pause is None or refused or is_permanent(error):
                raise PlatformFailed(
                    f"{url} could not be downloaded: {error}.", "Check the network, and try again."
                ) from error
        sleep(pause)
        target.seek(start)
        target.truncate()
    if found != sha512:
        raise PlatformFailed(
            f"{url} does not match the gallery's catalog: its SHA-512 is {found}, not {sha512}.",
            "It was changed between the gallery and this machine; try another network.",
        )


class Told:
    """A file that tells how far it was read or written, in bytes, each time."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]):
        self._file = file
        self._tell = tell

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes of the file, at most so many."""
        content = self._file.read(size)
        self._tell(self._file.tell())
        return content

    def write(self, content: bytes) -> int:
        """Write the bytes and return how many."""
        count = self._file.write(content)
        self._tell(self._file.tell())
        return count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _fetch(session: requests.Session, url: str, target: BinaryIO) -> str:
    """Download the file once; return its hash."""
    digest = hashlib.sha512()
    with session.get(url, stream=True, timeout=SECONDS) as response:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK_BYTES):
            digest.update(chunk)
            try:
                target.write(chunk)
            except OSError as error:
                raise InvalidInput(
                    f"{url} could not be saved on this machine: {error.strerror or error}.",
                    "Free some disk space, or set TMPDIR (Windows: TEMP) to another folder.",
                ) from error
    return base64.b64encode(digest.digest()).decode("ascii")
