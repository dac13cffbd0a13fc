r"""The lease of the command that changes an app now: one file on the app, guarded by its ETag, renewed, expiring.

%HOME%\data\pythonapp\lease.json. It is deleted when the command ends. One that stays, because its client died, names
the change that was interrupted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta, timezone

from azext_pythonapp.errors import Conflict, NotFound, PythonAppError, Refused
from azext_pythonapp.history.owner import has_died, this_process
from azext_pythonapp.history.record import readable_time
from azext_pythonapp.history.soundness import is_command, is_id, spoken
from azext_pythonapp.worker import ScmSite

LEASE = "data/pythonapp/lease.json"
# A client renews its lease so often; one that was not renewed for so long belongs to nobody any more. Kudu's longest
# answer on a busy worker is shorter (docs/platform/kudu.md 1.4).
RENEW_SECONDS, EXPIRE_SECONDS = 15.0, 60.0
# How often somebody else's lease is looked at.
LOOK_SECONDS = 3.0
_ATTEMPTS = 4
# Of so many changes that were left unfinished, one over the other, a lease knows.
_MOST_CHANGES = 8
# A lease that is held for so long may be one that its command does not end: code of the app can write the file, too.
_LONG = timedelta(hours=1)
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class LeaseFile:
    """What the file says.

    change: the id of the change. expires_at: by the worker's clock, "" for one that its owner has given up while its
    change is unfinished. owner: its process, "" where that is not known. over: ids, separated by blanks, of changes
    that earlier leases left unfinished, the newest first.
    """

    change: str
    command: str
    command_line: str
    user: str
    owner: str
    started_at: str
    expires_at: str
    over: str = ""

    def to_json(self) -> bytes:
        """Return the file's bytes."""
        return json.dumps(asdict(self), indent=1).encode("ascii")

    @classmethod
    def parse(cls, content: bytes) -> LeaseFile | None:
        """Read a file; None for one that is not whole, or names no change: that is nobody's."""
        try:
            row = {"over": "", **json.loads(content)}
            found = cls(**{name: str(row[name]) for name in (each.name for each in fields(cls))})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return replace(found, user=spoken(found.user)) if is_id(found.change) and is_command(found.command) else None

    @property
    def changes(self) -> list[str]:
        """Return the ids of the changes that may be unfinished, the newest first."""
        named = dict.fromkeys((self.change, *self.over.split()))
        return [each for each in named if is_id(each)][:_MOST_CHANGES]

    def held(self, now: datetime | None) -> bool:
        """Return whether its owner may be at work. now: the worker's clock; None for not known."""
        if not self.expires_at or has_died(self.owner):
            return False
        try:
            expires = _moment(self.expires_at)
        except ValueError:
            return False
        # One that ends later than any lease can was written with a clock that was wrong.
        return now is None or now <= expires <= now + timedelta(seconds=4 * EXPIRE_SECONDS)

    @property
    def words(self) -> str:
        """Return what its owner does, for messages: "`set-version` of ann@contoso.com, since 2026-11-22 11:59 UTC"."""
        since = readable_time(self.started_at)
        by = f" of {self.user}" if self.user else ""
        return f"`{self.command}`{by}" + (f", since {since}" if since else "")


# Stands for a file that is not whole, as a full disk leaves it: it is nobody's, and names no change.
TORN = LeaseFile("", "", "", "", "", "", "")


def read_lease(site: ScmSite) -> tuple[LeaseFile | None, str | None]:
    """Return the lease and its ETag; (None, None) when there is none, (TORN, ETag) for a file that is not whole."""
    try:
        file = site.read(LEASE)
    except NotFound:
        return None, None
    return LeaseFile.parse(file.content) or TORN, file.etag or "*"


def watch(
    site: ScmSite,
    found: LeaseFile,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> LeaseFile | None:
    """Look at a lease until it is over, and return None; one that is renewed meanwhile, or another one, is returned.

    One that is not renewed in the time in which each lease is has no owner any more, whatever the clocks say. sleep:
    waits seconds; clock: of this machine, in seconds.
    """
    begun = clock()
    while True:
        sleep(LOOK_SECONDS)
        again, _ = read_lease(site)
        if again is None or not again.held(site.now()):
            return None
        if again != found:
            return again
        if clock() - begun > EXPIRE_SECONDS:
            return None


def way_out(found: LeaseFile, now: datetime | None) -> str:
    """Return a sentence about a lease that is held for very long, with a blank before it; "" for any other.

    now: the worker's clock; None for not known. A lease that does not say when it began may be held for any time.
    """
    try:
        since = (now or datetime.now(timezone.utc)) - _moment(found.started_at)
    except ValueError:
        since = None
    if since is not None and timedelta(0) <= since < _LONG:
        return ""
    held = (
        "It does not say since when it is held"
        if since is None or since < timedelta(0)
        else (f"It is held for {since // timedelta(hours=1)} h already")
    )
    path = f"%HOME%\\{LEASE}".replace("/", "\\")
    return f" {held}. Once you have checked that its command runs nowhere, delete {path} in the app's Kudu console."


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc)


