"""Apps that are deleted: the next ones get their workers, and nothing else of theirs."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.local_azure import arm
from tests.local_azure.cloud import LocalAzure
from tests.unit.local_azure.linux_azure import Client, arm_path


def archive(count: int) -> bytes:
    """A zip with so many files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for number in range(count):
            packed.writestr(f"{number}.txt", b"x" * 5000)
    return content.getvalue()


def test_a_name_is_given_once_at_a_time(azure: LocalAzure) -> None:
    first = azure.add_site("again")
    with pytest.raises(ValueError, match="there is an app again already"):
        azure.add_site("again")
    azure.remove_site(first)
    azure.remove_site(azure.add_site("again"))


def test_a_deleted_app_is_unknown(azure: LocalAzure) -> None:
    site = azure.add_site("short-lived")
    azure.remove_site(site)
    assert Client(azure, site.host)("GET", "/").status_code == 404
    assert Client(azure, site.scm_host)("GET", "/api/vfs/").status_code == 404
    assert Client(azure, arm.HOST)("GET", arm_path(site)).status_code == 404


def test_the_next_app_gets_an_empty_worker(azure: LocalAzure) -> None:
    site = azure.add_site("before")
    kudu = Client(azure, site.scm_host)
    assert kudu("PUT", "/api/vfs/data/left.txt", data=b"left").status_code == 201
    site.switches.archive_cut_times = 1
    assert kudu("PUT", "/api/zip/data/late/", data=archive(2000)).status_code == 500
    azure.remove_site(site)

    after = azure.add_site("after")
    assert after.machine is site.machine
    assert list((after.machine.home / "data").iterdir()) == []
    azure.remove_site(after)


def test_post_to_a_page_is_no_change(azure: LocalAzure) -> None:
    site = azure.add_site("posted")
    before = len(azure.mutating_requests())
    Client(azure, site.host)("POST", "/", data=b"form")
    azure.remove_site(site)
    assert len(azure.mutating_requests()) == before
