"""`list-versions`: the runtimes that can be installed."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from azext_pythonapp.appservice.app import App, fetch_json
from azext_pythonapp.appservice.errors import NotFound
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.runtimes.catalogue import Offer, read_offers, select, with_installed
from azext_pythonapp.runtimes.gallery import fetch_public_gallery
from azext_pythonapp.runtimes.identity import VersionWish

# Kudu searches titles with it; every known Python package's title starts with it (facts/kudu.md 4.2, 1.6).
FEED_FILTER = "python"


@dataclass(frozen=True)
class Filter:
    """Which offers to show. wish and architecture: None for any."""

    wish: VersionWish | None
    architecture: str | None
    all_versions: bool
    supported: bool

    @classmethod
    def parse(cls, version: str | None, architecture: str | None, all_versions: bool, supported: bool) -> Filter:
        """From the command's options. Raises InvalidInput for a version that is none."""
        return cls(VersionWish.parse(version) if version else None, architecture, all_versions, supported)

    def apply(self, offers: Sequence[Offer]) -> list[dict[str, Any]]:
        """The contract's rows of the offers to show: one per version and architecture, or every package version."""
        shown = select(offers, self.wish, self.architecture, self.supported)
        if not self.all_versions:
            shown = _one_each(shown)
        return [offer.to_dict() for offer in shown]


def app_versions(app: App, wanted: Filter) -> list[dict[str, Any]]:
    """What the app's own gallery feed offers, with `installed` true or false."""
    return wanted.apply(with_installed(app_offers(app, wanted.all_versions), list_extensions(app.arm, app.site)))


def gallery_versions(session: requests.Session, wanted: Filter) -> list[dict[str, Any]]:
    """What the public gallery offers; `installed` is null."""
    entries = fetch_public_gallery(lambda url: fetch_json(session, url))
    return wanted.apply(read_offers(entries, all_versions=wanted.all_versions))


def app_offers(app: App, all_versions: bool = False) -> list[Offer]:
    """The Python runtimes in the app's own gallery feed, newest first."""
    return read_offers(app.kudu.extension_feed(FEED_FILTER), all_versions=all_versions)


def package_offers(app: App, extension_id: str, package_version: str) -> list[Offer]:
    """One package version, which the feed's list need not show: it has the newest of each id (facts/kudu.md 4.2).

    extension_id: in the gallery's own spelling. Returns [] when the gallery does not have it.
    """
    try:
        return read_offers([app.kudu.extension_package(extension_id, package_version)])
    except NotFound:
        return []


def _one_each(offers: Sequence[Offer]) -> list[Offer]:
    """Of several packages of the same Python the first, which is the most trusted; the offers are in that order."""
    first: dict[tuple[str, str], Offer] = {}
    for offer in offers:
        first.setdefault((offer.version, offer.architecture), offer)
    return list(first.values())
