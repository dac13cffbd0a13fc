"""What an app has and runs now: its web.config and its Pythons."""

from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.errors import InvalidWebConfig, UnknownOutcome
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles, FileState
from azext_pythonapp.runtimes.discovery import Installed, discover
from azext_pythonapp.webconfig.handlers import PythonHandler, read_handler


def readable_handler(app: App) -> PythonHandler | None:
    """What web.config starts; None, said to the person, for one that cannot be read."""
    try:
        return read_handler(read_web_config(app).content)
    except InvalidWebConfig as error:
        app.progress.say(f"Which Python is in use cannot be told: {error.message}")
        return None


def pythons_on(app: App, handler: PythonHandler | None) -> list[Installed]:
    """Every Python on the app, with the version that its own python.exe names.

    handler: what web.config starts, to tell which one is in use.
    """
    in_use = handler.python_exe if handler is not None else None
    return discover(app.kudu, list_extensions(app.arm, app.site), in_use or None)


def not_answered(app: App, python: Installed, unknown: str) -> UnknownOutcome:
    """The error for a Python that did not answer in time; unknown: what is not known for that, in words."""
    return UnknownOutcome(
        f"{python.problem or python.python_path} So {unknown} on {app.site.label} is not known. Nothing was changed.",
        "Run the command again when the worker is less busy; `az webapp python list "
        f"{app.site.arguments}` asks every Python of the app.",
    )


def read_web_config(app: App) -> FileState:
    """Read the app's web.config; its absence is an answer, not an error."""
    return AppFiles(app).state(WEB_CONFIG)
