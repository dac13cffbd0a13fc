"""The worker of an app of a fleet: its drive is laid out when something first looks at it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..frontend import FrontEnd
from ..windows import gallery, runtimes
from ..windows.process import Process
from . import quick
from .worker import AppProcess, WorkerMachine, lay_out_runtime

_WEB_CONFIG = """\
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <appSettings>
    <add key="WSGI_HANDLER" value="app.application" />
    <add key="PYTHONPATH" value="D:\\home\\site\\wwwroot" />
  </appSettings>
  <system.webServer>
    <handlers>
      <add name="PythonHandler" path="*" verb="*" modules="FastCgiModule"
           scriptProcessor="D:\\home\\{folder}\\python.exe|D:\\home\\{folder}\\wfastcgi.py"
           resourceType="Unspecified" requireAccess="Script" />
    </handlers>
  </system.webServer>
</configuration>
"""

# What wfastcgi answers when the app cannot be imported.
_FAILED = (
    "Status: 500 Error\r\nContent-Type: text/plain\r\n\r\nError occurred while reading WSGI handler:\n\n"
    "Traceback (most recent call last):\nModuleNotFoundError: No module named 'left'\n"
)


def fill_cache(cache: Path) -> None:
    """Make what stands for the Pythons of the gallery."""
    for package in gallery.PACKAGES:
        if package.python_version[:1] == "3":
            folder = runtimes._folder(cache, package.python_version, package.architecture)  # pylint: disable=protected-access
            if not folder.exists():
                lay_out_runtime(folder, package.python_version)


def package_of(version: str) -> gallery.Package:
    """The 64-bit package of a Python that can be installed. Raises ValueError when there is none."""
    for package in gallery.PACKAGES:
        if (package.python_version, package.architecture, package.in_gallery) == (version, "x64", True):
            return package
    raise ValueError(f"no site extension has Python {version}")


class FleetMachine(WorkerMachine):
    """A worker that is laid out late. python, installed, files, own: as of Fleet."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        index_url: str,
        python: str,
        installed: Sequence[str],
        files: Mapping[str, str],
        own: bool = False,
    ):
        self._layout = threading.RLock()
        self._laid_out = self._begun = True  # until the base class has looked at its folders
        self._python, self._installed, self._files = package_of(python), [*map(package_of, installed)], files
        if own:
            self._installed = [replace(each, id=f"pythonapp-{each.id.partition('-')[2]}") for each in self._installed]
        self.healthy_with_first_only = False
        self.then: Callable[[], None] = lambda: None
        super().__init__(folder, cache, index_url)
        self._laid_out = self._begun = False

    @property
    def drive(self) -> Path:  # type: ignore[override]
        """The folder that is drive D:."""
        self._lay_out()
        return self.folder / "d"

    @drive.setter
    def drive(self, _: Path) -> None:
        """It is always the same."""

    @property
    def home(self) -> Path:  # type: ignore[override]
        """%HOME%."""
        self._lay_out()
        return self.folder / "d" / "home"

    @home.setter
    def home(self, _: Path) -> None:
        """It is always the same."""

    def touch(self) -> None:
        """Lay it out, if that was not done before."""
        self._lay_out()

    def clear(self) -> None:
        """End what runs, and move the drive away, which is quicker than to delete it; it is laid out no more."""
        with self._layout:
            if self._begun and self.folder.exists():
                self.end_processes()
                away = self.folder.parent.with_name("removed")
                away.mkdir(exist_ok=True)
                self.folder.rename(away / secrets.token_hex(8))
            self._laid_out = self._begun = True

    def spawn(
        self,
        command_line: str,
        *,
        directory: str = "D:\\home",
        environment: Mapping[str, str] | None = None,
        capture: bool = True,
    ) -> Process:
        """Run what follows the starter: a command that only looks without a process (quick.py)."""
        command = command_line.removeprefix(f'"{self.starter}" ')
        try:
            return quick.run(self.drive, self.linux_path(directory), environment or {}, command)
        except quick.NotQuick:
            return super().spawn(command_line, directory=directory, environment=environment, capture=capture)

    def fastcgi(self, full_path: str, arguments: str, environment: Mapping[str, str]) -> AppProcess:
        """Start a process of the app."""
        process = AppProcess(self, full_path, environment)
        if self.healthy_with_first_only and process.version != self._python.python_version:
            process.answer = _FAILED.encode()
        return process

    def _lay_out_drive(self) -> None:
        """Nothing yet."""

    def _lay_out(self) -> None:
        if self._laid_out:
            return
        with self._layout:
            if self._begun:  # also while this very thread lays it out
                return
            self._begun = True
            super()._lay_out_drive()
            for package in self._installed:
                gallery.lay_down(self, package)
            root = self.home / "site" / "wwwroot"
            for name, text in {"web.config": _WEB_CONFIG.format(folder=self._python.folder), **self._files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, "utf-8")
            self.then()
            self._laid_out = True


class LateFrontEnd:
    """The real front end, made when its worker is laid out: before anything on the app can change."""

    def __init__(self, machine: FleetMachine, settings: Mapping[str, str]):
        self._machine = machine
        self._settings = settings
        self._real: FrontEnd | None = None
        self._stopped = False
        self.applications: Callable[[], Iterable[tuple[str, str]]] = tuple
        machine.then = self._begin

    def _begin(self) -> None:
        self._real = FrontEnd(self._machine, lambda: self._settings)  # type: ignore[arg-type]
        self._real.applications = self.applications
        if self._stopped:
            self._real.stop()

    def _made(self) -> FrontEnd:
        self._machine.touch()
        assert self._real is not None, "the app was deleted"
        return self._real

    async def answer(self, request: Request) -> Response:
        """Return the app's response to a request."""
        return await (await run_in_threadpool(self._made)).answer(request)

    def restart(self) -> None:
        """End the app's processes and read the registrations again."""
        self._made().restart()

    def stop(self) -> None:
        """End the app's processes; of one that was never asked, there are none."""
        self._stopped = True
        if self._real is not None:
            self._real.stop()

    def detach(self) -> Callable[[], None]:
        """Answer as a stopped app from now on; return a function that ends its processes."""
        return self._made().detach()
