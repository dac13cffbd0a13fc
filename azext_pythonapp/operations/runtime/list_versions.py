"""`list-versions`: the runtimes that can be installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.operations.runtime.sources import NAMES, Supply, app_supply, public_supply
from azext_pythonapp.runtimes.catalogue import Offer, listed_offers, select, sorted_offers, with_installed
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.runtimes.nuget import PACKAGE_IDS


@dataclass(frozen=True)
class Filter:
    """Which offers to show. spec and architecture: None for any."""

    spec: VersionSpec | None
    architecture: str | None
    all_versions: bool
    supported: bool
    prereleases: bool = False

    @classmethod
    def from_options(
        cls,
        *,
        version: str | None,
        architecture: str | None,
        all_versions: bool,
        supported: bool,
        prereleases: bool = False,
    ) -> Filter:
        """From the command's options. Raises InvalidInput for a version that is none."""
        spec = VersionSpec.parse(version) if version else None
        named = spec is not None and spec.is_prerelease
        return cls(spec, architecture, all_versions, supported, prereleases or named)

    def apply(self, offers: Sequence[Offer]) -> list[Offer]:
        """The offers to show: the trusted ones, one of each Python; all packages of everybody on request."""
        listed = listed_offers(offers, everything=self.all_versions, prereleases=self.prereleases)
        return select(listed, self.spec, self.architecture, self.supported)

    @property
    def architectures(self) -> list[str]:
        """Those whose packages are worth asking for."""
        return [self.architecture] if self.architecture else list(PACKAGE_IDS)


def app_versions(app: App, wanted: Filter) -> list[dict[str, Any]]:
    """What can be installed on an app, with `installed` true or false.

    A source that could not be asked is named to the person; raises its error when none could.
    """
    supply = app_supply(app, NAMES, wanted.architectures)
    offers = _offers(supply, wanted, app.progress.say)
    return [offer.to_dict() for offer in wanted.apply(with_installed(offers, list_extensions(app.arm, app.site)))]


def public_versions(session: requests.Session, wanted: Filter, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """What there is for any app; `installed` is null. say: as above, takes what to tell the person."""
    return [offer.to_dict() for offer in wanted.apply(_offers(public_supply(session), wanted, say))]


def _offers(supply: Supply, wanted: Filter, say: Callable[[str], None]) -> list[Offer]:
    supply.require_one()
    for name, error in supply.missing.items():
        say(
            f"{NAMES[name][0].upper()}{NAMES[name][1:]} could not be asked, so its Pythons are missing here: "
            f"{error.message}"
        )
    return sorted_offers(supply.offers, all_versions=wanted.all_versions)
