"""What can be installed: the galleries' offers together, sorted, filtered, and a wish resolved to one of them.

Only trusted packages (`official`) stand for a version; any other has to be named by its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes import end_of_life as lifecycle
from azext_pythonapp.runtimes import official
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
# NuGet's own rule for ids (https://learn.microsoft.com/nuget/reference/nuspec#id): what breaks it is no package, and
# must reach neither a terminal nor a command line.
_PACKAGE_ID = re.compile(r"\w+(?:[.-]\w+)*")

Source = Literal["siteExtension", "nuget"]


@dataclass(frozen=True)
class Offer:
    r"""One package of one Python that a gallery offers.

    extension_id: in the gallery's own spelling, which an install needs to the letter (docs/platform/kudu.md 4.2); for a
        package of NuGet the one that the runtime gets on the app.
    install_path: the folder it is put into, as the package writes it: `D:\home\python364x64`.
    support, end_of_life: of that Python, by python.org; an ISO date, or None where no date is known.
    latest_patch: whether no trusted package has a newer patch of the same feature release and architecture.
    trusted: whether it stands for its version; any other is taken only when its id is named.
    source: whether it is a site extension, or a package of CPython on NuGet; runtime: the latter.
    withdrawn, deprecated: what its owner did; the first is taken only for its full version, the second only when there
        is no other.
    installed: whether the app has it; None when no app was asked.
    identity: what its names say, for the paths of the runtime.
    """

    version: str
    architecture: str
    extension_id: str
    package_version: str
    title: str
    publisher: str
    install_path: str
    support: lifecycle.State
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
        """The row that `list-versions` prints."""
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
        """Whether it is an alpha, a beta or a release candidate, of Python or of the package."""
        return is_prerelease(self.version) or "-" in self.package_version.partition("+")[0]

    @property
    def order(self) -> tuple[PythonOrder, bool, bool, bool, PackageOrder]:
        """A sort key, best last: by Python version, then x64 after x86, trusted after others, a site extension, which
        the platform itself installs, after NuGet, package version."""
        return (
            python_order(self.version),
            self.architecture == "x64",
            self.trusted,
            self.source == "siteExtension",
            package_order(self.package_version),
        )

    @property
    def key(self) -> tuple[str, str]:
        """What is the same for all versions of one package of one Python."""
        return self.extension_id.lower(), self.source


def gallery_offers(entries: Iterable[Mapping[str, Any]], today: date | None = None) -> list[Offer]:
    """The Python runtimes among the site extensions of a gallery, in every package version.

    entries: the JSON of Kudu's `/api/extensionfeed` (docs/platform/kudu.md 4.1), or what `gallery.fetch_public_gallery`
        returned; packages that are no Python runtime are left out, and so are ids that this product gives itself.
    today: the day for `support`; by default the present one.
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
    """The releases of CPython on NuGet as offers. today: the day for `support`; by default the present one."""
    return [_of_release(release, today or date.today()) for release in releases]


def arranged(offers: Iterable[Offer], *, all_versions: bool = False) -> list[Offer]:
    """Newest Python first, x64 before x86, the best package of the same Python first; `latest_patch` is told.

    all_versions: whether to keep every package version of an id instead of its newest one.
    """
    ordered = sorted(offers, key=lambda offer: offer.order, reverse=True)
    newest: dict[tuple[str, str], PythonOrder] = {}
    for offer in _usual([offer for offer in ordered if offer.trusted]):
        newest.setdefault((minor(offer.version), offer.architecture), python_order(offer.version))
    for offer in ordered:
        newest.setdefault((minor(offer.version), offer.architecture), python_order(offer.version))
    lines = [newest[minor(offer.version), offer.architecture] for offer in ordered]
    marked = [replace(offer, latest_patch=python_order(offer.version) >= line) for offer, line in zip(ordered, lines)]
    return marked if all_versions else _newest_packages(marked)


