"""Going back in environment mode: one write of web.config, forth again, anew when the folder is gone, and out."""

from __future__ import annotations

import shutil

import pytest

from tests.scenario.apps import naming, web_root
from tests.scenario.test_environments import environments, hashes
from tests.scenario.test_kill_points import killed, requested, state_of, ways_on
from tests.scenario.unchanged import unchanged

pytestmark = pytest.mark.costly

BOOKKEEPING = ("data/pythonapp/history", "data/pythonapp/lease.json")


def changed_by(azure, number):
    """The requests from the number-th on that change the app, without the record and the lease of the command."""
    sent = [f"{one.method} {one.path.partition('/api/')[2]}" for one in azure.mutating_requests()[number:]]
    return [each for each in sent if not any(name in each for name in BOOKKEEPING)]


def packages(az, site):
    return {row["name"]: row["version"] for row in az("webapp python package list", *naming(site)).json}


def test_rollback_in_environment_mode(az, azure, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    config = web_root(site) / "web.config"
    original = config.read_bytes()
    moved = az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    inside, first = config.read_bytes(), packages(az, site)
    added = az("webapp python package install --packages bottle==0.13.4", *naming(site))
    outside, second = config.read_bytes(), packages(az, site)
    assert second == {**first, "bottle": "0.13.4"}

    kept = {letter: hashes(environments(site) / letter) for letter in "ab"}
    with unchanged(azure, site):
        dry = az("webapp python rollback --dry-run", *naming(site))
    number, restarts = len(azure.mutating_requests()), site.restarts
    back = az("webapp python rollback --yes", *naming(site))
    print(back.stderr)
    assert changed_by(azure, number) == ["PUT vfs/site/wwwroot/web.config"], "at most two"
    assert [row["target"] for row in back.json["changes"]] == [row["target"] for row in dry.json["changes"]]
    assert (back.json["undone"], back.json["environment"]) == (added.json["changeId"], "a")
    assert config.read_bytes() == inside and packages(az, site) == first and site.restarts == restarts
    assert "Hello from Flask" in apps.get(site).text
    assert {letter: hashes(environments(site) / letter) for letter in "ab"} == kept
    with unchanged(azure, site):
        again = az("webapp python rollback --yes --change-id", added.json["changeId"], *naming(site))
    assert again.json["changed"] is False

    number = len(azure.mutating_requests())
    forth = az("webapp python rollback --yes --change-id", back.json["changeId"], *naming(site))
    assert changed_by(azure, number) == ["PUT vfs/site/wwwroot/web.config"]
    assert config.read_bytes() == outside and packages(az, site) == second and forth.json["environment"] == "b"

    shutil.rmtree(environments(site) / "a")
    anew = az("webapp python rollback --yes --change-id", forth.json["changeId"], *naming(site))
    print(anew.stderr)
    assert "data/pythonapp/environments/a" in [row["target"] for row in anew.json["changes"]]
    assert config.read_bytes() == inside and packages(az, site) == first and "Hello from Flask" in apps.get(site).text

    with unchanged(azure, site):
        refused = az("webapp python uninstall --version 3.11 --yes", *naming(site), expect=1)
    assert "is the runtime of environment" in refused.stderr, refused.stderr
    shown, (listed,) = az("webapp python show", *naming(site)).json, az("webapp python list", *naming(site)).json
    assert listed["inUse"] and listed["extensionId"] == shown["runtime"]["extensionId"] and shown["environment"] == "a"

    out = az("webapp python rollback --yes --change-id", moved.json["changeId"], *naming(site))
    print(out.stderr)
    assert out.json["environment"] is None and config.read_bytes() == original
    assert "Hello from Flask" in apps.get(site).text


def test_rollback_of_moves_with_fast_cgi(az, azure, apps):
    """web.config never names a pair that IIS does not know: the page answers after each way back and forth."""
    site = apps.prepared("wsgi_hello", "3.11.9", "fastcgi")
    config, transform = web_root(site) / "web.config", site.machine.home / "site/applicationHost.xdt"
    original = config.read_bytes()
    moved = az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    inside, registered = config.read_bytes(), transform.read_bytes()
    assert moved.json["environment"] == "a" and b"environments" in inside and apps.get(site).status_code == 200
    back = az("webapp python rollback --yes", *naming(site))
    print(back.stderr)
    assert (config.read_bytes(), transform.exists(), back.json["environment"]) == (original, False, None)
    assert apps.get(site).status_code == 200
    forth = az("webapp python rollback --yes --change-id", back.json["changeId"], *naming(site))
    print(forth.stderr)
    assert (config.read_bytes(), transform.read_bytes(), forth.json["environment"]) == (inside, registered, "a")
    assert apps.get(site).status_code == 200
    az("webapp python set-version --version 3.11 --packages-in runtime", *naming(site))
    assert not transform.exists() and apps.get(site).status_code == 200
    again = az("webapp python rollback --yes", *naming(site))
    print(again.stderr)
    assert (config.read_bytes(), again.json["environment"]) == (inside, "a") and apps.get(site).status_code == 200


@pytest.mark.parametrize("point, way", [("job", "again"), ("job", "back"), ("switch", "again"), ("switch", "back")])
def test_a_killed_change_of_an_environment(az, azure, apps, point, way):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    config = web_root(site) / "web.config"
    az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    before, used = config.read_bytes(), hashes(environments(site) / "a")
    jobs = set(site.machine.home.glob("data/pythonapp/jobs/*"))

    def begun():
        new = set(site.machine.home.glob("data/pythonapp/jobs/*")) - jobs
        return any((each / "log.txt").exists() for each in new)

    switched = requested(azure, site, "PUT /api/vfs/site/wwwroot/web.config")
    install = ("webapp python package install --packages bottle==0.13.4", *naming(site))
    killed(az, install, begun if point == "job" else switched)
    assert hashes(environments(site) / "a") == used and "Hello from Flask" in apps.get(site).text
    change, again, back = ways_on(az, site)
    az(again if way == "again" else back)
    assert hashes(environments(site) / "a") == used and "Hello from Flask" in apps.get(site).text
    if way == "again":
        assert state_of(site, change) == "succeeded" and packages(az, site)["bottle"] == "0.13.4"
    else:
        assert config.read_bytes() == before and "bottle" not in packages(az, site)
    assert ("environments\\b" in config.read_text("utf-8")) == (way == "again")


PAGE_BY_A_FILE = """import os

from flask import Flask

app = Flask(__name__)


@app.route("/")
def page():
    return ("Broken", 500) if os.path.exists("broken.txt") else "Good"
"""


def test_a_page_that_was_not_checked_is_checked_when_it_goes_on(az, azure, apps):
    """The client dies between the switch and the look at the page, which is bad: nothing else would tell that."""
    site = apps.prepared("flask_hello", "3.11.9")
    (web_root(site) / "app.py").write_text(PAGE_BY_A_FILE, "utf-8")
    az("webapp python set-version --version 3.11 --packages-in environment", *naming(site))
    install = ("webapp python package install --packages bottle==0.13.4", *naming(site))
    killed(az, install, requested(azure, site, "PUT /api/vfs/site/wwwroot/web.config"))
    assert packages(az, site)["bottle"] == "0.13.4"
    (web_root(site) / "broken.txt").touch()
    change, again, back = ways_on(az, site)
    failed = az(again, expect=1)
    assert "500" in failed.stderr and back in failed.stderr, failed.stderr
    assert state_of(site, change) == "unfinished"
    (web_root(site) / "broken.txt").unlink()
    az(again)
    assert state_of(site, change) == "succeeded"
