"""What can be installed: sorted, filtered, resolved."""

from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.runtimes.catalogue import (
    gallery_offers,
    nuget_offers,
    sorted_offers,
    with_installed,
    with_unlisted,
)
from azext_pythonapp.runtimes.nuget import NugetRuntime, Release
from azext_pythonapp.runtimes.selection import find_best, listed_offers, nearest, resolve_id, select
from azext_pythonapp.runtimes.versions import VersionSpec

TODAY = date(2026, 11, 22)


def package(extension_id, python, architecture, version, authors=("Microsoft",), folder=None):
    """An entry as Kudu's /api/extensionfeed gives it."""
    folder = folder or "python" + python.replace(".", "") + architecture
    return {
        "id": extension_id,
        "title": f"Python {python} {architecture}",
        "type": "Gallery",
        "version": version,
        "description": f"Installs Python {python} {architecture} into Azure App Service at "
        rf"D:\home\{folder}\python.exe. See https://example.org/ for usage information.",
        "authors": list(authors),
        "published_date_time": None,
        "download_count": 0,
        "local_path": None,
    }


FEED = [
    package("azureappservice-python2714x86", "2.7.14", "x86", "2.7.14.5", folder="Python27"),
    package("azureappservice-python364x86", "3.6.4", "x86", "3.6.4.4"),
    {
        "id": "flask-tools",
        "title": "Flask tools for Python 3.6.4",
        "version": "9.0.0",
        "authors": ["Acme"],
        "description": r"Needs the Python at D:\home\python364x64\python.exe.",
    },
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.2"),
    package("NakedObjects-python3111x64", "3.11.1", "x64", "3.11.1", authors=["Naked Objects"]),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.10"),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4"),
    package("azureappservice-python362x64", "3.6.2", "x64", "3.6.2.5"),
    package("azureappservice-python354x64", "3.5.4", "x64", "3.5.4.5"),
]


def read_offers(entries, all_versions=False, today=None):
    return sorted_offers(gallery_offers(entries, today), all_versions=all_versions)


def nuget(*versions, package_id="python", withdrawn=(), deprecated=()):
    """Offers of NuGet's packages, as they come: newest first."""
    architecture = "x86" if package_id == "pythonx86" else "x64"
    return nuget_offers(
        [
            Release(NugetRuntime(package_id, version, architecture), version not in withdrawn, version in deprecated)
            for version in versions
        ],
        TODAY,
    )


OFFERS = read_offers(FEED, today=TODAY)


def rows(offers):
    return [(offer.version, offer.architecture, offer.package_version) for offer in offers]


def test_newest_first_by_number_one_row_for_each_package():
    assert rows(OFFERS) == [
        ("3.11.1", "x64", "3.11.1"),
        ("3.6.4", "x64", "3.6.4.10"),
        ("3.6.4", "x86", "3.6.4.4"),
        ("3.6.2", "x64", "3.6.2.5"),
        ("3.5.4", "x64", "3.5.4.5"),
        ("2.7.14", "x86", "2.7.14.5"),
    ]


def test_every_package_version_on_request():
    assert rows(read_offers(FEED, all_versions=True, today=TODAY))[1:4] == [
        ("3.6.4", "x64", "3.6.4.10"),
        ("3.6.4", "x64", "3.6.4.4"),
        ("3.6.4", "x64", "3.6.4.2"),
    ]


def test_the_row_of_list_versions():
    assert OFFERS[-1].to_dict() == {
        "version": "2.7.14",
        "architecture": "x86",
        "extensionId": "azureappservice-python2714x86",
        "packageVersion": "2.7.14.5",
        "title": "Python 2.7.14 x86",
        "publisher": "Microsoft",
        "trusted": True,
        "source": "siteExtension",
        "installPath": r"D:\home\Python27",
        "support": "endOfLife",
        "endOfLife": "2020-01-01",
        "latestPatch": True,
        "installed": None,
    }


def test_latest_patch_per_release_and_architecture():
    assert {(offer.version, offer.architecture): offer.latest_patch for offer in OFFERS} == {
        ("3.11.1", "x64"): True,
        ("3.6.4", "x64"): True,
        ("3.6.4", "x86"): True,
        ("3.6.2", "x64"): False,
        ("3.5.4", "x64"): True,
        ("2.7.14", "x86"): True,
    }


