"""Version numbers and the user's wish for one."""
from __future__ import annotations

import pytest

from azext_pythonapp.appservice.errors import InvalidInput
from azext_pythonapp.runtimes.versions import VersionWish, minor, numbers, package_order


@pytest.mark.parametrize("version, expected", [
    ("3.6.4", (3, 6, 4)), ("3.10", (3, 10)), ("3.13.0rc1", (3, 13, 0)), ("", ()), (None, ()), ("beta", ())])
def test_numbers(version, expected):
    assert numbers(version) == expected


def test_minor_is_the_feature_release():
    assert minor("3.10.4") == "3.10"


def test_package_versions_sort_as_nuget_does():
    oldest_first = ["3.6.4-alpha.2", "3.6.4-alpha.10", "3.6.4-beta", "3.6.4", "3.6.4.1", "3.6.4.9", "3.6.4.10",
                    "3.10.0"]
    assert sorted(reversed(oldest_first), key=package_order) == oldest_first


@pytest.mark.parametrize("one, other", [("3.6.4", "3.6.4.0"), ("3.6.4+build5", "3.6.4"), ("1.0-RC", "1.0-rc")])
def test_package_versions_that_nuget_takes_for_the_same(one, other):
    assert package_order(one) == package_order(other)


@pytest.mark.parametrize("wish, matching, others", [
    ("3", ["3.6.4", "3.11.1", "3.6"], ["2.7.14", "31.0.0"]),
    ("3.1", ["3.1.5"], ["3.11.1", "3.6.4", "3"]),
    ("3.6", ["3.6.4", "3.6.0", "3.6"], ["3.7.0", "2.6.0"]),
    ("3.6.4", ["3.6.4"], ["3.6.14", "3.6", "3.6.2"]),
    ("3.10.0", ["3.10.0"], ["3.1.0", "3.10.1"]),
    ("latest", ["2.7.14", "3.11.1"], ["", "unknown"]),
    (" Latest ", ["3.6.4"], []),
    (" 3.6 ", ["3.6.4"], []),
])
def test_a_wish_matches_what_was_asked_for(wish, matching, others):
    parsed = VersionWish.parse(wish)
    assert [version for version in matching + others if parsed.matches(version)] == matching


@pytest.mark.parametrize("text, exact", [("3", False), ("3.6", False), ("3.6.4", True), ("latest", False)])
def test_only_three_numbers_are_exact(text, exact):
    assert VersionWish.parse(text).is_exact is exact
    assert str(VersionWish.parse(text)) == text


@pytest.mark.parametrize("text", ["", " ", "3.", ".6", "3.x", "3.6.*", ">=3.6", "v3.6", "3.6.4.4", "3.06", "3.6.4rc1",
                                  "three", "-3", "3 6", "\u0663.6", "3.6\n3.7", "newest"])
def test_what_is_no_version_is_refused_with_examples(text):
    with pytest.raises(InvalidInput) as refused:
        VersionWish.parse(text)
    assert "3.6.4" in refused.value.recommendation
