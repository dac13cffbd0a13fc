"""One web app or slot: its properties in Azure, its worker, its front end and the state of its SCM site."""

from __future__ import annotations

import hashlib
import ntpath
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, Protocol

from starlette.requests import Request
from starlette.responses import Response

from .kudu.command import Commands
from .kudu.siteextensions import SiteExtensions
from .switches import Switches
from .windows.machine import Machine

SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
REGION = "West Europe"


class Serving(Protocol):
    """The interface of a site's front end (tests/local_azure/frontend)."""

    async def answer(self, request: Request) -> Response:
        """Return the app's response to a request."""

    def restart(self) -> None:
        """End the app's processes and read the registrations again."""

    def stop(self) -> None:
        """End the app's processes."""

    def detach(self) -> Callable[[], None]:
        """Answer as a stopped app from now on; return a function that ends its processes."""


@dataclass(frozen=True)
class Address:
    """Where a site is: its names in ARM and its two host names."""

    name: str
    resource_group: str
    slot: str | None
    host: str
    scm_host: str
    subscription: str = SUBSCRIPTION

    @property
    def arm_name(self) -> str:
        """`app`, or `app/staging` for a slot, as ARM's `name` says it."""
        return f"{self.name}/{self.slot}" if self.slot else self.name

    @property
    def resource_id(self) -> str:
        """The ARM id: `…/sites/app`, or `…/sites/app/slots/staging`."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        slot = f"/slots/{self.slot}" if self.slot else ""
        return f"{group}/providers/Microsoft.Web/sites/{self.name}{slot}"


LEFT_OUT = object()


@dataclass(frozen=True)
class Instance:
    """One machine that serves an app. id: what ARM names it, and the value of the affinity cookie."""

    id: str
    front_end: Serving


@dataclass
class Site:
    """A running app. Tests may set every field that Azure's portal would let them set.

    app_settings       become environment variables of the worker's processes
    kudu_settings      what POST /api/settings stored; goes before app_settings (docs/platform/kudu.md 5.3)
    basic_auth_allowed basicPublishingCredentialsPolicies/scm (docs/platform/kudu.md 6)
    reserved           a Linux app
    kind               what ARM calls it; None for what fits `reserved`
    shape              properties that ARM gives otherwise: by name, LEFT_OUT for one that it leaves out, as old
                       api-versions do
    integer_enums      ARM gives enumerations as numbers (recordings: api-version 2015-08-01)
    custom_domains     further names of the app, which ARM lists; nothing answers to them
    virtual_applications  the path mappings: (virtual path, physical path); they take effect with a restart
    state              as ARM tells it; QuotaExceeded: a plan's quota is used up, and the front end answers as for a
                       stopped app
    other_front_ends   those of the further instances of an app that was scaled out; all share one %HOME%
    client_affinity    clientAffinityEnabled
    logging            config/logs, which nothing here reads
    tags               of the resource
    health_check_path  healthCheckPath, the page of App Service's own health check
                       (docs/platform/recordings/arm/config_web.json)
    configuration      further properties of config/web, such as alwaysOn, which nothing here obeys

    `work` runs what continues after its request was answered or timed out.
    """

    address: Address
    machine: Machine
    front_end: Serving
    switches: Switches
    reserved: bool = False
    kind: str | None = None
    shape: dict[str, object] = field(default_factory=dict)
    integer_enums: bool = False
    custom_domains: tuple[str, ...] = ()
    use_32bit_worker: bool = True
    basic_auth_allowed: bool = False
    state: Literal["Running", "Stopped", "QuotaExceeded"] = "Running"
    app_settings: dict[str, str] = field(default_factory=dict)
    kudu_settings: dict[str, str] = field(default_factory=dict)
    virtual_applications: list[tuple[str, str]] = field(default_factory=lambda: [("/", r"site\wwwroot")])
    other_front_ends: Sequence[Serving] = ()
    client_affinity: bool = True
    logging: dict[str, object] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    health_check_path: str | None = None
    configuration: dict[str, object] = field(default_factory=dict)
    restarts: int = 0

    def __post_init__(self) -> None:
        self.instances = [
            Instance(_digest(f"{self.address.resource_id}{number or ''}"), front_end)
            for number, front_end in enumerate((self.front_end, *self.other_front_ends))
        ]
        self.instance = self.instances[0].id
        self.worker_started = datetime.now(timezone.utc)
        self.pages_to_come: dict[str, list[str]] = {}
        self.publishing_password = secrets.token_urlsafe(45)
        self.work = ThreadPoolExecutor(thread_name_prefix=self.address.arm_name)
        self.commands = Commands(self)
        self.extensions = SiteExtensions(self)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._asked = 0
        self.scm_recycles = 0

    @property
    def name(self) -> str:
        """The app's name, without the slot."""
        return self.address.name

    @property
    def resource_group(self) -> str:
        """The resource group's name."""
        return self.address.resource_group

    @property
    def slot(self) -> str | None:
        """The slot's name, None for the production slot."""
        return self.address.slot

    @property
    def host(self) -> str:
        """The app's own host name."""
        return self.address.host

    @property
    def scm_host(self) -> str:
        """The SCM site's host name; it cannot be told from the app's."""
        return self.address.scm_host

    def change_places(self, other: Site) -> None:
        """Take another slot's place: its names, and what stays in a slot when its content is swapped."""
        for name in ("address", "custom_domains", "basic_auth_allowed", "publishing_password", "logging"):
            mine, others = getattr(self, name), getattr(other, name)
            setattr(self, name, others)
            setattr(other, name, mine)

    @property
    def publishing_user(self) -> str:
        """The user of the publishing credentials: `$app`, `$app__staging`."""
        return f"${self.name}__{self.slot}" if self.slot else f"${self.name}"

    @property
    def home(self) -> str:
        """%HOME%, as the worker's processes see it."""
        return self.switches.home_drive + "\\home"

    def windows_path(self, path: str) -> str:
        """The Windows path of `path`, which is relative to %HOME% and '/'-separated."""
        return ntpath.normpath(ntpath.join(self.home, path.replace("/", "\\")))

    def linux_path(self, windows_path: str) -> Path:
        """The file behind a Windows path; the letters' case does not matter."""
        return self.machine.linux_path(windows_path)

    def setting(self, name: str) -> str | None:
        """The value of a setting: Kudu's own goes before the app's."""
        return self.kudu_settings.get(name, self.app_settings.get(name))

    def environment(self) -> dict[str, str]:
        """The variables of every process that the SCM site starts (docs/platform/kudu.md 1.3)."""
        home = self.home
        settings = self.app_settings | self.kudu_settings
        return (
            settings
            | {f"APPSETTING_{name}": value for name, value in self.app_settings.items()}
            | {
                "HOME": home,
                "HOMEDRIVE": self.switches.home_drive,
                "HOMEPATH": "\\home",
                "WEBROOT_PATH": home + "\\site\\wwwroot",
                "DEPLOYMENT_TARGET": home + "\\site\\wwwroot",
                "DEPLOYMENT_SOURCE": home + "\\site\\repository",
                "SITE_BITNESS": self.bitness,
                "WEBSITE_SITE_NAME": self.name,
                "WEBSITE_HOSTNAME": self.host,
                "WEBSITE_INSTANCE_ID": self.instance,
                "WEBSITE_SLOT_NAME": self.slot or "Production",
                "WEBSITE_SKU": "Basic",
                "REGION_NAME": REGION,
            }
        )

    def refusal(self, windows: str) -> str | None:
        """Why the SCM site may not change anything at a Windows path: the message of the exception that Windows gives.

        wwwroot is a read-only mount while the app runs from a package (docs/platform/kudu.md 7); the switch makes it
        one too.
        """
        root = self.windows_path("site/wwwroot").lower()
        package = self.app_settings.get("WEBSITE_RUN_FROM_PACKAGE", self.app_settings.get("WEBSITE_RUN_FROM_ZIP", ""))
        mounted = package == "1" or package.lower().startswith(("http://", "https://"))
        if (self.switches.wwwroot_read_only or mounted) and f"{windows.lower()}\\".startswith(root + "\\"):
            return f"Could not find file '{windows}'."
        if self.switches.home_full:
            return "There is not enough space on the disk."
        return None

    def held(self, windows: str) -> str | None:
        """The message of the exception for writing or deleting a file that a process of the app holds; None for another.

        The switch `held_file` says which file that is.
        """
        name = self.switches.held_file
        if name is None or ntpath.join(self.windows_path("site/wwwroot"), name).lower() != windows.lower():
            return None
        return f"The process cannot access the file '{windows}' because it is being used by another process."

    @property
    def bitness(self) -> str:
        """SITE_BITNESS: `x86` or `AMD64`."""
        return "x86" if self.use_32bit_worker else "AMD64"

    def restart(self) -> None:
        """Restart the app and its SCM site (docs/platform/kudu.md 5.3); return when the new processes
        answer."""
        with self._lock:
            self.restarts += 1
            self._asked += 1
            self._restart()

    def ask_to_restart(self, synchronous: bool) -> None:
        """What a restart through ARM does: the old processes answer until the new ones are up, and ARM waits for that
        only when it was asked to (docs/platform/recorded-traffic.md 3.4). A later request takes the place of one that
        is still to be done."""
        with self._lock:
            self.restarts += 1
            self._asked += 1
            asked = self._asked
            self._leave_stopped()
        pause = self.switches.restart_overlap if synchronous else self.switches.restart_seconds
        if synchronous and not pause:
            self._restart_as_asked(asked)
        else:
            self.work.submit(self._restart_as_asked, asked, pause)

    def _restart_as_asked(self, asked: int, pause: float = 0) -> None:
        self._closing.wait(pause)
        with self._lock:
            if asked == self._asked and not self._closing.is_set() and self.state != "Stopped":
                self._restart()

    def _leave_stopped(self) -> None:
        """Clear the state Stopped; a restart does not reset an exceeded quota."""
        if self.state == "Stopped":
            self.state = "Running"

    def _restart(self) -> None:
        self._leave_stopped()
        moment = datetime.now(timezone.utc)
        if self.switches.restart_recycles_scm:
            self.recycle_scm()
        self._begin_anew(self.instances[: len(self.instances) - self.switches.stale_instances])
        if self.switches.restart_recycles_scm:
            self.commands.sweep(moment)

    def _begin_anew(self, instances: Sequence[Instance]) -> None:
        for instance in instances:
            instance.front_end.restart()
            self.pages_to_come[instance.id] = list(self.switches.restart_pages)
        self.worker_started = datetime.now(timezone.utc)

    def stop(self) -> None:
        """Stop the app; its SCM site keeps running (docs/platform/kudu.md 5.3), and its processes do for a while."""
        with self._lock:
            self.state = "Stopped"
            for instance in self.instances:
                self.work.submit(self._end_as_stopped, instance.front_end.detach())

    def _end_as_stopped(self, end: Callable[[], None]) -> None:
        self._closing.wait(self.switches.stop_seconds)
        end()

    def start(self) -> None:
        """Start the app again."""
        with self._lock:
            self._leave_stopped()
            self._begin_anew(self.instances)

    def restart_app(self) -> None:
        """Restart the app alone, as the SCM site asks for after a deployment; a stopped app stays stopped."""
        with self._lock:
            if self.state != "Stopped":
                self._begin_anew(self.instances)

    def recycle_scm(self) -> None:
        """End the SCM site's process, with its running commands, installs and log streams."""
        self.scm_recycles += 1
        self.extensions.cancel()
        self.commands.kill()

    def close(self) -> None:
        """End everything that belongs to the site, and wait; its files stay, and its worker stays booted."""
        self._closing.set()
        self.recycle_scm()
        for instance in self.instances:
            instance.front_end.stop()
        self.machine.end_processes()
        self.work.shutdown()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
