"""Restarts and health on the platform's worst day: no working app is put back, and no broken one is called good."""

from __future__ import annotations

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

SWITCH = ("webapp python set-version --version 3.11.9",)
ANSWERS = """\
import sys


def application(environ, start_response):
    start_response(%s, [("Content-Type", "text/plain")] + %s)
    return [b"served by " + sys.version.split()[0].encode()]
"""

HEALTHZ = """\
def application(environ, start_response):
    found = environ["PATH_INFO"] == "/healthz"
    start_response("200 OK" if found else "500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"ok" if found else b"no"]
"""


def answering(site, status, headers="[]"):
    """Let the app answer each request so: a Python expression for the status, one for further headers."""
    (web_root(site) / "app.py").write_text(ANSWERS % (status, headers), encoding="utf-8")


def test_errors_during_the_restart_cause_no_rollback(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.switches.restart_pages = ("500.0", "500.0", "500.0", "502.5", "503")
    site.switches.restart_cut = True

    done = az(*SWITCH, *naming(site))

    verification = done.json["verification"]
    assert (verification["httpStatusBefore"], verification["httpStatus"]) == (200, 200)
    assert verification["instances"] == [{"id": site.instance, "httpStatus": 200}]
    assert "waiting up to 120 s for the restart" in done.stderr, done
    assert "on Python 3.11.9" in apps.get(site).text


@pytest.mark.parametrize(
    "status, headers",
    [
        ('"404 Not Found"', "[]"),
        ('"401 Unauthorized"', "[]"),
        ('"429 Too Many Requests"', "[]"),
        ('"302 Found"', '[("Location", "https://login.example.com/")]'),
    ],
)
def test_a_page_that_answers_as_before_is_healthy(az, azure, apps, status, headers):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    answering(site, status, headers)

    verification = az(*SWITCH, *naming(site)).json["verification"]

    number = int(status[1:4])
    assert (verification["httpStatusBefore"], verification["httpStatus"]) == (number, number)
    assert not any("login.example.com" in refused for refused in azure.refused), "no other host is asked"
    assert b"python3119x64" in (web_root(site) / "web.config").read_bytes()


def test_app_broken_before_is_not_rolled_back(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    answering(site, "undefined")

    done = az(*SWITCH, *naming(site))

    assert done.json["verification"]["httpStatus"] == done.json["verification"]["httpStatusBefore"] == 500
    assert "answered 500, as it did before" in done.stderr and "name 'undefined' is not defined" in done.stderr, done


@pytest.mark.parametrize(
    "state, forbidden, why",
    [("QuotaExceeded", False, "This web app is stopped"), ("Running", True, "access restrictions")],
)
def test_a_page_that_never_reached_the_app_is_not_verified(az, azure, apps, state, forbidden, why):
    site = apps.prepared("wsgi_hello", also="3.11.9")

    site.state, site.switches.ip_forbidden = state, forbidden
    with unchanged(azure, site):
        for more in ((), ("--dry-run",)):
            refused = az(*SWITCH, *naming(site), "--health-path", "/", *more, expect=1)
            assert "cannot be checked" in refused.stderr and "Nothing was changed" in refused.stderr, refused

    done = az(*SWITCH, *naming(site))
    assert done.json["verification"] == {
        "pythonVersion": "3.11.9",
        "importOk": True,
        "httpStatus": None,
        "httpStatusBefore": None,
        "instances": [{"id": site.instance, "httpStatus": None}],
    }
    assert "Warning: " in done.stderr and "was not verified" in done.stderr and why in done.stderr, done
    assert b"python3119x64" in (web_root(site) / "web.config").read_bytes()


def test_a_stale_instance_is_a_failure_that_names_it(az, apps):
    site = apps.prepared("wsgi_hello", instances=2)
    site.switches.stale_instances = 1
    config = (web_root(site) / "web.config").read_bytes()

    failed = az(*SWITCH, *naming(site), "--health-timeout", "15", expect=1)

    assert f"on 1 of 2 instances ({site.instances[1].id})" in failed.stderr, failed
    assert "answered 500" in failed.stderr, failed
    assert f"Rolled back: app '{site.name}' runs Python 3.8.10 again (200)." in failed.stderr, failed
    assert (web_root(site) / "web.config").read_bytes() == config

    site.switches.stale_instances = 0
    verification = az(*SWITCH, *naming(site)).json["verification"]
    assert verification["instances"] == [{"id": instance.id, "httpStatus": 200} for instance in site.instances]


def test_unread_registration_needs_a_restart_first(az, azure, apps):
    """The runtime is there, put by somebody who did not restart the app."""
    site = apps.prepared("wsgi_hello")
    az("webapp python install --version 3.11.9", *naming(site))
    for file in (site.machine.home / "SiteExtensions").glob("*3119x64"):
        (file / "touched").touch()  # so that it is newer than the app's process

    with unchanged(azure, site):
        refused = az(*SWITCH, *naming(site), "--no-restart", expect=1)
        edited = az("webapp python web-config set --version 3.11.9", *naming(site), expect=1)
    assert "--no-restart" in refused.stderr and "registration" in refused.stderr, refused
    assert "registration" in edited.stderr and "az webapp restart" in edited.stderr, edited
    assert "Hello from WSGI on Python 3.8.10" in apps.get(site).text

    restarts = site.restarts
    done = az(*SWITCH, *naming(site))
    said = done.stderr
    assert said.index("because IIS reads the registration") < said.index("Switching web.config"), done
    assert site.restarts == restarts + 2 and done.json["verification"]["httpStatus"] == 200

    answer = az("webapp python set-version --version 3.8 --no-restart", *naming(site)).json
    assert answer["changed"] is True and "Hello from WSGI on Python 3.8.10" in apps.get(site).text


def test_the_apps_own_health_check_path_is_the_default(az, azure, apps):
    """`/` answers 500 all the time; App Service's own health check, and this command, look at /healthz."""
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.health_check_path = "/healthz"
    (web_root(site) / "app.py").write_text(HEALTHZ, encoding="utf-8")

    done = az(*SWITCH, *naming(site))
    assert done.json["verification"]["httpStatus"] == done.json["verification"]["httpStatusBefore"] == 200
    assert f"https://{site.host}/healthz" in done.stderr, done

    site.switches.ip_forbidden = True
    again = az("webapp python set-version --version 3.8", *naming(site)).json
    assert again["changed"] is True and again["verification"]["httpStatus"] is None, "nobody demanded that page"


def test_a_stopped_app_is_said_to_be_not_verified(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.stop()
    done = az(*SWITCH, *naming(site))
    start = f"az webapp start -g rg -n {site.name}"
    said = f"App '{site.name}' is stopped, so nothing was fetched: not verified. Start it: {start}"
    assert done.stderr.count("nothing was fetched") == 1 and done.stderr.rstrip().endswith(said), done
    assert done.json["changed"] is True and "Restarting" not in done.stderr, done
