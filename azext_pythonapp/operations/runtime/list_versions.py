"""`list-versions`: the runtimes that can be installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import requests

from azext_pythonapp import advice
from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.site_extensions import list_extensions
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.app.observe import Part, observe
from azext_pythonapp.operations.runtime.choose import newest_present
from azext_pythonapp.operations.runtime.sources import NAMES, Supply, app_supply, public_supply, starting_with
from azext_pythonapp.runtimes.catalogue import Offer, sorted_offers, with_installed
from azext_pythonapp.runtimes.end_of_life import age_warning
from azext_pythonapp.runtimes.extension import read_extensions
from azext_pythonapp.runtimes.identity import VersionSpec, same_extension
from azext_pythonapp.runtimes.selection import LIST_COMMAND, listed_offers, nearest, select


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
        listed = listed_offers(offers, self.spec, everything=self.all_versions, prereleases=self.prereleases)
        return select(listed, None, self.architecture, self.supported)

    def __str__(self) -> str:
        """Return what is asked for, in words: "Python 3.6 x64 that still gets security fixes"."""
        version = [str(self.spec)] if self.spec is not None and not self.spec.is_latest else []
        words = " ".join(["Python", *version, *([self.architecture] if self.architecture else [])])
        return words + (" that still gets security fixes" if self.supported else "")


def app_versions(app: App, wanted: Filter) -> list[dict[str, Any]]:
    """What can be installed on an app, with `installed` true or false.

    A source that could not be asked is named to the person; raises its error when none could.
    """
    listing = Part("siteextensions", partial(list_extensions, app.arm, app.site))
    supply = app_supply(app, NAMES)
    offers, extensions = _offers(supply, wanted, app.progress.say), listing.get()
    rows = wanted.apply(with_installed(offers, extensions))
    meant = _meant_extension(wanted, rows, extensions) or (_meant_python(app, wanted) if not rows else None)
    if meant is not None:
        app.progress.say(f"{meant} is on {app.site.label} already, so `--version {wanted.spec}` means that one.")
    elif not rows:
        app.progress.say(_nothing(offers, wanted, supply, f" for {app.site.label}", f" {app.site.arguments}"))
    return [offer.to_dict() for offer in rows]


def public_versions(
    session: requests.Session, wanted: Filter, say: Callable[[str], None], subscription: str | None = None
) -> list[dict[str, Any]]:
    """What there is for any app; `installed` is null.

    say: as above, takes what to tell the person. subscription: the one given on the command line.
    """
    supply = public_supply(session)
    offers = _offers(supply, wanted, say)
    rows = wanted.apply(offers)
    if not rows:
        say(_nothing(offers, wanted, supply, "", advice.in_subscription(subscription)))
    return [offer.to_dict() for offer in rows]


def _offers(supply: Supply, wanted: Filter, say: Callable[[str], None]) -> list[Offer]:
    supply.require_one()
    old = age_warning(date.today())
    if old is not None:
        say(old)
    for name, error in supply.missing.items():
        say(f"{starting_with(name)} could not be asked, so its Pythons are missing here: {error.message}")
    return sorted_offers(supply.offers, all_versions=wanted.all_versions)


def _meant_extension(wanted: Filter, rows: Sequence[Offer], extensions: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the name of a Python that the app has and no row shows, and that a version means before any of them."""
    if wanted.spec is None or wanted.spec.is_latest:
        return None
    for extension in read_extensions(extensions):
        identity = extension.identity
        if identity is None or not wanted.spec.matches(identity.version):
            continue
        if wanted.architecture not in (None, identity.architecture):
            continue
        if not any(row.installed and same_extension(extension.id, row.extension_id) for row in rows):
            return f"Python {identity.version} {identity.architecture} ({extension.id})"
    return None


def _meant_python(app: App, wanted: Filter) -> str | None:
    """Return the name of a Python in a folder of the app that a version means; None also when that is not known."""
    if wanted.spec is None or wanted.spec.is_latest:
        return None
    try:
        python = newest_present(app, observe(app).pythons, wanted.spec, wanted.architecture)
    except PythonAppError:
        return None
    return f"{python.name} ({python.python_path})" if python is not None else None


def _nothing(offers: Sequence[Offer], wanted: Filter, supply: Supply, where: str, options: str) -> str:
    """Return the sentence for an empty list, with what there is instead and the next command."""
    others = [
        (" Pre-releases: ", "--pre", Filter(wanted.spec, wanted.architecture, False, wanted.supported, True)),
        (" Packages of third parties: ", "--all", Filter(wanted.spec, wanted.architecture, True, wanted.supported)),
    ]
    version = f" --version {wanted.spec}" if wanted.spec is not None else ""
    architecture = f" --arch {wanted.architecture}" if wanted.architecture else ""
    sentence = f"There is no {wanted}{where}{' in the others' if supply.missing else ''}."
    for words, option, wider in others:
        if wider.apply(offers):
            return f"{sentence}{words}`{LIST_COMMAND}{options}{version}{architecture} {option}`."
    choices = nearest(offers, wanted.spec, wanted.architecture) if wanted.spec is not None else ""
    near = f" The nearest: {choices}." if choices else ""
    return f"{sentence}{near} List all: `{LIST_COMMAND}{options}`."
