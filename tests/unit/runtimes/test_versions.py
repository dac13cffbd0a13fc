"""Version numbers, and the version that the user asks for."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.runtimes.versions import (
    VersionSpec,
    is_prerelease,
    minor,
    numbers,
    package_order,
    python_order,
    python_version,
)


@pytest.mark.parametrize(
    "version, expected",
    [("3.6.4", (3, 6, 4)), ("3.10", (3, 10)), ("3.13.0rc1", (3, 13, 0)), ("", ()), (None, ()), ("beta", ())],
)
def test_numbers(version, expected):
    assert numbers(version) == expected


def test_minor_is_the_feature_release():
    assert minor("3.10.4") == "3.10"


def test_package_versions_sort_as_nuget_does():
    oldest_first = [
        "3.6.4-alpha.2",
        "3.6.4-alpha.10",
        "3.6.4-beta",
        "3.6.4",
        "3.6.4.1",
        "3.6.4.9",
        "3.6.4.10",
        "3.10.0",
    ]
    assert sorted(reversed(oldest_first), key=package_order) == oldest_first


@pytest.mark.parametrize("one, other", [("3.6.4", "3.6.4.0"), ("3.6.4+build5", "3.6.4"), ("1.0-RC", "1.0-rc")])
def test_package_versions_that_nuget_takes_for_the_same(one, other):
    assert package_order(one) == package_order(other)


@pytest.mark.parametrize(
    "spec, matching, others",
    [
        ("3", ["3.6.4", "3.11.1", "3.6"], ["2.7.14", "31.0.0"]),
        ("3.1", ["3.1.5"], ["3.11.1", "3.6.4", "3"]),
        ("3.6", ["3.6.4", "3.6.0", "3.6"], ["3.7.0", "2.6.0"]),
        ("3.6.4", ["3.6.4"], ["3.6.14", "3.6", "3.6.2"]),
        ("3.10.0", ["3.10.0"], ["3.1.0", "3.10.1"]),
        ("latest", ["2.7.14", "3.11.1"], ["", "unknown"]),
        (" Latest ", ["3.6.4"], []),
        (" 3.6 ", ["3.6.4"], []),
    ],
)
def test_a_spec_matches_what_was_asked_for(spec, matching, others):
    parsed = VersionSpec.parse(spec)
    assert [version for version in matching + others if parsed.matches(version)] == matching


@pytest.mark.parametrize("text, exact", [("3", False), ("3.6", False), ("3.6.4", True), ("latest", False)])
def test_only_three_numbers_are_exact(text, exact):
    assert VersionSpec.parse(text).is_exact is exact
    assert str(VersionSpec.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "3.",
        ".6",
        "3.x",
        "3.6.*",
        ">=3.6",
        "v3.6",
        "3.6.4.4",
        "3.06",
        "3.6rc1",
        "3.6.4dev1",
        "3.6.4rc",
        "three",
        "-3",
        "3 6",
        "\u0663.6",
        "3.6\n3.7",
        "newest",
    ],
)
def test_what_is_no_version_is_refused_with_examples(text):
    with pytest.raises(InvalidInput) as refused:
        VersionSpec.parse(text)
    assert "3.6.4" in refused.value.recommendation


def test_pythons_sort_by_number_and_stage():
    oldest_first = [
        "2.7.18",
        "3.9.13",
        "3.10.0a2",
        "3.10.0a10",
        "3.10.0b1",
        "3.10.0rc1",
        "3.10.0rc2",
        "3.10.0",
        "3.10.1",
    ]
    assert sorted(reversed(oldest_first), key=python_order) == oldest_first
    assert python_order(None) == python_order("unknown") < python_order("2.7")
    assert [is_prerelease(version) for version in ("3.10.0rc1", "3.10.0-rc1", "3.10.0", "3.10", None, "")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "package, python",
    [
        ("3.13.2", "3.13.2"),
        ("3.13.2.1", "3.13.2"),
        ("3.13.2+build", "3.13.2"),
        ("3.14.0-rc1", "3.14.0rc1"),
        ("3.14.0-RC.2", "3.14.0rc2"),
        ("3.15.0-alpha3", "3.15.0a3"),
        ("3.15.0-b04", "3.15.0b4"),
        ("3.13", None),
        ("3.13.2.1.5", None),
        ("3.13.2-dev", None),
        ("3.13.2-post1", None),
        ("", None),
        ("x", None),
    ],
)
def test_the_python_in_a_package(package, python):
    assert python_version(package) == python


@pytest.mark.parametrize("text", ["3.14.0rc1", "3.14.0-rc1", "3.14.0-RC.1"])
def test_a_pre_release_is_named_in_full_in_either_spelling(text):
    spec = VersionSpec.parse(text)
    assert (str(spec), spec.is_prerelease, spec.is_exact, spec.is_latest) == ("3.14.0rc1", True, True, False)
    assert [version for version in ("3.14.0rc1", "3.14.0", "3.14.0rc2", "3.14.0a1") if spec.matches(version)] == [
        "3.14.0rc1"
    ]
    assert not VersionSpec.parse("3.14.0").matches("3.14.0rc1") and VersionSpec.parse("3.14").matches("3.14.0rc1")
