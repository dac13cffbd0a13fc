"""The app's own settings (of the portal), which are in the environment of what its handler starts."""

from __future__ import annotations

from collections.abc import Mapping

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import AccessDenied

# Those that decide what starts; their values are no secrets.
_STARTING = (
    "WSGI_HANDLER",
    "WSGI_ALT_VIRTUALENV_HANDLER",
    "WSGI_LOG",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONPATH",
    "FLASK_APP",
)


def known_settings(app: App) -> dict[str, str] | None:
    """The settings, which hold secrets; None for a caller who may not see them, and is told."""
    try:
        return app.arm.app_settings(app.site)
    except AccessDenied:
        app.say_once(
            f"The settings of {app.site.label} cannot be seen with your role, so what they say (WSGI_HANDLER, "
            "PYTHONPATH and so on) is not known here."
        )
        return None


def starting_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Those of the settings that decide what wfastcgi and Python start, by their names in upper case.

    Windows' environment, where settings end up, does not tell upper from lower case; one without a value is none.
    """
    return {name.upper(): value for name, value in settings.items() if name.upper() in _STARTING and value.strip()}
