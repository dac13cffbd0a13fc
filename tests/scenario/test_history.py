"""`history`: what az prints about the records that an app keeps of its changes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import naming
from tests.scenario.test_completion import offered
from tests.scenario.test_screens import WIDTHS, last_lines, rows_of_table, shown

WAIT = 120
"""Seconds after which a command that reads one record after the other has failed."""
WEB_CONFIG = "site/wwwroot/web.config"
BEFORE, AFTER = (
    f'<configuration>\n<appSettings>\n<add key="DB_PASSWORD" value="hunter2" />\n{line}</appSettings>\n</configuration>\n'
    for line in ("", '<add key="WSGI_HANDLER" value="app.app" />\n')
)


def change_id(number: int) -> str:
    """The ids of a test's changes, by age."""
    return f"20261126-1159{number:02d}-4f{number:02d}"


def write_record(site: Site, number: int, **parts: Any) -> str:
    """Put a record on the app, as a command leaves it; its id."""
    folder = site.machine.home / "data" / "pythonapp" / "history"
    folder.mkdir(parents=True, exist_ok=True)
    row = {
        "format": 1,
        "id": change_id(number),
        "command": "set-version",
        "commandLine": f"az webapp python set-version -g rg -n {site.name} --version 3.8",
        "app": {"name": site.name, "resourceGroup": site.resource_group, "slot": site.slot},
        "user": "a-service-principal-with-a-long-name@contoso.onmicrosoft.com",
        "objectId": "00000000-0000-0000-0000-000000000001",
        "startedAt": f"2026-11-26T11:59:{number:02d}Z",
        "finishedAt": f"2026-11-26T12:00:{number:02d}Z",
        "state": "succeeded",
        "changes": [
            {"target": WEB_CONFIG, "action": "update", "before": "no Python", "after": "fastCgi, Python 3.8.10"}
        ],
        "files": [
            {
                "path": WEB_CONFIG,
                "name": "web.config",
                "before": {"text": BEFORE},
                "after": {"text": AFTER},
                "written": True,
            }
        ],
    }
    (folder / f"{change_id(number)}.json").write_text(json.dumps(row | parts), encoding="utf-8")
    return change_id(number)


def write_lease(site: Site, change: str, seconds: float) -> None:
    """Put the lease of a command on another machine on the app. seconds: until it ends."""
    ends = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    row = {
        "change": change,
        "command": "set-version",
        "command_line": "az …",
        "user": "bob@contoso.com",
        "owner": "",
        "started_at": "2026-11-26T11:59:00Z",
        "expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
    }
    path = site.machine.home / "data" / "pythonapp" / "lease.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(row), encoding="utf-8")


def test_an_app_without_changes_says_so(az, apps):
    site = apps.new()
    for output in ("json", "table"):
        done = az(f"webapp python history list --output {output}", *naming(site))
        assert f"No change is recorded on app '{site.name}' yet." in done.stderr, done
        assert done.stdout.strip() in ("", "[]")
    done = az("webapp python history show", *naming(site), expect=3)
    assert f"No change is recorded on app '{site.name}' yet." in done.stderr
    done = az("webapp python history show --change-id 20261126-115930-4f2a", *naming(site), expect=3)
    assert "no change is recorded yet" in done.stderr


def test_records_are_listed_and_shown(az, azure, apps):
    site = apps.new()
    ids = [write_record(site, number) for number in range(7)]
    write_record(site, 7, command="rollback", undoes=ids[6])
    (site.machine.home / "data/pythonapp/history" / f"{ids[2]}.json").write_text('{"id": ', encoding="utf-8")
    before = len(azure.mutating_requests())
    done = az("webapp python history list --top 7", *naming(site))
    assert [row["changeId"] for row in done.json] == [change_id(7), *ids[:2:-1], ids[1]]
    states = {row["changeId"]: row["state"] for row in done.json}
    assert states[ids[6]] == "undone" and states[change_id(7)] == states[ids[5]] == "succeeded"
    assert ids[2] not in states and f"change {ids[2]} on app '{site.name}' cannot be read" in done.stderr

    answer = az("webapp python history show --change-id", ids[5], *naming(site)).json
    (row,) = answer["restores"]
    assert (row["before"], row["after"]) == ("fastCgi, Python 3.8.10", "no Python")
    assert '-<add key="WSGI_HANDLER" value="app.app" />' in row["diff"] and "hunter2" not in json.dumps(answer)
    assert answer["undoCommand"].endswith(f"-n {site.name} --change-id {ids[5]} --yes")
    done = az("webapp python history show --change-id", ids[2], *naming(site), expect=1)
    assert "cannot be read" in done.stderr
    done = az("webapp python history show --change-id 20200101-000000-0000", *naming(site), expect=3)
    assert all(each in done.stderr for each in (change_id(7), *ids[3:7])) and ids[1] not in done.stderr
    az("webapp python history list --top 0", *naming(site), expect=2)
    assert len(azure.mutating_requests()) == before


