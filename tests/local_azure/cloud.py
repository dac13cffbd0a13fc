"""A local Azure: the HTTPS hosts that `az` talks to, served on this machine (docs/platform/local-azure.md).

with LocalAzure(folder, cache, index_url) as azure:
    site = azure.add_site("app")
    subprocess.run(["az", "webapp", "show", "-g", "rg", "-n", "app"], env=azure.env)
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from . import arm, login, nuget, python_org
from .arm_budget import ArmBudget
from .bad_day import BadDay
from .balancer import Balancer
from .directory import Directory
from .fleet.fleet import Fleet
from .fleet.machine import fill_cache
from .front_door import Exchange, FrontDoor, Rounds, TimeLimit
from .frontend import FrontEnd
from .kudu import scm_app
from .proxy import Proxy
from .resource_graph import ResourceGraph
from .site import SUBSCRIPTION, Address, Serving, Site
from .switches import Switches
from .windows.machine import Machine

DOMAIN = "azurewebsites.net"
UNIQUE_SCM_DOMAIN = f"scm.westeurope-01.{DOMAIN}"
NAMES = (
    login.HOST,
    arm.HOST,
    nuget.HOST,
    *nuget.SEARCH_HOSTS,
    python_org.HOST,
    f"*.{DOMAIN}",
    f"*.scm.{DOMAIN}",
    f"*.{UNIQUE_SCM_DOMAIN}",
)

_PYTHON_START = Path(__file__).resolve().parent / "names"
_INHERITED = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_READING_POSTS = ("/list", "/publishxml", "/api/command", "/resources")


class LocalAzure:
    """Context manager: login, ARM, the public gallery, python.org and the apps added to it, behind one proxy.

    folder: where all files are written. cache: filled by tests.local_azure.windows.provision.
    index_url: the package index of the workers (PIP_INDEX_URL), None for pip's own default.
    worker_environment: further Windows variables of every process on every worker.
    core: the processor core of the first worker; the next ones take the next cores (see Machine).
    On exit the workers and all their processes end.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        index_url: str | None = None,
        worker_environment: Mapping[str, str] | None = None,
        core: int = 0,
    ):
        self.folder = folder.resolve()
        self.directory = Directory()
        self.subscriptions, self.lists = self.directory.subscriptions, self.directory.lists
        self.resource_graph = ResourceGraph(self.directory)
        self.arm_budget = ArmBudget()
        self.nuget = nuget.PackageContent(cache)
        self.python_org = python_org.Feed(cache)
        self._cache = cache
        self._worker_environment = dict(worker_environment or {})
        if index_url is not None:
            self._worker_environment["PIP_INDEX_URL"] = index_url
        self._core = core
        self._lock = threading.Lock()
        self._machines: list[Machine] = []
        self._idle: list[Machine] = []
        self._hosts = {login.HOST}
        self._apps: dict[str, ASGIApp] = {
            login.HOST: login.login_app(),
            arm.HOST: arm.arm_app(self.directory, self.resource_graph, self.arm_budget, self.swap),
            nuget.HOST: self.nuget.index_app(),
            **{host: self.nuget.search_app(host) for host in nuget.SEARCH_HOSTS},
            python_org.HOST: self.python_org.app(),
        }
        self._door = FrontDoor(self._apps.get, login.HOST)
        self._proxy = Proxy(self._door, NAMES, self.folder / "tls")

    def __enter__(self) -> LocalAzure:
        self._proxy.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        with ThreadPoolExecutor(max(1, len(self._machines))) as pool:
            list(pool.map(Site.close, self.sites))
            list(pool.map(Machine.shutdown, self._machines))
        self._proxy.__exit__(*exception)

    def add_site(
        self,
        name: str,
        resource_group: str = "rg",
        slot: str | None = None,
        *,
        reserved: bool = False,
        unique_scm_host: bool = True,
        switches: Switches | None = None,
        instances: int = 1,
    ) -> Site:
        """Create an app, or a slot of one. reserved: a Linux app. unique_scm_host: an SCM host that cannot be told from
        the app's name, as new apps have it (docs/platform/az-extension.md 4.6); its worker boots when it is needed
        first.
        instances: to how many it is scaled out; each has a front end of its own over one %HOME%."""
        with self._lock:
            address = self.new_address(name, resource_group, slot, unique_scm_host=unique_scm_host)
            machine = self._take_machine()
        settings: dict[str, str] = {}
        first, *others = (self.make_front_end(machine, settings) for _ in range(instances))
        site = Site(
            address, machine, first, switches or Switches(), reserved, app_settings=settings, other_front_ends=others
        )
        for front_end in (first, *others):
            setattr(front_end, "applications", lambda: site.virtual_applications)
        scm = BadDay(scm_app(site), site.switches, self._proxy.cut)
        self.serve_site(site, Balancer(site), scm)
        return site

    def new_address(
        self,
        name: str,
        resource_group: str,
        slot: str | None,
        subscription: str = SUBSCRIPTION,
        unique_scm_host: bool = True,
    ) -> Address:
        """Return the address of a new site. Raises ValueError when its host name is taken."""
        label = (f"{name}-{slot}" if slot else name).lower()  # as in docs/platform/recordings/arm/site_2024_fields.json
        scm_host = f"{label}.scm.{DOMAIN}"
        if unique_scm_host:
            scm_host = f"{label}-{hashlib.sha256(label.encode()).hexdigest()[:8]}.{UNIQUE_SCM_DOMAIN}"
        if f"{label}.{DOMAIN}" in self._apps:
            raise ValueError(f"there is an app {label} already")
        return Address(name, resource_group, slot, f"{label}.{DOMAIN}", scm_host, subscription)

    def serve_site(self, site: Site, front_end: ASGIApp, scm: ASGIApp) -> None:
        """Let a site be known to Resource Manager, and answer at its two hosts."""
        self.directory.add(site)
        self._hosts.add(site.host)
        self._apps[site.host] = TimeLimit(front_end, site.switches, self._proxy.cut)
        self._apps[site.scm_host] = TimeLimit(scm, site.switches, self._proxy.cut)

    def fleet(self, count: int, **options: Any) -> Fleet:
        """Create many scripted apps, without a Windows, and return them; `options` are those of Fleet."""
        return Fleet(self, count, **options)

    def fleet_cache(self) -> Path:
        """Return the folder with what stands for Pythons on the workers of a fleet."""
        cache = self.folder / "fleet-cache"
        with self._lock:
            if not cache.exists():
                fill_cache(cache)
        return cache

    @property
    def index_url(self) -> str | None:
        """The package index of the workers."""
        return self._worker_environment.get("PIP_INDEX_URL")

    def cut(self, port: int) -> None:
        """Close a client's connection, named by the port that it comes from."""
        self._proxy.cut(port)

    @property
    def sites(self) -> list[Site]:
        """All apps and slots."""
        return list(self.directory)

    def remove_site(self, site: Site) -> None:
        """Delete an app or slot: end its processes, delete its files, and return its worker to the pool."""
        del self._apps[site.host], self._apps[site.scm_host]
        self.directory.remove(site)
        site.close()
        site.machine.clear()
        if site.machine in self._machines:
            self._idle.append(site.machine)

    def swap(self, source: Site, target: Site) -> None:
        """Let two slots of an app change places; each object stays with its files and settings.

        The host names lead to the other app, whose processes run on; then the app that is in the source slot now is
        restarted with its settings (docs/platform/kudu.md 10).
        """
        with self._lock:
            hosts = (source.host, target.host), (source.scm_host, target.scm_host)
            for one, other in hosts:
                self._apps[one], self._apps[other] = self._apps[other], self._apps[one]
            self.directory.exchange(source, target)
        target.restart()

    def _take_machine(self) -> Machine:
        if self._idle:
            return self._idle.pop()
        machine = self.make_machine(
            self.folder / "workers" / str(len(self._machines)), self._core + len(self._machines)
        )
        self._machines.append(machine)
        return machine

    def make_machine(self, folder: Path, core: int) -> Machine:
        """Return a worker for new sites."""
        return Machine(folder, self._cache, self._worker_environment, core)

    def make_front_end(self, machine: Machine, settings: Mapping[str, str]) -> Serving:
        """Return the front end of a new site; `settings` is the live mapping of its app settings."""
        return FrontEnd(machine, lambda: settings)

    @property
    def requests(self) -> list[Exchange]:
        """Return all requests so far, in order of arrival."""
        return list(self._door.exchanges)

    @contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        """Make each request take so much longer."""
        self._door.delay = seconds
        try:
            yield
        finally:
            self._door.delay = 0.0

    @contextmanager
    def in_rounds(self, *sizes: int) -> Iterator[Rounds]:
        """Answer requests only when as many as a round has are under way; a client that sends fewer waits for ever."""
        self._door.rounds = rounds = Rounds(sizes)
        try:
            yield rounds
        finally:
            self._door.rounds = None

    def mutating_requests(self) -> list[Exchange]:
        """Those that may have changed an app. Not among them: sign-in, the apps' own pages, GET and HEAD, the POSTs
        that only read, and /api/command, which may do either: `site.commands.started` tells the command lines."""
        return [
            one
            for one in self._door.exchanges
            if one.method not in ("GET", "HEAD")
            and one.host not in self._hosts
            and not one.path.partition("?")[0].endswith(_READING_POSTS)
        ]

    @property
    def refused(self) -> list[str]:
        """Return `CONNECT host:port` for every host that was requested and is not served."""
        return list(self._proxy.refused)

    @property
    def ca_file(self) -> Path:
        """Return the certificate that clients must trust."""
        return self._proxy.ca_file

    @property
    def env(self) -> dict[str, str]:
        """Return the environment for `az`: that of this process, with this local Azure's proxy, CA and az folders."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.lower() not in _INHERITED and not name.startswith(("AZURE_", "IDENTITY_", "MSI_", "PIP_", "UV_"))
        }
        for name, value in (
            ("http_proxy", self._proxy.url),
            ("https_proxy", self._proxy.url),
            ("no_proxy", "127.0.0.1,localhost"),
        ):
            kept[name] = kept[name.upper()] = value
        return kept | {
            "REQUESTS_CA_BUNDLE": str(self.ca_file),  # requests: az, MSAL, azure-core
            "SSL_CERT_FILE": str(self.ca_file),  # ssl.create_default_context: urllib
            "CURL_CA_BUNDLE": str(self.ca_file),
            "AZURE_CONFIG_DIR": str(self.folder / "azure"),
            "AZURE_EXTENSION_DIR": str(self.folder / "extensions"),
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "PIP_CONFIG_FILE": os.devnull,  # else the az extension asks the index of this machine's user for uv
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_ENCRYPT_TOKEN_CACHE": "no",
            # Without a proxy: names/sitecustomize.py
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_PYTHON_START), kept.get("PYTHONPATH")))),
            "LOCAL_AZURE_APPS": json.dumps([f".{DOMAIN}"]),
            "LOCAL_AZURE_PORTS": json.dumps(self._proxy.ports),
        }
