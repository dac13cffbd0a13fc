"""One upload of files to an app as a zip archive, and what its failures mean."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.download import Told
from azext_pythonapp.errors import Conflict, InvalidInput, PythonAppError, UnknownOutcome, Unreachable
from azext_pythonapp.operations.files.kept import no_room
from azext_pythonapp.operations.files.present import PresentFile, at_once, folders_of, list_present

# What a running app may hold, so that replacing it fails: first in the archive, so that nothing else is written then.
_HELD_FIRST = (".pyd", ".dll", ".exe")
_CHUNK = 1 << 18
# Extracting some thousand files on the app's share takes minutes; Azure's front end waits 230 s
# (docs/platform/kudu.md 1.4 and 3.5).
EXTRACTION_SECONDS = 15 * 60.0
ARRIVAL_SECONDS = 60.0
POLL_SECONDS = 5.0
# The times that a zip archive knows end in 2107 (APPNOTE 4.4.6); a program may have given a file a later one.
_FIRST = datetime(1980, 1, 2, tzinfo=timezone.utc)
_LAST = datetime(2107, 12, 30, tzinfo=timezone.utc)
_IN_USE = re.compile(r"being used by another process|access to the path .* is denied", re.IGNORECASE)
_QUOTED = re.compile(r"'([A-Za-z]:\\[^']+)'")


class Sendable(Protocol):
    """A file to upload. name: below the root. size: in bytes."""

    @property
    def name(self) -> str:
        """Return the name below the root."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    @property
    def sha256(self) -> str:
        """Return the hash of the bytes."""

    @property
    def open(self) -> Callable[[], BinaryIO]:
        """Return what opens the bytes as a file."""


def upload(
    app: App, root: str, files: Sequence[Sendable], replaced: Sequence[PresentFile], respelled: Sequence[str] = ()
) -> None:
    """Upload files with one request, in chunks, and show how far it is.

    root: below %HOME%. replaced: the files of the same names that are there now. The new ones get a time after theirs.
    respelled: those of them to delete first, because Windows would keep the case of their names.
    Raises Conflict when the worker could not write a file, with its name where Kudu tells it; InvalidInput for a file
    that changed since it was compared; UnknownOutcome when the worker may still be extracting.
    """
    with tempfile.TemporaryDirectory(prefix="pythonapp-") as folder:
        path = Path(folder, "files.zip")
        pack(path, files, entry_time(app.kudu.now(), replaced))
        delete_files(app, root, respelled)
        total, sent = path.stat().st_size, [0]

        def tell(count: int) -> None:
            sent[0] = count
            _tell(app, count, total)

        with path.open("rb") as file:
            told = Told(file, tell)
            try:
                app.kudu.upload_archive(root, told)  # type: ignore[arg-type]
            except Conflict as error:
                raise _refused(app, error) from error
            except UnknownOutcome as error:
                if sent[0] < total:  # the archive's directory is at its end: without it, nothing is extracted
                    raise Unreachable(
                        f"The connection to the SCM site of {app.site.label} was cut while the files were uploaded, so "
                        "none was changed.",
                        "Run the command again, over a steadier connection.",
                    ) from error
                app.progress.say(f"{error.message} Waiting for it.")
                await_files(app, root, files, replaced)
            except KeyboardInterrupt as interrupt:
                if sent[0] < total:
                    raise
                raise UnknownOutcome(
                    f"Interrupted. The files were sent to {app.site.label}, which may go on extracting them."
                ) from interrupt
            finally:
                app.progress.status(None)


def _tell(app: App, count: int, total: int) -> None:
    if count < total:
        app.progress.transfer(f"uploading to {app.site.label}", count, total)
    else:
        app.progress.status(f"{app.site.label}: extracting")


