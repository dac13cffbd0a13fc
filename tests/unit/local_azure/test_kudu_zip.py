"""/api/zip (docs/platform/kudu.md 3.5)."""

from __future__ import annotations

import io
import zipfile

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
