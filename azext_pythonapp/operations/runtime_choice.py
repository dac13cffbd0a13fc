"""Which runtime a wish means: one that is on the app, or one that the gallery has."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import NotFound, PlatformFailed, RemoteFailed
from azext_pythonapp.operations.list_versions import app_offers
from azext_pythonapp.operations.nuget_lookup import find_instead
from azext_pythonapp.runtimes.catalogue import Offer, resolve
from azext_pythonapp.runtimes.discovery import Installed
from azext_pythonapp.runtimes.identity import VersionWish, canonical_id
from azext_pythonapp.runtimes.nuget import NugetRuntime
from azext_pythonapp.runtimes.versions import numbers

DEFAULT_ARCHITECTURE = "x64"


@dataclass(frozen=True)
class Choice:
    """A Python that is on the app, or what must be installed first: a site extension, or a package of NuGet."""

    present: Installed | None
    offer: Offer | None
    nuget: NugetRuntime | None = None

    @property
    def required(self) -> Installed:
        """The Python that is on the app, for a choice without an offer."""
        assert self.present is not None
        return self.present


def choose_runtime(app: App, pythons: Sequence[Installed], wish: VersionWish, architecture: str | None,
                   with_nuget: bool = False) -> Choice:
    """The newest Python that a wish means, on the app or in its gallery; what is on the app wins a tie.

    pythons: those on the app. architecture: "x64", "x86", or None for x64 where there is a choice.
    with_nuget: whether to take from NuGet what neither has; without it, the error says that NuGet may have it.
    An exact version that is on the app needs no gallery, and neither does any version while the gallery is out of
    order. Raises NotFound, with the nearest choices, when neither has one.
    """
    present = newest_present(pythons, wish, architecture)
    if present and wish.is_exact:
        return Choice(present, None)
    try:
        offer = resolve(app_offers(app), wish, architecture, DEFAULT_ARCHITECTURE)
    except NotFound as error:
        if present:
            return Choice(present, None)
        if with_nuget:
            return Choice(None, None, find_instead(app, wish, architecture, error))
        error.recommendation = f"{error.recommendation or ''} For newer ones, add `--source nuget`.".strip()
        raise
    except PlatformFailed as error:
        if not present:
            raise
        app.progress.say(f"The gallery could not be asked ({error.message}); taking what is on the app.")
        return Choice(present, None)
    if present and numbers(present.version) >= numbers(offer.version):
        return Choice(present, None)
    return Choice(None, offer)


def say_new_id(app: App, extension_id: str) -> None:
    """Say how an extension is called now that was named by its old id."""
    new = canonical_id(extension_id)
    if new.lower() != extension_id.lower():
        app.progress.say(f"{extension_id} is an old id; the site extension is called {new} now.")


def require_version(app: App, python: Installed, version: str) -> None:
    """Raise RemoteFailed when python.exe on the worker names another version than the one that was installed."""
    if python.version != version:
        raise RemoteFailed(f"{python.python_path} of {app.site.label} says that it is Python {python.version}, not "
                           f"{version} as its package claims.",
                           f"See what is there: `az webapp python list {app.site.arguments}`.")


def newest_present(pythons: Sequence[Installed], wish: VersionWish, architecture: str | None) -> Installed | None:
    """The newest Python on the app that a wish means and that answered; None when there is none."""
    usable = [python for python in pythons
              if python.source != "builtIn" and python.answered and wish.matches(python.version or "")
              and architecture in (None, python.architecture)]
    return max(usable, default=None,
               key=lambda python: (numbers(python.version), python.architecture == DEFAULT_ARCHITECTURE,
                                   python.source == "siteExtension"))
