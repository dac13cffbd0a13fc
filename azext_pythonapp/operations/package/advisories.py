"""Where `package audit` has its advisories from: a file of this machine, or an address with a copy on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import requests

from azext_pythonapp.appservice.app import Progress
from azext_pythonapp.appservice.cached_file import CachedFile, Copy
from azext_pythonapp.errors import InvalidInput, PlatformFailed, PythonAppError, Refused, Unreachable
from azext_pythonapp.output_file import write_whole
from azext_pythonapp.packages.osv_file import LARGEST_FILE, Advisories
from azext_pythonapp.url_secrets import masked

# OSV's export of all advisories for PyPI (https://google.github.io/osv.dev/data/#data-dumps).
DEFAULT_SOURCE = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
FOLDER = "pythonapp"
# What was read is good for all apps of a command. az's shell runs many commands in one process.
_GOOD_SECONDS = 600
# That they cannot be read is good for a shorter time: a server that does not answer would hold up each app in turn.
_FAILED_SECONDS = 60
_MOST_INDEXES = 4
_INDEX_FORMAT = 1


@dataclass(frozen=True)
class Source:
    """file: of this machine, None for an address. url: https, "" for a file."""

    file: Path | None
    url: str = ""

    @classmethod
    def from_option(cls, value: str | None) -> Source:
        """Read --advisories. Raises InvalidInput for a file that cannot be read, and for an address without TLS."""
        if value is None:
            return cls(None, DEFAULT_SOURCE)
        if "://" in value:
            if not value.lower().startswith("https://"):
                raise InvalidInput(f"--advisories '{masked(value)}' is not an https address.", "Or name a file.")
            return cls(None, value)
        path = Path(value).expanduser()
        try:
            with open(path, "rb"):
                return cls(path.absolute())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidInput(
                f"--advisories '{value}' cannot be read: {reason}.",
                "Name a zip or JSON file of OSV, or an https address.",
            ) from error

    @property
    def label(self) -> str:
        """Name it in a message."""
        return f"--advisories '{self.file}'" if self.file is not None else masked(self.url)


class Library:
    """The advisories that were read, for all apps of a command: read once, by the first that asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._lock = threading.Lock()
        self._clock = clock
        self._known: dict[tuple[Source, Path], tuple[float, Advisories]] = {}
        self._failed: dict[tuple[Source, Path], tuple[float, PythonAppError]] = {}

    def read(self, source: Source, session: requests.Session, folder: Path, progress: Progress) -> Advisories:
        """Return the advisories of a source. folder: az's own, where copies are kept. Raises what `read` raises."""
        with self._lock:
            at, found = self._known.get((source, folder), (0.0, None))
            if found is None or self._clock() - at > _GOOD_SECONDS:
                since, failed = self._failed.pop((source, folder), (0.0, None))
                if failed is not None and self._clock() - since <= _FAILED_SECONDS:
                    self._failed[source, folder] = since, failed
                    raise _same(failed)
                try:
                    found = read(source, session, folder, progress)
                except (Unreachable, PlatformFailed, Refused) as error:
                    self._failed[source, folder] = self._clock(), _same(error)
                    raise
                self._known = {(source, folder): (self._clock(), found)}
            return found


def _same(error: PythonAppError) -> PythonAppError:
    """Return an error of its own with the same words: each app's name is put in front of its own."""
    return type(error)(error.message, error.recommendation)


LIBRARY = Library()


def read(
    source: Source,
    session: requests.Session,
    folder: Path,
    progress: Progress,
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Advisories:
    """Return the advisories of a source, and say how old they are.

    Raises Refused for what is no OSV, and Unreachable for an address that cannot be read, without an earlier copy.
    """
    folder = folder / FOLDER
    indexes = _Indexes(folder)
    if source.file is None:
        return _at_address(
            source, CachedFile(session, source.url, folder, LARGEST_FILE, clock), indexes, progress, clock
        )
    try:
        content = source.file.read_bytes()
        changed = datetime.fromtimestamp(source.file.stat().st_mtime, timezone.utc)
    except (OSError, ValueError, OverflowError) as error:
        raise Refused(f"{source.label} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    found = Advisories(source.label, content, indexes)
    progress.say(f"{_count(found)} of {source.file}, changed {_ago(clock() - changed)}.")
    return found


def _at_address(
    source: Source, cached: CachedFile, indexes: _Indexes, progress: Progress, clock: Callable[[], datetime]
) -> Advisories:
    known = cached.copy()
    try:
        with progress.phase(f"Asking for advisories: {source.label}"):
            copy = cached.current(known, lambda done, total: progress.transfer("downloading advisories", done, total))
            # Looked at before it replaces a good copy: a proxy's page of its own also comes with status 200.
            found = Advisories(source.label, copy.content, indexes)
    except (Unreachable, PlatformFailed, Refused) as error:
        if known is None:
            raise _without_copy(source, error) from error
        found = Advisories(source.label, known.content, indexes)
        progress.say(
            f"{source.label} could not be read: {error.message.rstrip('.')}. Taking the copy of this machine, which "
            f"was the newest {_ago(clock() - known.asked)}: {_count(found, small=True)}{_changed(known, clock())}."
        )
        return found
    try:
        cached.keep(copy)
    except OSError as error:
        progress.say(f"The advisories could not be kept for the next time: {error.strerror or error}.")
    progress.say(f"{_count(found)} of {source.label}{_changed(copy, clock())}.")
    return found


def _without_copy(source: Source, error: PythonAppError) -> PythonAppError:
    if not isinstance(error, (Unreachable, PlatformFailed)):
        return error
    return Unreachable(
        f"The advisories could not be read, and this machine has no earlier copy of them: {source.label}: "
        f"{error.message.rstrip('.')}.",
        "Check the network, or download the file elsewhere and name it: `--advisories all.zip`.",
    )


def _count(found: Advisories, small: bool = False) -> str:
    words = f"{len(found):,} advisor{'y' if len(found) == 1 else 'ies'}"
    return words if small else words[0].upper() + words[1:]


def _changed(copy: Copy, now: datetime) -> str:
    return f", changed {_ago(now - copy.changed)}" if copy.changed is not None else ""


def _ago(span: Any) -> str:
    """Return a timedelta in words: "3 days ago"."""
    seconds = span.total_seconds()
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            number = int(seconds // unit)
            return f"{number} {name}{'s' * (number != 1)} ago"
    return "just now"


class _Indexes:
    """Which records of a large file are about which package, in az's folder. It is only there to save time."""

    def __init__(self, folder: Path):
        self._folder = folder

    def read(self, digest: str) -> Any:
        """Return the index of the file with a digest; None for none."""
        with suppress(OSError, ValueError):
            value = json.loads(self._path(digest).read_bytes())
            if isinstance(value, dict) and value.get("format") == _INDEX_FORMAT:
                return value.get("packages")
        return None

    def write(self, digest: str, index: Any) -> None:
        """Keep an index, and the newest of the others."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"format": _INDEX_FORMAT, "packages": index}).encode("ascii")
            write_whole(self._path(digest), content, private=True)
            present = sorted(self._folder.glob("index-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in present[_MOST_INDEXES:]:
                path.unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / f"index-{digest}.json"
