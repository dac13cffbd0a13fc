"""The whole command: options, rows, what is said last, the report and the matrix."""

from __future__ import annotations

import json
import os
import stat

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.inventory import command
from azext_pythonapp.operations.inventory.command import InventoryRequest, inventory
from azext_pythonapp.operations.inventory.selection import Selection
from tests.unit.operations.inventory.fleet_rows import SUBSCRIPTIONS, TODAY, row
from tests.unit.operations.inventory.test_matrix import app
from tests.unit.progress import Recorded

OPTIONS = {
    "group": None,
    "tags": (),
    "end_of_life": False,
    "no_details": False,
    "parallel": 10,
    "shards": None,
    "output_file": None,
}
ERROR = {"code": 1, "message": "No.", "recommendation": None}
ROWS = {
    "old": row("old", "3.6.4"),
    "new": row("new", "3.13.2"),
    "none": row("none", None),
    "shut": row("shut", None, error=ERROR),
}


@pytest.fixture
def run(monkeypatch):
    """Runs the command over the apps of ROWS. progress: what was said."""
    found = Selection([app("s", name) for name in ROWS], linux=2, containers=1)
    monkeypatch.setattr(command, "select", lambda *_: found)
    monkeypatch.setattr(command, "detailed_row", lambda each, *_: ROWS[each.name] | {"id": each.id})

    def running(**options):
        request = InventoryRequest.from_options(**(OPTIONS | options))
        return inventory([], None, request, running.progress, SUBSCRIPTIONS, today=lambda: TODAY)

    running.progress, running.found = Recorded(), found
    return running


def test_every_app_has_a_row(run):
    answer = run()
    assert [each["name"] for each in answer.answer] == list(ROWS)
    assert answer.missing == []
    assert run.progress.last == [
        "4 apps and slots: 2 run Python, 1 of them a version without fixes; 1 could not be read (see their `error`).",
        "Left out: 2 Linux apps and 1 container app; this extension manages Python on Windows.",
    ]
    assert run.progress.statuses[-1] == "4 of 4 apps answered"


def test_end_of_life_keeps_what_may_have_ended(run):
    assert [each["name"] for each in run(end_of_life=True).answer] == ["old", "shut"]


@pytest.mark.parametrize(
    "silent",
    [
        row("silent", None, handler="fastCgi", warnings=["Python did not answer in time."]),
        row("silent", None, warnings=["web.config cannot be read."]),
    ],
)
def test_end_of_life_keeps_what_nobody_knows(run, monkeypatch, silent):
    rows = ROWS | {"new": silent}
    monkeypatch.setattr(command, "detailed_row", lambda each, *_: rows[each.name] | {"id": each.id})
    assert [each["name"] for each in run(end_of_life=True).answer] == ["old", "silent", "shut"]
    assert run.progress.last[0].startswith("3 apps and slots: 1 runs Python, 1 of them a version without fixes; ")
    run.progress.last.clear()
    (shard,) = run(end_of_life=True, shards=3).answer["include"]
    assert shard["count"] == 1 and shard["ids"].endswith("/sites/old")
    assert any("Not in the matrix" in line and "/sites/new" in line for line in run.progress.last)


def test_without_details_nobody_is_asked(run):
    answer = run(no_details=True).answer
    assert all(each["runtime"] is None and each["error"] is None for each in answer) and len(answer) == 4
    assert run.progress.statuses == []
    assert run.progress.last[0] == "4 apps and slots."


def test_what_is_missing_is_said(run):
    run.found.missing.append("Subscription x could not be read: no.")
    assert run().missing == ["Subscription x could not be read: no."]
    assert run.progress.last[-1] == "So there may be more apps than these."


def test_a_matrix_has_ids_and_asks_nobody(run):
    answer = run(shards=2).answer
    assert [each["count"] for each in answer["include"]] == [2, 2]
    assert run.progress.statuses == []


def test_a_matrix_of_ended_apps_leaves_out_what_is_not_known(run):
    (shard,) = run(shards=2, end_of_life=True).answer["include"]
    assert shard["ids"].endswith("/sites/old") and shard["count"] == 1
    assert any("Not in the matrix" in line and "/sites/shut" in line for line in run.progress.last)


def test_a_matrix_that_github_does_not_take_is_told(run):
    run.found.apps[:] = [app("s", f"{'x' * 100}{number}") for number in range(4000)]
    run(shards=200)
    assert any("larger than what GitHub Actions takes" in line for line in run.progress.last)


def test_a_report_is_written(run, tmp_path):
    path = tmp_path / "report.html"
    run(output_file=str(path))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "12" in text
    assert json.loads(text.partition('id="data">')[2].partition("</script>")[0])["rows"][0][1] == "old"
    assert run.progress.last[-1] == f"Report: {path}"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


def test_a_report_that_cannot_be_written_is_an_error(run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("azext_pythonapp.output_file.os.replace", full)
    found = run(output_file=str(tmp_path / "report.html"))
    assert [each["name"] for each in found.answer] == list(ROWS), "what was asked for an hour is not thrown away"
    assert len(found.missing) == 1 and "No space left" in found.missing[0] and found.missing[0] == run.progress.last[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_is_refused_first(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("azext_pythonapp.output_file.tempfile.mkstemp", refused)
    with pytest.raises(InvalidInput, match="Permission denied"):
        InventoryRequest.from_options(**(OPTIONS | {"output_file": str(tmp_path / "report.html")}))


@pytest.mark.parametrize(
    "options",
    [
        {"end_of_life": True, "no_details": True},
        {"shards": 3, "output_file": "a.html"},
        {"parallel": 0},
        {"parallel": 101},
        {"shards": 0},
        {"output_file": "report.json"},
        {"output_file": "no/such/folder/report.html"},
        {"tags": ["=x"]},
    ],
)
def test_wrong_options_are_refused_before_anything_is_asked(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput):
        InventoryRequest.from_options(**(OPTIONS | options))
