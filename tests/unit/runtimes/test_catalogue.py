"""What can be installed: read, sorted, marked, and its rows."""

from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.runtimes.catalogue import gallery_offers, sorted_offers, with_installed
from azext_pythonapp.runtimes.selection import find_best, resolve_id
from azext_pythonapp.runtimes.versions import VersionSpec
from tests.unit.runtimes.offers import FEED, OFFERS, TODAY, nuget, package, read_offers, rows


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


def test_an_old_id_in_the_gallery_is_a_third_parties():
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


def test_a_package_built_again_is_the_newer_one():
    offers = nuget("3.13.2.1", "3.13.2")
    assert find_best(offers, VersionSpec.parse("3.13")).package_version == "3.13.2.1"
    assert [offer.package_version for offer in sorted_offers(offers)] == ["3.13.2.1"]
    assert [offer.package_version for offer in sorted_offers(offers, all_versions=True)] == ["3.13.2.1", "3.13.2"]


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
