"""/api/zip: a folder of %HOME% in one archive; an upload is extracted over what is there
(docs/platform/kudu.md 3.5)."""

from __future__ import annotations

import asyncio
import io
import ntpath
import os
import re
import shutil
import tempfile
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..front_door import too_late
from .answers import failure

if TYPE_CHECKING:
    from ..site import Site

# Names of devices, which Windows does not create as files.
_DEVICE = re.compile(r"\\(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.[^\\]*)?$", re.IGNORECASE)


class Zip:
    """The archives of one site."""

    def __init__(self, site: Site):
        self._site = site

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [Route("/api/zip/{path:path}", self._answer, methods=["GET", "HEAD", "PUT"])]

    async def _answer(self, request: Request) -> Response:
        content = await spooled(request)
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        answer = self._site.work.submit(self._archive, request, content)
        switches = self._site.switches
        cut = request.method == "PUT" and size >= switches.archive_cut_bytes
        if cut and switches.use_up("archive_cut_times"):
            return too_late(switches.front_end_cut)
        return await asyncio.wrap_future(answer)

    def _archive(self, request: Request, content: IO[bytes]) -> Response:
        name = request.path_params["path"]
        windows = self._site.windows_path(name)
        path = self._site.linux_path(windows)
        if request.method == "PUT":
            if not path.is_dir() and not name.endswith("/"):
                return failure(404, f"'{windows}' not found.")
            return self._extract(path, windows, content)
        if not path.is_dir():
            return failure(404, f"'{windows}' not found.")
        file_name = request.query_params.get("fileName") or f"{path.name}.zip"
        return Response(
            _packed(path),
            media_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
        )

    def _extract(self, folder: Path, windows: str, content: IO[bytes]) -> Response:
        """Write each member over what is there; an error leaves what was written so far."""
        refusal = self._site.refusal(windows)
        if refusal is not None:
            return failure(400, refusal, refusal)
        try:
            with zipfile.ZipFile(content) as archive:
                folder.mkdir(parents=True, exist_ok=True)
                time.sleep(self._site.switches.extract_seconds)
                for member in archive.infolist():
                    self._extract_member(archive, member, windows)
        except (zipfile.BadZipFile, OSError) as error:
            return failure(400, str(error), str(error))
        return Response()

    def _extract_member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, windows: str) -> None:
        """Write one member. `..` leads out of the folder, as it does on Azure: Kudu puts the two paths together."""
        path = ntpath.normpath(windows + "\\" + member.filename.rstrip("/").replace("/", "\\"))
        complaint = _complaint(path) or self._site.held(path)
        if complaint is not None:
            raise OSError(complaint)
        target = self._site.linux_path(path)
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return
        if target.is_dir():
            raise OSError(f"Access to the path '{path}' is denied.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        written = datetime(*member.date_time, tzinfo=timezone.utc).timestamp()
        os.utime(target, (written, written))


def _complaint(windows: str) -> str | None:
    """The message with which .NET Framework refuses a path, or Windows a name; None for one that they take."""
    if len(windows) >= 260:
        return (
            "The specified path, file name, or both are too long. The fully qualified file name must be less than 260 "
            "characters, and the directory name must be less than 248 characters."
        )
    if ":" in windows[2:]:
        return "The given path's format is not supported."
    if re.search(r'[<>"|?*\x00-\x1f]', windows):
        return "Illegal characters in path."
    if _DEVICE.search(windows):
        return f"The system cannot find the file specified: '{windows}'."
    return None


async def spooled(request: Request) -> IO[bytes]:
    """A request's body as a file: an archive may be larger than what tests may keep in memory."""
    content = tempfile.TemporaryFile()
    async for piece in request.stream():
        content.write(piece)
    return content


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, str(path.relative_to(folder)))
    return content.getvalue()
