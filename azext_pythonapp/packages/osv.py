"""Advisories in the OSV format: which versions of a package they mean, and what to tell of them.

Source: https://ossf.github.io/osv-schema/, whose section "Evaluation" has the algorithm for ranges; versions of the
ecosystem PyPI are compared by PEP 440.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from azext_pythonapp.packages.cvss import Severity, severity_of

ECOSYSTEM = "pypi"
# Of two events at one version, this order lets {"introduced": "1", "last_affected": "1"} mean that version alone.
_ORDER = {"introduced": 0, "last_affected": 1, "fixed": 2}
_RANGES = ("ECOSYSTEM", "SEMVER")
_PREFERRED = ("PYSEC-", "GHSA-", "CVE-")
_SUMMARY = 200


@dataclass(frozen=True)
class Installed:
    """An installed version. A local label (`1.0+cu118`) counts only where an advisory names one as well (PEP 440)."""

    version: Version

    @cached_property
    def public(self) -> Version:
        """The version without its local label."""
        return Version(self.version.public) if self.version.local is not None else self.version

    def beside(self, other: Version) -> Version:
        """Return the version to compare with another one."""
        return self.public if other.local is None else self.version


@dataclass(frozen=True)
class Finding:
    """A vulnerability of an installed package.

    id: of the record that is preferred of all those that tell the same; aliases: its other ids. fixed_in: the lowest
    version above the installed one that is not affected, None when there is none, or none is known.
    """

    name: str
    version: str
    id: str
    aliases: tuple[str, ...]
    severity: Severity
    fixed_in: str | None
    summary: str

    def to_dict(self) -> dict[str, Any]:
        """Return the row of docs/json-output.md."""
        return {
            "name": self.name,
            "version": self.version,
            "id": self.id,
            "aliases": list(self.aliases),
            "severity": self.severity.rating,
            "fixedIn": self.fixed_in,
            "summary": self.summary,
        }


@lru_cache(maxsize=1 << 17)
def parsed(text: str) -> Version | None:
    """Return a version as PEP 440 reads it; None for what is none."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion is one; so is a number of more digits than Python reads
        return None


def fault(record: Any) -> str | None:
    """Return why a JSON value is no OSV record, in a few words; None for one."""
    if not isinstance(record, dict):
        return "it is no JSON object"
    if not isinstance(record.get("id"), str) or not record["id"].strip():
        return "it has no 'id'"
    if "affected" not in record and not isinstance(record.get("modified"), str):
        return "it has neither 'modified' nor 'affected'"
    for key in ("affected", "severity"):
        if not isinstance(record.get(key) or [], list):
            return f"its '{key}' is no list"
    if not _is_list_of(str, record.get("aliases") or []):
        return "its 'aliases' are no texts"
    faults = (_fault_of_entry(each) for each in record.get("affected") or ())
    return next(filter(None, faults), None)


def _fault_of_entry(entry: Any) -> str | None:
    """Return why an element of `affected` is not what the format says."""
    if not isinstance(entry, dict):
        return "its 'affected' has no object"
    package = entry.get("package")
    if package is not None and not (
        isinstance(package, dict) and isinstance(package.get("name"), str) and isinstance(package.get("ecosystem"), str)
    ):
        return "a package in its 'affected' has no name and ecosystem"
    versions, ranges = entry.get("versions") or [], entry.get("ranges") or []
    if not _is_list_of(str, versions):
        return "its 'versions' are no texts"
    if not _is_list_of(dict, ranges):
        return "its 'ranges' are no objects"
    for each in ranges:
        events = each.get("events") or []
        if not isinstance(each.get("type"), str):
            return "a range has no 'type'"
        if not _is_list_of(dict, events) or not all(_is_list_of(str, list(event.values())) for event in events):
            return "the 'events' of a range are no versions"
    return None


def _is_list_of(kind: type, value: Any) -> bool:
    """Return whether a JSON value is a list with values of one kind only; lists of versions can be long."""
    return isinstance(value, list) and set(map(type, value)) <= {kind}


