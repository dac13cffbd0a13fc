"""Which package of the catalogue a version or an id means: the same in the list as for every command that installs.

Only trusted packages (`official`) are chosen by version; any other must be requested by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.catalogue import Offer, unlisted_offers
from azext_pythonapp.runtimes.identity import canonical_id
from azext_pythonapp.runtimes.versions import VersionSpec, distance, minor, package_order, python_order

LIST_COMMAND = "az webapp python list-versions"
_NEAREST = 5


def select(
    offers: Iterable[Offer],
    spec: VersionSpec | None = None,
    architecture: str | None = None,
    supported_only: bool = False,
) -> list[Offer]:
    """Return the offers of a version and an architecture ("x64" or "x86"), or only those that python.org supports."""
    return [
        offer
        for offer in offers
        if (spec is None or spec.matches(offer.version))
        and (architecture is None or offer.architecture == architecture)
        and not (supported_only and offer.support == "endOfLife")
    ]


def choosable(offers: Sequence[Offer], spec: VersionSpec | None, prereleases: bool) -> list[Offer]:
    """Return the packages that a version may choose, in the given order; `list-versions` shows the same ones.

    Only trusted ones. Pre-releases: on request, or one that spec names in full. A withdrawn package: only for its full
    version, because its owner hid it, but the user asked for it. A deprecated one: only where its feature release has
    no other for that architecture.
    """
    named = spec is not None and spec.is_prerelease
    matching = [
        offer for offer in select(offers, spec) if offer.trusted and (prereleases or named or not offer.is_prerelease)
    ]
    kept = [offer for offer in matching if not offer.withdrawn or _only_this(offer, matching, spec)]
    return [offer for offer in kept if not offer.deprecated or _has_no_other(offer, kept)]


def listed_offers(
    offers: Sequence[Offer], spec: VersionSpec | None = None, *, everything: bool = False, prereleases: bool = False
) -> list[Offer]:
    """Return the offers of a version to list: one package that it may choose for each Python, the best one.

    offers: in the order of `sorted_offers`. spec: None for any version. everything: also untrusted and deprecated
    packages, and all packages of the same Python. prereleases: also pre-releases.
    """
    if everything:
        known = (offer for offer in select(offers, spec) if prereleases or not offer.is_prerelease)
        return [offer for offer in known if not offer.withdrawn or _only_this(offer, offers, spec)]
    first: dict[tuple[str, str], Offer] = {}
    for offer in choosable(offers, spec, prereleases):
        best = first.setdefault((offer.version, offer.architecture), offer)
        if offer.installed and not best.installed and offer.extension_id == best.extension_id:
            first[offer.version, offer.architecture] = offer  # the same runtime, from where the app has it
    return list(first.values())


def find_best(
    offers: Sequence[Offer],
    spec: VersionSpec,
    architecture: str | None = None,
    preferred: str = "x64",
    prereleases: bool = False,
) -> Offer | None:
    """Return the trusted package to install for a version: the newest matching Python in its newest package version.

    offers: `choosable` says which of them count. architecture: "x64" or "x86", or None for `preferred` where that
    Python exists for both. prereleases: accept pre-releases; one that `spec` names in full is always accepted.
    Returns None when nothing matches.
    """
    return max(
        select(choosable(offers, spec, prereleases), None, architecture),
        default=None,
        key=lambda offer: (
            not offer.withdrawn,
            not offer.deprecated,
            python_order(offer.version),
            offer.architecture == preferred,
            offer.order,
        ),
    )


def resolve_id(
    offers: Sequence[Offer], extension_id: str, package_version: str | None = None, today: date | None = None
) -> Offer:
    """Return the package of an extension id.

    offers: of the gallery, in every available package version.
    extension_id: case-insensitive; old official ids (`python364x64`) are accepted.
    package_version: the requested version, None for the newest that is not a pre-release.
    One that Microsoft unlisted is found as well (`catalogue.unlisted_offers`).
    Raises NotFound, with the available choices.
    """
    wanted_id = canonical_id(extension_id).lower()
    same_id = [offer for offer in offers if offer.extension_id.lower() == wanted_id and offer.source == "siteExtension"]
    if not same_id:
        same_id = unlisted_offers(canonical_id(extension_id), today)
    if not same_id:
        names = sorted({offer.extension_id for offer in offers})
        raise NotFound(
            f"The gallery has no Python with the id '{extension_id}'.",
            f"It has: {', '.join(names) or 'none'}. List them: `{LIST_COMMAND} --all`.",
        )
    wanted = [
        offer
        for offer in same_id
        if package_version is None or package_order(offer.package_version) == package_order(package_version)
    ]
    if not wanted:
        versions = ", ".join(sorted((offer.package_version for offer in same_id), key=package_order, reverse=True))
        raise NotFound(
            f"The gallery does not have version {package_version} of '{same_id[0].extension_id}'.",
            f"It has: {versions}. List every package version: `{LIST_COMMAND} --all`.",
        )
    return max(wanted, key=lambda offer: (not offer.is_prerelease, package_order(offer.package_version)))


def nearest(offers: Iterable[Offer], spec: VersionSpec, architecture: str | None) -> str:
    """Return the trusted Pythons nearest to a version that does not exist: "3.6.4 x64, 3.6.4 x86"; "" for none."""
    choices = {(offer.version, offer.architecture) for offer in listed_offers(list(offers))}
    ordered = sorted(choices, key=lambda choice: (distance(choice[0], spec), choice[1] != architecture, choice[1]))
    return ", ".join(f"{version} {each}" for version, each in ordered[:_NEAREST])


def _only_this(offer: Offer, offers: Iterable[Offer], spec: VersionSpec | None) -> bool:
    """Return whether a full version means this withdrawn package, because its Python has none that is not."""
    python = (offer.version, offer.architecture)
    return (
        spec is not None
        and spec.is_exact
        and not any(
            (other.version, other.architecture) == python and other.trusted and not other.withdrawn for other in offers
        )
    )


def _has_no_other(offer: Offer, offers: Iterable[Offer]) -> bool:
    """Return whether every package of the same feature release and architecture is deprecated."""
    return all(
        other.deprecated
        for other in offers
        if minor(other.version) == minor(offer.version) and other.architecture == offer.architecture
    )
