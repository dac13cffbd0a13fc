"""The app's files as they will be: those of a folder of this machine, laid over those that are there."""

from __future__ import annotations

from collections.abc import Collection

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles, FileState
from azext_pythonapp.operations.files.folders import folders_above
from azext_pythonapp.packages.windows_names import folded
from azext_pythonapp.source.folder import SourceFile
from azext_pythonapp.source.tree import FileTree


class LaidOver:
    """The files of an app with those of a folder over them; once these are there, the app's own.

    root: the app's folder, below %HOME%. files: of this machine; not the root's web.config. gone: names of files that
    are going to be deleted. Writes go to the app. Names are compared as Windows does.
    """

    def __init__(self, app: App, root: str, files: Collection[SourceFile], gone: Collection[str]):
        self._app = app
        self._remote = AppFiles(app)
        self._root = root
        self._files = FileTree(files)
        self._gone = frozenset(map(folded, gone))
        self._paths = frozenset(f"{root}/{file.path}".lower() for file in files)
        self.landed = False
        self.label = self._remote.label
        self.worker_folder = self._remote.worker_folder

    @property
    def paths(self) -> frozenset[str]:
        """Return the paths below %HOME% of the folder's files, in lower case."""
        return self._paths

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        """Return (name, whether it is a folder) of each entry of a folder; "" is the root. Raises NotFound."""
        if self.landed:
            return self._remote.list_folder(name)
        own = {folded(entry[0]): entry for entry in self._files.list_folder(name) or ()}
        try:
            # A file of the app in the place of a folder of these is going to be deleted.
            above = [*folders_above(name), name] if name else []
            there = [] if self._gone.intersection(map(folded, above)) else self._remote.list_folder(name)
        except NotFound:
            if not own:
                raise
            there = []
        prefix = f"{name}/" if name else ""
        left = [entry for entry in there if folded(entry[0]) not in own and folded(prefix + entry[0]) not in self._gone]
        return sorted([*own.values(), *left])

    def state(self, name: str) -> FileState:
        """Read a file; return a FileState without content when there is none, without ETag where it is not there yet.

        The root's web.config is the app's own: it is not among the files that are brought.
        """
        own = self._files.find(name) if not self.landed and folded(name) != folded(WEB_CONFIG) else None
        if own is not None:
            return FileState(own.content(), None)
        if not self.landed and folded(name) in self._gone:
            return FileState(None, None)
        return self._remote.state(name)

    def read(self, path: str) -> bytes:
        """Return a file by its path below %HOME%. Raises NotFound."""
        prefix = f"{self._root}/"
        if self.landed or not path.lower().startswith(prefix.lower()):
            return self._app.kudu.read(path).content
        content = self.state(path[len(prefix) :]).content
        if content is None:
            raise NotFound(f"{path} was not found on {self.label}.")
        return content

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Write a file that has this ETag (None: that does not exist) and return the new one; else raise Conflict."""
        return self._remote.write(name, content, etag)

    def delete(self, name: str, etag: str) -> None:
        """Delete a file that still has this ETag; else raise Conflict."""
        self._remote.delete(name, etag)

    def shown(self, name: str) -> str:
        """Return the path below %HOME%: "site/wwwroot/web.config"."""
        return self._remote.shown(name)
