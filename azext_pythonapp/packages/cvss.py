"""How severe a vulnerability is, by its CVSS vector or by the word of the database that tells of it.

Sources: https://www.first.org/cvss/v3.1/specification-document (section 7 and appendix A; base scores of 3.0 are the
same), https://www.first.org/cvss/v2/guide (section 3.2.1) and https://www.first.org/cvss/v4.0/specification-document
(section 8). Ratings are those of section 5 of the first, for all versions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azext_pythonapp.packages.cvss4 import base_score_4

RATINGS = ("none", "low", "medium", "high", "critical")
_WORDS = {"moderate": "medium", "important": "high", "negligible": "low", "minor": "low", "severe": "critical"}
# Newest first: the same vulnerability has one vector in each.
_TYPES = ("CVSS_V4", "CVSS_V3", "CVSS_V2")

_V3 = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
# Privileges count for more where the scope changes.
_V3_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_V2 = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
    "C": {"N": 0.0, "P": 0.275, "C": 0.66},
    "I": {"N": 0.0, "P": 0.275, "C": 0.66},
    "A": {"N": 0.0, "P": 0.275, "C": 0.66},
}


@dataclass(frozen=True)
class Severity:
    """rating: one of RATINGS, None where nobody rated it. score: CVSS's base score, None without a vector."""

    rating: str | None
    score: float | None = None


def base_score(vector: str) -> float | None:
    """Return the base score of a CVSS vector, of any version; None for what is no vector."""
    parts = vector.strip().split("/")
    version, parts = (parts[0], parts[1:]) if parts[0].startswith("CVSS:") else ("", parts)
    metrics = dict(part.split(":", 1) for part in parts if ":" in part)
    try:
        if version == "CVSS:4.0":
            return base_score_4(metrics)
        if version in ("CVSS:3.0", "CVSS:3.1"):
            return _base_score_3(metrics)
        return _base_score_2(metrics) if not version else None
    except KeyError:  # a metric is missing, or has a value that it cannot have
        return None


def rating(score: float) -> str:
    """Return the rating of a base score."""
    limits = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
    return next((word for least, word in limits if score >= least), "none")


def severity_of(records: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]) -> Severity:
    """Return the severity that records of one vulnerability tell.

    records: of OSV. entries: their elements of `affected` about the package, which can have a severity of their own.
    The newest version of CVSS counts, of several vectors the highest score; without one, the word of a database.
    """
    records, entries = list(records), list(entries)
    given = [each for one in (*records, *entries) for each in _list(one.get("severity")) if isinstance(each, dict)]
    for kind in _TYPES:
        vectors = [str(each.get("score")) for each in given if each.get("type") == kind]
        scores = [score for score in map(base_score, vectors) if score is not None]
        if scores:
            return Severity(rating(max(scores)), max(scores))
    specific = [one.get(key) for one in (*records, *entries) for key in ("database_specific", "ecosystem_specific")]
    words = [_word(each.get("severity")) for each in specific if isinstance(each, dict)]
    return Severity(max(filter(None, words), key=RATINGS.index, default=None))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _word(value: Any) -> str | None:
    word = value.strip().lower() if isinstance(value, str) else ""
    word = _WORDS.get(word, word)
    return word if word in RATINGS else None


def _base_score_3(metrics: Mapping[str, str]) -> float:
    """Raises KeyError for metrics that are not complete."""
    value = {name: values[metrics[name]] for name, values in _V3.items()}
    changed = {"U": False, "C": True}[metrics["S"]]
    privileges = _V3_PRIVILEGES[metrics["S"]][metrics["PR"]]
    base = 1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    exploitability = 8.22 * value["AV"] * value["AC"] * privileges * value["UI"]
    if impact <= 0:
        return 0.0
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10))


def _rounded_up(value: float) -> float:
    """Return the smallest number with one decimal that is not below a value (3.1, appendix A)."""
    number = round(value * 100_000)
    return number / 100_000 if number % 10_000 == 0 else (number // 10_000 + 1) / 10


def _base_score_2(metrics: Mapping[str, str]) -> float:
    """Raises KeyError for metrics that are not complete."""
    value = {name: values[metrics[name]] for name, values in _V2.items()}
    impact = 10.41 * (1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"]))
    exploitability = 20 * value["AV"] * value["AC"] * value["Au"]
    score = (0.6 * impact + 0.4 * exploitability - 1.5) * (1.176 if impact else 0)
    return math.floor(score * 10 + 0.5) / 10
