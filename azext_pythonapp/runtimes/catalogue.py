"""The runtimes that can be installed, from all galleries: sorted, filtered, and a version resolved to one package.

Only trusted packages (`official`) are chosen by version; any other must be requested by its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes import end_of_life, official
from azext_pythonapp.runtimes.end_of_life import State as SupportState
from azext_pythonapp.runtimes.extension import Extension, read_extensions
from azext_pythonapp.runtimes.identity import Identity, canonical_id
from azext_pythonapp.runtimes.nuget import NugetRuntime, Release
from azext_pythonapp.runtimes.versions import (
    PackageOrder,
    PythonOrder,
    VersionSpec,
    distance,
    is_prerelease,
    minor,
    package_order,
    python_order,
)

LIST_COMMAND = "az webapp python list-versions"
_NEAREST = 5
# NuGet's own rule for ids (https://learn.microsoft.com/nuget/reference/nuspec#id). Anything else is not a package and
# must not reach a terminal or a command line.
_PACKAGE_ID = re.compile(r"\w+(?:[.-]\w+)*")

Source = Literal["siteExtension", "nuget"]


@dataclass(frozen=True)
class Offer:
    r"""One package of one Python that a gallery offers.

    extension_id: in the gallery's own spelling, which an installation needs (docs/platform/kudu.md 4.2); for a NuGet
        package the one that the runtime gets on the app.
    install_path: the folder it is installed to, as the package writes it: `D:\home\python364x64`.
    support, end_of_life: python.org's support of that Python; an ISO date, or None where no date is known.
    latest_patch: whether no trusted package has a newer patch of the same feature release and architecture.
    trusted: whether it can be chosen by version; any other only by its id.
    source: a site extension, or a CPython package on NuGet; runtime: the latter.
    withdrawn, deprecated: by its owner. A withdrawn package is chosen only for its full version, a deprecated one only
        when there is no other.
    installed: whether the app has it; None for a command without an app.
    identity: what its names say, for the paths of the runtime.
    """

    version: str
    architecture: str
    extension_id: str
    package_version: str
    title: str
    publisher: str
    install_path: str
    support: SupportState
    end_of_life: str | None
    latest_patch: bool
    identity: Identity
    trusted: bool
    source: Source
    runtime: NugetRuntime | None = None
    withdrawn: bool = False
    deprecated: bool = False
    installed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the row that `list-versions` prints."""
        return {
            "version": self.version,
            "architecture": self.architecture,
            "extensionId": self.extension_id,
            "packageVersion": self.package_version,
            "title": self.title,
            "publisher": self.publisher,
            "trusted": self.trusted,
            "source": self.source,
            "installPath": self.install_path,
            "support": self.support,
            "endOfLife": self.end_of_life,
            "latestPatch": self.latest_patch,
            "installed": self.installed,
        }

    @property
    def is_prerelease(self) -> bool:
        """Return whether it is an alpha, a beta or a release candidate, of Python or of the package."""
        return is_prerelease(self.version) or "-" in self.package_version.partition("+")[0]

    @property
    def order(self) -> tuple[PythonOrder, bool, bool, bool, PackageOrder]:
        """Return a sort key, best last.

        By Python version, then x86 before x64, untrusted before trusted, NuGet before a site extension (which the
        platform itself installs), then package version.
        """
        return (
            python_order(self.version),
            self.architecture == "x64",
            self.trusted,
            self.source == "siteExtension",
            package_order(self.package_version),
        )

    @property
    def key(self) -> tuple[str, str]:
        """Return what all versions of one package of one Python share."""
        return self.extension_id.lower(), self.source


def gallery_offers(entries: Iterable[Mapping[str, Any]], today: date | None = None) -> list[Offer]:
    """Return the Python runtimes among the site extensions of a gallery, in every package version.

    entries: the JSON of Kudu's `/api/extensionfeed` (docs/platform/kudu.md 4.1), or what `gallery.fetch_public_gallery`
        returned. Packages that are not Python runtimes, and ids that this product creates itself, are left out.
    today: the day for `support`, by default the current one.
    """
    packages = [
        (extension, identity)
        for extension in read_extensions(entries)
        if _PACKAGE_ID.fullmatch(extension.id)
        and (identity := extension.identity)
        and identity.architecture
        and not extension.id.lower().startswith(official.MADE_HERE)
    ]
    return [_of_extension(extension, identity, today or date.today()) for extension, identity in packages]


