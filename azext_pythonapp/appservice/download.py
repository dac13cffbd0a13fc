"""Download a public file in chunks and verify its hash."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import requests

from azext_pythonapp.appservice.outcome import is_permanent
from azext_pythonapp.errors import InvalidInput, PlatformFailed

CHUNK_BYTES = 1 << 18
# Far more than a package of CPython has.
LARGEST = 300_000_000
SECONDS = 100
PAUSES = (1.0, 3.0)


@dataclass(frozen=True)
class Digest:
    """The hash that a file must have, as its publisher writes it.

    algorithm: "SHA-512", in base64 as NuGet's catalog has it, or "SHA-256", in lower-case hexadecimal digits as
    python.org's feed has it. source: who says so, for messages.
    """

    algorithm: Literal["SHA-512", "SHA-256"]
    value: str
    source: str

    def start(self) -> Any:
        """Return the object of hashlib that takes the file's bytes."""
        return hashlib.sha512() if self.algorithm == "SHA-512" else hashlib.sha256()

    def written(self, hashed: Any) -> str:
        """Return the hash of what an object of `start` took, in the same spelling."""
        content = hashed.digest()
        return base64.b64encode(content).decode("ascii") if self.algorithm == "SHA-512" else content.hex()


def download(
    session: requests.Session,
    url: str,
    target: BinaryIO,
    digest: Digest,
    sleep: Callable[[float], None] = time.sleep,
    largest: int = LARGEST,
) -> None:
    """Write a public file to `target`, with only one chunk of it in memory.

    url: absolute, https. target: seekable; a download that ends early is restarted twice. largest: in bytes.
    Raises PlatformFailed when it cannot be downloaded completely, is too large or does not match the hash.
    """
    start = target.tell()
    for pause in (*PAUSES, None):
        try:
            found = _fetch(session, url, target, digest, largest)
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
    if found != digest.value:
        raise PlatformFailed(
            f"{url} does not match {digest.source}: its {digest.algorithm} is {found}, not {digest.value}.",
            "It was changed between its publisher and this machine; try another network.",
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


def _fetch(session: requests.Session, url: str, target: BinaryIO, digest: Digest, largest: int) -> str:
    """Download the file once; return its hash."""
    hashed, count = digest.start(), 0
    with session.get(url, stream=True, timeout=SECONDS) as response:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK_BYTES):
            hashed.update(chunk)
            count += len(chunk)
            if count > largest:
                raise PlatformFailed(f"{url} is larger than {largest // 1_000_000} MB, so it is not a Python.")
            try:
                target.write(chunk)
            except OSError as error:
                raise InvalidInput(
                    f"{url} could not be saved on this machine: {error.strerror or error}.",
                    "Free some disk space, or set TMPDIR (Windows: TEMP) to another folder.",
                ) from error
    return digest.written(hashed)
