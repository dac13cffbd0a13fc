"""Whether an app takes its libraries from a vendored folder before those of its Python, and how it can be made to."""

from __future__ import annotations

import ntpath
import re

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import AccessDenied, InvalidInput
from azext_pythonapp.operations.app.wwwroot import web_root
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.windows import same_path

VARIABLE = "PYTHONPATH"


def deployed_path(app: App, folder: str) -> str:
    """The full Windows path that a folder of the app's files has on the worker. folder: below wwwroot, with / or \\."""
    return ntpath.join(app.kudu.home(), *web_root(app).split("/"), ntpath.normpath(folder))


def check_app_path(folder: str) -> str:
    """Returns a folder's path below wwwroot as it came. Raises InvalidInput for one that is not below it."""
    path = ntpath.normpath(folder)
    if ntpath.isabs(path) or ntpath.splitdrive(path)[0] or path.split("\\")[0] == ".." or path == "." or ";" in path:
        raise InvalidInput(
            f"'{folder}' is no path below the app's wwwroot.",
            "Name the folder as it is in the app's files: `--app-path .python_packages`.",
        )
    return folder


def path_warnings(app: App, handler: PythonHandler | None, path: str) -> list[str]:
    """What keeps the libraries in a folder from going before those of the app's Python; [] when nothing does.

    path: the folder's full Windows path. A real environment variable PYTHONPATH goes before site-packages. What
    web.config sets is one under HttpPlatform, and replaces the app setting; under FastCGI it is none, and wfastcgi
    appends its entries after site-packages (docs/platform/site-extensions.md 3.3).
    """
    own = _value(handler.environment) if handler is not None else None
    platform = handler is not None and handler.kind == "httpPlatform"
    setting = _app_setting(app)
    effective = own if platform and own is not None else setting
    if effective is not None and same_path(effective.split(";")[0], path, app.kudu.home()):
        return []
    if platform:
        return [
            f"web.config does not put {path} first on PYTHONPATH, so the vendored libraries are not used, or not "
            f"before those of the Python. Once: `az webapp python web-config set {app.site.arguments} --env "
            f"{_argument(_with(path, own))}`."
        ]
    reason = " PYTHONPATH in web.config does not help: wfastcgi appends it after site-packages." if handler else ""
    return [
        f"No app setting puts {path} first on PYTHONPATH, so packages that the Python has as well go before the "
        f"vendored ones.{reason} Once: `az webapp config appsettings set {app.site.arguments} --settings "
        f"{_argument(_with(path, setting))}`."
    ]


def _app_setting(app: App) -> str | None:
    """The app setting PYTHONPATH; None when there is none, or the caller may not see the settings."""
    try:
        return _value(app.arm.app_settings(app.site))
    except AccessDenied:
        return None


def _value(variables: dict[str, str]) -> str | None:
    """The value of PYTHONPATH; Windows ignores the case of names."""
    return next((value for name, value in variables.items() if name.upper() == VARIABLE), None)


def _argument(value: str) -> str:
    """PYTHONPATH with a value, for a shell: between double quotes, which cmd.exe knows too, where they are safe."""
    text = f"{VARIABLE}={value}"
    return quoted(text) if re.search(r'["$`!\x00-\x1f]', text) else f'"{text}"'


def _with(path: str, before: str | None) -> str:
    return ";".join([path, *(part for part in (before or "").split(";") if part and part.lower() != path.lower())])
