"""The store of wheels as the runner keeps it: what is damaged goes, and what was not used for long."""

from __future__ import annotations

import json
import os
import time
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.runner import wheel_store
from azext_pythonapp.packages.wheels import find_links_page, read_folder, stored_page

DAY = 24 * 3600


class Store:
    """The folder of an app's data with a store of three wheels, a job that is given all of them, and the runner."""

    def __init__(self, folder):
        (folder / "local").mkdir()
        for name in ("a-1.0+local.1", "b-1.0", "c-1.0"):
            (folder / "local" / f"{name}-py3-none-any.whl").write_bytes(name.encode() * 1000)
        self.given = read_folder(str(folder / "local"))
        self.data = folder / "data"
        self.job = self.data / "jobs" / "20260101-000000-0000"
        self.job.mkdir(parents=True)
        (self.job / "wheels.html").write_bytes(find_links_page(self.given))
        for wheel in self.given:
            self.put(wheel)

    def put(self, wheel, days=0.0):
        """As an upload leaves a wheel that was last used so many days ago."""
        folder = self.data / "wheels" / wheel.key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / wheel.name).write_bytes(wheel.path.read_bytes())
        (self.data / "wheels" / wheel.marker).touch()
        self.set_age(wheel, days)

    def set_age(self, wheel, days):
        """Make a wheel's last use so many days ago; its folder is never younger than its marker."""
        moment = time.time() - days * DAY
        os.utime(self.data / "wheels" / wheel.key, (moment - 5, moment - 5))
        os.utime(self.data / "wheels" / wheel.marker, (moment, moment))

    def call(self, name):
        """Call a function of the runner's for the job."""
        return getattr(wheel_store, name)(str(self.data), str(self.job))

    @property
    def whole(self):
        """The projects of the wheels that are there with folder and marker; of the others nothing may be there."""
        names = {path.name for path in (self.data / "wheels").iterdir()}
        found = [wheel for wheel in self.given if {wheel.key, wheel.marker} <= names]
        assert names == {name for wheel in found for name in (wheel.key, wheel.marker)}
        return [wheel.project for wheel in found]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_whole_wheels_stay(store):
    assert store.call("delete_damaged_wheels") == []
    assert store.whole == ["a", "b", "c"]


def test_links_without_a_hash_are_checked_by_the_known_part(store):
    names = [wheel.marker for wheel in store.given]
    (store.job / "wheels.html").write_bytes(stored_page(names, {"a": "1.0+local.1", "b": "1.0"}))
    a, b, _ = store.given
    assert wheel_store.given_wheels(str(store.job)) == [(a.key, a.key, a.name), (b.key, b.key, b.name)]
    assert store.call("delete_damaged_wheels") == [] and store.whole == ["a", "b", "c"]
    (store.data / "wheels" / b.key / b.name).write_bytes(b"damaged")
    assert store.call("delete_damaged_wheels") == [b.name] and store.whole == ["a", "c"]


def test_a_damaged_and_a_missing_wheel_are_forgotten(store):
    first, second, _ = store.given
    path = store.data / "wheels" / first.key / first.name
    path.write_bytes(path.read_bytes()[:-1])
    (store.data / "wheels" / second.key / second.name).unlink()
    assert store.call("delete_damaged_wheels") == [first.name, second.name]
    assert store.whole == ["c"]


def test_wheels_that_the_job_was_not_given_are_not_read(store):
    (store.data / "wheels" / store.given[0].key / store.given[0].name).write_bytes(b"damaged")
    (store.job / "wheels.html").write_bytes(find_links_page(store.given[1:]))
    assert store.call("delete_damaged_wheels") == []
    (store.job / "wheels.html").unlink()
    assert store.call("delete_damaged_wheels") == []
    assert store.whole == ["a", "b", "c"]


def test_what_was_unused_for_ninety_days_goes(store):
    for wheel, days in zip(store.given, (91, 89, 500)):
        store.set_age(wheel, days)
    store.call("delete_unused_wheels")
    assert store.whole == ["b"]
    assert not (store.job / "unused").exists()


