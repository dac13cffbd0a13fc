"""The app settings, which are in the environment of the process that the handler starts."""

from __future__ import annotations

from collections.abc import Mapping

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import AccessDenied

# Those that decide what starts; their values are not secret.
_STARTING = (
    "WSGI_HANDLER",
    "WSGI_ALT_VIRTUALENV_HANDLER",
    "WSGI_LOG",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONPATH",
    "FLASK_APP",
)


def known_settings(app: App) -> dict[str, str] | None:
    """Return the settings, which hold secrets; None, and a message, when the caller's role may not read them."""
    try:
        return app.arm.app_settings(app.site)
    except AccessDenied:
        app.say_once(
            f"Your role may not read the app settings of {app.site.label}, so their values (WSGI_HANDLER, "
            "PYTHONPATH and so on) are not known here."
        )
        return None


def starting_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that decide what wfastcgi and Python start, by their names in upper case.

    They end up in the environment, where Windows ignores case, and where an empty value means that there is none.
    """
    return {name.upper(): value for name, value in settings.items() if name.upper() in _STARTING and value.strip()}
