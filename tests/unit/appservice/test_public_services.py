"""NuGet's services, each on two hosts, and public files over a bad line."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import threading
from collections.abc import Iterator

import pytest
import requests

from azext_pythonapp.appservice.app import fetch_json
from azext_pythonapp.appservice.download import Digest, download
from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.runtimes.gallery import SERVICE_INDEX, fetch_public_gallery
from azext_pythonapp.runtimes.nuget import fetch_releases

HOSTS = ("https://azuresearch-usnc.nuget.org/query", "https://azuresearch-ussc.nuget.org/query")
# As docs/platform/recorded-traffic.md 6 has it: every host for every kind, the primary first.
INDEX = {
    "version": "3.0.0",
    "resources": [
        {"@id": host, "@type": kind, "comment": "primary or secondary"}
        for kind in ("SearchQueryService", "SearchQueryService/3.5.0")
        for host in HOSTS
    ]
    + [{"@id": f"https://{host}/v3-flatcontainer/", "@type": "PackageBaseAddress/3.0.0"} for host in ("one", "two")]
    + [{"@id": f"https://{host}/v3/registration/", "@type": "RegistrationsBaseUrl/3.6.0"} for host in ("one", "two")],
}
HIT = {
    "id": "azureappservice-python364x64",
    "version": "3.6.4.4",
    "title": "Python 3.6.4 x64",
    "tags": ["AzureSiteExtension"],
    "versions": [{"version": "3.6.4.4"}],
}


NONE = Digest("SHA-512", "x", "the catalog")


class Gallery:
    def __init__(self, *away):
        self.away, self.asked = away, []

    def __call__(self, url):
        self.asked.append(url)
        if any(url.startswith(address) for address in self.away):
            raise PlatformFailed(f"{url} could not be read: 503")
        if url == SERVICE_INDEX:
            return INDEX
        if "/query" in url:
            return {"totalHits": 1, "data": [HIT]}
        if "/v3-flatcontainer/" in url:
            return {"versions": ["3.13.2"]}
        if url.endswith("/catalog"):
            return {"packageHashAlgorithm": "SHA512", "packageHash": "hash"}
        return {
            "items": [
                {
                    "lower": "3.13.2",
                    "upper": "3.13.2",
                    "items": [{"catalogEntry": {"@id": "https://x/catalog", "version": "3.13.2", "listed": True}}],
                }
            ]
        }


@pytest.mark.parametrize("away", [(), HOSTS[:1]])
def test_the_second_search_host_is_asked_when_the_first_is_away(away):
    gallery = Gallery(*away)
    assert [entry["id"] for entry in fetch_public_gallery(gallery)] == [HIT["id"]]
    assert gallery.asked[-1].startswith(HOSTS[len(away)]) and len(gallery.asked) == 2 + len(away)


def test_two_search_hosts_that_are_away_are_said():
    with pytest.raises(PlatformFailed, match="usnc.*503"):
        fetch_public_gallery(Gallery(*HOSTS))


@pytest.mark.parametrize("away", ["https://one/v3-flatcontainer", "https://one/v3/registration", "https://nowhere"])
def test_every_host_of_a_service_is_asked(away):
    assert [one.runtime.version for one in fetch_releases(Gallery(away), "x64")] == ["3.13.2"]


class Handler(http.server.BaseHTTPRequestHandler):
    answers: list[tuple[int, bytes, int]] = []  # status, body, what Content-Length says

    def do_GET(self):  # pylint: disable=invalid-name
        status, body, length = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def session() -> requests.Session:
    opened = requests.Session()
    opened.trust_env = False
    return opened


@pytest.mark.parametrize("first", [(503, b"", 0), (429, b"", 0), (200, b'{"a"', 9), (200, b'{"a"', 4)])
def test_a_document_is_asked_for_again(address, session, first):
    Handler.answers = [first, (200, b'{"a": 1}', 8)]
    assert fetch_json(session, address, sleep=lambda _: None) == {"a": 1}


def test_a_document_that_is_not_there_is_asked_for_once(address, session):
    Handler.answers = [(404, b"", 0)]
    with pytest.raises(PlatformFailed, match="404"):
        fetch_json(session, address, sleep=lambda _: None)


def test_a_download_that_ends_early_begins_anew(address, session):
    content = b"0123456789" * 100
    sha512 = Digest("SHA-512", base64.b64encode(hashlib.sha512(content).digest()).decode(), "the catalog")
    Handler.answers = [(200, content[:500], 1000), (502, b"", 0), (200, content, 1000)]
    target = io.BytesIO()
    download(session, address, target, sha512, sleep=lambda _: None)
    assert target.getvalue() == content


def test_a_download_that_stays_short_is_said(address, session):
    Handler.answers = [(200, b"1", 1000)] * 3
    with pytest.raises(PlatformFailed, match="could not be downloaded"):
        download(session, address, io.BytesIO(), NONE, sleep=lambda _: None)


def test_a_download_of_far_too_much_is_given_up(address, session):
    Handler.answers = [(200, bytes(2000), 2000)]
    with pytest.raises(PlatformFailed, match="is larger than"):
        download(session, address, io.BytesIO(), NONE, sleep=lambda _: None, largest=1000)


def test_the_feeds_hash_is_sha_256(address, session):
    Handler.answers = [(200, b"zip", 3)] * 2
    hashed = hashlib.sha256(b"zip").hexdigest()
    download(session, address, io.BytesIO(), Digest("SHA-256", hashed, "python.org's feed"))
    with pytest.raises(PlatformFailed, match=f"does not match python.org's feed: its SHA-256 is {hashed}, not x"):
        download(session, address, io.BytesIO(), Digest("SHA-256", "x", "python.org's feed"))


def test_a_document_of_far_too_much_is_given_up(address, session, monkeypatch):
    monkeypatch.setattr("azext_pythonapp.appservice.app.PUBLIC_LARGEST", 1000)
    Handler.answers = [(200, b" " * 2000, 2000)]
    with pytest.raises(PlatformFailed, match="larger than"):
        fetch_json(session, address, sleep=lambda _: None)


def test_a_document_that_a_redirection_takes_out_of_https():
    class Insecure(requests.Session):
        def get(self, url, **_):  # pylint: disable=arguments-differ
            response = requests.Response()
            response.status_code, response.url, response.raw = 200, "http://python.example/x?secret", io.BytesIO(b"{}")
            return response

    with pytest.raises(PlatformFailed, match="leads to http://python.example/x, which is not") as refused:
        fetch_json(Insecure(), "https://www.python.org/x.json", sleep=lambda _: None)
    assert "secret" not in refused.value.message


def test_a_document_without_a_bottom_is_given_up(address, session):
    content = b"[" * 200_000
    Handler.answers = [(200, content, len(content))] * 5
    with pytest.raises(PlatformFailed, match="could not be read"):
        fetch_json(session, address, sleep=lambda _: None)
