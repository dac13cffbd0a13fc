"""New lines in the log of the app's server: wfastcgi's WSGI_LOG, or HttpPlatform's stdout log."""

from __future__ import annotations

import ntpath
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu import Entry
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.jobs.state import moment
from azext_pythonapp.operations.app.wwwroot import web_root
from azext_pythonapp.webconfig.handlers import platform_attributes, read_handler
from azext_pythonapp.windows import worker_path

# wfastcgi takes this literally, so it names the drive that every worker knows
# (docs/platform/site-extensions.md 1.8 and 3.2).
WSGI_LOG = r"D:\home\LogFiles\wfastcgi.log"


# What was written to the worker's share appears on another machine a little later
# (docs/platform/site-extensions.md 2.3).
PAUSES = (0.0, 1.0, 2.0)
LARGEST_TAIL = 65536
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|DoesNotExist|Configured)\b.*")
# A line that says that something went wrong, from a program that ended without a traceback; an access log says how
# requests ended, which is no reason.
_COMPLAINT = re.compile(
    r"\b(?:error|fatal|cannot|can't|could not|failed|no module named|not found|denied|refused|unrecognized)\b",
    re.IGNORECASE,
)
_NO_COMPLAINT = re.compile(
    r'" \d{3}\b|\bHTTP/\d|\b[A-Za-z]*Warning:'
    # Django's own lines about requests (django.utils.log.log_response).
    r"|^\s*(?:Not Found|Bad Request|Forbidden|Unauthorized|Method Not Allowed|Internal Server Error)\b[^:]*: /"
)
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


@dataclass(frozen=True)
class Tail:
    """The end of one file of the log. path: below %HOME%. written_at: when it was last written to."""

    path: str
    written_at: datetime
    text: str


