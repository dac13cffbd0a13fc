"""The SCM site of one app or slot: files (VFS and zip), commands, and the gallery of site extensions.

Every statement about Kudu's answers is taken from facts/kudu.md, which cites Kudu's own source.
"""
from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

from azext_pythonapp.appservice.command_answer import CommandResult, PendingCommand
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.errors import (AccessDenied, Conflict, NotFound, PlatformFailed, PythonAppError,
                                               Unreachable, UnknownOutcome)

CONNECT_SECONDS = 30
READ_SECONDS = 120
# Longer than Azure's front end keeps an unanswered request (facts/kudu.md 1.4).
ARCHIVE_SECONDS = 300
CHUNK_BYTES = 1 << 18
# A cold or restarting SCM site answers these for a while; the requests that are repeated are idempotent.
PASSING_STATUSES = (429, 502, 503, 504)
# urllib3's exceptions for a connection that was never made; az ships it only as a part of requests.
NEVER_CONNECTED = ("NewConnectionError", "NameResolutionError")
RETRY_PAUSES = (1, 2, 4, 8, 15, 30)


@dataclass(frozen=True)
class Entry:
    """One row of a directory listing. path: the full Windows path; size: bytes; modified: as Kudu gives it."""

    name: str
    path: str
    size: int
    modified: str
    is_directory: bool


@dataclass(frozen=True)
class RemoteFile:
    """A file's bytes, its ETag, and the server's clock (UTC) when it answered; None where it named no time."""

    content: bytes
    etag: str
    server_time: datetime | None


