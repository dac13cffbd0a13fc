"""Choose the runtime that a version means: one that is on the app, else the newest that a trusted source offers.

A version that an installed Python satisfies means that Python, so that a command that is run again finds what it
installed, whatever was published meanwhile. Only `latest` looks for something newer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound, PlatformFailed, PythonAppError, Refused, RemoteFailed
from azext_pythonapp.operations.app.observe import not_answered
from azext_pythonapp.operations.runtime.sources import NAMES, SourceName, Supply, app_supply, starting_with
from azext_pythonapp.runtimes import official
from azext_pythonapp.runtimes.catalogue import Offer
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.identity import VersionSpec, canonical_id, same_extension
from azext_pythonapp.runtimes.python_org import OLDEST
from azext_pythonapp.runtimes.selection import find_best, nearest, select
from azext_pythonapp.runtimes.versions import package_order, python_order

DEFAULT_ARCHITECTURE = "x64"
# Where python.org's own builds are.
BUILDS: tuple[SourceName, ...] = ("nuget", "pythonOrg")
EVERYWHERE: tuple[SourceName, ...] = ("gallery", *BUILDS)
_TRUSTED: dict[SourceName, str] = {
    "gallery": "Microsoft's site extensions",
    "nuget": "python.org's builds on NuGet",
    "pythonOrg": "those on python.org",
}


@dataclass(frozen=True)
class Choice:
    """A Python that is on the app, or what must be installed first."""

    present: InstalledRuntime | None
    offer: Offer | None

    @property
    def required(self) -> InstalledRuntime:
        """The Python that is on the app, for a choice without an offer."""
        assert self.present is not None
        return self.present


def require_one_name(version: str | None, extension_id: str | None, architecture: str | None, find: str) -> None:
    """Raise InvalidInput unless the options name a runtime in one way. find: how to see which there are."""
    if (version is None) == (extension_id is None):
        raise InvalidInput("Name the runtime with either --version or --extension-id.", find)
    if extension_id is not None and architecture is not None:
        raise InvalidInput(
            "--arch can only be used with --version; the id of a site extension includes its architecture."
        )


def choose_runtime(
    app: App,
    pythons: Sequence[InstalledRuntime],
    spec: VersionSpec,
    architecture: str | None,
    sources: Sequence[SourceName] = EVERYWHERE,
    prereleases: bool = False,
) -> Choice:
    """The Python on the app that a spec means, else the newest that the trusted sources have.

    pythons: those on the app. architecture: "x64", "x86", or None for x64 where there is a choice.
    sources: which to ask; prereleases: whether one of theirs will do.
    Raises UnknownOutcome when a Python on the app that may be the one did not answer, NotFound, with the nearest
    choices, when nobody has one, and PlatformFailed when a source could not be asked that may have a newer one.
    """
    if not spec.is_latest:
        present = newest_present(app, pythons, spec, architecture)
        if present:
            return Choice(present, None)
    supply = app_supply(app, sources)
    broken = None if spec.is_latest else _broken(pythons, spec, architecture)
    if broken is not None:
        repair = _offer_of(supply.offers, broken)
        if repair is not None:
            return Choice(None, repair)
    best = find_best(supply.offers, spec, architecture, DEFAULT_ARCHITECTURE, prereleases)
    _require_known(app, supply, spec, architecture, best)
    if spec.is_latest:
        present = newest_present(app, pythons, spec, architecture, best.version if best else None)
        if present and (best is None or python_order(present.version) >= python_order(best.version)):
            return Choice(present, None)
    if best is None:
        raise _not_found(app, supply.offers, spec, architecture, sources)
    return Choice(None, best)


def newest_present(
    app: App,
    pythons: Sequence[InstalledRuntime],
    spec: VersionSpec,
    architecture: str | None,
    at_least: str | None = None,
) -> InstalledRuntime | None:
    """The newest Python on the app that a spec means and that answered; None when there is none.

    at_least: a version below which nothing matters; None for none.
    Raises UnknownOutcome when another one may be the one, but did not answer in time: that is not its absence.
    """
    own = [python for python in pythons if python.is_runtime]
    usable = [
        python
        for python in own
        if python.answered and spec.matches(python.version or "") and architecture in (None, python.architecture)
    ]
    best = max(
        usable,
        default=None,
        key=lambda python: (
            python_order(python.version),
            python.architecture == DEFAULT_ARCHITECTURE,
            python.source == "siteExtension",
        ),
    )
    beaten = max(python_order(best.version) if best else python_order(None), python_order(at_least))
    for python in own:
        if python.unknown and python.may_be(spec.matches, architecture):
            likely = python.version or (python.named.version if python.named else None)
            if python_order(likely) > beaten:
                raise not_answered(app, python, f"whether it is Python {spec}")
    return best


def require_present(
    app: App, pythons: Sequence[InstalledRuntime], spec: VersionSpec, architecture: str | None
) -> InstalledRuntime:
    """As `newest_present`, for what only works with a Python that is there.

    Raises NotFound when the app has none, and Refused when it has one that does not run.
    """
    python = newest_present(app, pythons, spec, architecture)
    if python is not None:
        return python
    label, asked = app.site.label, f"Python {spec}" + (f" {architecture}" if architecture else "")
    command = f"az webapp python set-version {app.site.arguments} --version {spec}" + (
        f" --arch {architecture}" if architecture else ""
    )
    broken = _broken(pythons, spec, architecture)
    if broken is not None:
        raise Refused(
            f"{asked} is on {label}, but does not run: {broken.problem}",
            f"Run `{command}`, which installs it again if its package is known.",
        )
    raise NotFound(f"{asked} is not on {label}.", f"Run `{command}` to install it and switch to it.")


def say_new_id(app: App, extension_id: str) -> None:
    """Say how an extension is called now that was named by its old id."""
    new = canonical_id(extension_id)
    if new.lower() != extension_id.lower():
        app.progress.say(f"{extension_id} is an old id; the site extension is called {new} now.")


def require_version(app: App, python: InstalledRuntime, version: str) -> None:
    """Raise RemoteFailed when python.exe on the worker names another version than the one that was installed."""
    if python.version != version:
        raise RemoteFailed(
            f"{python.python_path} of {app.site.label} says that it is Python {python.version}, not "
            f"{version} as its package claims.",
            f"See what is there: `az webapp python list {app.site.arguments}`.",
        )


def _broken(
    pythons: Sequence[InstalledRuntime], spec: VersionSpec, architecture: str | None
) -> InstalledRuntime | None:
    """The newest Python by its names that a spec means and that does not run."""
    broken = [
        python
        for python in pythons
        if python.is_runtime
        and not python.answered
        and not python.unknown
        and python.may_be(spec.matches, architecture)
    ]
    return max(
        broken,
        default=None,
        key=lambda python: (
            python.extension_id is not None,
            python_order(python.version),
            python.architecture == DEFAULT_ARCHITECTURE,
        ),
    )


def _offer_of(offers: Sequence[Offer], python: InstalledRuntime) -> Offer | None:
    """The package of a site extension that is on the app already, whoever made it: for the very same Python."""
    if python.extension_id is None:
        return None
    same = [
        offer
        for offer in offers
        if same_extension(python.extension_id, offer.extension_id)
        and (offer.version, offer.architecture) == (python.version, python.architecture)
    ]
    return max(
        same, default=None, key=lambda offer: (offer.source == "siteExtension", package_order(offer.package_version))
    )


def _require_known(app: App, supply: Supply, spec: VersionSpec, architecture: str | None, best: Offer | None) -> None:
    """Raise PlatformFailed when a source that could not be asked may have what is wanted, or something newer.

    For a full version, one source that has it is enough, and for any other one of the two that have python.org's
    builds, with a warning: the other has a newer one for some days at most. Microsoft's packages are all known
    (`official`), so without their gallery nothing newer than those can be missed; python.org's own feed begins with
    3.10.
    """
    unknown: dict[SourceName, PythonAppError] = {}
    for name, error in supply.missing.items():
        if (best is not None and spec.is_exact) or (name == "pythonOrg" and not _python_org_may_have(spec)):
            continue
        if name == "gallery" and not _microsoft_may_have_newer(spec, architecture, best):
            app.progress.say(
                f"{starting_with(name)} could not be reached ({error.message}). That "
                "makes no difference: Microsoft's Pythons in it are older."
            )
        elif name in BUILDS and best is not None and best.source in BUILDS:
            app.progress.say(
                f"Warning: {NAMES[name]} could not be asked ({error.message}). {NAMES[best.source]} offers Python "
                f"{best.version}; whether {NAMES[name]} has a newer one is not known."
            )
        else:
            unknown[name] = error
    if not unknown:
        return
    first, *others = unknown
    names = " and ".join([starting_with(first), *(NAMES[name] for name in others)])
    reasons = dict.fromkeys(error.message for error in unknown.values())
    known = f" The other sources offer {best.version}, but it is not known whether that is the newest." if best else ""
    raise PlatformFailed(
        f"{names} could not be asked for Python {spec}: {' '.join(reasons)}{known}", _choices(app, unknown, best)
    )


def _python_org_may_have(spec: VersionSpec) -> bool:
    return spec.parts >= OLDEST[: len(spec.parts)]


def _microsoft_may_have_newer(spec: VersionSpec, architecture: str | None, best: Offer | None) -> bool:
    for extension_id, package_version in official.PACKAGES.items():
        version = ".".join(package_version.split(".")[:3])
        if spec.matches(version) and architecture in (None, extension_id[-3:]):
            if best is None or python_order(version) >= python_order(best.version):
                return True
    return False


def _choices(app: App, away: Collection[SourceName], best: Offer | None) -> str:
    listing = f"`az webapp python list-versions {app.site.arguments}` lists what is available"
    install = f"az webapp python install {app.site.arguments}"
    if "gallery" in away:
        return f"Try again later, or name a version in full; {listing}."
    full = f", as `--version {best.version}`" if best else ""
    return (
        f"Try again later, or name a version of the app's own gallery in full{full}; {listing}. Or download "
        "the package 'python' (x64) or 'pythonx86' from https://www.nuget.org, or the zip file for the install manager "
        "from https://www.python.org/ftp/python/, yourself and name the file: "
        f"`{install} --package python.nupkg`."
    )


def _not_found(
    app: App, offers: Sequence[Offer], spec: VersionSpec, architecture: str | None, sources: Sequence[SourceName]
) -> NotFound:
    asked = f"Python {spec}" + (f" {architecture}" if architecture else "")
    choices = nearest(offers, spec, architecture)
    advice = f"The nearest available: {choices}. " if choices else ""
    advice += f"`az webapp python list-versions {app.site.arguments}` lists all."
    others = [offer for offer in select(offers, spec, architecture) if not offer.trusted]
    if others:
        ids = sorted({offer.extension_id for offer in others})
        advice += (
            f" Third-party packages offer it: {', '.join(ids)}. If you trust one, name it: `az webapp python "
            f"install {app.site.arguments} --extension-id {quoted(ids[0])}`."
        )
    elif any(offer.trusted and offer.is_prerelease for offer in select(offers, spec, architecture)):
        advice += " There are pre-releases of it: name one in full, or add --pre."
    asked_of = " nor ".join(_TRUSTED[source] for source in sources)
    nobody = f"Neither {asked_of} offer {asked}." if len(sources) > 1 else f"There is no {asked} among {asked_of}."
    return NotFound(f"{nobody[:-1]}, and it is not on {app.site.label}.", advice)