class ServerLog:
    """What the log that web.config names gets from now on.

    content: the web.config that will be in force. Errors while the log is read are ignored: a log explains a failure,
    and must not cause one.
    """

    def __init__(self, app: App, content: bytes, sleep: Callable[[float], None] = time.sleep):
        self._app = app
        self._sleep = sleep
        self._folder: str | None = None
        self._name: str | None = None
        self._pattern = re.compile("(?!)")
        self._before: dict[str, int] = {}
        try:
            self._find(content)
            self._before = self._sizes()
        except PythonAppError:  # its present size is not known, so new lines could not be told from old ones
            self._folder = None

    @property
    def exists(self) -> bool:
        """Return whether web.config names a log that can be read."""
        return self._folder is not None

    def explanation(self) -> str | None:
        """Return the error in the new lines, on one line that names the log; None when there are none."""
        for pause in PAUSES if self.exists else ():
            self._sleep(pause)
            try:
                found = self._new_lines()
            except PythonAppError:
                continue
            if found is not None:
                return found
        return None

    def earlier(self) -> str | None:
        """Return the last error that the newest log had before, on one line that names the log and its time.

        None when there is none, or it cannot be read.
        """
        try:
            written = [(when, entry) for entry in self._entries() if (when := moment(entry.modified)) is not None]
            when, newest = max(written, key=lambda each: each[0])
            found = last_error(self._text_from(newest.name, max(0, newest.size - LARGEST_TAIL)))
        except (PythonAppError, ValueError):
            return None
        self._name = newest.name
        at = when.astimezone(timezone.utc)
        return (
            f"{newest.name} in {self._folder}, written at {at:%Y-%m-%d %H:%M:%S} UTC, says: {found}" if found else None
        )

    def tails(self, most: int, since: datetime | None) -> list[Tail]:
        """Return the ends of the newest files of the log, the newest first; HttpPlatform begins one for each process.

        most: how many. since: files that were last written to before are left out; None for none of them. Raises what
        the SCM site raises.
        """
        written = [(when, entry) for entry in self._entries() if (when := moment(entry.modified)) is not None]
        newest = sorted(written, key=lambda each: each[0], reverse=True)[:most]
        return [
            Tail(
                f"{self._folder}/{entry.name}",
                when.astimezone(timezone.utc),
                self._text_from(entry.name, max(0, entry.size - LARGEST_TAIL)),
            )
            for when, entry in newest
            if since is None or when > since
        ]

    def where(self, without_reason: bool) -> str | None:
        """Return a sentence about where the log is; None when there is none.

        without_reason: whether `explanation` found none.
        """
        if self._folder is None:
            return None
        log = self._app.kudu.url(f"{self._folder}/{self._name}" if self._name else f"{self._folder}/")
        return f"The log has no traceback. To read it: {log}" if without_reason else f"The whole log: {log}"

    def _new_lines(self) -> str | None:
        for name, size in sorted(self._sizes().items(), reverse=True):
            text = self._new_text(name, size)
            if text:
                self._name = name
                found = last_error(text)
                return f"{name} in {self._folder} says: {found}" if found else None
        return None

    def _find(self, content: bytes) -> None:
        handler = read_handler(content)
        if handler is not None and handler.kind == "fastCgi":
            settings = {name.upper(): value for name, value in handler.environment.items()}
            self._locate(settings.get("WSGI_LOG", ""), "")
        elif handler is not None:
            attributes = platform_attributes(content)
            if attributes.get("stdoutLogEnabled", "").lower() == "true":
                # The real name is <stdoutLogFile>_<pid>_<moment>.log (docs/platform/site-extensions.md 2.3).
                self._locate(attributes.get("stdoutLogFile", r".\httpplatform-stdout"), r"_\d+_\d+\.log")

    def _locate(self, path: str, suffix: str) -> None:
        if not path:
            return
        home = self._app.kudu.home()
        full = worker_path(path, home)
        if not ntpath.isabs(full):
            full = ntpath.normpath(ntpath.join(home, web_root(self._app), full))
        if full.lower().startswith(home.lower() + "\\"):
            folder, name = ntpath.split(full[len(home) + 1 :])
            self._folder = folder.replace("\\", "/")
            self._pattern = re.compile(re.escape(name) + suffix, re.IGNORECASE)

    def _entries(self) -> list[Entry]:
        if self._folder is None:
            return []
        try:
            entries = self._app.kudu.list_directory(self._folder)
        except NotFound:
            return []
        return [entry for entry in entries if self._pattern.fullmatch(entry.name)]

    def _sizes(self) -> dict[str, int]:
        return {entry.name: entry.size for entry in self._entries()}

    def _new_text(self, name: str, size: int) -> str:
        before = self._before.get(name, 0)
        return self._text_from(name, max(before if before <= size else 0, size - LARGEST_TAIL))  # smaller: begun anew

    def _text_from(self, name: str, start: int) -> str:
        try:
            tail = self._app.kudu.read_from(f"{self._folder}/{name}", start)
        except NotFound:
            return ""
        return tail[:LARGEST_TAIL].decode("utf-8", "replace").strip()


def last_error(text: str) -> str | None:
    """Return the last exception in a log with its last frame, else the last line that complains, on one line.

    None for a log that only says what was done, such as which requests were answered.
    """
    printable = ("".join(letter if letter.isprintable() else " " for letter in line) for line in text.splitlines())
    lines = [line.rstrip() for line in printable if line.strip()]
    number = _last_exception(lines)
    if number is not None:
        frames = [found for line in lines[:number] if (found := _FRAME.search(line))]
        place = f" ({frames[-1]['file']}, line {frames[-1]['line']})" if frames else ""
        return lines[number].strip()[:300] + place
    complaints = [line.strip() for line in lines if _COMPLAINT.search(line) and not _NO_COMPLAINT.search(line)]
    return complaints[-1][:300] if complaints else None


def _last_exception(lines: Sequence[str]) -> int | None:
    """Return the number of the line that names the last exception: the one behind a traceback, by whatever name, else
    one that is called like an exception; None without any.
    """
    named = [number for number, line in enumerate(lines) if _EXCEPTION.fullmatch(line.strip())]
    for start in reversed([number for number, line in enumerate(lines) if _TRACEBACK in line]):
        behind = (number for number in range(start + 1, len(lines)) if not lines[number].startswith((" ", "\t")))
        number = next(behind, None)
        if number is not None:
            return max([number, *(each for each in named if each > number)])
    return named[-1] if named else None
