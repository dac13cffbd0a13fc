"""A public file, downloaded piece by piece and compared with its hash."""
from __future__ import annotations

import base64
import hashlib
from typing import BinaryIO

import requests

from azext_pythonapp.appservice.errors import PlatformFailed

CHUNK_BYTES = 1 << 18
SECONDS = 100


def download(session: requests.Session, url: str, target: BinaryIO, sha512: str) -> None:
    """Write a public file to `target`; never more than a piece of it is in memory.

    url: absolute, https. sha512: the hash that it must have, in base64, as NuGet's catalog gives it.
    Raises PlatformFailed when it cannot be had whole, or is another file than the hash says.
    """
    digest = hashlib.sha512()
    try:
        with session.get(url, stream=True, timeout=SECONDS) as response:
            response.raise_for_status()
            for piece in response.iter_content(CHUNK_BYTES):
                digest.update(piece)
                target.write(piece)
    except requests.RequestException as error:
        raise PlatformFailed(f"{url} could not be downloaded: {error}.", "Check the network, and try again.") from error
    found = base64.b64encode(digest.digest()).decode("ascii")
    if found != sha512:
        raise PlatformFailed(f"{url} is not the file that the gallery's catalog describes: its SHA-512 is {found}, not "
                             f"{sha512}.", "Something between this machine and the gallery changed it; try another "
                                           "network.")
