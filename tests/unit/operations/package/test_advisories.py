"""Where advisories come from: files, and an address with a copy that is good when there is no network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from azext_pythonapp.appservice import cached_file
from azext_pythonapp.errors import InvalidInput, PythonAppError, Refused, Unreachable
from azext_pythonapp.operations.package.advisories import DEFAULT_SOURCE, Library, Source, read
from tests.unit.packages.test_osv_file import archive, ids, record
from tests.unit.page_server import PageServer, plain
from tests.unit.progress import Recorded

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=timezone.utc)
CHANGED = "Fri, 27 Nov 2026 17:00:00 GMT"


class Osv:
    """The server of an export. status: of its answers; body, etag: of the file."""

    def __init__(self) -> None:
        self.body, self.etag, self.status = archive({"a.json": record(1)}), '"1"', 200
        self.server = PageServer(self.answer)
        self.url = f"{self.server.url}/PyPI/all.zip?sig=secret"

    def answer(self, path, headers, write) -> None:
        if self.status == 200 and headers.get("if-none-match") == self.etag:
            write(plain(304, ETag=self.etag))
        elif self.status:
            write(plain(self.status, self.body, ETag=self.etag, Last_Modified=CHANGED))


@pytest.fixture
def osv(monkeypatch) -> Iterator[Osv]:
    monkeypatch.setattr(cached_file, "PAUSES", ())
    made = Osv()
    yield made
    made.server.close()


def take(source: Source, folder: Path, hours: float = 0) -> tuple[Any, list[str]]:
    progress = Recorded()
    with requests.Session() as session:
        session.trust_env = False
        found = read(source, session, folder, progress, lambda: NOW + timedelta(hours=hours))
    return found, progress.said


def test_a_copy_is_kept_and_only_asked_for(osv, tmp_path):
    source = Source(None, osv.url)
    first, said = take(source, tmp_path)
    assert ids(first.about({"flask"})) == {"flask": ["PYSEC-1"]}
    assert said[-1] == f"1 advisory of {osv.server.url}/PyPI/all.zip?****, changed 3 hours ago."
    osv.body = b"not sent"
    second, _ = take(source, tmp_path)
    assert ids(second.about({"flask"})) == {"flask": ["PYSEC-1"]}
    assert [headers.get("if-none-match") for _, headers in osv.server.asked] == [None, '"1"']
    kept = b"".join(path.read_bytes() for path in (tmp_path / "pythonapp").iterdir())
    assert b"secret" not in kept


def test_a_new_version_replaces_the_copy(osv, tmp_path):
    take(Source(None, osv.url), tmp_path)
    osv.body, osv.etag = archive({"a.json": record(2), "b.json": record(3)}), '"2"'
    assert len(take(Source(None, osv.url), tmp_path)[0]) == 2
    osv.status = 503
    assert len(take(Source(None, osv.url), tmp_path)[0]) == 2


@pytest.mark.parametrize(
    "status, body, words",
    [
        (503, b"", "the server answered with status 503"),
        (0, b"", "cut"),
        (200, b"<html>sign in</html>", "it is no JSON"),
        (200, archive({"a.json": record(1), "b.json": {}}), "b.json: it has no 'id'"),
    ],
)
def test_without_a_good_answer_the_old_copy_is_used(osv, tmp_path, status, body, words):
    take(Source(None, osv.url), tmp_path)
    osv.status, osv.body, osv.etag = status, body, '"2"'
    found, said = take(Source(None, osv.url), tmp_path, hours=50)
    assert ids(found.about({"flask"})) == {"flask": ["PYSEC-1"]}
    assert "could not be read" in said[-1] and "newest 2 days ago" in said[-1]
    assert words in said[-1] or status == 0
    osv.status, osv.body, osv.etag = 200, archive({"a.json": record(9)}), '"3"'
    assert ids(take(Source(None, osv.url), tmp_path)[0].about({"flask"})) == {"flask": ["PYSEC-9"]}


def test_without_a_copy_and_a_network_there_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(cached_file, "PAUSES", ())
    with pytest.raises(Unreachable) as error:
        take(Source(None, "http://127.0.0.1:9/all.zip"), tmp_path)
    assert "no earlier copy" in error.value.message and "--advisories" in str(error.value.recommendation)


def test_what_is_no_osv_at_an_address_is_said(osv, tmp_path):
    osv.body = b"<html>"
    with pytest.raises(Refused, match="no file of OSV advisories"):
        take(Source(None, osv.url), tmp_path)
    assert not list((tmp_path / "pythonapp").glob("*.copy"))


def test_a_copy_that_was_cut_is_none(osv, tmp_path):
    take(Source(None, osv.url), tmp_path)
    [copy] = (tmp_path / "pythonapp").glob("*.copy")
    copy.write_bytes(copy.read_bytes()[:-5])
    take(Source(None, osv.url), tmp_path)
    assert [headers.get("if-none-match") for _, headers in osv.server.asked] == [None, None]


def test_a_copy_is_of_one_file_of_a_server(osv, tmp_path):
    """One script may have many files; a SAS that was made anew still names the same one."""
    take(Source(None, f"{osv.url}&file=1&se=2026-01-01"), tmp_path)
    osv.status = 503
    with pytest.raises(Unreachable, match="no earlier copy"):
        take(Source(None, f"{osv.url}&file=2&se=2026-01-01"), tmp_path)
    again = f"{osv.server.url}/PyPI/all.zip?file=1&sig=other&se=2027-01-01"
    assert len(take(Source(None, again), tmp_path)[0]) == 1


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
@pytest.mark.parametrize("hops", [["http://b/all.zip", "https://c/all.zip"], ["https://b/all.zip", "http://c/all.zip"]])
@pytest.mark.parametrize("status", [200, 304])
def test_no_part_of_a_redirect_goes_without_tls(scheme, hops, status, tmp_path):
    class Answer:
        status_code, headers, url = status, {}, hops[1]
        history = (type("Hop", (), {"url": "https://a/all.zip"}), type("Hop", (), {"url": hops[0]}))
        __enter__, __exit__ = lambda self: self, lambda self, *_: None
        iter_content = staticmethod(lambda _: [b"x"])

    session = type("Session", (), {"get": lambda *_, **__: Answer()})()
    known = cached_file.Copy(b"x", NOW, None, '"1"')
    with pytest.raises(PythonAppError, match="without TLS"):
        cached_file.CachedFile(session, f"{scheme}://a/all.zip", tmp_path, 100).current(known, lambda done, total: None)


def test_a_file_that_is_too_large_is_not_taken(osv, tmp_path):
    with requests.Session() as session, pytest.raises(PythonAppError, match="more than 100 bytes"):
        cached_file.CachedFile(session, osv.url, tmp_path, 100).current(None, lambda done, total: None)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0 and not hasattr(os, "mkfifo"), reason="needs a file there")
def test_a_folder_that_cannot_be_written_is_said(osv, tmp_path):
    (tmp_path / "pythonapp").write_text("a file in its place", encoding="utf-8")
    found, said = take(Source(None, osv.url), tmp_path)
    assert len(found) == 1 and any("could not be kept" in line for line in said)


def test_a_file_tells_its_age(tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps([record(1)]), encoding="utf-8")
    os.utime(path, ((NOW - timedelta(days=9)).timestamp(),) * 2)
    found, said = take(Source.from_option(str(path)), tmp_path)
    assert len(found) == 1 and said == [f"1 advisory of {path}, changed 9 days ago."]


@pytest.mark.parametrize("value", ["missing.zip", ".", "http://example.org/all.zip", "ftp://x/y", "a\0b"])
def test_what_can_be_no_source_is_refused(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="--advisories"):
        Source.from_option(value)


def test_sources_are_told_apart(tmp_path):
    assert Source.from_option(None).url == DEFAULT_SOURCE
    assert Source.from_option("https://example.org/x.json").file is None


def test_many_apps_read_them_once(osv, tmp_path):
    times = iter((0.0, 1.0, 700.0, 700.0))
    library = Library(lambda: next(times))
    with requests.Session() as session:
        session.trust_env = False
        for expected in (1, 1, 2):
            library.read(Source(None, osv.url), session, tmp_path, Recorded())
            assert len(osv.server.asked) == expected


def test_many_apps_wait_once_for_what_does_not_answer(osv, tmp_path):
    now = [0.0]
    library = Library(lambda: now[0])
    osv.status = 503
    with requests.Session() as session:
        session.trust_env = False
        for moment, expected in ((0.0, 1), (30.0, 1), (61.0, 2)):
            now[0] = moment
            with pytest.raises(Unreachable, match="^The advisories could not be read") as error:
                library.read(Source(None, osv.url), session, tmp_path, Recorded())
            error.value.precede("app 'shop': ")
            assert len(osv.server.asked) == expected
        osv.status, now[0] = 200, 130.0
        assert len(library.read(Source(None, osv.url), session, tmp_path, Recorded())) == 1
