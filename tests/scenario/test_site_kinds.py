"""Every kind of app that Resource Manager shows: Windows web apps are managed, all others refused with what fits them."""

from __future__ import annotations

import shlex

from tests.local_azure.site import LEFT_OUT, SUBSCRIPTION
from tests.scenario.apps import naming
from tests.scenario.unchanged import unchanged

OTHERS = {
    "functionapp": ({"sku": "Dynamic"}, "is a function app", "az functionapp create"),
    "functionapp,workflowapp": ({}, "is a logic app", "function app"),
    "app,container,windows": (
        {"isXenon": True, "hyperV": True},
        "runs a Windows container",
        "az webapp config container set",
    ),
    "app": ({"reserved": True}, "runs on Linux", "az webapp config set"),
}


def test_what_is_no_windows_web_app_is_refused(az, azure, apps):
    site = apps.new()
    try:
        for kind, (shape, said, advice) in OTHERS.items():
            site.kind, site.shape = kind, shape
            with unchanged(azure, site):
                for command in ("list", "set-version --version 3.6"):
                    failed = az("webapp python", *command.split(), *naming(site), expect=1)
                    assert said in failed.stderr and advice in failed.stderr and f"'{site.name}'" in failed.stderr, (
                        failed
                    )
    finally:
        site.kind, site.shape = None, {}


def test_a_windows_web_app_is_known_in_old_and_scanty_answers(az, apps):
    site = apps.new()
    site.integer_enums, site.custom_domains = True, ("www.example.com", "shop.scm.example.com")
    assert az("webapp python list", *naming(site)).json == []
    site.shape = {
        name: LEFT_OUT for name in ("isXenon", "hyperV", "reserved", "kind", "serverFarmId", "enabledHostNames")
    }
    assert az("webapp python list", *naming(site)).json == []
    site.shape = {"hostNameSslStates": LEFT_OUT, "enabledHostNames": [site.host, "shop.scm.example.com"]}
    failed = az("webapp python list", *naming(site), expect=1)
    assert "named no SCM site" in failed.stderr, failed


def test_hosts_are_not_the_name_of_the_app(az, apps):
    site = apps.new(capitals=True)
    assert site.name != site.name.lower() and site.host == site.host.lower()
    assert az("webapp python list", *naming(site)).json == []
    assert az("webapp python show", *naming(site)).json["app"]["name"] == site.name


def test_advised_commands_repeat_the_subscription_that_was_given(az, apps):
    site = apps.new()
    given = az("webapp python install-requirements --subscription", SUBSCRIPTION, *naming(site), expect=3)
    assert f"--subscription {SUBSCRIPTION}" in given.stderr, given
    advised = [part for part in given.stderr.split("`")[1::2] if part.startswith("az ")]
    assert advised and all(shlex.split(command).count(SUBSCRIPTION) == 1 for command in advised)
    plain = az("webapp python install-requirements", *naming(site), expect=3)
    assert "--subscription" not in plain.stderr


def test_a_default_app_does_not_break_list_versions(az, apps):
    site = apps.new()
    az("configure --defaults", f"web={site.name}")
    public = az("webapp python list-versions").json
    assert public and {row["installed"] for row in public} == {None}
    az("configure --defaults", f"web={site.name}", "group=rg")
    assert {row["installed"] for row in az("webapp python list-versions").json} == {False}
    az("configure --defaults", "web=gone", "group=rg")
    stale = az("webapp python list-versions")
    assert stale.json == public and "az configure --list-defaults" in stale.stderr, stale
