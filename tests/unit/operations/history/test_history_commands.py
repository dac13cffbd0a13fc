"""`history list` and `history show`: what is told of records, of those that are torn, undone, or being made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, NotFound, PlatformFailed
from azext_pythonapp.history.environment import EnvironmentChange, RecordedEnvironment
from azext_pythonapp.history.lease import LEASE, LeaseFile
from azext_pythonapp.history.record import (
    FAILED,
    SUCCEEDED,
    UNFINISHED,
    KeptFile,
    PackageChange,
    Published,
    Record,
    RuntimeChange,
)
from azext_pythonapp.operations.history.commands import list_changes, show_change
from tests.json_contract import check_answer
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
WEB_CONFIG = "site/wwwroot/web.config"
IDS = [f"20261126-11{minute:02d}00-00{minute:02d}" for minute in range(60)]


def record(number: int, **parts: Any) -> Record:
    """The record of a change that succeeded in that minute."""
    made = Record(
        IDS[number],
        "set-version",
        "az webapp python set-version -g rg -n shop --version 3.8",
        shop_site().to_dict(),
        "ann@contoso.com",
        "00000000-0000-0000-0000-000000000001",
        f"2026-11-26T11:{number:02d}:00Z",
        f"2026-11-26T11:{number:02d}:30Z",
        SUCCEEDED,
    )
    return replace(made, **parts)


class Place:
    """An app whose records are files of a folder."""

    def __init__(self, home: Path, slots: list[str] | None = None):
        self.home = home
        self.kudu = FolderSite(home)
        self.kudu.clock = lambda: NOW
        self.asked: list[str] = []
        self.kudu.before_request = self.asked.append
        self.progress = Recorded()
        arm = SimpleNamespace(slots=lambda site: slots or [])
        namespace = SimpleNamespace(site=shop_site(), kudu=self.kudu, progress=self.progress, arm=arm)
        self.app = cast(App, namespace)

    def put(self, *records: Record) -> None:
        """Write records."""
        for each in records:
            self.kudu.write(f"data/pythonapp/history/{each.id}.json", each.to_json())

    def hold(self, change: str, seconds: float) -> None:
        """Write the lease of another machine's command; seconds: until it ends."""
        ends = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lease = LeaseFile(change, "set-version", "az …", "bob@contoso.com", "", "2026-11-26T11:59:00Z", ends)
        self.kudu.write(LEASE, lease.to_json())

    def listed(self, top: int | None = None) -> list[dict[str, Any]]:
        """What is listed, as the contract allows it."""
        rows = list_changes(self.app, top)
        check_answer("history list", json.loads(json.dumps(rows)))
        return rows

    def shown(self, change_id: str | None, in_full: bool = False) -> dict[str, Any]:
        """What is shown, as the contract allows it."""
        answer = show_change(self.app, change_id, in_full)
        check_answer("history show", json.loads(json.dumps(answer)))
        return answer


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_newest_comes_first_and_top_reads_no_more(place: Place) -> None:
    place.put(*(record(number) for number in (3, 1, 2)))
    assert [row["changeId"] for row in place.listed()] == [IDS[3], IDS[2], IDS[1]]
    place.asked.clear()
    (row,) = place.listed(1)
    assert row["changeId"] == IDS[3] and row["user"] == "ann@contoso.com" and row["objectId"].endswith("1")
    assert [one for one in place.asked if one.startswith("read ")] == [f"read data/pythonapp/history/{IDS[3]}.json"]
    with pytest.raises(InvalidInput, match="--top is 0"):
        list_changes(place.app, 0)


def test_an_undo_that_was_undone_counts_no_more(place: Place) -> None:
    place.put(record(1), record(2, undoes=IDS[1], command="rollback"))
    assert [(row["state"], row["undoneBy"]) for row in place.listed()] == [("succeeded", None), ("undone", IDS[2])]
    place.put(record(3, undoes=IDS[2], command="rollback"))
    assert [row["state"] for row in place.listed()] == ["succeeded", "undone", "succeeded"]
    place.put(record(4, undoes=IDS[1], state=FAILED))
    assert [row["state"] for row in place.listed()] == ["failed", "succeeded", "undone", "succeeded"]


def test_an_interrupted_change_that_was_undone_is_undone(place: Place) -> None:
    place.put(record(1, state=UNFINISHED, finished_at=None), record(2, undoes=IDS[1], command="rollback"))
    assert place.listed()[1]["state"] == "undone"
    answer = place.shown(IDS[1])
    assert answer["undoCommand"] is None and answer["finishCommand"] is None
    assert place.progress.last[-1] == f"az webapp python rollback -g rg -n shop --change-id {IDS[2]} --yes"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "' + IDS[2].encode() + b'"}', b"\xff\xfe", b'"' * 9])
