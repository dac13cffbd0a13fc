"""The Pythons of an app whose change is undone: on the app, in web.config, and in records."""

from __future__ import annotations

from types import SimpleNamespace

from azext_pythonapp.history.record import PackageChange, RuntimeChange
from azext_pythonapp.operations.rollback.files import read_state
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import letter_of
from azext_pythonapp.webconfig.handlers import readable_handler

WEB_CONFIG = "site/wwwroot/web.config"
HOME = r"D:\home"
OLD, NEW = rf"{HOME}\python3810x64\python.exe", rf"{HOME}\python3119x64\python.exe"


def config(python):
    """A web.config that starts a Python by FastCGI."""
    script = python.replace("python.exe", "wfastcgi.py")
    return (
        '<configuration><system.webServer><handlers><add name="p" path="*" verb="*" modules="FastCgiModule" '
        f'scriptProcessor="{python}|{script}"/></handlers></system.webServer></configuration>'
    ).encode()


def python(path, **facts):
    name = path.split("\\")[-2]
    version = {"python3810x64": "3.8.10", "python3119x64": "3.11.9"}[name]
    values = {
        "version": version,
        "architecture": "x64",
        "extension_id": f"pythonapp-{name}",
        "package_version": version,
        "python_path": path,
        "source": "siteExtension",
        "in_use": False,
    }
    return InstalledRuntime(**values | facts)


def runtime(action, path, **facts):
    of = python(path, **facts)
    return RuntimeChange(
        of.version, of.architecture, of.extension_id, of.package_version, of.source, of.python_path, action
    )


def packages(path, before, after):
    return PackageChange(path, "3.8.10", "x64", path.split("\\")[-2], before, after, arguments=[])


def has(folder, path, versions):
    """Put packages into a Python's folder. folder: %HOME%."""
    folder = folder / path.split("\\")[-2] / "Lib" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        entry.rmdir()
    for name, version in versions.items():
        (folder / f"{name}-{version}.dist-info").mkdir()


def seen(opened, pythons):
    """What is observed: web.config as it is, and these Pythons."""
    state = read_state(opened, WEB_CONFIG)
    handler = readable_handler(state.content)
    return SimpleNamespace(
        app=opened,
        root="site/wwwroot",
        web_config=state,
        handler=handler,
        readable_handler=handler,
        pythons=pythons,
        environment=letter_of(handler.python_exe, HOME) if handler is not None else None,
        environments={},
    )
