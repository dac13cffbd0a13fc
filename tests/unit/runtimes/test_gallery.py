"""The public gallery, by NuGet's v3 protocol."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.runtimes.catalogue import gallery_offers, sorted_offers
from azext_pythonapp.runtimes.gallery import PAGE_SIZE, SERVICE_INDEX, fetch_public_gallery

SEARCH = "https://search.example.org/query"
INDEX = {
    "version": "3.0.0",
    "resources": [
        {"@id": "https://example.org/autocomplete", "@type": "SearchAutocompleteService"},
        {"@id": "https://old.example.org/query", "@type": "SearchQueryService"},
        {"@id": SEARCH, "@type": "SearchQueryService/3.5.0"},
        {"@id": "https://second.example.org/query", "@type": "SearchQueryService/3.5.0"},
    ],
}


def hit(extension_id, version, *older, tags="python AzureSiteExtension", authors="Microsoft", title=None):
    return {
        "@id": "https://example.org/registration",
        "@type": "Package",
        "id": extension_id,
        "version": version,
        "title": title or extension_id,
        "description": "",
        "tags": tags.split() if tags else None,
        "authors": [authors],
        "totalDownloads": 7,
        "versions": [
            {"@id": "https://example.org/leaf", "version": each, "downloads": 1} for each in (*older, version)
        ],
    }


class Gallery:
    """A NuGet source that answers like nuget.org and remembers what it was asked."""

    def __init__(self, hits, index=INDEX):
        self.hits, self.index, self.asked = hits, index, []

    def __call__(self, url):
        self.asked.append(url)
        if url == SERVICE_INDEX:
            return self.index
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        skip, take = int(query["skip"]), int(query["take"])
        return {"totalHits": len(self.hits), "data": self.hits[skip : skip + take]}


def test_every_version_of_every_site_extension_comes_back():
    gallery = Gallery(
        [
            hit("azureappservice-python364x64", "3.6.4.4+2018", "3.6.4.2", title="Python 3.6.4 x64"),
            hit(
                "NakedObjects-python3111x64",
                "3.11.1",
                tags="Python AZURESITEEXTENSION",
                authors="Naked Objects",
                title="Python 3.11.1 x64",
            ),
        ]
    )
    entries = fetch_public_gallery(gallery)
    assert [(entry["id"], entry["version"], entry["authors"]) for entry in entries] == [
        ("azureappservice-python364x64", "3.6.4.2", ["Microsoft"]),
        ("azureappservice-python364x64", "3.6.4.4", ["Microsoft"]),
        ("NakedObjects-python3111x64", "3.11.1", ["Naked Objects"]),
    ]
    assert [
        (offer.version, offer.package_version, offer.publisher) for offer in sorted_offers(gallery_offers(entries))
    ] == [("3.11.1", "3.11.1", "Naked Objects"), ("3.6.4", "3.6.4.4", "Microsoft")]


def test_the_search_that_the_index_names_is_asked_as_kudu_asks():
    gallery = Gallery([])
    assert not fetch_public_gallery(gallery)
    index, search = gallery.asked
    assert index == "https://api.nuget.org/v3/index.json"
    assert search.startswith(SEARCH + "?")
    assert parse_qs(urlsplit(search).query) == {
        "q": ["tags:AzureSiteExtension python"],
        "prerelease": ["true"],
        "semVerLevel": ["2.0.0"],
        "skip": ["0"],
        "take": [str(PAGE_SIZE)],
    }


def test_pages_are_read_to_the_end():
    gallery = Gallery([hit(f"package{number}", "1.0") for number in range(2 * PAGE_SIZE + 1)])
    assert len(fetch_public_gallery(gallery)) == 2 * PAGE_SIZE + 1
    assert len(gallery.asked) == 4


def test_a_server_that_ends_early_is_believed():
    def get_json(url):
        return INDEX if url == SERVICE_INDEX else {"totalHits": 10, "data": []}

    assert not fetch_public_gallery(get_json)


def test_a_search_without_end_is_given_up():
    asked = []

    def get_json(url):
        asked.append(url)
        return INDEX if url == SERVICE_INDEX else {"totalHits": 10**9, "data": [hit("package", "1.0")] * PAGE_SIZE}

    with pytest.raises(PlatformFailed, match="does not end"):
        fetch_public_gallery(get_json)
    assert len(asked) < 40


def test_packages_without_the_tag_are_no_site_extensions():
    gallery = Gallery(
        [
            hit("python364x64", "3.6.4", tags="python"),
            hit("python362x64", "3.6.2", tags=None),
            hit("azureappservice-python354x64", "3.5.4.5"),
        ]
    )
    assert [entry["id"] for entry in fetch_public_gallery(gallery)] == ["azureappservice-python354x64"]


def test_a_hit_without_its_versions_has_the_one_it_names():
    lone = {**hit("azureappservice-python354x64", "3.5.4.5"), "versions": None}
    assert [entry["version"] for entry in fetch_public_gallery(Gallery([lone]))] == ["3.5.4.5"]


@pytest.mark.parametrize(
    "index",
    [
        None,
        [],
        "<html>",
        {},
        {"resources": None},
        {"resources": ["x"]},
        {"resources": [{"@id": "https://example.org/", "@type": "Catalog/3.0.0"}]},
        {"resources": [{"@id": "http://plain.example.org/query", "@type": "SearchQueryService"}]},
    ],
)
def test_an_index_without_a_search_is_an_error(index):
    with pytest.raises(PlatformFailed, match="no search service"):
        fetch_public_gallery(Gallery([], index))


def test_authors_and_tags_may_be_one_string():
    single = {
        **hit("azureappservice-python354x64", "3.5.4.5"),
        "authors": "Microsoft, Others",
        "tags": "python AzureSiteExtension",
    }
    assert [entry["authors"] for entry in fetch_public_gallery(Gallery([single]))] == [["Microsoft, Others"]]


@pytest.mark.parametrize("types", ["SearchQueryService", ["Other", "SearchQueryService/3.0.0-rc"]])
def test_older_search_services_do(types):
    gallery = Gallery([], {"resources": [{"@id": SEARCH + "?feed=1", "@type": types}]})
    assert not fetch_public_gallery(gallery)
    assert gallery.asked[1].startswith(SEARCH + "?feed=1&q=")


@pytest.mark.parametrize(
    "answer", [None, [], "<html>", {}, {"totalHits": 1}, {"data": []}, {"totalHits": "1", "data": []}]
)
def test_an_answer_that_is_no_search_result_is_an_error(answer):
    with pytest.raises(PlatformFailed, match="did not return search results"):
        fetch_public_gallery(lambda url: INDEX if url == SERVICE_INDEX else answer)


def test_the_secondary_host_is_asked_when_the_primary_is_away():
    class Halved(Gallery):
        def __call__(self, url):
            if url.startswith(SEARCH):
                self.asked.append(url)
                raise PlatformFailed(f"{url} could not be read: 503")
            return super().__call__(url)

    gallery = Halved([hit("azureappservice-python364x64", "3.6.4.4", title="Python 3.6.4 x64")])
    assert [entry["id"] for entry in fetch_public_gallery(gallery)] == ["azureappservice-python364x64"]
    assert [urlsplit(url).hostname for url in gallery.asked] == [
        "api.nuget.org",
        "search.example.org",
        "second.example.org",
    ]
    with pytest.raises(PlatformFailed, match="search.example.org.*503"):
        fetch_public_gallery(Halved([], {"resources": INDEX["resources"][:3:2]}))
