"""What is printed is accepted: an app's name as tables print it, resource ids, versions, entry points."""

from __future__ import annotations

from tests.local_azure.site import SUBSCRIPTION
from tests.scenario.apps import naming


def resource_id(site) -> str:
    """As `az webapp show --query id` prints it."""
    base = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{site.resource_group}/providers/Microsoft.Web/sites/{site.name}"
    )
    return f"{base}/slots/{site.slot}" if site.slot else base


def test_a_slot_has_many_names(az, azure, apps):
    production = apps.new()
    staging = apps.new(slot="staging", of=production, python="3.8.10")
    name, expected = production.name, az("webapp python show", *naming(staging)).json
    for words in (
        ("-g", "rg", "-n", f"{name}/staging"),
        ("-g", "rg", "-n", f"{name}/staging", "-s", "Staging"),
        ("-n", resource_id(staging)),
        ("-g", "RG", "-n", resource_id(production), "-s", "staging"),
    ):
        shown = az("webapp python show", *words).json
        assert shown | {"warnings": expected["warnings"]} == expected and shown["app"]["slot"] == "staging", words
    for words in (("-n", f"{name}/production"), ("-n", name, "--slot", "production")):
        assert az("webapp python show -g rg", *words).json["app"] == {"name": name, "resourceGroup": "rg", "slot": None}
    before = len(azure.mutating_requests())
    planned = az(
        "webapp python set-version --handler fastCgi --app app.app --dry-run --no-requirements",
        *("--version", "Python 3.8.10 x64", "-n", resource_id(staging)),
    )
    assert (planned.json["app"]["slot"], planned.json["entryPoint"]) == ("staging", "app.app")
    assert len(azure.mutating_requests()) == before


def test_names_that_contradict_each_other(az, azure, apps):
    site = apps.new(slot="staging")
    before = len(azure.requests)
    for words, told in (
        (("-g", "rg", "-n", f"{site.name}/staging", "-s", "production"), "--slot 'production'"),
        (("-g", "other", "-n", resource_id(site)), "--resource-group 'other'"),
        (("-n", site.name), "--resource-group/-g"),
        (("-g", "rg", "-n", f"{site.name}/a/b"), "not the name of an app"),
    ):
        failed = az("webapp python package list", *words, expect=2)
        assert told in failed.stderr and failed.stdout == "", failed
    assert len(azure.requests) == before, "nothing is asked of Azure"


def test_errors_of_a_resource_id_can_be_pasted(az, apps):
    site = apps.new()
    failed = az("webapp python show -n", resource_id(site), "-s", "nowhere", expect=3)
    assert f"app '{site.name}' (slot 'nowhere')" in failed.stderr
    listing = failed.stderr.split("`")[1].removeprefix("az ")
    assert f"--subscription {SUBSCRIPTION}" in listing
    assert az(listing).stdout == ""


def test_no_command_warns_of_the_preview(az, apps):
    site = apps.new()
    assert "preview" not in az("webapp python show", *naming(site)).stderr
    assert "in preview" in az("webapp python --help").stdout