def test_records_are_read_at_the_same_time(az, azure, apps):
    site = apps.new()
    for number in range(5):
        write_record(site, number)
    with azure.in_rounds(1, 2, 5) as held:  # the app; the list, and whether a change was interrupted; the records
        assert len(az("webapp python history list", *naming(site), timeout=WAIT).json) == 5
    assert held.arrived == 8


@pytest.mark.parametrize("seconds", [45, -5])
def test_a_live_command_is_told_from_a_dead_one(az, apps, seconds):
    site = apps.new()
    change = write_record(site, 1, state="unfinished", finishedAt=None, changes=[])
    write_lease(site, change, seconds)
    done = az("webapp python history show", *naming(site))
    assert done.json["state"] == "unfinished" and done.json["inProgress"] == (seconds > 0)
    assert (done.json["finishCommand"] is None) == (seconds > 0)
    assert ("is at work" in done.stderr) == (seconds > 0) and ("Finish: az webapp python" in done.stderr) == (
        seconds < 0
    )


@WIDTHS
def test_the_tables_fit_the_screen(az, apps, columns):
    site = apps.new()
    ids = [
        write_record(site, number, command=command)
        for number, command in enumerate(
            ("set-version", "install-requirements", "package uninstall", "web-config set", "publish")
        )
    ]
    write_record(site, 9, state="unfinished", finishedAt=None, changes=[])
    write_lease(site, change_id(9), 50)
    table = shown(az, site, "history list -o table", columns)
    header, _, *rows = rows_of_table(table)
    assert header.split() == ["ChangeId", "StartedAt", "State", "Command", "User"]
    assert [row.split()[0] for row in rows] == [change_id(9), *reversed(ids)], "an id can be copied"
    assert "in progress" in rows[0] and table.broken == [], table
    assert [row for row in rows if "install-requirements" in row] or columns < 100

    one = shown(az, site, f"history show --change-id {ids[0]} -o table", columns)
    assert rows_of_table(one)[0].split() == ["Action", "Target", "Before", "After"]
    assert "***" in one.text and "hunter2" not in one.text, one
    undo = f"Undo: az webapp python rollback -g rg -n {site.name} --change-id {ids[0]} --yes"
    assert last_lines(one, 1) == [undo], one


def test_the_newest_ids_are_offered(az, apps):
    site = apps.new()
    ids = {write_record(site, number) for number in range(3)}
    assert offered(az, f"az webapp python history show {' '.join(naming(site))} --change-id 2026") == ids


def test_undoing_after_a_swap_names_the_swap(az, apps):
    site = apps.prepared("wsgi_hello")
    slot = apps.prepared("wsgi_hello", slot="staging", name=site.name)
    change = az("webapp python package install --packages six", *naming(slot)).json["changeId"]
    az("webapp deployment slot swap", *naming(slot))
    done = az("webapp python rollback --dry-run", "-g", "rg", "-n", site.name)
    assert done.json["undone"] == change
    swap = f"`az webapp deployment slot swap -g rg -n {site.name} -s staging`"
    assert f"Change {change} was made on app '{site.name}' (slot 'staging')" in done.stderr and swap in done.stderr


def test_records_go_with_a_swap_of_slots(az, apps):
    site = apps.new()
    slot = apps.new(slot="staging", of=site)
    change = write_record(slot, 1)
    az("webapp deployment slot swap", *naming(site), "--slot", "staging")
    assert (site.slot, slot.slot) == ("staging", None)
    done = az("webapp python history list", "-g", "rg", "-n", site.name)
    assert [(row["changeId"], row["app"]["slot"]) for row in done.json] == [(change, "staging")]
    where = f"was made on app '{site.name}' (slot 'staging'), not on app '{site.name}': records come with the files"
    assert f"Change {change} {where}" in done.stderr
    done = az("webapp python history show --change-id", change, *naming(site), expect=3)
    assert "those of the production slot" in done.stderr
