"""/api/processes: the worker's processes; killing one ends its children too (docs/platform/kudu.md 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import failure

if TYPE_CHECKING:
    from ..site import Site
    from ..windows.process import ProcessInfo

_SELF, _OTHER = 0, -1


class Processes:
    """The processes of one site's worker, and `0`: the SCM site's own process."""

    def __init__(self, site: Site):
        self._site = site

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [
            Route("/api/processes", self._list, methods=["GET"]),
            Route(f"/api/processes/{_OTHER}", self._app, methods=["GET"]),
            Route("/api/processes/{pid:int}", self._one, methods=["GET", "DELETE"]),
            Route("/api/processes/{pid:int}/stop", self._stop, methods=["POST"]),
        ]

    async def _list(self, _: Request) -> Response:
        found = await run_in_threadpool(self._site.machine.processes)
        return JSONResponse([self._named(process) for process in found])

    async def _app(self, _: Request) -> Response:
        """The app's own w3wp, which has read the registrations when it started."""
        if self._site.state != "Running":
            return self._unknown(_OTHER)
        return JSONResponse(
            {
                "id": 4240,
                "name": "w3wp",
                "href": self._href(4240),
                "is_scm_site": False,
                "start_time": self._site.worker_started.isoformat(),
            }
        )

    async def _one(self, request: Request) -> Response:
        if request.method == "DELETE":
            return await self._stop(request)
        pid = request.path_params["pid"]
        if pid == _SELF:
            return JSONResponse({"id": _SELF, "name": "w3wp", "href": self._href(_SELF), "is_scm_site": True})
        found = await run_in_threadpool(self._site.machine.processes)
        for process in found:
            if process.pid == pid:
                children = [self._href(child.pid) for child in found if child.parent == pid]
                return JSONResponse(
                    self._named(process)
                    | {
                        "parent": self._href(process.parent),
                        "children": children,
                        "file_name": process.name,
                        "command_line": process.command_line,
                        "start_time": process.started.isoformat(),
                    }
                )
        return self._unknown(pid)

    async def _stop(self, request: Request) -> Response:
        pid = request.path_params["pid"]
        if pid == _SELF:
            await run_in_threadpool(self._site.recycle_scm)
            return Response(status_code=204)
        if pid not in {process.pid for process in await run_in_threadpool(self._site.machine.processes)}:
            return self._unknown(pid)
        await run_in_threadpool(self._site.machine.kill, pid)
        return Response(status_code=204)

    def _named(self, process: ProcessInfo) -> dict[str, object]:
        return {
            "id": process.pid,
            "name": process.name.rpartition("\\")[2].removesuffix(".exe"),
            "machineName": "RD0003FF" + self._site.instance[:6].upper(),
            "href": self._href(process.pid),
        }

    def _href(self, pid: int) -> str:
        return f"https://{self._site.scm_host}/api/processes/{pid}"

    @staticmethod
    def _unknown(pid: int) -> Response:
        return failure(404, f"Process with an Id of {pid} is not running.")
