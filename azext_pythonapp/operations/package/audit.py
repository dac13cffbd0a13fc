"""`package audit`: which installed packages have known vulnerabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from packaging.version import Version

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.observe import Part, observe
from azext_pythonapp.operations.app.python_in_use import every_package_in_use
from azext_pythonapp.operations.package.advisories import LIBRARY, Source
from azext_pythonapp.operations.package.python_path import VARIABLE, places
from azext_pythonapp.output_file import require_writable, write_output
from azext_pythonapp.packages import osv
from azext_pythonapp.packages.osv import Finding
from azext_pythonapp.packages.osv_file import Advisories
from azext_pythonapp.packages.sarif import sarif

Format = Literal["json", "sarif"]
_MOST_NAMED = 5


@dataclass(frozen=True)
class AuditRequest:
    """source: of the advisories. format: of the answer. output: the file for it, None for none."""

    source: Source
    format: Format = "json"
    output: Path | None = None

    @classmethod
    def from_options(cls, advisories: str | None, form: str, output_file: str | None) -> AuditRequest:
        """Read the options. Raises InvalidInput."""
        wanted: Format = "sarif" if form.lower() == "sarif" else "json"
        output = require_writable(output_file) if output_file is not None else None
        return cls(Source.from_option(advisories), wanted, output)


@dataclass(frozen=True)
class Audit:
    """answer: rows, or a SARIF log. found: a sentence about the vulnerabilities; None for no vulnerability."""

    answer: Any
    found: str | None


def audit(app: App, request: AuditRequest, folder: Path) -> Audit:
    """Compare the packages of the Python in use with advisories. folder: az's own, for copies of them.

    With a file for the answer, SARIF is only in there, and the rows are the answer all the same.
    Raises what `every_package_in_use` raises, and what `read` of the advisories raises.
    """
    reading = Part("advisories", partial(LIBRARY.read, request.source, app.web, folder, app.progress))
    own, packages = every_package(app)
    advisories = reading.get()
    _say_unknown(app, packages)
    _say_doubles(app, packages)
    findings = find(app, packages, advisories)
    rows = [finding.to_dict() for finding in findings]
    answer: Any = rows
    if request.format == "sarif":
        answer = sarif(findings, "/".join(filter(None, (app.site.name, app.site.slot))), app.site.label)
    if request.output is not None:
        write_output(request.output, json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    _say_fixes(app, [each for each in findings if (each.name, each.version) in own], advisories)
    number, affected = len(findings), len({finding.name for finding in findings})
    count = len({row["name"] for row in packages})
    packages_ = f"{count} package{'s' * (count != 1)}"
    if not findings:
        app.progress.conclude(f"No known vulnerability in {packages_} of {app.site.label}.")
    found = (
        f"{affected} of {packages_} of {app.site.label} "
        f"{'have' if affected != 1 else 'has'} {number} known vulnerabilit{'ies' if number != 1 else 'y'}."
    )
    if findings:
        app.progress.conclude(found)
    return Audit(rows if request.output is not None else answer, found if findings else None)


def every_package(app: App) -> tuple[set[tuple[str, str]], list[dict[str, str]]]:
    """Return what the Python in use has, and rows of that and of what is in the folders of PYTHONPATH, by name.

    Says what of it `package install` cannot change, and what cannot be looked at.
    """
    seen = observe(app, pythons=False)
    own = set(every_package_in_use(seen))
    every = set(own)
    for place in places(seen):
        if place.packages is None:
            app.progress.say(f"WARNING: Not compared: {place.path} of {VARIABLE}, which is not below %HOME%.")
            continue
        every.update(place.packages)
        count = len(place.packages)
        app.progress.say(
            f"Compared as well: {count} package{'s' * (count != 1)} in {place.path}, which {VARIABLE} names. They come "
            "with the app's files: `package vendor` or your build changes them."
        )
    return own, [{"name": name, "version": version} for name, version in sorted(every)]


def find(app: App, packages: Sequence[Mapping[str, str]], advisories: Advisories) -> list[Finding]:
    """Return the vulnerabilities of packages, by name and id. packages: rows of `package list`."""
    about = advisories.about({row["name"] for row in packages})
    strange: dict[str, str] = {}
    findings: list[Finding] = []
    for row in packages:
        records = about.get(row["name"], [])
        findings += osv.findings(row["name"], row["version"], records)
        for record in records:
            version = None if record.get("withdrawn") else osv.unreadable(record, row["name"])
            if version is not None:
                strange.setdefault(record["id"], version)
    if strange:
        named = [f"{name} ({version})" for name, version in sorted(strange.items())]
        app.progress.say(
            f"Advisories with a version in a range that PEP 440 does not know, which is left out: {_some(named)}."
        )
    return findings


def _say_unknown(app: App, packages: Sequence[Mapping[str, str]]) -> None:
    """Warn of packages whose version nothing can be compared with."""
    unknown = [row for row in packages if osv.parsed(row["version"]) is None]
    if unknown:
        named = [f"{row['name']} ({row['version'] or 'no version'})" for row in unknown]
        app.progress.say(
            f"WARNING: Not compared with ranges, because their version is none that PEP 440 knows: {_some(named)}. "
            f"{app.site.label[0].upper()}{app.site.label[1:]} may be affected by what they have."
        )


def _say_doubles(app: App, packages: Sequence[Mapping[str, str]]) -> None:
    """Say which packages are there in several versions: each was compared, and only one of them is imported."""
    versions: dict[str, list[str]] = {}
    for row in packages:
        versions.setdefault(row["name"], []).append(row["version"] or "no version")
    twice = [f"{name} ({', '.join(each)})" for name, each in versions.items() if len(each) > 1]
    if twice:
        app.progress.say(
            f"There in several versions, each of which was compared, while only one is imported: {_some(twice)}."
        )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _say_fixes(app: App, findings: Sequence[Finding], advisories: Advisories) -> None:
    """Say which command installs what has a fix: of each package, a version that has none of what can be fixed."""
    wanted: dict[str, list[str]] = {}
    about = advisories.about({finding.name for finding in findings})
    for name, version in sorted({(finding.name, finding.version) for finding in findings}):
        clean = osv.clean_version(name, version, about[name])
        if clean is not None:
            wanted.setdefault(name, []).append(clean)
    if wanted:
        words = " ".join(quoted(f"{name}>={max(versions, key=Version)}") for name, versions in wanted.items())
        app.progress.conclude(
            f"To install what is fixed: `az webapp python package install {app.site.arguments} --packages {words}`."
        )
