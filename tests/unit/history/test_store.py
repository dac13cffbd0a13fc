"""The records of an app: listed newest first, read though some are torn, pruned but for the newest good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.errors import NotFound
from azext_pythonapp.history.record import FAILED, SUCCEEDED, Record, State, Torn
from azext_pythonapp.history.store import HISTORY, KEPT, MOST_DELETED, MOST_RECORDS, NEWEST, History, Unread

from ..folder_site import FolderSite
from .test_record import record


def name(number: int) -> str:
    return f"20261126-120000-{number:04x}"


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    return FolderSite(tmp_path)


def fill(site: FolderSite, count: int, states: dict[int, State], first: int = 0) -> list[str]:
    history = History(site)
    for number in range(first, first + count):
        history.write(record(name(number), state=states.get(number, FAILED)))
    history.prune(history.entries())
    return history.ids()


def test_an_app_without_history_has_no_records(site: FolderSite) -> None:
    assert History(site).ids() == []


def test_the_newest_succeeded_record_is_kept_apart(site: FolderSite) -> None:
    fill(site, 3, {1: SUCCEEDED})
    assert Record.parse(site.read(f"{HISTORY}/{NEWEST}").content).id == name(1)


def test_the_last_records_stay(site: FolderSite) -> None:
    ids = fill(site, MOST_RECORDS + 5, {number: SUCCEEDED for number in range(MOST_RECORDS + 5)})
    assert ids == [name(number) for number in reversed(range(5, MOST_RECORDS + 5))]


def test_the_newest_good_record_is_never_pruned(site: FolderSite) -> None:
    site.write(f"{KEPT}/{name(1)}.zip", b"PK")
    site.write(f"{KEPT}/{name(2)}.zip", b"PK")
    ids = fill(site, MOST_RECORDS + 5, {1: SUCCEEDED, 2: SUCCEEDED})
    assert len(ids) == MOST_RECORDS + 1 and ids[-1] == name(2)
    assert not site.path("", f"{KEPT}/{name(1)}.zip").exists() and site.path("", f"{KEPT}/{name(2)}.zip").exists()
    assert fill(site, 1, {MOST_RECORDS + 5: SUCCEEDED}, MOST_RECORDS + 5)[-1] == name(6)


def test_torn_and_foreign_files_do_no_harm(site: FolderSite) -> None:
    fill(site, 2, {})
    site.write(f"{HISTORY}/{name(0)}.json", b"{")
    site.write(f"{HISTORY}/{name(7)}.json", record(name(8)).to_json())
    site.write(f"{HISTORY}/notes.txt", b"mine")
    site.write(f"{HISTORY}/../x.json", b"mine")
    history = History(site)
    found = history.read_all([*history.ids(), name(9)])
    assert [each.id for each in found] == [name(7), name(1), name(0)]
    assert [isinstance(each, Unread) for each in found] == [True, False, True]
    with pytest.raises(Torn, match=name(8)):
        history.read(name(7))
    with pytest.raises(NotFound):
        history.read(name(9))


def test_thousands_of_records_take_no_long_time(site: FolderSite) -> None:
    for number in range(MOST_RECORDS * 3):
        site.write(f"{HISTORY}/{name(number)}.json", record(name(number), state=SUCCEEDED).to_json())
    history = History(site)
    entries = history.entries()
    site.requests.clear()
    history.prune(entries)
    assert len(site.requests) <= MOST_RECORDS + 2 * MOST_DELETED
    assert history.ids() == [name(number) for number in reversed(range(MOST_DELETED, MOST_RECORDS * 3))]
    site.write(f"{HISTORY}/{name(999)}.json", b" " * 64_000_001)
    (found,) = history.read_all([name(999)])
    assert isinstance(found, Unread) and found.problem == "it has 64 MB"


def test_a_good_record_below_many_bad_ones_stays(site: FolderSite) -> None:
    ids = fill(site, MOST_RECORDS * 3, {0: SUCCEEDED})
    assert ids[-1] == name(0) and len(ids) == MOST_RECORDS * 3 - MOST_DELETED