def shown(offers: Sequence[Offer], *, everything: bool = False, prereleases: bool = False) -> list[Offer]:
    """The offers to list: trusted ones that their owners stand by, one of each Python; all of them on request.

    offers: in the order of `arranged`. everything: others' packages, deprecated ones and further packages of a Python
    as well. prereleases: these as well.
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
    """Say of each offer whether the app has it.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or ARM's.
    Where several package versions of one id are offered, only the installed version is marked.
    """
    present = read_extensions(extensions)
    ids = [offer.extension_id.lower() for offer in offers]
    marked = []
    for offer, offer_id in zip(offers, ids):
        held = [extension for extension in present if canonical_id(extension.id).lower() == offer_id]
        if ids.count(offer_id) > 1:
            held = [
                extension
                for extension in held
                if package_order(extension.package_version) == package_order(offer.package_version)
            ]
        marked.append(replace(offer, installed=bool(held)))
    return marked


def select(
    offers: Iterable[Offer],
    wish: VersionSpec | None = None,
    architecture: str | None = None,
    supported_only: bool = False,
) -> list[Offer]:
    """The offers that match: a version, an architecture ("x64" or "x86"), and whether python.org still supports it."""
    return [
        offer
        for offer in offers
        if (wish is None or wish.matches(offer.version))
        and (architecture is None or offer.architecture == architecture)
        and not (supported_only and offer.support == "endOfLife")
    ]


def find_best(
    offers: Sequence[Offer],
    wish: VersionSpec,
    architecture: str | None = None,
    preferred: str = "x64",
    prereleases: bool = False,
) -> Offer | None:
    """The one trusted package to install for a wish: of the newest matching Python, in its newest package version.

    architecture: "x64" or "x86", or None to take `preferred` where that Python exists for both.
    prereleases: whether one will do; it does in any case when the wish names it in full.
    A package that its owner withdrew is taken for a full version only: the owner hid it, and the user named it. One
    that its owner advises against is taken where nothing else is. Returns None when nothing matches.
    """
    matching = [
        offer
        for offer in select(offers, wish, architecture)
        if offer.trusted
        and (wish.is_exact or not offer.withdrawn)
        and (prereleases or wish.is_prerelease or not offer.is_prerelease)
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
    """The package that a user named.

    offers: of the gallery, in every package version at hand.
    extension_id: in any case; old official ids (`python364x64`) are understood.
    package_version: the version wanted, None for the newest that is no pre-release.
    Microsoft unlisted some of its packages: no feed shows them, but Kudu installs them when id and version are given
    (docs/platform/site-extensions.md 1.6, docs/platform/kudu.md 4.2). Those are known here in their last version;
    whether they are still there, only the install can tell.
    Raises NotFound, with the nearest choices.
    """
    wanted_id = canonical_id(extension_id).lower()
    same_id = [offer for offer in offers if offer.extension_id.lower() == wanted_id and offer.source == "siteExtension"]
    if not same_id:
        same_id = _unlisted(canonical_id(extension_id), today or date.today())
    if not same_id:
        names = sorted({offer.extension_id for offer in offers})
        raise NotFound(
            f"The gallery offers no Python under the id '{extension_id}'.",
            f"It offers: {', '.join(names) or 'none at all'}. `{LIST_COMMAND} --all` shows them.",
        )
    wanted = [
        offer
        for offer in same_id
        if package_version is None or package_order(offer.package_version) == package_order(package_version)
    ]
    if not wanted:
        versions = ", ".join(sorted((offer.package_version for offer in same_id), key=package_order, reverse=True))
        raise NotFound(
            f"The gallery does not offer version {package_version} of '{same_id[0].extension_id}'.",
            f"It offers: {versions}. `{LIST_COMMAND} --all` shows every package version.",
        )
    return max(wanted, key=lambda offer: (not offer.is_prerelease, package_order(offer.package_version)))


def nearest(offers: Iterable[Offer], wish: VersionSpec, architecture: str | None) -> str:
    """The trusted Pythons nearest to a wish that nothing satisfies: "3.6.4 x64, 3.6.4 x86"; "" for none at all."""
    choices = {(offer.version, offer.architecture) for offer in shown(list(offers))}
    ordered = sorted(choices, key=lambda choice: (distance(choice[0], wish), choice[1] != architecture, choice[1]))
    return ", ".join(f"{version} {each}" for version, each in ordered[:_NEAREST])


def _of_extension(extension: Extension, identity: Identity, today: date) -> Offer:
    support = lifecycle.support(identity.version, today)
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
    support = lifecycle.support(runtime.version, today)
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
    """One offer for each id, in the order given: its newest package version that is no pre-release, if it has one."""
    newest: dict[tuple[str, str], Offer] = {}
    offers = list(offers)
    for offer in offers:
        if offer.key not in newest or _freshness(offer) > _freshness(newest[offer.key]):
            newest[offer.key] = offer
    return [offer for offer in offers if newest[offer.key] is offer]


def _freshness(offer: Offer) -> tuple[bool, bool, PackageOrder]:
    return not offer.withdrawn, not offer.is_prerelease, package_order(offer.package_version)


def _usual(offers: Sequence[Offer]) -> list[Offer]:
    """Those that are taken without being named in full, before those that are not."""
    return sorted(offers, key=lambda offer: (offer.withdrawn or offer.is_prerelease, offer.deprecated))


def _has_no_other(offer: Offer, offers: Iterable[Offer]) -> bool:
    """Whether every package of the same feature release and architecture is one that its owner advises against."""
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
    return arranged(
        gallery_offers(
            [{"id": extension_id, "title": title, "version": package_version, "authors": official.PUBLISHER}], today
        )
    )
