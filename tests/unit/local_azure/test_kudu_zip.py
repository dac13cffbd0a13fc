"""/api/zip (docs/platform/kudu.md 3.5)."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.local_azure.site import Site
from tests.unit.local_azure.linux_azure import Client


def archive(**files: str) -> bytes:
    """A zip whose members are named like the arguments, `__` standing for a slash."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name.replace("__", "/") + ".txt", (2020, 1, 2, 3, 4, 6)), text)
    return content.getvalue()


def test_upload_extracts_over_what_is_there(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/vfs/data/kept.txt", data=b"kept")
    kudu("PUT", "/api/vfs/data/one.txt", data=b"old")
    assert kudu("PUT", "/api/zip/data/", data=archive(one="new", sub__two="2")).status_code == 200
    texts = [kudu("GET", f"/api/vfs/data/{name}.txt").text for name in ("kept", "one", "sub/two")]
    assert texts == ["kept", "new", "2"]
    assert (site.machine.home / "data" / "one.txt").stat().st_mtime == 1577934246


def test_missing_target_needs_a_slash(kudu: Client) -> None:
    assert kudu("PUT", "/api/zip/data/jobs/1", data=archive(a="a")).status_code == 404
    assert kudu("PUT", "/api/zip/data/jobs/1/", data=archive(a="a")).status_code == 200
    assert kudu("PUT", "/api/zip/data/jobs/1", data=archive(a="a")).status_code == 200


def test_broken_archive_is_400(kudu: Client) -> None:
    assert kudu("PUT", "/api/zip/data/", data=b"no zip").status_code == 400


def test_read_only_wwwroot_is_400(kudu: Client, site: Site) -> None:
    site.switches.wwwroot_read_only = True
    assert kudu("PUT", "/api/zip/site/wwwroot/", data=archive(a="a")).status_code == 400


def test_download(kudu: Client) -> None:
    kudu("PUT", "/api/zip/data/", data=archive(one="1", sub__two="2"))
    answer = kudu("GET", "/api/zip/data/")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.read("sub/two.txt") == b"2"
    assert kudu("GET", "/api/zip/data/one.txt").status_code == 404


def test_a_held_file_leaves_what_was_extracted_before_it(kudu: Client, site: Site) -> None:
    site.switches.held_file = r"lib\two.txt"
    answer = kudu("PUT", "/api/zip/site/wwwroot/", data=archive(one="1", lib__two="2", three="3"))
    assert answer.status_code == 400 and "being used by another process" in answer.json()["ExceptionMessage"]
    assert r"site\wwwroot\lib\two.txt" in answer.json()["ExceptionMessage"]
    root = site.machine.home / "site" / "wwwroot"
    assert (root / "one.txt").exists() and not (root / "lib").exists() and not (root / "three.txt").exists()
    assert kudu("PUT", "/api/vfs/site/wwwroot/lib/two.txt", data=b"2").status_code == 409


def test_a_held_file_cannot_be_deleted(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/zip/site/wwwroot/", data=archive(held="1"))
    site.switches.held_file = "held.txt"
    answer = kudu("DELETE", "/api/vfs/site/wwwroot/held.txt", headers={"If-Match": "*"})
    assert answer.status_code == 404 and answer.json()["ExceptionType"] == "System.IO.IOException"
    assert (site.machine.home / "site" / "wwwroot" / "held.txt").exists()


@pytest.mark.parametrize("name", ["a" * 250, "what?", "a:b", "aux", "con.x"])
def test_a_name_that_windows_does_not_take_is_400(kudu: Client, site: Site, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("before.txt", "1")
        packed.writestr(name, "2")
    assert kudu("PUT", "/api/zip/data/", data=content.getvalue()).status_code == 400
    assert (site.machine.home / "data" / "before.txt").exists()


def test_a_name_is_kept_in_the_case_that_it_has(kudu: Client, site: Site) -> None:
    kudu("PUT", "/api/zip/data/", data=archive(one="1"))
    kudu("PUT", "/api/zip/data/", data=archive(ONE="2"))
    assert [path.name for path in (site.machine.home / "data").glob("*.txt")] == ["one.txt"]
    assert kudu("GET", "/api/vfs/data/One.txt").text == "2"
