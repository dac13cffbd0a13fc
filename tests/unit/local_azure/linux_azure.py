"""A local Azure whose workers run their commands in this machine's shell: all of HTTP, nothing of Windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from tests.local_azure import login
from tests.local_azure.cloud import LocalAzure
from tests.local_azure.fleet.shell import LinuxMachine, ShellProcess
from tests.local_azure.site import SUBSCRIPTION, Serving, Site
from tests.local_azure.windows.machine import Machine

__all__ = ["BEARER", "Client", "Greeting", "LinuxAzure", "LinuxMachine", "ShellProcess", "arm_path", "group_path"]

BEARER = {"Authorization": "Bearer " + login.issue_token("https://management.core.windows.net/", login.CLIENT_ID)}


class Greeting:
    """A front end that says one word, and counts what is done to it."""

    def __init__(self, settings: Mapping[str, str]):
        self.settings = settings
        self.done: list[str] = []

    async def answer(self, request: Request) -> Response:
        """The word, and the path."""
        return PlainTextResponse(f"hello {request.url.path}")

    def restart(self) -> None:
        """Note it."""
        self.done.append("restart")

    def detach(self) -> Callable[[], None]:
        """Stop at once."""
        self.stop()
        return lambda: None

    def stop(self) -> None:
        """Note it."""
        self.done.append("stop")


class LinuxAzure(LocalAzure):
    """A local Azure of such workers."""

    def make_machine(self, folder: Path, core: int) -> Machine:
        """A worker without a Windows."""
        return LinuxMachine(folder, self.folder / "cache")

    def make_front_end(self, machine: Machine, settings: Mapping[str, str]) -> Serving:
        """A front end that says one word."""
        return Greeting(settings)

    def serve(self, host: str, app: ASGIApp) -> None:
        """Let something else answer for a host."""
        self._apps[host] = app


class Client:
    """Requests to one host of a local Azure, through its proxy, with TLS verified and redirects not followed."""

    def __init__(self, azure: LocalAzure, host: str, headers: Mapping[str, str] | None = None):
        self.base = f"https://{host}"
        self.headers = dict(BEARER if headers is None else headers)
        self.proxies = {"https": azure.env["HTTPS_PROXY"]}
        self.verify = azure.env["REQUESTS_CA_BUNDLE"]
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.proxies, self._session.verify = self.proxies, self.verify
        self._session.headers.update(self.headers)

    def __call__(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self._session.request(method, self.base + path, allow_redirects=False, timeout=60, **arguments)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()


def arm_path(site: Site, below: str = "") -> str:
    """The path of a resource below a site's, with its api-version."""
    return f"{site.address.resource_id}{below}?api-version=2025-05-01"


def group_path(below: str) -> str:
    """The path of something of Microsoft.Web in resource group rg."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Web/{below}?api-version=2025-05-01"
