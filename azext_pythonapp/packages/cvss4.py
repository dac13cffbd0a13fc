"""The base score (CVSS-B) of a CVSS 4.0 vector.

Source: https://www.first.org/cvss/v4.0/specification-document, section 8. A vector falls into a class of vectors, a
MacroVector, whose worst one has the score of a table; how far the vector is from that lowers it. The base score leaves
out threat and environment, as if the vector did not name them.
"""

from __future__ import annotations

from collections.abc import Mapping

_LEVELS = {
    "AV": "NALP",
    "PR": "NLH",
    "UI": "NPA",
    "AC": "LH",
    "AT": "NP",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}
_IMPACT = ("VC", "VI", "VA", "SC", "SI", "SA")
# The scores of FIRST's table (section 8.3) that base metrics alone can reach: by EQ1 and EQ2; then EQ3 with EQ6; then
# EQ4, which is 1 or 2.
_IMPACTS = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1))
_SCORES = {
    (0, 0): ((10, 9.3), (9.6, 9), (9.3, 8.8), (9.2, 8), (7.9, 6.9)),
    (0, 1): ((9.5, 9.2), (9.1, 8.1), (9.2, 8.4), (8.2, 7), (7.1, 6.3)),
    (1, 0): ((9.4, 8.7), (8.9, 7.5), (8.6, 7.2), (7.6, 5.7), (6.5, 5.3)),
    (1, 1): ((9, 7.7), (7.7, 6.6), (7.4, 6.1), (5.9, 5.2), (5.8, 2.3)),
    (2, 0): ((8.6, 7), (7.4, 5.4), (7.2, 5.3), (5.7, 3.6), (4.7, 2.4)),
    (2, 1): ((7.3, 5.4), (5.5, 4.3), (6.1, 4.6), (5.1, 1.8), (2.4, 1)),
}
# The worst vectors of each class, as the letters of its metrics.
_EQ1 = (("AV", "PR", "UI"), (("NNN",), ("ANN", "NLN", "NNP"), ("PNN", "ALP")))
_EQ2 = (("AC", "AT"), (("LN",), ("HN", "LP")))
_EQ3 = (("VC", "VI", "VA"), (("HHH",), ("LHH", "HLH"), ("LLL",)))
_EQ4 = (("SC", "SI", "SA"), ((), ("HHH",), ("LLL",)))
# How many steps the mildest vector of a class is below its worst one.
_DEPTHS = ((1, 4, 5), (1, 2), (7, 8, 10), (6, 5, 4))


def base_score_4(metrics: Mapping[str, str]) -> float:
    """Return the base score. metrics: values by their names. Raises KeyError for metrics that are not complete."""
    for name, values in _LEVELS.items():
        if len(metrics[name]) != 1 or metrics[name] not in values:
            raise KeyError(name)
    if all(metrics[name] == "N" for name in _IMPACT):
        return 0.0
    classes = _classes(metrics)
    score = _score(*classes)
    assert score is not None
    # EQ5, the maturity of exploits, always has a lower class, to which the distance is none.
    drops, count = 0.0, 1
    for number, (names, worst) in enumerate((_EQ1, _EQ2, _EQ3, _EQ4)):
        lower = _lower(classes, number)
        if lower is not None:
            distance = _distance(metrics, names, worst[classes[number]])
            drops += (score - lower) * distance / _DEPTHS[number][classes[number]]
            count += 1
    return int((score - drops / count) * 10 + 0.5 + 1e-5) / 10


def _classes(metrics: Mapping[str, str]) -> tuple[int, int, int, int]:
    """Return EQ1 to EQ4. EQ6 follows from EQ3 where nothing is said of the environment: 0, unless that is 2."""
    reach = [metrics[name] == "N" for name in ("AV", "PR", "UI")]
    first = 0 if all(reach) else 1 if any(reach) and metrics["AV"] != "P" else 2
    second = 0 if metrics["AC"] == "L" and metrics["AT"] == "N" else 1
    high = [metrics[name] == "H" for name in ("VC", "VI", "VA")]
    third = 0 if high[0] and high[1] else 1 if any(high) else 2
    fourth = 1 if any(metrics[name] == "H" for name in ("SC", "SI", "SA")) else 2
    return first, second, third, fourth


def _score(first: int, second: int, third: int, fourth: int, sixth: int | None = None) -> float | None:
    """Return the score of a class; None for one that is not in the table."""
    impact = (third, (1 if third == 2 else 0) if sixth is None else sixth)
    if (first, second) not in _SCORES or impact not in _IMPACTS or fourth not in (1, 2):
        return None
    return _SCORES[first, second][_IMPACTS.index(impact)][fourth - 1]


def _lower(classes: tuple[int, int, int, int], number: int) -> float | None:
    """Return the score of the next lower class in one of EQ1 to EQ4; None when there is none."""
    if number == 2:  # EQ3 and EQ6 are one; from the top there are two ways down, of which the higher counts
        first, second, third, fourth = classes
        ways = [_score(first, second, third, fourth, 1) if third < 2 else None]
        ways += [_score(first, second, 1, fourth, 0)] if third == 0 else []
        return max((score for score in ways if score is not None), default=None)
    changed = list(classes)
    changed[number] += 1
    return _score(*changed)


def _distance(metrics: Mapping[str, str], names: tuple[str, ...], worst: tuple[str, ...]) -> int:
    """Return the steps from the worst vector of a class that is in no metric below this one."""
    for vector in worst:
        steps = [_LEVELS[name].index(metrics[name]) - _LEVELS[name].index(most) for name, most in zip(names, vector)]
        if min(steps) >= 0:
            return sum(steps)
    raise AssertionError("every vector is below a worst one of its class")
