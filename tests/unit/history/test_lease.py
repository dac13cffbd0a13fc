"""The lease of an app: one owner at a time, and one that has died keeps nobody waiting for long."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from azext_pythonapp.errors import Conflict, Refused
from azext_pythonapp.history import lease as module
from azext_pythonapp.history.lease import EXPIRE_SECONDS, LEASE, TORN, Lease, LeaseFile, read_lease
from azext_pythonapp.history.owner import has_died, this_process

from ..folder_site import FolderSite

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are known on Linux only")


def file(change: str = "20261126-120000-0001", owner: str = "elsewhere", user: str = "ann@contoso.com") -> LeaseFile:
    return LeaseFile(change, "set-version", "az webapp python set-version", user, owner, "2026-11-26T12:00:00Z", "")


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    made = FolderSite(tmp_path)
    made.clock = lambda: NOW
    return made


def held_by(site: FolderSite, **parts: str) -> Lease:
    lease = Lease(site, file(**parts), "app 'shop'")
    lease.take()
    return lease


def pass_time(site: FolderSite, seconds: float) -> None:
    moment = site.clock() + timedelta(seconds=seconds)
    site.clock = lambda: moment


def test_a_lease_is_gone_when_its_command_ends(site: FolderSite) -> None:
    lease = held_by(site)
    assert site.path("", LEASE).exists() and lease.earlier is None
    lease.end(unfinished=False)
    assert not site.path("", LEASE).exists()


def test_a_renewed_lease_is_refused_with_its_owner(site: FolderSite) -> None:
    first = held_by(site)

    def renewed(_: float) -> None:
        pass_time(site, 3)
        first._write(first._etag)

    said: list[str] = []
    with pytest.raises(Refused, match="`set-version` of ann@contoso.com, since 2026-11-26 12:00 UTC"):
        Lease(site, file("20261126-120001-0002"), "app 'shop'").take(said.append, renewed)
    assert len(said) == 1 and read_lease(site)[0].change == "20261126-120000-0001"
    first.end(unfinished=False)


@pytest.mark.parametrize(
    "started, told",
    [
        ("2026-11-26T11:01:00Z", None),
        ("2026-11-26T08:59:00Z", "It is held for 3 h already"),
        ("", "It does not say since when it is held"),
        ("2026-11-27T12:00:00Z", "It does not say since when it is held"),
    ],
)
def test_the_way_out_of_a_lease_that_never_ends(site: FolderSite, started: str, told: str | None) -> None:
    """The app's own code can write this file, and renew it for ever."""
    first = Lease(site, replace(file(), started_at=started), "app 'shop'")
    first.take()

    def renewed(_: float) -> None:
        pass_time(site, 3)
        first._write(first._etag)

    with pytest.raises(Refused) as caught:
        Lease(site, file("20261126-120001-0002"), "app 'shop'").take(sleep=renewed)
    first.end(unfinished=False)
    advice = str(caught.value.recommendation)
    out = r"delete %HOME%\data\pythonapp\lease.json in the app's Kudu console."
    assert (told in advice and advice.endswith(out)) if told else out not in advice