def nuget_offers(releases: Iterable[Release], today: date | None = None) -> list[Offer]:
    """Return the CPython releases on NuGet as offers. today: the day for `support`, by default the current one."""
    return [_of_release(release, today or date.today()) for release in releases]


def sorted_offers(offers: Iterable[Offer], *, all_versions: bool = False) -> list[Offer]:
    """Sort offers: newest Python first, x64 before x86, the best package of the same Python first; set `latest_patch`.

    all_versions: keep every package version of an id instead of the newest one.
    """
    ordered = sorted(offers, key=lambda offer: offer.order, reverse=True)
    newest: dict[tuple[str, str], PythonOrder] = {}
    for offer in _recommended_first([offer for offer in ordered if offer.trusted]):
        newest.setdefault((minor(offer.version), offer.architecture), python_order(offer.version))
    for offer in ordered:
        newest.setdefault((minor(offer.version), offer.architecture), python_order(offer.version))
    patches = [newest[minor(offer.version), offer.architecture] for offer in ordered]
    marked = [replace(offer, latest_patch=python_order(offer.version) >= last) for offer, last in zip(ordered, patches)]
    return marked if all_versions else _newest_packages(marked)


def listed_offers(offers: Sequence[Offer], *, everything: bool = False, prereleases: bool = False) -> list[Offer]:
    """Return the offers to list: one trusted, not deprecated package for each Python.

    offers: in the order of `sorted_offers`. everything: also untrusted and deprecated packages, and all packages of the
    same Python. prereleases: also pre-releases.
    """
    kept = [offer for offer in offers if not offer.withdrawn and (prereleases or not offer.is_prerelease)]
    if everything:
        return kept
    first: dict[tuple[str, str], Offer] = {}
    trusted = [offer for offer in kept if offer.trusted]
    for offer in (offer for offer in trusted if not offer.deprecated or _has_no_other(offer, trusted)):
        first.setdefault((offer.version, offer.architecture), offer)
    return list(first.values())


def with_installed(offers: Sequence[Offer], extensions: Iterable[Mapping[str, Any]]) -> list[Offer]:
    """Return the offers with `installed` set.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or Resource Manager's.
    Where several package versions of one id are offered, only the installed version is marked.
    """
    present = read_extensions(extensions)
    ids = [offer.extension_id.lower() for offer in offers]
    marked = []
    for offer, offer_id in zip(offers, ids):
        installed = [extension for extension in present if canonical_id(extension.id).lower() == offer_id]
        if ids.count(offer_id) > 1:
            installed = [
                extension
                for extension in installed
                if package_order(extension.package_version) == package_order(offer.package_version)
            ]
        marked.append(replace(offer, installed=bool(installed)))
    return marked


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


def find_best(
    offers: Sequence[Offer],
    spec: VersionSpec,
    architecture: str | None = None,
    preferred: str = "x64",
    prereleases: bool = False,
) -> Offer | None:
    """Return the trusted package to install for a version: the newest matching Python in its newest package version.

    architecture: "x64" or "x86", or None for `preferred` where that Python exists for both.
    prereleases: accept pre-releases; one that `spec` names in full is always accepted.
    A withdrawn package is chosen only for its full version: its owner hid it, but the user asked for it. A deprecated
    one is chosen only where there is no other. Returns None when nothing matches.
    """
    matching = [
        offer
        for offer in select(offers, spec, architecture)
        if offer.trusted
        and (spec.is_exact or not offer.withdrawn)
        and (prereleases or spec.is_prerelease or not offer.is_prerelease)
    ]
    matching = [offer for offer in matching if not offer.withdrawn] or matching
    matching = [offer for offer in matching if not offer.deprecated] or matching
    return max(
        matching,
        default=None,
        key=lambda offer: (python_order(offer.version), offer.architecture == preferred, offer.order),
    )


