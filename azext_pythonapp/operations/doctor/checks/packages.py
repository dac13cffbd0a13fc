"""The packages of the Python that the app runs: whether they fit each other, the requirements, and today's indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone

from azext_pythonapp.advice import quoted
from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.python_in_use import Target, runtime_of, target_in_use
from azext_pythonapp.operations.app.site_packages import InstalledMetadata, present_packages, site_packages
from azext_pythonapp.operations.doctor.check import Fix, Result, check, passed, skipped, warned, without_python
from azext_pythonapp.operations.doctor.sight import Sight
from azext_pythonapp.operations.package.lock_files import own_files
from azext_pythonapp.operations.package.pip_plan import last_good_run
from azext_pythonapp.operations.package.requirement_files import REQUIREMENTS, RequirementFiles
from azext_pythonapp.packages import certifi_versions
from azext_pythonapp.packages import lock as locks
from azext_pythonapp.packages.certifi_versions import CERTIFI
from azext_pythonapp.packages.package_plan import PackageChange, broken, plan_changes
from azext_pythonapp.packages.pip import PipOptions
from azext_pythonapp.packages.pip_versions import LAST_PIP, too_old
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.runtimes.discovery import InstalledRuntime

# So many are named; the others are counted.
MOST_NAMED = 3
_NO_PYTHON = "web.config starts no Python, so there are no packages to look at."


@check("pip-check", "All packages have what they need")
def pip_check(sight: Sight) -> Result:
    """As `pip check`, by the metadata of the packages; no Python is started."""
    if sight.current is None:
        return without_python(sight, _NO_PYTHON)
    target, packages = _target(sight), sight.packages
    requires = sight.part("requires", lambda: _requires(sight, target)).get()
    found, unread = broken(packages, _environment(target), lambda names: {each: requires.get(each) for each in names})
    if found:
        wanted = " ".join(quoted(each) for each in dict.fromkeys(problem.wanted for problem in found))
        return warned(
            f"{_some([problem.sentence for problem in found])} (pip check).",
            Fix(sight.python("package install", f"--packages {wanted}")),
        )
    if unread:
        return skipped(f"What {', '.join(unread)} need could not be read.")
    return passed(f"{len(packages)} packages have what they need.")


@check("requirements", "The packages are what requirements.txt or pylock.toml asks for")
def requirements(sight: Sight) -> Result:
    """Compares the app's own file, and what it includes, with what is installed; no index is asked."""
    if sight.current is None:
        return without_python(sight, _NO_PYTHON)
    target = _target(sight)
    files, as_left = sight.part("requirements", lambda: _files(sight, target)).get()
    if files is None:
        return passed("The app has neither requirements.txt nor pylock.toml.")
    if as_left:
        return passed(f"{files.name} and the packages are as the last installation left them.")
    applying = [each for each in files.parsed if each.applies(_environment(target))]
    changes = plan_changes(files.parsed, sight.packages, _environment(target), False, files.limits)
    differing = [_told(each, change) for each, change in zip(applying, changes) if _differs(each, change)]
    if differing:
        return warned(f"{_some(differing)}.", Fix(sight.python("install-requirements")))
    return passed(_all_there(files, len(applying)))


@check("pip-version", "pip is not too old for its Python")
def pip_version(sight: Sight) -> Result:
    """Compares pip's year with that of the last pip for this Python, or with this year."""
    current = sight.current
    if current is None:
        return without_python(sight, _NO_PYTHON)
    target = _target(sight)
    own = sight.packages if target.letter is None else present_packages(sight.app, runtime_of(target).place)
    present = own.get("pip")
    if present is None:
        return warned(f"{current.name} has no pip, so nothing can be installed into it.")
    last = LAST_PIP.get(_minor(current))
    if not too_old(present, _minor(current), _today()):
        return passed(f"pip {present}.")
    newest = f"the last one for it is {last}" if last else "newer ones are there for it"
    wanted = f"--packages {quoted(f'pip<={last}')}" if last else "--packages pip"
    return warned(
        f"pip {present} of {current.name} is years behind: {newest}. It may not know today's wheels and indexes.",
        Fix(sight.python("package install", wanted, "--upgrade")),
    )


@check("certifi", "The certificates of certifi are not too old")
def certifi(sight: Sight) -> Result:
    """Compares certifi's date with that of the last one for this Python, or with today."""
    current, present = sight.current, sight.packages.get(CERTIFI)
    if current is None:
        return without_python(sight, _NO_PYTHON)
    fix = Fix(sight.python("package install", f"--packages {CERTIFI}", "--upgrade"))
    if present is None:
        if b"certifi" in (sight.read(f"{runtime_of(_target(sight)).folder}/sitecustomize.py") or b""):
            return warned(
                f"{current.name} has no certifi, and its sitecustomize.py imports it: each start prints an error, and "
                "TLS has no certificates.",
                fix,
            )
        return passed("certifi is not installed.")
    if not certifi_versions.too_old(present, _minor(current), _today()):
        return passed(f"certifi {present}.")
    return warned(
        f"certifi {present} is more than three years old: it does not know newer authorities, such as those of Azure's "
        "own services since 2020, so connections may fail with CERTIFICATE_VERIFY_FAILED.",
        fix,
    )


def _requires(sight: Sight, target: Target) -> Mapping[str, Sequence[str] | None]:
    metadata = InstalledMetadata(sight.app, target.place, site_packages(sight.app, target.place))
    return metadata.requires(sorted(sight.packages))


def _files(sight: Sight, target: Target) -> tuple[RequirementFiles | None, bool]:
    """Return the app's requirements, None for none, and whether they and the packages are as the last run left them.

    Raises InvalidInput for a lock that is not for this Python.
    """
    app, there = sight.app, {entry.name.lower() for entry in sight.entries(sight.root)}
    if not there & {REQUIREMENTS, locks.NAME}:
        return None, False
    try:
        files = own_files(app, None, None).for_target(_environment(target), lambda line: None)
    except NotFound:
        return None, False
    return files, last_good_run(app, target.folder, files, PipOptions(), target.place) is not None


def _target(sight: Sight) -> Target:
    return sight.part("target", lambda: target_in_use(sight.seen)).get()


def _environment(target: Target) -> TargetEnvironment:
    return TargetEnvironment(target.version, target.architecture)


def _differs(requirement: Requirement, change: PackageChange) -> bool:
    """Whether pip would certainly change something. Of a folder or an address only pip knows whether it has changed."""
    if not requirement.known or requirement.name is None:
        return False
    if requirement.source is not None:
        return change.before is None
    return change.action in ("install", "upgrade", "downgrade")


def _told(requirement: Requirement, change: PackageChange) -> str:
    there = f"{change.before} is installed" if change.before else "it is not installed"
    return f"{requirement.file}:{requirement.line} asks for {requirement.text or requirement.name}, and {there}"


def _all_there(files: RequirementFiles, count: int) -> str:
    more = f" What {files.unseen[0]} asks for is read by pip only." if files.unseen else ""
    return f"What the {count} lines of {files.name} ask for is installed.{more}"


def _some(sentences: Sequence[str]) -> str:
    more = f"; and {len(sentences) - MOST_NAMED} more" if len(sentences) > MOST_NAMED else ""
    return "; ".join(sentences[:MOST_NAMED]) + more


def _minor(python: InstalledRuntime) -> str:
    return ".".join((python.version or "").split(".")[:2])


def _today() -> date:
    return datetime.now(timezone.utc).date()
