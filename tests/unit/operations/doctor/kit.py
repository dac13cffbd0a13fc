"""What a check of `doctor` sees, made of plain values: `look("always-on", configuration=…)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from azext_pythonapp.appservice.kudu import Entry, RemoteFile
from azext_pythonapp.appservice.site import FrontDoor, Site, SiteConfiguration
from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.activity import Records
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.doctor.check import Result
from azext_pythonapp.operations.doctor.checks import all_checks
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.webconfig.handlers import readable_handler
from tests.unit.operations.shop import shop_site

APP = b"""
from flask import Flask
app = Flask(__name__)
"""
XDT = rb"""<configuration><system.webServer><fastCgi>
<application fullPath="D:\home\python3119x64\python.exe" arguments="D:\home\python3119x64\wfastcgi.py" />
</fastCgi></system.webServer></configuration>"""
PLAN = "/subscriptions/s/resourceGroups/plans/providers/Microsoft.Web/serverfarms/plan"
FASTCGI = rb"""<configuration>
  <appSettings><add key="WSGI_HANDLER" value="app.app" /></appSettings>
  <system.webServer><handlers>
    <add name="Python" path="*" verb="*" modules="FastCgiModule" resourceType="Unspecified"
         scriptProcessor="D:\home\python3119x64\python.exe|D:\home\python3119x64\wfastcgi.py" />
  </handlers></system.webServer>
</configuration>"""


def platform(arguments: str, more: str = "", path: str = r"%HOME%\python3119x64\python.exe") -> bytes:
    """A web.config for HttpPlatform. more: attributes of <httpPlatform>."""
    return (
        '<configuration><system.webServer><handlers><add name="Python" path="*" verb="*" '
        'modules="httpPlatformHandler" resourceType="Unspecified" /></handlers>'
        f'<httpPlatform processPath="{path}" arguments="{arguments}" {more} /></system.webServer></configuration>'
    ).encode()


def python(version: str = "3.11.9", **more: Any) -> InstalledRuntime:
    """A Python that answered, in use."""
    digits = version.replace(".", "")
    values: dict[str, Any] = {
        "version": version,
        "architecture": "x64",
        "extension_id": f"pythonapp-python{digits}x64",
        "package_version": version,
        "python_path": rf"D:\home\python{digits}x64\python.exe",
        "source": "siteExtension",
        "in_use": True,
        **more,
    }
    return InstalledRuntime(**values)


def site(state: str = "Running", **front_door: Any) -> Site:
    """The app 'shop' on a plan."""
    return replace(shop_site(state), plan_id=PLAN, front_door=FrontDoor(**{"usage": "Normal", **front_door}))


def configuration(**properties: Any) -> SiteConfiguration:
    """`config/web` of a clean app."""
    return SiteConfiguration.from_properties(
        {"use32BitWorkerProcess": False, "alwaysOn": True, "webSocketsEnabled": False, **properties}
    )


# What the checks of a clean app fetch by themselves.
PARTS: Mapping[str, Any] = {
    "app start": None,
    "interrupted change": None,
    "records": Records((), (), (), {}),
    "requirements": (None, False),
    "requires": {"pip": []},
    "server log": SimpleNamespace(exists=False),
    "target": Target(r"D:\home\python3119x64\python.exe", "python3119x64", "3.11.9", "x64"),
}


class Seen:
    """A Sight of plain values: those of a clean app, and what a test says instead."""

    unknown_python = Sight.unknown_python
    az = Sight.az
    python = Sight.python

    def __init__(self, **values: Any):
        content = values.get("web_config", FASTCGI)
        current = values.get("current", python())
        given: dict[str, Any] = {
            "site": site(),
            "home": r"D:\home",
            "configuration": configuration(),
            "web_config": content,
            "root": "site/wwwroot",
            "handler": readable_handler(content),
            "current": current,
            "pythons": [current] if current is not None else [],
            "trouble": None,
            "packages": {"pip": "25.0.1"},
            "settings": {},
            "tier": "Basic",
            "basic_allowed": False,
            "free_bytes": (9_000_000_000, 9_000_000_000),
            "processes": [],
            "clock_difference": None,
            "files": {"site/wwwroot/app.py": APP, "SiteExtensions/pythonapp-python3119x64/applicationHost.xdt": XDT},
            "parts": {**PARTS, **values.get("parts", {})},
            **{name: value for name, value in values.items() if name != "parts"},
        }
        self.__dict__.update({name: value for name, value in given.items() if not isinstance(value, Exception)})
        self._errors = {name: value for name, value in given.items() if isinstance(value, Exception)}
        kudu = SimpleNamespace(list_directory=self._list, read=lambda path: RemoteFile(self._read(path), "", None))
        kudu.home = lambda: self.home
        kudu.apart = lambda: kudu
        kudu.app_start_time = None
        arm = SimpleNamespace(configuration=lambda site: self.configuration)
        self.app = values.get("app", SimpleNamespace(site=given["site"], kudu=kudu, arm=arm))
        problem = None if content is None else values.get("problem")
        self.seen = SimpleNamespace(problem=problem, records=SimpleNamespace(jobs=values.get("jobs", ())))

    def _list(self, folder: str) -> list[Entry]:
        found = self.entries(folder)
        if not found:
            raise NotFound(f"{folder} was not found.")
        return found

    def _read(self, path: str) -> bytes:
        content = self.read(path)
        if content is None:
            raise NotFound(f"{path} was not found.")
        return content

    def __getattr__(self, name: str) -> Any:
        raise self.__dict__.get("_errors", {}).get(name) or AssertionError(f"the check looks at {name}")

    def part(self, name: str, fetch: Callable[[], Any]) -> Any:
        """What is fetched, by `parts`."""
        return SimpleNamespace(get=lambda: self.parts[name] if name in self.parts else fetch())

    def entries(self, folder: str) -> list[Entry]:
        """The entries of a folder, by `files`: {"site/wwwroot/app.py": b""}; a name that ends in "/" is a folder."""
        found: dict[str, bool] = {}
        for path in self.files:
            if path.lower().startswith(f"{folder.lower()}/"):
                name, slash, _ = path[len(folder) + 1 :].partition("/")
                found[name] = found.get(name, False) or bool(slash)
        return [Entry(name, "", 0, "", is_folder) for name, is_folder in found.items() if name]

    def read(self, path: str) -> bytes | None:
        """A file of `files`, in any case of its letters."""
        files: Mapping[str, bytes] = self.files
        return next((content for name, content in files.items() if name.lower() == path.lower()), None)


def look(identifier: str, **values: Any) -> Result:
    """Run one check on a clean app that differs in some values; a value that is an exception is raised."""
    seen: Any = Seen(**values)
    return all_checks()[identifier].look(seen)
