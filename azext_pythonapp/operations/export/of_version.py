"""A version of Python as an export, without an app."""

from __future__ import annotations

from collections.abc import Callable

from azext_pythonapp.errors import NotFound, PlatformFailed
from azext_pythonapp.operations.export.from_app import install_command
from azext_pythonapp.operations.export.model import Export, Note, SiteExtension, command
from azext_pythonapp.operations.runtime.sources import Supply, starting_with
from azext_pythonapp.runtimes import official
from azext_pythonapp.runtimes.catalogue import Offer, unlisted_offers
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.runtimes.selection import find_best, nearest


def export_of_version(
    spec: VersionSpec,
    architecture: str | None,
    supply: Callable[[], Supply],
    site_name: str | None = None,
    slot_name: str | None = None,
) -> Export:
    """Return what gives an app a version of Python.

    architecture: "x64", "x86", or None for x64 where there is a choice. supply: asks the public sources; not called for
    one of Microsoft's packages that is named in full, which are known. site_name, slot_name: what the parameters are by
    default.
    Raises NotFound, with the nearest versions, and PlatformFailed when a source could not be asked that may have it.
    """
    offer = _chosen(spec, architecture, supply)
    for_slot = slot_name is not None
    options = [("--version", offer.version), ("--arch", offer.architecture)]
    written = Note(
        "web.config and packages are files. After the app's own files, with requirements.txt, are there:",
        command("set-version", for_slot, options),
    )
    install = Note(
        f"Python {offer.version} {offer.architecture} is python.org's own build, which no template can install. After "
        "the deployment:",
        install_command(offer.version, offer.architecture, for_slot),
    )
    is_extension = offer.source == "siteExtension"
    return Export(
        (SiteExtension(offer.extension_id, offer.package_version),) if is_extension else (),
        {"use32BitWorkerProcess": False} if offer.architecture == "x64" else {},
        None,
        ([] if is_extension else [install]) + [written],
        for_slot,
        site_name,
        slot_name,
    )


def _chosen(spec: VersionSpec, architecture: str | None, supply: Callable[[], Supply]) -> Offer:
    if spec.is_exact:
        known = [offer for extension_id in official.PACKAGES for offer in unlisted_offers(extension_id)]
        named = find_best(known, spec, architecture)
        if named is not None:
            return named
    found = supply()
    best = find_best(found.offers, spec, architecture)
    asked = f"Python {spec}" + (f" {architecture}" if architecture else "")
    for name, error in found.missing.items():
        if best is None or not spec.is_exact:
            raise PlatformFailed(
                f"{starting_with(name)} could not be asked for {asked}: {error.message}",
                "Try again later, or name one of Microsoft's own in full, such as `--version 3.6.4`.",
            )
    if best is None:
        choices = nearest(found.offers, spec, architecture)
        raise NotFound(
            f"There is no {asked} that could be installed.",
            (f"The nearest: {choices}. " if choices else "") + "List all: `az webapp python list-versions`.",
        )
    return best
