"""Getting a CPython package, and waiting until the worker has extracted it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from azext_pythonapp.appservice.app import App, fetch_json
from azext_pythonapp.appservice.download import Digest, Told, download
from azext_pythonapp.errors import InvalidInput, NotFound, Refused, RemoteFailed, UnknownOutcome
from azext_pythonapp.runtimes.cpython import CPythonBuild
from azext_pythonapp.runtimes.cpython_package import PROGRAM, read_package, repack
from azext_pythonapp.runtimes.end_of_life import support, support_words
from azext_pythonapp.runtimes.nuget import fetch_hash
from azext_pythonapp.runtimes.official import CPYTHON_PUBLISHER

POLL_SECONDS = 5.0
# Extracting some thousand files on the app's share takes minutes; Azure's front end waits 230 s
# (docs/platform/kudu.md 1.4).
EXTRACTION_SECONDS = 15 * 60
# Kudu reads the whole archive before it makes the folder, so without a folder it never got the whole.
ARRIVAL_SECONDS = 60


def prepare(app: App, offer: CPythonBuild, file: Path | None, downloaded: Path, archive: Path) -> bool:
    """Get a package, check it, and make the archive to upload; return whether the runtime has pip.

    file: the package on this machine; None downloads it, to the path `downloaded`. archive: the path to write to.
    Raises InvalidInput for another package, Refused where there is no room, PlatformFailed for a failed download.
    """
    try:
        if file is None:
            with app.progress.phase(f"Downloading {offer.address}."), downloaded.open("wb") as target:
                told = Told(target, lambda count: app.progress.status(f"downloading, {count / 1e6:.0f} MB"))
                download(app.web, str(offer.address), told, _digest(app, offer))  # type: ignore[arg-type]
        package = file or downloaded
        found = read_package(package)
        if (found.package_id, found.version) != (offer.package_id, offer.version):
            raise InvalidInput(f"The package '{package.name}' is {found.title}, not the {offer.title}.")
        return repack(package, archive)
    except OSError as error:
        raise Refused(
            f"The package could not be unpacked in {downloaded.parent}: {error.strerror or error}.",
            "Make room there, or name another folder in the environment variable TMPDIR.",
        ) from error


def _digest(app: App, offer: CPythonBuild) -> Digest:
    """Return the hash that a package's source gives it. Raises PlatformFailed when NuGet has none."""
    if offer.sha256 is not None:
        return Digest("SHA-256", offer.sha256, "python.org's feed")
    return Digest("SHA-512", fetch_hash(lambda url: fetch_json(app.web, url), offer), "the gallery's catalog")


def package_note(offer: CPythonBuild, file: Path | None) -> str:
    """Return what a person is told about a package: its Python, publisher, source and end of life."""
    known = support(offer.version, date.today())
    publisher = f"{'NuGet package' if offer.source == 'nuget' else 'package on python.org'} of the {CPYTHON_PUBLISHER}"
    source = f"the file '{file.name}'" if file else publisher
    words = support_words(known.state, known.end_of_life)
    return f"Python {offer.version} {offer.architecture}, {source}, uploaded from this machine, {words}"


def await_program(
    app: App,
    offer: CPythonBuild,
    size: int,
    limit: float = EXTRACTION_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait for python.exe, the last file of the archive. size: in bytes. limit: in seconds.

    Raises RemoteFailed when the archive certainly did not arrive, UnknownOutcome when it takes too long.
    """
    begun, arrived = clock(), False
    while True:
        try:
            entries = app.kudu.list_directory(offer.folder)
            arrived = True
        except NotFound:
            if not arrived and clock() - begun >= ARRIVAL_SECONDS:
                raise RemoteFailed(
                    f"The upload of Python {offer.version} to {app.site.label} is incomplete.",
                    "Try again over a faster or steadier connection.",
                ) from None
            entries = []
        if any(entry.name == PROGRAM and entry.size == size for entry in entries):
            return
        if clock() - begun >= limit:
            break
        app.progress.status(f"{app.site.label}: extracting {offer.folder}")
        sleep(POLL_SECONDS)
    raise UnknownOutcome(
        f"It is not known whether Python {offer.version} is complete on {app.site.label}: "
        f"its upload is still not extracted after {EXTRACTION_SECONDS // 60} minutes."
    )


def tell_upload(app: App, count: int, total: int) -> None:
    """Show how far an upload is, in bytes; what is sent completely is being extracted."""
    doing = f"uploading, {count / 1e6:.0f} of {total / 1e6:.0f} MB" if count < total else "extracting"
    app.progress.status(f"{app.site.label}: {doing}")
