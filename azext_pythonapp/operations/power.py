"""Start an app that was stopped for some work; an app that stays stopped is the worst end of any command."""

from __future__ import annotations

import time
from collections.abc import Callable

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import PlatformFailed, PythonAppError

# It is tried again after so many seconds.
START_PAUSES = (2.0, 5.0, 15.0)


class StillStopped(PlatformFailed):
    """An app that was stopped for some work could not be started again."""


def start_again(app: App, purpose: str, command: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Start the app, in several tries.

    purpose: what it was stopped for: "job 20261126-…". command: what the person can run when it stays stopped.
    Raises StillStopped, which says that it is stopped and names the command.
    """
    for pause in (*START_PAUSES, None):
        try:
            app.arm.start(app.site)
            return
        except PythonAppError as error:
            if pause is None:
                raise StillStopped(
                    f"The {app.site.label} is stopped: it was stopped for {purpose}, and starting it "
                    f"again failed: {error.message.rstrip('.')}.",
                    f"`{command}` starts it.",
                ) from error
            sleep(pause)