def pack(path: Path, files: Sequence[Sendable], moment: datetime) -> None:
    """Write files to a zip file. moment: the time that they get.

    Raises InvalidInput for a file that has other bytes than when it was compared, Refused where there is no room.
    """
    ordered = sorted(files, key=lambda file: (not file.name.lower().endswith(_HELD_FIRST), file.name.endswith(".py")))
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in ordered:
                member = zipfile.ZipInfo(file.name, moment.timetuple()[:6])
                member.compress_type = zipfile.ZIP_DEFLATED
                _copy(archive, member, file)
    except OSError as error:
        raise no_room(path, error) from error


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Sendable) -> None:
    digest = hashlib.sha256()
    try:
        source = file.open()
    except OSError as error:
        raise InvalidInput(f"'{file.name}' cannot be read: {error.strerror or error}.") from error
    with source, archive.open(member, "w", force_zip64=file.size >= 1 << 31) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise InvalidInput(
            f"'{file.name}' changed while it was read. Nothing of it was uploaded.", "Run the command again."
        )


def entry_time(now: datetime | None, replaced: Sequence[PresentFile]) -> datetime:
    """Return the time for files of an archive: the worker's, and after that of every file that they replace.

    Python takes the compiled form of a module for current when its size and time are those of the source (PEP 3147),
    and archives know two seconds only, and no year after 2107. now: the worker's clock, None for this machine's.
    """
    times = [now or datetime.now(timezone.utc)]
    for file in replaced:
        try:
            times.append(datetime.fromisoformat(file.modified[:19]).replace(tzinfo=timezone.utc) + timedelta(seconds=2))
        except (ValueError, OverflowError):
            continue
    newest = min(max(*times, _FIRST), _LAST).replace(microsecond=0) + timedelta(seconds=1)
    return newest + timedelta(seconds=newest.second % 2)


def await_files(
    app: App,
    root: str,
    files: Sequence[Sendable],
    replaced: Sequence[PresentFile],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until all files are there, after a connection that was cut while the worker extracted them.

    Raises UnknownOutcome when that takes too long, and when none arrives.
    """
    before = {(each.name.lower(), each.size, each.modified) for each in replaced}
    begun = clock()
    while True:
        now = list_present(app, root, folders_of(file.name for file in files))
        there = [now.file(file.name) for file in files]
        new = [
            each is not None and each.size == file.size and (each.name.lower(), each.size, each.modified) not in before
            for file, each in zip(files, there)
        ]
        if all(new):
            return
        waited = clock() - begun
        if waited >= EXTRACTION_SECONDS or (not any(new) and waited >= ARRIVAL_SECONDS):
            break
        app.progress.status(f"{app.site.label}: extracting, {sum(new)} of {len(files)} files")
        sleep(POLL_SECONDS)
    raise UnknownOutcome(
        f"It is not known whether the files are complete on {app.site.label}: {sum(new)} of {len(files)} are there.",
        "Run the command again; it uploads what is missing.",
    )


def delete_files(app: App, root: str, names: Collection[str]) -> None:
    """Delete files, some at the same time. Raises Conflict for one that is in use."""

    def delete(name: str) -> None:
        try:
            app.kudu.delete(f"{root}/{name}")
        except Conflict as error:
            raise _refused(app, error) from error

    if names:
        at_once([partial(delete, name) for name in names])


def _refused(app: App, error: Conflict) -> PythonAppError:
    """Return the error for a file that the worker could not write or delete; with the way out where it is in use."""
    if not _IN_USE.search(error.message):
        return error
    held = _QUOTED.search(error.message)
    named = f"'{held[1]}'" if held else "a file"
    site = app.site.arguments
    stop = f"`az webapp stop {site}`"
    again = f"`{app.command}`" if app.command else "the same command again"
    return Conflict(
        f"A program on the worker, most likely the app itself, holds {named} of {app.site.label}, so it cannot be "
        "replaced.",
        f"Stop the app ({stop}), run {again}, and start it (`az webapp start {site}`).",
    )


def file_opener(path: Path) -> Callable[[], BinaryIO]:
    """Return what opens a file of this machine."""
    return lambda: path.open("rb")
