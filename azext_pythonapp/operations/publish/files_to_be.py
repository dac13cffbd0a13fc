"""An app's files as they will be once a folder was published to it.

A plan decides entry point, requirements and handlers before anything is sent, from what the app WILL have:

    files = FilesToBe(AppFiles(app), [each for each in source.files if …], gone)
    decide_start(files, …); decide_handler(files, …)                        # what they read is read here first
    files_on_app(app, None, None, files.reader(kudu_read), files.coming)    # requirements.txt and what it includes
    handler_names_in_folders(files)                                         # of a nested web.config that is sent
    files.arrived()                                                         # after the upload: the app's own again

The root's web.config is never among the local files: it is written by its own step, from the app's or the folder's
bytes, under its ETag. A nested one is there only when it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, FileState, Wwwroot
from azext_pythonapp.source.folder import SourceFile
from azext_pythonapp.source.tree import FileTree
from azext_pythonapp.windows import upper_case


class FilesToBe:
    """Files of this machine, over those of an app; it provides Wwwroot.

    remote: the app's own, which what is not sent is read from, and which everything is written to. local: the files
    that will be there. gone: names of the app's files that will be deleted.
    """

    def __init__(self, remote: Wwwroot, local: Iterable[SourceFile], gone: Collection[str] = ()):
        self._remote = remote
        self._local = FileTree(each for each in local if upper_case(each.path) != upper_case(WEB_CONFIG))
        self._gone = frozenset(map(upper_case, gone)) - self._local.paths
        self.label = remote.label
        self.worker_folder = remote.worker_folder

    def arrived(self) -> None:
        """Read everything from the app from now on: the files are there."""
        self._local, self._gone = FileTree(()), frozenset()

    @property
    def coming(self) -> frozenset[str]:
        """Return the paths below %HOME%, in lower case, of the local files and of the folders that they are in."""
        return frozenset(self.shown(path).lower() for path in self._local.paths)

    def reader(self, read: Callable[[str], bytes]) -> Callable[[str], bytes]:
        """Return what reads a file as it will be, by its path below %HOME%, and raises NotFound.

        read: does so for the app as it is.
        """
        root = self.shown("")

        def read_to_be(path: str) -> bytes:
            name = path[len(root) :] if path.lower().startswith(root.lower()) else None
            if name is None or not self._decides(name):
                return read(path)
            content = self.state(name).content
            if content is None:
                raise NotFound(f"{path} will not be there.")
            return content

        return read_to_be

    def list_folder(self, name: str) -> list[tuple[str, bool]]:
        """Return (name, whether it is a folder) of each entry of a folder; "" is the root. Raises NotFound."""
        own = self._local.list_folder(name)
        try:
            there = self._remote.list_folder(name)
        except NotFound:
            if own is None:
                raise
            there = []
        below = f"{name.strip('/')}/" if name.strip("/") else ""
        found = {
            upper_case(each): (each, is_folder)
            for each, is_folder in there
            if is_folder or upper_case(below + each) not in self._gone
        }
        for each, is_folder in own or ():
            # Windows keeps the case in which a folder was made; a file of another case is replaced.
            if not (is_folder and found.get(upper_case(each), ("", False))[1]):
                found[upper_case(each)] = (each, is_folder)
        return sorted(found.values())

    def state(self, name: str) -> FileState:
        """Read a file; return a FileState without content when there will be none.

        The ETag of a local file is its hash: nothing can be written with it before it has arrived.
        """
        file = self._local.find(name)
        if file is not None:
            return FileState(file.content(), file.sha256)
        return FileState(None, None) if self._decides(name) else self._remote.state(name)

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        """Write a file that has this ETag (None: that does not exist) and return the new one; else raise Conflict."""
        return self._remote.write(name, content, etag)

    def delete(self, name: str, etag: str) -> None:
        """Delete a file of the app that still has this ETag; else raise Conflict."""
        self._remote.delete(name, etag)

    def shown(self, name: str) -> str:
        """Return the path below %HOME%: "site/wwwroot/web.config"."""
        return self._remote.shown(name)

    def _decides(self, name: str) -> bool:
        return self._local.find(name) is not None or upper_case(name) in self._gone
