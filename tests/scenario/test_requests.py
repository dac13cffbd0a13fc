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
