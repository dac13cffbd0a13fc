"""Asking where Pythons come from: the gallery of site extensions, and python.org's builds on NuGet and in its own feed.

All are asked at once.

A source that cannot be asked is unknown, not empty: what came of it is kept beside what the other one has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import requests

from azext_pythonapp.appservice.app import App, fetch_json
from azext_pythonapp.errors import NotFound, PlatformFailed, PythonAppError, RemoteFailed, UnknownOutcome, Unreachable
from azext_pythonapp.runtimes import nuget, python_org
from azext_pythonapp.runtimes.catalogue import Offer, build_offers, gallery_offers, with_unlisted
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX, fetch_public_gallery

SourceName = Literal["gallery", "nuget", "pythonOrg"]
NAMES: dict[SourceName, str] = {
    "gallery": "the gallery of site extensions",
    "nuget": "NuGet",
    "pythonOrg": "python.org",
}
# Kudu searches titles with it; every known Python package's title starts with it (docs/platform/kudu.md 4.2,
# docs/platform/site-extensions.md 1.6).
FEED_FILTER = "python"
# A refusal of access is none of these: it is the caller's to mend.
_AWAY = (PlatformFailed, Unreachable, UnknownOutcome, RemoteFailed)


def starting_with(name: SourceName) -> str:
    """Return the name of a source as the first word of a sentence."""
    return f"T{NAMES[name][1:]}" if name == "gallery" else NAMES[name]


@dataclass
class Supply:
    """What the sources have. offers: of all that answered; missing: why others could not be asked, by name."""

    offers: list[Offer] = field(default_factory=list)
    missing: dict[SourceName, PythonAppError] = field(default_factory=dict)

    def require_one(self) -> None:
        """Raise what came of the first source when none could be asked."""
        if self.missing and not self.offers:
            raise next(iter(self.missing.values()))


def app_supply(app: App, sources: Iterable[SourceName]) -> Supply:
    """What an app can get, in every architecture. sources: which to ask."""
    asking: dict[SourceName, Callable[[], list[Offer]]] = {
        "gallery": lambda: app_offers(app),
        "nuget": lambda: _nuget_offers(_documents(app.web)),
        "pythonOrg": lambda: _python_org_offers(_documents(app.web)),
    }
    return _together({name: asking[name] for name in sources})


def public_supply(session: requests.Session) -> Supply:
    """What there is for any app, in the public gallery, on NuGet and on python.org."""
    get_json = _documents(session)
    return _together(
        {
            "gallery": lambda: with_unlisted(gallery_offers(fetch_public_gallery(get_json))),
            "nuget": lambda: _nuget_offers(get_json),
            "pythonOrg": lambda: _python_org_offers(get_json),
        }
    )


def app_offers(app: App) -> list[Offer]:
    """The Python runtimes in the app's own gallery feed."""
    return with_unlisted(gallery_offers(app.kudu.extension_feed(FEED_FILTER)))


def _nuget_offers(get_json: Callable[[str], Any]) -> list[Offer]:
    """The releases of CPython on NuGet. Raises PlatformFailed."""
    with ThreadPoolExecutor(len(nuget.PACKAGE_IDS)) as pool:
        found = pool.map(
            lambda architecture: build_offers(nuget.fetch_releases(get_json, architecture)), nuget.PACKAGE_IDS
        )
        return [offer for offers in found for offer in offers]


def _python_org_offers(get_json: Callable[[str], Any]) -> list[Offer]:
    """The releases of CPython in python.org's own feed. Raises PlatformFailed."""
    return build_offers(python_org.fetch_releases(get_json))


def _documents(session: requests.Session) -> Callable[[str], Any]:
    """Return a function that returns public JSON documents, and requests NuGet's index only once."""
    index: list[Any] = []
    lock = threading.Lock()

    def get_json(url: str) -> Any:
        if url != SERVICE_INDEX:
            return fetch_json(session, url)
        with lock:  # whoever comes second takes what the first one gets
            if not index:
                index.append(fetch_json(session, url))
        return index[0]

    return get_json


def package_offers(app: App, extension_id: str, package_version: str) -> list[Offer]:
    """One package version, which the feed's list need not show: it has the newest of each id
    (docs/platform/kudu.md 4.2).

    extension_id: in the gallery's own spelling. Returns [] when the gallery does not have it.
    """
    try:
        return gallery_offers([app.kudu.extension_package(extension_id, package_version)])
    except NotFound:
        return []


def _together(asking: dict[SourceName, Callable[[], list[Offer]]]) -> Supply:
    supply = Supply()
    with ThreadPoolExecutor(max(len(asking), 1)) as pool:
        waiting = {name: pool.submit(ask) for name, ask in asking.items()}
    for name, future in waiting.items():
        try:
            supply.offers += future.result()
        except _AWAY as error:
            supply.missing[name] = error
    return supply