class Lease:
    """The lease that this command holds, renewed by a thread until it is given up.

    earlier: the lease of a client that died, or gave up, with its change unfinished; None when there was none, TORN for
    a file that does not say whose it was.
    """

    def __init__(
        self,
        site: ScmSite,
        file: LeaseFile,
        label: str,
        *,
        renewing: ScmSite | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Prepare it. renewing: the same site, for requests that are not to be sent again for long."""
        self._site = site
        self._renewing = renewing or site
        self._file = file
        self._label = label
        self._clock = clock
        self._etag = ""
        self._renewed = 0.0
        self._lost: str | None = None
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.earlier: LeaseFile | None = None

    def take(self, say: Callable[[str], None] = lambda line: None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take the lease, or raise Refused when somebody else holds it.

        A lease whose owner cannot be looked at is watched until it expires or is renewed; `say` gets a sentence then.
        sleep: waits seconds. Raises Conflict when the worker's storage is full or read-only.
        It is read again once it is written: of two clients that create it at the same moment both may be told that they
        did (docs/platform/kudu.md 3.3).
        """
        if_match: str | None = None
        for attempt in range(_ATTEMPTS):
            try:
                self._write(if_match)
                found, etag = read_lease(self._site)
                if found is None or found == TORN or found.change == self._file.change:
                    break
            except Conflict:
                found, etag = read_lease(self._site)
                # The same twice: nothing can be written there. Once, another lease may have ended in between.
                if attempt == _ATTEMPTS - 1 or (etag == if_match and attempt):
                    raise
            if found is not None and found.held(self._site.now()):
                self._wait_for_end(found, say, sleep)
                found, etag = read_lease(self._site)
            if_match = etag
            self.earlier = found
            self._file = replace(self._file, over=" ".join(found.changes) if found is not None else "")
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def _wait_for_end(self, found: LeaseFile, say: Callable[[str], None], sleep: Callable[[float], None]) -> None:
        """Return once a lease is over; raise Refused when its owner is at work.

        An owner on this machine is at work while its process lives; another one when it renews its lease.
        """
        here = this_process()
        if here and found.owner.split(" ")[:2] == here.split(" ")[:2]:
            raise self._refused(found)
        say(f"Looking for up to {EXPIRE_SECONDS:.0f} s whether {found.words} still goes on on {self._label}.")
        again = watch(self._site, found, sleep, self._clock)
        if again is not None:
            raise self._refused(again)

    def _refused(self, found: LeaseFile) -> Refused:
        return Refused(
            f"Another command is changing {self._label}: {found.words}. Nothing was changed.",
            "Run the command again when it has ended; its lease ends by itself "
            f"{EXPIRE_SECONDS:.0f} s after its client has stopped.{way_out(found, self._site.now())}",
        )

    def _write(self, if_match: str | None, site: ScmSite | None = None) -> None:
        site = site or self._site
        now = site.now() or datetime.now(timezone.utc)
        expires = (now + timedelta(seconds=EXPIRE_SECONDS)).strftime(_FORMAT)
        asked = self._clock()
        self._file = replace(self._file, expires_at=expires)
        self._etag = site.write(LEASE, self._file.to_json(), if_match)
        self._renewed = asked

    def _keep(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with self._writing:
                if self._ended.is_set():
                    return
                try:
                    self._write(self._etag, self._renewing)
                except Conflict:
                    if self._somebody_else():
                        return
                except PythonAppError:
                    pass  # the worker may be busy: the next renewal, or `require`, tells

    def _somebody_else(self) -> bool:
        """Return whether the lease is somebody else's now; take note of it."""
        with suppress(PythonAppError):
            found, etag = read_lease(self._renewing)
            if found is not None and found.change == self._file.change and found.owner == self._file.owner:
                self._etag = etag or "*"
                return False
            self._lost = found.words if found is not None and found != TORN else "nobody"
            return True
        return False

    def require(self) -> None:
        """Raise Conflict when the lease was lost, because it was not renewed for too long: this machine slept.

        Called before each step of a plan.
        """
        if self._lost is None and self._clock() - self._renewed > EXPIRE_SECONDS:
            with self._writing:
                self._somebody_else()
        if self._lost is not None:
            by = "it is held by nobody" if self._lost == "nobody" else f"it is held by {self._lost}"
            raise Conflict(
                f"This command has lost its lease of {self._label}, because it was not renewed for more than "
                f"{EXPIRE_SECONDS:.0f} s; now {by}.",
                "See what was changed meanwhile with `az webapp python history list`, and run the command again.",
            )

    def name_change(self, change: str) -> None:
        """Name another change from the next writing on: an interrupted one that this command goes on with."""
        with self._writing:
            self._file = replace(self._file, change=change)
            self._write(self._etag)

    def end(self, unfinished: bool, other: LeaseFile | None = None) -> None:
        """Give the lease up. unfinished: leave the file, so that it names a change that is not finished.

        other: the file that names another such change, to be put back when this one is finished.
        Raises nothing: a lease that cannot be given up expires.
        """
        self._ended.set()
        with self._writing, suppress(PythonAppError):
            if self._thread is None or self._lost is not None:
                return
            left = self._file if unfinished else other
            if left is not None:
                self._renewing.write(LEASE, replace(left, expires_at="").to_json(), self._etag)
            else:
                self._renewing.delete(LEASE, self._etag)
