"""What can be installed: sorted, filtered, resolved."""
from __future__ import annotations

from datetime import date

import pytest

from azext_pythonapp.appservice.errors import NotFound, Refused
from azext_pythonapp.runtimes.catalogue import read_offers, resolve, resolve_id, select, with_installed
from azext_pythonapp.runtimes.extension import find_extension, read_extensions
from azext_pythonapp.runtimes.versions import VersionWish

TODAY = date(2026, 11, 22)


def package(extension_id, python, architecture, version, authors=("Microsoft",), folder=None):
    """An entry as Kudu's /api/extensionfeed gives it."""
    folder = folder or "python" + python.replace(".", "") + architecture
    return {"id": extension_id, "title": f"Python {python} {architecture}", "type": "Gallery", "version": version,
            "description": f"Installs Python {python} {architecture} into Azure App Service at "
                           rf"D:\home\{folder}\python.exe. See https://example.org/ for usage information.",
            "authors": list(authors), "published_date_time": None, "download_count": 0, "local_path": None}


FEED = [
    package("azureappservice-python2714x86", "2.7.14", "x86", "2.7.14.5", folder="Python27"),
    package("azureappservice-python364x86", "3.6.4", "x86", "3.6.4.4"),
    {"id": "flask-tools", "title": "Flask tools for Python 3.6.4", "version": "9.0.0", "authors": ["Acme"],
     "description": r"Needs the Python at D:\home\python364x64\python.exe."},
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.2"),
    package("NakedObjects-python3111x64", "3.11.1", "x64", "3.11.1", authors=["Naked Objects"]),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.10"),
    package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4"),
    package("azureappservice-python362x64", "3.6.2", "x64", "3.6.2.5"),
    package("azureappservice-python354x64", "3.5.4", "x64", "3.5.4.5"),
]
OFFERS = read_offers(FEED, today=TODAY)


def rows(offers):
    return [(offer.version, offer.architecture, offer.package_version) for offer in offers]


def test_newest_first_by_number_one_row_for_each_package():
    assert rows(OFFERS) == [
        ("3.11.1", "x64", "3.11.1"), ("3.6.4", "x64", "3.6.4.10"), ("3.6.4", "x86", "3.6.4.4"),
        ("3.6.2", "x64", "3.6.2.5"), ("3.5.4", "x64", "3.5.4.5"), ("2.7.14", "x86", "2.7.14.5")]


def test_every_package_version_on_request():
    assert rows(read_offers(FEED, all_versions=True, today=TODAY))[1:4] == [
        ("3.6.4", "x64", "3.6.4.10"), ("3.6.4", "x64", "3.6.4.4"), ("3.6.4", "x64", "3.6.4.2")]


def test_the_row_of_list_versions():
    assert OFFERS[-1].to_dict() == {
        "version": "2.7.14", "architecture": "x86", "extensionId": "azureappservice-python2714x86",
        "packageVersion": "2.7.14.5", "title": "Python 2.7.14 x86", "publisher": "Microsoft",
        "installPath": r"D:\home\Python27", "support": "endOfLife", "endOfLife": "2020-01-01", "latestPatch": True,
        "installed": None}


def test_latest_patch_is_told_for_each_feature_release_and_architecture():
    assert {(offer.version, offer.architecture): offer.latest_patch for offer in OFFERS} == {
        ("3.11.1", "x64"): True, ("3.6.4", "x64"): True, ("3.6.4", "x86"): True, ("3.6.2", "x64"): False,
        ("3.5.4", "x64"): True, ("2.7.14", "x86"): True}


def test_support_is_told_for_the_day():
    assert {offer.version: offer.support for offer in OFFERS if offer.version.startswith("3")} == {
        "3.11.1": "security", "3.6.4": "endOfLife", "3.6.2": "endOfLife", "3.5.4": "endOfLife"}
    assert read_offers(FEED, today=date(2023, 1, 1))[0].support == "active"


def test_an_empty_feed_offers_nothing():
    assert not read_offers([], today=TODAY)
    assert not read_offers([{"title": "no id"}, {"id": None}], today=TODAY)


