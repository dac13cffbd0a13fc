"""Whether IIS has read a runtime's FastCGI registration: it does so only when the app starts."""

from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu_commands import parse_time
from azext_pythonapp.errors import NotFound, PythonAppError, Refused
from azext_pythonapp.runtimes.registration import Registration, read_registrations, transform_path
from azext_pythonapp.windows import same_path

EXTENSIONS = "SiteExtensions"
# An app registers its own FastCGI programs here (docs/platform/site-extensions.md 2.1).
SITE_TRANSFORM = "site/applicationHost.xdt"
LOOK_SECONDS = 20.0


def is_read(app: App, extension_id: str) -> bool | None:
    """Return whether the app was started after the site extension was installed; None when that is not known.

    The time of the folder counts, because files extracted from an archive keep the times in it. Costs two requests.
    """
    return _is_older_than_the_app(app, EXTENSIONS, extension_id)


def is_site_transform_read(app: App) -> bool | None:
    """Return whether the app was started after its own applicationHost.xdt was written; None when that is not known.

    Costs two requests.
    """
    return _is_older_than_the_app(app, *SITE_TRANSFORM.split("/"))


def _is_older_than_the_app(app: App, folder: str, name: str) -> bool | None:
    kudu = app.kudu.retrying_for(LOOK_SECONDS)
    try:
        started = kudu.app_start_time()
        if started is None:
            return None
        modified = next(
            (parse_time(entry.modified) for entry in kudu.list_directory(folder) if entry.name.lower() == name.lower()),
            None,
        )
    except PythonAppError:
        return None
    return None if modified is None else modified < started


def unread_registration(app: App, version: str, read: bool | None, option: str = "") -> Refused:
    """Return the error for a switch, without a restart, to a Python that IIS does not know yet.

    read: what is_read returned. option: the option that rules out a restart, if there is one.
    """
    known = "IIS does not know" if read is False else "It is not known whether IIS knows"
    leave = f"Leave {option} out, or restart" if option else "Restart"
    return Refused(
        f"{known} Python {version} of {app.site.label} yet: it reads the registration of a Python when the "
        "app starts. Without a restart before the switch the app would answer with errors, so nothing was "
        "changed.",
        f"{leave} the app first: `az webapp restart {app.site.arguments}`.",
    )


def find_registration(app: App, extension_id: str | None, python_path: str) -> Registration | None:
    """Return the FastCGI pair that a site extension registered for this python.exe; None when there is none."""
    if extension_id is None:
        return None
    return next(
        (
            registration
            for registration in registrations_of(app, transform_path(extension_id))
            if same_path(registration.full_path, python_path, app.kudu.home())
        ),
        None,
    )


def registrations_of(app: App, transform: str) -> list[Registration]:
    """Return the FastCGI pairs that a transform of applicationHost.config adds. transform: its path below %HOME%."""
    try:
        return read_registrations(app.kudu.read(transform).content)
    except NotFound:
        return []
