"""What can be installed: sort it, filter it, and resolve a wish to one package."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NoReturn

from azext_pythonapp.appservice.errors import NotFound, Refused
from azext_pythonapp.runtimes import lifecycle, official
from azext_pythonapp.runtimes.extension import Extension, read_extensions
from azext_pythonapp.runtimes.identity import Identity, canonical_id, same_extension
from azext_pythonapp.runtimes.versions import (Numbers, PackageOrder, VersionWish, distance, minor, numbers,
                                               package_order)

LIST_COMMAND = "az webapp python list-versions"
_NEAREST = 5


@dataclass(frozen=True)
class Offer:
    r"""One package of one Python that a gallery offers.

    extension_id: in the gallery's own spelling, which an install needs to the letter (facts/kudu.md 4.2).
    install_path: the folder it is put into, as the package writes it: `D:\home\python364x64`.
    support, end_of_life: of that Python, by python.org; an ISO date, or None where no date is known.
    latest_patch: whether the gallery has no newer patch of the same feature release for the same architecture.
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
    installed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row that `list-versions` prints."""
        return {"version": self.version, "architecture": self.architecture, "extensionId": self.extension_id,
                "packageVersion": self.package_version, "title": self.title, "publisher": self.publisher,
                "installPath": self.install_path, "support": self.support, "endOfLife": self.end_of_life,
                "latestPatch": self.latest_patch, "installed": self.installed}

    @property
    def order(self) -> tuple[Numbers, bool, int, PackageOrder]:
        """A sort key, best last: by Python version, then x64 after x86, official after others, package version."""
        return (numbers(self.version), self.architecture == "x64", self.trust, package_order(self.package_version))

    @property
    def trust(self) -> int:
        """2 for Microsoft's known packages, 1 for one that only says to be Microsoft's, 0 for the rest.

        Anybody may write "Microsoft" as the author of a package; the prefix is Microsoft's own.
        """
        if canonical_id(self.extension_id).startswith(official.PREFIX):
            return 2
        return 1 if self.publisher == official.PUBLISHER else 0


def read_offers(entries: Iterable[Mapping[str, Any]], *, all_versions: bool = False,
                today: date | None = None) -> list[Offer]:
    """The Python runtimes among the packages of a gallery.

    entries: the JSON of Kudu's `/api/extensionfeed` (facts/kudu.md 4.1), or what `gallery.fetch_public_gallery`
        returned; packages that are no Python runtime are left out.
    all_versions: whether to keep every package version of an id instead of its newest one.
    today: the day for `support`; by default the present one.
    Returns them newest Python first, x64 before x86, newest package first.
    """
    packages = [(extension, identity) for extension in read_extensions(entries)
                if (identity := extension.identity) and identity.architecture]
    offers = [_offer(extension, identity, today or date.today()) for extension, identity in packages]
    offers.sort(key=lambda offer: offer.order, reverse=True)
    return _mark_latest(offers if all_versions else _newest_packages(offers))


def with_installed(offers: Sequence[Offer], extensions: Iterable[Mapping[str, Any]]) -> list[Offer]:
    """Say of each offer whether the app has it.

    extensions: the raw JSON entries of the app's site extensions, Kudu's or ARM's.
    Where several package versions of one id are offered, only the installed version is marked.
    """
    present = read_extensions(extensions)
    ids = [canonical_id(offer.extension_id).lower() for offer in offers]
    marked = []
    for offer, offer_id in zip(offers, ids):
        held = [extension for extension in present if same_extension(extension.id, offer.extension_id)]
        if ids.count(offer_id) > 1:
            held = [extension for extension in held
                    if package_order(extension.package_version) == package_order(offer.package_version)]
        marked.append(replace(offer, installed=bool(held)))
    return marked


def select(offers: Iterable[Offer], wish: VersionWish | None = None, architecture: str | None = None,
           supported_only: bool = False) -> list[Offer]:
    """The offers that match: a version, an architecture ("x64" or "x86"), and whether python.org still supports it."""
    return [offer for offer in offers
            if (wish is None or wish.matches(offer.version)) and
            (architecture is None or offer.architecture == architecture) and
            not (supported_only and offer.support == "endOfLife")]


def resolve(offers: Sequence[Offer], wish: VersionWish, architecture: str | None = None,
            preferred: str = "x64") -> Offer:
    """The one package to install for a wish: of the newest matching Python, in its newest package version.

    architecture: "x64" or "x86", or None to take `preferred` where that Python exists for both.
    Of several packages of the very same Python, Microsoft's is taken.
    Raises NotFound, with the nearest choices, when nothing matches, and Refused when several other packages offer the
    same Python: which one to trust is the user's decision.
    """
    matching = select(offers, wish, architecture)
    if not matching:
        _raise_not_found(offers, wish, architecture)
    newest = max(numbers(offer.version) for offer in matching)
    matching = [offer for offer in matching if numbers(offer.version) == newest]
    matching = [offer for offer in matching if offer.architecture == preferred] or matching
    best = max(offer.trust for offer in matching)
    trusted = _newest_packages([offer for offer in matching if offer.trust == best])
    if len(trusted) > 1:
        ids = ", ".join(sorted(offer.extension_id for offer in trusted))
        raise Refused(f"Several packages offer Python {trusted[0].version} {trusted[0].architecture}: {ids}.",
                      "Choose one with --extension-id.")
    return trusted[0]


def resolve_id(offers: Sequence[Offer], extension_id: str, package_version: str | None = None,
               today: date | None = None) -> Offer:
    """The package that a user named.

    extension_id: in any case; old official ids (`python364x64`) are understood.
    package_version: the version wanted, None for the newest. To find an older one, `offers` must have been read with
        `all_versions=True`.
    Microsoft unlisted some of its packages: no feed shows them, but Kudu installs them when id and version are given
    (facts/python-site-extensions.md 1.6, facts/kudu.md 4.2). Those are known here in their last version; whether they
    are still there, only the install can tell.
    Raises NotFound, with the nearest choices.
    """
    same_id = [offer for offer in offers if same_extension(offer.extension_id, extension_id)]
    if not same_id:
        same_id = _unlisted(canonical_id(extension_id), today or date.today())
    if not same_id:
        names = sorted({offer.extension_id for offer in offers})
        raise NotFound(f"The gallery offers no Python under the id '{extension_id}'.",
                       f"It offers: {', '.join(names) or 'none at all'}. `{LIST_COMMAND}` shows them.")
    wanted = [offer for offer in same_id if package_version is None or
              package_order(offer.package_version) == package_order(package_version)]
    if not wanted:
        versions = ", ".join(offer.package_version for offer in same_id)
        raise NotFound(f"The gallery does not offer version {package_version} of '{same_id[0].extension_id}'.",
                       f"It offers: {versions}. `{LIST_COMMAND} --all` shows every package version.")
    return max(wanted, key=lambda offer: package_order(offer.package_version))


def _offer(extension: Extension, identity: Identity, today: date) -> Offer:
    support = lifecycle.support(identity.version, today)
    return Offer(version=identity.version, architecture=identity.architecture or "", extension_id=extension.id,
                 package_version=extension.package_version, title=extension.title, publisher=extension.publisher,
                 install_path=identity.registered_path.rsplit("\\", 1)[0], support=support.state,
                 end_of_life=support.end_of_life.isoformat() if support.end_of_life else None,
                 latest_patch=False, identity=identity)


def _newest_packages(offers: Iterable[Offer]) -> list[Offer]:
    """One offer for each extension, in the order given. An old id beside its new one is the same extension."""
    newest: dict[str, Offer] = {}
    for offer in offers:
        key = canonical_id(offer.extension_id).lower()
        if key not in newest or _freshness(offer) > _freshness(newest[key]):
            newest[key] = offer
    return [offer for offer in offers if newest[canonical_id(offer.extension_id).lower()] is offer]


def _freshness(offer: Offer) -> tuple[PackageOrder, bool]:
    return package_order(offer.package_version), offer.extension_id == canonical_id(offer.extension_id)


def _mark_latest(offers: list[Offer]) -> list[Offer]:
    newest: dict[tuple[str, str], Numbers] = {}
    for offer in offers:
        line = minor(offer.version), offer.architecture
        newest[line] = max(newest.get(line, ()), numbers(offer.version))
    return [replace(offer, latest_patch=numbers(offer.version) == newest[minor(offer.version), offer.architecture])
            for offer in offers]


def _unlisted(extension_id: str, today: date) -> list[Offer]:
    if extension_id not in official.PACKAGES:
        return []
    package_version = official.PACKAGES[extension_id]
    python = ".".join(package_version.split(".")[:3])
    title = f"Python {python} {extension_id[-3:]}"
    return read_offers([{"id": extension_id, "title": title, "version": package_version,
                         "authors": official.PUBLISHER}], today=today)


def _raise_not_found(offers: Sequence[Offer], wish: VersionWish, architecture: str | None) -> NoReturn:
    asked = f"Python {wish}" + (f" {architecture}" if architecture else "")
    nearest = sorted({(offer.version, offer.architecture) for offer in offers},
                     key=lambda choice: (distance(choice[0], wish), choice[1] != architecture, choice[1]))
    if not nearest:
        raise NotFound(f"The gallery offers no Python at all, so not {asked} either.",
                       f"`{LIST_COMMAND}` without an app shows the public gallery.")
    choices = ", ".join(f"{version} {each}" for version, each in nearest[:_NEAREST])
    raise NotFound(f"The gallery offers no {asked}.", f"The nearest it has: {choices}. `{LIST_COMMAND}` shows all.")
