r"""Whether an app's files can be written, as far as that can be seen without writing: for plans and dry runs.

While an app runs from a package, site\wwwroot is a read-only mount (docs/platform/kudu.md 7). `dir` on the worker names
the bytes that are free: of the quota for %HOME% (`10,737,332,224 bytes free` on a new Basic plan), and 0 for a mounted
package. What cannot be told is asked once more, because a busy worker does not always answer in full; after that it is
no reason to refuse.
"""

from __future__ import annotations

import re
from contextlib import suppress

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError, Refused
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.operations.app.wwwroot import WWWROOT, web_root
from azext_pythonapp.windows import join, quote_command

_ATTEMPTS = 2
PACKAGE_SETTINGS = ("WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_RUN_FROM_ZIP")
_FREE = re.compile(r"([0-9][0-9.,\s\u00a0]*) bytes free\s*$", re.MULTILINE)


def require_writable_root(app: App, files: bool = False) -> int | None:
    """Raise Refused when the folder of the app's files is read-only, or %HOME% is full; return what require_room does.

    files: whether other files than web.config are to be written.
    """
    root = web_root(app)
    in_mount = f"{root}/".lower().startswith(f"{WWWROOT}/")
    settings = known_settings(app) or {}
    package = next(
        (
            name
            for name, value in settings.items()
            if name.upper() in PACKAGE_SETTINGS
            and (value.strip() == "1" or value.strip().lower().startswith(("http://", "https://")))
        ),
        None,
    )
    if in_mount and package is not None:
        how = f"runs from a package (app setting {package})"
        raise _from_package(app, how, package) if files else _read_only(app, how)
    home, served = _free_bytes(app, root)
    _require_room(app, home)
    if in_mount and served == 0 and home:
        how = "has a read-only wwwroot, as an app that runs from a package"
        raise _from_package(app, how, None) if files else _read_only(app, how)
    return home


def require_room(app: App) -> int | None:
    """Raise Refused when nothing more can be written to the app's %HOME%; return its free bytes, None if not known."""
    home = _free_bytes(app, None)[0]
    _require_room(app, home)
    return home


def _require_room(app: App, free: int | None) -> None:
    if free == 0:
        raise Refused(
            f"The home directory of {app.site.label} is full, so nothing was begun.",
            "Delete what is not needed, such as old files below LogFiles, or choose a plan with more storage.",
        )


def _read_only(app: App, how: str) -> Refused:
    return Refused(
        f"The {app.site.label} {how}, so its web.config cannot be written there. Nothing was changed.",
        f"Write it to a local file (`az webapp python web-config set {app.site.arguments} --output-file "
        "web.config`), put that into the package and deploy it.",
    )


def _from_package(app: App, how: str, setting: str | None) -> Refused:
    delete = f"`az webapp config appsettings delete {app.site.arguments} --setting-names {setting}`"
    return Refused(
        f"The {app.site.label} {how}, so its files cannot be replaced one by one. Nothing was changed.",
        "Deploy a new package in its place"
        + (f", or let the app run from files again ({delete}) and publish then." if setting else "."),
    )


def _free_bytes(app: App, root: str | None) -> tuple[int | None, int | None]:
    """The bytes that are free in %HOME%, and in the app's folder; None for what `dir` does not tell."""
    home = app.kudu.home()
    folders = [home, *([join(home, *root.split("/"))] if root else [])]
    command = " & ".join(f"dir /-C /A:D {quote_command(folder)}" for folder in folders)
    for _ in range(_ATTEMPTS):
        with suppress(PythonAppError):
            found = [int(re.sub(r"\D", "", number)) for number in _FREE.findall(app.kudu.run(command).output)]
            if len(found) == len(folders):
                return found[0], found[1] if root else None
    return None, None
