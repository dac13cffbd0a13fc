"""Whether IIS has read a runtime's FastCGI registration: it does so only when the app starts."""
from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import Conflict, PythonAppError, Refused
from azext_pythonapp.appservice.kudu import read_time
from azext_pythonapp.jobs.left import running_job
from azext_pythonapp.operations.left_to_do import wait_command

EXTENSIONS = "SiteExtensions"


def is_read(app: App, extension_id: str) -> bool:
    """Whether the app was started after the site extension was installed; False also when that cannot be told.

    The folder's own time is taken: files that were extracted from an archive carry the archive's times. Two requests.
    """
    try:
        started = app.kudu.app_started()
        if started is None:
            return False
        modified = next((read_time(entry.modified) for entry in app.kudu.list_directory(EXTENSIONS)
                         if entry.name.lower() == extension_id.lower()), None)
    except PythonAppError:
        return False
    return modified is not None and modified < started


def refuse_unread(app: App, version: str) -> Refused:
    """What to raise for a switch without a restart to a Python that IIS does not know yet."""
    return Refused(f"IIS does not know Python {version} of {app.site.label} yet, or that cannot be told: it reads the "
                   "registration of a Python when the app starts. With --no-restart the app would answer errors until "
                   "somebody restarts it, so nothing was changed.",
                   f"Leave --no-restart out, or restart the app first: `az webapp restart {app.site.arguments}`.")


def restart_to_read(app: App) -> None:
    """Restart the app so that IIS reads the registration, and wait until the SCM site answers again.

    Raises Conflict, before anything is done, while a job is at work that a restart would end.
    """
    busy = running_job(app.kudu)
    if busy is not None:
        raise Conflict(f"Job {busy} is changing packages of {app.site.label}, and a restart would end it.",
                       f"Wait for it: `{wait_command(app, busy)}`. Then run the command again.")
    app.arm.restart(app.site)
    app.kudu.list_directory(EXTENSIONS)
