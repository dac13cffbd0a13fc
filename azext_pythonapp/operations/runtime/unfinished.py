"""Runtimes whose upload or installation has begun and not ended: a client that comes later goes on with it.

The note is written before the upload and deleted when the runtime is registered, or removed again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound
from azext_pythonapp.history.record import Record, State
from azext_pythonapp.jobs.state import moment
from azext_pythonapp.operations.app.left_change import interrupted_before, interrupted_change, settle
from azext_pythonapp.runtimes.cpython import CPythonBuild
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.windows import home_folder_of, same_path

FOLDER = "data/pythonapp/installs"


@dataclass(frozen=True)
class Unfinished:
    """What is being put into a runtime's folder.

    folder: its name in %HOME%. extension_id, package_version, package_id: of the CPythonBuild. size: of python.exe, in
    bytes, which is extracted last. has_pip: whether the package has pip. seconds: since its upload began, by the
    server's clock; None when unknown.
    """

    folder: str
    extension_id: str
    package_version: str
    size: int
    has_pip: bool
    seconds: float | None
    package_id: str

    def is_of(self, offer: CPythonBuild) -> bool:
        """Return whether it is this very Python, from whichever source."""
        return (self.extension_id, self.package_version) == (offer.extension_id, offer.package_version)


def begin(app: App, offer: CPythonBuild, size: int, has_pip: bool) -> None:
    """Note that a package is about to be uploaded. size: of its python.exe, in bytes."""
    now = app.kudu.now()
    fields = {
        "extensionId": offer.extension_id,
        "packageVersion": offer.package_version,
        "packageId": offer.package_id,
        "size": size,
        "hasPip": has_pip,
        "beganAt": None if now is None else f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    app.kudu.write(path_for(offer.folder), json.dumps(fields).encode("ascii"))


def end(app: App, folder: str) -> None:
    """Delete the note of a runtime's folder, if there is one."""
    app.kudu.delete(path_for(folder))


def unfinished_in(app: App, folder: str) -> Unfinished | None:
    """Return what is being put into a runtime's folder; None for nothing, or for a note that cannot be read."""
    try:
        file = app.kudu.read(path_for(folder))
        fields = json.loads(file.content)
        began = moment(fields["beganAt"])
        seconds = (file.server_time - began).total_seconds() if began and file.server_time else None
        return Unfinished(
            folder,
            str(fields["extensionId"]),
            str(fields["packageVersion"]),
            int(fields["size"]),
            bool(fields["hasPip"]),
            seconds,
            str(fields.get("packageId") or "python"),
        )
    except (NotFound, ValueError, KeyError, TypeError):
        return None


def unfinished_of(app: App, means: Callable[[str], bool]) -> list[Unfinished]:
    """Return what is being put onto the app by an extension's id; nothing costs one request. means: tells of an id."""
    try:
        names = [entry.name for entry in app.kudu.list_directory(FOLDER)]
    except NotFound:
        return []
    found = [unfinished_in(app, name.removesuffix(".json")) for name in names if name.endswith(".json")]
    return [each for each in found if each is not None and means(each.extension_id)]


def without_unfinished(app: App, pythons: Sequence[InstalledRuntime]) -> list[InstalledRuntime]:
    """Return the Pythons without those that are being installed, so that a command goes on with their installation.

    Costs one request, and none where every Python is a site extension's or the platform's.
    """
    if not any(python.source == "folder" for python in pythons):
        return list(pythons)
    try:
        noted = {entry.name.lower() for entry in app.kudu.list_directory(FOLDER)}
    except NotFound:
        return list(pythons)
    home = app.kudu.home()
    return [
        python
        for python in pythons
        if python.source != "folder" or f"{home_folder_of(python.python_path, home)}.json".lower() not in noted
    ]


def end_of_install(app: App, python_path: str, state: State) -> None:
    """End the record of an `install` that is not finished, once its runtime was found to be there, or was removed.

    python_path: of the runtime. No request where no change was interrupted. Raises what the SCM site raises.
    """
    left = interrupted_change(app) if interrupted_before(app) is not None else None  # it may be settled by now
    if left is not None and left.id not in app.left and installs(app, left, python_path):
        settle(app, left, state)


def installs(app: App, record: Record, python_path: str) -> bool:
    """Return whether a record is that of an `install` of a runtime, by the path of its python.exe."""
    home = app.kudu.home()
    return record.command == "install" and any(
        each.action == "install" and same_path(each.python_path, python_path, home) for each in record.runtimes
    )


def path_for(folder: str) -> str:
    """Return the path of the note about a runtime's folder, relative to %HOME%."""
    return f"{FOLDER}/{folder}.json"
