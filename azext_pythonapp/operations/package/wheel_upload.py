"""Local wheels are uploaded once: into a store on the app that knows them by their content."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.stored_zip import Member, StoredZip
from azext_pythonapp.errors import Interrupted, NotFound, UnknownOutcome
from azext_pythonapp.operations.job.watch import again_advice
from azext_pythonapp.packages.wheels import STORE, Wheel

# One request for as much as anybody has; Kudu takes 4 GB at once (docs/platform/kudu.md 0).
BATCH_BYTES = 2 << 30
MEGABYTE = 1 << 20
POLL_SECONDS = 3.0
# Extracting goes on when the front end has cut the connection; without a further file for so long it does not.
STALLED_SECONDS = 120.0


def upload_wheels(
    app: App,
    wheels: Sequence[Wheel],
    *,
    starting: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See to it that the app's store has these wheels: one listing, and one request for all that are missing.

    starting: called before any is uploaded.
    Raises UnknownOutcome when the connection was cut and the wheels did not arrive nevertheless.
    """
    if not wheels:
        return
    missing = _missing(app, wheels)
    if not missing:
        app.progress.say(f"{_wheels(len(wheels))} that fit are on {app.site.label} already.")
        return
    starting()
    present = len(wheels) - len(missing)
    size = sum(wheel.size for wheel in missing)
    title = f"Uploading {_wheels(len(missing))} ({_megabytes(size)} MB) to {app.site.label}."
    began = clock()
    try:
        with app.progress.phase(title + (f" {present} are there already." if present else "")):
            for batch in _batches(missing):
                _upload(app, batch, clock, sleep)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            f"Interrupted while wheels were being uploaded to {app.site.label}; pip was not started. Wheels that "
            "arrived are not uploaded a second time.",
            again_advice(app),
        ) from interrupt
    app.progress.say(f"Uploaded {_wheels(len(missing))} in {clock() - began:.0f} s.")


def _upload(app: App, wheels: Sequence[Wheel], clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    members = [
        member
        for wheel in wheels
        for member in (Member(f"{wheel.key}/{wheel.name}", wheel.path, wheel.size, wheel.crc32), Member(wheel.marker))
    ]
    archive = StoredZip(members, _Bar(app, sum(wheel.size for wheel in wheels)).show)
    try:
        app.kudu.upload_archive(STORE, io.BufferedReader(archive, 1 << 18))
    except UnknownOutcome as error:
        _await(app, wheels, error, clock, sleep)
    finally:
        app.progress.status(None)


def _await(
    app: App, wheels: Sequence[Wheel], error: UnknownOutcome, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Wait for wheels that the worker may still be extracting. Raises `error` when none arrives any more."""
    left, since = len(wheels) + 1, clock()
    while missing := _missing(app, wheels):
        if len(missing) < left:
            left, since = len(missing), clock()
        if clock() - since > STALLED_SECONDS:
            error.extend([f"{left} of {_wheels(len(wheels))} did not arrive."])
            error.recommendation = "Run the command again; wheels that arrived are not uploaded a second time."
            raise error
        app.progress.status(f"{app.site.label}: waiting for {_wheels(len(missing))} to be extracted")
        sleep(POLL_SECONDS)


def _missing(app: App, wheels: Sequence[Wheel]) -> list[Wheel]:
    """The wheels that the store does not have whole: one request."""
    try:
        names = {entry.name for entry in app.kudu.list_directory(STORE)}
    except NotFound:
        names = set()
    return [wheel for wheel in wheels if not {wheel.key, wheel.marker} <= names]


def _batches(wheels: Sequence[Wheel]) -> Iterator[list[Wheel]]:
    batch: list[Wheel] = []
    for wheel in wheels:
        if batch and sum(each.size for each in batch) + wheel.size > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(wheel)
    yield batch


class _Bar:
    """How far an upload is, for the last line of a terminal: drawn anew at each percent."""

    def __init__(self, app: App, size: int):
        self._app = app
        self._size = max(size, 1)
        self._percent = -1

    def show(self, count: int) -> None:
        """Show that so many bytes were sent; headers may make them a little more than the wheels' own."""
        percent = min(100, 100 * count // self._size)
        if percent == self._percent:
            return
        self._percent = percent
        done = ("#" * (percent // 5)).ljust(20)
        self._app.progress.status(
            f"{self._app.site.label}: uploading wheels [{done}] {percent}% of {_megabytes(self._size)} MB"
        )


def _wheels(count: int) -> str:
    return "1 wheel" if count == 1 else f"{count} wheels"


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f}" if size < 10 * MEGABYTE else f"{size / MEGABYTE:.0f}"
