"""How many requests a command sends, how many of them at the same time, and what the record of a change costs."""

from __future__ import annotations

import pytest

from tests.local_azure import login
from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

WAIT = 120
"""Seconds after which a command that sends its requests one after the other has failed."""
MOST_IN_ENVIRONMENT = 45
"""Requests of install-requirements on an app that runs an environment, without those that are repeated meanwhile."""


def asked(azure, number):
    """The requests from the number-th on, without sign-in: "GET config/web", "GET vfs/site/wwwroot/web.config"."""
    found = []
    for one in azure.requests[number:]:
        if one.host != login.HOST:
            path = one.path.partition("?")[0]
            path = path.partition("/providers/Microsoft.Web/sites/")[2].partition("/")[2] or path.partition("/api/")[2]
            found.append(f"{one.method} {path}".strip())
    return found


@pytest.mark.parametrize("command, rounds", [("show", (1, 5)), ("list", (1, 5)), ("package list", (1, 3, 2))])
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
    # The app; its site extensions, its gallery, NuGet, python.org and an interrupted change; NuGet's two packages and the
    # feed's next page.
    with azure.in_rounds(1, 5, 3):
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
        "GET vfs/data/pythonapp/lease.json",
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
        with azure.in_rounds(1, 5, 1, 2) as held:
            answer = az(
                "webapp python set-version --version", version[:4].rstrip("."), *naming(site), timeout=WAIT
            ).json
    sent = asked(azure, number)
    assert answer["changed"] is False and answer["verification"]["httpStatus"] == 200
    assert answer["verification"]["importOk"] is True
    assert held.arrived == len(sent) <= 9, sent
    addresses = [(one.host, one.path) for one in azure.requests[number:] if one.method == "GET"]
    assert len(addresses) == len(set(addresses)), addresses


def test_a_dry_run_without_a_change_asks_little(az, azure, apps):
    site = apps.prepared("flask_hello")
    number = len(azure.requests)
    with azure.in_rounds(1, 5) as held:
        assert (
            az("webapp python set-version --version 3.8 --dry-run", *naming(site), timeout=WAIT).json["changed"]
            is False
        )
    assert held.arrived == len(asked(azure, number)) == 6, asked(azure, number)


def about_records(azure, number):
    """The requests from the number-th on that are about the lease and the records of changes."""
    found = asked(azure, number)
    return [one for one in found if "data/pythonapp/lease.json" in one or "data/pythonapp/history" in one]


def test_what_the_record_of_a_change_costs(az, azure, apps):
    """The lease is taken, read again and given up; the record is written before the change and after it."""
    site = apps.prepared("wsgi_hello")
    record = ["PUT zip/data/pythonapp/history/"] * 2
    look, take, end = (f"{method} vfs/data/pythonapp/lease.json" for method in ("GET", "PUT", "DELETE"))
    newest = "GET vfs/data/pythonapp/history/"
    number = len(azure.requests)
    first = az("webapp python web-config set --env A=B", *naming(site)).json["changeId"]
    assert about_records(azure, number) == [look, take, look, newest, *record, end]
    number = len(azure.requests)
    az("webapp python web-config set --env A=C", *naming(site))
    assert about_records(azure, number) == [look, take, look, newest, f"{newest}{first}.json", *record, end]
    number = len(azure.requests)
    az("webapp python web-config set --env A=C", *naming(site))
    assert about_records(azure, number) == [look]


def test_what_an_environment_holds_is_asked_once(az, azure, apps):
    """Its description tells what a file of each package would; the job is followed with two requests a second."""
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    number = len(azure.requests)
    (web_root(site) / "requirements.txt").write_text("flask\nwaitress\nidna==3.20\n", encoding="utf-8")
    changed = az("webapp python install-requirements", *naming(site)).json
    assert [row["name"] for row in changed["installed"]] == ["idna"]
    sent = asked(azure, number)
    assert not [one for one in sent if ".dist-info" in one], sent
    # The Pythons, what room there is, the job, and the import of the entry point.
    assert sent.count("POST command") == 4, sent
    # What is repeated for as long as a command takes: a look at the job, and a new term for the lease.
    repeated = (f"GET vfs/data/pythonapp/jobs/{changed['job']['id']}/", "PUT vfs/data/pythonapp/lease.json", "GET vfs/")
    others = [one for one in sent if one != repeated[2] and not one.startswith(repeated[:2])]
    assert len(others) <= MOST_IN_ENVIRONMENT, others
