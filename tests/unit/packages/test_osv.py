"""Which versions an OSV record means, and what is told of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from azext_pythonapp.packages.osv import (
    Finding,
    Installed,
    affects,
    clean_version,
    fault,
    findings,
    in_range,
    packages_of,
    unreadable,
)


def entry(*events: dict[str, str], name: str = "flask", kind: str = "ECOSYSTEM", **more: Any) -> dict[str, Any]:
    ranges = [{"type": kind, "events": list(events)}] if events else []
    return {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, **more}


def record(name: str, *affected: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "modified": "2024-01-01T00:00:00Z", "affected": list(affected), **more}


def events(text: str) -> list[dict[str, str]]:
    """ "i0 f1.2" → [{"introduced": "0"}, {"fixed": "1.2"}]"""
    kinds = {"i": "introduced", "f": "fixed", "l": "last_affected", "m": "limit"}
    return [{kinds[word[0]]: word[1:]} for word in text.split()]


def installed(version: str) -> Installed:
    return Installed(Version(version))


def ids(found: list[Finding]) -> list[str]:
    return [finding.id for finding in found]


@pytest.mark.parametrize(
    "text, inside, outside",
    [
        # The examples of the schema: https://ossf.github.io/osv-schema/#affectedrangesevents-fields
        ("i0", "0.dev1 0 1 99", ""),
        ("i1.0.0 f1.0.2", "1.0.0 1.0.1 1.0.2rc1", "0.9 1.0.2 2"),
        ("i1.0.0 f1.0.2 i3.0.0 f3.2.5", "1.0.1 3.0.0 3.2.4", "0.9 1.0.2 2.9 3.2.5 4"),
        ("i1.0.0 l1.0.1", "1.0.0 1.0.1", "0.9 1.0.1.post1 1.0.2"),
        ("i0 l2.1.214", "1 2.1.214", "2.1.215"),
        # In any order, and several in one event list.
        ("f3.2.5 i3.0.0 f1.0.2 i1.0.0", "1.0.1 3.0.0", "2 3.2.5"),
        # One version alone; an empty range.
        ("i1.5 l1.5", "1.5 1.5.0", "1.4 1.5.1"),
        ("i1.5 f1.5", "", "1.4 1.5 2"),
        # PEP 440: epochs, pre-releases and post-releases.
        ("i1.0rc1 f1.0", "1.0rc1 1.0rc2", "1.0b3 1.0 1.0.post1"),
        ("i0 f1!0.5", "99 1!0.4", "1!0.5 2!0"),
        # A local label does not make a version newer than the one that an advisory names.
        ("i0 l1.0", "1.0+cu118", "1.1+cu118"),
        ("i0 f1.0", "0.9+x", "1.0+cu118"),
        ("i0 f1.0+fix.1", "1.0 0.9", "1.0+fix.1 1.0+fix.2 1.1"),
        # Limits.
        ("i1 m2", "1 1.9", "0.9 2 3"),
        ("i1 m*", "1 99", "0.9"),
        # Versions that are none: `introduced` means the first one, others do not count.
        ("iunknown f2", "0.1 1", "2"),
        ("i1 fnever", "1 99", "0.9"),
        ("i1 f99999999999999999999999999999999", "1 99", "0.9"),
        ("", "", "0 1"),
    ],
)
def test_a_range_means_these_versions_and_no_others(text, inside, outside):
    assert {version: in_range(events(text), installed(version)) for version in [*inside.split(), *outside.split()]} == {
        **dict.fromkeys(inside.split(), True),
        **dict.fromkeys(outside.split(), False),
    }


KINDS = st.sampled_from(["introduced", "fixed", "last_affected"])
EVENTS = st.lists(st.tuples(KINDS, st.integers(0, 12)), max_size=8)


@given(EVENTS)
def test_ranges_as_a_walk_over_all_versions(steps):
    """The naive algorithm: from the first version on, each event switches at its own version, or behind it."""
    at = {number: {kind for kind, where in steps if where == number} for number in range(13)}
    on, expected = ("introduced", 0) in steps, {}
    for number in range(13):
        on = (on or "introduced" in at[number]) and "fixed" not in at[number]
        expected[number] = on
        on = on and "last_affected" not in at[number]
    written = [{kind: str(number)} for kind, number in steps]
    assert {number: in_range(written, installed(str(number))) for number in range(13)} == expected


@given(st.permutations(events("i1 f2 i3 l4 i6 f7")))
def test_the_order_of_events_has_no_meaning(shuffled):
    found = [number for number in range(9) if in_range(shuffled, installed(str(number)))]
    assert found == [1, 3, 4, 6]


@pytest.mark.parametrize(
    "affected, version, expected",
    [
        (entry(versions=["1.0", "1.1"]), "1.1.0", True),
        (entry(versions=["1.0", "1.1"]), "1.2", False),
        (entry(versions=["v2.0"]), "2.0", True),
        (entry(versions=["1.0"]), "1.0+local", True),
        (entry(versions=["1.0+local"]), "1.0", False),
        (entry(versions=["01.0", "x", ""]), "1.0", True),
        (entry(versions=["1!1.0"]), "1!1.0", True),
        (entry(*events("i2"), versions=["1.0"]), "1.0", True),
        (entry(*events("i0"), kind="GIT"), "1.0", False),
        (entry(*events("i1.0.0-alpha.1 f1.0.0"), kind="SEMVER"), "1.0.0a2", True),
        (entry(*events("i0"), kind="SOMETHING"), "1.0", False),
        (entry(), "1.0", False),
        (
            {**entry(), "ranges": [{"type": "ECOSYSTEM", "events": events(text)} for text in ("i1 f2", "i3 f4")]},
            "3.5",
            True,
        ),
    ],
)
def test_an_entry_means_what_it_lists_and_its_ranges(affected, version, expected):
    assert affects(affected, installed(version)) is expected


def test_a_finding_has_what_the_record_says():
    about = record(
        "PYSEC-2019-1",
        entry(*events("i0 f0.12.3 i1.0 f1.0.4")),
        aliases=["GHSA-aaaa", "CVE-2018-1"],
        summary="  Denial of\n service ",
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
    )
    [found] = findings("flask", "1.0.1", [about])
    assert found.to_dict() == {
        "name": "flask",
        "version": "1.0.1",
        "id": "PYSEC-2019-1",
        "aliases": ["GHSA-aaaa", "CVE-2018-1"],
        "severity": "high",
        "fixedIn": "1.0.4",
        "summary": "Denial of service",
    }
    assert found.severity.score == 7.5


def test_the_last_version_that_was_looked_at_is_no_limit():
    """GHSA-p6h9-gw49-rqm4 of markdown2 has no event for what fixed it."""
    looked_at = entry(*events("i0"), database_specific={"last_known_affected_version_range": "<= 2.3.5"})
    assert [each.fixed_in for each in findings("flask", "2.4.2", [record("GHSA-1", looked_at)])] == [None]


def test_records_that_share_an_id_are_one_finding():
    ghsa = record("GHSA-1", entry(*events("i0 f1.6")), aliases=["CVE-1"], summary="of GitHub")
    pysec = record("PYSEC-1", entry(*events("i0 f1.5")), aliases=["CVE-1"], details="# Of PyPA\nmore")
    other = record("GHSA-2", entry(*events("i0 f2")), aliases=["CVE-2"])
    found = findings("flask", "1.0", [ghsa, pysec, other])
    assert [(each.id, each.aliases, each.fixed_in) for each in found] == [
        ("GHSA-2", ("CVE-2",), "2"),
        ("PYSEC-1", ("GHSA-1", "CVE-1"), "1.6"),  # 1.5 is not fixed by what GitHub says
    ]
    assert found[1].summary == "Of PyPA"


def test_a_chain_of_aliases_is_one_finding():
    chain = [("A", ["B"]), ("C", ["D"]), ("B", ["C"])]
    found = findings("flask", "1", [record(name, entry(*events("i0")), aliases=more) for name, more in chain])
    assert len(found) == 1 and {found[0].id, *found[0].aliases} == set("ABCD")


def test_withdrawn_records_do_not_count():
    gone = record("PYSEC-1", entry(*events("i0")), withdrawn="2024-01-01T00:00:00Z", aliases=["CVE-1"])
    kept = record("GHSA-1", entry(*events("i0")), aliases=["CVE-1"], withdrawn=None)
    assert ids(findings("flask", "1", [gone])) == []
    assert ids(findings("flask", "1", [gone, kept])) == ["GHSA-1"]


@pytest.mark.parametrize("version, fixed", [("1.0", "1.5"), ("2.0", "2.5"), ("1.0+local", "1.5"), ("3.0", None)])
def test_fixed_in_is_the_lowest_fixed_version_above(version, fixed):
    about = record("X", entry(*events("i0 f1.5 i2.0 f2.5 i3.0")))
    assert [each.fixed_in for each in findings("flask", version, [about])] == [fixed]


@pytest.mark.parametrize(
    "texts, clean",
    [
        # The fix of one is within another range of the other: 2.0 has what 1.5 had not.
        (["i0 f1.5 i2.0 f2.5", "i0 f2.0"], "2.5"),
        # What means only later versions counts as well.
        (["i0 f1.5", "i1.5 f1.7"], "1.7"),
        # One without a fix is left out; one without a fix that comes later is not brought in, if that can be.
        (["i0 f1.5", "i0"], "1.5"),
        (["i0 f1.5 i3 f4", "i1.5 l2"], "4"),
        (["i0 f1.5", "i1.2"], "1.5"),
        (["i0"], None),
    ],
)
def test_a_clean_version_has_none_of_what_can_be_fixed(texts, clean):
    records = [record(f"X-{number}", entry(*events(text))) for number, text in enumerate(texts)]
    assert clean_version("flask", "1.0", records) == clean


def test_only_the_entry_of_the_package_counts():
    about = record("X", entry(*events("i0 f1"), name="other"), entry(*events("i5"), name="Flask"))
    assert findings("flask", "0.5", [about]) == []
    assert ids(findings("flask", "5", [about])) == ["X"]


def test_names_are_normalised_and_ecosystems_told_apart():
    npm = {"package": {"ecosystem": "npm", "name": "left-pad"}, "versions": ["1.0"]}
    about = record("X", entry(name="Zope.Interface__x"), npm, {"ranges": []})
    assert packages_of(about) == {"zope-interface-x"}


@pytest.mark.parametrize("version", ["", "1.0-weird-build", "not a version", "9" * 5000])
def test_a_version_that_is_none_is_no_finding(version):
    assert findings("flask", version, [record("X", entry(*events("i0")))]) == []


def test_a_version_that_is_none_is_found_by_its_name():
    """pytz 2004d, as the pip of Python 2.7 installed it."""
    about = record("X", entry(*events("i0 f2005"), versions=["2004b", "2004D"]))
    assert [(each.id, each.version, each.fixed_in) for each in findings("flask", "2004d", [about])] == [
        ("X", "2004d", None)
    ]
    assert findings("flask", "2004e", [about]) == []


def test_a_version_in_a_range_that_is_none_is_told():
    assert unreadable(record("X", entry(*events("i0 fnever"))), "flask") == "never"
    assert unreadable(record("X", entry(*events("i0 f1 m*"))), "flask") is None


@pytest.mark.parametrize(
    "value, words",
    [
        ([], "no JSON object"),
        ({}, "no 'id'"),
        ({"id": 5, "affected": []}, "no 'id'"),
        ({"id": "X"}, "neither 'modified' nor 'affected'"),
        (record("X", aliases="CVE-1"), "'aliases'"),
        (record("X", aliases=[1]), "'aliases'"),
        ({"id": "X", "affected": {"package": 1}}, "'affected'"),
        ({"id": "X", "affected": [7]}, "'affected'"),
        ({"id": "X", "affected": [{"package": {"name": "x"}}]}, "no name and ecosystem"),
        ({"id": "X", "affected": [{"versions": [1.0]}]}, "'versions'"),
        ({"id": "X", "affected": [{"ranges": ["1.0"]}]}, "'ranges'"),
        ({"id": "X", "affected": [{"ranges": [{"events": []}]}]}, "'type'"),
        ({"id": "X", "affected": [{"ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": 1}]}]}]}, "'events'"),
    ],
)
def test_what_is_no_record_is_told_why(value, words):
    assert words in (fault(value) or "")


def test_a_record_with_nothing_affected_is_one():
    assert fault({"id": "X", "modified": "2024-01-01T00:00:00Z", "aliases": None}) is None
