"""/api/vfs: the status, ETag, Range and redirect matrix of Kudu's VfsController (docs/platform/kudu.md 3)."""

from __future__ import annotations

import os

import pytest

from tests.local_azure.cloud import LocalAzure
from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client

FILE = "/api/vfs/site/wwwroot/notes.txt"
ANY = {"If-Match": "*"}


@pytest.fixture
def etag(kudu: Client) -> str:
    """The ETag of FILE, which holds `0123456789`."""
    answer = kudu("PUT", FILE, data=b"0123456789")
    assert answer.status_code == 201
    return answer.headers["ETag"]


def test_etag_is_the_little_endian_tick_count(kudu: Client, site: Site, etag: str) -> None:
    path = site.machine.home / "site" / "wwwroot" / "notes.txt"
    os.utime(path, ns=(0, 1341532800 * 10**9))  # 2012-07-06, the value in Kudu's own VfsControllerFacts
    answer = kudu("GET", FILE)
    assert (answer.headers["ETag"], etag != answer.headers["ETag"]) == ('"00c0b16b2129cf08"', True)
    assert answer.headers["Last-Modified"] == "Fri, 06 Jul 2012 00:00:00 GMT"


def test_whole_file_and_head(kudu: Client, etag: str) -> None:
    answer, head = kudu("GET", FILE), kudu("HEAD", FILE)
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"0123456789", etag)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", "10")
    assert "Date" in answer.headers


def test_names_have_no_case(kudu: Client, site: Site, etag: str) -> None:
    assert kudu("GET", "/api/vfs/SITE/WWWRoot/Notes.TXT").headers["ETag"] == etag
    assert kudu("PUT", "/api/vfs/Site/wwwroot/NOTES.txt", data=b"new", headers=ANY).status_code == 204
    assert [path.name for path in (site.machine.home / "site" / "wwwroot").iterdir()] == ["notes.txt"]


def test_missing_is_404_with_the_windows_path(kudu: Client) -> None:
    answer = kudu("GET", "/api/vfs/site/none.txt")
    assert (answer.status_code, answer.json()["Message"]) == (404, r"'D:\home\site\none.txt' not found.")
    assert kudu("DELETE", "/api/vfs/site/none.txt", headers=ANY).status_code == 404


@pytest.mark.parametrize(("path", "target"), [("/api/vfs/site", "/api/vfs/site/"), (FILE + "/", FILE)])
def test_slash_redirects_with_307(kudu: Client, etag: str, path: str, target: str) -> None:
    answer = kudu("GET", path)
    assert (answer.status_code, answer.headers["Location"]) == (307, kudu.base + target)


def test_listing(kudu: Client, etag: str) -> None:
    kudu("PUT", "/api/vfs/site/wwwroot/static/")
    listed = {entry["name"]: entry for entry in kudu("GET", "/api/vfs/site/wwwroot/").json()}
    assert listed["notes.txt"]["size"] == 10
    assert listed["notes.txt"]["path"] == r"D:\home\site\wwwroot\notes.txt"
    assert listed["notes.txt"]["href"] == kudu.base + FILE
    assert (listed["static"]["mime"], listed["static"]["size"]) == ("inode/directory", 0)
    assert "SystemDrive" in {entry["name"] for entry in kudu("GET", "/api/vfs/").json()}


def test_home_drive_is_told_by_path(kudu: Client, site: Site) -> None:
    site.switches.home_drive = "C:"
    assert {entry["path"] for entry in kudu("GET", "/api/vfs/site/").json()} == {r"C:\home\site\wwwroot"}


