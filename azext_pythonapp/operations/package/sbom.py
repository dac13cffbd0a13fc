"""`package sbom`: what an app's Python consists of, as CycloneDX."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import going_on, observe
from azext_pythonapp.operations.app.python_in_use import target_in_use
from azext_pythonapp.operations.package.metadata_survey import Distribution, survey_metadata
from azext_pythonapp.operations.package.python_path import VARIABLE, places
from azext_pythonapp.output_file import write_output
from azext_pythonapp.packages.cyclonedx import Component, Runtime, bill
from azext_pythonapp.packages.licences import licences
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.url_secrets import without_secrets

# https://reproducible-builds.org/specs/source-date-epoch/
EPOCH = "SOURCE_DATE_EPOCH"
_DISTRIBUTION = "pythonapp"


def sbom(
    app: App, output: Path | None, files: bool, clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
) -> dict[str, Any]:
    """Return the bill of materials of the Python in use, and write it to a file when one is given.

    files: whether each installed file is in it. Raises what `target_in_use` and `survey_metadata` raise, and Refused
    when the file cannot be written.
    """
    seen = observe(app)
    target = target_in_use(seen)
    for finding in going_on(seen):
        app.progress.say(str(finding))
    for place in places(seen):
        app.progress.say(f"WARNING: Not in the document: what is in {place.path}, which {VARIABLE} names.")
    with app.progress.phase(f"Reading the packages of Python {target.version} on {app.site.label}."):
        found = survey_metadata(app, target, files)
    epoch = _epoch()
    document = bill(
        app.site.to_dict(),
        app.site.host,
        Runtime(target.version, target.architecture),
        components(found, TargetEnvironment(target.version, target.architecture)),
        _own_version(),
        epoch or clock(),
        epoch is not None,
    )
    count = f"{len(found)} package{'s' * (len(found) != 1)} and Python {target.version} of {app.site.label}"
    if output is not None:
        write_output(output, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        app.progress.conclude(f"{count} are in {output}.")
    else:
        app.progress.conclude(f"{count}.")
    return document


def components(found: Sequence[Distribution], environment: TargetEnvironment) -> list[Component]:
    """Return what goes into the bill. environment: for which the markers of requirements are evaluated."""
    needs = installed_needs(found, environment)
    return [
        Component(
            key=each.key,
            name=each.name,
            version=each.version,
            summary=each.summary,
            licences=licences(each.expression, each.license, each.classifiers),
            hashes=each.archive,
            address=without_secrets(each.url) if each.url else "",
            homepage=each.homepage,
            record=each.record,
            files=[(path, value) for path, value, _ in each.files],
            needs=needs[each.key],
        )
        for each in found
    ]


def installed_needs(found: Sequence[Distribution], environment: TargetEnvironment) -> dict[str, list[str]]:
    """Return the installed distributions that each requires, by canonical names.

    What an extra requires counts where an installed distribution asks for that extra: `requests[socks]`. What the app
    itself asked for is not known.
    """
    lines = {each.key: [line for line in map(_requirement, each.requires) if line is not None] for each in found}
    extras: dict[str, set[str]] = {key: set() for key in lines}
    needs: dict[str, set[str]] = {key: set() for key in lines}
    waiting = sorted(lines)
    while waiting:
        key = waiting.pop()
        for requirement in lines[key]:
            other = str(canonicalize_name(requirement.name))
            if other in lines and _applies(requirement, extras[key], environment.markers()):
                needs[key].add(other)
                new = {str(canonicalize_name(extra)) for extra in requirement.extras} - extras[other]
                if new:
                    extras[other] |= new
                    waiting.append(other)
    return {key: sorted(names) for key, names in needs.items()}


def _requirement(line: str) -> Requirement | None:
    """Parse a line of Requires-Dist; None for one that cannot be parsed, which pip ignores as well."""
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _applies(requirement: Requirement, extras: set[str], markers: Mapping[str, str]) -> bool:
    if requirement.marker is None:
        return True
    try:
        return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in ("", *sorted(extras)))
    except ValueError:  # a comparison that is not defined, which is one of packaging's errors
        return False


def _epoch() -> datetime | None:
    """Return the time that SOURCE_DATE_EPOCH names; None without it, or for what is no time."""
    try:
        return datetime.fromtimestamp(int(os.environ[EPOCH]), timezone.utc)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _own_version() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return ""