def test_what_a_cut_upload_left_goes_when_it_is_old(store):
    first, second, third = store.given
    for wheel in (first, second):
        (store.data / "wheels" / wheel.marker).unlink()
    for wheel, days in ((first, 91), (second, 1)):
        moment = time.time() - days * DAY
        os.utime(store.data / "wheels" / wheel.key, (moment, moment))
    store.call("delete_unused_wheels")
    assert {path.name for path in (store.data / "wheels").iterdir()} == {second.key, third.key, third.marker}


def test_least_recently_used_wheels_are_deleted(store, monkeypatch):
    for wheel, days in zip(store.given, (40, 3, 2)):
        store.set_age(wheel, days)
    monkeypatch.setattr(wheel_store, "KEPT_WHEEL_BYTES", sum(wheel.size for wheel in store.given[1:]))
    store.call("delete_unused_wheels")
    assert store.whole == ["b", "c"]
    monkeypatch.setattr(wheel_store, "KEPT_WHEEL_BYTES", 1)
    store.set_age(store.given[1], 0.5)
    store.call("delete_unused_wheels")
    assert store.whole == ["b"]


def test_a_job_that_is_given_a_wheel_makes_it_used(store):
    for wheel in store.given:
        store.set_age(wheel, 100)
    (store.job / "wheels.html").write_bytes(find_links_page(store.given[:2]))
    store.call("mark_used")
    store.call("delete_unused_wheels")
    assert store.whole == ["a", "b"]
    assert (store.data / "wheels" / store.given[0].marker).stat().st_mtime > time.time() - 60


def test_a_wheel_that_another_job_is_given_meanwhile_stays(store, monkeypatch):
    """The other job notes its use after this one has read the times, before it moves the marker."""
    for wheel in store.given:
        store.set_age(wheel, 100)
    rename = os.rename

    def late(source, target):
        if source.endswith(store.given[1].marker):
            os.utime(source, None)
        rename(source, target)

    monkeypatch.setattr(wheel_store, "os", SimpleNamespace(**{**vars(os), "rename": late}))
    store.call("delete_unused_wheels")
    assert store.whole == ["b"]


def test_a_wheel_whose_folder_cannot_be_moved_stays_whole(store, monkeypatch):
    """Windows moves no folder with a file in it that somebody reads."""
    for wheel in store.given:
        store.set_age(wheel, 100)
    rename = os.rename

    def refusing(source, target):
        if source.endswith(store.given[2].key):
            raise PermissionError(13, "Permission denied", source)
        rename(source, target)

    monkeypatch.setattr(wheel_store, "os", SimpleNamespace(**{**vars(os), "rename": refusing}))
    store.call("delete_unused_wheels")
    assert store.whole == ["c"]


def test_no_store_is_no_problem(store, capsys):
    for path in sorted((store.data / "wheels").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.call("delete_unused_wheels")
    (store.data / "wheels").rmdir()
    store.call("delete_unused_wheels")
    assert "were not deleted" not in capsys.readouterr().out
    store.call("mark_used")
    assert store.call("delete_damaged_wheels") == [wheel.name for wheel in store.given]


def record_of(store, name, content):
    folder = store.data / "history"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(content)


def test_a_wheel_that_a_record_of_a_change_names_stays(store, monkeypatch):
    """A rollback needs it, also where it is older than 90 days or the store is full."""
    for wheel in store.given:
        store.set_age(wheel, 500)
    packages = [{"before": {"A": "1.0+local.1", "c": "0.9"}, "after": None}, {"before": None, "after": {"b": "1.0"}}]
    record_of(store, "20260101-000000-0001", json.dumps({"packages": packages}))
    record_of(store, "20260101-000000-0002", '{"packages": [{"before": {"c": "1.0"')
    record_of(store, "20260101-000000-0003", json.dumps({"packages": ["c==1.0"], "files": None}))
    monkeypatch.setattr(wheel_store, "KEPT_WHEEL_BYTES", 1)
    store.call("delete_unused_wheels")
    assert store.whole == ["a", "b"]
