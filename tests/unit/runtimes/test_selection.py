"""Which offer a version or an id means, and which are listed."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.catalogue import gallery_offers, sorted_offers, with_unlisted
from azext_pythonapp.runtimes.selection import find_best, listed_offers, nearest, resolve_id, select
from azext_pythonapp.runtimes.versions import VersionSpec
from tests.unit.runtimes.offers import FEED, OFFERS, THIRD_PARTIES, TODAY, nuget, read_offers, rows


def test_filters():
    assert rows(select(OFFERS, VersionSpec.parse("3.6"), "x64")) == [
        ("3.6.4", "x64", "3.6.4.10"),
        ("3.6.2", "x64", "3.6.2.5"),
    ]
    assert [offer.version for offer in select(OFFERS, supported_only=True)] == ["3.11.1"]
    assert select(OFFERS) == OFFERS


@pytest.mark.parametrize(
    "version, architecture, preferred, expected",
    [
        ("latest", None, "x64", ("3.6.4", "x64")),
        ("3", None, "x86", ("3.6.4", "x86")),
        ("3", "x86", "x64", ("3.6.4", "x86")),
        ("3.6", None, "x64", ("3.6.4", "x64")),
        ("3.6.2", None, "x86", ("3.6.2", "x64")),
        ("2", None, "x64", ("2.7.14", "x86")),
    ],
)
@pytest.mark.parametrize("all_versions", [False, True])
def test_a_version_is_resolved_to_one_package(version, architecture, preferred, expected, all_versions):
    offers = read_offers(FEED, all_versions=all_versions, today=TODAY)
    found = find_best(offers, VersionSpec.parse(version), architecture, preferred)
    assert (found.version, found.architecture) == expected
    if expected == ("3.6.4", "x64"):
        assert found.package_version == "3.6.4.10"


@pytest.mark.parametrize(
    "version, architecture, first",
    [
        ("3.7", None, "3.6.4 x64, 3.6.4 x86, 3.6.2 x64, 3.5.4 x64, 2.7.14 x86"),
        ("3.6.5", "x86", "3.6.4 x86, 3.6.4 x64"),
        ("3.11", "x86", "3.6.4 x86"),
        ("2.6", None, "2.7.14 x86"),
    ],
)
def test_a_version_that_is_not_offered_names_the_nearest(version, architecture, first):
    assert find_best(OFFERS, VersionSpec.parse(version), architecture) is None
    assert nearest(OFFERS, VersionSpec.parse(version), architecture).startswith(first)


@pytest.mark.parametrize(
    "version, expected",
    [
        ("latest", ("nuget", "3.13.2")),
        ("3", ("nuget", "3.13.2")),
        ("3.13", ("nuget", "3.13.2")),
        ("3.6", ("siteExtension", "3.6.4")),
        ("3.6.4", ("siteExtension", "3.6.4")),
        ("3.6.1", None),
        ("3.15", None),
        ("3.14", None),
        ("3.15.99", None),
    ],
)
def test_no_third_party_stands_for_a_version(version, expected):
    offers = [
        *read_offers(FEED + THIRD_PARTIES, all_versions=True, today=TODAY),
        *nuget("3.13.2", "3.13.1", "3.12.9", "3.6.3"),
    ]
    found = find_best(offers, VersionSpec.parse(version))
    assert (found and (found.source, found.version)) == expected
    assert found is None or found.extension_id in ("azureappservice-python364x64", "pythonapp-python3132x64")


def test_third_parties_are_listed_on_request_only_and_marked():
    offers = sorted_offers([*gallery_offers(FEED + THIRD_PARTIES, TODAY), *nuget("3.13.2")])
    usual = listed_offers(offers)
    assert {offer.trusted for offer in usual} == {True}
    assert [(offer.version, offer.source) for offer in usual][:2] == [("3.13.2", "nuget"), ("3.6.4", "siteExtension")]
    every = {offer.extension_id: offer.trusted for offer in listed_offers(offers, everything=True)}
    assert every["mallory-python31599x64"] is False and every["NakedObjects-python3111x64"] is False
    assert every["azureappservice-python31599x64"] is False and every["azureappservice-python364x64"] is True
    assert "pythonapp-python3159x64" not in every, "an id of ours is nobody else's"
    newest = next(offer for offer in usual if offer.version == "3.6.4")
    assert newest.latest_patch, "a third party's 3.6.99 does not make it old"


def test_a_third_party_is_taken_when_named():
    assert (
        resolve_id(gallery_offers(THIRD_PARTIES, TODAY), "MALLORY-python31599x64").extension_id
        == "mallory-python31599x64"
    )


def test_the_site_extension_wins_over_nuget_for_the_same_python():
    offers = [*nuget("3.6.4"), *OFFERS]
    assert find_best(offers, VersionSpec.parse("3.6")).source == "siteExtension"
    assert [offer.source for offer in listed_offers(sorted_offers(offers)) if offer.version == "3.6.4"] == [
        "siteExtension"
    ] * 2


@pytest.mark.parametrize(
    "version, prereleases, expected",
    [
        ("latest", False, "3.14.0"),
        ("3.14", False, "3.14.0"),
        ("latest", True, "3.15.0-rc2"),
        ("3.15", False, None),
        ("3.15", True, "3.15.0-rc2"),
        ("3.15.0rc1", False, "3.15.0-rc1"),
        ("3.15.0-rc1", False, "3.15.0-rc1"),
        ("3.15.0", True, None),
        ("3.14.0", True, "3.14.0"),
        ("3.9", False, "3.9.13"),
        ("3", False, "3.14.0"),
    ],
)
def test_pre_releases_only_on_request_or_in_full(version, prereleases, expected):
    offers = nuget("3.15.0-rc2", "3.15.0-rc1", "3.15.0-a7", "3.14.0", "3.14.0-rc3", "3.10.11", "3.9.13")
    found = find_best(offers, VersionSpec.parse(version), prereleases=prereleases)
    assert (found and found.package_version) == expected


def test_pre_releases_are_listed_on_request_and_said_to_be_such():
    offers = sorted_offers(nuget("3.15.0-rc2", "3.15.0-rc1", "3.14.0", "3.14.0-rc3"))
    assert [offer.version for offer in listed_offers(offers)] == ["3.14.0"]
    assert [offer.version for offer in listed_offers(offers, everything=True)] == ["3.14.0"]
    rows_ = {offer.version: (offer.support, offer.latest_patch) for offer in listed_offers(offers, prereleases=True)}
    assert rows_ == {
        "3.15.0rc2": ("prerelease", True),
        "3.15.0rc1": ("prerelease", False),
        "3.14.0": ("active", True),
        "3.14.0rc3": ("prerelease", False),
    }


@pytest.mark.parametrize(
    "version, expected",
    [("3.13", "3.13.2"), ("latest", "3.13.2"), ("3.13.3", "3.13.3"), ("3.12", None), ("3.12.0", "3.12.0")],
)
def test_a_withdrawn_package_is_taken_for_its_full_version_only(version, expected):
    offers = nuget("3.13.3", "3.13.2.1", "3.13.2", "3.12.0", withdrawn=("3.13.3", "3.13.2.1", "3.12.0"))
    found = find_best(offers, VersionSpec.parse(version))
    assert (found and found.package_version) == expected
    assert [offer.package_version for offer in listed_offers(sorted_offers(offers), everything=True)] == ["3.13.2"]
    assert find_best(offers, VersionSpec.parse("3.13.2")).package_version == "3.13.2"


def test_a_withdrawn_package_is_listed_for_its_full_version_only():
    offers = sorted_offers(nuget("3.13.3", "3.13.2", withdrawn=("3.13.3",)))
    for everything in (False, True):
        shown = listed_offers(offers, VersionSpec.parse("3.13.3"), everything=everything)
        assert [offer.version for offer in shown] == ["3.13.3"]
        assert [offer.version for offer in listed_offers(offers, VersionSpec.parse("3.13"), everything=everything)] == [
            "3.13.2"
        ]


CATALOGUE = sorted_offers(
    [
        *with_unlisted(gallery_offers(FEED, TODAY), TODAY),
        *nuget("3.15.0-rc1", "3.13.3", "3.13.2", "3.13.1", withdrawn=("3.13.3",), deprecated=("3.13.2",)),
        *nuget("3.13.4", "3.6.4", "3.5.2", package_id="pythonx86", withdrawn=("3.5.2",)),
        *nuget("3.8.10", "3.8.9", deprecated=("3.8.10", "3.8.9")),
    ]
)


@pytest.mark.parametrize("architecture", [None, "x64", "x86"])
@pytest.mark.parametrize("prereleases", [False, True])
def test_the_list_and_the_choice_agree(architecture, prereleases):
    versions = {"latest", "2", "3", "4", "3.99", "3.13.99"}
    for offer in CATALOGUE:
        versions |= {offer.version, offer.version.rpartition(".")[0]}
    for version in sorted(versions):
        spec = VersionSpec.parse(version)
        listed = select(listed_offers(CATALOGUE, spec, prereleases=prereleases), None, architecture)
        found = find_best(CATALOGUE, spec, architecture, prereleases=prereleases)
        assert (found is None) == (not listed), version
        pythons = [(offer.version, offer.architecture) for offer in listed]
        assert found is None or (found.version, found.architecture) in pythons, version
        for version, of in pythons:
            assert find_best(CATALOGUE, VersionSpec.parse(version), of, prereleases=prereleases) in listed, version


def test_unlisted_packages_are_found_by_their_full_version():
    for spec, found in (("3.6.2", "azureappservice-python362x86"), ("3.6", "azureappservice-python364x86")):
        best = find_best(CATALOGUE, VersionSpec.parse(spec), "x86")
        assert best is not None and best.extension_id == found
    assert "azureappservice-python362x86" not in {offer.extension_id for offer in listed_offers(CATALOGUE)}


def test_deprecated_package_is_taken_if_nothing_else_exists():
    offers = nuget("3.13.2", "3.13.1", "3.8.10", "3.8.9", deprecated=("3.13.2", "3.8.10", "3.8.9"))
    assert [
        find_best(offers, VersionSpec.parse(version)).version for version in ("3.13", "latest", "3.8", "3.13.2")
    ] == ["3.13.1", "3.13.1", "3.8.10", "3.13.2"]
    listed = {offer.version: offer.latest_patch for offer in listed_offers(sorted_offers(offers))}
    assert listed == {"3.13.1": True, "3.8.10": True, "3.8.9": False}
    assert "3.13.2" in [offer.version for offer in listed_offers(sorted_offers(offers), everything=True)]


@pytest.mark.parametrize(
    "extension_id, expected",
    [
        ("azureappservice-python364x64", ("azureappservice-python364x64", "3.6.4.10")),
        ("python364x64", ("azureappservice-python364x64", "3.6.4.10")),
        ("PYTHON364X86", ("azureappservice-python364x86", "3.6.4.4")),
        ("nakedobjects-python3111x64", ("NakedObjects-python3111x64", "3.11.1")),
        ("azureappservice-python353x64", ("azureappservice-python353x64", "3.5.3.7")),
        ("python353x86", ("azureappservice-python353x86", "3.5.3.7")),
    ],
)
def test_an_id_is_resolved_in_the_gallerys_own_spelling(extension_id, expected):
    found = resolve_id(OFFERS, extension_id)
    assert (found.extension_id, found.package_version) == expected


@pytest.mark.parametrize("extension_id", ["python361x64", "python36", "azureappservice-python364", "flask-tools"])
def test_an_id_that_is_not_offered_is_not_found(extension_id):
    with pytest.raises(NotFound) as missing:
        resolve_id(OFFERS, extension_id)
    assert extension_id in missing.value.message
    assert "azureappservice-python364x64" in missing.value.recommendation


def test_a_package_version_is_found_exactly_or_not_at_all():
    every = read_offers(FEED, all_versions=True, today=TODAY)
    assert resolve_id(every, "python364x64", "3.6.4.2").package_version == "3.6.4.2"
    with pytest.raises(NotFound) as missing:
        resolve_id(every, "python364x64", "3.6.4.3")
    assert "3.6.4.3" in missing.value.message
    assert "3.6.4.10, 3.6.4.4, 3.6.4.2" in missing.value.recommendation