def packages_of(record: Mapping[str, Any]) -> set[str]:
    """Return the canonical names of PyPI's packages that a record is about."""
    return {name for name, _ in _entries(record)}


def _entries(record: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for entry in record.get("affected") or ():
        package = entry.get("package") or {}
        if package.get("ecosystem", "").partition(":")[0].lower() == ECOSYSTEM:
            yield canonicalize_name(package["name"]), entry


def affects(entry: Mapping[str, Any], installed: Installed) -> bool:
    """Return whether an element of `affected` means an installed version: it is listed, or in one of the ranges.

    Ranges of type GIT are about commits and are left out. SEMVER is compared as PEP 440, which reads nearly all of it.
    """
    return any(in_range(each, installed) for each in _version_ranges(entry)) or _is_listed(
        entry.get("versions") or (), installed
    )


def _version_ranges(entry: Mapping[str, Any]) -> Iterable[Sequence[Mapping[str, str]]]:
    return (each.get("events") or () for each in entry.get("ranges") or () if each["type"].upper() in _RANGES)


def in_range(events: Sequence[Mapping[str, str]], installed: Installed) -> bool:
    """Return whether the events of one range, in any order, mean a version.

    An event whose version is none by PEP 440 is as if it were not there, and such an `introduced` means all versions
    from the first one on: of what is not understood, more is reported than less.
    """
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(_is_below(installed, limit) for limit in limits):
        return False
    vulnerable = False
    for _, version, kind in sorted(_steps(events), key=lambda step: (step[0], step[1] or 0, _ORDER[step[2]])):
        mine = installed.beside(version) if version is not None else None
        if kind == "introduced":
            vulnerable = vulnerable or version is None or mine >= version
        elif (kind == "fixed" and mine >= version) or (kind == "last_affected" and mine > version):
            vulnerable = False
    return vulnerable


def _steps(events: Sequence[Mapping[str, str]]) -> Iterable[tuple[bool, Any, str]]:
    """Yield (whether it has a version, the version, kind); "0" is before every version."""
    for event in events:
        for kind in _ORDER:
            if kind in event:
                version = None if kind == "introduced" and event[kind] == "0" else parsed(event[kind])
                if version is not None or kind == "introduced":
                    yield version is not None, version, kind


def _is_below(installed: Installed, limit: str) -> bool:
    version = parsed(limit)
    return limit == "*" or version is None or installed.beside(version) < version


def _is_listed(versions: Sequence[str], installed: Installed) -> bool:
    first = str(installed.version.release[0])
    for text in versions:
        # Most of them need no closer look.
        begins = text.partition(".")[0]
        if begins.isdecimal() and begins.isascii() and begins.lstrip("0") != first.lstrip("0"):
            continue
        version = parsed(text)
        if version is not None and installed.beside(version) == version:
            return True
    return False


def unreadable(record: Mapping[str, Any], name: str) -> str | None:
    """Return a version in a record's ranges about a package that PEP 440 does not know; None for none."""
    for each, entry in _entries(record):
        for events in _version_ranges(entry) if each == name else ():
            for event in events:
                for kind, text in event.items():
                    if kind in (*_ORDER, "limit") and text != "*" and parsed(text) is None:
                        return text
    return None


def findings(name: str, version: str, records: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Return the vulnerabilities of an installed package, each once, by id.

    name: canonical. version: as PEP 440 reads it; any other one is compared with the texts of those that are listed.
    records: all that are about the package; withdrawn ones are left out.
    """
    known = parsed(version)
    installed = Installed(known) if known is not None else None
    live = [record for record in records if not record.get("withdrawn")]
    groups = (_Group(name, group) for group in _same(live))
    found = [
        group.finding(version, installed)
        for group in groups
        if (group.affects(installed) if installed is not None else group.lists(version))
    ]
    return sorted(found, key=lambda finding: finding.id)


def clean_version(name: str, version: str, records: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the lowest fixed version above an installed one that no record means; None where there is none.

    Where some vulnerability has no fix, those count that have. The parameters are those of `findings`. An advisory that
    does not mean the installed version counts as well: it may mean the one to be installed.
    """
    known = parsed(version)
    if known is None:
        return None
    live = [record for record in records if not record.get("withdrawn")]
    groups = [_Group(name, group) for group in _same(live)]
    installed = Installed(known)
    own = [group for group in groups if group.affects(installed)]
    fixed = {each: text for group in groups for each, text in group.fixed_above(installed).items()}
    without_fix = [group for group in own if group.fixed_in(installed) is None]
    others = [group for group in groups if group not in without_fix]
    needed = [group for group in own if group not in without_fix]
    if not needed:
        return None
    for wanted in (others, needed):
        for each in sorted(fixed):
            if not any(group.affects(Installed(each)) for group in wanted):
                return fixed[each]
    return None


def _same(records: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return records in groups: those that share an id or an alias tell of the same vulnerability."""
    groups: list[tuple[set[str], list[Mapping[str, Any]]]] = []
    for record in records:
        ids, members = _ids(record), [record]
        apart = []
        for other_ids, others in groups:
            if ids.isdisjoint(other_ids):
                apart.append((other_ids, others))
            else:
                ids, members = ids | other_ids, [*others, *members]
        groups = [*apart, (ids, members)]
    return [members for _, members in groups]


def _ids(record: Mapping[str, Any]) -> set[str]:
    return {record["id"], *(record.get("aliases") or ())}


def _rank(name: str) -> tuple[int, str]:
    return next((number for number, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED)), name


class _Group:
    """The records that tell of one vulnerability of a package."""

    def __init__(self, name: str, records: Sequence[Mapping[str, Any]]):
        self._name = name
        self._records = sorted(records, key=lambda record: _rank(record["id"]))
        self._entries = [entry for record in records for each, entry in _entries(record) if each == name]

    def affects(self, installed: Installed) -> bool:
        """Return whether one of the records means a version."""
        return any(affects(entry, installed) for entry in self._entries)

    def lists(self, version: str) -> bool:
        """Return whether one of the records lists a version in these words."""
        return any(version.lower() == text.lower() for entry in self._entries for text in entry.get("versions") or ())

    def finding(self, version: str, installed: Installed | None) -> Finding:
        """Return what the records say of an installed version; None for one that PEP 440 does not know."""
        first = self._records[0]["id"]
        ids = set().union(*map(_ids, self._records)) - {first}
        return Finding(
            self._name,
            version,
            first,
            tuple(sorted(ids, key=_rank)),
            severity_of(self._records, self._entries),
            self.fixed_in(installed) if installed is not None else None,
            next(filter(None, map(_summary, self._records)), ""),
        )

    def fixed_in(self, installed: Installed) -> str | None:
        """Return the lowest fixed version above the installed one; records that tell the same may disagree on it."""
        fixed = self.fixed_above(installed)
        return next((fixed[version] for version in sorted(fixed) if not self.affects(Installed(version))), None)

    def fixed_above(self, installed: Installed) -> dict[Version, str]:
        """Return the versions above an installed one in which a record says that something is fixed."""
        fixed: dict[Version, str] = {}
        for entry in self._entries:
            for events in _version_ranges(entry):
                for text in (event["fixed"] for event in events if "fixed" in event):
                    version = parsed(text)
                    if version is not None and version > installed.beside(version):
                        fixed.setdefault(version, text)
        return fixed


def _summary(record: Mapping[str, Any]) -> str:
    """Return a record's summary; without one, the first line of its details that is text, shortened."""
    summary = record.get("summary")
    if isinstance(summary, str) and summary.strip():
        return " ".join(summary.split())
    details = record.get("details")
    lines = details.splitlines() if isinstance(details, str) else []
    text = next((" ".join(line.strip("#* \t").split()) for line in lines if line.strip("#* \t")), "")
    return text if len(text) <= _SUMMARY else text[: _SUMMARY - 1].rstrip() + "…"
