"""Whether IIS has read a runtime's FastCGI registration: it does so only when the app starts."""

from __future__ import annotations

import time

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import Conflict, PythonAppError, Refused
from azext_pythonapp.appservice.kudu import read_time
from azext_pythonapp.operations.left_to_do import await_quiet, wait_command

EXTENSIONS = "SiteExtensions"
LOOK_SECONDS = 20.0


def is_read(app: App, extension_id: str) -> bool | None:
    """Whether the app was started after the site extension was installed; None when that cannot be told.

    The folder's own time is taken: files that were extracted from an archive carry the archive's times. Two requests.
    """
    kudu = app.kudu.patient(LOOK_SECONDS)
    try:
        started = kudu.app_started()
        if started is None:
            return None
        modified = next(
            (
                read_time(entry.modified)
                for entry in kudu.list_directory(EXTENSIONS)
                if entry.name.lower() == extension_id.lower()
            ),
            None,
        )
    except PythonAppError:
        return None
    return None if modified is None else modified < started


def refuse_unread(app: App, version: str, read: bool | None, option: str = "") -> Refused:
    """What to raise for a switch without a restart to a Python that IIS does not know yet.

    read: what is_read said. option: the option that rules a restart out, if there is one.
    """
    known = "IIS does not know" if read is False else "It cannot be told whether IIS knows"
    leave = f"Leave {option} out, or restart" if option else "Restart"
    return Refused(
        f"{known} Python {version} of {app.site.label} yet: it reads the registration of a Python when the "
        "app starts. Without a restart before it, the switch would make the app answer errors, so nothing "
        "was changed.",
        f"{leave} the app first: `az webapp restart {app.site.arguments}`.",
    )


def restart_to_read(app: App) -> None:
    """Restart the app so that IIS reads the registration, and wait until the SCM site answers again.

    Raises Conflict, before anything is done, while a job is at work that a restart would end.
    """
    busy = await_quiet(app, (), time.sleep)
    if busy is not None:
        raise Conflict(
            f"Job {busy.id} ({busy.command or 'unknown command'}) is running on {app.site.label}, and a "
            "restart would end it.",
            f"Wait for it: `{wait_command(app, busy.id)}`. Then run the command again.",
        )
    app.arm.restart(app.site)
    app.kudu.list_directory(EXTENSIONS)
