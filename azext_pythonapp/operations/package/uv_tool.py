"""Bring uv.exe to an app, where it stays and is known by its hash; where that fails, the worker's pip tries."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.download import Told
from azext_pythonapp.errors import Interrupted, NotFound, PythonAppError, UnknownOutcome
from azext_pythonapp.operations.job.watch import again_advice
from azext_pythonapp.operations.package.uv_index import fetch_wheel, indexes
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.uv import VERSION, Build

# Extracting goes on when the front end has cut the connection.
POLL_SECONDS, ARRIVAL_SECONDS = 3.0, 60.0
_CHUNK_BYTES = 1 << 20


class _Unusable(Exception):
    """The wheel of uv is not the expected one. Its text says what is wrong."""


def bring(
    app: App,
    build: Build,
    options: PipOptions,
    wheel_dir: str | None,
    starting: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See to it that the app has uv.exe: one listing where it is there, and one request that writes where it is not.

    Its wheel is that in wheel_dir, else it is downloaded from the index of the packages that the options or this
    machine's settings of pip name. Where neither has it, or it cannot be uploaded, nothing is raised: the job has the
    worker's pip download it, or lets pip install.
    starting: called before anything is written. Raises Interrupted for Ctrl-C.
    """
    try:
        if is_there(app, build):
            return
        with tempfile.TemporaryDirectory(prefix="pythonapp-") as folder:
            wheel = _wheel(app, build, options, wheel_dir, Path(folder))
            if wheel is None:
                return
            archive = Path(folder) / "uv.zip"
            _repack(wheel, build, archive)
            starting()
            _upload(app, build, archive, sleep)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            f"Interrupted while uv was being brought to {app.site.label}; nothing was installed.", again_advice(app)
        ) from interrupt
    except _Unusable as error:
        app.progress.say(f"{error}, so the worker looks for it.")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        app.progress.say(f"uv could not be unpacked on this machine ({error}), so the worker looks for it.")
    except PythonAppError as error:
        app.progress.say(f"uv could not be brought to {app.site.label}: {error.message}")


def is_there(app: App, build: Build) -> bool:
    """Return whether the app has this uv.exe whole: one request."""
    try:
        sizes = {entry.name: entry.size for entry in app.kudu.list_directory(build.folder)}
    except NotFound:
        return False
    return build.marker in sizes and sizes.get("uv.exe") == build.size


def _wheel(app: App, build: Build, options: PipOptions, wheel_dir: str | None, folder: Path) -> Path | None:
    """Return the wheel on this machine; None where the worker has to get it."""
    own = Path(wheel_dir) / build.wheel if wheel_dir is not None else None
    if own is not None and own.is_file():
        found = own
    elif addresses := indexes(options, os.environ):
        found = folder / build.wheel
        with app.progress.phase(f"Downloading uv {VERSION}."), found.open("wb") as target:
            told = Told(target, lambda count: app.progress.status(f"downloading, {count / 1e6:.0f} MB"))
            problem = fetch_wheel(app.web, addresses, build.wheel, told)  # type: ignore[arg-type]
        app.progress.status(None)
        if problem is not None:
            app.progress.say(f"uv could not be downloaded on this machine ({problem}), so the worker looks for it.")
            return None
    else:
        return None
    if _sha256(found) != build.wheel_sha256:
        raise _Unusable(
            f"{build.wheel} {'in --wheel-dir' if found == own else 'of the index'} is not the expected file"
        )
    return found


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _repack(wheel: Path, build: Build, archive: Path) -> None:
    """Write the archive to upload: uv.exe, then the marker, which shows that it was extracted."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        with source.open(build.member) as program, bundle.open("uv.exe", "w") as target:
            shutil.copyfileobj(program, target, _CHUNK_BYTES)
        bundle.writestr(build.marker, b"")


def _upload(app: App, build: Build, archive: Path, sleep: Callable[[float], None]) -> None:
    size = archive.stat().st_size
    title = f"Uploading uv {VERSION} ({size / 1e6:.0f} MB) to {app.site.label}, where it stays."
    try:
        with app.progress.phase(title), archive.open("rb") as stream:
            told = Told(stream, lambda count: app.progress.transfer(f"{app.site.label}: uploading uv", count, size))
            try:
                app.kudu.upload_archive(build.folder, told)  # type: ignore[arg-type]
            except UnknownOutcome:
                _await(app, build, sleep)
    finally:
        app.progress.status(None)


def _await(app: App, build: Build, sleep: Callable[[float], None]) -> None:
    """Wait for a uv.exe that the worker may still be extracting. Raises UnknownOutcome when it does not come."""
    for _ in range(int(ARRIVAL_SECONDS / POLL_SECONDS)):
        if is_there(app, build):
            return
        app.progress.status(f"{app.site.label}: waiting for uv to be extracted")
        sleep(POLL_SECONDS)
    raise UnknownOutcome("the connection was cut, and it did not arrive. The worker looks for it.")
