"""Looking a Python up in the NuGet gallery."""
from __future__ import annotations

from azext_pythonapp.appservice.app import App, fetch_json
from azext_pythonapp.appservice.errors import NotFound, PlatformFailed
from azext_pythonapp.runtimes.nuget import NugetRuntime, find_runtime
from azext_pythonapp.runtimes.versions import VersionWish


def find_in_nuget(app: App, wish: VersionWish, architecture: str | None) -> NugetRuntime:
    """The newest release of CPython that a wish means. Raises NotFound and PlatformFailed, with the choices."""
    try:
        return find_runtime(lambda url: fetch_json(app.web, url), wish, architecture)
    except PlatformFailed as error:
        raise PlatformFailed(f"NuGet could not be asked for Python {wish}: {error.message}",
                             _choices(app)) from error


def find_instead(app: App, wish: VersionWish, architecture: str | None, absence: NotFound) -> NugetRuntime:
    """What NuGet has for a wish that the app's own gallery cannot satisfy, and a word about it.

    absence: what the gallery's answer was; the error that is raised when NuGet has nothing either begins with it.
    """
    try:
        runtime = find_in_nuget(app, wish, architecture)
    except NotFound as error:
        advice = f"{absence.recommendation or ''} On NuGet: {error.recommendation or 'nothing.'}"
        raise NotFound(f"{absence.message} {error.message}", advice.strip()) from error
    except PlatformFailed as error:
        advice = f"{absence.recommendation or ''} {error.recommendation or ''}"
        raise NotFound(f"{absence.message} {error.message}", advice.strip()) from error
    app.progress.say(f"The gallery of {app.site.label} has no Python {wish}; it comes from NuGet instead, as the "
                     f"package {runtime.package_id} {runtime.package_version}.")
    return runtime


def _choices(app: App) -> str:
    return (f"Get the package 'python' (x64) or 'pythonx86' from https://www.nuget.org elsewhere and give it: `az "
            f"webapp python install {app.site.arguments} --package FILE`; or take a version of the app's own gallery: "
            f"`az webapp python list-versions {app.site.arguments}`.")
