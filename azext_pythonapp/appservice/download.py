"""A public file, downloaded piece by piece and compared with its hash."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import BinaryIO

import requests

from azext_pythonapp.appservice.outcome import is_hopeless
from azext_pythonapp.errors import InvalidInput, PlatformFailed

CHUNK_BYTES = 1 << 18
SECONDS = 100
PAUSES = (1.0, 3.0)


def download(
    session: requests.Session, url: str, target: BinaryIO, sha512: str, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Write a public file to `target`; never more than a piece of it is in memory.

    url: absolute, https. target: seekable; a download that ends early begins anew, twice.
    sha512: the hash that it must have, in base64, as NuGet's catalog gives it.
    Raises PlatformFailed when it cannot be had whole, or is another file than the hash says.
    """
    begin = target.tell()
    for pause in (*PAUSES, None):
        try:
            found = _fetch(session, url, target)
            break
        except requests.RequestException as error:
            refused = isinstance(error, requests.HTTPError) and error.response.status_code < 429
            if pause is None or refused or is_hopeless(error):
                raise PlatformFailed(
                    f"{url} could not be downloaded: {error}.", "Check the network, and try again."
                ) from error
        sleep(pause)
        target.seek(begin)
        target.truncate()
    if found != sha512:
        raise PlatformFailed(
            f"{url} is not the file that the gallery's catalog describes: its SHA-512 is {found}, not {sha512}.",
            "Something between this machine and the gallery changed it; try another network.",
        )


def _fetch(session: requests.Session, url: str, target: BinaryIO) -> str:
    """Write the file once; returns its hash."""
    digest = hashlib.sha512()
    with session.get(url, stream=True, timeout=SECONDS) as response:
        response.raise_for_status()
        for piece in response.iter_content(CHUNK_BYTES):
            digest.update(piece)
            try:
                target.write(piece)
            except OSError as error:
                raise InvalidInput(
                    f"{url} could not be kept on this machine: {error.strerror or error}.",
                    "Make room for it, or set TMPDIR (Windows: TEMP) to another folder.",
                ) from error
    return base64.b64encode(digest.digest()).decode("ascii")
