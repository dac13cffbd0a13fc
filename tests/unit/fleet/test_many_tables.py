"""The table of the answer for many apps."""

from __future__ import annotations

import pytest

from azext_pythonapp import _format
from azext_pythonapp._format_many import of_many, or_many

ID = "/subscriptions/s/resourceGroups/{}/providers/Microsoft.Web/sites/{}"


def row(name, group="rg", slot=None, **end):
    status = "failed" if "error" in end else "succeeded"
    app = {"name": name, "resourceGroup": group, "slot": slot}
    return {"id": ID.format(group, name), "app": app, "status": status, **end}


def shown(version, *warnings):
    app = {"name": "shop", "resourceGroup": "rg", "slot": None}
    return {"app": app, "runtime": {"version": version, "architecture": "x64"}, "warnings": list(warnings)}


ERROR = {"code": 3, "message": "The app 'gone' was not found.", "recommendation": None}


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_one_row_for_each_app_with_the_columns_of_the_command():
    table = or_many(_format.app_table)
    rows = table(
        [row("shop", result=shown("3.13.2", "old")), row("gone", error=ERROR), row("shop", "eu", result=shown("3.8"))]
    )
    assert [list(each) for each in rows] == [
        ["App", "Status", "Version", "Arch", "Handler", "EntryPoint", "Python", "Warnings", "Error"]
    ] * 3
    assert [each["App"] for each in rows] == ["shop (rg)", "gone", "shop (eu)"]
    assert [each["Version"] for each in rows] == ["3.13.2", "-", "3.8"]
    assert [each["Warnings"] for each in rows] == ["1", "-", "0"]
    assert rows[1]["Error"] == ERROR["message"] and rows[0]["Error"] == "-"


def test_a_list_has_its_rows_below_the_app():
    packages = [{"name": "flask", "version": "3"}, {"name": "six", "version": "1"}]
    rows = or_many(_format.packages_table)([row("a", slot="staging", result=packages), row("b", result=[])])
    assert [(each["App"], each["Name"]) for each in rows] == [("a/staging", "flask"), ("a/staging", "six"), ("b", "-")]


def test_a_dry_run_is_a_summary():
    install = {"target": "siteextensions/python3132x64", "action": "install", "before": None, "after": "3.13.2"}
    plan = {"changed": True, "changes": [install], "dryRun": True}
    rows = or_many(_format.set_version_table)([row("a", result=plan), row("b", result=plan), row("gone", error=ERROR)])
    assert [dict(each) for each in rows] == [
        {"Apps": "2", "Change": "install python3132x64 3.13.2"},
        {"Apps": "1", "Change": "refused"},
    ]


def test_lines_of_logs_keep_their_indent():
    rows = or_many(_format.lines_table)([row("a", result=["  Installing", "done"])])
    assert [each["Line"] for each in rows] == ["|  Installing", "|done"]


@pytest.mark.parametrize(
    "answer", [[], {}, [{"id": "20261127-1", "state": "succeeded", "title": ""}], [{"name": "six"}]]
)
def test_other_answers_are_not_of_many(answer):
    assert not of_many(answer)


def test_apps_of_two_subscriptions_are_told_apart():
    first, second = row("shop", result=[]), row("shop", result=[])
    second["id"] = second["id"].replace("/s/", "/t/")
    rows = or_many(_format.packages_table)([first, second, row("b", result=[])])
    assert [each["App"] for each in rows] == ["shop (rg) (s)", "shop (rg) (t)", "b"]