def test_an_old_id_beside_its_new_one_is_the_same_package():
    offers = read_offers([package("python364x64", "3.6.4", "x64", "3.6.4.4"),
                          package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4")], today=TODAY)
    assert [offer.extension_id for offer in offers] == ["azureappservice-python364x64"]


@pytest.mark.parametrize("extensions", [
    [{"id": "azureappservice-python364x64", "version": "3.6.4.4", "title": "Python 3.6.4 x64"}],
    [{"id": "AzureAppService-Python364x64", "version": "3.6.4.4"}],
    [{"id": "python364x64", "version": "3.6.4.4"}],
    [{"id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Web/sites/shop/siteextensions/python364x64",
      "name": "shop/azureappservice-python364x64",
      "properties": {"id": "azureappservice-python364x64", "version": "3.6.4.4"}}],
    [{"id": "/subscriptions/0/x", "name": "shop/azureappservice-python364x64",
      "properties": {"extension_id": "azureappservice-python364x64", "version": "3.6.4.4"}}],
    [{"id": "/subscriptions/0/x", "name": "shop/staging/azureappservice-python364x64",
      "properties": {"extension_id": None, "version": "3.6.4.4"}}],
])
def test_what_the_app_has_is_marked(extensions):
    marked = with_installed(OFFERS, extensions)
    assert [(offer.version, offer.architecture) for offer in marked if offer.installed] == [("3.6.4", "x64")]
    assert all(offer.installed is not None for offer in marked)
    every = with_installed(read_offers(FEED, all_versions=True, today=TODAY), extensions)
    assert [offer.package_version for offer in every if offer.installed] == ["3.6.4.4"]


def test_a_package_that_mentions_the_id_is_not_that_package():
    installed = read_extensions([{"id": "flask-tools", "description": "works on python364x64"},
                                 {"id": "python364x64-tools", "title": "python364x64"}])
    assert find_extension(installed, "python364x64") is None
    assert find_extension(installed, "flask") is None
    assert find_extension(installed, "FLASK-tools").id == "flask-tools"


def test_filters():
    assert rows(select(OFFERS, VersionWish.parse("3.6"), "x64")) == [
        ("3.6.4", "x64", "3.6.4.10"), ("3.6.2", "x64", "3.6.2.5")]
    assert [offer.version for offer in select(OFFERS, supported_only=True)] == ["3.11.1"]
    assert select(OFFERS) == OFFERS


@pytest.mark.parametrize("wish, architecture, preferred, expected", [
    ("latest", None, "x64", ("3.11.1", "x64")),
    ("3", None, "x86", ("3.11.1", "x64")),
    ("3", "x86", "x64", ("3.6.4", "x86")),
    ("3.6", None, "x64", ("3.6.4", "x64")),
    ("3.6", None, "x86", ("3.6.4", "x86")),
    ("3.6.2", None, "x86", ("3.6.2", "x64")),
    ("2", None, "x64", ("2.7.14", "x86")),
])
@pytest.mark.parametrize("all_versions", [False, True])
def test_a_wish_is_resolved_to_one_package(wish, architecture, preferred, expected, all_versions):
    offers = read_offers(FEED, all_versions=all_versions, today=TODAY)
    found = resolve(offers, VersionWish.parse(wish), architecture, preferred)
    assert (found.version, found.architecture) == expected
    if expected == ("3.6.4", "x64"):
        assert found.package_version == "3.6.4.10"


@pytest.mark.parametrize("wish, architecture, message, first", [
    ("3.7", None, "no Python 3.7.", "3.6.4 x64, 3.6.4 x86, 3.6.2 x64, 3.5.4 x64, 3.11.1 x64"),
    ("3.6.5", "x86", "no Python 3.6.5 x86.", "3.6.4 x86, 3.6.4 x64"),
    ("3.11", "x86", "no Python 3.11 x86.", "3.11.1 x64"),
    ("2.6", None, "no Python 2.6.", "2.7.14 x86"),
])
def test_a_wish_that_nothing_satisfies_names_the_nearest(wish, architecture, message, first):
    with pytest.raises(NotFound) as missing:
        resolve(OFFERS, VersionWish.parse(wish), architecture)
    assert message in missing.value.message
    assert f"The nearest it has: {first}" in missing.value.recommendation
    assert "az webapp python list-versions" in missing.value.recommendation


def test_a_gallery_without_any_python_says_so():
    with pytest.raises(NotFound, match="no Python at all"):
        resolve([], VersionWish.parse("3.6"))


def test_the_official_package_wins_over_one_that_only_claims_to_be():
    offers = read_offers([package("acme-python364x64", "3.6.4", "x64", "9.9.9"),
                          package("azureappservice-python364x64", "3.6.4", "x64", "3.6.4.4"),
                          package("zzz-python364x64", "3.6.4", "x64", "9.9.9", authors=["Acme"])], today=TODAY)
    assert resolve(offers, VersionWish.parse("3.6.4")).extension_id == "azureappservice-python364x64"


def test_several_strangers_with_the_same_python_are_the_users_choice():
    offers = read_offers([package("acme-python3111x64", "3.11.1", "x64", "3.11.1", authors=["Acme"]),
                          package("NakedObjects-python3111x64", "3.11.1", "x64", "3.11.1", authors=["Naked Objects"])],
                         today=TODAY)
    with pytest.raises(Refused) as refused:
        resolve(offers, VersionWish.parse("3"))
    assert "NakedObjects-python3111x64, acme-python3111x64" in refused.value.message
    assert "--extension-id" in refused.value.recommendation


@pytest.mark.parametrize("extension_id, expected", [
    ("azureappservice-python364x64", ("azureappservice-python364x64", "3.6.4.10")),
    ("python364x64", ("azureappservice-python364x64", "3.6.4.10")),
    ("PYTHON364X86", ("azureappservice-python364x86", "3.6.4.4")),
    ("nakedobjects-python3111x64", ("NakedObjects-python3111x64", "3.11.1")),
    ("azureappservice-python353x64", ("azureappservice-python353x64", "3.5.3.7")),
    ("python353x86", ("azureappservice-python353x86", "3.5.3.7")),
])
def test_an_id_is_resolved_in_the_gallerys_own_spelling(extension_id, expected):
    found = resolve_id(OFFERS, extension_id)
    assert (found.extension_id, found.package_version) == expected


def test_an_unlisted_official_package_is_described_in_full():
    assert resolve_id([], "python2714x86", today=TODAY).to_dict() == {
        "version": "2.7.14", "architecture": "x86", "extensionId": "azureappservice-python2714x86",
        "packageVersion": "2.7.14.5", "title": "Python 2.7.14 x86", "publisher": "Microsoft",
        "installPath": r"D:\home\Python27", "support": "endOfLife", "endOfLife": "2020-01-01", "latestPatch": True,
        "installed": None}


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
