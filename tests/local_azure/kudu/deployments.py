"""/api/zipdeploy, /api/publish and /api/deployments: an archive becomes the app's files
(docs/platform/kudu.md 9)."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .answers import failure
from .deployment_record import BUILDING, DEPLOYING, UNDER_WAY, Deployment
from .kudu_sync import KuduSync
from .zip import spooled

if TYPE_CHECKING:
    from ..site import Site

_IN_PROGRESS = "There is a deployment currently in progress. Please try again when it completes."
_FROM_URL = (
    "Run-From-Zip is set to a remote URL using WEBSITE_RUN_FROM_PACKAGE or WEBSITE_USE_ZIP app setting. Deployment is not "
    "supported in this configuration."
)
_ROOT = "site/wwwroot"
_FIRST_MANIFEST = frozenset(("hostingstart.html",))


@dataclass(frozen=True)
class _Way:
    """How an archive or file is deployed. path: below wwwroot. file: its name, when it is not an archive."""

    deployer: str
    message: str
    clean: bool
    restart: bool
    path: str = ""
    file: str | None = None


class Deployments:
    """The deployments of one site, one at a time."""

    def __init__(self, site: Site):
        self._site = site
        self._lock = threading.Lock()
        self._done: list[Deployment] = []
        self._active: str | None = None

    def routes(self) -> list[Route]:
        """The routes of this part of the SCM site."""
        return [
            Route("/api/zipdeploy", self._zipdeploy, methods=["POST", "PUT"]),
            Route("/api/publish", self._publish, methods=["POST", "PUT"]),
            Route("/api/deployments", self._all, methods=["GET"]),
            Route("/api/deployments/", self._all, methods=["GET"]),
            Route("/api/deployments/{id}", self._one, methods=["GET"]),
            Route("/api/deployments/{id}/log", self._log, methods=["GET"]),
        ]

    async def _all(self, request: Request) -> Response:
        return JSONResponse([self._shown(each, request) for each in reversed(self._done)])

    async def _one(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if wanted != "latest":
            found = next((each for each in self._done if each.id == wanted), None)
        else:
            running = next((each for each in self._done if each.status in UNDER_WAY), None)
            if running is not None:
                return JSONResponse(self._shown(running, request), 202, {"Location": str(request.url)})
            found = max(self._done, key=lambda each: each.ended or "", default=None)
        if found is None:
            return failure(404, f"Deployment '{wanted}' not found.")
        return JSONResponse(self._shown(found, request))

    async def _log(self, request: Request) -> Response:
        for each in self._done:
            if each.id == request.path_params["id"]:
                return JSONResponse(each.log)
        return failure(404, f"No log found for '{request.path_params['id']}'.")

    def _shown(self, deployment: Deployment, request: Request) -> dict[str, object]:
        base = f"https://{self._site.scm_host}/api/deployments"
        return deployment.shown(base, deployment.id == self._active, self._site.name)

    async def _zipdeploy(self, request: Request) -> Response:
        asked = request.query_params
        message = asked.get("message", "Created via a push deployment")
        way = _Way(asked.get("deployer", "ZipDeploy"), message, _is_true(asked, "clean", False), False)
        return await self._deploy(request, way, _is_true(asked, "isasync", False))

    async def _publish(self, request: Request) -> Response:
        asked = request.query_params
        kind, path = asked.get("type", ""), asked.get("path", "")
        if kind.lower() not in ("zip", "static"):
            known = kind.lower() in ("war", "jar", "ear", "lib", "startup", "script")
            return JSONResponse(
                f"Artifact type '{kind}' not supported" if known else f"type='{kind}' not recognized", 400
            )
        folder, _, file = path.replace("\\", "/").strip("/").removeprefix("home/site/wwwroot/").rpartition("/")
        if kind.lower() == "zip":
            folder, file = path.strip("/"), ""
        elif not file:
            return JSONResponse("Path must be defined for type='static'", 400)
        way = _Way(
            deployer="OneDeploy",
            message="OneDeploy",
            clean=_is_true(asked, "clean", kind.lower() == "zip"),
            restart=_is_true(asked, "restart", True),
            path=folder,
            file=file or None,
        )
        return await self._deploy(request, way, _is_true(asked, "async", False))

    async def _deploy(self, request: Request, way: _Way, in_background: bool) -> Response:
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        content = await spooled(request)
        if not self._lock.acquire(blocking=False):
            return PlainTextResponse(_IN_PROGRESS, 409)
        deployment = Deployment(way.deployer, way.message)
        self._done.append(deployment)
        work = self._site.work.submit(self._run, deployment, way, content)
        if in_background:
            query = f"deployer={way.deployer}&time={datetime.now(timezone.utc):%Y-%m-%d_%H-%M-%SZ}"
            where = f"https://{self._site.scm_host}/api/deployments/latest?{query}"
            return Response(status_code=202, headers={"Location": where, "Retry-After": "10"})
        await asyncio.wrap_future(work)
        return Response(status_code=200 if deployment.id == self._active else 400)

    def _refusal(self) -> Response | None:
        if (self._site.setting("SCM_DO_BUILD_DURING_DEPLOYMENT") or "").lower() in ("1", "true"):
            return PlainTextResponse("The local Azure does not build what it deploys.", 501)
        from_package = self._from_package().lower()
        return PlainTextResponse(_FROM_URL, 409) if from_package.startswith("http") else None

    def _from_package(self) -> str:
        return self._site.setting("WEBSITE_RUN_FROM_PACKAGE") or self._site.setting("WEBSITE_RUN_FROM_ZIP") or ""

    def _run(self, deployment: Deployment, way: _Way, content: IO[bytes]) -> None:
        try:
            deployment.status = BUILDING
            deployment.say(f"Preparing deployment for commit id '{deployment.id[:10]}'.")
            time.sleep(self._site.switches.deploy_seconds)
            if self._from_package() == "1":
                self._mount(content)
            else:
                self._copy(deployment, way, content)
        except (zipfile.BadZipFile, OSError) as error:
            deployment.fail(str(error))
        else:
            self._active = deployment.id
            deployment.succeed()
        finally:
            self._lock.release()

    def _mount(self, content: IO[bytes]) -> None:
        """Run the app from an archive: wwwroot shows what is in it, and nothing else."""
        packages = self._path("data/SitePackages")
        packages.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now(timezone.utc):%Y%m%d%H%M%S}.zip"
        content.seek(0)
        (packages / name).write_bytes(content.read())
        root = self._path(_ROOT)
        shutil.rmtree(root)
        _unpack(content, root)
        (packages / "packagename.txt").write_text(name, encoding="ascii")
        self._site.restart_app()

    def _copy(self, deployment: Deployment, way: _Way, content: IO[bytes]) -> None:
        refusal = self._site.refusal(self._site.windows_path(_ROOT))
        if refusal is not None:
            raise OSError(refusal)
        with tempfile.TemporaryDirectory() as staged:
            below = Path(staged, way.path)
            if way.file is None:
                _unpack(content, below)
            else:
                below.mkdir(parents=True, exist_ok=True)
                content.seek(0)
                (below / way.file).write_bytes(content.read())
            deployment.status = DEPLOYING
            deployment.say("Running deployment command...")
            self._synchronise(deployment, way, Path(staged))
        config = self._path(f"{_ROOT}/web.config")
        if way.deployer == "OneDeploy":
            if way.restart:
                deployment.say("Triggering recycle (preview mode disabled).")
                self._site.restart_app()
        elif config.exists() and self._site.setting("SCM_TOUCH_WEBCONFIG_AFTER_DEPLOYMENT") != "0":
            os.utime(config)

    def _synchronise(self, deployment: Deployment, way: _Way, staged: Path) -> None:
        """Make wwwroot like the staged files; OneDeploy leaves the manifests of other deployments alone."""
        manifests = self._path("site/deployments")
        last = manifests / "active"
        previous = _FIRST_MANIFEST
        if way.deployer == "OneDeploy":
            previous = frozenset()
        elif last.exists():
            text = (manifests / last.read_text(encoding="ascii") / "manifest").read_text(encoding="utf-8")
            previous = frozenset(text.splitlines())
        held = (self._site.switches.held_file or "").lower()
        sync = KuduSync(staged, self._path(_ROOT), None if way.clean else previous, lambda path: path.lower() == held)
        sync.run()
        if way.deployer != "OneDeploy":
            folder = manifests / deployment.id
            folder.mkdir(parents=True)
            (folder / "manifest").write_text("\n".join(sync.manifest), encoding="utf-8")
            last.write_text(deployment.id, encoding="ascii")

    def _path(self, name: str) -> Path:
        return self._site.linux_path(self._site.windows_path(name))


def _is_true(asked: QueryParams, name: str, otherwise: bool) -> bool:
    """A parameter of the query; their names and values are compared without regard to case."""
    for given, value in asked.items():
        if given.lower() == name:
            return value.lower() == "true"
    return otherwise


def _unpack(content: IO[bytes], folder: Path) -> None:
    """Extract an archive; files get the times that it has for them, as times of UTC. Raises BadZipFile, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(content) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, folder))
            written = datetime(*member.date_time, tzinfo=timezone.utc).timestamp()
            os.utime(path, (written, written))
