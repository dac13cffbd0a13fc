"""The SCM site of one app or slot: files (VFS and zip), commands, and the gallery of site extensions.

Every statement about Kudu's answers is taken from docs/platform/kudu.md, which cites Kudu's own source.
"""

from __future__ import annotations

import copy
import io
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

from azext_pythonapp.appservice.command_answer import CommandResult, PendingCommand
from azext_pythonapp.appservice.credentials import ScmCredentials
from azext_pythonapp.appservice.outcome import message, parsed, says_not_found, text_of
from azext_pythonapp.appservice.patience import Retry, Trouble, http_date
from azext_pythonapp.appservice.scm import READ_SECONDS, ScmSite
from azext_pythonapp.errors import Conflict, NotFound, PlatformFailed, PythonAppError, UnknownOutcome

# Longer than Azure's front end keeps an unanswered request (docs/platform/kudu.md 1.4).
ARCHIVE_SECONDS = 300
CHUNK_BYTES = 1 << 18
# For so long a file that our own lost request may still be writing is looked at again.
SETTLING_SECONDS = 30.0
# For so long the server's time is that of its last answer plus what has passed since then.
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
class Program:
    """A process. path: of its program, where Kudu can read it; web_job: whether it belongs to one."""

    pid: int
    path: str
    command_line: str
    web_job: bool


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
    say: takes a line for the person when a request takes long. clock, sleep: seconds, monotonic.

    Every method raises AccessDenied, Unreachable or PlatformFailed when the SCM site cannot be used. What may be
    repeated is, for up to four minutes (appservice/scm.py); what changes something and may have been carried out all
    the same raises UnknownOutcome then.
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
        self._scm = ScmSite(
            session, scm_host, credentials, label, Trouble(f"the SCM site of {label}", say, clock, sleep)
        )
        self._base = self._scm.base
        self._label = label
        self._home: str | None = None
        self._told: tuple[datetime, float, float] | None = None
        session.hooks["response"].append(self._note_time)

    def now(self) -> datetime | None:
        """The SCM site's clock (UTC): its newest answer's, and the few seconds since then; None when it tells none.

        This machine's own clock may be wrong: nothing on the worker is judged by it. Nor does it count the time for
        which this machine slept, so that the site is asked again when its last answer is not quite new.
        """
        if self._told is None or FRESH_SECONDS < max(
            time.monotonic() - self._told[1], abs(time.time() - self._told[2])
        ):
            self.list_directory("")
        if self._told is None:
            return None
        return self._told[0] + timedelta(seconds=time.monotonic() - self._told[1])

    def patient(self, seconds: float) -> Kudu:
        """The same site for one who can wait himself: requests are repeated for at most so many seconds."""
        other = copy.copy(self)
        other.__dict__["_scm"] = self._scm.patient(seconds)
        return other

    def url(self, path: str) -> str:
        """The VFS address of a path: each segment percent-encoded (docs/platform/kudu.md 3.1)."""
        return f"{self._base}/api/vfs/{quote(path)}"

    def home(self) -> str:
        r"""%HOME% as the worker sees it: `D:\home` or, on newer scale units, `C:\home`
        (docs/platform/site-extensions.md 1.8). Asked once."""
        if self._home is None:
            self.list_directory("")
        if self._home is None:
            raise PlatformFailed(f"The home directory of {self._label} could not be read from its SCM site.")
        return self._home

    def list_directory(self, path: str) -> list[Entry]:
        """The entries of a directory, as Kudu orders them. Raises NotFound when there is no such directory."""
        folder = path.strip("/")
        entries = []
        for row in self._rows(self.url(folder + "/" if folder else ""), path or "the home directory"):
            if "name" not in row:
                raise self._nonsense(path or "the home directory")
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
        """A whole file. Raises NotFound when there is none."""
        response = self._scm.ask("GET", self.url(path), path).response
        return RemoteFile(response.content, response.headers.get("ETag", ""), _server_time(response))

    def read_from(self, path: str, offset: int) -> bytes:
        """What a file holds from a byte offset on; b"" while there is nothing new. Raises NotFound.

        Kudu answers 416 when the offset is the file's length, and opens files that are being written
        (docs/platform/kudu.md 3.2).
        """
        response = self._scm.ask(
            "GET", self.url(path), path, headers={"Range": f"bytes={offset}-"}, accept=(416,)
        ).response
        if response.status_code == 416:
            return b""
        return response.content if response.status_code == 206 else response.content[offset:]

    def write(self, path: str, content: bytes, if_match: str | None = "*") -> str:
        """Write a file and return its new ETag.

        if_match: the ETag that the file must still have, "*" for any, None for "it must not exist yet".
        Raises Conflict when the file is not as expected, is locked, or the folder is read-only
        (docs/platform/kudu.md 3.3).
        """
        while True:
            answer = self._scm.ask(
                "PUT",
                self.url(path),
                path,
                data=content,
                accept=(412,),
                headers={"If-Match": if_match} if if_match else {},
            )
            if answer.status != 412:
                return answer.response.headers.get("ETag", "")
            found = self._own_write(path, content) if answer.lost else None
            if found is None:
                self._scm.raise_for(answer.response, path)
            elif found.content == content:
                return found.etag
            else:
                if_match = found.etag

    def delete(self, path: str, if_match: str = "*") -> None:
        """Delete a file; one that is already gone is fine. Raises Conflict when the ETag differs or it is locked."""
        answer = self._scm.ask("DELETE", self.url(path), path, headers={"If-Match": if_match}, accept=(404,))
        if answer.status == 404 and not says_not_found(text_of(answer.response)):
            raise Conflict(f"{path} of {self._label} could not be deleted: {message(text_of(answer.response), 404)}")

    def delete_directory(self, path: str) -> None:
        """Delete a directory and all in it; one that is already gone is fine. Raises Conflict when a file is held."""
        with suppress(NotFound):
            self._scm.ask("DELETE", self.url(path.strip("/") + "/"), path, params={"recursive": "true"})

    def upload(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files into a folder with one request; the folder is created, other files in it stay.

        files: content by path relative to the folder, '/'-separated. Raises Conflict when the worker refused them.
        """
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, content in files.items():
                bundle.writestr(name, content)
        answer = self._scm.ask(
            "PUT",
            self._zip_url(folder),
            folder,
            data=archive.getvalue(),
            accept=(400,),
            headers={"Content-Type": "application/zip"},
        )
        self._require_extracted(answer.response, f"Files could not be written to {folder}")

    def upload_archive(self, folder: str, archive: BinaryIO) -> None:
        """Extract a zip file into a folder with one request; the folder is created, other files in it stay.

        archive: a seekable file; it is sent piece by piece.
        Raises Conflict when the worker refused it, which may leave a part of it, and UnknownOutcome when the
        connection was cut before the answer: extracting may go on there (docs/platform/kudu.md 1.4, 3.5).
        """
        response = self._scm.act(
            "PUT",
            self._zip_url(folder),
            ARCHIVE_SECONDS,
            folder,
            data=_Pieces(archive),
            headers={"Content-Type": "application/zip"},
            accept=(400,),
        )
        self._require_extracted(response, f"An archive could not be extracted to {folder}")

    def download_archive(self, folder: str, target: BinaryIO) -> None:
        """Write a folder, packed as a zip file, to `target`, piece by piece.

        The worker leaves out, without a word, files that are in use (docs/platform/kudu.md 3.5). target: a seekable
        file; it is written from its present place on, and again from there when the connection ends early.
        Raises NotFound when there is no such folder, Unreachable when the connection ended early each time.
        """
        begin, retry = target.tell(), Retry(self._scm.trouble)
        while True:
            with self._scm.ask("GET", self._zip_url(folder), folder, stream=True).response as response:
                try:
                    for piece in response.iter_content(CHUNK_BYTES):
                        target.write(piece)
                    return
                except requests.RequestException as error:
                    if not retry.again(f"the download was cut ({type(error).__name__})"):
                        raise self._scm.unreachable(error) from error
            target.seek(begin)
            target.truncate()

    def run(self, command: str, directory: str = "", timeout: float = READ_SECONDS + 80) -> CommandResult:
        """Run a short command on the worker and wait for it.

        command: a cmd.exe command line (windows.quote_command makes one).
        directory: relative to %HOME%, or a full Windows path.
        timeout: seconds; past 230 s Azure's front end cuts the connection anyway (docs/platform/kudu.md 1.4).
        Raises UnknownOutcome when the connection was cut before the answer.
        """
        return self._run(command, directory, timeout, None)

    def start(self, command: str, directory: str = "") -> PendingCommand:
        """Post a command and return at once; it goes on when this client goes away (docs/platform/kudu.md 1.4)."""
        pending = PendingCommand()

        def post() -> None:
            result = None
            try:
                result = self._run(command, directory, 6 * 3600, pending.pause)
            except UnknownOutcome:
                pass
            except PythonAppError as error:
                result = CommandResult("", error.message, -1)
            except Exception:  # pylint: disable=broad-except  # whether it reached Kudu is not known
                pass
            finally:
                pending.settle(result)

        threading.Thread(target=post, name="kudu-command", daemon=True).start()
        return pending

    def app_started(self) -> datetime | None:
        """When the app's own worker process began, on the machine of this SCM site; None when it cannot be told.

        Kudu calls the other w3wp.exe process -1 (docs/platform/kudu.md 5.3).
        """
        try:
            found = self._json("GET", f"{self._base}/api/processes/-1", "the app's process")
        except (NotFound, Conflict):
            return None
        return read_time(str(found.get("start_time") or "")) if isinstance(found, dict) else None

    def programs(self, name: str) -> list[Program]:
        """The processes of a program on the instance that answers, such as "python" (docs/platform/kudu.md 5.3)."""
        found = []
        for row in self._rows(f"{self._base}/api/processes", "processes"):
            pid = whole_number(row.get("id"))
            if pid is not None and str(row.get("name") or "").lower().removesuffix(".exe") == name:
                with suppress(NotFound):
                    fields = self._json("GET", f"{self._base}/api/processes/{pid}", "a process")
                    if not isinstance(fields, dict):
                        raise self._nonsense("a process")
                    # Its other fields hold secrets: environment_variables.
                    found.append(
                        Program(
                            pid,
                            str(fields.get("file_name") or ""),
                            str(fields.get("command_line") or ""),
                            fields.get("is_webjob") is True,
                        )
                    )
        return found

    def site_extensions(self) -> list[dict[str, Any]]:
        """The installed site extensions, as Kudu's JSON (docs/platform/kudu.md 4.1)."""
        return self._rows(f"{self._base}/api/siteextensions", "site extensions")

    def extension_feed(self, text: str = "") -> list[dict[str, Any]]:
        """The site extensions that the app's own gallery feed offers, as Kudu's JSON (docs/platform/kudu.md 4.2).

        text: only those whose title holds it.
        """
        params = {"filter": text} if text else {}
        return self._rows(f"{self._base}/api/extensionfeed", "extension feed", params=params)

    def extension_package(self, identifier: str, version: str) -> dict[str, Any]:
        """One package version of a site extension, also one that the feed's list does not show
        (docs/platform/kudu.md 4.2).

        identifier: in the gallery's own spelling. Raises NotFound when the gallery does not have it.
        """
        url = f"{self._base}/api/extensionfeed/{quote(identifier, safe='')}"
        found = self._json("GET", url, identifier, params={"version": version})
        if not isinstance(found, dict) and found is not None:
            raise self._nonsense(identifier)
        return found or {}

    def _note_time(self, response: requests.Response, **_: Any) -> None:
        """Take the time off an answer; called by requests, also from the threads that post commands."""
        moment = _server_time(response)
        if moment is not None and response.url.startswith(self._base):
            self._told = moment, time.monotonic(), time.time()

    def _learn_home(self, folder: str, entries: list[Entry]) -> None:
        """Read %HOME% off the local path of any entry below it."""
        if self._home is not None:
            return
        for entry in entries:
            tail = "\\".join([*filter(None, folder.split("/")), entry.name])
            if entry.path.lower().endswith("\\" + tail.lower()) and entry.path[1:3] == ":\\":
                self._home = entry.path[: -len(tail) - 1]
                return

    def _run(
        self, command: str, directory: str, timeout: float, pause: Callable[[float], None] | None
    ) -> CommandResult:
        begun = self._scm.trouble.clock()
        response = self._scm.act(
            "POST",
            f"{self._base}/api/command",
            timeout,
            "the command",
            pause=pause,
            json={"command": command, "dir": directory},
        )
        answer = parsed(text_of(response))
        code = whole_number(answer.get("ExitCode")) if isinstance(answer, dict) else None
        if code is None:
            raise self._scm.cut(self._scm.trouble.clock() - begun)
        return CommandResult(str(answer.get("Output") or ""), str(answer.get("Error") or ""), code)

    def _own_write(self, path: str, content: bytes) -> RemoteFile | None:
        """The file that our own write has left whose answer was lost; None when somebody else has written it.

        Kudu truncates a file before it writes it (docs/platform/kudu.md 3.3), so a beginning of the content is our own
        too, still growing or left so; it is returned when it does not grow any more.
        """
        retry, before = Retry(self._scm.trouble, SETTLING_SECONDS), None
        while True:
            try:
                found = self.read(path)
            except NotFound:
                return None
            if found.content == content:
                return found
            if not content.startswith(found.content):
                return None
            if before == found.content and not retry.again(f"{path} is not whole yet"):
                return found
            before = found.content

    def _json(self, method: str, url: str, what: str, **options: Any) -> Any:
        """The JSON of an answer."""
        response = self._scm.ask(method, url, what, wants_json=True, **options).response
        return parsed(text_of(response))

    def _rows(self, url: str, what: str, **options: Any) -> list[dict[str, Any]]:
        """The JSON of an answer that is a list of objects. Raises PlatformFailed for any other: it is no empty list."""
        rows = self._json("GET", url, what, **options)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._nonsense(what)
        return rows

    def _nonsense(self, what: str) -> PlatformFailed:
        return PlatformFailed(
            f"The SCM site of {self._label} answered for {what} with something that is not Kudu's.",
            "Try again; check that nothing between this machine and Azure answers for it.",
        )

    def _zip_url(self, folder: str) -> str:
        return f"{self._base}/api/zip/{quote(folder.strip('/'))}/"

    def _require_extracted(self, response: requests.Response, failure: str) -> None:
        if response.status_code == 400:
            raise Conflict(
                f"{failure} of {self._label}: {message(text_of(response), 400)}",
                "Look whether the app's home directory is full or read-only.",
            )


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


def read_time(text: str) -> datetime | None:
    """A time in Kudu's JSON, of which .NET writes up to seven digits of a second; None for anything else."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        return None
    zone = "+00:00" if match[3] == "Z" else match[3]
    try:
        return datetime.fromisoformat(f"{match[1]}{(match[2] or '.0').ljust(7, '0')}{zone}")
    except ValueError:
        return None


def _server_time(response: requests.Response) -> datetime | None:
    return http_date(response.headers.get("Date"))


def whole_number(value: Any) -> int | None:
    """A number in Kudu's JSON, also one that is written as text; None for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
