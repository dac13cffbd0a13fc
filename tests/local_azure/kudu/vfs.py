"""/api/vfs: %HOME% as files over HTTP, with Kudu's rules for redirects, entity tags and conflicts
(docs/platform/kudu.md 3)."""

from __future__ import annotations

import mimetypes
import ntpath
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import entity_tag, failure, http_date, timestamp

if TYPE_CHECKING:
    from ..site import Site

_NO_IF_MATCH = "If-Match header is required for updating an existing resource."
_MISMATCH = "ETag does not represent the latest state of the resource."
_IS_DIRECTORY = "The resource represents a directory which can not be updated."
_CANNOT_DELETE = "Cannot delete directory. It is either not empty or access is not allowed."
_LOCKED = "The process cannot access the file '{path}' because it is being used by another process."


class Vfs:
    """The files of one site."""

    def __init__(self, site: Site):
        self._site = site

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        methods = ["GET", "HEAD", "PUT", "DELETE"]
        return [
            Route("/api/vfs", self._answer, methods=methods),
            Route("/api/vfs/{path:path}", self._answer, methods=methods),
        ]

    async def _answer(self, request: Request) -> Response:
        content = await request.body()
        return await run_in_threadpool(self._item, request, content)

    def _item(self, request: Request, content: bytes) -> Response:
        windows = self._windows_path(request.path_params.get("path", ""))
        try:
            path = self._site.linux_path(windows)
        except ValueError:  # no such drive
            return failure(404, f"'{windows}' not found.")
        slash = request.url.path.endswith("/")
        if request.method == "PUT":
            if path.is_dir() or slash:
                return self._create_directory(path, windows)
            return self._write(request, path, windows, content)
        if not path.exists():
            return failure(404, f"'{windows}' not found.")
        if request.method == "DELETE":
            if path.is_dir():
                recursive = request.query_params.get("recursive", "").lower() == "true"
                return self._delete_directory(path, windows, recursive)
            return self._delete(request, path, windows) if not slash else _redirect(request, slash)
        if path.is_dir() != slash:
            return _redirect(request, slash)
        return self._listing(request, path, windows) if slash else _content(request, path)

    def _windows_path(self, path: str) -> str:
        """Return the file of `path`, decoded from the URL; SystemDrive is the only special folder (VfsSpecialFolders.cs)."""
        first, _, rest = path.partition("/")
        if first.lower() == "systemdrive":
            return ntpath.normpath(f"{self._site.switches.home_drive}\\" + rest.replace("/", "\\"))
        return self._site.windows_path(path)

    def _listing(self, request: Request, path: Path, windows: str) -> Response:
        base = str(request.url.replace(query="", scheme="https"))
        entries = []
        for child in sorted(path.iterdir(), key=lambda child: child.name.lower()):
            stat, directory = child.stat(), child.is_dir()
            entries.append(
                {
                    "name": child.name,
                    "size": 0 if directory else stat.st_size,
                    "mtime": timestamp(stat),
                    "crtime": timestamp(stat),
                    "mime": "inode/directory" if directory else _media_type(child),
                    "href": base + quote(child.name) + ("/" if directory else ""),
                    "path": ntpath.join(windows, child.name),
                }
            )
        if not request.path_params.get("path"):
            drive = self._site.switches.home_drive
            entries.append(
                {
                    "name": "SystemDrive",
                    "size": 0,
                    "mtime": timestamp(path.stat()),
                    "mime": "inode/shortcut",
                    "href": base + "SystemDrive/",
                    "path": drive + "\\",
                }
            )
        return JSONResponse(entries)

    def _create_directory(self, path: Path, windows: str) -> Response:
        if path.is_dir():
            return failure(409, _IS_DIRECTORY)
        if self._site.refusal(windows) is not None or path.exists():
            return failure(409, _CANNOT_DELETE)  # so it says, also for a directory that cannot be made
        path.mkdir(parents=True)
        return Response(status_code=201)

    def _write(self, request: Request, path: Path, windows: str, content: bytes) -> Response:
        existed = path.exists()
        if existed and (answer := _unmatched(request, path)) is not None:
            return answer
        reason = self._site.refusal(windows) or self._site.held(windows)
        if reason is None and self._site.switches.use_up("vfs_conflict_times"):
            reason = _LOCKED.format(path=windows)
        try:
            if reason is not None:
                raise OSError(reason)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            return failure(409, f"Could not write to local resource '{windows}' due to error '{error}'.", str(error))
        stat = path.stat()
        headers = {"ETag": entity_tag(stat), "Last-Modified": http_date(stat)}
        return Response(status_code=204 if existed else 201, headers=headers)

    def _delete(self, request: Request, path: Path, windows: str) -> Response:
        if (answer := _unmatched(request, path)) is not None:
            return answer
        if (reason := self._site.refusal(windows)) is not None:
            return failure(404, "An error has occurred.", reason, "System.UnauthorizedAccessException")
        if (reason := self._site.held(windows)) is not None:
            return failure(404, "An error has occurred.", reason)
        path.unlink()
        return Response()

    def _runs_in(self, windows: str) -> str | None:
        """The message where a command runs a program of a folder: Windows deletes no running .exe, as Linux does."""
        texts = [command.text.lower().replace("/", "\\") for command in self._site.commands.running()]
        held = any(f"{windows.lower()}\\" in text for text in texts)
        return f"Access to the path '{windows}' is denied." if held else None

    def _delete_directory(self, path: Path, windows: str, recursive: bool) -> Response:
        try:
            if (reason := self._site.refusal(windows) or self._runs_in(windows)) is not None:
                raise OSError(reason)
            if recursive:
                shutil.rmtree(path)
            else:
                path.rmdir()
        except OSError:
            return failure(409, _CANNOT_DELETE)
        return Response()


def _redirect(request: Request, slash: bool) -> Response:
    """307 to the form without the slash when there is one, else to the form with it."""
    path = request.url.path.rstrip("/") if slash else request.url.path + "/"
    return Response(status_code=307, headers={"Location": str(request.url.replace(path=path, scheme="https"))})


def _unmatched(request: Request, path: Path) -> Response | None:
    """The 412 for an existing file, unless If-Match names its state or `*`."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        return failure(412, _NO_IF_MATCH)
    current = entity_tag(path.stat())
    if {"*", current} & {tag.strip() for tag in wanted.split(",")}:
        return None
    answer = failure(412, _MISMATCH)
    answer.headers["ETag"] = current
    return answer


def _content(request: Request, path: Path) -> Response:
    """Return a file, or the range that was requested; the file may be growing."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        headers = {"ETag": entity_tag(stat), "Last-Modified": http_date(stat)}
        asked = request.headers.get("range")
        if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
            tags = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
            if headers["ETag"] in tags:
                return Response(status_code=304, headers=headers)
            return Response(file.read(), headers=headers, media_type=_media_type(path))
        span = _span(asked, stat.st_size)
        if span is None:
            answer = failure(416, "The requested range is not satisfiable.")
            answer.headers["Content-Range"] = f"bytes */{stat.st_size}"
            return answer
        file.seek(span[0])
        headers["Content-Range"] = f"bytes {span[0]}-{span[1]}/{stat.st_size}"
        return Response(file.read(span[1] - span[0] + 1), 206, headers, _media_type(path))


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte of one `bytes=` range; None when it lies outside of the file (or is not understood)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    return (first, last) if first <= last else None


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
