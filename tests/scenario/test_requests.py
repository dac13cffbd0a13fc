"""How many requests a reading command sends, and how many of them at the same time."""

from __future__ import annotations

import pytest

from tests.local_azure import login
from tests.scenario.apps import naming
from tests.scenario.unchanged import unchanged

WAIT = 120
"""Seconds after which a command that sends its requests one after the other has failed."""


def asked(azure, number):
    """The requests from the number-th on, without sign-in: "GET config/web", "GET vfs/site/wwwroot/web.config"."""
    found = []
    for one in azure.requests[number:]:
        if one.host != login.HOST:
            path = one.path.partition("?")[0]
            path = path.partition("/providers/Microsoft.Web/sites/")[2].partition("/")[2] or path.partition("/api/")[2]
            found.append(f"{one.method} {path}".strip())
    return found


@pytest.mark.parametrize("command, rounds", [("show", (1, 4)), ("list", (1, 4)), ("package list", (1, 2, 2))])
def test_reading_commands_ask_at_the_same_time(az, azure, apps, command, rounds):
    site = apps.prepared("wsgi_hello")
    site.use_32bit_worker = False
    with unchanged(azure, site):
        plain = az(f"webapp python {command}", *naming(site)).json
        number = len(azure.requests)
        with azure.in_rounds(*rounds) as held:
            answer = az(f"webapp python {command}", *naming(site), timeout=WAIT).json
    assert answer == plain
    assert held.arrived == sum(rounds) == len(asked(azure, number)), asked(azure, number)


def test_the_sources_are_asked_at_the_same_time_and_once(az, azure, apps):
    site = apps.new()
    number = len(azure.requests)
    with azure.in_rounds(1, 3, 2):  # the app; its site extensions, its gallery and NuGet; NuGet's two packages
        assert az("webapp python list-versions", *naming(site), timeout=WAIT).json
    made = [(one.host, one.path) for one in azure.requests[number:] if one.host != login.HOST]
    assert len(set(made)) == len(made), made


def test_what_show_asks_for(az, azure, apps):
    site = apps.prepared("wsgi_hello")
    number = len(azure.requests)
    az("webapp python show", *naming(site))
    site_get, *others, plan = asked(azure, number)
    assert site_get == "GET" and "serverfarms" in azure.requests[-1].path, (
        "a 64-bit Python on a 32-bit worker: the plan"
    )
    assert sorted(others) == [
        "GET config/web",
        "GET siteextensions",
        "GET vfs/site/wwwroot/web.config",
        "POST command",
    ], plan


@pytest.mark.parametrize(
    "sample, version, handler",
    [
        ("flask_hello", "3.8.10", "fastcgi"),
        ("django_hello", "3.11.9", "fastcgi"),
        ("waitress_hello", "3.8.10", "httpplatform"),
    ],
)
def test_a_run_without_a_change_asks_little(az, azure, apps, sample, version, handler):
    site = apps.prepared(sample, version, handler)
    number = len(azure.requests)
    with unchanged(azure, site):
        with azure.in_rounds(1, 4, 1, 2) as held:
            answer = az(
                "webapp python set-version --version", version[:4].rstrip("."), *naming(site), timeout=WAIT
            ).json
    sent = asked(azure, number)
    assert answer["changed"] is False and answer["verification"]["httpStatus"] == 200
    assert answer["verification"]["importOk"] is True
    assert held.arrived == len(sent) <= 8, sent
    addresses = [(one.host, one.path) for one in azure.requests[number:] if one.method == "GET"]
    assert len(addresses) == len(set(addresses)), addresses


def test_a_dry_run_without_a_change_asks_little(az, azure, apps):
    site = apps.prepared("flask_hello")
    number = len(azure.requests)
    with azure.in_rounds(1, 4) as held:
        assert (
            az("webapp python set-version --version 3.8 --dry-run", *naming(site), timeout=WAIT).json["changed"]
            is False
        )
    assert held.arrived == len(asked(azure, number)) == 5, asked(azure, number)