@pytest.mark.parametrize(
    ("asked", "status", "content", "where"),
    [
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=11-20", 416, None, "bytes */10"),
    ],
)
def test_range(kudu: Client, etag: str, asked: str, status: int, content: bytes | None, where: str) -> None:
    answer = kudu("GET", FILE, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (status, where)
    assert content is None or (answer.content, answer.headers["ETag"]) == (content, etag)


def test_range_of_an_empty_file_is_416(kudu: Client) -> None:
    kudu("PUT", "/api/vfs/data/empty.txt", data=b"")
    assert kudu("GET", "/api/vfs/data/empty.txt", headers={"Range": "bytes=0-"}).headers["Content-Range"] == "bytes */0"


def test_if_none_match(kudu: Client, etag: str) -> None:
    assert kudu("GET", FILE, headers={"If-None-Match": etag}).status_code == 304
    assert kudu("GET", FILE, headers={"If-None-Match": etag, "Range": "bytes=2-3"}).status_code == 206
    assert kudu("GET", FILE, headers={"If-Range": '"00"', "Range": "bytes=2-3"}).status_code == 200


def test_write_needs_the_current_etag(kudu: Client, etag: str) -> None:
    assert kudu("PUT", FILE, data=b"x").status_code == 412
    stale = kudu("PUT", FILE, data=b"x", headers={"If-Match": '"0000000000000000"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, etag)
    written = kudu("PUT", FILE, data=b"x", headers={"If-Match": etag})
    assert (written.status_code, written.headers["ETag"] != etag) == (204, True)
    assert kudu("PUT", FILE, data=b"y", headers=ANY).status_code == 204
    assert kudu("GET", FILE).content == b"y"


def test_write_makes_the_folders(kudu: Client) -> None:
    assert kudu("PUT", "/api/vfs/data/a/b%20c/d%23.txt", data=b"x", headers=ANY).status_code == 201
    assert [entry["name"] for entry in kudu("GET", "/api/vfs/data/a/b%20c/").json()] == ["d#.txt"]


def test_directories(kudu: Client) -> None:
    assert [kudu("PUT", "/api/vfs/data/new/").status_code for _ in range(2)] == [201, 409]
    assert kudu("PUT", "/api/vfs/data/new", data=b"x").status_code == 409
    kudu("PUT", "/api/vfs/data/new/file.txt", data=b"x")
    assert kudu("DELETE", "/api/vfs/data/new/").status_code == 409
    assert kudu("DELETE", "/api/vfs/data/new/?recursive=true").status_code == 200
    assert kudu("GET", "/api/vfs/data/new/").status_code == 404


def test_delete_needs_if_match(kudu: Client, etag: str) -> None:
    assert kudu("DELETE", FILE).status_code == 412
    assert kudu("DELETE", FILE, headers={"If-Match": '"00"'}).headers["ETag"] == etag
    assert kudu("DELETE", FILE, headers={"If-Match": etag}).status_code == 200
    assert kudu("GET", FILE).status_code == 404


def test_locked_file_is_409_once(kudu: Client, site: Site, etag: str) -> None:
    site.switches.vfs_conflict_times = 1
    assert [kudu("PUT", FILE, data=b"x", headers=ANY).status_code for _ in range(2)] == [409, 204]


def test_read_only_wwwroot(kudu: Client, site: Site, etag: str) -> None:
    site.switches.wwwroot_read_only = True
    answer = kudu("PUT", FILE, data=b"x", headers=ANY)
    assert (answer.status_code, "Could not write to local resource" in answer.json()["Message"]) == (409, True)
    assert kudu("DELETE", FILE, headers=ANY).json()["ExceptionType"] == "System.UnauthorizedAccessException"
    assert kudu("PUT", "/api/vfs/data/elsewhere.txt", data=b"x").status_code == 201
    assert kudu("GET", FILE).content == b"0123456789"


def test_other_drives_are_not_there(kudu: Client, site: Site) -> None:
    assert "home" in {entry["name"] for entry in kudu("GET", "/api/vfs/SystemDrive/").json()}
    site.switches.home_drive = "C:"
    assert kudu("GET", "/api/vfs/SystemDrive/").status_code == 404


def test_slots_have_their_own_files(azure: LocalAzure, site: Site, kudu: Client, etag: str) -> None:
    slot = Client(azure, azure.add_site(site.name, slot="staging").scm_host)
    assert slot("GET", FILE).status_code == 404
    slot.close()
