"""The catalogue: the runtimes that can be installed, from all galleries. `selection` chooses from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from azext_pythonapp.runtimes import end_of_life, official
from azext_pythonapp.runtimes.cpython import CPythonBuild, Release, source_of
from azext_pythonapp.runtimes.end_of_life import State as SupportState
from azext_pythonapp.runtimes.extension import Extension, read_extensions
from azext_pythonapp.runtimes.identity import Identity, canonical_id
from azext_pythonapp.runtimes.versions import (
    PackageOrder,
    PythonOrder,
    is_prerelease,
    minor,
    package_order,
    python_order,
)

# NuGet's own rule for ids (https://learn.microsoft.com/nuget/reference/nuspec#id). Anything else is not a package and
# must not reach a terminal or a command line.
_PACKAGE_ID = re.compile(r"\w+(?:[.-]\w+)*")

Source = Literal["siteExtension", "nuget", "pythonOrg"]
# Which of two packages of the same Python is taken, best last: the platform itself installs a site extension.
_PREFERENCE: tuple[Source, ...] = ("pythonOrg", "nuget", "siteExtension")


@dataclass(frozen=True)
class Offer:
    r"""One package of one Python that a gallery offers.

    extension_id: in the gallery's own spelling, which an installation needs (docs/platform/kudu.md 4.2); for a package
        of CPython the one that the runtime gets on the app.
    install_path: the folder it is installed to, as the package writes it: `D:\home\python364x64`.
    support, end_of_life: python.org's support of that Python; an ISO date, or None where no date is known.
    latest_patch: whether no trusted package has a newer patch of the same feature release and architecture.
    trusted: whether it can be chosen by version; any other only by its id.
    source: a site extension, or a package of CPython on NuGet or python.org; runtime: the latter.
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
    runtime: CPythonBuild | None = None
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
    def order(self) -> tuple[PythonOrder, bool, bool, int, PackageOrder]:
        """Return a sort key, best last.

        By Python version, then x86 before x64, untrusted before trusted, then by `_PREFERENCE` and package version.
        """
        return (
            python_order(self.version),
            self.architecture == "x64",
            self.trusted,
            _PREFERENCE.index(self.source),
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


def build_offers(releases: Iterable[Release], today: date | None = None) -> list[Offer]:
    """Return the CPython releases of a source as offers. today: the day for `support`, by default the current one."""
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


def with_unlisted(offers: Sequence[Offer], today: date | None = None) -> list[Offer]:
    """Return a gallery's offers and, as withdrawn ones, Microsoft's packages that it leaves out (`unlisted_offers`)."""
    known = {offer.extension_id.lower() for offer in offers}
    return [
        *offers,
        *(
            replace(offer, withdrawn=True)
            for extension_id in official.PACKAGES
            if extension_id not in known
            for offer in unlisted_offers(extension_id, today)
        ),
    ]


def unlisted_offers(extension_id: str, today: date | None = None) -> list[Offer]:
    """Return a package of Microsoft's as it is known here, for a gallery that does not list it; [] for any other id.

    Microsoft unlisted some of its packages: no feed shows them, but Kudu installs them when id and version are given
    (docs/platform/site-extensions.md 1.6, docs/platform/kudu.md 4.2). Their last version is known here; whether it
    still exists, only the installation can tell.
    """
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


def with_installed(offers: Sequence[Offer], extensions: Iterable[Mapping[str, Any]]) -> list[Offer]:
    """Return the offers with `installed` set.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or Resource Manager's.
    Where several package versions of one id are offered, or one by several sources, only the installed one is marked.
    Where the source that it came from is not among the offers, the same Python of another one is shown with its source.
    """
    present = read_extensions(extensions)
    ids = [offer.extension_id.lower() for offer in offers]
    offered = {(offer_id, offer.source) for offer, offer_id in zip(offers, ids)}
    marked = []
    for offer, offer_id in zip(offers, ids):
        installed = [extension for extension in present if canonical_id(extension.id).lower() == offer_id]
        if ids.count(offer_id) > 1:
            installed = [
                extension
                for extension in installed
                if package_order(extension.package_version) == package_order(offer.package_version)
            ]
        sources: list[Source] = [
            offer.source if extension.built_from is None else source_of(extension.built_from) for extension in installed
        ]
        own = [source for source in sources if source == offer.source or (offer_id, source) not in offered]
        marked.append(replace(offer, installed=bool(own), source=own[0] if own else offer.source))
    return marked


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
        source=runtime.source,
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
