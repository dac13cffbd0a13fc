"""The app's files: in the folder of the worker that IIS serves at "/", or in a folder of this machine."""

from __future__ import annotations

import hashlib
import ntpath
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site import SiteConfiguration
from azext_pythonapp.errors import AccessDenied, Conflict, InvalidInput, NotFound, Refused
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.windows import worker_path

# Deployments go here; IIS serves it at "/" unless the app's path mappings say otherwise.
WWWROOT = "site/wwwroot"
WEB_CONFIG = "web.config"


@dataclass(frozen=True)
class FileState:
    """A file as it was read. content and etag: None when there is none."""

    content: bytes | None
    etag: str | None


class Wwwroot(Protocol):
    """The files of one app. Names are relative to its root, with '/': "static/web.config".

    label: names the app in messages. worker_folder: its root as every worker knows it, `D:\\home\\site\\wwwroot`.
    """

    label: str
    worker_folder: str

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        """Return (name, whether it is a folder) of each entry of a folder; "" is the root. Raises NotFound."""

    def state(self, name: str) -> FileState:
        """Read a file; return a FileState without content when there is none."""

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Write a file that has this ETag (None: that does not exist) and return the new one; else raise Conflict."""

    def delete(self, name: str, etag: str) -> None:
        """Delete a file that still has this ETag; else raise Conflict."""

    def shown(self, name: str) -> str:
        """Return a file's path as output shows it."""


@dataclass(frozen=True)
class ApplicationRoot:
    """virtual_path: "/" for the site itself, "/api" for a part; folder: its files', below %HOME%: "site/wwwroot"."""

    virtual_path: str
    folder: str


def web_root(app: App) -> str:
    """Return the folder that IIS serves at "/", below %HOME%, such as "site/wwwroot/public"; web.config is there.

    It is the physical path of "/" in the path mappings (virtual applications), which are fetched once. If the
    caller's role may not read them, it is site/wwwroot, and a message says so.
    Raises Refused for a folder outside of %HOME%, because the SCM site gives no access to it.
    """
    try:
        configuration = app.arm.configuration(app.site)
    except AccessDenied:
        app.say_once(
            f"Your role may not read the path mappings of {app.site.label}; assuming the default (site\\wwwroot)."
        )
        return WWWROOT
    path = configuration.physical_root
    # Most paths tell by themselves that they are below %HOME%, and %HOME% may cost a request.
    folder = home_folder(path, REGISTERED_HOME) or home_folder(path, app.kudu.home())
    if folder is None:
        raise Refused(
            f"The {app.site.label} serves {configuration.physical_root}, which is outside of its home "
            "directory, so its files cannot be read or changed through its SCM site.",
            f"See its path mappings: `az webapp config show {app.site.arguments} --query virtualApplications`.",
        )
    return folder


def application_roots(configuration: SiteConfiguration, home: str) -> list[ApplicationRoot]:
    """Return the folders of the virtual applications that are in %HOME%, including the one at "/".

    home: %HOME% as the worker sees it.
    """
    found = [(each.virtual_path, home_folder(each.physical_path, home)) for each in configuration.applications]
    return [ApplicationRoot(path, folder) for path, folder in found if folder is not None]


def home_folder(physical_path: str, home: str) -> str | None:
    r"""Return the folder of a path mapping as a path below %HOME%, with '/'; None outside of it, and for %HOME% itself.

    physical_path: relative to %HOME% (`site\wwwroot\public`) or absolute. home: as the worker sees it.
    """
    path = physical_path.strip().strip('"').replace("/", "\\")
    full = worker_path(path, home)
    if not ntpath.splitdrive(full)[0]:
        full = ntpath.normpath(ntpath.join(home, path.lstrip("\\")))
    if not full.lower().startswith(home.lower() + "\\"):
        return None
    return full[len(home) + 1 :].replace("\\", "/")


class AppFiles:
    """A folder of an app, through its SCM site.

    root: the folder, below %HOME%; None for the one that IIS serves at "/". Raises what web_root does.
    """

    def __init__(self, app: App, root: str | None = None):
        self._kudu = app.kudu
        self._root = web_root(app) if root is None else root
        self.label = app.site.label
        self.worker_folder = ntpath.join("D:\\home", *self._root.split("/"))

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        """Return (name, whether it is a folder) of each entry of a folder; "" is the root. Raises NotFound."""
        entries = self._kudu.list_directory(self.shown(name).rstrip("/"))
        return [(entry.name, entry.is_directory) for entry in entries]

    def state(self, name: str) -> FileState:
        """Read a file; return a FileState without content when there is none."""
        try:
            found = self._kudu.read(self.shown(name))
        except NotFound:
            return FileState(None, None)
        return FileState(found.content, found.etag)

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Write a file that has this ETag (None: that does not exist) and return the new one; else raise Conflict."""
        return self._kudu.write(self.shown(name), content, etag)

    def delete(self, name: str, etag: str) -> None:
        """Delete a file that still has this ETag; else raise Conflict."""
        self._kudu.delete(self.shown(name), etag)

    def shown(self, name: str) -> str:
        """Return the path below %HOME%: "site/wwwroot/web.config"."""
        return f"{self._root}/{name}"


class LocalFiles:
    """A folder of this machine that holds an app, or only its web.config.

    main: the file that is taken for web.config, such as "web.prod.config".
    """

    def __init__(self, folder: Path, main: str = WEB_CONFIG):
        self._folder = folder
        self._main = main
        self.label = f"'{folder.resolve()}'"
        self.worker_folder = ntpath.join("D:\\home", *WWWROOT.split("/"))

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        """Return (name, whether it is a folder) of each entry of a folder; "" is the root. Raises NotFound."""
        folder = self._path(name)
        if not folder.is_dir():
            raise NotFound(f"There is no folder '{folder}'.")
        return [(child.name, child.is_dir()) for child in sorted(folder.iterdir())]

    def state(self, name: str) -> FileState:
        """Read a file, with a hash as its ETag. Raises InvalidInput when it cannot be read."""
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError:
            return FileState(None, None)
        except OSError as error:
            raise InvalidInput(f"'{self._path(name)}' cannot be read: {error.strerror}.") from error
        return FileState(content, hashlib.sha256(content).hexdigest())

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Replace a file atomically. Raises Conflict for another ETag, InvalidInput when it cannot be written."""
        path = self._path(name)
        self._require(name, etag)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
                file.write(content)
            if path.exists():
                os.chmod(file.name, path.stat().st_mode)
            else:
                os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except OSError as error:
            raise InvalidInput(f"'{path}' cannot be written: {error.strerror}.") from error
        return hashlib.sha256(content).hexdigest()

    def delete(self, name: str, etag: str) -> None:
        """Delete a file that still has this ETag; else raise Conflict."""
        self._require(name, etag)
        self._path(name).unlink()

    def shown(self, name: str) -> str:
        """Return the path of the file on this machine."""
        return str(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / (self._main if name == WEB_CONFIG else name)

    def _require(self, name: str, etag: str | None) -> None:
        if self.state(name).etag != etag:
            raise Conflict(f"'{self._path(name)}' was changed by somebody else in the meantime.")