def test_support_is_told_for_the_day():
    assert {offer.version: offer.support for offer in OFFERS if offer.version.startswith("3")} == {
        "3.11.1": "security",
        "3.6.4": "endOfLife",
        "3.6.2": "endOfLife",
        "3.5.4": "endOfLife",
    }
    assert read_offers(FEED, today=date(2023, 1, 1))[0].support == "active"


def test_an_empty_feed_offers_nothing():
    assert not read_offers([], today=TODAY)
    assert not read_offers([{"title": "no id"}, {"id": None}], today=TODAY)


def test_an_old_id_in_the_gallery_is_a_strangers():
    """They were never moved to nuget.org, so anybody can take them there."""
    offers = read_offers(
        [
            package("python364x64", "3.15.99", "x64", "9.9.9", folder="python364x64"),
            package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4"),
        ],
        today=TODAY,
    )
    assert [(offer.extension_id, offer.trusted) for offer in offers] == [
        ("python364x64", False),
        ("azureappservice-python364x64", True),
    ]
    assert find_best(offers, VersionSpec.parse("latest")).extension_id == "azureappservice-python364x64"
    assert resolve_id(offers, "python364x64").extension_id == "azureappservice-python364x64"


@pytest.mark.parametrize(
    "extensions",
    [
        [{"id": "azureappservice-python364x64", "version": "3.6.4.4", "title": "Python 3.6.4 x64"}],
        [{"id": "AzureAppService-Python364x64", "version": "3.6.4.4"}],
        [{"id": "python364x64", "version": "3.6.4.4"}],
        [
            {
                "id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Web/sites/shop/siteextensions/python364x64",
                "name": "shop/azureappservice-python364x64",
                "properties": {"id": "azureappservice-python364x64", "version": "3.6.4.4"},
            }
        ],
        [
            {
                "id": "/subscriptions/0/x",
                "name": "shop/azureappservice-python364x64",
                "properties": {"extension_id": "azureappservice-python364x64", "version": "3.6.4.4"},
            }
        ],
        [
            {
                "id": "/subscriptions/0/x",
                "name": "shop/staging/azureappservice-python364x64",
                "properties": {"extension_id": None, "version": "3.6.4.4"},
            }
        ],
    ],
)
def test_what_the_app_has_is_marked(extensions):
    marked = with_installed(OFFERS, extensions)
    assert [(offer.version, offer.architecture) for offer in marked if offer.installed] == [("3.6.4", "x64")]
    assert all(offer.installed is not None for offer in marked)
    every = with_installed(read_offers(FEED, all_versions=True, today=TODAY), extensions)
    assert [offer.package_version for offer in every if offer.installed] == ["3.6.4.4"]


def test_filters():
    assert rows(select(OFFERS, VersionSpec.parse("3.6"), "x64")) == [
        ("3.6.4", "x64", "3.6.4.10"),
        ("3.6.2", "x64", "3.6.2.5"),
    ]
    assert [offer.version for offer in select(OFFERS, supported_only=True)] == ["3.11.1"]
    assert select(OFFERS) == OFFERS


