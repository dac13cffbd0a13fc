"""What changes in how many apps."""

from __future__ import annotations

import pytest

from azext_pythonapp.fleet.summary import affected, result_in_words, summary, summary_lines


def change(action, target, before=None, after=None):
    return {"action": action, "target": target, "before": before, "after": after}


def planned(*changes):
    return {"status": "succeeded", "result": {"changed": bool(changes), "changes": list(changes), "dryRun": True}}


def failed(status="failed"):
    return {"status": status, "error": {"code": 1, "message": "No.", "recommendation": None}}


SWITCH = [
    change("install", "siteextensions/python3132x64", None, "3.13.2"),
    change("install", "packages/flask", None, "3.0"),
    change("upgrade", "packages/jinja2", "2", "3"),
    change("install", "packages/click", None, "8"),
    change("update", "site/wwwroot/web.config", "fastCgi", "fastCgi"),
    change("restart", "app"),
]


def test_each_change_is_counted_by_apps():
    rows = [planned(*SWITCH), planned(*SWITCH[4:]), planned(), planned(), failed(), failed("unknown")]
    assert summary(rows) == [
        (1, "install python3132x64 3.13.2"),
        (1, "install packages"),
        (1, "upgrade packages"),
        (2, "update web.config"),
        (2, "restart the app"),
        (2, "unchanged"),
        (1, "refused"),
        (1, "unknown"),
    ]
    assert summary_lines(rows)[3:6] == ["2 apps: update web.config", "2 apps: restart the app", "2 apps: unchanged"]
    assert summary_lines(rows)[0] == " 1 app: install python3132x64 3.13.2"
    assert affected(rows) == 2


@pytest.mark.parametrize(
    "row, words",
    [
        (change("uninstall", "siteextensions/python364x64", "3.6.4"), "uninstall python364x64 3.6.4"),
        (change("update", "jobs/20261127", "running", "canceled"), "update a job"),
        (change("update", "app", "Stopped", "Running"), "update the app to Running"),
        (change("create", "site/wwwroot/static/a.css"), "create files"),
        (change("create", "site/wwwroot/public/web.config"), "create web.config"),
        (change("delete", "python364x64", "40 packages"), "delete python364x64"),
    ],
)
def test_changes_in_words(row, words):
    assert summary([planned(row)]) == [(1, words)]


@pytest.mark.parametrize(
    "result, words",
    [
        ({"changed": True, "changes": [1, 2]}, "2 changes"),
        ({"changed": True, "changes": [1], "dryRun": True}, "1 change planned"),
        ({"changed": False, "changes": []}, "unchanged"),
        ({"runtime": {"version": "3.13.2"}}, "Python 3.13.2"),
        ({"runtime": None}, ""),
        ({"id": "1", "state": "succeeded", "exitCode": 0}, "job 1 succeeded"),
        ([{"name": "flask"}], ""),
        (None, ""),
    ],
)
def test_an_answer_in_words(result, words):
    assert result_in_words(result) == words
