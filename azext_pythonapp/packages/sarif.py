"""Findings as SARIF 2.1.0, which code scanning reads.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub makes of it is in
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning:
a result needs a file, `security-severity` is a CVSS score as text, and `partialFingerprints` tell whether a result is
new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from azext_pythonapp.packages.osv import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "none": "note"}
# Where no vector gives a score: the middle of the rating.
_SCORES = {"critical": 9.5, "high": 8.0, "medium": 5.5, "low": 2.0, "none": 0.0}


def sarif(findings: Sequence[Finding], place: str, label: str) -> dict[str, Any]:
    """Return the log. place: names the app, slot included, with '/'. label: the app in a sentence."""
    rules: dict[str, dict[str, Any]] = {}
    for finding in findings:
        rules.setdefault(finding.id, _rule(finding))
    numbers = {name: number for number, name in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "az webapp python package audit",
                        "informationUri": "https://osv.dev",
                        "rules": list(rules.values()),
                    }
                },
                "automationDetails": {"id": f"webapp-python-package-audit/{place}/"},
                "results": [_result(finding, numbers[finding.id], place, label) for finding in findings],
            }
        ],
    }


def _rule(finding: Finding) -> dict[str, Any]:
    text = finding.summary or finding.id
    names = ", ".join(finding.aliases)
    score = finding.severity.score
    if score is None and finding.severity.rating is not None:
        score = _SCORES[finding.severity.rating]
    return {
        "id": finding.id,
        "shortDescription": {"text": text},
        "fullDescription": {"text": f"{text} ({names})" if names else text},
        "helpUri": f"https://osv.dev/vulnerability/{quote(finding.id, safe='', errors='replace')}",
        "defaultConfiguration": {"level": _level(finding)},
        "properties": {
            "tags": ["security", "vulnerability", *finding.aliases],
            **({"security-severity": f"{score:.1f}"} if score is not None else {}),
        },
    }


def _result(finding: Finding, number: int, place: str, label: str) -> dict[str, Any]:
    fixed = f" Fixed in {finding.fixed_in}." if finding.fixed_in is not None else " No fixed version is known."
    about = f": {finding.summary}" if finding.summary else ""
    text = f"{finding.name} {finding.version} of {label} has {finding.id}{about.rstrip('.')}.{fixed}"
    print_of = "\n".join((place, finding.name, finding.id))
    return {
        "ruleId": finding.id,
        "ruleIndex": number,
        "level": _level(finding),
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"{quote(place)}/site-packages/{quote(finding.name)}"},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "name": finding.name,
                        "fullyQualifiedName": f"{finding.name}=={finding.version}",
                        "kind": "package",
                    }
                ],
            }
        ],
        "partialFingerprints": {
            "packageAndVulnerability/v1": hashlib.sha256(print_of.encode("utf-8", "replace")).hexdigest()
        },
    }


def _level(finding: Finding) -> str:
    return _LEVELS.get(finding.severity.rating or "", "warning")