@pytest.mark.parametrize(
    "wish, architecture, preferred, expected",
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
def test_a_wish_is_resolved_to_one_package(wish, architecture, preferred, expected, all_versions):
    offers = read_offers(FEED, all_versions=all_versions, today=TODAY)
    found = find_best(offers, VersionSpec.parse(wish), architecture, preferred)
    assert (found.version, found.architecture) == expected
    if expected == ("3.6.4", "x64"):
        assert found.package_version == "3.6.4.10"


@pytest.mark.parametrize(
    "wish, architecture, first",
    [
        ("3.7", None, "3.6.4 x64, 3.6.4 x86, 3.6.2 x64, 3.5.4 x64, 2.7.14 x86"),
        ("3.6.5", "x86", "3.6.4 x86, 3.6.4 x64"),
        ("3.11", "x86", "3.6.4 x86"),
        ("2.6", None, "2.7.14 x86"),
    ],
)
def test_a_wish_that_nothing_trusted_satisfies_has_neighbours(wish, architecture, first):
    assert find_best(OFFERS, VersionSpec.parse(wish), architecture) is None
    assert nearest(OFFERS, VersionSpec.parse(wish), architecture).startswith(first)


# What a stranger can do: any author, title, tag and version, and an id that looks like a known one.
STRANGERS = [
    package("mallory-python31599x64", "3.15.99", "x64", "3.15.99"),
    package("azureappservice-python31599x64", "3.15.99", "x64", "3.15.99"),
    package("azureappservice-python364x64a", "3.6.99", "x64", "9.9.9", folder="python3699x64"),
    package("azure-appservice-python364x64", "3.6.99", "x64", "9.9.9"),
    package("azureappservice.python364x64", "3.6.99", "x64", "9.9.9"),
    package("\u0430zureappservice-python364x64", "3.6.99", "x64", "9.9.9"),
    package("azureappservice-python364x64\u200b", "3.6.99", "x64", "9.9.9", folder="python3699x64"),
    package("python364x64", "3.6.99", "x64", "9.9.9"),
    package("python361x64", "3.6.1", "x64", "9.9.9"),
    package("Microsoft-python3141x64", "3.14.1", "x64", "3.14.1", authors=["Microsoft", "Python Software Foundation"]),
    package("pythonapp-python3159x64", "3.15.9", "x64", "3.15.9"),
]


@pytest.mark.parametrize(
    "wish, expected",
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
def test_no_stranger_stands_for_a_version(wish, expected):
    offers = [
        *read_offers(FEED + STRANGERS, all_versions=True, today=TODAY),
        *nuget("3.13.2", "3.13.1", "3.12.9", "3.6.3"),
    ]
    found = find_best(offers, VersionSpec.parse(wish))
    assert (found and (found.source, found.version)) == expected
    assert found is None or found.extension_id in ("azureappservice-python364x64", "pythonapp-python3132x64")


def test_strangers_are_listed_on_request_only_and_marked():
    offers = sorted_offers([*gallery_offers(FEED + STRANGERS, TODAY), *nuget("3.13.2")])
    usual = listed_offers(offers)
    assert {offer.trusted for offer in usual} == {True}
    assert [(offer.version, offer.source) for offer in usual][:2] == [("3.13.2", "nuget"), ("3.6.4", "siteExtension")]
    every = {offer.extension_id: offer.trusted for offer in listed_offers(offers, everything=True)}
    assert every["mallory-python31599x64"] is False and every["NakedObjects-python3111x64"] is False
    assert every["azureappservice-python31599x64"] is False and every["azureappservice-python364x64"] is True
    assert "pythonapp-python3159x64" not in every, "an id of ours is nobody else's"
    newest = next(offer for offer in usual if offer.version == "3.6.4")
    assert newest.latest_patch, "a stranger's 3.6.99 does not make it old"


@pytest.mark.parametrize(
    "extension_id",
    [
        "x\x1b[2J-python31599x64",
        "x;rm-python31599x64",
        "x y-python31599x64",
        "x`id`-python31599x64",
        "azureappservice-python364x64\u200b",
    ],
)
def test_what_can_be_no_id_is_no_package(extension_id):
    assert not gallery_offers([package(extension_id, "3.15.99", "x64", "3.15.99")], TODAY)


def test_a_stranger_is_taken_when_named():
    assert (
        resolve_id(gallery_offers(STRANGERS, TODAY), "MALLORY-python31599x64").extension_id == "mallory-python31599x64"
    )


def test_the_site_extension_wins_over_nuget_for_the_same_python():
    offers = [*nuget("3.6.4"), *OFFERS]
    assert find_best(offers, VersionSpec.parse("3.6")).source == "siteExtension"
    assert [offer.source for offer in listed_offers(sorted_offers(offers)) if offer.version == "3.6.4"] == [
        "siteExtension"
    ] * 2


def test_the_row_of_a_package_of_nuget():
    (row,) = nuget("3.13.2.1")
    assert row.to_dict() == {
        "version": "3.13.2",
        "architecture": "x64",
        "extensionId": "pythonapp-python3132x64",
        "packageVersion": "3.13.2.1",
        "title": "Python 3.13.2 x64",
        "publisher": "Python Software Foundation",
        "trusted": True,
        "source": "nuget",
        "installPath": r"D:\home\python3132x64",
        "support": "security",
        "endOfLife": "2029-10-31",
        "latestPatch": False,
        "installed": None,
    }


@pytest.mark.parametrize(
    "wish, prereleases, expected",
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
def test_pre_releases_only_on_request_or_in_full(wish, prereleases, expected):
    offers = nuget("3.15.0-rc2", "3.15.0-rc1", "3.15.0-a7", "3.14.0", "3.14.0-rc3", "3.10.11", "3.9.13")
    found = find_best(offers, VersionSpec.parse(wish), prereleases=prereleases)
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
    "wish, expected",
    [("3.13", "3.13.2"), ("latest", "3.13.2"), ("3.13.3", "3.13.3"), ("3.12", None), ("3.12.0", "3.12.0")],
)
def test_a_withdrawn_package_is_taken_for_its_full_version_only(wish, expected):
    offers = nuget("3.13.3", "3.13.2.1", "3.13.2", "3.12.0", withdrawn=("3.13.3", "3.13.2.1", "3.12.0"))
    found = find_best(offers, VersionSpec.parse(wish))
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
    wishes = {"latest", "2", "3", "4", "3.99", "3.13.99"}
    for offer in CATALOGUE:
        wishes |= {offer.version, offer.version.rpartition(".")[0]}
    for wish in sorted(wishes):
        spec = VersionSpec.parse(wish)
        listed = select(listed_offers(CATALOGUE, spec, prereleases=prereleases), None, architecture)
        found = find_best(CATALOGUE, spec, architecture, prereleases=prereleases)
        assert (found is None) == (not listed), wish
        pythons = [(offer.version, offer.architecture) for offer in listed]
        assert found is None or (found.version, found.architecture) in pythons, wish
        for version, of in pythons:
            assert find_best(CATALOGUE, VersionSpec.parse(version), of, prereleases=prereleases) in listed, version


def test_unlisted_packages_are_found_by_their_full_version():
    for spec, found in (("3.6.2", "azureappservice-python362x86"), ("3.6", "azureappservice-python364x86")):
        best = find_best(CATALOGUE, VersionSpec.parse(spec), "x86")
        assert best is not None and best.extension_id == found
    assert "azureappservice-python362x86" not in {offer.extension_id for offer in listed_offers(CATALOGUE)}


def test_deprecated_package_is_taken_if_nothing_else_exists():
    offers = nuget("3.13.2", "3.13.1", "3.8.10", "3.8.9", deprecated=("3.13.2", "3.8.10", "3.8.9"))
    assert [find_best(offers, VersionSpec.parse(wish)).version for wish in ("3.13", "latest", "3.8", "3.13.2")] == [
        "3.13.1",
        "3.13.1",
        "3.8.10",
        "3.13.2",
    ]
    listed = {offer.version: offer.latest_patch for offer in listed_offers(sorted_offers(offers))}
    assert listed == {"3.13.1": True, "3.8.10": True, "3.8.9": False}
    assert "3.13.2" in [offer.version for offer in listed_offers(sorted_offers(offers), everything=True)]


def test_a_package_built_again_is_the_newer_one():
    offers = nuget("3.13.2.1", "3.13.2")
    assert find_best(offers, VersionSpec.parse("3.13")).package_version == "3.13.2.1"
    assert [offer.package_version for offer in sorted_offers(offers)] == ["3.13.2.1"]
    assert [offer.package_version for offer in sorted_offers(offers, all_versions=True)] == ["3.13.2.1", "3.13.2"]


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


def test_an_unlisted_official_package_is_described_in_full():
    assert resolve_id([], "python2714x86", today=TODAY).to_dict() == {
        "version": "2.7.14",
        "architecture": "x86",
        "extensionId": "azureappservice-python2714x86",
        "packageVersion": "2.7.14.5",
        "title": "Python 2.7.14 x86",
        "publisher": "Microsoft",
        "trusted": True,
        "source": "siteExtension",
        "installPath": r"D:\home\Python27",
        "support": "endOfLife",
        "endOfLife": "2020-01-01",
        "latestPatch": True,
        "installed": None,
    }


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
