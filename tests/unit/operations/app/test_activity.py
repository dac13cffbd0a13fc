"""What the records on the worker say: jobs, pending restarts, the last change."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from azext_pythonapp.jobs.pending_restart import FOLDER as LEFT
from azext_pythonapp.jobs.request import FOLDER as JOBS
from azext_pythonapp.operations.app import activity as module
from azext_pythonapp.operations.app.activity import (
    LOOK,
    activity,
    had_web_config,
    last_change,
    parse_records,
    tells_no_lease,
)
from tests.unit.folder_site import FolderSite
from tests.unit.operations.shop import shop_site

OLD, NEW = "20261126-155713-fc54", "20261126-155714-fc54"
NOW = datetime(2026, 11, 26, 16, 0, tzinfo=timezone.utc)


def printed(*lines, before="pythonapp-home D:\\home \r\n"):
    return before + "\r\n".join(["pythonapp-records ", *lines, "pythonapp-records-end\r\n"])


class App:
    """An app whose SCM site is a folder."""

    def __init__(self, home, state="Running", instances=("a",)):
        self.site = shop_site(state=state)
        self.kudu = FolderSite(home)
        self.kudu.clock = lambda: NOW
        self.started = None
        self.kudu.app_start_time = lambda: self.started
        self.arm = SimpleNamespace(instances=lambda site: list(instances))

    def job(self, job_id, **fields):
        state = {"state": "succeeded", "command": "install", "heartbeatAt": "2026-11-26T15:59:59Z"} | fields
        self.kudu.write(f"{JOBS}/{job_id}/state.json", json.dumps(state).encode())


@pytest.fixture
def app(tmp_path):
    return App(tmp_path)


def look(app, *lines):
    return activity(app, parse_records(printed(*lines)), lambda seconds: None)


def test_the_command_is_one_line_without_a_redirection():
    assert (
        "\n" not in LOOK
        and ">" not in LOOK
        and "%" not in LOOK.replace("%i", "").replace("%~nxi", "").replace("%~ni", "")
    )


def test_nothing_is_known_of_an_answer_that_was_cut():
    assert parse_records("") is None and parse_records("pythonapp-records\r\npythonapp-left x") is None


def test_whether_there_is_a_lease():
    leased = printed("pythonapp-leased lease ", f"pythonapp-change {NEW}", "")
    assert not tells_no_lease(leased) and parse_records(leased).changes == (NEW,)
    assert tells_no_lease(printed("", "")) and not tells_no_lease("") and not tells_no_lease("pythonapp-records\r\n")


def test_an_app_without_records(app):
    records = parse_records(printed("", ""))
    assert (records.left, records.jobs, records.changes, records.newest) == ((), (), (), {})
    assert last_change(records) is None and app.kudu.requests == []
    assert activity(app, records, None).pending_restart is False


def test_all_that_is_printed_is_read():
    change = {"id": NEW, "command": "set-version", "files": [{"path": "site/wwwroot/web.config"}]}
    records = parse_records(
        printed(
            f"pythonapp-left {OLD}.restart",
            "pythonapp-left note.txt",
            f"pythonapp-queued {NEW}",
            f"pythonapp-change {NEW}",
            f"pythonapp-change {OLD}",
            f"{OLD}{NEW} ",
            *json.dumps(change, indent=2).split("\n"),
            "",
        )
    )
    assert [marker.name for marker in records.left] == [f"{OLD}.restart"]
    assert records.jobs == (OLD, NEW) and records.changes == (OLD, NEW) and records.newest == change


def test_the_last_change_is_the_newest_that_succeeded():
    """Whatever is recorded since: it failed, is not finished, or was undone."""
    fields = {"id": OLD, "command": "web-config set", "user": "", "startedAt": "2026-11-26T15:57:13Z"}
    records = parse_records(printed(f"pythonapp-change {OLD}", f"pythonapp-change {NEW}", json.dumps(fields)))
    assert last_change(records) == {
        "changeId": OLD,
        "command": "web-config set",
        "user": None,
        "startedAt": "2026-11-26T15:57:13Z",
    }


@pytest.mark.parametrize("newest", ['{"id": "x"}', '{"id": 1', "", '{"command": "install"}'])
def test_a_newest_change_that_cannot_be_read_is_not_told(newest):
    assert last_change(parse_records(printed(f"pythonapp-change {OLD}", newest))) is None


@pytest.mark.parametrize(
    ("fields", "had"),
    [
        ({}, False),
        ({"command": "install", "runtimeAfter": None, "changes": [{"target": "siteextensions/x"}]}, False),
        ({"command": "set-version", "runtimeAfter": {"version": "3.8.10"}}, True),
        ({"command": "package install", "changes": [{"target": "packages/six", "action": "install"}]}, True),
        ({"command": "web-config set", "changes": [{"target": "site/wwwroot/web.config", "action": "update"}]}, True),
        ({"command": "rollback", "changes": [{"target": "site/wwwroot/web.config", "action": "delete"}]}, False),
        ({"command": "rollback", "changes": "x"}, False),
    ],
)
def test_whether_there_was_a_web_config(fields, had):
    assert had_web_config(parse_records(printed(json.dumps(fields)))) is had


def test_a_running_job_leaves_the_restart_open(app):
    app.job(OLD, state="running")
    found = look(app, f"pythonapp-left {OLD}.restart", OLD)
    assert found.running.id == OLD and found.pending_restart is None
    assert [str(finding) for finding in found.findings] == [
        f"Job {OLD} of app 'shop', pip (install), is running. Wait for it: `az webapp python job wait -g rg -n shop --job-id "
        f"{OLD}`."
    ]


def test_a_lost_job_is_told(app):
    app.job(OLD, state="running", heartbeatAt="2026-11-26T10:00:00Z")
    found = look(app, OLD)
    assert found.running is None and "is lost: Its last heartbeat was 21600 s ago" in found.findings[0].message


def test_a_restart_is_pending_until_the_app_was_started_again(app):
    app.job(OLD, finishedAt="2026-11-26T15:58:00Z")
    line = f"pythonapp-left {OLD}.restart-later"
    assert look(app, line).pending_restart is True
    app.started = datetime(2026, 11, 26, 15, 57, tzinfo=timezone.utc)
    assert look(app, line).pending_restart is True
    assert "was not restarted since" in look(app, line).findings[0].message
    app.started = datetime(2026, 11, 26, 15, 59, tzinfo=timezone.utc)
    found = look(app, line)
    assert found.pending_restart is False and found.findings == ()


def test_packages_of_another_runtime_need_no_restart(app, monkeypatch):
    app.job(OLD, finishedAt="2026-11-26T15:58:00Z")
    app.kudu.write(f"{JOBS}/{OLD}/request.json", b'{"runtime": "python39x64"}')
    for used, pending in (("python38x64", False), ("python39x64", True)):
        monkeypatch.setattr(module, "may_use", lambda app, folder, used=used: folder == used)
        assert look(app, f"pythonapp-left {OLD}.restart").pending_restart is pending


def test_one_of_several_instances_says_nothing_of_the_others(tmp_path):
    app = App(tmp_path, instances=("a", "b"))
    app.job(OLD, finishedAt="2026-11-26T15:58:00Z")
    app.started = NOW
    assert look(app, f"pythonapp-left {OLD}.restart").pending_restart is True


def test_a_stopped_app_needs_no_restart_but_a_start(tmp_path):
    app = App(tmp_path, state="Stopped")
    found = look(app, f"pythonapp-left {OLD}.restart", f"pythonapp-left {OLD}.start")
    assert found.pending_restart is False and f"was stopped for job {OLD}" in found.findings[0].message
    assert LEFT and look(app, f"pythonapp-left {OLD}.restart").findings == ()
