"""The app's own settings (of the portal), which are in the environment of what its handler starts."""
from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import AccessDenied


def known_settings(app: App) -> dict[str, str]:
    """The settings, which hold secrets; {} for a caller who may not see them, and is told."""
    try:
        return app.arm.app_settings(app.site)
    except AccessDenied:
        app.say_once(f"The settings of {app.site.label} cannot be seen with your role, so what they say (WSGI_HANDLER, "
                     "PYTHONPATH and so on) is not known here.")
        return {}