def test_a_torn_record_is_named_and_left_out(place: Place, content: bytes) -> None:
    place.put(record(1), record(3))
    place.kudu.write(f"data/pythonapp/history/{IDS[2]}.json", content)
    assert [row["changeId"] for row in place.listed()] == [IDS[3], IDS[1]]
    (said,) = [line for line in place.progress.said if "cannot be read" in line]
    assert IDS[2] in said and "app 'shop'" in said
    with pytest.raises(PlatformFailed, match=f"{IDS[2]} on app 'shop' cannot be read: .*[^.]\\.$"):
        show_change(place.app, IDS[2])
    assert place.shown(IDS[1])["changeId"] == IDS[1]


def test_other_files_are_no_records(place: Place) -> None:
    place.put(record(1))
    for name in ("newest.json", "notes.txt", f"{IDS[2]}.json.bak"):
        place.kudu.write(f"data/pythonapp/history/{name}", b"{")
    assert len(place.listed()) == 1 and place.progress.said == []


def test_an_id_that_is_not_there_lists_the_newest_five(place: Place) -> None:
    place.put(*(record(number) for number in range(7)))
    for wrong in (IDS[20], "yesterday", "../../../site/wwwroot/web"):
        with pytest.raises(NotFound) as caught:
            show_change(place.app, wrong)
        message = caught.value.message
        first, *lines = message.splitlines()
        assert first == f"There is no change {wrong} on app 'shop'. The newest 5 are:"
        assert lines[0].startswith(f"  {IDS[6]}  set-version, by "), "each on a line of its own, for a narrow window"
        assert [each for each in IDS if each in message.replace(wrong, "")] == IDS[2:7]
        assert "`az webapp python history list -g rg -n shop`" in str(caught.value.recommendation)


def test_without_any_change_that_is_said(place: Place) -> None:
    assert place.listed() == []
    with pytest.raises(NotFound, match="No change is recorded on app 'shop' yet"):
        show_change(place.app, None)
    with pytest.raises(NotFound, match="There is no change .*: no change is recorded yet"):
        show_change(place.app, IDS[1])


def test_the_other_slot_is_named_where_there_is_one(tmp_path: Path) -> None:
    place = Place(tmp_path, ["staging"])
    with pytest.raises(NotFound) as caught:
        show_change(place.app, IDS[1])
    assert "another slot: `--slot staging`." in str(caught.value.recommendation)


def test_a_change_being_made_is_told_from_an_interrupted_one(place: Place) -> None:
    place.put(record(1), record(2, state=UNFINISHED, finished_at=None))
    place.hold(IDS[2], 40)
    rows = place.listed()
    assert [(row["state"], row["inProgress"]) for row in rows] == [("unfinished", True), ("succeeded", False)]
    answer = place.shown(None)
    assert answer["undoCommand"] is None and answer["finishCommand"] is None
    assert place.progress.last == ["Its command is at work on app 'shop' now."]

    place.progress.last.clear()
    place.hold(IDS[2], -1)
    answer = place.shown(IDS[2])
    assert not answer["inProgress"] and answer["finishCommand"] == record(2).command_line
    assert place.progress.last == [
        f"Finish: {record(2).command_line}",
        f"Undo: az webapp python rollback -g rg -n shop --change-id {IDS[2]} --yes",
    ]


def test_one_that_ends_meanwhile_is_not_called_interrupted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(record(2, state=UNFINISHED, finished_at=None))
    read = place.kudu.read

    def then_it_ends(path: str) -> Any:
        found = read(path)
        place.put(record(2))
        return found

    monkeypatch.setattr(place.kudu, "read", then_it_ends)
    (row,) = place.listed()
    assert (row["state"], row["inProgress"]) == ("succeeded", False)


def test_nothing_unfinished_asks_for_no_lease(place: Place) -> None:
    place.put(record(1))
    place.listed()
    assert not [one for one in place.asked if LEASE in one]


SECRET = b'<configuration><appSettings><add key="DB_PASSWORD" value="hunter2" /></appSettings>%s</configuration>'