class Kudu:
    """A client of one SCM site.

    session: a requests session; its TLS settings and proxies are used as they are, its redirects never are.
    scm_host: the host that Resource Manager named; credentials go to it and to no other.
    credentials: what to sign requests with.
    label: how errors name the app, such as "app 'shop' (slot 'staging')".

    Paths are relative to %HOME% and '/'-separated: "site/wwwroot/web.config".
    Every method raises AccessDenied, Unreachable or PlatformFailed when the SCM site cannot be used.
    """

    def __init__(self, session: requests.Session, scm_host: str, credentials: ScmCredentials, label: str):
        self._session = session
        self._base = f"https://{scm_host}"
        self._credentials = credentials
        self._label = label
        self._home: str | None = None

    def url(self, path: str) -> str:
        """The VFS address of a path: each segment percent-encoded (facts/kudu.md 3.1)."""
        return f"{self._base}/api/vfs/{quote(path)}"

    def home(self) -> str:
        r"""%HOME% as the worker sees it: `D:\home` or, on newer scale units, `C:\home` (facts 1.8). Asked once."""
        if self._home is None:
            self.list_directory("")
        if self._home is None:
            raise PlatformFailed(f"The home directory of {self._label} could not be read from its SCM site.")
        return self._home

    def list_directory(self, path: str) -> list[Entry]:
        """The entries of a directory, as Kudu orders them. Raises NotFound when there is no such directory."""
        folder = path.strip("/")
        response = self._request("GET", self.url(folder + "/" if folder else ""), path=path)
        entries = []
        for row in self._json(response):
            entries.append(Entry(row["name"], row.get("path") or "", int(row.get("size") or 0),
                                 str(row.get("mtime") or ""), str(row.get("mime", "")).startswith("inode/")))
        self._learn_home(folder, entries)
        return entries

    def read(self, path: str) -> RemoteFile:
        """A whole file. Raises NotFound when there is none."""
        response = self._request("GET", self.url(path), path=path)
        return RemoteFile(response.content, response.headers.get("ETag", ""), _server_time(response))

    def read_from(self, path: str, offset: int) -> bytes:
        """What a file holds from a byte offset on; b"" while there is nothing new. Raises NotFound.

        Kudu answers 416 when the offset is the file's length, and opens files that are being written
        (facts/kudu.md 3.2).
        """
        response = self._request("GET", self.url(path), path=path, headers={"Range": f"bytes={offset}-"},
                                 accept=(416,))
        if response.status_code == 416:
            return b""
        return response.content if response.status_code == 206 else response.content[offset:]

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        """Write a file and return its new ETag.

        if_match: the ETag that the file must still have, "*" for any, None for "it must not exist yet".
        Raises Conflict when the file is not as expected, is locked, or the folder is read-only (facts/kudu.md 3.3).
        """
        headers = {"If-Match": if_match} if if_match else {}
        response = self._request("PUT", self.url(path), path=path, headers=headers, data=content)
        return response.headers.get("ETag", "")

    def delete(self, path: str, if_match: str = "*") -> None:
        """Delete a file; one that is already gone is fine. Raises Conflict when the ETag differs or it is locked."""
        response = self._request("DELETE", self.url(path), path=path, headers={"If-Match": if_match}, accept=(404,))
        if response.status_code == 404 and "not found" not in response.text.lower():
            raise Conflict(f"{path} of {self._label} could not be deleted: {_message(response)}")

    def delete_directory(self, path: str) -> None:
        """Delete a directory and all in it; one that is already gone is fine. Raises Conflict when a file is held."""
        self._request("DELETE", self.url(path.strip("/") + "/"), path=path, params={"recursive": "true"},
                      accept=(404,))

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files into a folder with one request; the folder is created, other files in it stay.

        files: content by path relative to the folder, '/'-separated. Raises Conflict when the worker refused them.
        """
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, content in files.items():
                bundle.writestr(name, content)
        url = f"{self._base}/api/zip/{quote(folder.strip('/'))}/"
        response = self._request("PUT", url, path=folder, data=archive.getvalue(), accept=(400,),
                                 headers={"Content-Type": "application/zip"})
        if response.status_code == 400:
            raise Conflict(f"Files could not be written to {folder} of {self._label}: {_message(response)}",
                           "Look whether the app's home directory is full or read-only.")

    def upload_archive(self, folder: str, archive: BinaryIO) -> None:
        """Extract a zip file into a folder with one request; the folder is created, other files in it stay.

        archive: a seekable file; it is sent piece by piece.
        Raises Conflict when the worker refused it, which may leave a part of it, and UnknownOutcome when the
        connection was cut before the answer: extracting may go on there (facts/kudu.md 1.4, 3.5).
        """
        url = f"{self._base}/api/zip/{quote(folder.strip('/'))}/"
        response = self._send_once("PUT", url, ARCHIVE_SECONDS, data=_Pieces(archive),
                                   headers={"Content-Type": "application/zip"})
        if response.status_code == 400:
            raise Conflict(f"An archive could not be extracted to {folder} of {self._label}: {_message(response)}",
                           "Look whether the app's home directory is full or read-only.")
        self._raise_for(response, folder)

    def download_archive(self, folder: str, target: BinaryIO) -> None:
        """Write a folder, packed as a zip file, to `target`, piece by piece.

        The worker leaves out, without a word, files that are in use (facts/kudu.md 3.5). Raises NotFound when there is
        no such folder, Unreachable when the connection ended early.
        """
        url = f"{self._base}/api/zip/{quote(folder.strip('/'))}/"
        with self._request("GET", url, path=folder, stream=True) as response:
            try:
                for piece in response.iter_content(CHUNK_BYTES):
                    target.write(piece)
            except requests.RequestException as error:
                raise self._unreachable(error) from error

    def run(self, command: str, directory: str = "", timeout: float = READ_SECONDS + 80) -> CommandResult:
        """Run a short command on the worker and wait for it.

        command: a cmd.exe command line (windows.quote_command makes one).
        directory: relative to %HOME%, or a full Windows path.
        timeout: seconds; past 230 s Azure's front end cuts the connection anyway (facts/kudu.md 1.4).
        Raises UnknownOutcome when the connection was cut before the answer.
        """
        response = self._send_once("POST", f"{self._base}/api/command", timeout,
                                   json={"command": command, "dir": directory})
        self._raise_for(response, "the command")
        answer = self._json(response)
        return CommandResult(answer.get("Output") or "", answer.get("Error") or "", int(answer.get("ExitCode") or 0))

    def start(self, command: str, directory: str = "") -> PendingCommand:
        """Post a command and return at once; it goes on when this client goes away (facts/kudu.md 1.4)."""
        pending = PendingCommand()

        def post() -> None:
            try:
                pending.settle(self.run(command, directory, timeout=6 * 3600))
            except UnknownOutcome:
                pending.settle(None)
            except PythonAppError as error:
                pending.settle(CommandResult("", error.message, -1))

        threading.Thread(target=post, name="kudu-command", daemon=True).start()
        return pending

    def site_extensions(self) -> list[dict[str, Any]]:
        """The installed site extensions, as Kudu's JSON (facts/kudu.md 4.1)."""
        return list(self._json(self._request("GET", f"{self._base}/api/siteextensions", path="site extensions")) or [])

    def extension_feed(self, text: str = "") -> list[dict[str, Any]]:
        """The site extensions that the app's own gallery feed offers, as Kudu's JSON (facts/kudu.md 4.2).

        text: only those whose title holds it.
        """
        params = {"filter": text} if text else {}
        response = self._request("GET", f"{self._base}/api/extensionfeed", path="extension feed", params=params)
        return list(self._json(response) or [])

    def extension_package(self, identifier: str, version: str) -> dict[str, Any]:
        """One package version of a site extension, also one that the feed's list does not show (facts/kudu.md 4.2).

        identifier: in the gallery's own spelling. Raises NotFound when the gallery does not have it.
        """
        response = self._request("GET", f"{self._base}/api/extensionfeed/{quote(identifier, safe='')}", path=identifier,
                                 params={"version": version})
        return dict(self._json(response) or {})

    def _learn_home(self, folder: str, entries: list[Entry]) -> None:
        """Read %HOME% off the local path of any entry below it."""
        if self._home is not None:
            return
        for entry in entries:
            tail = "\\".join([*filter(None, folder.split("/")), entry.name])
            if entry.path.lower().endswith("\\" + tail.lower()) and entry.path[1:3] == ":\\":
                self._home = entry.path[:-len(tail) - 1]
                return

    def _request(self, method: str, url: str, path: str, accept: tuple[int, ...] = (), **options: Any
                 ) -> requests.Response:
        """An idempotent request, repeated while the SCM site is cold; statuses in `accept` are the caller's."""
        for pause in (*RETRY_PAUSES, None):
            try:
                response = self._send(method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), **options)
            except (requests.ConnectionError, requests.Timeout) as error:
                hopeless = isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ProxyError))
                if pause is None or (hopeless and _never_connected(error)):
                    raise self._unreachable(error) from error
                time.sleep(pause)
                continue
            if response.status_code in PASSING_STATUSES and pause is not None:
                time.sleep(pause)
                continue
            break
        if response.status_code not in accept:
            self._raise_for(response, path)
        return response

    def _send_once(self, method: str, url: str, timeout: float, **options: Any) -> requests.Response:
        """A request that must not be repeated. timeout: seconds. Raises UnknownOutcome when its answer never came."""
        started = time.monotonic()
        try:
            response = self._send(method, url, timeout=(CONNECT_SECONDS, timeout), **options)
        except (requests.ConnectionError, requests.Timeout) as error:
            if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
                raise self._unreachable(error) from error
            raise self._cut(started) from error
        if response.status_code in (502, 504):
            raise self._cut(started)
        return response

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send once; when the credentials are refused, once more with the next ones that the site allows."""
        response = self._session.request(method, url, auth=self._credentials, allow_redirects=False, **options)
        if response.status_code == 401 and self._credentials.fall_back():
            response = self._session.request(method, url, auth=self._credentials, allow_redirects=False, **options)
        return response

    def _raise_for(self, response: requests.Response, path: str) -> None:
        status = response.status_code
        if status < 300:
            if "text/html" in response.headers.get("Content-Type", "") and "/api/vfs/" not in response.url:
                raise PlatformFailed(f"The SCM site of {self._label} answered with a web page instead of Kudu's data.",
                                     "Check that nothing between this machine and Azure signs in for you.")
            return
        if status == 404:
            raise NotFound(f"{path or 'The home directory'} was not found on {self._label}.")
        if status in (409, 412):
            raise Conflict(f"{path} of {self._label} could not be written: {_message(response)}")
        if status == 401:
            raise AccessDenied(f"The SCM site of {self._label} refused the sign-in (401).",
                               "You need the permission Microsoft.Web/sites/publish/Action on the app; "
                               "sign in again with `az login`.")
        if status == 403:
            raise AccessDenied(f"The SCM site of {self._label} refused access (403): {_message(response)}",
                               "Look at the app's state and quota, and at the access restrictions of its SCM site: "
                               "`az webapp config access-restriction show`.")
        raise PlatformFailed(f"The SCM site of {self._label} answered {status} for {path}: {_message(response)}")

    def _json(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise PlatformFailed(f"The SCM site of {self._label} answered with something that is not JSON: "
                                 f"{_message(response)}") from error

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"The SCM site of {self._label} at {self._base} could not be reached: {error}",
                           "Check the network, the proxy settings and that the app exists.")

    def _cut(self, started: float) -> UnknownOutcome:
        seconds = time.monotonic() - started
        return UnknownOutcome(f"The connection to the SCM site of {self._label} was cut after {seconds:.0f} s, before "
                              "the answer came; it may still be running there.")


class _Pieces:
    """A file as the body of a request: of known length, and from its beginning each time that it is sent."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._length = file.seek(0, io.SEEK_END)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(CHUNK_BYTES):
            yield piece


def _never_connected(error: Exception) -> bool:
    """Whether a ConnectionError came before the request was sent (no route, refused, TLS, proxy).

    urllib3 also calls it the proxy's failure when a connection through a proxy ends before the answer.
    """
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(error, requests.exceptions.ProxyError):
        return not isinstance(getattr(reason, "original_error", None), (ConnectionResetError, BrokenPipeError))
    return isinstance(error, requests.exceptions.SSLError) or type(reason).__name__ in NEVER_CONNECTED


def _server_time(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None


def _message(response: requests.Response) -> str:
    """The reason in an error answer, on one line: Kudu's JSON message, or the start of the text."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        text = str(body.get("ExceptionMessage") or body.get("Message") or json.dumps(body))
    else:
        text = response.text
        if "<title>" in text:
            text = text.split("<title>", 1)[1].split("<", 1)[0]
    return " ".join(text.split())[:300] or f"HTTP {response.status_code}"