def test_of_two_that_create_it_at_once_only_one_holds_it(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kudu may tell both that the file is new; the bytes of the later one are there."""
    write, later = site.write, file("20261126-120000-0002", this_process() or "elsewhere", "bob@contoso.com")

    def both(path: str, content: bytes, if_match: str | None = "*") -> str:
        etag = write(path, content, if_match)
        if if_match is None:
            write(path, replace(later, expires_at="2026-11-26T12:01:00Z").to_json())
        return etag

    def renewed(_: float) -> None:
        write(LEASE, replace(later, expires_at="2026-11-26T12:01:15Z").to_json())

    monkeypatch.setattr(site, "write", both)
    with pytest.raises(Refused, match="bob@contoso.com"):
        Lease(site, file(), "app 'shop'").take(sleep=renewed)
    assert read_lease(site)[0].user == "bob@contoso.com"


def test_a_lease_that_is_not_renewed_is_taken_over(site: FolderSite) -> None:
    held_by(site)._ended.set()
    second = Lease(site, file("20261126-120001-0002"), "app 'shop'")
    second.take(sleep=lambda seconds: pass_time(site, seconds))
    assert second.earlier is not None and second.earlier.change == "20261126-120000-0001"
    assert site.clock() > NOW + timedelta(seconds=EXPIRE_SECONDS)
    second.end(unfinished=False)


@LINUX
def test_a_dead_process_of_this_machine_keeps_nobody_waiting(site: FolderSite) -> None:
    program = "from azext_pythonapp.history.owner import this_process; print(this_process())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    dead = answer.stdout.strip()
    assert has_died(dead) and not has_died(this_process()) and not has_died("") and not has_died("elsewhere")
    held_by(site, owner=dead)._ended.set()
    second = Lease(site, file("20261126-120001-0002"), "app 'shop'")
    second.take(sleep=lambda seconds: pytest.fail("it waited"))
    second.end(unfinished=False)


@LINUX
def test_a_living_process_of_this_machine_is_refused_at_once(site: FolderSite) -> None:
    first = held_by(site, owner=this_process())
    with pytest.raises(Refused):
        Lease(site, file("20261126-120001-0002"), "app 'shop'").take(sleep=lambda seconds: pytest.fail("it waited"))
    first.end(unfinished=False)


def test_a_process_of_another_machine_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("0" * 36)
    (tmp_path / "self/ns").mkdir(parents=True)
    os.symlink("pid:[1]", tmp_path / "self/ns/pid")
    assert not has_died(f"{'1' * 36} pid:[1] 77 5", tmp_path)
    assert not has_died(f"{'0' * 36} pid:[2] 77 5", tmp_path)
    assert has_died(f"{'0' * 36} pid:[1] 77 5", tmp_path)
    (tmp_path / "77").mkdir()
    (tmp_path / "77/stat").write_text("77 (a ) b) S " + " ".join(map(str, range(18))) + " 5 0\n")
    assert not has_died(f"{'0' * 36} pid:[1] 77 5", tmp_path)
    assert has_died(f"{'0' * 36} pid:[1] 77 6", tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"change": 1}', b"\xff"])
def test_a_torn_lease_is_nobodys(site: FolderSite, content: bytes) -> None:
    site.write(LEASE, content)
    lease = Lease(site, file(), "app 'shop'")
    lease.take(sleep=lambda seconds: pytest.fail("it waited"))
    assert lease.earlier == TORN
    lease.end(unfinished=False)


def test_a_given_up_lease_names_its_change_and_is_free(site: FolderSite) -> None:
    held_by(site).end(unfinished=True)
    left, _ = read_lease(site)
    assert left is not None and left.change == "20261126-120000-0001" and not left.held(NOW)
    second = Lease(site, file("20261126-120001-0002"), "app 'shop'")
    second.take(sleep=lambda seconds: pytest.fail("it waited"))
    assert second.earlier == left
    second.end(unfinished=False)


def test_a_lease_of_a_clock_that_was_wrong_ends(site: FolderSite) -> None:
    far = LeaseFile(**{**file().__dict__, "expires_at": "2027-11-26T12:00:00Z"})
    assert not far.held(NOW) and LeaseFile(**{**file().__dict__, "expires_at": "x"}).held(NOW) is False


def test_an_owner_that_slept_learns_that_its_lease_is_lost(site: FolderSite) -> None:
    moments = [0.0]
    first = Lease(site, file(), "app 'shop'", clock=lambda: moments[0])
    first.take()
    first._ended.set()
    pass_time(site, EXPIRE_SECONDS + 1)
    second = Lease(site, file("20261126-120200-0002", user="bob@contoso.com"), "app 'shop'")
    second.take(sleep=lambda seconds: pytest.fail("it waited"))
    first.require()
    moments[0] = EXPIRE_SECONDS + 1
    with pytest.raises(Conflict, match="bob@contoso.com"):
        first.require()
    first.end(unfinished=False)
    assert read_lease(site)[0].user == "bob@contoso.com"
    second.end(unfinished=False)


def test_a_worker_that_takes_no_file_raises_its_conflict(site: FolderSite) -> None:
    def full(request: str) -> None:
        if request.startswith("write"):
            raise Conflict("There is not enough space on the disk.")

    site.before_request = full
    with pytest.raises(Conflict, match="space"):
        Lease(site, file(), "app 'shop'").take(sleep=lambda seconds: pytest.fail("it waited"))


def test_the_lease_is_renewed_while_its_owner_works(site: FolderSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.01)
    lease = held_by(site)
    pass_time(site, 30)
    later = (NOW + timedelta(seconds=30 + EXPIRE_SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    while read_lease(site)[0] is None or read_lease(site)[0].expires_at != later:
        pass
    lease.end(unfinished=False)
    assert not site.path("", LEASE).exists()


def test_a_site_without_a_clock_keeps_nobody_waiting_forever(site: FolderSite) -> None:
    held_by(site)._ended.set()
    site.clock = lambda: None  # type: ignore[assignment, return-value]
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds
        assert passed[0] < 3 * EXPIRE_SECONDS, "it waits for the end of a lease that nobody renews"

    second = Lease(site, file("20261126-120001-0002"), "app 'shop'", clock=lambda: passed[0])
    second.take(sleep=sleep)
    assert passed[0] >= EXPIRE_SECONDS
    second.end(unfinished=False)


def test_a_lease_that_ends_while_it_is_looked_at_is_taken(site: FolderSite) -> None:
    first = held_by(site)

    def end(request: str) -> None:
        if request.startswith("read"):
            site.before_request = lambda request: None
            first.end(unfinished=False)

    site.before_request = end
    second = Lease(site, file("20261126-120001-0002"), "app 'shop'")
    second.take(sleep=lambda seconds: pytest.fail("it waited"))
    assert read_lease(site)[0].change == "20261126-120001-0002"
    second.end(unfinished=False)