def test_what_comes_back_has_no_secrets(place: Place) -> None:
    kept = KeptFile(WEB_CONFIG, "web.config", SECRET % b"", SECRET % b"<a />", True)
    row = {"target": WEB_CONFIG, "action": "update", "before": "no Python", "after": "fastCgi, Python 3.8.10 x64"}
    packages = PackageChange(
        "python.exe", "3.8", "x64", "python38", {"flask": "3.0", "six": "1"}, {"flask": "2.0", "click": "8"}
    )
    place.put(record(1, files=(kept,), packages=(packages,), changes=(row,)))
    answer = place.shown(IDS[1], in_full=True)
    told = [(each["target"], each["action"], each["before"], each["after"]) for each in answer["restores"]]
    assert told == [
        ("packages/click", "uninstall", "8", None),
        ("packages/flask", "upgrade", "2.0", "3.0"),
        ("packages/six", "install", None, "1"),
        (WEB_CONFIG, "update", "fastCgi, Python 3.8.10 x64", "no Python"),
    ]
    diff = answer["restores"][-1]["diff"]
    assert "hunter2" not in json.dumps(answer) and "-" in diff and "***" in diff
    assert place.progress.last[0].endswith("2026-11-26 11:01 UTC; succeeded. Undoing it brings back:")
    assert WEB_CONFIG in place.progress.last


def test_what_a_command_has_put_back_itself_is_not_to_undo(place: Place) -> None:
    kept = KeptFile(WEB_CONFIG, "web.config", b"<a />", b"<a />", True)
    packages = PackageChange("python.exe", "3.8", "x64", "python38", {"flask": "3.0"}, {"flask": "3.0"})
    place.put(record(1, state=FAILED, files=(kept,), packages=(packages,)))
    answer = place.shown(IDS[1], in_full=True)
    assert (answer["restores"], answer["undoCommand"]) == ([], None)
    assert place.progress.last == [
        f"Change {IDS[1]} of app 'shop': set-version, by ann@contoso.com, 2026-11-26 11:01 UTC; failed. "
        "Its command has put back what it had changed."
    ]
    place.put(record(1, state=FAILED, files=(kept, replace(kept, path="a/web.config", after=b"<b />"))))
    assert [row["target"] for row in place.shown(IDS[1])["restores"]] == ["a/web.config"]


def test_what_is_said_of_a_change_without_anything_to_undo(place: Place) -> None:
    place.put(record(1, state=UNFINISHED, finished_at=None), record(2), record(3, undoes=IDS[1], command="rollback"))
    place.shown(IDS[1], in_full=True)
    assert place.progress.last[0].endswith(
        "It was interrupted before it had changed anything that undoing brings back."
    )
    place.put(record(4, state=UNFINISHED, finished_at=None))
    place.hold(IDS[4], 40)
    place.progress.last.clear()
    place.shown(IDS[4], in_full=True)
    assert place.progress.last[0].endswith("; in progress.")


def test_what_undoing_has_brought_back_is_told_as_done(place: Place) -> None:
    kept = KeptFile(WEB_CONFIG, "web.config", b"<a />", b"<b />", True)
    place.put(record(1, files=(kept,)), record(2, undoes=IDS[1], command="rollback"))
    place.shown(IDS[1], in_full=True)
    assert place.progress.last[0].endswith("; undone. Undoing it brought back:")


@pytest.mark.parametrize("state", [FAILED, UNFINISHED])
def test_whether_a_python_of_a_cut_install_is_there_is_unknown(place: Place, state: Any) -> None:
    place.put(record(1, command="install", state=state, runtimes=(RuntimeChange(*PYTHON, "install"),)))
    (row,) = place.shown(None)["restores"]
    assert (row["action"], row["before"], row["after"]) == ("uninstall", "unknown", None)


def test_what_an_interrupted_change_left_is_unknown(place: Place) -> None:
    packages = PackageChange("python.exe", "3.8", "x64", "python38", {"flask": "3.0"})
    files = KeptFile(WEB_CONFIG, "web.config", b"<a />"), KeptFile("site/wwwroot/static/web.config", "s", None)
    place.put(record(1, state=UNFINISHED, finished_at=None, files=files, packages=(packages,)))
    rows = place.shown(IDS[1])["restores"]
    assert [(row["target"], row["action"], row["before"], row["after"]) for row in rows] == [
        ("python38/Lib/site-packages", "update", "unknown", "1 package"),
        (WEB_CONFIG, "update", "unknown", None),
        ("site/wwwroot/static/web.config", "delete", "unknown", None),
    ]


def test_a_new_file_goes_and_a_deleted_one_comes_back(place: Place) -> None:
    files = KeptFile("a/web.config", "a", None, b"<a />\n", True), KeptFile("b/web.config", "b", b"<b />\n", None, True)
    place.put(record(1, files=files))
    gone, back = place.shown(IDS[1])["restores"]
    assert gone["action"] == "delete" and "-<a />" in gone["diff"]
    assert back["action"] == "create" and "+<b />" in back["diff"]


PYTHON = ("3.8.10", "x64", "Contoso-python3810x64", "3.8.10.1", "siteExtension", r"D:\home\python3810x64\python.exe")


