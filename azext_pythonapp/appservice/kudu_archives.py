"""Whole folders of a worker as zip archives, through its SCM site's /api/zip (docs/platform/kudu.md 3.5)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import quote

import requests

from azext_pythonapp.appservice.outcome import error_text, text_of
from azext_pythonapp.appservice.retry import Retry
from azext_pythonapp.appservice.scm_requests import ScmRequests
from azext_pythonapp.errors import Conflict

# Longer than Azure's front end keeps an unanswered request (docs/platform/kudu.md 1.4).
ARCHIVE_SECONDS = 300
CHUNK_BYTES = 1 << 18
_ZIP = {"Content-Type": "application/zip"}


def upload_files(scm: ScmRequests, folder: str, files: Mapping[str, bytes]) -> None:
    """Write files into a folder with one request; see Kudu.upload."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    answer = scm.send_idempotent("PUT", _url(scm, folder), folder, data=archive.getvalue(), accept=(400,), headers=_ZIP)
    _require_extracted(answer.response, f"Files could not be written to {folder} of {scm.label}")


def upload_archive(scm: ScmRequests, folder: str, archive: BinaryIO) -> None:
    """Extract a zip file into a folder with one request; see Kudu.upload_archive."""
    response = scm.send_once(
        "PUT", _url(scm, folder), ARCHIVE_SECONDS, folder, data=_Chunks(archive), headers=_ZIP, accept=(400,)
    )
    _require_extracted(response, f"An archive could not be extracted to {folder} of {scm.label}")


def download_archive(scm: ScmRequests, folder: str, target: BinaryIO) -> None:
    """Write a folder, packed as a zip file, to `target`; see Kudu.download_archive."""
    start, retry = target.tell(), Retry(scm.outage)
    while True:
        with scm.send_idempotent("GET", _url(scm, folder), folder, stream=True).response as response:
            try:
                for chunk in response.iter_content(CHUNK_BYTES):
                    target.write(chunk)
                return
            except requests.RequestException as error:
                if not retry.again(f"the download was cut ({type(error).__name__})"):
                    raise scm.unreachable(error) from error
        target.seek(start)
        target.truncate()


def _url(scm: ScmRequests, folder: str) -> str:
    return f"{scm.base}/api/zip/{quote(folder.strip('/'))}/"


def _require_extracted(response: requests.Response, failure: str) -> None:
    if response.status_code == 400:
        raise Conflict(
            f"{failure}: {error_text(text_of(response), 400)}",
            "Check whether the app's home directory is full or read-only.",
        )


class _Chunks:
    """A file as the body of a request: of known length, and read from its start each time it is sent."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._length = file.seek(0, io.SEEK_END)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while chunk := self._file.read(CHUNK_BYTES):
            yield chunk
