"""The SCM site (Kudu) of one app or slot: its files (VFS), and access to its archives, commands and gallery feed.

Every statement about Kudu's answers is taken from docs/platform/kudu.md, which cites Kudu's own source.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

from azext_pythonapp.appservice import kudu_archives, kudu_commands
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.kudu_commands import CommandResult, PendingCommand, Process, whole_number
from azext_pythonapp.appservice.outcome import error_text, says_not_found, text_of
from azext_pythonapp.appservice.retry import Outage, Retry, http_date
from azext_pythonapp.appservice.scm_requests import READ_SECONDS, ScmRequests
from azext_pythonapp.appservice.snapshot import Memory
from azext_pythonapp.errors import Conflict, NotFound, PlatformFailed

# How long to look again at a file that our own request, whose answer was lost, may still be writing.
SETTLING_SECONDS = 30.0
# How long the server's time is computed from its last answer and the time that has passed since.
FRESH_SECONDS = 15.0


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
    """A file's bytes, its ETag, and the server's clock (UTC) when it answered; None where it gave no time."""

    content: bytes
    etag: str
    server_time: datetime | None


class Kudu:  # pylint: disable=too-many-public-methods
    """A client of one SCM site; it provides worker.ScmSite.

    session: a requests session; its TLS settings and proxies are used as they are; redirects are never followed.
    scm_host: the host that Resource Manager returned; credentials are sent to it and to no other.
    credentials: sign the requests.
    label: the app's name in errors, such as "app 'shop' (slot 'staging')".
    say: takes a line for the user when a request takes long. clock, sleep: seconds, monotonic.

    Paths are relative to %HOME% and '/'-separated: "site/wwwroot/web.config".

    memory: a snapshot of the worker's files that is asked first; any change that this client makes ends it.

    Every method raises AccessDenied, Unreachable or PlatformFailed when the SCM site cannot be used. Idempotent
    requests are retried for up to four minutes (appservice/scm_requests.py); one that changes something and may have
    been processed then raises UnknownOutcome.
    """

    def __init__(
        self,
        session: requests.Session,
        scm_host: str,
        credentials: ScmCredentials,
        label: str,
        say: Callable[[str], None] = lambda line: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        outage = Outage(f"the SCM site of {label}", say, clock, sleep)
        self._scm = ScmRequests(session, scm_host, credentials, label, outage)
        self._home: str | None = None
        self.memory = Memory()  # shared with what `retrying_for` returns
        self._answered: tuple[datetime, float, float] | None = None
        self.began: datetime | None = None  # the time (UTC) of its first answer
        session.hooks["response"].append(self._note_time)

    def retrying_for(self, seconds: float) -> Kudu:
        """Return the same site, whose requests are retried for at most so many seconds: for a caller that retries."""
        other = copy.copy(self)
        other.__dict__["_scm"] = self._scm.retrying_for(seconds)
        return other

    def apart(self) -> Kudu:
        """Return the same site with a memory of its own: what it changes does not end that of this one."""
        other = copy.copy(self)
        other.memory = Memory()
        return other

    def now(self) -> datetime | None:
        """Return the SCM site's clock (UTC): its newest answer's, plus the few seconds since; None when it gives none.

        This machine's own clock may be wrong, so nothing on the worker is compared with it. Nor does it count the time
        for which this machine slept, so the site is asked again when its last answer is not recent.
        """
        if self._answered is None or FRESH_SECONDS < max(
            time.monotonic() - self._answered[1], abs(time.time() - self._answered[2])
        ):
            self.list_directory("")
        if self._answered is None:
            return None
        return self._answered[0] + timedelta(seconds=time.monotonic() - self._answered[1])

    def _note_time(self, response: requests.Response, **_: Any) -> None:
        """Note the time of an answer; called by requests, also from the threads that post commands."""
        moment = _server_time(response)
        if moment is not None and response.url.startswith(self._scm.base):
            self._answered = moment, time.monotonic(), time.time()
            self.began = self.began or moment

    def clock_difference(self) -> timedelta | None:
        """Return how far the SCM site's clock was ahead of this machine's at its newest answer; None before any."""
        if self._answered is None:
            return None
        server, _, here = self._answered
        return server - datetime.fromtimestamp(here, timezone.utc)

    def home(self) -> str:
        r"""Return %HOME% as the worker sees it, requested once.

        `D:\home` or, on newer scale units, `C:\home` (docs/platform/site-extensions.md 1.8).
        """
        if self._home is None:
            self.list_directory("")
        if self._home is None:
            raise PlatformFailed(f"The home directory of {self._scm.label} could not be read from its SCM site.")
        return self._home

    def _learn_home(self, folder: str, entries: list[Entry]) -> None:
        """Take %HOME% from the local path of any entry below it."""
        if self._home is not None:
            return
        for entry in entries:
            tail = "\\".join([*filter(None, folder.split("/")), entry.name])
            if entry.path.lower().endswith("\\" + tail.lower()) and entry.path[1:3] == ":\\":
                self._home = entry.path[: -len(tail) - 1]
                return

    def note_home(self, home: str) -> None:
        """Take %HOME% from the output of a command on the worker, so that `home` need not ask."""
        self._home = self._home or home

    def url(self, path: str) -> str:
        """Return the VFS address of a path, each segment percent-encoded (docs/platform/kudu.md 3.1)."""
        return f"{self._scm.base}/api/vfs/{quote(path)}"

    def list_directory(self, path: str) -> list[Entry]:
        """Return the entries of a directory in Kudu's order. Raises NotFound when it does not exist."""
        if path:
            known = self.memory.entries(path, self.home)
            if known is not None:
                return [Entry(each.name, each.path, each.size, each.modified, each.is_directory) for each in known]
        folder = path.strip("/")
        subject = path or "the home directory"
        entries = []
        for row in self._scm.get_rows(self.url(folder + "/" if folder else ""), subject):
            if "name" not in row:
                raise self._scm.not_kudu(subject)
            entries.append(
                Entry(
                    str(row["name"]),
                    str(row.get("path") or ""),
                    whole_number(row.get("size")) or 0,
                    str(row.get("mtime") or ""),
                    str(row.get("mime", "")).startswith("inode/"),
                )
            )
        self._learn_home(folder, entries)
        return entries

    def read(self, path: str) -> RemoteFile:
        """Return a whole file. Raises NotFound when it does not exist."""
        known = self.memory.content(path)
        if known is not None:
            return RemoteFile(known, "", None)
        response = self._scm.send_idempotent("GET", self.url(path), path).response
        return RemoteFile(response.content, response.headers.get("ETag", ""), _server_time(response))

    def read_from(self, path: str, offset: int) -> bytes:
        """Return a file's bytes from an offset on; b"" while there is nothing new. Raises NotFound.

        Kudu answers 416 when the offset is the file's length, and opens files that are being written
        (docs/platform/kudu.md 3.2).
        """
        response = self._scm.send_idempotent(
            "GET", self.url(path), path, headers={"Range": f"bytes={offset}-"}, accept=(416,)
        ).response
        if response.status_code == 416:
            return b""
        return response.content if response.status_code == 206 else response.content[offset:]

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        """Write a file with a conditional request and return its new ETag.

        if_match: the ETag that the file must still have, "*" for any, None for "it must not exist yet".
        Raises Conflict when the file has another ETag, is locked, or the folder is read-only
        (docs/platform/kudu.md 3.3).
        """
        self.memory.forget()
        while True:
            answer = self._scm.send_idempotent(
                "PUT",
                self.url(path),
                path,
                data=content,
                accept=(412,),
                headers={"If-Match": if_match} if if_match else {},
            )
            if answer.status != 412:
                return answer.response.headers.get("ETag", "")
            found = self._own_write(path, content) if answer.after_unknown else None
            if found is None:
                self._scm.raise_for_status(answer.response, path)
            elif found.content == content:
                return found.etag
            else:
                if_match = found.etag

    def _own_write(self, path: str, content: bytes) -> RemoteFile | None:
        """Return the file as left by our own write whose answer was lost; None when somebody else has written it.

        Kudu truncates a file before it writes it (docs/platform/kudu.md 3.3), so a file with only the start of the
        content is ours too, still growing or incomplete; it is returned once it no longer grows.
        """
        retry, before = Retry(self._scm.outage, SETTLING_SECONDS), None
        while True:
            try:
                found = self.read(path)
            except NotFound:
                return None
            if found.content == content:
                return found
            if not content.startswith(found.content):
                return None
            if before == found.content and not retry.again(f"{path} is not complete yet"):
                return found
            before = found.content

    def delete(self, path: str, if_match: str = "*") -> None:
        """Delete a file, unless it is already gone. Raises Conflict when the ETag differs or the file is locked."""
        self.memory.forget()
        answer = self._scm.send_idempotent(
            "DELETE", self.url(path), path, headers={"If-Match": if_match}, accept=(404,)
        )
        if answer.status == 404 and not says_not_found(text_of(answer.response)):
            reason = error_text(text_of(answer.response), 404)
            raise Conflict(f"{path} of {self._scm.label} could not be deleted: {reason}")

    def delete_directory(self, path: str, recursive: bool = True) -> None:
        """Delete a directory, unless it is already gone. recursive: with its contents.

        Raises Conflict when a file is locked, and without `recursive` when it is not empty (docs/platform/kudu.md 3.4).
        """
        self.memory.forget()
        with suppress(NotFound):
            self._scm.send_idempotent(
                "DELETE", self.url(path.strip("/") + "/"), path, params={"recursive": str(recursive).lower()}
            )

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write files into a folder with one request; the folder is created, other files in it stay.

        files: content by path relative to the folder, '/'-separated. Raises Conflict when the worker refused them.
        """
        self.memory.forget()
        kudu_archives.upload_files(self._scm, folder, files)

    def upload_archive(self, folder: str, archive: BinaryIO) -> None:
        """Extract a zip file into a folder with one request; the folder is created, other files in it stay.

        archive: a seekable file; it is sent in chunks.
        Raises Conflict when the worker refused it, which may leave a part of it, and UnknownOutcome when the
        connection was cut before the answer: the worker may still be extracting (docs/platform/kudu.md 1.4, 3.5).
        """
        self.memory.forget()
        kudu_archives.upload_archive(self._scm, folder, archive)

    def download_archive(self, folder: str, target: BinaryIO) -> None:
        """Write a folder, packed as a zip file, to `target` in chunks.

        The worker silently leaves out files that are in use (docs/platform/kudu.md 3.5). target: a seekable file,
        written from its current position on, and again from there when the connection ends early.
        Raises NotFound when there is no such folder, Unreachable when the connection ended early each time.
        """
        kudu_archives.download_archive(self._scm, folder, target)

    def run(
        self, command: str, directory: str = "", timeout: float = READ_SECONDS + 80, *, only_reads: bool = False
    ) -> CommandResult:
        """Run a short command on the worker and wait for it.

        command: a cmd.exe command line (windows.quote_command builds one).
        directory: relative to %HOME%, or a full Windows path.
        only_reads: whether it changes nothing, so that the snapshot of the files stays true.
        timeout: seconds; after 230 s Azure's front end cuts the connection anyway (docs/platform/kudu.md 1.4).
        Raises UnknownOutcome when the connection was cut before the answer.
        """
        if not only_reads:
            self.memory.forget()
        return kudu_commands.run_command(self._scm, command, directory, timeout)

    def start(self, command: str, directory: str = "") -> PendingCommand:
        """Post a command and return at once; it keeps running when this client ends (docs/platform/kudu.md 1.4)."""
        self.memory.forget()
        return kudu_commands.start_command(self._scm, command, directory)

    def processes(self, program: str) -> list[Process]:
        """Return the processes of a program, such as "python", on the instance that answers."""
        return kudu_commands.processes_of(self._scm, program)

    def app_start_time(self) -> datetime | None:
        """Return when the app's worker process was started, on the instance that answers; None when not known."""
        return kudu_commands.app_start_time(self._scm)

    def extension_feed(self, text: str = "") -> list[dict[str, Any]]:
        """Return the site extensions in the app's own gallery feed, as Kudu's JSON (docs/platform/kudu.md 4.2).

        text: only those whose title contains it.
        """
        params = {"filter": text} if text else {}
        return self._scm.get_rows(f"{self._scm.base}/api/extensionfeed", "extension feed", params=params)

    def site_extensions(self) -> list[dict[str, Any]]:
        """Return the installed site extensions, as Kudu's JSON (docs/platform/kudu.md 4.3)."""
        return self._scm.get_rows(f"{self._scm.base}/api/siteextensions", "the site extensions")

    def close(self) -> None:
        """Close the connections that are open."""
        self._scm.close()

    def extension_package(self, identifier: str, version: str) -> dict[str, Any]:
        """Return one package version of a site extension, also one that the feed does not list.

        Source: docs/platform/kudu.md 4.2. identifier: in the gallery's own spelling.
        Raises NotFound when the gallery does not have it.
        """
        url = f"{self._scm.base}/api/extensionfeed/{quote(identifier, safe='')}"
        found = self._scm.get_json(url, identifier, params={"version": version})
        if not isinstance(found, dict) and found is not None:
            raise self._scm.not_kudu(identifier)
        return found or {}


def _server_time(response: requests.Response) -> datetime | None:
    return http_date(response.headers.get("Date"))