@pytest.mark.parametrize(
    "command, action, expected",
    [
        ("install", "install", [("siteextensions/Contoso-python3810x64", "uninstall", "3.8.10.1", None)]),
        ("set-version", "install", []),
        ("uninstall", "uninstall", [("siteextensions/Contoso-python3810x64", "install", None, "3.8.10.1")]),
    ],
)
def test_runtimes_come_and_go_as_rollback_does_it(place: Place, command: str, action: str, expected: object) -> None:
    packages = PackageChange(PYTHON[-1], "3.8.10", "x64", "python3810x64", {}, {"flask": "3.0"})
    runtimes = (RuntimeChange(*PYTHON, action),)
    place.put(record(1, command=command, runtimes=runtimes, packages=(packages,) if action == "install" else ()))
    rows = place.shown(None)["restores"]
    assert [(row["target"], row["action"], row["before"], row["after"]) for row in rows] == expected


ENVIRONMENT = RecordedEnvironment(
    "a", IDS[1], r"D:\home\python364x64\python.exe", "3.6.4", "x64", {"left": "1.0", "right": "1.0"}
)


@pytest.mark.parametrize("moved", [None, "in", "out"])
def test_an_environment_comes_back_with_its_packages(place: Place, moved: str | None) -> None:
    after = replace(ENVIRONMENT, letter="b", job=IDS[2], packages={"left": "2.0", "up": "1.0"})
    change = EnvironmentChange(None if moved == "in" else ENVIRONMENT, None if moved == "out" else after)
    place.put(record(3, environment=change))
    answer = place.shown(None)
    assert answer["environment"] == {"before": None if moved == "in" else "a", "after": None if moved == "out" else "b"}
    rows = [(row["target"], row["action"], row["before"], row["after"]) for row in answer["restores"]]
    assert rows == (
        []
        if moved
        else [
            ("packages/left", "downgrade", "2.0", "1.0"),
            ("packages/right", "install", None, "1.0"),
            ("packages/up", "uninstall", "1.0", None),
        ]
    )


def test_published_files_are_named(place: Place) -> None:
    published = Published("site/wwwroot", "data/kept.zip", ("new.py",), ("app.py",), ("old.py",))
    place.put(record(1, command="publish", published=published))
    rows = place.shown(None)["restores"]
    assert [(row["target"].rpartition("/")[2], row["action"]) for row in rows] == [
        ("new.py", "delete"),
        ("app.py", "update"),
        ("old.py", "create"),
    ]


def test_the_beginning_of_an_id_is_enough(place: Place) -> None:
    place.put(record(1), record(2))
    assert place.shown(IDS[1][:13])["changeId"] == IDS[1]
    assert place.shown(f" {IDS[1].upper()} ")["changeId"] == IDS[1]
    with pytest.raises(NotFound, match="The ids of 2 changes of app 'shop' begin with 2026:") as caught:
        show_change(place.app, "2026")
    assert [line.split()[0] for line in caught.value.message.splitlines()[1:]] == [IDS[2], IDS[1]]


def test_a_record_of_another_slot_came_with_a_swap(place: Place) -> None:
    place.put(record(1, app={"name": "shop", "resourceGroup": "rg", "slot": "staging"}), record(2))
    rows = place.listed()
    assert [row["app"]["slot"] for row in rows] == [None, "staging"]
    (said,) = place.progress.last
    assert said.startswith(f"Change {IDS[1]} was made on app 'shop' (slot 'staging'), not on app 'shop': records come")
    place.progress.last.clear()
    place.shown(IDS[1])
    assert "swap again" in place.progress.last[0]
    place.put(record(3, app={"name": "shop", "resourceGroup": "rg", "slot": "staging"}))
    place.progress.last.clear()
    place.listed()
    assert place.progress.last[0].startswith(
        f"2 changes were not made on app 'shop' ({IDS[3]} was made on app 'shop' (slot 'staging')): records come"
    )


def test_records_without_more_than_they_must_have_are_shown(place: Place) -> None:
    """As one of an older version, or of one that could not ask who is signed in."""
    bare = record(1, command_line="", user="", object_id="", app={}, started_at="", finished_at=None)
    place.put(replace(bare, changes=({"target": "app", "action": "restart"},)))
    (row,) = place.listed()
    assert [row[key] for key in ("user", "objectId", "app", "startedAt", "finishedAt")] == [None] * 5
    answer = place.shown(IDS[1], in_full=True)
    assert answer["restores"] == [] and "keeps nothing to bring back" in place.progress.last[0]
    assert answer["undoCommand"] is None and len(place.progress.last) == 1