def resolve_id(
    offers: Sequence[Offer], extension_id: str, package_version: str | None = None, today: date | None = None
) -> Offer:
    """Return the package of an extension id.

    offers: of the gallery, in every available package version.
    extension_id: case-insensitive; old official ids (`python364x64`) are accepted.
    package_version: the requested version, None for the newest that is not a pre-release.
    Microsoft unlisted some of its packages: no feed shows them, but Kudu installs them when id and version are given
    (docs/platform/site-extensions.md 1.6, docs/platform/kudu.md 4.2). Their last version is known here; whether it
    still exists, only the installation can tell.
    Raises NotFound, with the available choices.
    """
    wanted_id = canonical_id(extension_id).lower()
    same_id = [offer for offer in offers if offer.extension_id.lower() == wanted_id and offer.source == "siteExtension"]
    if not same_id:
        same_id = _unlisted(canonical_id(extension_id), today or date.today())
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


def _of_extension(extension: Extension, identity: Identity, today: date) -> Offer:
    support = end_of_life.support(identity.version, today)
    return Offer(
        version=identity.version,
        architecture=identity.architecture or "",
        extension_id=extension.id,
        package_version=extension.package_version,
        title=extension.title,
        publisher=extension.publisher,
        install_path=identity.registered_path.rsplit("\\", 1)[0],
        support=support.state,
        end_of_life=support.end_of_life.isoformat() if support.end_of_life else None,
        latest_patch=False,
        identity=identity,
        trusted=official.is_microsofts(extension.id),
        source="siteExtension",
    )


def _of_release(release: Release, today: date) -> Offer:
    runtime = release.runtime
    support = end_of_life.support(runtime.version, today)
    return Offer(
        version=runtime.version,
        architecture=runtime.architecture,
        extension_id=runtime.extension_id,
        package_version=runtime.package_version,
        title=f"Python {runtime.version} {runtime.architecture}",
        publisher=official.CPYTHON_PUBLISHER,
        install_path=runtime.identity.registered_path.rsplit("\\", 1)[0],
        support=support.state,
        end_of_life=support.end_of_life.isoformat() if support.end_of_life else None,
        latest_patch=False,
        identity=runtime.identity,
        trusted=True,
        source="nuget",
        runtime=runtime,
        withdrawn=not release.listed,
        deprecated=release.deprecated,
    )


def _newest_packages(offers: Iterable[Offer]) -> list[Offer]:
    """Return one offer for each id, in the given order: the newest package version, if possible not a pre-release."""
    newest: dict[tuple[str, str], Offer] = {}
    offers = list(offers)
    for offer in offers:
        if offer.key not in newest or _package_rank(offer) > _package_rank(newest[offer.key]):
            newest[offer.key] = offer
    return [offer for offer in offers if newest[offer.key] is offer]


def _package_rank(offer: Offer) -> tuple[bool, bool, PackageOrder]:
    return not offer.withdrawn, not offer.is_prerelease, package_order(offer.package_version)


def _recommended_first(offers: Sequence[Offer]) -> list[Offer]:
    """Sort withdrawn packages and pre-releases, which must be requested in full, to the end."""
    return sorted(offers, key=lambda offer: (offer.withdrawn or offer.is_prerelease, offer.deprecated))


def _has_no_other(offer: Offer, offers: Iterable[Offer]) -> bool:
    """Return whether every package of the same feature release and architecture is deprecated."""
    return all(
        other.deprecated
        for other in offers
        if minor(other.version) == minor(offer.version) and other.architecture == offer.architecture
    )


def _unlisted(extension_id: str, today: date) -> list[Offer]:
    if extension_id not in official.PACKAGES:
        return []
    package_version = official.PACKAGES[extension_id]
    python = ".".join(package_version.split(".")[:3])
    title = f"Python {python} {extension_id[-3:]}"
    return sorted_offers(
        gallery_offers(
            [{"id": extension_id, "title": title, "version": package_version, "authors": official.PUBLISHER}], today
        )
    )
