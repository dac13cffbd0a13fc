"""A fleet: apps with the same content, some of which can be made to fail in a way of their own.

fleet = azure.fleet(100, slots=("staging",))
fleet.fail("gone", 3, 17)
az("webapp python show --ids", *fleet.ids)

What an app has is written when it is first asked for: a thousand of them cost two seconds and no process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from ..bad_day import BadDay
from ..balancer import Balancer
from ..kudu import scm_app
from ..site import SUBSCRIPTION, Site
from ..switches import Switches
from .machine import FleetMachine, LateFrontEnd

if TYPE_CHECKING:
    from ..cloud import LocalAzure

Fault = Literal[
    "gone", "unlisted", "forbidden", "cold", "hang", "linux", "container", "function", "stopped", "unhealthy"
]
APP = """\
PAGE = "hello"


def application(environ, start_response):
    start_response("200 OK", [])
    return [PAGE.encode()]
"""


class Fleet:
    """Apps of one resource group, numbered from 0.

    azure: where they are. count: how many. name: what their names begin with. subscription: its id. python: the version
    that web.config runs. installed: the versions of all Pythons, as site extensions. slots: the slots of each app.
    files: of site\\wwwroot, by name. tags: of each app. own: whether the site extensions are those that the product makes of
    python.org's builds, not a third party's.
    """

    def __init__(
        self,
        azure: LocalAzure,
        count: int,
        *,
        name: str = "fleet",
        resource_group: str = "rg",
        subscription: str = SUBSCRIPTION,
        python: str = "3.8.10",
        installed: Sequence[str] = ("3.8.10", "3.11.9"),
        slots: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        own: bool = False,
    ):
        self._azure = azure
        self._group, self._subscription = resource_group, subscription
        self._content = (python, tuple(installed), {"app.py": APP, **(files or {})}, own)
        self._tags = dict(tags or {})
        self.apps: list[Site] = []
        self._slots: list[dict[str, Site]] = []
        width = len(str(count - 1))
        for number in range(count):
            label = f"{name}{number:0{width}}"
            self.apps.append(self._add(label, None))
            self._slots.append({slot: self._add(label, slot) for slot in slots})

    def __getitem__(self, number: int) -> Site:
        return self.apps[number]

    def __iter__(self) -> Iterator[Site]:
        return iter(self.apps)

    def __len__(self) -> int:
        return len(self.apps)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    @property
    def ids(self) -> list[str]:
        """The ARM ids of the apps, slots not among them; also of those that are gone."""
        return [site.address.resource_id for site in self.apps]

    def slot(self, number: int, name: str) -> Site:
        """A slot of an app."""
        return self._slots[number][name]

    def fail(self, fault: Fault, *numbers: int) -> None:
        """Let these apps fail.

        gone       deleted, with its slots: 404
        unlisted   lists of sites leave it out, and say nothing of it; a GET answers, and Resource Graph has it
        forbidden  the client has no rights to it: 403, and lists leave it out
        cold       the next three requests to the SCM site get a 503; set `cold_scm_503_times` of its switches for more
        hang       the SCM site answers nothing
        linux      a Linux app
        container  a Windows container
        function   a function app
        stopped    the app was stopped; its SCM site answers
        unhealthy  the page is a 500 with every Python but the one that it has now
        """
        for number in numbers:
            _FAULTS[fault](self, number)

    def remove(self) -> None:
        """Delete all apps."""
        for number in range(len(self.apps)):
            self._delete(number)

    def _add(self, name: str, slot: str | None) -> Site:
        address = self._azure.new_address(name, self._group, slot, self._subscription)
        settings: dict[str, str] = {}
        folder = self._azure.folder / "fleet" / address.host.partition(".")[0]
        machine = FleetMachine(folder, self._azure.fleet_cache(), self._azure.index_url or "", *self._content)
        front_end = LateFrontEnd(machine, settings)
        site = Site(address, machine, front_end, Switches(), app_settings=settings)
        site.use_32bit_worker = False
        site.tags.update(self._tags)
        front_end.applications = lambda: site.virtual_applications
        self._azure.serve_site(
            site, Late(lambda: Balancer(site)), Late(lambda: BadDay(scm_app(site), site.switches, self._azure.cut))
        )
        return site

    def _delete(self, number: int) -> None:
        for site in (*self._slots[number].values(), self.apps[number]):
            if self._azure.directory.find(site.address.resource_id) is site:
                self._azure.remove_site(site)

    def _forbid(self, number: int) -> None:
        for site in (*self._slots[number].values(), self.apps[number]):
            site.switches.arm_forbidden = site.switches.bearer_refused = True

    def _leave_out(self, number: int) -> None:
        self.apps[number].switches.arm_unlisted = True

    def _cool(self, number: int) -> None:
        self.apps[number].switches.cold_scm_503_times = 3

    def _hang(self, number: int) -> None:
        self.apps[number].switches.scm_hangs = True

    def _make_linux(self, number: int) -> None:
        self.apps[number].reserved = True

    def _make_container(self, number: int) -> None:
        """As in docs/platform/recordings/arm/site_windows_container.json."""
        self.apps[number].kind = "app,container,windows"
        self.apps[number].shape |= {"isXenon": True, "hyperV": True}

    def _make_function(self, number: int) -> None:
        self.apps[number].kind = "functionapp"

    def _sicken(self, number: int) -> None:
        machine = self.apps[number].machine
        assert isinstance(machine, FleetMachine)
        machine.healthy_with_first_only = True

    def _stop(self, number: int) -> None:
        self.apps[number].state = "Stopped"
        self.apps[number].front_end.stop()


_FAULTS: Mapping[Fault, Callable[[Fleet, int], None]] = {
    "gone": Fleet._delete,  # pylint: disable=protected-access
    "forbidden": Fleet._forbid,  # pylint: disable=protected-access
    "unlisted": Fleet._leave_out,  # pylint: disable=protected-access
    "cold": Fleet._cool,  # pylint: disable=protected-access
    "hang": Fleet._hang,  # pylint: disable=protected-access
    "container": Fleet._make_container,  # pylint: disable=protected-access
    "function": Fleet._make_function,  # pylint: disable=protected-access
    "unhealthy": Fleet._sicken,  # pylint: disable=protected-access
    "linux": Fleet._make_linux,  # pylint: disable=protected-access
    "stopped": Fleet._stop,  # pylint: disable=protected-access
}


class Late:
    """An ASGI app that is made when it is first asked."""

    def __init__(self, make: Callable[[], ASGIApp]):
        self._make = make
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app(scope, receive, send)
