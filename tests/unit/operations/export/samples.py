"""What is exported in the golden files: each sample app, and Windows apps of other kinds.

PYTHONAPP_AZ=<az> python -m tests.unit.operations.export.samples    writes golden/ anew
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from azext_pythonapp.appservice.site import SiteConfiguration, VirtualApplication
from azext_pythonapp.operations.export.command import rendered
from azext_pythonapp.operations.export.from_app import Found, described
from azext_pythonapp.operations.export.model import Export, Format
from azext_pythonapp.operations.export.of_version import export_of_version
from azext_pythonapp.operations.runtime.sources import Supply
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import PlatformOptions, WebConfigRequest
from azext_pythonapp.operations.web_config.show_set_diff import set_web_config
from azext_pythonapp.operations.web_config.target import FileTarget
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler
from tests.conftest import REPOSITORY
from tests.unit.progress import Recorded

APPS = REPOSITORY / "tests" / "apps"
GOLDEN = Path(__file__).resolve().parent / "golden"
ENDINGS = {"arm": ".json", "bicep": ".bicep", "terraform": ".tf"}
FORMATS: tuple[Format, ...] = get_args(Format)
HOME = "D:\\home\\"
# The sample apps that FastCGI cannot start.
ON_HTTP_PLATFORM = ("fastapi_hello", "streamlit_hello", "waitress_hello")


def python(folder: str, version: str, extension: str | None, package: str | None, **more: Any) -> InstalledRuntime:
    """A Python on an app."""
    values = {
        "architecture": folder[-3:],
        "source": "siteExtension" if extension else "folder",
        "in_use": False,
        **more,
    }
    return InstalledRuntime(
        version=version,
        extension_id=extension,
        package_version=package,
        python_path=f"{HOME}{folder}\\python.exe",
        **values,
    )


PYTHON364 = python("python364x64", "3.6.4", "azureappservice-python364x64", "3.6.4.4")
PYTHON353 = python("python353x86", "3.5.3", "azureappservice-python353x86", "3.5.3.7")
PYTHON3132 = python("python3132x64", "3.13.2", "pythonapp-python3132x64", "3.13.2")
THIRD = python("python3111x64", "3.11.1", "NakedObjects-python3111x64", "3.11.1")


def used(one: InstalledRuntime) -> InstalledRuntime:
    """The same Python, started by web.config."""
    return replace(one, in_use=True)


def configuration(bits32: bool = False, sockets: bool = False, always: bool = False) -> SiteConfiguration:
    """config/web of an app."""
    return SiteConfiguration(bits32, (VirtualApplication("/", "site\\wwwroot"),), web_sockets=sockets, always_on=always)


def handler_of(name: str, folder: Path, command: str | None = None) -> PythonHandler | None:
    """What `web-config set` writes for a sample app. folder: an empty one."""
    kind = "httpplatform" if name in ON_HTTP_PLATFORM else "fastcgi"
    shutil.copytree(APPS / name, folder / name)
    request = WebConfigRequest.from_options(
        version=None,
        architecture=None,
        python_path=PYTHON364.python_path,
        handler=HandlerOptions.from_options(handler=kind, startup_command=command),
        app="app:app" if name == "broken_import" else None,
        platform=PlatformOptions(),
        environment=(),
        static=(),
        output=None,
    )
    target = FileTarget(folder / name / "web.config", Recorded())
    set_web_config(target, request, False)
    return read_handler((folder / name / "web.config").read_bytes())


def found(
    pythons: list[InstalledRuntime],
    handler: PythonHandler | None,
    worker: SiteConfiguration | None = None,
    settings: Mapping[str, str] | None = None,
    **more: Any,
) -> Found:
    """What is seen of an app."""
    return Found(pythons, handler, worker or configuration(), settings or {}, **more)


def sample_names() -> list[str]:
    """The names of the sample apps."""
    return sorted(each.name for each in APPS.iterdir() if each.is_dir())


def samples() -> dict[str, Export]:
    """Every export that has golden files, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = {name: described(found([used(PYTHON364)], handler_of(name, place))) for name in sample_names()}
    with tempfile.TemporaryDirectory() as folder:
        fast = handler_of("flask_hello", Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        command = "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% app:app"
        platform = handler_of("waitress_hello", Path(folder), command)
    assert fast is not None and platform is not None
    unnamed = PythonHandler("fastCgi", PYTHON364.python_path, "wfastcgi.py", None, None, {}, "PythonHandler")
    return {
        **made,
        "fastcgi": described(found([used(PYTHON364)], fast)),
        "httpplatform": described(found([used(PYTHON364)], platform, configuration(False, True, True))),
        "two_extensions": described(found([used(PYTHON364), PYTHON353, THIRD], fast)),
        "slot": described(found([PYTHON353, used(PYTHON364)], platform, for_slot=True)),
        "nuget": described(found([used(PYTHON3132)], platform)),
        "nuget_and_extension": described(found([used(PYTHON3132), PYTHON364], fast, configuration(True))),
        "environment": described(found([used(PYTHON364)], fast, environment=True)),
        "app_settings": described(
            found(
                [used(PYTHON364)],
                unnamed,
                settings={
                    "WSGI_HANDLER": "shop.wsgi.application",
                    "django_settings_module": "shop.settings",
                    "PYTHONPATH": '%HOME%\\site\\wwwroot\\lib;it\'s "${here}"',
                    "DATABASE_PASSWORD": "hunter2",
                    "FLASK_APP": "https://ann:hunter2@example.com/app",
                },
            )
        ),
        "no_web_config": described(found([PYTHON364], None, configuration(True))),
        "not_readable": described(Found([used(PYTHON364)], fast, None, None)),
        "version": export_of_version(VersionSpec.parse("3.6.4"), None, Supply, "shop", None),
        "version_x86": export_of_version(VersionSpec.parse("2.7.14"), "x86", Supply),
        "version_slot": export_of_version(VersionSpec.parse("3.5.4"), None, Supply, "shop", "staging"),
    }


def golden(name: str, language: Any) -> Path:
    """The golden file of a sample."""
    return GOLDEN / f"{name}{ENDINGS[language]}"


def write_golden_files() -> None:
    """Write all golden files anew."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir()
    for name, export in samples().items():
        for language in FORMATS:
            golden(name, language).write_text(rendered(export, language), encoding="utf-8")


if __name__ == "__main__":
    write_golden_files()
