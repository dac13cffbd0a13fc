"""The features of each pip version, and the last pip version for each Python."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from packaging.version import InvalidVersion, Version

from azext_pythonapp.errors import Refused
from azext_pythonapp.packages import cooldown

# From Requires-Python of pip's own wheels (docs/platform/site-extensions.md 4.5). Newer Pythons run the newest pip.
LAST_PIP = {
    "2.7": "20.3.4",
    "3.4": "19.1.1",
    "3.5": "20.3.4",
    "3.6": "21.3.1",
    "3.7": "24.0",
    "3.8": "25.0.1",
    "3.9": "26.0.1",
}
# The first pip that is called after its year; one that is so many years behind is not too old yet.
_FIRST_YEAR, _YEARS = 18, 4
# See packages/index_urls.py for what an older pip does with such credentials.
ENCODED_INDEX = "--index-url with percent-encoded credentials"
ENCODED_EXTRA_INDEX = "--extra-index-url with percent-encoded credentials"
# The pip release that introduced each, from its change log.
INTRODUCED = {
    "--only-binary": "7.0",
    "--constraint": "7.1",
    "--require-hashes": "8.0",
    "check": "9.0",
    "--format=json": "9.0",
    "--no-build-isolation": "10.0",
    "--prefer-binary": "18.0",
    "--use-pep517": "19.0",
    "--use-feature": "20.0",
    "--config-settings": "22.1",
    cooldown.DATE: "26.0",
    cooldown.DURATION: "26.1",
    ENCODED_INDEX: "10.0",
    ENCODED_EXTRA_INDEX: "10.0",
}


def upgrade_for(features: Iterable[str], pip_version: str | None, python_version: str) -> str | None:
    """Return the requirement to upgrade pip to first, such as "pip<=21.3.1"; None when that is not needed.

    features: options and commands of pip that will be used. pip_version: the runtime's; None when not known, and then
    pip is not upgraded. python_version: such as "3.6.4".
    Raises Refused when no pip for that Python has the feature, or when the newer pip would come from an index that the
    installed one cannot sign in to.
    """
    lacking = missing(features, pip_version)
    if not lacking:
        return None
    last = LAST_PIP.get(".".join(python_version.split(".")[:2]))
    for feature in missing(lacking, last):
        raise Refused(
            f"{feature} needs pip {INTRODUCED[feature]}, and the last pip for Python {python_version} is {last}.",
            "Omit the option, or use a newer Python: `az webapp python set-version`.",
        )
    newer = f"pip<={last}" if last else "pip"
    if ENCODED_INDEX in lacking:
        raise Refused(
            f"pip {pip_version} of Python {python_version} cannot sign in to the index of --index-url: it "
            "does not decode percent-encoded credentials, and a newer pip would come from the same index.",
            "Install a newer pip from another index first: `az webapp python package install --upgrade "
            f'--packages "{newer}"`.',
        )
    return newer


def too_old(pip_version: str, minor: str, today: date) -> bool:
    """Return whether a pip is from before 2018, or of a year that is more than four before that of the last one for its
    Python.

    pip_version: of the installed one. minor: of the Python, such as "3.6"; for one that still gets new ones this year
    counts. pip's versions begin with their year since 18.0 (docs/platform/site-extensions.md 4.5). A version that is
    none is not too old.
    """
    try:
        year, last = Version(pip_version).major, LAST_PIP.get(minor)
    except InvalidVersion:
        return False
    newest = Version(last).major if last is not None else today.year - 2000
    return year < max(_FIRST_YEAR, newest - _YEARS)


def missing(features: Iterable[str], pip_version: str | None) -> list[str]:
    """Return the features that a version of pip does not have; none when the version is not known."""
    try:
        present = Version(pip_version or "")
    except InvalidVersion:
        return []
    return [feature for feature in features if feature in INTRODUCED and present < Version(INTRODUCED[feature])]
