"""What the record of a change says of Pythons and their packages, as commands know them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.history.environment import EnvironmentChange, RecordedEnvironment
from azext_pythonapp.history.record import PackageChange, Record, RecordedRuntime, RuntimeChange
from azext_pythonapp.jobs.state import JobResult
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.packages import record
from azext_pythonapp.packages.pip import HomeFile, PipCommand
from azext_pythonapp.packages.wheels import STORE
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.runtimes.environment import Description, Letter
from azext_pythonapp.url_secrets import without_secrets

# pip's options that say where packages come from, by the variable that this product passes some of them in.
_SOURCES = {
    "PIP_INDEX_URL": "--index-url",
    "PIP_EXTRA_INDEX_URL": "--extra-index-url",
    "PIP_FIND_LINKS": "--find-links",
}
# What `OpenChange.note` takes of environments, by the field of EnvironmentChange.
_ENVIRONMENT = {
    "environment_before": "before",
    "environment_after": "after",
    "environment_addresses": "addresses",
    "environment_arguments": "arguments",
    "environment_wheels": "wheels",
}
_WITH_VALUE = ("--find-links", "-f", "--trusted-host")


def in_use(python: InstalledRuntime | None) -> RecordedRuntime | None:
    """Return the Python that an app runs; None for none, or for one that is not on the app."""
    return _recorded(python) if python is not None else None


def runtime_change(action: str, python: InstalledRuntime) -> RuntimeChange:
    """Return a runtime that comes or goes. action: "install" or "uninstall"."""
    return RuntimeChange.of(action, _recorded(python))


def _recorded(python: InstalledRuntime) -> RecordedRuntime:
    return RecordedRuntime(
        python.version,
        python.architecture,
        python.extension_id,
        python.package_version,
        python.source,
        python.python_path,
        package=python.package,
    )


def environment_part(letter: Letter, description: Description) -> RecordedEnvironment:
    """Return an environment as records have it. description: what its own file says."""
    base = description.base
    return RecordedEnvironment(
        letter,
        description.job,
        base.python_path,
        base.version,
        base.architecture,
        dict(description.packages),
        description.requirements,
        description.digest,
        tuple(description.added),
        tuple(description.removed),
        description.installer,
        description.built_at,
    )


def package_part(
    target: Target,
    before: Mapping[str, str] | None,
    call: PipCommand | None = None,
    sources: Sequence[tuple[str, str | HomeFile]] = (),
) -> PackageChange:
    """Return the packages of a Python before they are changed.

    before: version by canonical name; None for not known. call: of pip, None for none. sources: lines of the
    requirements files that say where packages come from, as (option, value), "" for the value of a flag.
    """
    return PackageChange(
        target.python_path,
        target.version,
        target.architecture,
        target.folder,
        before,
        arguments=source_arguments(call, sources),
        wheels=STORE,
    )


def source_arguments(
    call: PipCommand | None, sources: Sequence[tuple[str, str | HomeFile]] = (), secrets: bool = False
) -> list[str]:
    """Return the options of pip that say where packages come from, without credentials. secrets: with them, then never
    for a record.

    A page of local wheels is left out: it is in the folder of a job, which is deleted; the store has its wheels.
    Parameters as for `package_part`.
    """
    words = list(call.arguments) if call is not None else []
    found: list[str] = []
    for option, value in zip(words, [*words[1:], ""]):
        if option in ("--no-index", "--pre"):
            found.append(str(option))
        elif option in _WITH_VALUE and isinstance(value, (str, HomeFile)):
            found += [str(option), _place(value, secrets)]
    for variable, option in _SOURCES.items():
        for address in (call.environment.get(variable) or "").split() if call is not None else ():
            found += [option, address if secrets else without_secrets(address)]
    for name, value in sources:
        found += [name, _place(value, secrets)] if value else [name]
    return found


def _place(value: str | HomeFile, secrets: bool) -> str:
    r"""Return an address, or a folder of the app as %HOME%\…"""
    if isinstance(value, str):
        return value if secrets else without_secrets(value)
    return "%HOME%\\" + value.path.replace("/", "\\")


def with_result(part: PackageChange, result: JobResult | None) -> PackageChange:
    """Return the packages with what a job made of them. result: None when it is not known."""
    if result is None:
        return part
    addresses = {**part.addresses, **{name: without_secrets(each) for name, each in result.addresses.items()}}
    part = replace(part, last_run=result.record_before if part.last_run is None else part.last_run)
    if part.before is None:
        return replace(part, addresses=addresses)
    after = dict(part.after if part.after is not None else part.before)
    for name, (_, version) in result.versions.items():
        if version is None:
            after.pop(canonicalize_name(name), None)
        else:
            after[canonicalize_name(name)] = version
    return replace(part, after=after, addresses=addresses)


def noted_run(app: App, folder: str) -> dict[str, Any]:
    """Return what the last `install-requirements` has noted of a runtime, {} for nothing; one request."""
    try:
        return record.fields_of(app.kudu.read(record.path_for(folder)).content)
    except NotFound:
        return {}


def note_last_run(app: App, folder: str, noted: Mapping[str, Any]) -> None:
    """Make what the last `install-requirements` has noted what it was, so that the next one needs no pip.

    noted: as `noted_run` returns it. Raises nothing of Azure's: without it, pip is asked once more.
    """
    with suppress(PythonAppError):
        if noted:
            app.kudu.write(record.path_for(folder), json.dumps(noted).encode("ascii"))
        else:
            app.kudu.delete(record.path_for(folder))


def continued(earlier: Record, parts: dict[str, Any]) -> dict[str, Any]:
    """Return parts with what an interrupted change had found before in place of what is found now."""
    found = dict(parts)
    if "packages" in found:
        had = {each.folder.lower(): each for each in earlier.packages}
        now = {each.folder.lower(): with_before(each, had.get(each.folder.lower())) for each in found["packages"]}
        found["packages"] = tuple({**had, **now}.values())
    if "runtimes" in found:
        known = {(each.action, each.python_path.lower()): each for each in earlier.runtimes}
        new = {(each.action, each.python_path.lower()): each for each in found["runtimes"]}
        # What is half uninstalled tells less of itself than it did before.
        gone = {key: each for key, each in known.items() if each.action == "uninstall"}
        found["runtimes"] = tuple({**known, **new, **gone}.values())
    if earlier.environment is not None and "environment" in found:
        addresses = {**found["environment"].addresses, **earlier.environment.addresses}
        found["environment"] = replace(found["environment"], before=earlier.environment.before, addresses=addresses)
    if earlier.runtime_before is not None and "runtime_before" in found:
        found["runtime_before"] = earlier.runtime_before
    if earlier.page_before is not None:
        found["page_before"] = earlier.page_before
    return found


def with_environment(known: EnvironmentChange | None, parts: dict[str, Any]) -> dict[str, Any]:
    """Return parts of a record with one `environment` in place of those that `OpenChange.note` takes of it.

    Those are environment_before and environment_after, the RecordedEnvironment that the app ran and runs, None for the
    runtime's own packages, and environment_addresses, environment_arguments and environment_wheels, as
    EnvironmentChange has them. known: what was noted before, which stays where `parts` does not say otherwise.
    """
    given = {name: parts[key] for key, name in _ENVIRONMENT.items() if key in parts}
    others = {key: value for key, value in parts.items() if key not in _ENVIRONMENT}
    if known is None and not any(given.values()):
        return others
    return {**others, "environment": replace(known or EnvironmentChange(None), **given)}


def with_before(part: PackageChange, earlier: PackageChange | None) -> PackageChange:
    """Return the packages of a Python with what an earlier part knows of what was there before."""
    if earlier is None:
        return part
    before = part.before if earlier.before is None else earlier.before
    last_run = part.last_run if earlier.last_run is None else earlier.last_run
    return replace(part, before=before, addresses={**part.addresses, **earlier.addresses}, last_run=last_run)
