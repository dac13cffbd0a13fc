"""Explain why pip found nothing for a requirement: the index was not reached, or has no such package or version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.pip_output import PipOutput, canonical, project
from azext_pythonapp.packages.version_words import nearest, pinned_version, python_words

# Packages that `pip freeze` lists on Debian or Ubuntu and no index has.
_DEBIAN_PACKAGES = (
    "pkg-resources",
    "apturl",
    "command-not-found",
    "language-selector",
    "python-apt",
    "screen-resolution-extra",
    "ubuntu-advantage-tools",
    "ubuntu-drivers-common",
    "ubuntu-pro-client",
    "ufw",
    "unattended-upgrades",
    "usb-creator",
)
# Python itself, as conda and poetry write it, and modules of its library that people list in requirements files.
_STANDARD_LIBRARY = (
    "python",
    "base64",
    "collections",
    "csv",
    "ctypes",
    "datetime",
    "hashlib",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pickle",
    "random",
    "re",
    "shutil",
    "smtplib",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "tkinter",
    "traceback",
    "unittest",
    "urllib",
    "zipfile",
    "zlib",
)
_DEBIAN_VERSION = re.compile(r"\+(?:ubuntu|debian|deb\d)", re.IGNORECASE)


def explain_index(output: PipOutput) -> Explanation | None:
    """Return why an index could not be used, or does not have a requirement; None when neither is known."""
    requirement = output.no_version["requirement"] if output.no_version is not None else None
    name = project(requirement) if requirement is not None else None
    unreached = output.answers.failure(name)
    if unreached is not None and (requirement is not None or output.raised or output.incomplete):
        has = f" Another index has these versions of {name}: {_listed(output.versions)}." if output.versions else ""
        return Explanation(unreached.sentence + has, unreached.advice)
    if output.incomplete:
        return Explanation(
            "The download of a package from the index ended before it was complete.", "Run the command again."
        )
    return _no_version(output, requirement, name) if requirement is not None and name is not None else None


def foreign_name(requirement: str, name: str, nothing: bool) -> Explanation | None:
    """Explain a name that no index has, because it is that of something else; None for any other.

    nothing: whether the index has no version of it at all.
    """
    if canonical(name) in _DEBIAN_PACKAGES and nothing or _DEBIAN_VERSION.search(requirement):
        return Explanation(
            f"No index has this {name}: it is a package of Debian or Ubuntu itself, which `pip freeze` lists there.",
            f"Delete the line of {name} from the requirements.",
        )
    if canonical(name) in _STANDARD_LIBRARY and nothing:
        return Explanation(
            f"{name} is not a package in an index: it is Python, or part of it.",
            f"Delete the line of {name} from the requirements; the app's Python is selected with "
            "`az webapp python set-version --version`.",
        )
    return None


def _no_version(output: PipOutput, requirement: str, name: str) -> Explanation:
    nothing = not output.versions
    foreign = foreign_name(requirement, name, nothing)
    if foreign is not None:
        return foreign
    python = f"Python {output.python} ({output.tag})"
    if output.answers.no_index:
        has = f"; they have {name} {_listed(output.versions)}" if output.versions else ""
        return Explanation(
            f"None of the wheels that pip may use satisfies {requirement} for {python}{has}.",
            f"Put a wheel of it for {output.tag} into the folder of --wheel-dir, or omit --no-index.",
        )
    missing = output.answers.missing.get(canonical(name))
    if missing and nothing:
        several = (
            f"None of the indexes {' and '.join(missing)} has" if len(missing) > 1 else f"The index {missing[0]} has no"
        )
        wanted = "" if requirement == name else f", so nothing satisfies {requirement}"
        return Explanation(
            f"{several}{' a' if len(missing) > 1 else ''} package named {name}{wanted}.",
            f"Check the spelling of {name}. If another index has it, name that with --index-url or --extra-index-url.",
        )
    if output.yanked and nothing:
        return Explanation(
            f"The versions of {name} that satisfy {requirement} were withdrawn (yanked) by its authors: "
            f"{_listed(output.yanked)}.",
            f"Ask for another version; a yanked one is only installed when pinned: `{name}=={output.yanked[-1]}`.",
        )
    return _no_such_version(output, requirement, name, python)


def _no_such_version(output: PipOutput, requirement: str, name: str, python: str) -> Explanation:
    if output.only_binary and not output.versions:
        return Explanation(
            f"The index has no wheel of {name} for {python}, and --only-binary keeps pip from its sources.",
            f"Use another version or Python: it has no wheel for {output.tag}. Or bring one (--wheel-dir).",
        )
    if output.versions is None:
        return Explanation(
            f"The index has nothing for {python} that satisfies {requirement}.",
            f"If that version exists, it has no wheel for {output.tag} or does not support Python {output.python}.",
        )
    if not output.versions:
        return Explanation(
            f"The index has no version of {name} for {python}.",
            f"If {name} exists, it has no wheel for {output.tag} or does not support Python {output.python}: use "
            "another Python, or bring a wheel (--wheel-dir).",
        )
    wanted = pinned_version(requirement)
    near = nearest(output.versions, wanted)
    versions = f"{', '.join(near)}" if len(near) < len(output.versions) else _listed(output.versions)
    elsewhere = output.newest_elsewhere(name)
    newer = f" {name} {elsewhere[0]} needs Python {python_words(elsewhere[1])}." if elsewhere else ""
    which = "only has these versions" if len(near) == len(output.versions) else "has, among others, these versions"
    has = f"{which}: {versions}.{newer}" if wanted else f"{which} of {name}: {versions}.{newer}"
    return Explanation(
        f"There is no {name} {wanted} for {python}; the index {has}"
        if wanted
        else f"The index has nothing for {python} that satisfies {requirement}; it {has}",
        f"Ask for one of them; if another one exists, it has no wheel for {output.tag}.",
    )


def _listed(versions: Sequence[str] | None) -> str:
    """Return a list of versions, oldest first; of a long one only the newest."""
    found = list(versions or ())
    return ", ".join(found) if len(found) <= 8 else "… " + ", ".join(found[-8:])
